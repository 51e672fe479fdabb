"""The products of a release: they are complete, agree with the database, and are published with the release or not at all."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from frictionless import Package, Report

from pipelines import products
from pipelines.products import description, explore, report, tables, workbook
from pipelines.products.contract import Extra, File, Product
from pipelines.products.pages import figures
from pipelines.products.pages.translator import Saying, Translator
from pipelines.products.report import charts, findings
from pipelines.project import EgovError, Project
from pipelines.releases import connect
from pipelines.releases.catalog import PUBLIC_SCHEMAS, Catalog, Column, Table, read_tables
from pipelines.releases.draft import Draft
from tests.helpers import current_draft, egov, quick


def without_ink(draft: Draft, catalog: Catalog) -> None:
    raise ValueError("no ink")


def on_a_full_disk(draft: Draft, catalog: Catalog) -> None:
    raise OSError(28, "No space left on device", str(draft.folder / "codebook.csv"))


BROKEN_CODEBOOK = Product("codebook", (), without_ink)
FULL_DISK = Product("codebook", (), on_a_full_disk)
NO_PYSDMX = Product("sdmx", (), without_ink, Extra("sdmx", "a_package_that_is_not_installed"))


def described(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project.current / "datapackage.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture
def draft(built: Project, tmp_path: Path) -> Draft:
    """A draft release with the database of the published release and no products yet."""
    folder = tmp_path / "draft"
    folder.mkdir()
    shutil.copy(built.published_file, folder / "egov.duckdb")
    return replace(current_draft(built), folder=folder)


def test_every_table_is_there_in_both_formats(built: Project, release: duckdb.DuckDBPyConnection) -> None:
    for table in read_tables(release, PUBLIC_SCHEMAS):
        rows = release.execute(f"from {table.full_name} order by {', '.join(table.primary_key) or 'all'}").fetchall()
        with duckdb.connect() as plain:
            parquet = plain.execute(f"from '{built.current}/parquet/{table.name}.parquet'")
            assert [column[0] for column in parquet.description or []] == [column.name for column in table.columns]
            assert parquet.fetchall() == rows, table.name
            types = plain.execute(f"describe from '{built.current}/parquet/{table.name}.parquet'").fetchall()
            assert [kind for _, kind, *_ in types] == [column.data_type for column in table.columns], table.name
        content = (built.current / "csv" / f"{table.name}.csv").read_bytes()
        assert content.count(b"\r\n") > len(rows), "RFC 4180: every record must end with CRLF"
        with open(built.current / "csv" / f"{table.name}.csv", encoding="utf-8", newline="") as file:
            header, *printed = csv.reader(file)
        assert header == [column.name for column in table.columns]
        assert printed == [[as_csv(value) for value in row] for row in rows], table.name


def as_csv(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value) if not isinstance(value, Decimal) else format(value, "f")


def test_the_data_package_is_valid(built: Project) -> None:
    checked: Report = Package(str(built.current / "datapackage.json")).validate()
    assert checked.valid, checked.flatten(["title", "row_number", "field_name", "message"])[:5]
    package = described(built)
    tables_of = len(list((built.current / "csv").iterdir()))
    formats = sum(file.is_per_table for product in products.every() for file in product.files)
    assert len(package["resources"]) == formats * tables_of
    assert any(resource.get("schema", {}).get("foreignKeys") for resource in package["resources"])
    assert {source["name"] for source in package["sources"]} >= {"sabdenov_abdrakhmanova", "un_egov_survey", "wb_wdi"}


def test_the_data_package_of_a_release_with_a_feed_is_valid(fed: Project) -> None:
    """A table of the feed is one resource for each of its files."""
    checked: Report = Package(str(fed.current / "datapackage.json")).validate()
    assert checked.valid, checked.flatten(["title", "row_number", "field_name", "message"])[:5]
    paths = [resource["path"] for resource in described(fed)["resources"]]
    assert len(paths) == len(set(paths))
    for name in ("fct_service_usage_daily", "rpt_service_usage_monthly"):
        files = sorted((fed.current / "parquet" / name).iterdir())
        assert [path for path in paths if name in path] == [f"parquet/{name}/{file.name}" for file in files]
        assert len(files) == 3


def test_every_product_names_its_release(built: Project) -> None:
    release_id = built.current.readlink().name
    assert described(built)["version"] == release_id
    page = (built.current / "report" / "index.html").read_text(encoding="utf-8")
    assert f'<meta name="release" content="{release_id}">' in page
    graph = json.loads((built.current / "dcat.jsonld").read_text(encoding="utf-8"))["@graph"]
    assert {node["dcat:version"] for node in graph if "dcat:version" in node} == {release_id}
    (dataset,) = (node for node in graph if node["@id"] == "#release")
    assert dataset["@type"] == ["dcat:Dataset", "schema:Dataset"]
    assert 50 <= len(dataset["schema:description"]) <= 5000
    assert release_id in dataset["schema:creditText"]
    assert {source["citation"] for source in described(built)["sources"]} <= set(dataset["schema:citation"])


def test_sdmx_can_be_read_against_its_structure(built: Project, release: duckdb.DuckDBPyConnection) -> None:
    from pysdmx.io import get_datasets

    folder = built.current / "sdmx"
    for table, key, value in (
        ("fct_index_values", ["REF_AREA", "INDICATOR", "TIME_PERIOD"], "value"),
        (
            "fct_service_usage",
            ["REF_AREA", "SERVICE", "USAGE_MEASURE", "CHANNEL", "AGENCY", "PERIOD", "SOURCE"],
            "usage_count",
        ),
        (
            "fct_indicator_breakdowns",
            ["REF_AREA", "REGION", "SEX", "AGE", "URBANISATION", "INDICATOR", "SOURCE", "TIME_PERIOD"],
            "value",
        ),
    ):
        (dataset,) = get_datasets(folder / f"{table}.csv", folder / "structure.xml")
        assert not isinstance(dataset.structure, str)
        components = dataset.structure.components
        assert list(dataset.data.columns) == [component.id for component in components]
        assert [component.id for component in components.dimensions] == key
        assert not dataset.data.duplicated(key).any()
        for component in components:
            held = set(dataset.data[component.id].dropna()) - {""}
            if component.local_codes:
                assert held <= {code.id for code in component.local_codes}, component.id
            if component.required and component.id != "OBS_VALUE":
                assert dataset.data[component.id].notna().all(), component.id
        columns = {
            "REF_AREA": "country_code", "INDICATOR": "indicator_code", "TIME_PERIOD": "period_code", "SOURCE": "source_code",
            "SERVICE": "service_code", "USAGE_MEASURE": "measure_code", "PERIOD": "replace(period_code, '/', '_')",
            "CHANNEL": "coalesce(channel_code, '_T')", "AGENCY": "coalesce(agency_code, '_Z')", "SEX": "coalesce(sex_code, '_T')",
            "REGION": "coalesce(region_code, '_T')", "AGE": "coalesce(age_code, '_T')",
            "URBANISATION": "coalesce(settlement_code, '_T')",
        }  # fmt: skip
        served = {
            tuple(row[:-1]): row[-1]
            for row in release.execute(
                f"select {', '.join(columns[part] for part in key)}, {value} from marts.{table}"
            ).fetchall()
        }
        with open(folder / f"{table}.csv", encoding="utf-8", newline="") as file:
            written = {
                tuple(row[part] for part in key): Decimal(row["OBS_VALUE"]) if row["OBS_VALUE"] else None
                for row in csv.DictReader(file)
            }
        assert written == served


def test_the_codebook_holds_the_whole_dictionary(built: Project, release: duckdb.DuckDBPyConnection) -> None:
    with open(built.current / "codebook.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    described = release.execute("select table_schema, table_name, column_name, description from meta.dictionary").fetchall()
    assert {tuple(row[name] for name in ("table_schema", "table_name", "column_name", "description")) for row in rows} == set(
        described
    )
    page = (built.current / "codebook.html").read_text(encoding="utf-8")
    for (code,) in release.execute("select indicator_code from marts.dim_indicators").fetchall():
        assert f"<td>{code}</td>" in page
    assert 'href="#dim_countries">dim_countries.country_code' in page


def test_lineage_is_one_file_that_says_nothing_of_the_run(built: Project, release: duckdb.DuckDBPyConnection) -> None:
    page = (built.current / "docs" / "index.html").read_text(encoding="utf-8")
    for words in ("model.egov.fct_index_values", "rpt_claims", "Country, ISO 3166-1 alpha-3."):
        assert words in page
    assert str(built.root) not in page
    latest = release.execute("select max(accessed_on) from marts.dim_sources").fetchall()[0][0]
    assert set(re.findall(r'"(?:generated_at|invocation_started_at)": ?"([^"]*)"', page)) == {f"{latest}T00:00:00Z"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=1+1", "'=1+1"), ("+SUM(A1)", "'+SUM(A1)"), ("@cmd", "'@cmd"), ("-2+3", "'-2+3"), ("\t=1", "'\t=1"), ("＝1+1", "'＝1+1"),
        ("-0.25", "-0.25"), ("+7", "+7"), ("plain", "plain"), ("a=b", "a=b"), ('"quoted", with a\nline', '"quoted", with a\nline'),
    ],
)  # fmt: skip
def test_formulas_are_exported_as_text(tmp_path: Path, text: str, expected: str) -> None:
    column = Column("word", "VARCHAR", False, None, "a word")
    table = Table("main", "words", "words", (column,), ())
    with duckdb.connect() as connection:
        connection.execute("create table words (word varchar not null)")
        connection.execute("insert into words values (?)", [text])
        tables.write_csv(connection, table, "from words", tmp_path / "words.csv")
    with open(tmp_path / "words.csv", encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["word"], [expected]]


def test_times_are_exported_in_utc(tmp_path: Path) -> None:
    """Otherwise two machines would make different bytes of one release."""
    column = Column("moment", "TIMESTAMP WITH TIME ZONE", True, None, "a time")
    table = Table("main", "times", "times", (column,), ())
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'Asia/Almaty'")
        connection.execute("create table times as select unnest(['2024-01-31 23:30:05-02'::timestamptz, null]) as moment")
        tables.write_csv(connection, table, "from times", tmp_path / "times.csv")
    assert (tmp_path / "times.csv").read_bytes() == b"moment\r\n2024-02-01T01:30:05Z\r\n\r\n"


def test_empty_text_beside_nulls_is_refused(tmp_path: Path) -> None:
    table = Table("main", "words", "words", (Column("word", "VARCHAR", True, None, "a word"),), ())
    with duckdb.connect() as connection:
        connection.execute("create table words as select unnest(['', null]) as word")
        with pytest.raises(Exception, match="words has empty text beside nulls"):
            tables.write_csv(connection, table, "from words", tmp_path / "words.csv")


@pytest.mark.parametrize(
    ("product", "message"),
    [
        (BROKEN_CODEBOOK, "the product codebook could not be made, nothing is published: ValueError: no ink"),
        (FULL_DISK, "No space left on device; the current release stays as it is"),
        (
            NO_PYSDMX,
            "the product sdmx needs a_package_that_is_not_installed, which is not installed: pip install 'egov-warehouse[sdmx]'",
        ),
    ],
)
def test_a_product_that_fails_fails_the_build(fresh: Project, product: Product, message: str) -> None:
    before = sorted(path.name for path in fresh.releases.iterdir())
    done = egov(fresh, "build", "--force", steps=quick(products=lambda: [product]))
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in fresh.releases.iterdir()) == before
    assert fresh.current.readlink().name in before


def test_a_new_format_is_described_by_what_it_declares(draft: Draft) -> None:
    """A product that the code does not know: one file per table, one single file, and one page to read."""

    def write(draft: Draft, catalog: Catalog) -> None:
        (draft.folder / "lines").mkdir()
        for table in catalog.tables:
            (draft.folder / "lines" / f"{table.name}.jsonl").write_text("{}", encoding="utf-8")
        (draft.folder / "all.zip").write_bytes(b"PK")
        (draft.folder / "all.html").write_text("<p>", encoding="utf-8")
        (draft.folder / "one.txt").write_text("one", encoding="utf-8")

    files = (
        File("lines/{table}.jsonl", "application/jsonl"),
        File("all.zip", "application/zip", title="Everything"),
        File("all.html", "text/html", is_data=False),
        File("one.txt", "text/plain", table="dim_countries"),
    )
    made = [Product("lines", files, write)]
    seconds = products.make(draft, lambda *_: None, [*made, products.described(made)], draft.database)
    assert list(seconds) == ["lines", "description"]
    package = json.loads((draft.folder / "datapackage.json").read_text(encoding="utf-8"))
    resource = next(each for each in package["resources"] if each["name"] == "dim_countries-jsonl")
    assert (resource["path"], resource["mediatype"]) == ("lines/dim_countries.jsonl", "application/jsonl")
    assert resource["hash"] == f"sha256:{hashlib.sha256(b'{}').hexdigest()}"
    graph = json.loads((draft.folder / "dcat.jsonld").read_text(encoding="utf-8"))["@graph"]
    datasets = {node["@id"]: node for node in graph if "dcat:distribution" in node}
    offered = {
        name: {each["dcat:downloadURL"]["@id"]: each["dct:title"] for each in dataset["dcat:distribution"]}
        for name, dataset in datasets.items()
    }
    assert offered["#marts.dim_countries"] == {"lines/dim_countries.jsonl": "lines/dim_countries.jsonl", "one.txt": "one.txt"}
    assert offered["#release"].keys() == {"all.zip", "datapackage.json", "egov.duckdb"}
    assert offered["#release"]["all.zip"] == "Everything"
    assert sum(map(len, offered.values())) == len(package["resources"]) + 4
    assert [page["@id"] for page in datasets["#release"]["foaf:page"]] == ["all.html"]


@pytest.mark.parametrize("left", [["words.csv"], ["words.txt", "more.txt"], []])
def test_a_product_leaves_the_files_that_it_declares(draft: Draft, left: list[str]) -> None:
    def write(draft: Draft, catalog: Catalog) -> None:
        for name in left:
            (draft.folder / name).write_text("words", encoding="utf-8")

    product = Product("words", (File("words.txt", "text/plain"),), write)
    with pytest.raises(EgovError, match="the product words did not write the files that it declares, nothing is published: "):
        products.make(draft, lambda *_: None, [product], draft.database)


@pytest.mark.parametrize("name", ["built", "fed"])
def test_every_file_of_a_release_is_declared_by_a_product(name: str, request: pytest.FixtureRequest) -> None:
    project: Project = request.getfixturevalue(name)
    made = products.every()
    with connect.connect(project.published_file) as connection:
        public = Catalog(connection).tables
    declared = [path for product in [*made, description.product(made)] for file in product.files for path in file.paths(public)]
    assert len(declared) == len(set(declared))
    found = {path.relative_to(project.current).as_posix() for path in project.current.rglob("*") if path.is_file()}
    assert found == {*declared, "egov.duckdb", "release.json"}


# A new edition changes the figures in the texts of the report, and may need translations that were not used before.
EDITIONS = pytest.mark.parametrize("editions", ["built", "next_edition"])
# Entries of the translation catalogs that today's figures do not use.
OF_OTHER_FIGURES = {
    "Among the landlocked developing countries Kazakhstan is in place {place} of {states}: in that wording the claim is wrong too.",
    "Claims by verdict",
    "Comparable with the edition before: a source says that nothing has changed.",
    "EGDI beside the means of four groups",
    "Every state in the latest edition",
    "Internet users in Kazakhstan",
    "No source here says whether it can be compared with the edition before.",
    "Rank in the UN E-Government Survey",
    "The quotation is rounded to four decimals.",
    "The series that would settle it is not in the warehouse.",
    "The three parts of the EGDI",
    "The two differ, and no source says why.",
    "Up to {edition} the rank went from {first} to {last}; of {falls} falls none is larger than the median move. By {latest} it is {now}, with {later} later falls. Of {held} other rankings up to {edition_again}, Kazakhstan stands better at the end than at the start in {better}; not in: {worse_list}. Of {estimates} that are estimates, {clear} rose by more than twice their standard error. Falls there larger than the median move: {other_falls}.",
    "Weighed as {formula}; parts standardised among the states of the edition: read changes as changes of place.",
    "none",
    "{states} states: {state_list}. The cell is empty.",
}
# Numbers in texts that no edition changes: exhibits of the article, the surveyed ages, the ends of a scale.
FIXED = re.compile(r"\bTable \d|\b16 to 74\b|\b6 to 74\b|\bfrom 0 to 1(00)?\b|\bM49\b|\bmethod of 2022\b|\bData360\b")


class Listener(Translator):
    """A translator that records the texts that it was asked to translate."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.asked: set[str] = set()

    def say(self, text: str | None) -> str:
        self.asked.add(text or "")
        return super().say(text)


