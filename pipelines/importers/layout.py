"""Layout: the format of official files in raw/, and the tools that every importer needs to convert a file to it.

An importer keeps the text of each figure as printed. It adds only codes, which come from the code lists in raw/codes/.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pipelines.intake.check import MAX_FILE_BYTES
from pipelines.intake.package import read_package
from pipelines.project import EgovError, Exit, Project

NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")
Row = dict[str, str]


@dataclass(frozen=True)
class Column:
    """A column of a house layout: its meaning, the header that the publisher prints, and the rule for its cells.

    `printed` is true if the source prints the cells as they are, and false if the importer adds them, as it does with codes.
    """

    name: str
    description: str
    title: str = ""
    printed: bool = True
    constraints: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Edition:
    """One edition of a series, read and checked: rows of printed text, keyed by the columns of its layout.

    The models read all files with the same layout together, whatever their source. `stated_on` is the day, YYYY-MM-DD, of which
    the file says that it holds the figures. `notes` tell the user what the models cannot know from this file.
    """

    series: str
    layout: str
    edition: str
    source: str
    title: str
    locator: str
    columns: list[Column]
    key: list[str]
    rows: list[Row]
    stated_on: str | None = None
    notes: tuple[str, ...] = ()


class Refused(EgovError):
    """A file that cannot be imported: the message names the file and the lines that are wrong, up to 40 of them."""

    def __init__(self, file: Path, findings: list[str]) -> None:
        more = [f"and {len(findings) - 40} more"] if len(findings) > 40 else []
        lines = "\n".join(f"  {finding}" for finding in [*findings[:40], *more])
        super().__init__(f"{file.name} is not imported, nothing is written:\n{lines}", Exit.REFUSED)


@dataclass(frozen=True)
class CodeLists:
    """The code lists: how sources name countries, which aggregates are no countries, and the codes of what is measured.

    `names` and `codes` give the ISO 3166-1 alpha-3 code of a country by its name and by the codes that sources use, `regions`
    the ISO 3166-2 code of a region by the code that its publisher uses. `services` and `agencies` also hold those of the
    national inventories in raw/; an importer of an inventory adds to them what it reads, for the files that follow.
    """

    names: dict[str, str]
    codes: dict[str, str]
    aggregates: set[str]
    indicators: set[str]
    regions: dict[str, str]
    services: set[str]
    agencies: set[str]

    @classmethod
    def read(cls, project: Project) -> CodeLists:
        """The lists in raw/codes/. `codes` maps each ISO alpha-3 code to itself, and every other code in use to an ISO code."""
        iso = {row["country_code"]: row["country_code"] for row in house_rows(project, "countries")}
        used = {row["published_code"]: row["country_code"] for row in house_rows(project, "published_country_codes")}
        return cls(
            names={row["name"]: row["country_code"] for row in house_rows(project, "country_names")},
            codes={**iso, **used},
            aggregates={row["aggregate_code"] for row in house_rows(project, "aggregates")},
            indicators={row["indicator_code"] for row in house_rows(project, "indicators")},
            regions={row["published_code"]: row["region_code"] for row in house_rows(project, "regions")},
            services={row["service_code"] for row in house_rows(project, "services") + layout_rows(project, "services")},
            agencies={row["agency_code"] for row in layout_rows(project, "agencies")},
        )


def house_rows(project: Project, name: str) -> list[Row]:
    """The rows of raw/codes/<name>.csv."""
    with open(project.raw / "codes" / f"{name}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def layout_rows(project: Project, layout: str) -> list[Row]:
    """The rows of all files in raw/ with a layout, whatever their source."""
    rows: list[Row] = []
    for resource in read_package(project)["resources"]:
        if resource.get("house_layout") == layout:
            with open(project.raw / resource["path"], encoding="utf-8", newline="") as file:
                rows += csv.DictReader(file)
    return rows


def read_bytes(path: Path) -> bytes:
    """The content of an official file. Raises Refused if it is not a plain file, is too large, or cannot be read."""
    try:
        if path.exists() and not path.is_file():
            raise Refused(path, ["it is not a plain file; expected the file as downloaded"])
        if path.stat().st_size > MAX_FILE_BYTES:
            raise Refused(path, [f"the file has {path.stat().st_size} bytes; expected at most {MAX_FILE_BYTES}"])
        return path.read_bytes()
    except OSError as error:
        raise Refused(path, [f"the file cannot be read: {error.strerror}"]) from None


def read_official(
    path: Path, required: list[str], above: tuple[str, ...] = (), *, delimiter: str = ",", closing: str = ""
) -> tuple[list[str], list[tuple[int, Row]]]:
    """The header and the rows, with line numbers, of an official CSV file, without byte-order mark, quotes or outer blanks.

    Some publishers end each line with a comma: the unnamed last column is kept under an empty name. Publishers may describe the
    file above its header: lines there that start with one of `above` are left out. If the publisher closes the file with a line
    that starts with `closing`, that line is required, since a file without it is cut short, and is left out.

    Raises Refused if the file cannot be read or is too large, if it lacks one of the `required` columns, or if a row has too
    many or too few cells.
    """
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(path, [f"the file is not UTF-8 at byte {error.start}; expected the file as downloaded"]) from None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((reader.line_num, [cell.strip() for cell in cells]))
    except csv.Error as error:
        raise Refused(path, [f"line {reader.line_num}: not readable as CSV: {error}"]) from None
    while lines and lines[0][1][0] in above:
        del lines[0]
    if not lines:
        raise Refused(path, ["the file is empty"])
    if closing:
        if not lines[-1][1][0].startswith(closing):
            message = f"line {lines[-1][0]}: the last line; expected one that starts with {closing!r}: the file is cut short"
            raise Refused(path, [message])
        del lines[-1]
    # publishers change the case, spaces and hyphens of their headers from one download to the next
    known = {_plain(name): name for name in required}
    header = [known.get(_plain(name), name) for name in lines[0][1]]
    if missing := [name for name in required if name not in header]:
        raise Refused(
            path, [f"line {lines[0][0]}: no column {', '.join(map(repr, missing))}; the file has {', '.join(header)}"]
        )
    if repeated := {name for name in header if header.count(name) > 1}:
        raise Refused(path, [f"line {lines[0][0]}: the column {name!r} appears twice" for name in sorted(repeated)])
    findings = [
        f"line {number}: {len(cells)} cells; expected {len(header)}" for number, cells in lines if len(cells) != len(header)
    ]
    if findings:
        raise Refused(path, findings)
    return header, [(number, dict(zip(header, cells, strict=True))) for number, cells in lines[1:]]


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


NUMBER_OR_NOTHING = r"^\d+(\.\d+)?([eE]-?\d+)?$"
NUMBER_OR_NA = r"^(-?\d+(\.\d+)?([eE]-?\d+)?|NA)$"
# A count, or the mark that a publisher prints instead of one.
COUNT_OR_MARK = r"^(-?\d+(\.0)?|[A-Z/]{1,3})$"

# What some publishers print beside a figure: the columns that only their files have.
BESIDE_A_FIGURE = {
    "rank": Column("rank", "Rank as printed", constraints={"pattern": r"^\d{1,3}(\.0)?$"}),
    "percentile_rank": Column(
        "percentile_rank", "Share of economies that stand lower, 0 to 100, as printed", constraints={"pattern": NUMBER_OR_NA}
    ),
    "standard_error": Column(
        "standard_error", "Standard error of the estimate, as printed", constraints={"pattern": NUMBER_OR_NA}
    ),
    "number_of_sources": Column(
        "number_of_sources", "Number of sources that the estimate combines, as printed", constraints={"pattern": NUMBER_OR_NA}
    ),
    "note": Column("note", "Note of the publisher on the figure"),
    "print_number": Column(
        "print_number",
        "1, or 2 for the second figure that the file prints for the same year",
        printed=False,
        constraints={"pattern": r"^[12]$"},
    ),
}


def long_row(
    code: str, published: str, name: str, indicator: str, theirs: str, period: str, value: str, note: str = "", **beside: str
) -> Row:
    """A row of the long layout: one figure, with our codes and the publisher's codes, and what is printed beside it."""
    return {
        "country_code": code, "indicator_code": indicator, "published_code": published, "country_name": name,
        "published_indicator": theirs, "period": period, "value": value, "note": note, **beside,
    }  # fmt: skip


