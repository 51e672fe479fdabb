"""The workbook of a release: every cell is that of the database, missing figures are seen as missing, and no text runs.

The ordinary tests read the file as it is. One test has LibreOffice open it and save it again, and reads what it saved.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import duckdb
import pytest
from python_calamine import CalamineWorkbook

from pipelines.products import workbook
from pipelines.products.report import LANGUAGES
from pipelines.project import EgovError, Project
from pipelines.releases import connect
from pipelines.releases.catalog import Catalog
from tests.helpers import current_draft, need
from tests.products.test_products import EDITIONS, draft, heard_in_workbook  # noqa: F401

XML = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
SURVEY = ("EGDI", "OSI", "TII", "HCI", "EPI")
GOVTECH = ("GTMI", "CGSI", "PSDI", "DCEI", "GTEI")
INTERNET = ("INTERNET_USERS", "INTERNET_USERS_16_74", "INTERNET_USERS_6_74")
SHEETS = [
    "readme", *SURVEY, "GTMI", "internet", "statuses", "usage", "claims", "discrepancies", "countries", "sources",
]  # fmt: skip
Row = dict[str, Any]


def plain(value: Any) -> Any:
    """A value of the database as a spreadsheet holds it: numbers are numbers of 64 bits, and nothing is an empty cell."""
    if value is None:
        return ""
    return float(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


@cache
def cells(path: Path) -> dict[str, list[list[Any]]]:
    """The cells of every sheet of a workbook, as python-calamine reads them."""
    book = CalamineWorkbook.from_path(path)
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def read(path: Path, name: str) -> list[Row]:
    """The rows of a sheet by their heads. A head is cut down to its English line, and to its language if it names one."""
    heads, *rows = cells(path)[name]
    lines = [str(int(head) if isinstance(head, float) else head).split("\n") for head in heads]
    names = {spoken: language for language, spoken in LANGUAGES.items()}
    short = [line[0] + (f" {names[line[-1]]}" if line[-1] in names else "") for line in lines]
    assert len(set(short)) == len(short)
    return [dict(zip(short, row, strict=True)) for row in rows]


def asked(release: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    return Catalog(release).rows(query)


COUNTRY = 'c.country_code as "Code", c.name_en as "Country en", c.name_ru as "Country ru", c.name_kk as "Country kk"'
# The expected rows of the sheets that show a table as it is, in order. A star stands for a text in three languages.
TABLES = {
    "statuses": f"""
        select {COUNTRY}, v.indicator_code as "Indicator", v.period_code::integer as "Edition", v.value as "Value",
            v.obs_status_code as "Status", s.name as "Meaning of the status *", v.obs_evidence as "Evidence *",
            v.source_code as "Source", l.locator as "Where printed en", l.printed_text as "Printed as"
        from marts.fct_index_values as v join marts.dim_countries as c using (country_code)
        join marts.dim_obs_statuses as s using (obs_status_code)
        join marts.dim_source_cells as l on l.source_cell_id = v.source_cell_id
        where obs_status_code <> 'A' and indicator_code in {SURVEY + GOVTECH + INTERNET}
        order by indicator_code, period_code, c.name_en, c.country_code""",
    "usage": f"""
        select {COUNTRY}, u.service_code as "Service", s.name_en as "Name of the service en", s.name_ru as "Name of the service ru",
            s.name_kk as "Name of the service kk", u.period_code as "Period", p.year as "Year", p.start_date as "From",
            p.end_date as "To", u.likely_period_code as "Likely period", m.name_en as "Counted *",
            coalesce(h.name_en, 'All channels') as "Channel en", coalesce(h.name_ru, 'Все каналы') as "Channel ru",
            coalesce(h.name_kk, 'Барлық арналар') as "Channel kk", a.name_en as "Agency en", u.usage_count as "Number",
            if(u.value_qualifier = 'at_least', '≥', null) as "At least", u.obs_status_code as "Status", u.source_code as "Source",
            l.locator as "Where printed en", l.printed_text as "Printed as", u.note as "Note en"
        from marts.fct_service_usage as u join marts.dim_countries as c using (country_code)
        join marts.dim_services as s on s.service_code = u.service_code
        join marts.dim_periods as p on p.period_code = u.period_code join marts.dim_usage_measures as m using (measure_code)
        left join marts.dim_channels as h using (channel_code) left join marts.dim_agencies as a on a.agency_code = u.agency_code
        join marts.dim_source_cells as l on l.source_cell_id = u.source_cell_id""",
    "claims": """
        select claim_code as "Code", verdict as "Verdict", statement as "Claim *", expected as "Expected *",
            observed as "Found *", note as "Note *", locator as "Where printed en", asserted as "Asserted", reading as "Reading",
            evidence as "Rows looked at"
        from reports.rpt_claims order by claim_code""",
    "discrepancies": """
        select d.source_code as "Source", c.name_en as "Country en", c.name_ru as "Country ru", c.name_kk as "Country kk",
            d.locator as "Where printed en", d.printed_text as "Printed as", d.reading as "Reading *", d.rule as "Rule *",
            d.note as "Note *", d.finding_code as "Code"
        from reports.rpt_discrepancies as d left join marts.dim_countries as c using (country_code)
        order by d.source_code <> 'sabdenov_abdrakhmanova', d.source_code, d.finding_code""",
    "countries": f"""
        select {COUNTRY}, c.country_iso2 as "ISO 3166-1 alpha-2", c.m49_code as "UN M49", c.region_name as "Region en",
            c.subregion_name as "Subregion *", is_un_member as "Member of the UN", is_landlocked as "Landlocked",
            is_lldc as "Landlocked developing country", is_ldc as "Least developed country",
            is_sids as "Small island developing state"
        from marts.dim_countries as c order by c.name_en, c.country_code""",
    "sources": """
        select source_code as "Code", title as "Title *", publisher as "Publisher *", licence as "Licence", url as "Address",
            accessed_on as "Accessed on", copied_by as "Copy taken by", citation as "Citation"
        from marts.dim_sources order by source_code""",
}  # fmt: skip


def assert_same(path: Path, release: duckdb.DuckDBPyConnection) -> None:
    """Check that a workbook has every sheet, and that every cell of a table is that of the database."""
    assert [*cells(path)] == SHEETS
    said = {translator.language: translator for translator in workbook.translators(Catalog(release))}
    for name, query in TABLES.items():
        expected = []
        for row in asked(release, query):
            flat = {}
            for head, value in row.items():
                if head.endswith("*"):
                    for language, translator in said.items():
                        text = translator.say(value)
                        flat[head.replace("*", language)] = "" if value in translator.missing else text
                else:
                    flat[head] = plain(value)
            expected.append(flat)
        found = [{head: cell for head, cell in row.items() if head in expected[0]} for row in read(path, name)]
        if name == "usage":  # thousands of rows: equal sets say less than lists, but compare in seconds
            assert len(found) == len(expected)
            found, expected = ([*map(tuple_of, rows)] for rows in (found, expected))  # type: ignore[assignment]
            assert set(found) == set(expected)
            continue
        assert expected, name
        for ours, theirs in zip(found, expected, strict=True):
            assert ours == theirs, name
    for name, codes in [*((code, (code,)) for code in SURVEY), ("GTMI", GOVTECH), ("internet", INTERNET)]:
        assert_editions(path, release, name, codes)


def tuple_of(row: Row) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(row.items()))


def assert_editions(path: Path, release: duckdb.DuckDBPyConnection, name: str, codes: Sequence[str]) -> None:
    """Check the sheet of these indicators: one row a country, or a country and an indicator, and one column an edition."""
    figures = asked(release, f"from reports.rpt_index_values where list_contains({list(codes)}, indicator_code)")
    rank = "published_rank" if name == "EGDI" else "rank_by_value"
    expected: dict[tuple[str, ...], Row] = {}
    for figure in figures:
        key = (figure["country_code"], figure["indicator_code"]) if name == "internet" else (figure["country_code"],)
        head = f"{figure['indicator_code']} {figure['period_code']}" if name == "GTMI" else figure["period_code"]
        row = expected.setdefault(key, {f"Country {language}": figure[f"country_name_{language}"] for language in LANGUAGES})
        row[head] = plain(figure["value"])
        if name != "internet":
            row[f"Rank {head}"] = plain(figure[rank])
    found = {}
    for row in read(path, name):
        key = (row.pop("Code"), row.pop("Indicator")) if name == "internet" else (row.pop("Code"),)
        row = {head: cell for head, cell in row.items() if not head.startswith(("Region", "Name of"))}
        assert key not in found
        found[key] = row
    assert found.keys() == expected.keys()
    heads = {head for row in expected.values() for head in row}
    for key, row in found.items():
        assert row == dict.fromkeys(heads, "") | expected[key], (name, key)


def test_every_cell_is_that_of_the_database(built: Project, release: duckdb.DuckDBPyConnection) -> None:
    assert_same(built.current / "egov.xlsx", release)


@pytest.mark.browser
def test_libreoffice_reads_and_saves_every_cell(built: Project, release: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    program = shutil.which("soffice")
    need(program, "LibreOffice Calc (Debian's package libreoffice-calc)")
    said = subprocess.run(
        [
            str(program), f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "xlsx",
            "--outdir", str(tmp_path), str(built.current / "egov.xlsx"),
        ],
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    saved = tmp_path / "egov.xlsx"
    assert_same(saved, release)
    for number, name in enumerate(SHEETS, 1):
        assert_table(saved, number, name)


def assert_table(path: Path, number: int, name: str) -> None:
    """Check that a sheet has a filter and a print setup, and no formula but those that LibreOffice makes of truth values."""
    with ZipFile(path) as file:
        sheet = file.read(f"xl/worksheets/sheet{number}.xml").decode()  # as text: the largest takes long to parse
        book = ElementTree.fromstring(file.read("xl/workbook.xml"))
    assert {*re.findall("<f[ >].*?</f>", sheet)} <= {f'<f aca="false">{each}()</f>' for each in ("TRUE", "FALSE")}
    assert re.search('<pageSetup [^>]*orientation="landscape"', sheet)
    assert re.search('<pageSetup [^>]*paperSize="9"', sheet)
    if name == "readme":
        return
    assert re.search(f'<autoFilter ref="A1:[A-Z]+{sheet.count("<row ")}"', sheet)
    titles = [str(each.text) for each in book.findall(".//x:definedName", XML) if each.get("name") == "_xlnm.Print_Titles"]
    assert [title for title in titles if title.replace("'", "").replace("$", "").startswith(f"{name}!") and "$1:$1" in title]


@pytest.mark.parametrize("number", range(1, len(SHEETS) + 1), ids=SHEETS)
def test_a_sheet_is_a_table_to_filter_and_print(built: Project, number: int) -> None:
    path = built.current / "egov.xlsx"
    assert_table(path, number, SHEETS[number - 1])
    with ZipFile(path) as file, file.open(f"xl/worksheets/sheet{number}.xml") as sheet:
        frozen = re.search('<pane [^>]*ySplit="1" topLeftCell="[A-Z]+2" [^>]*state="frozen"', sheet.read(4000).decode())
    assert bool(frozen) == (number > 1), "LibreOffice without a window keeps no frozen heads: only the file itself shows them"


def test_a_head_says_the_same_in_three_languages(built: Project) -> None:
    plain_heads = re.compile(r"\d{4}|[A-Z]{4} \d{4}|ISO 3166-1 alpha-2|UN M49")
    for name in SHEETS[1:]:
        for head in cells(built.current / "egov.xlsx")[name][0]:
            text = str(int(head) if isinstance(head, float) else head)
            assert plain_heads.fullmatch(text) or len(text.removesuffix("\nEnglish").split("\n")) >= 3, (name, text)


def grounds(path: Path, number: int) -> dict[str, str]:
    """The colour of the ground of each cell of a sheet that has one, by its address."""
    with ZipFile(path) as file:
        styles = ElementTree.fromstring(file.read("xl/styles.xml"))
        sheet = ElementTree.fromstring(file.read(f"xl/worksheets/sheet{number}.xml"))
    fills = [fill.find(".//x:fgColor", XML) for fill in styles.findall("x:fills/x:fill", XML)]
    looks = [fills[int(look.get("fillId", 0))] for look in styles.findall("x:cellXfs/x:xf", XML)]
    found = {}
    for cell in sheet.findall(".//x:c", XML):
        colour = looks[int(cell.get("s", 0))]
        if colour is not None:
            found[cell.get("r", "")] = str(colour.get("rgb"))
    return found


def address(line: int, place: int) -> str:
    """The address of a cell as spreadsheets write it, from its row and column, counted from 0."""
    letters, place = "", place + 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{line + 1}"


@pytest.mark.parametrize("name", ["EGDI", "EPI", "internet"])
def test_a_missing_figure_is_marked_with_its_status(built: Project, release: duckdb.DuckDBPyConnection, name: str) -> None:
    path = built.current / "egov.xlsx"
    code = "INTERNET_USERS" if name == "internet" else name
    marked = grounds(path, SHEETS.index(name) + 1)
    heads, *rows = cells(path)[name]
    lines = {row[0]: line for line, row in reversed([*enumerate(rows, 1)])}
    missing = asked(release, f"from marts.fct_index_values where indicator_code = '{code}' and value is null")
    assert len(missing) > 50
    for figure in missing:
        at = address(lines[figure["country_code"]], heads.index(float(figure["period_code"])))
        colour = workbook.GROUNDS[figure["obs_status_code"]]
        assert marked.pop(at, None) == f"FF{colour[1:].upper()}", at
    assert {colour for at, colour in marked.items() if not re.fullmatch(r"[A-Z]+1", at)} == set(), "no other cell is marked"


def test_codes_are_text(built: Project) -> None:
    namibia = next(row for row in read(built.current / "egov.xlsx", "countries") if row["Code"] == "NAM")
    assert (namibia["ISO 3166-1 alpha-2"], namibia["UN M49"]) == ("NA", "516")
    periods = {row["Period"] for row in read(built.current / "egov.xlsx", "usage")}
    assert {"2017", "2019-01", "2018-04-01/P1Y"} <= periods, "a year beside months and fiscal years is a code"


def test_days_are_dates(built: Project) -> None:
    sheets = {name: read(built.current / "egov.xlsx", name) for name in ("usage", "sources")}
    days = [row[head] for head in ("From", "To") for row in sheets["usage"]]
    days += [row["Accessed on"] for row in sheets["sources"]]
    assert {type(day) for day in days if day != ""} == {date}


def test_small_numbers_do_not_look_like_zero(built: Project, release: duckdb.DuckDBPyConnection) -> None:
    path = built.current / "egov.xlsx"
    with ZipFile(path) as file:
        styles = ElementTree.fromstring(file.read("xl/styles.xml"))
        sheet = ElementTree.fromstring(file.read(f"xl/worksheets/sheet{SHEETS.index('internet') + 1}.xml"))
    formats = {each.get("numFmtId"): each.get("formatCode", "") for each in styles.findall("x:numFmts/x:numFmt", XML)}
    formats |= {"0": "General", "1": "0", "2": "0.00"}
    looks = [formats[look.get("numFmtId", "0")] for look in styles.findall("x:cellXfs/x:xf", XML)]
    shown = []
    for cell in sheet.findall(".//x:row[@spans]/x:c", XML):
        value = cell.find("x:v", XML)
        if cell.get("t") is None and value is not None:
            shown.append((Decimal(str(value.text)), len(looks[int(cell.get("s", 0))].partition(".")[2])))
    assert len(shown) > 5000
    assert [value for value, decimals in shown if value and not round(value, decimals)] == []


FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", '=HYPERLINK("https://evil.example")', "＝1+1", "0123", "1e5", "true"]


def test_text_that_looks_like_a_formula_stays_text(draft: Any, tmp_path: Path) -> None:  # noqa: F811
    """Also a number, a link or a date: a text is written as it is."""
    path = tmp_path / "egov.xlsx"
    with duckdb.connect(str(draft.folder / "egov.duckdb")) as connection:
        codes = [code for (code,) in connection.execute("select claim_code from reports.rpt_claims order by 1").fetchall()]
        for code, text in zip(codes, FORMULAS, strict=False):
            connection.execute("update reports.rpt_claims set evidence = ? where claim_code = ?", [text, code])
        catalog = Catalog(connection)
        workbook.write_workbook(draft, catalog, workbook.translators(catalog), path)
    rows = read(path, "claims")
    assert [row["Rows looked at"] for row in rows[: len(FORMULAS)]] == FORMULAS
    with ZipFile(path) as file:
        sheet = ElementTree.fromstring(file.read(f"xl/worksheets/sheet{SHEETS.index('claims') + 1}.xml"))
        styles = ElementTree.fromstring(file.read("xl/styles.xml"))
        links = file.read(f"xl/worksheets/_rels/sheet{len(SHEETS)}.xml.rels").decode()
    assert sheet.findall(".//x:f", XML) == []
    quoted = [look.get("quotePrefix") == "1" for look in styles.findall("x:cellXfs/x:xf", XML)]
    last = [row.findall("x:c", XML)[-1] for row in sheet.findall(".//x:row", XML)[1 : len(FORMULAS) + 1]]
    assert [quoted[int(cell.get("s", 0))] for cell in last] == [text[0] in "=+-@\t＝" for text in FORMULAS]
    assert re.findall(r'Target="(?!https?://)', links) == []


def test_a_text_that_no_cell_can_hold_stops_the_build(draft: Any, tmp_path: Path) -> None:  # noqa: F811
    with duckdb.connect(str(draft.folder / "egov.duckdb")) as connection:
        connection.execute("update reports.rpt_claims set evidence = repeat('x', 32768)")
        catalog = Catalog(connection)
        with pytest.raises(EgovError, match="sheet claims, row 2, column 21: a spreadsheet cannot hold 'xxx"):
            workbook.write_workbook(draft, catalog, workbook.translators(catalog), tmp_path / "egov.xlsx")


def written(project: Project, path: Path, **changes: Any) -> dict[str, bytes]:
    """The parts of the workbook of a published release that is written again."""
    with connect.connect(project.published_file) as release:
        catalog = Catalog(release)
        workbook.write_workbook(replace(current_draft(project), **changes), catalog, workbook.translators(catalog), path)
    with ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def test_a_release_has_one_workbook(built: Project, tmp_path: Path) -> None:
    first = written(built, tmp_path / "first.xlsx")
    assert (tmp_path / "first.xlsx").read_bytes() == (built.current / "egov.xlsx").read_bytes()
    release = current_draft(built)
    again = written(built, tmp_path / "again.xlsx", release_id="another", built_at=release.built_at + timedelta(days=400))
    theirs, ours = release.release_id.encode(), b"another"
    differing = {name for name in first if again[name] != first[name].replace(theirs, ours)}
    assert differing <= {"docProps/core.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"}
    core = again["docProps/core.xml"].decode()
    assert f"{release.built_at + timedelta(days=400):%Y-%m-%dT%H:%M:%SZ}" in core


def test_the_readme_names_its_release_and_every_sheet(built: Project) -> None:
    rows = cells(built.current / "egov.xlsx")["readme"]
    release = current_draft(built)
    values = [row[0] for row in rows]
    assert release.release_id in values
    assert release.built_at.replace(tzinfo=None, microsecond=0) in [each for each in values if isinstance(each, datetime)]
    assert any(str(value).endswith(f"release {release.release_id}.") for value in values)
    assert [value for value in values if value in SHEETS] == SHEETS[1:]
    assert [value for value in values if value in workbook.GROUNDS] == ["L", "M", "O", "U"]


@EDITIONS
def test_every_text_of_the_workbook_is_translated(request: pytest.FixtureRequest, editions: str, tmp_path: Path) -> None:
    project: Project = request.getfixturevalue(editions)
    for translator in heard_in_workbook(project, tmp_path / "egov.xlsx"):
        assert translator.missing == set(), translator.language
        ways = {text: translator.sayings(text) for text in translator.asked if text} if translator.language != "en" else {}
        assert {text: found for text, found in ways.items() if len(found) != 1} == {}, "each text must have one translation"