class Quoting(Translator):
    """A translator that records the entries of the catalog that it used."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.used: set[str] = set()

    def sayings(self, text: str) -> list[Saying]:
        found = super().sayings(text)
        self.used.update(*(saying.entries for saying in found))
        return found


def used_by_the_explorer(project: Project) -> list[set[str]]:
    """Make the explorer of a published release again. Returns the entries that it used, for each language but English."""
    with connect.connect(project.published_file) as release:
        catalog = Catalog(release)
        translators = [Quoting(each.language, each.names) for each in explore.translators(catalog)]
        explore.page(current_draft(project), catalog, translators)
    assert [translator.missing for translator in translators] == [set(), set(), set()]
    return [translator.used for translator in translators[1:]]


def heard(project: Project) -> tuple[str, list[Listener]]:
    """Make the report of a published release again. Returns it with its translators."""
    with connect.connect(project.published_file) as release:
        catalog = Catalog(release)
        listeners = [Listener(language, report.names(catalog, language)) for language in report.LANGUAGES]
        return report.page(current_draft(project), catalog, list(listeners)), listeners


def heard_in_workbook(project: Project, path: Path) -> list[Listener]:
    """Write the workbook of a published release again. Returns its translators."""
    with connect.connect(project.published_file) as release:
        catalog = Catalog(release)
        listeners = [Listener(each.language, each.names) for each in workbook.translators(catalog)]
        workbook.write_workbook(current_draft(project), catalog, list(listeners), path)
    return listeners


@EDITIONS
def test_every_text_of_the_report_is_translated(request: pytest.FixtureRequest, editions: str) -> None:
    project: Project = request.getfixturevalue(editions)
    page, listeners = heard(project)
    assert ("2096: 1 / 193" in page) == (editions == "next_edition")
    for translator in listeners:
        assert translator.missing == set(), translator.language
    for translator in listeners[1:]:
        ways = {text: translator.sayings(text) for text in translator.asked if text}
        assert {text: found for text, found in ways.items() if len(found) != 1} == {}, "each text must have one translation"
    assert len(page) == len((project.current / "report" / "index.html").read_text(encoding="utf-8"))


@EDITIONS
def test_the_catalogs_hold_nothing_that_is_said_no_more(request: pytest.FixtureRequest, editions: str, tmp_path: Path) -> None:
    project: Project = request.getfixturevalue(editions)
    _, (_, *listeners) = heard(project)
    _, *others = heard_in_workbook(project, tmp_path / "egov.xlsx")
    for translator, other, used in zip(listeners, others, used_by_the_explorer(project), strict=True):
        asked = [(each, text) for each in (translator, other) for text in each.asked]
        said = {entry for each, text in asked for saying in each.sayings(text) for entry in saying.entries}
        assert set(translator.known) - said - used <= OF_OTHER_FIGURES
    assert set(translator.known) >= OF_OTHER_FIGURES


SOURCE_NOBODY_KNOWS = """
insert into marts.dim_sources select * replace ('made_up' as source_code, 'Figures of nobody' as title) from marts.dim_sources limit 1;
insert into marts.dim_indicators select * replace (
    'MADE_UP' as indicator_code, 'Index of nobody' as name_en, 'Ничей индекс' as name_ru, 'Ешкімнің индексі' as name_kk
) from marts.dim_indicators where indicator_code = 'EGDI';
insert into marts.dim_services select * replace ('made_up_service' as service_code, 'Service of nobody' as name_en)
    from marts.dim_services limit 1;
