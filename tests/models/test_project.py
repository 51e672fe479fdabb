"""The dbt project follows its own rules; the tests read the manifest that the build left."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from pipelines.feed.register import FEED_FACT
from pipelines.project import Project
from pipelines.releases import store
from tests.helpers import ROOT

LAYERS = ["staging", "intermediate", "marts", "claims", "reports"]
# Constructs that DuckDB has and Spark lacks, and concat, which leaves out nulls on DuckDB only, as concat_ws does on both.
NOT_PORTABLE = r"\bconcat\(|\b(qualify|unnest|strptime|strftime|arg_max|arg_min|list_\w+|exclude|pivot_wider)\b|::|\"\w+\""


@pytest.fixture(scope="module")
def manifest(built: Project) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((built.root / "target/manifest.json").read_text(encoding="utf-8"))
    return loaded


def models(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def layer(node: dict[str, Any]) -> str:
    return str(node["path"]).split("/")[0]


def test_every_model_is_documented(manifest: dict[str, Any]) -> None:
    assert [model["name"] for model in models(manifest) if not model["description"].strip()] == []


def test_a_model_and_what_proves_it_stand_together(manifest: dict[str, Any]) -> None:
    """The properties of a model are in a file next to it with the same name; short ones share one file per folder."""
    for model in models(manifest):
        described = Path(model["patch_path"].removeprefix("egov://"))
        beside = Path(model["original_file_path"]).with_suffix(".yml")
        shared = beside.with_name(f"_{beside.parent.name}.yml")
        assert described in ((beside, shared) if beside.parent.name in ("codes", "datapackage", "feed") else (beside,)), model[
            "name"
        ]
    by_id = {model["unique_id"]: model for model in models(manifest)}
    for unit in manifest["unit_tests"].values():
        tested = by_id[unit["depends_on"]["nodes"][0]]
        assert f"egov://{unit['original_file_path']}" == tested["patch_path"], unit["name"]


def test_every_public_column_is_described_and_typed(manifest: dict[str, Any]) -> None:
    public = [model for model in models(manifest) if model["schema"] in ("marts", "reports")]
    assert len(public) > 25
    for model in public:
        assert model["config"]["contract"]["enforced"], model["name"]
        for column in model["columns"].values():
            assert column["description"].strip(), (model["name"], column["name"])
            assert column["data_type"], (model["name"], column["name"])


def constraints(model: dict[str, Any]) -> set[tuple[str, tuple[str, ...]]]:
    """The constraints in the contract of a model: kind and columns."""
    of_columns = {(rule["type"], (name,)) for name, column in model["columns"].items() for rule in column["constraints"]}
    return of_columns | {(rule["type"], tuple(rule["columns"])) for rule in model["constraints"]}


def test_every_public_table_has_a_key_and_facts_lead_back_to_a_cell(manifest: dict[str, Any]) -> None:
    """Except the two that hold the rows of the feed: they have no key, for their size, and lead back to a file and a row."""
    keyless = set()
    for model in models(manifest):
        rules = constraints(model)
        if layer(model) in ("marts", "reports"):
            keys = [kind for kind, _ in rules].count("primary_key")
            assert keys <= 1, model["name"]
            if keys == 0:
                keyless.add(model["name"])
        if model["name"] == FEED_FACT:
            assert {("not_null", ("feed_file_id",)), ("not_null", ("feed_row",))} <= rules
        elif model["name"].startswith("fct_"):
            assert {("not_null", ("source_cell_id",)), ("foreign_key", ("source_cell_id",))} <= rules, model["name"]
    assert keyless == {FEED_FACT, "rpt_service_usage_monthly"}


def test_only_models_of_the_feed_are_built_again_for_a_new_month(manifest: dict[str, Any]) -> None:
    """Whatever reads a model of the feed is tagged too: otherwise a build that takes the rest over would leave it as it was."""
    by_id = {model["unique_id"]: model for model in models(manifest)}
    tagged = {name for name, model in by_id.items() if "feed" in model["tags"]}
    assert {by_id[name]["name"] for name in tagged} >= {FEED_FACT, "dim_feed_files", "rpt_region_usage"}
    for name, model in by_id.items():
        assert name in tagged or not tagged & {*model["depends_on"]["nodes"]}, model["name"]
    for source in manifest["sources"].values():
        readers = {name for name, model in by_id.items() if source["unique_id"] in model["depends_on"]["nodes"]}
        if source["source_name"] in ("feed", "arrivals"):
            assert readers
            assert readers <= tagged, source["name"]


def test_every_constraint_of_a_contract_is_in_the_release(manifest: dict[str, Any], release: duckdb.DuckDBPyConnection) -> None:
    held = {
        (f"{schema}.{table}", kind.lower().replace(" ", "_"), tuple(columns))
        for schema, table, kind, columns in release.execute(
            "select schema_name, table_name, constraint_type, constraint_column_names from duckdb_constraints()"
        ).fetchall()
    }
    ruled = {
        (f"{model['schema']}.{model['name']}", kind, columns)
        for model in models(manifest)
        for kind, columns in constraints(model)
    }
    assert len(ruled) > 250
    assert ruled - held == set()


def test_a_rule_is_enforced_once(manifest: dict[str, Any]) -> None:
    """Keys, references and lists of values are in the contract; each table has at most one test node for its row rules."""
    names: Counter[str] = Counter()
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test" and (kind := (node.get("test_metadata") or {}).get("name")):
            assert kind == "rules", node["name"]
            table = node["attached_node"].split(".")[-1]
            assert node["name"] == f"rules_of_{table}"
            names.update(list(node["test_metadata"]["kwargs"]["rules"]))
    assert len(names) > 20
    assert max(names.values()) == 1, "the name of a rule must identify it"


def test_unit_tests_pass(built: Project, manifest: dict[str, Any]) -> None:
    """They prove code: the first build of a warehouse runs them, and later builds if models, macros or versions have changed."""
    data_tests = [node for node in manifest["nodes"] if node.startswith("test.")]
    assert len(manifest["unit_tests"]) > 30
    assert store.require_current(built).summary["tests_passed"] == len(data_tests) + len(manifest["unit_tests"])


# A made-up project that uses our macros. Its table `children` breaks every kind of rule that a contract can have.
MADE_UP = {
    "models/parents.sql": "select 1 as id, 'a' as name union all select 2 as id, 'b' as name",
    "models/children.sql": """
        select 1 as id, 1 as parent_id, 'x' as kind, 'said' as note from {{ ref('parents') }} where id = 1
        union all select 1 as id, 2 as parent_id, 'x' as kind, 'said' as note
        union all select 2 as id, 3 as parent_id, 'x' as kind, 'said' as note
        union all select 3 as id, 1 as parent_id, 'z' as kind, 'said' as note
        union all select 4 as id, 1 as parent_id, 'y' as kind, null as note
    """,
    "models/models.yml": """
