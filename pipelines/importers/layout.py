"""Layout: the format of official files in raw/, and the tools that every importer needs to convert a file to it.

An importer keeps the text of each figure as printed. It adds only codes, which come from the code lists in raw/codes/.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.intake.check import MAX_FILE_BYTES
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
    """A file that cannot be imported: the message names the file and lists every line that is wrong."""

    def __init__(self, file: Path, findings: list[str]) -> None:
        lines = "\n".join(f"  {finding}" for finding in findings)
        super().__init__(f"{file.name} is not imported, nothing is written:\n{lines}", Exit.REFUSED)


@dataclass(frozen=True)
class CodeLists:
    """The code lists: how sources name countries, which aggregates are no countries, and the codes of what is measured.

    `names` and `codes` give the ISO 3166-1 alpha-3 code of a country by its name and by the codes that sources use.
    """

    names: dict[str, str]
    codes: dict[str, str]
    aggregates: set[str]
    indicators: set[str]

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
        )


def house_rows(project: Project, name: str) -> list[Row]:
    """The rows of raw/codes/<name>.csv."""
    with open(project.raw / "codes" / f"{name}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_official(path: Path, required: list[str], above: tuple[str, ...] = ()) -> tuple[list[str], list[tuple[int, Row]]]:
    """The header and the rows, with line numbers, of an official CSV file, without byte-order mark, quotes or outer blanks.

    Some publishers end each line with a comma: the unnamed last column is kept under an empty name. Publishers may describe the
    file above its header: lines there that start with one of `above` are left out. Raises Refused if the file cannot be read or
    is too large, if it lacks one of the `required` columns, or if a row has too many or too few cells.
    """
    try:
        if path.exists() and not path.is_file():
            raise Refused(path, ["it is not a plain file; expected the file as downloaded"])
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


def long_row(code: str, published: str, name: str, indicator: str, theirs: str, period: str, value: str, note: str = "") -> Row:
    """A row of the long layout: one figure, with our codes and the publisher's codes."""
    return {
        "country_code": code, "indicator_code": indicator, "published_code": published, "country_name": name,
        "published_indicator": theirs, "period": period, "value": value, "note": note,
    }  # fmt: skip


def long_edition(
    source: str, indicator: str, edition: str, path: Path, rows: list[Row], stated_on: str | None = None
) -> Edition:
    """An edition in the layout `figures`, one row per figure, for sources that publish one figure per economy and year."""
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
        stated_on=stated_on,
    )


def usage_row(
    country: str,
    service: str,
    measure: str,
    period: str,
    value: str,
    locator: str,
    *,
    channel: str = "",
    agency: str = "",
    note: str = "",
) -> Row:
    """A row of the layout `usage`: one figure on the use of a service, with our codes. `locator` says where the file has it."""
    return {
        "country_code": country, "service_code": service, "measure_code": measure, "channel_code": channel,
        "agency_code": agency, "period": period, "value": value, "note": note, "locator": locator,
    }  # fmt: skip


def usage_edition(source: str, edition: str, path: Path, rows: list[Row]) -> Edition:
    """An edition in the layout `usage`, for sources that count the use of services: one row a figure."""
    required = {"required": True}
    return Edition(
        series=f"{source}_usage",
        layout="usage",
        edition=edition,
        source=source,
        title=f"Use of services, edition {edition}",
        locator=f"{path.name}, {{locator}}",
        columns=[
            code_column(),
            Column("service_code", "Service", printed=False, constraints=required),
            Column("measure_code", "What the figure counts", printed=False, constraints=required),
            Column("channel_code", "Channel; empty for all channels", printed=False),
            Column("agency_code", "Agency; empty for all agencies", printed=False),
            Column(
                "period", "Year or month, ISO 8601", printed=False, constraints={**required, "pattern": r"^\d{4}(-\d{2})?$"}
            ),
            Column("value", "Figure as printed; empty where the publisher gives none"),
            Column("note", "Note of the publisher on the figure"),
            Column("locator", "Where the file has the figure", printed=False, constraints=required),
        ],
        key=["country_code", "service_code", "measure_code", "channel_code", "agency_code", "period"],
        rows=rows,
    )


def code_column() -> Column:
    """The column of the country code, which the importer adds."""
    return Column("country_code", "Country, ISO 3166-1 alpha-3", printed=False, constraints={"required": True})


class Findings:
    """All errors in a file, by line: the file is refused only once all of them are found."""

    def __init__(self, by: str = "country") -> None:
        self._found: list[tuple[int, str]] = []
        self._seen: dict[tuple[str, ...], int] = {}
        self._by = by

    def add(self, line: int, message: str) -> None:
        self._found.append((line, message))

    def country(self, line: int, code: str | None, published: str, *rest: str) -> str:
        """The country code. Adds a finding if `code` is None, which means unknown, or if it appears in the file twice."""
        if code is None:
            self.add(line, f"{published!r} is not in any code list; add it to raw/codes/ if it is a country, or remove the row")
            return ""
        first = self._seen.setdefault((code, *rest), line)
        if first != line:
            self.add(line, f"{published!r} appears twice, first in line {first}; expected one row per {self._by}")
        return code

    def number(self, line: int, column: str, text: str, upper: float) -> None:
        """Add a finding if the text is not a plain number from 0 to `upper`."""
        if not NUMBER.fullmatch(text):
            self.add(line, f"column {column!r}: {text!r} is not a number")
        elif not 0 <= float(text) <= upper:
            self.add(line, f"column {column!r}: {text} is outside 0 to {upper:g}")

    def raise_if_any(self, path: Path) -> None:
        if self._found:
            raise Refused(path, [f"line {line}: {message}" for line, message in sorted(self._found)])