insert into marts.fct_service_usage select * replace (
    'made_up_service.2017.uses' as service_usage_id, 'made_up_service' as service_code, 'made_up' as source_code
) from marts.fct_service_usage where period_code = '2017' limit 1;
insert into reports.rpt_service_usage_comparable select * replace (
    'made_up_service.2017.uses' as service_usage_id, 'made_up_service' as service_code
) from reports.rpt_service_usage_comparable where period_code = '2017' limit 1;
insert into reports.rpt_source_reconciliation select * replace (
    'MADE_UP' as indicator_code, 'made_up' as source_code_b, 1 as difference,
    'Perhaps another base: the first counts people aged 16 to 74, the second people as made_up defines them, in general of all ages.'
        as explanation
) from reports.rpt_source_reconciliation limit 1;
"""


def test_a_source_an_indicator_and_a_service_that_are_new_need_no_translation(draft: Draft) -> None:
    with duckdb.connect(str(draft.folder / "egov.duckdb")) as connection:
        connection.execute(SOURCE_NOBODY_KNOWS)
        catalog = Catalog(connection)
        translators = report.translators(catalog)
        page = report.page(draft, catalog, translators)
    assert [translator.missing for translator in translators] == [set(), set(), set()]
    assert '<th scope="row">Ничей индекс</th>' in page
    assert page.count('<span lang="en">Figures of nobody</span>') == 4, (
        "two languages, in a pair of sources and in the list of sources"
    )
    assert "лиц по определению источника «Figures of nobody»" in page
    assert "Service of nobody" not in page, "the report must show only the services of the article"


def test_no_figure_that_an_edition_changes_is_part_of_a_translated_text(built: Project) -> None:
    russian, kazakh = Translator("ru").known, Translator("kk").known
    assert set(russian) == set(kazakh)
    printed = set()
    for file in (built.raw / "article").glob("*.csv"):
        with open(file, encoding="utf-8", newline="") as lines:
            printed |= {cell for row in csv.reader(lines) for cell in row}
    number, place = re.compile(r"\d+(?:[.,]\d+)*"), re.compile(r"\{\w+\}")
    for text in russian:
        assert text in printed or not re.search(r"\d", FIXED.sub("", text)), text
        for known in (russian, kazakh):
            numbers = [
                sorted(number.findall(each.replace(",", ".")))
                for each in (re.sub(r"(?<=\d),(?=\d{3})|\b[a-z]+_\w+", "", text), known[text])
            ]
            assert numbers[0] == numbers[1], text
            assert sorted(place.findall(text)) == sorted(set(place.findall(known[text]))), text


NAMES = {
    "Cambodia": "Камбоджа",
    "AUT": "Австрия",
    "clinic_attachment": "Прикрепление к поликлинике",
    "high": "High",
    "very_high": "Very High",
    "wb_wdi": "World Development Indicators, IT.NET.USER.ZS",
}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rank 29 of 193", "29-е место из 193"),
        (
            "14 of 15 figures, the lowest 194343; between like periods from 0.77 to 1.69 times",
            "показателей: 14 из 15, наименьший — 194\u00a0343; кратность изменения между однородными периодами — от 0,77 до 1,69",
        ),
        ("launched between 2005-01-01 and 2006-12-31", "запущен в период с 1 января 2005 года по 31 декабря 2006 года"),
        ("place 1 of 5 in 2017, place 2 of 4 in 2019-01", "2017: 1-е место из 5, январь 2019 года: 2-е место из 4"),
        ("place 2 of 43, behind AUT (rank 15)", "2-е место из 43, впереди: Австрия (15-е место в рейтинге)"),
        ("clinic_attachment in 2020-01 in place 3, clinic_attachment in 2021 in place 1", "Прикрепление к поликлинике: январь 2020 года, 3-е место; Прикрепление к поликлинике: 2021, 1-е место"),
        ("The published EGDI of Cambodia fits neither the weights of the edition nor the plain mean of its published parts. Recomputed: 0.30172.", "Опубликованный EGDI (Камбоджа) не соответствует ни весам выпуска, ни простому среднему его опубликованных составляющих. При пересчёте: 0,30172."),
        ("2016 0.7250 high, 2018 0.7597 very_high", "2016 год: 0,7250, уровень высокий; 2018 год: 0,7597, уровень очень высокий"),
        ("Results, paragraphs 10-14; Tables 1 and 3", "Результаты, абзацы 10–14; таблицы 1 и 3"),
        ("Table 1, header row 1, column 5", "таблица 1, строка заголовка 1, столбец 5"),
        ("256440 people", "256\u00a0440 человек"),
        ("In 2021 Internet users were 93.3% of the population, its majority.", "В 2021 году пользователи Интернета составляли 93,3\u00a0% населения, то есть его большинство."),
        ("rank lofty of 193", None),
        ("place 1 of 5 in 2017, and that is all", None),
        ("The published EGDI of Atlantis fits neither the weights of the edition nor the plain mean of its published parts.", None),
    ],
)  # fmt: skip
def test_a_text_with_figures_is_a_template_with_values(text: str, said: str | None) -> None:
    translator = Translator("ru", NAMES)
    assert translator.say(text) == (said or text)
    assert translator.missing == (set() if said else {text})


def test_english_says_names_instead_of_codes() -> None:
    names = {"AUT": "Austria", "SOM": "Somalia", "PNG": "Papua New Guinea", "clinic_attachment": "Attachment to a clinic"}
    english = Translator("en", names)
    assert english.say("place 2 of 43, behind AUT (rank 15)") == "place 2 of 43, behind Austria (rank 15)"
    assert english.say("1 states: SOM. The cell is empty.") == "States: 1 (Somalia). The cell is empty."
    assert english.say("clinic_attachment in 2020-01 in place 3") == "Attachment to a clinic, January 2020: place 3"
    assert (
        english.say("12664835 certificates, 93.3% in a PNG of 2005-2006")
        == "12,664,835 certificates, 93.3% in a PNG of 2005–2006"
    )
    assert english.missing == set()
    assert set(english.known) <= set(Translator("ru").known)


def test_a_title_of_a_source_may_stay_in_its_language() -> None:
    russian = Translator("ru")
    assert russian.title("Not stated") == "не указано"
    assert russian.title("Figures & more") == '<span lang="en">Figures &amp; more</span>'
    assert russian.missing == set()
    assert Translator("en").title("Figures & more") == "Figures &amp; more"


@pytest.mark.parametrize(
    ("value", "decimals", "english", "russian"),
    [
        ("186816.5", 0, "186,817", "186\u00a0817"), ("186817.5", 0, "186,818", "186\u00a0818"), ("-2.5", 0, "-3", "-3"),
        ("0.00005", 4, "0.0001", "0,0001"), ("2.675", 2, "2.68", "2,68"), ("0.83125", 4, "0.8313", "0,8313"),
    ],
)  # fmt: skip
def test_a_figure_is_rounded_half_away_from_zero_as_sql_does(value: str, decimals: int, english: str, russian: str) -> None:
    assert figures.number(Decimal(value), decimals, "en") == english
    assert figures.number(Decimal(value), decimals, "ru") == russian
    assert figures.number(float(value), decimals, "en") == english, "a float counts as the decimal that it prints as"
    with duckdb.connect() as connection:
        by_sql = connection.execute(f"select round({value}::decimal(18, 6), {decimals})").fetchone()
    assert by_sql == (figures.rounded(Decimal(value), decimals),)


def test_a_missing_figure_is_a_dash_and_a_zero_a_zero() -> None:
    assert [figures.number(value, 2, "ru") for value in (None, 0, Decimal("0.00"))] == ["–", "0,00", "0,00"]
    assert figures.day(None, "kk") == "–"
    assert [figures.percent(Decimal("93.25"), 1, language) for language in report.LANGUAGES] == [
        "93.3%", "93,3\u00a0%", "93,3\u00a0%"
    ]  # fmt: skip


def found(ranks: tuple[int, int], egdi: list[tuple[str, str]], parts: dict[str, str], lldc: int, itu: str) -> dict[str, str]:
    """The titles of the findings of made-up figures. `egdi` and `parts`: Kazakhstan's figures where the world has 0.5."""
    means = [
        {"indicator_code": code, "group_code": "world", "period_code": period, "mean_value": Decimal("0.5"),
         "kazakhstan_value": Decimal(value)}
        for code, period, value in [("EGDI", *each) for each in egdi] + [(code, "2024", value) for code, value in parts.items()]
    ]  # fmt: skip
    facts: dict[str, charts.Rows] = {
        "history": [{"period_code": "2003", "rank": ranks[0]}, {"period_code": "2024", "rank": ranks[1]}],
        "means": means,
        "places": [
            {"group_code": "lldc", "kazakhstan_place": lldc, "states_assessed": 32},
            {"group_code": "landlocked", "kazakhstan_place": 2, "states_assessed": 43},
        ],
        "internet": [
            {"source_code": charts.ARTICLE, "period_code": "2021", "value": Decimal("93.3")},
            {"source_code": "itu_datahub", "period_code": "2021", "value": Decimal(itu)},
        ],
        "claims": [{"verdict": verdict} for verdict in ["contradicted"] * 2 + ["not_checkable"] * 3 + ["supported"]],
    }
    names = {"OSI": "Online Service Index", "TII": "Infrastructure Index", "HCI": "Human Capital Index"}
    return findings.titles(facts, names, charts.Style("en", charts.HALF), Translator("en").fill)


