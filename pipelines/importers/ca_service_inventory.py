"""Canada's Service Inventory: applications by service, channel and fiscal year, and how many met their time standard.

A snapshot is four files: the organisations, the services, the volumes and the timeliness. Import the lists before the figures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from pipelines.importers import Importer
from pipelines.importers.layout import (
    CodeLists,
    Column,
    Edition,
    Findings,
    Refused,
    Row,
    inventory_edition,
    read_bytes,
    read_official,
    usage_edition,
    usage_row,
)

SOURCE = "ca_service_inventory"
CLOSING = "Timestamp:"
CHANNELS = {
    "online": "online", "phone": "telephone", "email": "email", "mail": "mail", "fax": "fax", "in_person": "in_person",
    "other": "other",
}  # fmt: skip
TIMELINESS_CHANNELS = {
    "ONL": "online", "TEL": "telephone", "EML": "email", "POST": "mail", "FAX": "fax", "PERSON": "in_person", "OTH": "other",
}  # fmt: skip
VOLUMES = {"volume": "applications"}
TIMELINESS = {
    "volume_meeting_target": "applications_on_time",
    "total_volume": "applications_timed",
    "volume_not_meeting_target": "applications_late",
}
SERVICES = ["service_name_en", "service_name_fr", "department_en", "department_fr"]
AGENCIES = ["abbr_en", "legal_title", "applied_title", "start", "end_fin"]


def read(path: Path, lists: CodeLists) -> Iterator[Edition]:
    """One edition: the organisations, the services, the volumes or the timeliness, told apart by the header of the file.

    Every file but that of the organisations closes with a time stamp, which is the day of the copy. Raises Refused with all
    errors in the file.
    """
    header = read_bytes(path)[:1000].decode("utf-8-sig", errors="replace").split("\n")[0]
    kinds: dict[str, Callable[[Path, CodeLists], Edition]] = {
        "legal_title": _agencies,
        "service_name_fr": _services,
        "volume_meeting_target": lambda path, lists: _usage(path, lists, "timeliness", TIMELINESS, TIMELINESS_CHANNELS),
        "volume": lambda path, lists: _usage(path, lists, "volumes", VOLUMES, CHANNELS),
    }
    kind = next((kind for column, kind in kinds.items() if column in re.split(r"[,;\s]", header)), None)
    if kind is None:
        raise Refused(
            path, [f"line 1: {header.strip()!r}; expected the header of one of the files: a column of {', '.join(kinds)}"]
        )
    yield kind(path, lists)


def _agencies(path: Path, lists: CodeLists) -> Edition:
    _, lines = read_official(path, ["org_id", *AGENCIES])
    rows, findings = [], Findings(by="organisation")
    for number, line in lines:
        code = _code(findings, number, "org_id", line["org_id"])
        lists.agencies.add(code)
        if not re.fullmatch(r"\d{4}", line["start"]):
            findings.add(number, f"column 'start': {line['start']!r}; expected a year")
        rows.append({"agency_code": code, "country_code": "CAN", **{name: line[name] for name in AGENCIES}})
    if not rows:
        findings.add(2, "no rows; expected one per organisation")
    findings.raise_if_any(path)
    columns = [
        Column("abbr_en", "Abbreviation"),
        Column("legal_title", "Legal title"),
        Column("applied_title", "Title in use; empty where it is the legal title"),
        Column("start", "Year in which it began", constraints={"pattern": r"^\d{4}$"}),
        Column("end_fin", "Year in which it ended; empty where it has not", constraints={"pattern": r"^\d{4}$"}),
    ]
    # the file names no year: that in which its newest organisation began stands for it
    return inventory_edition(SOURCE, "agencies", max(line["start"] for _, line in lines), path, rows, columns)


def _services(path: Path, lists: CodeLists) -> Edition:
    _, lines = read_official(
        path, ["service_id", *SERVICES, "org_id", "fiscal_yr_first", "fiscal_yr_latest"], delimiter=";", closing=CLOSING
    )
    rows, findings = [], Findings(by="service")
    for number, line in lines:
        code = _code(findings, number, "service_id", line["service_id"])
        lists.services.add(code)
        agency = _agency(findings, number, line, lists)
        for column in ("fiscal_yr_first", "fiscal_yr_latest"):
            _fiscal_year(findings, number, column, line[column])
        # some names are printed on several lines
        names = {name: " ".join(line[name].split()) for name in SERVICES}
        rows.append({"service_code": code, "country_code": "CAN", "agency_code": agency, **names})
    if not rows:
        findings.add(2, "no rows; expected one per service")
    findings.raise_if_any(path)
    columns = [
        Column("agency_code", "Organisation", printed=False),
        Column("service_name_en", "Name in English; the publisher keeps the latest only", constraints={"required": True}),
        Column("service_name_fr", "Name in French", constraints={"required": True}),
        Column("department_en", "Organisation as the list names it in English"),
        Column("department_fr", "Organisation as the list names it in French"),
    ]
    years = f"{min(line['fiscal_yr_first'] for _, line in lines)[:4]}-{max(line['fiscal_yr_latest'] for _, line in lines)[:4]}"
    return inventory_edition(SOURCE, "services", years, path, rows, columns, stated_on=_stated_on(path))


def _usage(path: Path, lists: CodeLists, what: str, measures: dict[str, str], channels: dict[str, str]) -> Edition:
    """The figures of a file: for each line, one row for each of its columns in `measures`."""
    keys = ["fiscal_yr", "org_id", "service_id", "channel"]
    _, lines = read_official(path, [*keys, *measures], delimiter=";", closing=CLOSING)
    for known, file in ((lists.agencies, "ifoi_en.csv"), (lists.services, "sid_list.csv")):
        if not any(code.startswith("CAN-") for code in known):
            raise Refused(path, [f"the list that names its codes is not in raw/; import {file} first"])
    findings, rows = Findings(), []
    for number, line in lines:
        first = findings.first(number, *(line[key] for key in keys))
        if first != number:
            findings.add(number, f"{' '.join(line[key] for key in keys)} appears twice, first in line {first}; expected once")
        agency = _agency(findings, number, line, lists)
        service = f"CAN-{line['service_id']}"
        if service not in lists.services:
            findings.add(number, f"column 'service_id': {line['service_id']!r} is not in the list of services, sid_list.csv")
        channel = channels.get(line["channel"], "")
        if not channel:
            findings.add(number, f"column 'channel': {line['channel']!r}; expected one of {', '.join(channels)}")
        period = _fiscal_year(findings, number, "fiscal_yr", line["fiscal_yr"])
        for column, measure in measures.items():
            if not re.fullmatch(r"-?\d+(\.0)?", line[column]):
                findings.add(number, f"column {column!r}: {line[column]!r}; expected a whole number")
            where = f"line {number}, column {column}"
            rows.append(
                usage_row("CAN", service, measure, period, line[column], where, name="Canada", channel=channel, agency=agency)
            )
    if not rows:
        findings.add(2, "no rows; expected one per fiscal year, service and channel")
    findings.raise_if_any(path)
    years = sorted({line["fiscal_yr"] for _, line in lines})
    return usage_edition(
        SOURCE, f"{years[0][:4]}-{years[-1][:4]}", path, rows, stated_on=_stated_on(path), what=what, notes=False
    )


def _code(findings: Findings, number: int, column: str, published: str) -> str:
    """A code of the inventory, with the country before it."""
    if not re.fullmatch(r"(SRV)?\d+", published):
        findings.add(number, f"column {column!r}: {published!r}; expected a number, with or without SRV before it")
    return findings.country(number, f"CAN-{published}", published)


def _agency(findings: Findings, number: int, line: Row, lists: CodeLists) -> str:
    code = f"CAN-{line['org_id']}"
    if code not in lists.agencies:
        findings.add(number, f"column 'org_id': {line['org_id']!r} is not in the list of organisations, ifoi_en.csv")
    return code


def _fiscal_year(findings: Findings, number: int, column: str, text: str) -> str:
    """A fiscal year of Canada, printed as 2018-2019: from 1 April to 31 March."""
    years = re.fullmatch(r"(\d{4})-(\d{4})", text)
    if not years or int(years[2]) != int(years[1]) + 1:
        findings.add(number, f"column {column!r}: {text!r}; expected two years that follow each other, such as 2018-2019")
        return ""
    return f"{years[1]}-04-01/P1Y"


def _stated_on(path: Path) -> str | None:
    """The day of the time stamp that closes the file."""
    stated = re.search(rf"^{CLOSING}(\d{{4}}-\d{{2}}-\d{{2}})", path.read_text(encoding="utf-8-sig"), re.MULTILINE)
    return stated[1] if stated else None


IMPORTER = Importer(
    "ca-service-inventory",
    "Canada's Service Inventory: ifoi_en.csv and sid_list.csv first, then si_vol.csv and ss_tml_perf_vol.csv.",
    read,
)
