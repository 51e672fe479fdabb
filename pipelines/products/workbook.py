"""Workbook: one spreadsheet in English, Russian and Kazakh, with what most readers ask for.

Every sheet but the first is a table with one row of heads, which filters, pivot tables and pandas read as it is. Numbers are
numbers and dates are dates. A missing figure is an empty cell with a coloured ground: a chart would draw a text in its place as
a zero. The catalogs of pages/translator.py hold the Russian and Kazakh of the texts that the tables have in English only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal
from functools import cache
from itertools import groupby
from math import ceil
from pathlib import Path
from textwrap import wrap
from typing import Any

import yaml
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from pipelines.products.contract import File, Product
from pipelines.products.pages import is_web_address
from pipelines.products.pages.translator import Translator
from pipelines.products.report import LANGUAGES, names
from pipelines.products.report.charts import ARTICLE, VERDICTS
from pipelines.products.tables import FORMULA
from pipelines.project import EgovError
from pipelines.releases.catalog import Catalog
from pipelines.releases.draft import Draft

BAND, ON_BAND, LINK = "#0b2d45", "#ffffff", "#0a5c9c"  # as in pages/base.css
HEAD = {
    "bold": True, "font_color": ON_BAND, "bg_color": BAND, "border": 1, "border_color": ON_BAND,
    "text_wrap": True, "valign": "top", "indent": 1,
}  # fmt: skip
LEFT = {"align": "left", "indent": 1}
BODY = LEFT | {"text_wrap": True, "valign": "top", "bottom": 1, "border_color": "#d9e1e7"}
DAY, TIME = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"
# The ground of an empty cell by the status of the missing figure. Other statuses, missing texts and dates have the last one.
GROUNDS = {"L": "#f2c9a5", "M": "#b4bdc5", "U": "#f1e2a0", "O": "#dde3e8"}
NO_VALUE = GROUNDS["O"]
LIKE_A_FORMULA = re.compile(FORMULA).match
# The most decimals that a cell shows. It holds all of them.
SHOWN = {"index_0_1": 5, "percent": 2}
# The longest address that Excel allows in a link: https://support.microsoft.com/office/excel-specifications-and-limits
LONGEST_LINK = 2079
# Paper A4 by its number in the file format, and how many characters are put across a page of it.
A4, PAGE = 9, 250
# The height of a line in points, and the most lines that fit into the highest row that Excel allows, of 409 points.
LINE, HIGHEST = 15, 27
NAMES = ("country_name_en", "country_name_ru", "country_name_kk")
INTERNET = ("INTERNET_USERS", "INTERNET_USERS_16_74", "INTERNET_USERS_6_74")


@dataclass(frozen=True)
class Figure:
    """A figure and its status. The value is None if the figure is missing."""

    value: Decimal | int | None
    status: str


@dataclass(frozen=True)
class Link:
    """A text that leads to an address."""

    address: str
    text: str


Cell = str | bool | int | Decimal | date | Figure | Link | None


@dataclass(frozen=True)
class Column:
    """A column of a sheet: its head, its width in characters, and, if it holds numbers, how many decimals they show.

    A text is broken into lines if its column `wraps`. If its column `expects` a text or a date, a cell without it is marked.
    """

    head: str | int
    width: int = 12
    decimals: int | None = None
    wraps: bool = False
    expects: bool = False


@dataclass(frozen=True)
class Sheet:
    """A sheet: its name, one English sentence about it, its columns and rows, and how many columns stay in view."""

    name: str
    about: str
    columns: list[Column]
    rows: list[list[Cell]]
    frozen: int


def write(draft: Draft, catalog: Catalog) -> None:
    """Write egov.xlsx."""
    write_workbook(draft, catalog, translators(catalog), draft.folder / "egov.xlsx")


def translators(catalog: Catalog) -> list[Translator]:
    """One translator for each language, with the names that the texts of the tables use."""
    channels = catalog.rows("select name_en, name_ru, name_kk from marts.dim_channels")
    return [
        Translator(language, names(catalog, language) | {row["name_en"]: row[f"name_{language}"] for row in channels})
        for language in LANGUAGES
    ]


def write_workbook(draft: Draft, catalog: Catalog, translators: list[Translator], path: Path) -> None:
    """Write the workbook to `path`. Each translator's `missing` then holds the texts without a translation.

    The same release gives the same bytes: the workbook says that it was created when the release was built. Raises EgovError if
    a text is longer than a cell can hold.
    """
    words = Words(translators)
    sheets = every_sheet(catalog, words)
    citation = yaml.safe_load((draft.project.root / "CITATION.cff").read_text(encoding="utf-8"))
    authors = ", ".join(author["name"] for author in citation["authors"])
    cited = f"{authors} ({draft.built_at.year}). {citation['title']}, release {draft.release_id}."
    with Workbook(str(path)) as book:
        writer = Writer(book, draft.release_id)
        book.set_properties(
            {
                "title": f"{citation['title']}, {draft.release_id}",
                "author": authors,
                "comments": cited,
                "created": draft.built_at.astimezone(UTC).replace(tzinfo=None),
            }
        )
        parts: dict[str, list[tuple[Cell, list[str]]]] = {
            "about": about(draft, catalog, words, cited),
            "sheets": [(Link(f"internal:'{sheet.name}'!A1", sheet.name), words.all(sheet.about)) for sheet in sheets],
            "statuses": statuses(catalog, words),
        }
        titles = {"about": "About this workbook", "sheets": "Sheets", "statuses": "Statuses of figures"}
        writer.readme(parts, {part: words.all(title) for part, title in titles.items()})
        for sheet in sheets:
            writer.table(sheet)


@dataclass(frozen=True)
class Words:
    """The words of the workbook, in all its languages at once."""

    translators: list[Translator]

    def all(self, text: str) -> list[str]:
        """A text in each language."""
        return [translator.say(text) for translator in self.translators]

    def head(self, text: str, language: str = "", year: object = "") -> str:
        """The head of a column: a line for each language, and one that names the language of the column if it has one."""
        lines = [f"{line} {year}".strip() for line in self.all(text)]
        return "\n".join([*lines, *([LANGUAGES[language]] if language else [])])

    def found(self, text: str | None) -> list[Cell]:
        """A text of a table in each language, or None where it has no translation."""
        if text is None:
            return [None] * len(self.translators)
        said = [(translator, translator.say(text)) for translator in self.translators]
        return [None if text in translator.missing else line for translator, line in said]


def every_sheet(catalog: Catalog, words: Words) -> list[Sheet]:
    """The sheets of the workbook in order, except for the readme."""
    survey = [editions(catalog, words, (code,)) for code in ("EGDI", "OSI", "TII", "HCI", "EPI")]
    govtech = ("GTMI", "CGSI", "PSDI", "DCEI", "GTEI")
    return [
        *survey,
        editions(catalog, words, govtech),
        internet(catalog, words),
        marked(catalog, words, (*(sheet.name for sheet in survey), *govtech, *INTERNET)),
        usage(catalog, words),
        claims(catalog, words),
        discrepancies(catalog, words),
        countries(catalog, words),
        sources(catalog, words),
    ]


def _names(words: Words) -> list[Column]:
    """The columns that name a country."""
    return [Column(words.head("Code")), *(Column(words.head("Country", language), 24, wraps=True) for language in LANGUAGES)]


def _figures(catalog: Catalog, codes: Sequence[str]) -> list[dict[str, Any]]:
    """The figures of these indicators, by country."""
    wanted = list(codes)
    return catalog.rows(
        f"""select v.*, concat_ws(' / ', v.region_name, g.name_ru, g.name_kk) as region
        from reports.rpt_index_values as v
        left join marts.dim_country_groups as g on g.group_type = 'region' and g.name_en = v.region_name
        where list_contains({wanted}, v.indicator_code)
        order by v.country_name_en, v.country_code, list_position({wanted}, v.indicator_code), v.period_code"""
    )


def _year(period_code: str) -> str | int:
    return int(period_code) if period_code.isdigit() else period_code


def _decimals(figures: Sequence[dict[str, Any]]) -> int:
    """How many decimals a column of these figures shows: as many as the longest of them has, within SHOWN."""
    longest = max((_scale(row["value"]) for row in figures if row["value"] is not None), default=0)
    return min(longest, SHOWN[figures[0]["unit_code"]])


@cache
def _scale(value: Decimal) -> int:
    """The number of decimals of a value, without zeros at the end."""
    return max(0, -int(value.normalize().as_tuple().exponent))


def editions(catalog: Catalog, words: Words, codes: Sequence[str]) -> Sheet:
    """Countries by indicators and editions: a column for each value, and one for each rank.

    The ranks are those that the publisher prints. If it prints none, they are those of the values: see rpt_index_values. The
    sheet is named after the first of the indicators; the others are its parts.
    """
    rows = _figures(catalog, codes)
    by_column: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        by_column.setdefault((row["indicator_code"], row["period_code"]), []).append(row)
    keys = sorted(by_column, key=lambda key: (codes.index(key[0]), key[1]))
    shown = {key: _year(key[1]) if len(codes) == 1 else " ".join(key) for key in keys}
    rank = "published_rank" if any(row["published_rank"] for row in rows) else "rank_by_value"
    columns = [*_names(words), Column(words.head("Region"), 26)]
    columns += [Column(shown[key], 11, _decimals(by_column[key])) for key in keys]
    columns += [Column(words.head("Rank", year=shown[key]), 13, 0) for key in keys]
    lines: list[list[Cell]] = []
    for code, group in groupby(rows, lambda row: row["country_code"]):
        held = {(row["indicator_code"], row["period_code"]): row for row in group}
        first = next(iter(held.values()))
        line: list[Cell] = [code, *(first[each] for each in NAMES), first["region"]]
        line += [Figure(held[key]["value"], held[key]["obs_status_code"]) if key in held else None for key in keys]
        line += [held[key][rank] if key in held else None for key in keys]
        lines.append(line)
    name = rows[0]["indicator_name_en"] + (" and its parts" if len(codes) > 1 else "")
    about = f"{name}: countries by editions, values and {'published ranks' if rank == 'published_rank' else 'ranks by value'}."
    return Sheet(codes[0], about, columns, lines, 4)


def internet(catalog: Catalog, words: Words) -> Sheet:
    """Countries by years. A country has a row for each way of counting Internet users: see dim_indicators."""
    rows = _figures(catalog, INTERNET)
    periods = sorted({row["period_code"] for row in rows})
    columns = [*_names(words), Column(words.head("Indicator"), 24)]
    columns += [
        Column(_year(period), 9, _decimals([row for row in rows if row["period_code"] == period])) for period in periods
    ]
    columns += [Column(words.head("Name of the indicator", language), 44) for language in LANGUAGES]
    lines: list[list[Cell]] = []
    for (code, indicator), group in groupby(rows, lambda row: (row["country_code"], row["indicator_code"])):
        held = {row["period_code"]: row for row in group}
        first = next(iter(held.values()))
        line: list[Cell] = [code, *(first[each] for each in NAMES), indicator]
        line += [Figure(held[key]["value"], held[key]["obs_status_code"]) if key in held else None for key in periods]
        lines.append([*line, *(first[f"indicator_name_{language}"] for language in LANGUAGES)])
    return Sheet("internet", "Internet users, percent of people: countries by years.", columns, lines, 4)


def marked(catalog: Catalog, words: Words, codes: Sequence[str]) -> Sheet:
    """Every figure of the sheets by country whose status is not A, with its reason."""
    rows = catalog.rows(
        f"""select
            c.country_code, c.name_en, c.name_ru, c.name_kk, v.indicator_code, v.period_code, v.value,
            v.obs_status_code as status, s.name as status_name, v.obs_evidence, v.source_code, c2.locator, c2.printed_text
        from marts.fct_index_values as v
        join marts.dim_countries as c using (country_code)
        join marts.dim_obs_statuses as s using (obs_status_code)
        join marts.dim_source_cells as c2 on c2.source_cell_id = v.source_cell_id
        where v.obs_status_code <> 'A' and v.indicator_code in {tuple(codes)}
        order by v.indicator_code, v.period_code, c.name_en, c.country_code"""
    )
    columns = [
        *_names(words),
        Column(words.head("Indicator"), 20),
        Column(words.head("Edition"), 10, 0),
        Column(words.head("Value"), 12, SHOWN["percent"]),
        Column(words.head("Status"), 10),
        *(Column(words.head("Meaning of the status", language), 48) for language in LANGUAGES),
        *(Column(words.head("Evidence", language), 48) for language in LANGUAGES),
        Column(words.head("Source"), 24),
        Column(words.head("Where printed", "en"), 54),
        Column(words.head("Printed as"), 14),
    ]
    lines: list[list[Cell]] = [
        [
            row["country_code"], row["name_en"], row["name_ru"], row["name_kk"], row["indicator_code"],
            _year(row["period_code"]), Figure(row["value"], row["status"]), row["status"], *words.found(row["status_name"]),
            *words.found(row["obs_evidence"]), row["source_code"], row["locator"], row["printed_text"],
        ]
        for row in rows
    ]  # fmt: skip
    return Sheet(
        "statuses", "Every figure of the sheets before this one that is missing or not normal, and why.", columns, lines, 4
    )


def usage(catalog: Catalog, words: Words) -> Sheet:
    """Use of services as printed, Kazakhstan first."""
    channels = words.all("All channels")
    rows = catalog.rows(
        f"""select
            c.country_code, c.name_en, c.name_ru, c.name_kk, s.service_code,
            s.name_en as service_en, s.name_ru as service_ru, s.name_kk as service_kk,
            p.period_code, p.year, p.start_date, p.end_date, u.likely_period_code, m.name_en as measure,
            h.name_en as channel_en, h.name_ru as channel_ru, h.name_kk as channel_kk, a.name_en as agency, u.usage_count,
            u.value_qualifier, u.obs_status_code as status, u.source_code, l.locator, l.printed_text, u.note
        from marts.fct_service_usage as u
        join marts.dim_countries as c using (country_code)
        join marts.dim_services as s on s.service_code = u.service_code
        join marts.dim_periods as p on p.period_code = u.period_code
        join marts.dim_usage_measures as m on m.measure_code = u.measure_code
        left join marts.dim_channels as h on h.channel_code = u.channel_code
        left join marts.dim_agencies as a on a.agency_code = u.agency_code
        join marts.dim_source_cells as l on l.source_cell_id = u.source_cell_id
        order by c.country_code <> 'KAZ', u.source_code <> '{ARTICLE}', c.name_en, u.source_code, s.name_en, p.period_code,
            u.measure_code, u.channel_code nulls first, u.service_usage_id"""
    )
    columns = [
        *_names(words),
        Column(words.head("Service"), 30),
        *(Column(words.head("Name of the service", language), 44) for language in LANGUAGES),
        Column(words.head("Period"), 16),
        Column(words.head("Year"), 8, 0),
        Column(words.head("From"), 12),
        Column(words.head("To"), 12),
        Column(words.head("Likely period"), 18),
        *(Column(words.head("Counted", language), 30, expects=True) for language in LANGUAGES),
        *(Column(words.head("Channel", language), 26) for language in LANGUAGES),
        Column(words.head("Agency", "en"), 30),
        Column(words.head("Number"), 14, 0),
        Column(words.head("At least"), 10),
        Column(words.head("Status"), 10),
        Column(words.head("Source"), 22),
        Column(words.head("Where printed", "en"), 54),
        Column(words.head("Printed as"), 14),
        Column(words.head("Note", "en"), 40),
    ]
    measures = {text: words.found(text) for text in {row["measure"] for row in rows}}
    lines: list[list[Cell]] = [
        [
            row["country_code"], row["name_en"], row["name_ru"], row["name_kk"], row["service_code"], row["service_en"],
            row["service_ru"], row["service_kk"], row["period_code"], row["year"], row["start_date"], row["end_date"],
            row["likely_period_code"], *measures[row["measure"]],
            *((row["channel_en"], row["channel_ru"], row["channel_kk"]) if row["channel_en"] else channels),
            row["agency"], Figure(row["usage_count"], row["status"]), "≥" if row["value_qualifier"] == "at_least" else None,
            row["status"], row["source_code"], row["locator"], row["printed_text"], row["note"],
        ]
        for row in rows
    ]  # fmt: skip
    return Sheet("usage", "How often services were used, as each source counts it.", columns, lines, 4)


def claims(catalog: Catalog, words: Words) -> Sheet:
    """The claims of the article with their verdicts. What belongs to one language stands together."""
    texts = ("statement", "verdict_name", "expected", "observed", "note")
    heads = ("Claim", "Verdict", "Expected", "Found", "Note")
    rows = catalog.rows("select * from reports.rpt_claims order by claim_code")
    columns = [
        Column(words.head("Code"), 28),
        Column(words.head("Verdict"), 28),
        *_blocks(words, heads, (44, 20, 30, 36, 50)),
        Column(words.head("Where printed", "en"), 34, wraps=True),
        Column(words.head("Asserted"), 22, wraps=True),
        Column(words.head("Reading"), 22, wraps=True),
        Column(words.head("Rows looked at"), 50, wraps=True),
    ]
    lines: list[list[Cell]] = [
        [
            row["claim_code"], row["verdict"], *_said(words, row | {"verdict_name": VERDICTS[row["verdict"]]}, texts),
            row["locator"], row["asserted"], row["reading"], row["evidence"],
        ]
        for row in rows
    ]  # fmt: skip
    return Sheet("claims", "What the article claims, with a verdict on each claim.", columns, lines, 2)


def discrepancies(catalog: Catalog, words: Words) -> Sheet:
    """The doubts about printed figures. What belongs to one language stands together."""
    rows = catalog.rows(
        f"""select d.*, c.name_en, c.name_ru, c.name_kk from reports.rpt_discrepancies as d
        left join marts.dim_countries as c using (country_code)
        order by d.source_code <> '{ARTICLE}', d.source_code, d.finding_code"""
    )
    columns = [
        Column(words.head("Source"), 24),
        *_names(words)[1:],
        Column(words.head("Where printed", "en"), 40, wraps=True),
        Column(words.head("Printed as"), 30, wraps=True),
        *_blocks(words, ("Reading", "Rule", "Note"), (26, 44, 50)),
        Column(words.head("Code"), 60),
    ]
    lines: list[list[Cell]] = [
        [
            row["source_code"], row["name_en"], row["name_ru"], row["name_kk"], row["locator"], row["printed_text"],
            *_said(words, row, ("reading", "rule", "note")), row["finding_code"],
        ]
        for row in rows
    ]  # fmt: skip
    return Sheet(
        "discrepancies", "Misprints, contradictions and doubts in the sources, and how they are read.", columns, lines, 2
    )


def _blocks(words: Words, heads: Sequence[str], widths: Sequence[int]) -> list[Column]:
    """The columns with these heads, once for each language."""
    return [
        Column(words.head(head, language), width, wraps=True, expects=True)
        for language in LANGUAGES
        for head, width in zip(heads, widths, strict=True)
    ]


def _said(words: Words, row: dict[str, Any], texts: Sequence[str]) -> list[Cell]:
    """These texts of a row, once for each language. A text that the table does not have is an empty text."""
    said = [words.found(row[text]) if row[text] is not None else [""] * len(LANGUAGES) for text in texts]
    return [cell for language in zip(*said, strict=True) for cell in language]


def countries(catalog: Catalog, words: Words) -> Sheet:
    """The countries with their other codes, their regions, and the lists of the UN that they are on."""
    flags = {
        "is_un_member": "Member of the UN", "is_landlocked": "Landlocked", "is_lldc": "Landlocked developing country",
        "is_ldc": "Least developed country", "is_sids": "Small island developing state",
    }  # fmt: skip
    rows = catalog.rows(
        """select c.*, c.region_name as region_en, g.name_ru as region_ru, g.name_kk as region_kk from marts.dim_countries as c
        left join marts.dim_country_groups as g on g.group_type = 'region' and g.name_en = c.region_name
        order by c.name_en, c.country_code"""
    )
    columns = [
        *_names(words),
        Column("ISO 3166-1 alpha-2"),
        Column("UN M49"),
        *(Column(words.head("Region", language), 14) for language in LANGUAGES),
        *(Column(words.head("Subregion", language), 30) for language in LANGUAGES),
        *(Column(words.head(text), 30) for text in flags.values()),
    ]
    lines: list[list[Cell]] = [
        [
            row["country_code"], row["name_en"], row["name_ru"], row["name_kk"], row["country_iso2"], row["m49_code"],
            row["region_en"], row["region_ru"], row["region_kk"], *words.found(row["subregion_name"]),
            *(row[flag] for flag in flags),
        ]
        for row in rows
    ]  # fmt: skip
    return Sheet("countries", "Codes, regions and groups of the countries.", columns, lines, 4)


def sources(catalog: Catalog, words: Words) -> Sheet:
    """The sources with their terms and the day on which the copy was taken."""
    heads = {"Licence": 30, "Address": 50, "Accessed on": 14, "Copy taken by": 40, "Citation": 60}
    rows = catalog.rows("from marts.dim_sources order by source_code")
    columns = [
        Column(words.head("Code"), 24, wraps=True),
        *_blocks(words, ("Title", "Publisher"), (44, 24)),
        *(Column(words.head(head), width, wraps=True, expects=True) for head, width in heads.items()),
    ]
    lines: list[list[Cell]] = [
        [
            row["source_code"], *_said(words, row, ("title", "publisher")), row["licence"], _link(row["url"]),
            row["accessed_on"], row["copied_by"], row["citation"],
        ]
        for row in rows
    ]  # fmt: skip
    return Sheet("sources", "The sources: publisher, licence, address, day of the copy, citation.", columns, lines, 1)


def _link(url: str | None) -> Cell:
    """An address as a link, if it leads to the web and a spreadsheet can hold it; otherwise as text."""
    return Link(url, url) if url and is_web_address(url) and len(url) <= LONGEST_LINK else url


def about(draft: Draft, catalog: Catalog, words: Words, cited: str) -> list[tuple[Cell, list[str]]]:
    """What the readme says: a value, if the row has one, and a text in each language."""
    own = catalog.rows("select licence from marts.dim_sources where source_code = 'egov_warehouse'")
    rows: list[tuple[Cell, str]] = [
        (None, "Published figures of e-government, Kazakhstan first, as their publishers print them."),
        (
            None,
            "The database of the same release leads each figure back to its printed cell, and has further indicators "
            "and tables.",
        ),
        (draft.release_id, "Release"),
        (draft.built_at.astimezone(UTC).replace(tzinfo=None, microsecond=0), "Built at, UTC"),
        (
            cited,
            "How to cite the release. Cite the publisher of each figure too: the sheet sources has the citations.",
        ),
        (
            None,
            "The figures belong to their publishers. The sheet sources has the terms of each; "
            "terms that are not stated are no permission.",
        ),
        *((None, f"Our own descriptions and code lists: {row['licence']}.") for row in own),
        (
            None,
            "A missing figure is an empty cell with a coloured ground, never a zero. The colours are explained below, "
            "the reasons are on the sheet statuses.",
        ),
        (None, "An empty cell without a colour: the tables of the release have no such figure or text."),
        (None, "A grey cell among texts and dates: not translated, or not known."),
        (None, "A figure in italics has a status other than normal."),
        (None, "A cell holds every printed decimal and shows the first ones; the formula bar shows all."),
        (
            None,
            "A rank is the published one, or else the place by value among the countries with a value; "
            "equal values share a place. The list of sheets says which.",
        ),
        (
            None,
            "A period is a code: a year, a month, or a fiscal year with its first day. Beside it stand its first and "
            "its last day as dates, if they are known.",
        ),
        (None, "Each sheet has one row of heads in three languages, which filters and sorts."),
    ]
    return [(value, words.all(text)) for value, text in rows]


def statuses(catalog: Catalog, words: Words) -> list[tuple[Cell, list[str]]]:
    """The statuses that figures of the release have: their codes, and their names with their meanings in each language."""
    rows = catalog.rows(
        """select obs_status_code, name, description from marts.dim_obs_statuses
        where obs_status_code in (
            select obs_status_code from marts.fct_index_values union select obs_status_code from marts.fct_service_usage
        )
        order by 1"""
    )
    return [
        (
            row["obs_status_code"],
            [f"{name}. {meaning}" for name, meaning in zip(words.all(row["name"]), words.all(row["description"]), strict=True)],
        )
        for row in rows
    ]


@cache
def _lines(cell: Cell, width: int) -> int:
    """How many lines a cell needs in a column of this width: only Excel finds out by itself how high a row must be.

    A column of ten characters is as wide as ten digits: Kazakh letters are as wide.
    """
    text = cell.text if isinstance(cell, Link) else cell if isinstance(cell, str) else ""
    return min(HIGHEST, sum(max(1, len(wrap(line, width))) for line in text.split("\n")))


class Writer:
    """Writes the sheets of one workbook."""

    def __init__(self, book: Workbook, release_id: str) -> None:
        self._book, self._release_id = book, release_id
        self._formats: dict[tuple[tuple[str, Any], ...], Format] = {}
        self._properties: dict[Format, dict[str, Any]] = {}
        self._looks: dict[tuple[str, str, bool, bool, bool], Format] = {}
        self._texts = {wraps: self._format(**LEFT, text_wrap=wraps, valign="top") for wraps in (False, True)}

    def readme(self, parts: dict[str, list[tuple[Cell, list[str]]]], titles: dict[str, list[str]]) -> None:
        """Write the first sheet: parts with a title, whose rows have a value and a text in each language."""
        widths = [32, 46, 46, 46]
        sheet = self._sheet("readme", widths, 0)
        sheet.hide_gridlines(2)
        line = 0
        for part, rows in parts.items():
            for place, text in enumerate(["", *titles[part]]):
                self._write(sheet, line, place, text, self._format(**HEAD, align="left"))
            for value, texts in rows:
                line += 1
                height = max(_lines(cell, width) for cell, width in zip([value, *texts], widths, strict=True))
                sheet.set_row(line, LINE * height)
                ground = {"bg_color": GROUNDS[str(value)]} if part == "statuses" and str(value) in GROUNDS else {}
                self._write(sheet, line, 0, value, self._format(**BODY, **ground, bold=True, num_format=TIME))
                for place, text in enumerate(texts, 1):
                    self._write(sheet, line, place, text, self._format(**BODY))
            line += 2
        sheet.activate()

    def table(self, table: Sheet) -> None:
        """Write a table: heads that stay in view and have filters, and rows."""
        heads = [str(column.head).split("\n") for column in table.columns]
        widths = [
            max(column.width, *(min(len(line) + 2, 26) for line in head))
            for column, head in zip(table.columns, heads, strict=True)
        ]
        sheet = self._sheet(table.name, widths, table.frozen)
        for place, column in enumerate(table.columns):
            self._write(
                sheet, 0, place, column.head, self._format(**HEAD, align="left" if column.decimals is None else "right")
            )
        lines = max(_lines(str(column.head), width) for column, width in zip(table.columns, widths, strict=True))
        sheet.set_row(0, LINE * (lines + 1))  # the arrow of the filter has the last line for itself
        broken = [
            (place, width) for place, (column, width) in enumerate(zip(table.columns, widths, strict=True)) if column.wraps
        ]
        for line, row in enumerate(table.rows, 1):
            if (height := max((_lines(row[place], width) for place, width in broken), default=1)) > 1:
                sheet.set_row(line, LINE * height)
            for place, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
                self._value(sheet, line, place, column, cell)
        sheet.freeze_panes(1, table.frozen)
        sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)
        sheet.repeat_rows(0)
        sheet.repeat_columns(0, table.frozen - 1)

    def _sheet(self, name: str, widths: Sequence[int], frozen: int) -> Worksheet:
        """Add a sheet with columns of these widths, which prints on as many pages side by side as it needs."""
        sheet = self._book.add_worksheet(name)
        for place, width in enumerate(widths):
            sheet.set_column(place, place, width)
        sheet.set_landscape()
        sheet.set_paper(A4)
        repeated = sum(widths[:frozen])
        sheet.fit_to_pages(ceil((sum(widths) - repeated) / (PAGE - repeated)), 0)
        sheet.set_footer(f"&L&A, {self._release_id}&R&P / &N")
        sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})  # a code of digits is a text
        return sheet

    def _value(self, sheet: Worksheet, line: int, place: int, column: Column, cell: Cell) -> None:
        """Write a cell of a table in the look that its column and its kind ask for."""
        if isinstance(cell, str):  # most cells: they must not wait for the rest
            self._write(sheet, line, place, cell, self._texts[column.wraps])
            return
        number, ground, italic = "", "", False
        if isinstance(cell, Figure):
            if cell.value is None:
                ground = GROUNDS.get(cell.status, NO_VALUE)
            italic = cell.status != "A"
            number = "#,##0" if isinstance(cell.value, int) else ""
            cell = cell.value
        elif cell is None:
            if not column.expects:
                return
            ground = NO_VALUE
        if isinstance(cell, Decimal):
            vanishes = cell and not round(cell, column.decimals or 0)  # shown like that, it would look like a zero
            decimals = _scale(cell) if vanishes else column.decimals
            number = f"0.{'0' * decimals}" if decimals else "0"
        elif isinstance(cell, date):
            number = DAY
        look = (number, ground, italic, column.wraps, isinstance(cell, Link | date))
        if look not in self._looks:
            self._looks[look] = self._format(
                **({"num_format": number} if number else {}),
                **({"bg_color": ground} if ground else {}),
                **(LEFT if look[-1] else {}),
                italic=italic,
                text_wrap=column.wraps,
                valign="top",
            )
        self._write(sheet, line, place, cell, self._looks[look])

    def _format(self, **properties: Any) -> Format:
        """A format with these properties, always the same one."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(properties)
            self._properties[self._formats[key]] = properties
        return self._formats[key]

    def _write(self, sheet: Worksheet, line: int, place: int, cell: Any, form: Format) -> None:
        """Write a cell by its kind. No text becomes a formula, a number or a link."""
        if isinstance(cell, str):
            if LIKE_A_FORMULA(cell):  # would become one as soon as somebody edits the cell
                form = self._format(**self._properties[form] | {"quote_prefix": True})
            refused = sheet.write_string(line, place, cell, form)
        elif cell is None:
            refused = sheet.write_blank(line, place, None, form)
        elif isinstance(cell, Link):
            link = self._format(**self._properties[form] | {"font_color": LINK, "underline": 1})
            refused = sheet.write_url(line, place, cell.address, link, cell.text)
        elif isinstance(cell, bool):
            refused = sheet.write_boolean(line, place, cell, form)
        elif isinstance(cell, date):
            refused = sheet.write_datetime(line, place, cell, form)
        else:
            refused = sheet.write_number(line, place, cell, form)
        if refused:
            raise EgovError(
                f"sheet {sheet.name}, row {line + 1}, column {place + 1}: a spreadsheet cannot hold {str(cell)[:60]!r}"
            )


PRODUCT = Product(
    "workbook",
    (File("egov.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),),
    write,
    shows_feed=False,
)
