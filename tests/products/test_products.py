"""What people take away from a release: it is whole, it says what the database says, and it comes with the release or not at all."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from frictionless import Package, Report

from pipelines import products
from pipelines.products import description, report, tables
from pipelines.products.contract import Extra, File, Product
from pipelines.project import EgovError, Project
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
    """A release in the making whose database is that of the published one, with no product made yet."""
    folder = tmp_path / "draft"
    folder.mkdir()
    shutil.copy(built.published_file, folder / "egov.duckdb")
    return replace(current_draft(built), folder=folder)


def test_every_table_is_there_in_both_formats(built: Project, release: duckdb.DuckDBPyConnection) -> None:
    for table in read_tables(release, PUBLIC_SCHEMAS):
        rows = release.execute(f"from {table.full_name} order by {', '.join(table.primary_key)}").fetchall()
        with duckdb.connect() as plain:
            parquet = plain.execute(f"from '{built.current}/parquet/{table.name}.parquet'")
            assert [column[0] for column in parquet.description or []] == [column.name for column in table.columns]
            assert parquet.fetchall() == rows, table.name
            types = plain.execute(f"describe from '{built.current}/parquet/{table.name}.parquet'").fetchall()
            assert [kind for _, kind, *_ in types] == [column.data_type for column in table.columns], table.name
        content = (built.current / "csv" / f"{table.name}.csv").read_bytes()
        assert content.count(b"\r\n") > len(rows), "RFC 4180: every record ends with CRLF"
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
    assert len(package["resources"]) == 2 * len(list((built.current / "csv").iterdir()))
    assert any(resource.get("schema", {}).get("foreignKeys") for resource in package["resources"])
    assert {source["name"] for source in package["sources"]} >= {"sabdenov_abdrakhmanova", "un_egov_survey", "wb_wdi"}


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
        ("fct_service_usage", ["SERVICE", "USAGE_MEASURE", "PERIOD"], "usage_count"),
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
        columns = {"REF_AREA": "country_code", "INDICATOR": "indicator_code", "TIME_PERIOD": "period_code"} | {
            "SERVICE": "service_code", "USAGE_MEASURE": "measure_code", "PERIOD": "period_code",
        }  # fmt: skip
        served = {
            tuple(row[:3]): row[3]
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
    """A product that nobody knows: a file per table, a file of its own, and a page to read."""

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
    seconds = products.make(draft, lambda done, of: None, [Product("lines", files, write)])
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
    with pytest.raises(EgovError, match="the product words left other files than it declares, nothing is published: "):
        products.make(draft, lambda done, of: None, [product])


def test_every_file_of_a_release_is_declared_by_a_product(built: Project, release: duckdb.DuckDBPyConnection) -> None:
    made = products.every()
    declared = [
        path
        for product in [*made, description.product(made)]
        for file in product.files
        for path in file.paths(Catalog(release).tables)
    ]
    assert len(declared) == len(set(declared))
    found = {path.relative_to(built.current).as_posix() for path in built.current.rglob("*") if path.is_file()}
    assert found == {*declared, "egov.duckdb", "release.json"}


def test_every_text_of_the_report_is_translated(built: Project, release: duckdb.DuckDBPyConnection) -> None:
    translators = [report.Translator(language) for language in report.LANGUAGES]
    page = report.page(current_draft(built), Catalog(release), translators)
    for translator in translators:
        assert translator.missing == set(), translator.language
    russian, kazakh = translators[1].known, translators[2].known
    assert set(russian) == set(kazakh)
    number = re.compile(r"\d+(?:[.,]\d+)*")
    for text in russian:
        for known in (russian, kazakh):
            assert sorted(number.findall(text)) == sorted(number.findall(known[text])), text
    assert len(page) == len((built.current / "report" / "index.html").read_text(encoding="utf-8"))


def test_a_text_without_a_translation_says_that_it_is_english() -> None:
    translator = report.Translator("kk")
    assert (
        translator.mark("A claim that nobody translated & more")
        == '<span lang="en">A claim that nobody translated &amp; more</span>'
    )
    assert translator.missing == {"A claim that nobody translated & more"}
    assert translator.mark("0.8375") == "0.8375"
    assert translator.mark(None) == ""


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


def test_the_catalogs_hold_nothing_that_is_said_no_more(built: Project, release: duckdb.DuckDBPyConnection) -> None:
    spoken: set[str] = set()

    class Listener(report.Translator):
        def say(self, text: str | None) -> str:
            spoken.add(text or "")
            return super().say(text)

    report.page(current_draft(built), Catalog(release), [Listener("ru")])
    assert set(report.Translator("ru").known) - spoken == set()