models:
  - name: parents
    constraints: [{type: primary_key, columns: [id]}]
    columns:
      - {name: id, data_type: integer}
      - {name: name, data_type: string}
  - name: children
    constraints: [{type: primary_key, columns: [id]}]
    columns:
      - {name: id, data_type: integer}
      - {name: parent_id, data_type: integer, constraints: [{type: foreign_key, to: "ref('parents')", to_columns: [id]}]}
      - {name: kind, data_type: string, constraints: [{type: check, expression: "kind in ('x', 'y')"}, {type: unique}]}
      - {name: note, data_type: string, constraints: [{type: not_null}]}
""",
    # creates tables as on an engine that enforces nothing
    "macros/no_constraints.sql": """
{% macro duckdb__get_table_columns_and_constraints() %}
    ({% for column in model.columns.values() %}{{ column.name }} {{ column.data_type }}{{ ',' if not loop.last }}{% endfor %})
{% endmacro %}
""",
    "profiles.yml": "egov: {target: duckdb, outputs: {duckdb: {type: duckdb, path: egov.duckdb}}}",
}


def test_contracts_are_proved_where_nothing_enforces_them(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "macros", tmp_path / "macros")
    for name, text in MADE_UP.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    project["models"] = {"egov": {"+schema": "marts", "+materialized": "table", "+contract": {"enforced": True}}}
    (tmp_path / "dbt_project.yml").write_text(yaml.safe_dump(project), encoding="utf-8")

    def dbt(*arguments: str) -> tuple[int, str]:
        said = io.StringIO()
        with warnings.catch_warnings(), contextlib.chdir(tmp_path), contextlib.redirect_stdout(said):
            warnings.simplefilter("ignore")  # dbt's own
            done = dbtRunner().invoke(["--no-use-colors", "--log-level-file", "none", "run", *arguments])
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        return int(not done.success), said.getvalue()

    code, said = dbt("--vars", "prove_contracts: by_rows")
    assert code == 1
    for broken in (
        "marts.children breaks primary key on id (rows: 1, for example 1)",
        "marts.children breaks foreign key on parent_id (rows: 1, for example 3)",
        "marts.children breaks check on kind (rows: 1, for example z)",
        "marts.children breaks unique on kind (rows: 1, for example x)",
        "marts.children breaks not null on note (rows: 1",
    ):
        assert broken in said
    assert "marts.parents breaks" not in said
    code, said = dbt()
    assert code == 1, "on DuckDB the constraints must exist"
    for missing in (
        "parents has no primary key on id",
        "children has no check on kind",
        "children has no unique on kind",
        "children has no foreign key on parent_id",
    ):
        assert f"marts.{missing}" in said
    (tmp_path / "macros/no_constraints.sql").unlink()
    (tmp_path / "models/children.sql").write_text(
        "select 1 as id, 1 as parent_id, 'x' as kind, 'said' as note from {{ ref('parents') }}"
    )
    code, said = dbt()
    assert code == 1
    assert "duplicate key" in said.lower(), "the constraint itself must reject the row"
    (tmp_path / "models/children.sql").write_text(
        "select id, id as parent_id, case id when 1 then 'x' else 'y' end as kind, 'said' as note from {{ ref('parents') }}",
        encoding="utf-8",
    )
    assert dbt()[0] == 0


def test_public_numbers_have_a_unit(manifest: dict[str, Any]) -> None:
    for model in models(manifest):
        if model["schema"] not in ("marts", "reports"):
            continue
        for column in model["columns"].values():
            if re.match(r"decimal|bigint", column["data_type"]):
                unit = column["config"].get("meta", {}).get("unit") or column["meta"].get("unit")
                assert unit or model["name"] == "dim_levels", (model["name"], column["name"])


def test_layers_import_only_downwards(manifest: dict[str, Any]) -> None:
    by_id = {model["unique_id"]: model for model in models(manifest)}
    for model in by_id.values():
        for parent in model["depends_on"]["nodes"]:
            if parent.startswith("source."):
                assert layer(model) == "staging", model["name"]
            elif parent in by_id:
                assert LAYERS.index(layer(by_id[parent])) <= LAYERS.index(layer(model)), (model["name"], parent)


def test_staging_reads_one_source_and_joins_nothing(manifest: dict[str, Any]) -> None:
    for model in models(manifest):
        if layer(model) == "staging":
            assert len(model["depends_on"]["nodes"]) == 1, model["name"]
            assert not re.search(r"\bjoin\b", model["raw_code"]), model["name"]


def test_names_follow_the_layer(manifest: dict[str, Any]) -> None:
    patterns = {
        "staging": r"stg_[a-z0-9]+(_[a-z0-9]+)*__[a-z0-9_]+$",
        "intermediate": r"int_[a-z0-9_]+$",
        "marts": r"(dim|fct|bridge)_[a-z0-9_]+$",
        "claims": r"(claims|findings)_on_[a-z0-9_]+$",
        "reports": r"rpt_[a-z0-9_]+$",
    }
    assert {layer(model) for model in models(manifest)} == set(LAYERS)
    for model in models(manifest):
        assert re.match(patterns[layer(model)], model["name"]), model["name"]
        assert model["schema"] == layer(model), "folder, schema and prefix must agree"


def test_models_stay_in_portable_sql(manifest: dict[str, Any]) -> None:
    for model in models(manifest):
        code = re.sub(r"--.*|'[^']*'", "", re.sub(r'"(egov|work)"\.', "", model["compiled_code"]).lower())
        code = re.sub(r'"(\w+)"\."(\w+)"', r"\1.\2", code)
        found = re.search(NOT_PORTABLE, code)
        assert not found, (model["name"], found and found.group())


def test_no_relation_is_named_outright(manifest: dict[str, Any]) -> None:
    for model in models(manifest):
        assert not re.search(r"\b(from|join)\s+(raw|staging|marts|reports)\.", model["raw_code"]), model["name"]


def test_models_with_logic_have_unit_tests(manifest: dict[str, Any]) -> None:
    tested = {unit["model"] for unit in manifest["unit_tests"].values()}
    with_logic = {
        "stg_article__table_headers", "stg_article__table_1", "stg_article__table_3", "stg_article__events",
        "int_source_cells_located", "int_article_table_2_split", "int_index_observations_unioned",
        "int_index_values_chosen", "int_series_figures_unpivoted", "int_index_values_recomputed", "int_service_usage_unioned", "int_service_usage_periods_judged", "dim_periods",
        "dim_services", "int_countries_listed", "int_country_lists_dated", "int_country_groups_unioned", "int_index_editions_sized",
        "stg_codes__group_memberships", "dim_indicator_editions", "rpt_recomputation", "rpt_country_profile", "rpt_group_leaders",
        "rpt_revisions", "rpt_source_reconciliation", "int_service_usage_per_month", "claims_on_indices", "claims_on_services",
        "findings_on_usage", "findings_on_figures", "int_usage_vintages_ordered", "int_usage_channels_summed", "int_usage_totals_compared",
        "int_agencies_listed", "rpt_index_against_use", "rpt_service_usage_monthly", "rpt_region_usage", "rpt_feed_reconciliation",
    }  # fmt: skip
    assert with_logic <= tested


def test_sources_are_the_raw_files(manifest: dict[str, Any], built: Project) -> None:
    described = {source["identifier"] for source in manifest["sources"].values()}
    package = json.loads(built.package_file.read_text(encoding="utf-8"))
    # union_layout finds the files of a layout, so a new file needs no change in the models
    listed = {resource["name"] for resource in package["resources"] if "series" not in resource}
    assert listed <= described


def test_marts_that_pass_on_name_no_column(manifest: dict[str, Any]) -> None:
    """The contract lists the columns of a mart; listing them in its SQL as well would duplicate them."""
    marts = [model["raw_code"] for model in models(manifest) if layer(model) == "marts"]
    passing = [code for code in marts if len(re.findall(r"\bref\(", code)) == 1]
    assert len(passing) > 10
    assert [code for code in passing if not re.fullmatch(r"select \* from {{ ref\('\w+'\) }}", code)] == []


def test_every_layout_is_read_by_a_model(manifest: dict[str, Any]) -> None:
    """A file in a layout that no model reads would be stored and never used, so the package schema allows no such layout."""
    schema = json.loads((ROOT / "pipelines/intake/datapackage.schema.json").read_text(encoding="utf-8"))
    read = [layout for model in models(manifest) for layout in re.findall(r"union_layout\(\s*'(\w+)'", model["raw_code"])]
    assert sorted(read) == sorted(schema["$defs"]["resource"]["properties"]["house_layout"]["enum"])
