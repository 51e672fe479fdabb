"""Import: an official file, as downloaded, becomes an edition in raw/ in the house layout.

A reader per layout checks the whole file and gives back editions of printed text; `import_files` writes them and their
entries in the data package, or nothing at all. What is wrong with a file is listed all at once, by line. A reader keeps
the text of each figure as printed; the only thing it adds is the country code, from the code lists in raw/codes/.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pipelines import signals
from pipelines.project import EgovError, Project, replace_file, said_by
from pipelines.releases import only_writer
from pipelines.validate import MAX_FILE_BYTES, WAIT, check, file_hash, read_package, require_valid, write_package

NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")
Row = dict[str, str]


@dataclass(frozen=True)
class Column:
    """A column of a house layout: its meaning, the header that the publisher prints, and the rule for its cells."""

    name: str
    description: str
    title: str = ""
    printed: bool = True
    constraints: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Edition:
    """One edition of a series, read and checked: rows of printed text, keyed by the columns of its layout.

    The models read all files of a layout together, whatever their source: union_layout in macros/.
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


class Refused(EgovError):
    """A file that cannot be imported: the message names the file and lists every line that is wrong."""

    def __init__(self, file: Path, findings: list[str]) -> None:
        lines = "\n".join(f"  {finding}" for finding in findings)
        super().__init__(f"{file.name} is not imported, nothing is written:\n{lines}", 2)


@dataclass(frozen=True)
class CodeLists:
    """How sources name countries: names, codes of their own, and aggregates that are no countries."""

    names: dict[str, str]
    codes: dict[str, str]
    aggregates: set[str]
    indicators: set[str]

    @classmethod
    def read(cls, project: Project) -> CodeLists:
        """The lists in raw/codes/. `codes` maps each ISO alpha-3 code to itself, and the other codes in use to one."""
        iso = {row["country_code"]: row["country_code"] for row in _house_rows(project, "countries")}
        used = {row["published_code"]: row["country_code"] for row in _house_rows(project, "published_country_codes")}
        return cls(
            names={row["name"]: row["country_code"] for row in _house_rows(project, "country_names")},
            codes={**iso, **used},
            aggregates={row["aggregate_code"] for row in _house_rows(project, "aggregates")},
            indicators={row["indicator_code"] for row in _house_rows(project, "indicators")},
        )