def long_edition(
    source: str,
    indicator: str,
    edition: str,
    path: Path,
    rows: list[Row],
    stated_on: str | None = None,
    *,
    value: str = NUMBER_OR_NOTHING,
    title: str = "",
    beside: Mapping[str, str] = MappingProxyType({"note": ""}),
) -> Edition:
    """An edition in the layout `figures`, one row per figure, for sources that publish one figure per economy and year.

    `value` is the pattern of a figure as the publisher prints it, `title` the header of its column. `beside` names the columns
    of BESIDE_A_FIGURE that the file has: our name -> the header that the publisher prints.
    """
    return Edition(
        series=f"{source}_{indicator.lower()}",
        layout="figures",
        edition=edition,
        source=source,
        title=f"{indicator} by economy and year, to {edition}",
        locator=f"{path.name}, {{country_name}}, {{period}}{', column {title}' if title else ''}",
        columns=[
            Column("country_code", "Country, ISO 3166-1 alpha-3; empty for an aggregate", printed=False),
            Column("indicator_code", "Indicator", printed=False, constraints={"required": True}),
            Column(
                "published_code",
                "Code that the publisher uses for the economy or aggregate",
                printed=False,
                constraints={"required": True},
            ),
            Column("country_name", "Name that the publisher uses for it", printed=False, constraints={"required": True}),
            Column("published_indicator", "Code that the publisher uses for the indicator", printed=False),
            Column("period", "Year", printed=False, constraints={"required": True, "pattern": r"^\d{4}$"}),
            Column("value", "Figure as printed; empty where the publisher gives none", title, constraints={"pattern": value}),
            *(replace(BESIDE_A_FIGURE[name], title=theirs) for name, theirs in beside.items()),
        ],
        key=["published_code", "indicator_code", "period", *(name for name in beside if name == "print_number")],
        rows=rows,
        stated_on=stated_on,
    )


