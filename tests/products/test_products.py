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
from pipelines.products import description, explore, report, tables
from pipelines.products.contract import Extra, File, Product
from pipelines.products.pages.translator import Saying, Translator
from pipelines.products.report import charts
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
    dataset = json.loads((built.current / "dcat.jsonld").read_text(encoding="utf-8"))
    assert dataset["version"] == release_id
    assert dataset["@type"] == ["Dataset", "dcat:Dataset"]
    assert 50 <= len(dataset["description"]) <= 5000
    assert release_id in dataset["creditText"]
    assert len(dataset["citation"]) == len(described(built)["sources"])
    for file in dataset["distribution"]:
        content = (built.current / file["contentUrl"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file["sha256"]


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

    files = (
        File("lines/{table}.jsonl", "application/jsonl"),
        File("all.zip", "application/zip"),
        File("all.html", "text/html", is_data=False),
    )
    made = [Product("lines", files, write)]
    seconds = products.make(draft, lambda *_: None, [*made, products.described(made)], draft.database)
    assert list(seconds) == ["lines", "description"]
    package = json.loads((draft.folder / "datapackage.json").read_text(encoding="utf-8"))
    resource = next(each for each in package["resources"] if each["name"] == "dim_countries-jsonl")
    assert (resource["path"], resource["mediatype"]) == ("lines/dim_countries.jsonl", "application/jsonl")
    assert resource["hash"] == f"sha256:{hashlib.sha256(b'{}').hexdigest()}"
    dataset = json.loads((draft.folder / "dcat.jsonld").read_text(encoding="utf-8"))
    offered = {each["contentUrl"]: each["encodingFormat"] for each in dataset["distribution"]}
    assert offered["all.zip"] == "application/zip"
    assert offered["lines/dim_countries.jsonl"] == "application/jsonl"
    assert len(offered) == len(package["resources"]) + 1
    assert "all.html" not in offered


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
    "Comparable with the edition before: a source says that nothing has changed.",
    "No source here says whether it can be compared with the edition before.",
    "The quotation is rounded to four decimals.",
    "The series that would settle it is not in the warehouse.",
    "The two differ, and no source says why.",
    "Up to {edition} the rank went from {first} to {last}; of {falls} falls none is larger than the median move. By {latest} it is {now}, with {later} later falls. Of {held} other rankings up to {edition_again}, Kazakhstan stands better at the end than at the start in {better}; not in: {worse_list}. Of {estimates} that are estimates, {clear} rose by more than twice their standard error. Falls there larger than the median move: {other_falls}.",
    "Weighed as {formula}; parts standardised among the states of the edition: read changes as changes of place.",
    "none",
    "{states} states: {state_list}. The cell is empty.",
}
# Numbers in texts that no edition changes: exhibits of the article, the surveyed ages, the ends of a scale.
FIXED = re.compile(r"\bTable \d|\b16 to 74\b|\b6 to 74\b|\bfrom 0 to 1(00)?\b|\bM49\b|\bmethod of 2022\b")


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
    assert [translator.missing for translator in translators] == [set(), set()]
    return [translator.used for translator in translators]


def heard(project: Project) -> tuple[str, list[Listener]]:
    """Make the report of a published release again. Returns it with its translators."""
    with connect.connect(project.published_file) as release:
        catalog = Catalog(release)
        listeners = [Listener(language, report.names(catalog, language)) for language in report.LANGUAGES]
        return report.page(current_draft(project), catalog, list(listeners)), listeners


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
def test_the_catalogs_hold_nothing_that_is_said_no_more(request: pytest.FixtureRequest, editions: str) -> None:
    project: Project = request.getfixturevalue(editions)
    _, (_, *listeners) = heard(project)
    for translator, used in zip(listeners, used_by_the_explorer(project), strict=True):
        said = {entry for text in translator.asked for saying in translator.sayings(text) for entry in saying.entries}
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
    'MADE_UP' as indicator_code, 'made_up' as source_code_b,
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
    assert "Ничей индекс: " in page
    assert page.count('<span lang="en">Figures of nobody</span>') == 3
    assert "лиц по определению made_up" in page
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
            figures = [sorted(number.findall(each.replace(",", "."))) for each in (text, known[text])]
            assert figures[0] == figures[1], text
            assert sorted(place.findall(text)) == sorted(set(place.findall(known[text]))), text


NAMES = {
    "Cambodia": "Камбоджа",
    "clinic_attachment": "Прикрепление к поликлинике",
    "wb_wdi": "wb_wdi",
    "very_high": "very_high",
}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rank 29 of 193", "29-е место из 193"),
        (
            "14 of 15 figures, the lowest 194343; between like periods from 0.77 to 1.69 times",
            "показателей: 14 из 15, наименьший — 194\u00a0343; кратность изменения между однородными периодами — от 0,77 до 1,69",
        ),
        ("launched between 2005-01-01 and 2006-12-31", "запущен в период с 2005-01-01 по 2006-12-31"),
        ("place 1 of 5 in 2017, place 2 of 4 in 2019-01", "1-е место из 5 за 2017, 2-е место из 4 за 2019-01"),
        ("place 2 of 43, behind AUT (rank 15)", "2-е место из 43, впереди: AUT (15-е место в рейтинге)"),
        ("clinic_attachment in 2020-01 in place 3, clinic_attachment in 2021 in place 1", "Прикрепление к поликлинике: 2020-01, 3-е место; Прикрепление к поликлинике: 2021, 1-е место"),
        ("The published EGDI of Cambodia fits neither the weights of the edition nor the plain mean of its published parts. Recomputed: 0.30172.", "Опубликованный EGDI (Камбоджа) не соответствует ни весам выпуска, ни простому среднему его опубликованных составляющих. При пересчете: 0,30172."),
        ("2018 0.7597 very_high", "2018 0.7597 very_high"),
        ("rank high of 193", None),
        ("place 1 of 5 in 2017, and that is all", None),
        ("The published EGDI of Atlantis fits neither the weights of the edition nor the plain mean of its published parts.", None),
    ],
)  # fmt: skip
def test_a_text_with_figures_is_a_template_with_values(text: str, said: str | None) -> None:
    translator = Translator("ru", NAMES)
    assert translator.say(text) == (said or text)
    assert translator.missing == (set() if said else {text})


def test_a_text_without_a_translation_says_that_it_is_english() -> None:
    translator = Translator("kk")
    assert (
        translator.mark("A claim that nobody translated & more")
        == '<span lang="en">A claim that nobody translated &amp; more</span>'
    )
    assert translator.missing == {"A claim that nobody translated & more"}
    assert translator.mark("0.8375") == "0.8375"
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
        assert claim.replace("'", "&#39;") in page
    assert not re.findall(r'(?:src|srcset|@import|url\()\s*=?\s*["\']?(?:https?:)?//', page), "nothing is loaded from elsewhere"
    assert len(page) < 2_600_000