def test_a_title_says_what_the_figures_carry() -> None:
    rising = [("2003", "0.4"), ("2005", "0.6"), ("2008", "0.5"), ("2010", "0.51"), ("2024", "0.9")]
    assert found((83, 22), rising, {"OSI": "0.9", "TII": "0.8", "HCI": "0.6"}, 1, "90.85") == {
        "rank": "From 83rd to 22nd place between 2003 and 2024",
        "value": "Above the mean of the world in every edition since 2010",
        "standing": "First of 32 landlocked developing countries, 2nd of all 43 landlocked states",
        "parts": "All three parts are above the mean of the world; furthest: Online Service Index",
        "internet": "Internet users in 2021: 93.3% in the article, 90.9% in the series of the ITU",
        "verdicts": "Figures contradict 2 of the 6 claims of the article; 3 cannot be checked",
    }


def test_a_title_that_the_figures_do_not_carry_is_neutral() -> None:
    titles = found((22, 22), [("2003", "0.9"), ("2024", "0.5")], {"OSI": "0.9", "TII": "0.8", "HCI": "0.5"}, 2, "93.3")
    assert titles == {
        "rank": "Rank in the UN E-Government Survey",
        "value": "EGDI beside the means of four groups",
        "standing": "Every state in the latest edition",
        "parts": "The three parts of the EGDI",
        "internet": "Internet users in Kazakhstan",
        "verdicts": "Figures contradict 2 of the 6 claims of the article; 3 cannot be checked",
    }
    tied = found((22, 83), [("2024", "0.5")], {"OSI": "0.9", "TII": "0.9", "HCI": "0.6"}, 1, "93.3")
    assert (tied["rank"], tied["parts"]) == ("Rank in the UN E-Government Survey", "The three parts of the EGDI")