def breakdown_row(
    country: str,
    indicator: str,
    theirs: str,
    period: str,
    value: str,
    *,
    region: str = "",
    sex: str = "",
    age: str = "",
    settlement: str = "",
    locator: str,
) -> Row:
    """A row of the layout `breakdowns`: one figure of a part of the population. An empty dimension counts everybody."""
    return {
        "country_code": country, "indicator_code": indicator, "published_indicator": theirs, "region_code": region,
        "sex_code": sex, "age_code": age, "settlement_code": settlement, "period": period, "value": value, "locator": locator,
    }  # fmt: skip


def breakdown_edition(source: str, indicator: str, edition: str, path: Path, rows: list[Row]) -> Edition:
    """An edition in the layout `breakdowns`, of a source that publishes an indicator by region, sex, age or settlement."""
    required = {"required": True}
    dimensions = ["region_code", "sex_code", "age_code", "settlement_code"]
    return Edition(
        series=f"{source}_{indicator.lower()}_breakdowns",
        layout="breakdowns",
        edition=edition,
        source=source,
        title=f"{indicator} by region, sex, age and settlement, to {edition}",
        locator=f"{path.name}, {{locator}}",
        columns=[
            code_column(),
            Column("indicator_code", "Indicator", printed=False, constraints=required),
            Column("published_indicator", "Code that the publisher uses for the indicator", printed=False),
            Column("region_code", "Region, ISO 3166-2; empty for the whole country", printed=False),
            Column(
                "sex_code", "F or M, SDMX code list CL_SEX; empty for both", printed=False, constraints={"enum": ["F", "M"]}
            ),
            Column("age_code", "Age, SDMX code list CL_AGE; empty for all ages of the indicator", printed=False),
            Column(
                "settlement_code", "U or R, urban or rural; empty for both", printed=False, constraints={"enum": ["U", "R"]}
            ),
            Column("period", "Year", printed=False, constraints={**required, "pattern": r"^\d{4}$"}),
            Column("value", "Figure as printed", constraints={**required, "pattern": NUMBER_OR_NOTHING}),
            Column("locator", "Where the file has the figure", printed=False, constraints=required),
        ],
        key=["country_code", "indicator_code", *dimensions, "period"],
        rows=rows,
    )


def usage_row(
    country: str,
    service: str,
    measure: str,
    period: str,
    value: str,
    locator: str,
    *,
    name: str = "",
    channel: str = "",
    agency: str = "",
    note: str = "",
) -> Row:
    """A row of the layout `usage`: one figure on the use of a service, with our codes. `locator` says where the file has it.

    `country` is empty for a jurisdiction that is no country: its figures stay in raw/ and are in no fact. `name` is what the
    publisher calls it.
    """
    return {
        "country_code": country, "country_name": name, "service_code": service, "measure_code": measure,
        "channel_code": channel, "agency_code": agency, "period": period, "value": value, "note": note, "locator": locator,
    }  # fmt: skip