def _house_rows(project: Project, name: str) -> list[Row]:
    with open(project.raw / "codes" / f"{name}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_official(path: Path, required: list[str], above: tuple[str, ...] = ()) -> tuple[list[str], list[tuple[int, Row]]]:
    """The header and the rows, by line number, of an official CSV file: byte-order mark, quotes and blanks taken off.

    An unnamed last column, which some publishers leave behind a final comma, is kept under an empty name. Lines over the
    header that start with one of `above`, where publishers say what the file is, are left out. Raises
    Refused when the file cannot be read, is too large, lacks one of the `required` columns, or a row has cells too many
    or few.
    """
    try:
        if path.exists() and not path.is_file():
            raise Refused(path, ["it is no plain file; expected the file as downloaded"])
        if path.stat().st_size > MAX_FILE_BYTES:
            raise Refused(path, [f"the file has {path.stat().st_size} bytes; expected at most {MAX_FILE_BYTES}"])
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise Refused(path, [f"the file cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise Refused(path, [f"the file is not UTF-8 at byte {error.start}; expected the file as downloaded"]) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
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
    # publishers vary the case, the blanks and the hyphens of their headers from download to download
    known = {_plain(name): name for name in required}
    header = [known.get(_plain(name), name) for name in lines[0][1]]
    if missing := [name for name in required if name not in header]:
        raise Refused(
            path, [f"line {lines[0][0]}: no column {', '.join(map(repr, missing))}; the file has {', '.join(header)}"]
        )
    if repeated := {name for name in header if header.count(name) > 1}:
        raise Refused(path, [f"line {lines[0][0]}: the column {name!r} stands twice" for name in sorted(repeated)])
    findings = [
        f"line {number}: {len(cells)} cells; expected {len(header)}" for number, cells in lines if len(cells) != len(header)
    ]
    if findings:
        raise Refused(path, findings)
    return header, [(number, dict(zip(header, cells, strict=True))) for number, cells in lines[1:]]


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


UN_COLUMNS = {
    "Survey Year": "survey_year",
    "Country Name": "country_name",
    "E-Government Rank": "egdi_rank",
    "E-Government Index": "egdi",
    "E-Participation Index": "epi",
    "Online Service Index": "osi",
    "Human Capital Index": "hci",
    "Telecommunication Infrastructure Index": "tii",
}


def read_un_egov_survey(path: Path, lists: CodeLists) -> Iterator[Edition]:
    """An edition of the UN E-Government Survey, in the layout of the UN's own data centre download."""
    _, lines = read_official(path, list(UN_COLUMNS))
    rows, findings = [], _Findings()
    for number, line in lines:
        row = {ours: line[theirs] for theirs, ours in UN_COLUMNS.items()}
        row["country_code"] = findings.country(number, lists.names.get(row["country_name"]), row["country_name"])
        for theirs, ours in UN_COLUMNS.items():
            if ours in ("egdi", "epi", "osi", "hci", "tii"):
                findings.number(number, theirs, row[ours], upper=2)
        if row["egdi_rank"] and not row["egdi_rank"].isdigit():
            findings.add(number, f"column 'E-Government Rank': {row['egdi_rank']!r} is no rank; expected a whole number")
        if not row["egdi_rank"] and NUMBER.fullmatch(row["egdi"]) and float(row["egdi"]) > 0:
            findings.add(number, "column 'E-Government Rank': empty beside a value; expected a rank")
        rows.append(row)
    years = sorted({row["survey_year"] for row in rows})
    if len(years) != 1 or not re.fullmatch(r"\d{4}", years[0]):
        findings.add(2, f"column 'Survey Year': {', '.join(years) or 'no rows'}; expected one year in the whole file")
    findings.raise_if_any(path)
    index = {"required": True, "pattern": r"^\d(\.\d+)?$"}
    yield Edition(
        series="un_egov_survey_egdi",
        layout="egdi",
        edition=years[0],
        source="un_egov_survey",
        title=f"EGDI, its parts and the EPI, edition {years[0]}",
        locator=f"{path.name}, row {{row}}, column {{title}}",
        columns=[
            _code_column(),
            Column("survey_year", "Edition", "Survey Year", constraints={"required": True, "pattern": r"^\d{4}$"}),
            Column("country_name", "Country as the UN names it", "Country Name", constraints={"required": True}),
            Column(
                "egdi_rank",
                "EGDI rank; empty for a state that was none yet",
                "E-Government Rank",
                constraints={"pattern": r"^\d{1,3}$"},
            ),
            Column("egdi", "EGDI; 0 means not assessed", "E-Government Index", constraints=index),
            Column("epi", "EPI", "E-Participation Index", constraints=index),
            Column("osi", "OSI", "Online Service Index", constraints=index),
            Column("hci", "HCI", "Human Capital Index", constraints=index),
            Column("tii", "TII", "Telecommunication Infrastructure Index", constraints=index),
        ],
        key=["country_code"],
        rows=rows,
    )


GTMI_PARTS = ["gtmi", "cgsi", "psdi", "dcei", "gtei"]


def read_wb_gtmi(path: Path, lists: CodeLists) -> Iterator[Edition]:
    """The editions of the World Bank's GovTech Maturity Index in one file: a row per year and economy.

    Rows whose code is a number are the worksheet's own counts below the table, and are left out.
    """
    wanted = ["year", "country_code", "country_name", "grp", *GTMI_PARTS]
    _, lines = read_official(path, wanted)
    by_year: dict[str, list[Row]] = {}
    findings = _Findings(by="country_code and year")
    for number, line in lines:
        if NUMBER.fullmatch(line["country_code"]):
            continue
        code = findings.country(number, lists.codes.get(line["country_code"]), line["country_code"], line["year"])
        if not re.fullmatch(r"\d{4}", line["year"]):
            findings.add(number, f"column 'year': {line['year']!r}; expected a year")
        if line["grp"] not in ("A", "B", "C", "D"):
            findings.add(number, f"column 'grp': {line['grp']!r}; expected A, B, C or D")
        for name in GTMI_PARTS:
            findings.number(number, name, line[name], upper=1)
        row = {name: line[name] for name in wanted if name != "country_code"}
        by_year.setdefault(line["year"], []).append({**row, "published_code": line["country_code"], "country_code": code})
    if not by_year:
        findings.add(2, "no rows; expected one per year and economy")
    findings.raise_if_any(path)
    index = {"required": True, "pattern": r"^\d(\.\d+)?$"}
    for year, rows in sorted(by_year.items()):
        yield Edition(
            series="wb_gtmi_gtmi",
            layout="gtmi",
            edition=year,
            source="wb_gtmi",
            title=f"GTMI and its four parts, {year}",
            locator=f"{path.name}, {{country_name}}, {{period}}, column {{title}}",
            columns=[
                _code_column(),
                Column("year", "Edition", constraints={"required": True, "pattern": r"^\d{4}$"}),
                Column(
                    "published_code",
                    "Code that the World Bank uses for the economy",
                    "country_code",
                    constraints={"required": True},
                ),
                Column("country_name", "Economy as the World Bank names it", constraints={"required": True}),
                Column(
                    "grp",
                    "Group by GTMI, A is the highest",
                    constraints={"required": True, "enum": ["A", "B", "C", "D"]},
                ),
                *(Column(name, name.upper(), constraints=index) for name in GTMI_PARTS),
            ],
            key=["country_code"],
            rows=rows,
        )


# World Bank indicator codes and the indicators of the warehouse that they are.
WDI_INDICATORS = {"IT.NET.USER.ZS": "INTERNET_USERS"}


def read_wb_wdi(path: Path, lists: CodeLists) -> Iterator[Edition]:
    """A World Bank indicator in the wide layout, a column a year. Aggregates stay in raw/, without a country code.

    The edition is the last year that has any figure; years before the first figure are left out. Empty cells between
    are kept: they are missing figures.
    """
    required = ["Country Name", "Country Code", "Indicator Name", "Indicator Code"]
    header, lines = read_official(path, required, above=("Data Source", "Last Updated Date"))
    findings = _Findings()
    years = [name for name in header if re.fullmatch(r"\d{4}", name)]
    if odd := [name for name in header[4:] if name and name not in years]:
        findings.add(1, f"columns {odd}; expected years")
    filled = [year for year in years if any(line[year] for _, line in lines)]
    if not filled:
        findings.add(1, "no year has a figure")
        findings.raise_if_any(path)
    span = [year for year in years if filled[0] <= year <= filled[-1]]
    indicators = sorted({line["Indicator Code"] for _, line in lines})
    if len(indicators) != 1 or indicators[0] not in WDI_INDICATORS:
        findings.add(2, f"column 'Indicator Code': {indicators}; expected one of {sorted(WDI_INDICATORS)}")
        findings.raise_if_any(path)
    rows = []
    for number, line in lines:
        published = line["Country Code"]
        code = "" if published in lists.aggregates else findings.country(number, lists.codes.get(published), published)
        if line.get("", ""):
            findings.add(number, f"{line['']!r} stands in a column without a header")
        for year in span:
            if line[year]:
                findings.number(number, year, line[year], upper=100)
            rows.append(
                _long_row(
                    code,
                    published,
                    line["Country Name"],
                    WDI_INDICATORS[indicators[0]],
                    indicators[0],
                    year,
                    line[year],
                )
            )
    findings.raise_if_any(path)
    yield _long_edition("wb_wdi", WDI_INDICATORS[indicators[0]], filled[-1], path, rows)


def read_data360(path: Path, lists: CodeLists, mapping: dict[str, str]) -> Iterator[Edition]:
    """World Bank Data360's SDMX-style layout, a column a year. `mapping` gives our indicator for each INDICATOR."""
    header, lines = read_official(path, ["REF_AREA", "REF_AREA_LABEL", "INDICATOR", "OBS_STATUS"])
    years = [name for name in header if re.fullmatch(r"\d{4}", name)]
    findings = _Findings(by="REF_AREA and INDICATOR")
    if not years:
        findings.add(1, "no column is a year")
    if not lines:
        findings.add(2, "no rows; expected one per economy and indicator")
    if unknown := sorted({line["INDICATOR"] for _, line in lines} - mapping.keys()):
        findings.add(2, f"column 'INDICATOR': {', '.join(unknown)} is not mapped; say what it is with --map {unknown[0]}=GTMI")
        findings.raise_if_any(path)
    if strange := sorted(set(mapping.values()) - lists.indicators):
        findings.add(1, f"--map: {', '.join(strange)} is none of our indicators; expected one of {sorted(lists.indicators)}")
        findings.raise_if_any(path)
    rows: dict[str, list[Row]] = {}
    for number, line in lines:
        published = line["REF_AREA"]
        indicator = mapping[line["INDICATOR"]]
        code = (
            "" if published in lists.aggregates else findings.country(number, lists.codes.get(published), published, indicator)
        )
        if line["OBS_STATUS"] != "A":
            findings.add(number, f"column 'OBS_STATUS': {line['OBS_STATUS']!r}; expected A")
        for year in years:
            findings.number(number, year, line[year], upper=100)
            rows.setdefault(indicator, []).append(
                _long_row(code, published, line["REF_AREA_LABEL"], indicator, line["INDICATOR"], year, line[year])
            )
    findings.raise_if_any(path)
    for indicator, its_rows in sorted(rows.items()):
        yield _long_edition("wb_data360", indicator, years[-1], path, its_rows)


def read_itu_datahub(path: Path, lists: CodeLists) -> Iterator[Edition]:
    """Individuals using the Internet in the ITU DataHub's layout: a row per country and year, with the ITU's notes."""
    _, lines = read_official(path, ["entityIso", "dataYear", "dataValue", "dataNote", "dataSource"])
    rows, findings = [], _Findings(by="entityIso and dataYear")
    for number, line in lines:
        code = findings.country(number, lists.codes.get(line["entityIso"]), line["entityIso"], line["dataYear"])
        findings.number(number, "dataValue", line["dataValue"], upper=100)
        if not re.fullmatch(r"\d{4}", line["dataYear"]):
            findings.add(number, f"column 'dataYear': {line['dataYear']!r}; expected a year")
        note = "; ".join(text for text in (line["dataNote"], line["dataSource"]) if text)
        rows.append(
            _long_row(
                code,
                line["entityIso"],
                line["entityIso"],
                "INTERNET_USERS",
                "",
                line["dataYear"],
                line["dataValue"],
                note,
            )
        )
    if not rows:
        findings.add(2, "no rows; expected one per country and year")
    findings.raise_if_any(path)
    yield _long_edition("itu_datahub", "INTERNET_USERS", max(row["period"] for row in rows), path, rows)


def _long_row(
    code: str, published: str, name: str, indicator: str, theirs: str, period: str, value: str, note: str = ""
) -> Row:
    return {
        "country_code": code, "indicator_code": indicator, "published_code": published, "country_name": name,
        "published_indicator": theirs, "period": period, "value": value, "note": note,
    }  # fmt: skip


def _long_edition(source: str, indicator: str, edition: str, path: Path, rows: list[Row]) -> Edition:
    """The house layout of a source that publishes one figure per economy and year: one row a figure."""
    return Edition(
        series=f"{source}_{indicator.lower()}",
        layout="figures",
        edition=edition,
        source=source,
        title=f"{indicator} by economy and year, to {edition}",
        locator=f"{path.name}, {{country_name}}, {{period}}",
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
            Column(
                "value",
                "Figure as printed; empty where the publisher gives none",
                constraints={"pattern": r"^\d+(\.\d+)?([eE]-?\d+)?$"},
            ),
            Column("note", "Note of the publisher on the figure"),
        ],
        key=["published_code", "indicator_code", "period"],
        rows=rows,
    )


def _code_column() -> Column:
    return Column("country_code", "Country, ISO 3166-1 alpha-3", printed=False, constraints={"required": True})


class _Findings:
    """What is wrong with a file, by line, gathered before anything is refused."""

    def __init__(self, by: str = "country") -> None:
        self._found: list[tuple[int, str]] = []
        self._seen: dict[tuple[str, ...], int] = {}
        self._by = by

    def add(self, line: int, message: str) -> None:
        self._found.append((line, message))

    def country(self, line: int, code: str | None, published: str, *rest: str) -> str:
        """The country code, once it is known and stands in the file for the first time."""
        if code is None:
            self.add(line, f"{published!r} is in no code list; add it to raw/codes/ if it is a country, or remove the row")
            return ""
        first = self._seen.setdefault((code, *rest), line)
        if first != line:
            self.add(line, f"{published!r} stands twice, first in line {first}; expected one row by {self._by}")
        return code

    def number(self, line: int, column: str, text: str, upper: float) -> None:
        """Text that has to be a plain number from 0 to `upper`."""
        if not NUMBER.fullmatch(text):
            self.add(line, f"column {column!r}: {text!r} is no number")
        elif not 0 <= float(text) <= upper:
            self.add(line, f"column {column!r}: {text} is outside 0 to {upper:g}")

    def raise_if_any(self, path: Path) -> None:
        if self._found:
            raise Refused(path, [f"line {line}: {message}" for line, message in sorted(self._found)])


def import_files(
    project: Project, files: list[Path], reader: Callable[[Path, CodeLists], Iterator[Edition]], *, revision: bool
) -> list[str]:
    """Read every file, then write all their editions into raw/, or nothing. Returns a line per edition on what is done.

    An edition that is already held is left alone when its figures are the same, and refused when they differ unless
    `revision` is set: then it is written beside the earlier one. Raises Refused, or EgovError when raw/ itself is not
    valid, or (exit code 3) when another command goes on writing in raw/.
    """
    with only_writer(project, WAIT):
        require_valid(check(project))
        package = read_package(project)
        lists = CodeLists.read(project)
        written: dict[Path, str] = {}
        said, refused = [], []
        for file in files:
            if not file.name.isprintable() or set(file.name) & set("{}"):
                raise Refused(
                    file, ["its name holds a brace or an invisible character, and every locator repeats it: rename it"]
                )
            for edition in reader(file, lists):
                held = _held(package, edition)
                text = _csv_text(edition)
                if held and _text_of(project.raw / held["path"], written) == text:
                    said.append(f"{edition.series} {edition.edition}: already held, the same figures")
                    continue
                if held and not revision:
                    refused.append(
                        f"{file.name}: {edition.series} {edition.edition} is already held with other figures "
                        f"(raw/{held['path']}); import it with --revision to keep both"
                    )
                    continue
                number = held["revision"] + 1 if held else 1
                resource = _resource(package, edition, number, file, text)
                package["resources"].append(resource)
                written[project.raw / resource["path"]] = text
                said.append(f"{edition.series} {edition.edition}: {len(edition.rows)} rows in raw/{resource['path']}")
        if refused:
            raise EgovError("nothing is written:\n" + "\n".join(f"  {line}" for line in refused), 2)
        _write_all(project, package, written)
        return said


def _text_of(path: Path, written: dict[Path, str]) -> str:
    """The text of a raw file, of one that is still to be written too."""
    return written[path] if path in written else path.read_text(encoding="utf-8")


def _write_all(project: Project, package: dict[str, Any], written: dict[Path, str]) -> None:
    """The files first, then the package that lists them; where that fails, or raw/ is not valid with them, all is as before.

    Raises EgovError that says why.
    """
    before = {path: path.read_bytes() if path.exists() else None for path in (*written, project.package_file)}
    try:
        for path, text in written.items():
            path.parent.mkdir(exist_ok=True)
            replace_file(path, text.encode())
        write_package(project, package)
        require_valid(check(project))
    except BaseException as error:  # Ctrl-C too leaves raw/ as it was
        left = ", ".join(str(path) for path in _put_back(before))
        outcome = f"{left} could not be put back: take what stood there from version control" if left else "nothing is imported"
        if stopped := signals.received():
            raise EgovError(f"{stopped}; {outcome}", 128 + stopped.number) from None
        if isinstance(error, OSError):
            raise EgovError(f"{said_by(error)}; {outcome}") from None
        if isinstance(error, EgovError):
            raise EgovError(f"the file would break a rule of raw/, {outcome}:\n{error}", 2) from None
        raise


def _put_back(before: dict[Path, bytes | None]) -> list[Path]:
    """Give files the content that they had, or none. Returns those for which that failed."""
    left = []
    for path, content in before.items():
        try:
            if content is None:
                path.unlink(missing_ok=True)
            elif path.read_bytes() != content:
                replace_file(path, content)
        except OSError:
            left.append(path)
    return left


def _held(package: dict[str, Any], edition: Edition) -> dict[str, Any] | None:
    """The newest revision of an edition that the package already lists."""
    editions = [
        resource
        for resource in package["resources"]
        if resource.get("series") == edition.series and resource["edition"] == edition.edition
    ]
    return max(editions, key=lambda resource: int(resource["revision"]), default=None)


def _csv_text(edition: Edition) -> str:
    names = [column.name for column in edition.columns]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([row[name] for name in names] for row in edition.rows)
    return buffer.getvalue()


def _resource(package: dict[str, Any], edition: Edition, revision: int, file: Path, text: str) -> dict[str, Any]:
    """The entry of an edition in the data package: what it is, where it is from, and what its columns hold."""
    source = next(source for source in package["sources"] if source["name"] == edition.source)
    stem = edition.series.removeprefix(f"{edition.source}_")
    suffix = f"_r{revision}" if revision > 1 else ""
    path = f"{edition.source}/{stem}_{edition.edition}{suffix}.csv"
    lists = {"country_code": "codes_countries", "indicator_code": "codes_indicators"}
    keys = [
        {"fields": [column.name], "reference": {"resource": lists[column.name], "fields": [column.name]}}
        for column in edition.columns
        if column.name in lists
    ]
    return {
        "name": path.removesuffix(".csv").replace("/", "_"),
        "type": "table",
        "title": edition.title,
        "path": path,
        "scheme": "file",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "hash": "sha256:" + hashlib.sha256(text.encode("utf-8")).hexdigest(),
        "sources": [{"name": edition.source, "title": source["title"]}],
        "licenses": source["licenses"],
        "series": edition.series,
        "house_layout": edition.layout,
        "edition": edition.edition,
        "revision": revision,
        "accessed": date.today().isoformat(),
        "imported": {"file": file.name, "hash": file_hash(file)},
        "locator": edition.locator,
        "schema": {
            "fields": [_field(column) for column in edition.columns],
            "primaryKey": edition.key,
            "foreignKeys": keys,
        },
    }


def _field(column: Column) -> dict[str, Any]:
    described: dict[str, Any] = {"name": column.name, "type": "string"}
    if column.title:
        described["title"] = column.title
    described["description"] = column.description
    if column.printed:
        described["printed"] = True
    if column.constraints:
        described["constraints"] = column.constraints
    return described


COUNTRY_FLAGS = {"is_landlocked": "landlocked", "is_lldc": "lldc", "is_ldc": "ldc", "is_sids": "sids"}
AREA_FLAGS = {
    "is_lldc": "Land Locked Developing Countries (LLDC)",
    "is_ldc": "Least Developed Countries (LDC)",
    "is_sids": "Small Island Developing States (SIDS)",
}


def import_countries(project: Project, members: Path, areas: Path) -> int:
    """Write raw/codes/countries.csv from the UN's M49 lists. Returns the number of countries.

    `members` lists the member states of the UN with their flags, `areas` every ISO 3166 area with its English and
    Russian name; Kazakh names, and Russian ones that the list leaves out, are those of Unicode CLDR. Economies without
    an ISO code of their own come from raw/codes/further_economies.csv. Raises Refused when a file is not as expected, and
    EgovError (exit code 3) when another command goes on writing in raw/.
    """
    from babel import Locale

    cldr = {language: Locale(language).territories for language in ("kk", "ru")}
    _, member_lines = read_official(
        members, ["iso3", "iso2", "m49", "m49_name", "region", "subregion", *COUNTRY_FLAGS.values()]
    )
    _, area_lines = read_official(
        areas,
        [
            "ISO3166-1-Alpha-3",
            "ISO3166-1-Alpha-2",
            "M49",
            "official_name_en",
            "official_name_ru",
            "Region Name",
            "Sub-region Name",
            *AREA_FLAGS.values(),
        ],
    )
    findings = _Findings()
    by_code = {}
    for number, line in area_lines:
        code = findings.country(number, line["ISO3166-1-Alpha-3"] or None, line["official_name_en"])
        iso2 = line["ISO3166-1-Alpha-2"]
        by_code[code] = {
            "country_code": code,
            "country_iso2": iso2,
            "m49_code": line["M49"].zfill(3) if line["M49"] else "",
            "name_en": line["official_name_en"],
            "name_ru": line["official_name_ru"] or cldr["ru"].get(iso2, ""),
            "name_kk": cldr["kk"].get(iso2, ""),
            "region_name": line["Region Name"],
            "subregion_name": line["Sub-region Name"],
            "is_un_member": "false",
            "is_landlocked": "",
            **{ours: "true" if line[theirs] else "false" for ours, theirs in AREA_FLAGS.items()},
        }
    findings.raise_if_any(areas)
    for number, line in member_lines:
        if line["iso3"] not in by_code:
            findings.add(number, f"{line['iso3']!r} is not among the ISO 3166 areas of {areas.name}")
            continue
        flags = {ours: line[theirs] for ours, theirs in COUNTRY_FLAGS.items()}
        for ours, flag in flags.items():
            if flag not in ("true", "false"):
                findings.add(number, f"column {COUNTRY_FLAGS[ours]!r}: {flag!r}; expected true or false")
        by_code[line["iso3"]] |= {"is_un_member": "true", "name_en": line["m49_name"], **flags}
    findings.raise_if_any(members)
    with only_writer(project, WAIT):
        by_code |= {row["country_code"]: row for row in _house_rows(project, "further_economies")}
        package = read_package(project)
        (resource,) = (resource for resource in package["resources"] if resource["name"] == "codes_countries")
        buffer = io.StringIO(newline="")
        names = [described["name"] for described in resource["schema"]["fields"]]
        writer = csv.DictWriter(buffer, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(by_code[code] for code in sorted(by_code))
        text = buffer.getvalue()
        resource["hash"] = "sha256:" + hashlib.sha256(text.encode("utf-8")).hexdigest()
        resource["accessed"] = date.today().isoformat()
        resource["imported"] = [{"file": file.name, "hash": file_hash(file)} for file in (members, areas)]
        _write_all(project, package, {project.raw / resource["path"]: text})
    return len(by_code)