def test_a_figure_stands_where_no_line_crosses_it() -> None:
    assert charts._sides([83, 69, 65, 81, 46, 28, 33, 39, 29, 24]) == [
        "below", "left", "above", "below", "left", "above", "right", "below", "left", "above"
    ]  # fmt: skip


def test_names_beside_lines_do_not_overlap() -> None:
    rows = charts._beside([("a", "first name", 0.9), ("b", "second", 0.89), ("c", "third", 0.1)], charts.Words(), 300, 1, 6)
    assert [(row["series"], len(row["name_rows"]), row["top"]) for row in rows] == [("a", 2, 16), ("b", 1, 47), ("c", 1, 263)]


def test_a_text_without_a_translation_says_that_it_is_english() -> None:
    translator = Translator("kk")
    assert (
        translator.mark("A claim that nobody translated & more")
        == '<span lang="en">A claim that nobody translated &amp; more</span>'
    )
    assert translator.missing == {"A claim that nobody translated & more"}
    assert translator.mark("0.8375") == "0,8375"
    assert translator.mark(None) == ""


def test_languages_share_a_drawing_and_say_their_own_words() -> None:
    charts._drawn.cache_clear()
    drawn = {}
    for language, name in (("en", 'Not "assessed" & < 7'), ("ru", "Не оценивалось"), ("kk", "Бағаланбаған")):
        rows = [{"period_code": "2003", "status": "L", "name": name, "states": 1200}]
        drawn[language] = charts.missing(rows, charts.Style(language, charts.WIDE))
    assert charts._drawn.cache_info().misses == 1
    assert 'aria-label="2003, Not &quot;assessed&quot; &amp; &lt; 7: 1200"' in drawn["en"]
    assert 'aria-label="2003, Не оценивалось: 1200"' in drawn["ru"]
    assert ">1,000<" in drawn["en"]
    assert ">1\u00a0000<" in drawn["kk"]
    longer = [{"verdict": "supported", "name": "a name that is longer than one line of a phone", "claims": 1}]
    for rows in (longer, [{**longer[0], "name": "a name"}]):
        charts.verdicts(rows, charts.Style("en", charts.NARROW))
    assert charts._drawn.cache_info().misses == 3, "a name that needs two lines must get a new drawing"