def usage_edition(
    source: str, edition: str, path: Path, rows: list[Row], stated_on: str | None = None, *, what: str = "", notes: bool = True
) -> Edition:
    """An edition in the layout `usage`, for sources that count the use of services: one row a figure.

    `what` tells apart the files of one source. Without `notes`, the file has no notes of the publisher.

    A period is a year or a month, a fiscal year as the ISO 8601 interval from its first day (2018-04-01/P1Y), or, if only the
    number of the fiscal year is known, an SDMX reporting year (2018-A1).
    """
    required = {"required": True}
    return Edition(
        series=f"{source}_{what or 'usage'}",
        layout="usage",
        edition=edition,
        source=source,
        title=f"Use of services{f', {what}' if what else ''}, edition {edition}",
        locator=f"{path.name}, {{locator}}",
        columns=[
            Column("country_code", "Country, ISO 3166-1 alpha-3; empty for a jurisdiction that is no country", printed=False),
            Column("country_name", "Jurisdiction as the publisher names it", printed=False),
            Column("service_code", "Service", printed=False, constraints=required),
            Column("measure_code", "What the figure counts", printed=False, constraints=required),
            Column("channel_code", "Channel; empty for all channels", printed=False),
            Column("agency_code", "Agency; empty for all agencies", printed=False),
            Column(
                "period",
                "Year, month, fiscal year or reporting year",
                printed=False,
                constraints={**required, "pattern": r"^\d{4}(-\d{2}|-\d{2}-\d{2}/P1Y|-A1)?$"},
            ),
            Column("value", "Figure as printed; empty where the publisher gives none", constraints={"pattern": COUNT_OR_MARK}),
            *([BESIDE_A_FIGURE["note"]] if notes else []),
            Column("locator", "Where the file has the figure", printed=False, constraints=required),
        ],
        key=["country_code", "country_name", "service_code", "measure_code", "channel_code", "agency_code", "period"],
        rows=rows,
        stated_on=stated_on,
    )


def inventory_edition(
    source: str, kind: str, edition: str, path: Path, rows: list[Row], columns: list[Column], stated_on: str | None = None
) -> Edition:
    """An edition in the layout `services` or `agencies`: what an inventory lists, with our code and the printed names."""
    code = {"services": "service_code", "agencies": "agency_code"}[kind]
    return Edition(
        series=f"{source}_{kind}",
        layout=kind,
        edition=edition,
        source=source,
        title=f"{kind.capitalize()}, edition {edition}",
        locator=f"{path.name}, row {{row}}, column {{title}}",
        columns=[
            Column(code, "Code, with the country before the publisher's own", printed=False, constraints={"required": True}),
            code_column(),
            *columns,
        ],
        key=[code],
        rows=rows,
        stated_on=stated_on,
    )


def code_column() -> Column:
    """The column of the country code, which the importer adds."""
    return Column("country_code", "Country, ISO 3166-1 alpha-3", printed=False, constraints={"required": True})


class Findings:
    """All errors in a file, by line: the file is refused only once all of them are found.

    `by` says what a file has one row of, and `place` what its lines are called.
    """

    def __init__(self, by: str = "country", place: str = "line") -> None:
        self._found: list[tuple[int, str]] = []
        self._seen: dict[tuple[str, ...], int] = {}
        self._by = by
        self._place = place

    def add(self, line: int, message: str) -> None:
        self._found.append((line, message))

    def country(self, line: int, code: str | None, published: str, *rest: str) -> str:
        """The country code. Adds a finding if `code` is None, which means unknown, or if it appears in the file twice."""
        if code is None:
            self.add(line, f"{published!r} is not in any code list; add it to raw/codes/ if it is a country, or remove the row")
            return ""
        first = self.first(line, code, *rest)
        if first != line:
            self.add(line, f"{published!r} appears twice, first in {self._place} {first}; expected one row per {self._by}")
        return code

    def first(self, line: int, *key: str) -> int:
        """The first line that has this key: `line` itself, unless the key has appeared before."""
        return self._seen.setdefault(key, line)

    def number(self, line: int, column: str, text: str, upper: float) -> None:
        """Add a finding if the text is not a plain number from 0 to `upper`."""
        if not NUMBER.fullmatch(text):
            self.add(line, f"column {column!r}: {text!r} is not a number")
        elif not 0 <= float(text) <= upper:
            self.add(line, f"column {column!r}: {text} is outside 0 to {upper:g}")

    def raise_if_any(self, path: Path) -> None:
        if self._found:
            raise Refused(path, [f"{self._place} {line}: {message}" for line, message in sorted(self._found)])