def test_a_drawing_depends_on_nothing_that_was_drawn_before(built: Project) -> None:
    page, _ = heard(built)
    charts._drawn.cache_clear()
    assert heard(built)[0] == page
    ids = re.findall(r' id="([^"]+)"', page)
    assert [name for name, times in Counter(ids).items() if times > 1] == []
    assert len([name for name in ids if re.match(r"(en|ru|kk)-[0-9a-f]{8}-", name)]) > 10


def test_the_report_shows_the_figures_of_the_release(built: Project, release: duckdb.DuckDBPyConnection) -> None:
    page = (built.current / "report" / "index.html").read_text(encoding="utf-8")
    for rank, states, period in release.execute(
        "select rank, states_assessed, period_code from reports.rpt_rank_history where country_code = 'KAZ'"
    ).fetchall():
        assert page.count(f'aria-label="{period}: {rank} / {states}"') == 6, "three languages, two widths"
    for (claim,) in release.execute("select statement from reports.rpt_claims").fetchall():
        assert figures.in_text(claim, "en").replace("'", "&#39;") in page
    assert not re.findall(r'(?:src|srcset|@import|url\()\s*=?\s*["\']?(?:https?:)?//', page), "nothing is loaded from elsewhere"
    assert len(page.encode()) < 2_000_000, "the page must not grow"
