"""The dbt project keeps its own rules, read from the manifest that the build left."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from pipelines.intake.check import check
from pipelines.intake.package import file_hash, read_package, write_package
from pipelines.project import Project
from pipelines.releases import connect
from tests.helpers import ROOT, copy_project, egov

LAYERS = ["staging", "intermediate", "marts", "claims", "reports"]
# Constructs that DuckDB has and Spark has not: models stay in the SQL that both run.
NOT_PORTABLE = r"\b(qualify|unnest|strptime|strftime|arg_max|arg_min|list_\w+|exclude|pivot_wider)\b|::|\"\w+\""


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
    """The properties of a model stand beside it under its name; code lists share a file a folder, there is little to say of each."""
    for model in models(manifest):
        described = Path(model["patch_path"].removeprefix("egov://"))
        beside = Path(model["original_file_path"]).with_suffix(".yml")
        shared = beside.with_name(f"_{beside.parent.name}.yml")
        assert described in ((beside, shared) if beside.parent.name in ("codes", "datapackage") else (beside,)), model["name"]
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
    """What the contract of a model rules: kind and columns."""
    of_columns = {(rule["type"], (name,)) for name, column in model["columns"].items() for rule in column["constraints"]}
    return of_columns | {(rule["type"], tuple(rule["columns"])) for rule in model["constraints"]}


def test_every_public_table_has_a_key_and_facts_lead_back_to_a_cell(manifest: dict[str, Any]) -> None:
    for model in models(manifest):
        if layer(model) in ("marts", "reports"):
            assert [kind for kind, _ in constraints(model)].count("primary_key") == 1, model["name"]
        if model["name"].startswith("fct_"):
            assert {("not_null", ("source_cell_id",)), ("foreign_key", ("source_cell_id",))} <= constraints(model), model[
                "name"
            ]


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
    """Keys, references and lists of values stand in the contract; a table has one test node for the rules of its rows."""
    names: Counter[str] = Counter()
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test" and (kind := (node.get("test_metadata") or {}).get("name")):
            assert kind == "rules", node["name"]
            table = node["attached_node"].split(".")[-1]
            assert node["name"] == f"rules_of_{table}"
            names.update(list(node["test_metadata"]["kwargs"]["rules"]))
    assert len(names) > 20
    assert max(names.values()) == 1, "the name of a rule says which it is"


def test_unit_tests_pass(built: Project, manifest: dict[str, Any]) -> None:
    """They prove code: the first build of a warehouse runs them, and later ones if models, macros or versions have changed."""
    results = json.loads((built.root / "target/units/run_results.json").read_text(encoding="utf-8"))["results"]
    passed = {result["unique_id"] for result in results if result["status"] == "pass"}
    assert passed == set(manifest["unit_tests"])
    assert len(passed) > 30


def test_a_source_in_a_layout_needs_no_model(tmp_path: Path, release: duckdb.DuckDBPyConnection) -> None:
    """A made-up source that counts services, one of them as the article does, and one that gives a figure per country and year."""
    copy = copy_project(tmp_path)
    package = read_package(copy)
    figures = next(resource for resource in package["resources"] if resource.get("house_layout") == "figures")
    fields = ["country_code", "service_code", "measure_code", "channel_code", "agency_code", "period", "value", "note"]
    usage_rows = [
        "KAZ,address_certificate,certificates,,,2017,41,",
        "KAZ,address_certificate,certificates,paper,,2017,,not given",
        "UZB,address_certificate,certificates,,,2018-01,7,",
    ]
    added = {
        "usage": (",".join(fields), usage_rows, fields[:6]),
        "figures": (
            "country_code,indicator_code,published_code,country_name,published_indicator,period,value,note",
            ["KAZ,INTERNET_USERS,KAZ,Kazakhstan,x,1989,12.5,"],
            ["country_code", "indicator_code", "period"],
        ),
    }
    package["sources"].append({**package["sources"][0], "name": "tax_office", "standing": "publisher"})
    for layout, (header, rows, key) in added.items():
        path = copy.raw / f"tax_office/{layout}_2021.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
        described = [
            {"name": name, "type": "string", "description": name} | ({"printed": True} if name in ("value", "note") else {})
            for name in header.split(",")
        ]
        package["resources"].append(
            {
                **figures,
                "name": f"tax_office_{layout}_2021",
                "path": f"tax_office/{layout}_2021.csv",
                "sources": [{"name": "tax_office", "title": "Tax office"}],
                "series": f"tax_office_{layout}",
                "edition": "2021",
                "house_layout": layout,
                "locator": "row {row}",
                "hash": file_hash(path),
                "schema": {"fields": described, "primaryKey": key},
            }
        )
    write_package(copy, package)
    assert check(copy) == []
    done = egov(copy, "build")
    assert done.returncode == 0, done.stderr
    ours = "select * from marts.fct_service_usage where source_code <> 'tax_office' order by all"
    with connect.connect(copy.published_file) as connection:
        counted = connection.execute(
            "select service_usage_id, usage_count, obs_status_code from marts.fct_service_usage where source_code = 'tax_office' order by 1"
        ).fetchall()
        assert counted == [
            ("address_certificate.2017.certificates.KAZ.paper.tax_office", None, "O"),
            ("address_certificate.2017.certificates.KAZ.tax_office", 41, "A"),
            ("address_certificate.2018-01.certificates.UZB.tax_office", 7, "A"),
        ]
        observed = connection.execute(
            "select index_observation_id from marts.fct_index_observations where source_code = 'tax_office'"
        ).fetchall()
        assert observed == [("KAZ.INTERNET_USERS.1989.tax_office",)]
        for query in (
            ours,
            "select * from reports.rpt_article_table_3 order by all",
            "select claim_code, verdict, observed, note from reports.rpt_claims order by all",
            "select * from reports.rpt_discrepancies order by all",
        ):
            assert connection.execute(query).fetchall() == release.execute(query).fetchall(), query


# A made-up project with our macros: parents, and children that break every kind of rule that a contract has.
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
      - {name: kind, data_type: string, constraints: [{type: check, expression: "kind in ('x', 'y')"}]}
      - {name: note, data_type: string, constraints: [{type: not_null}]}
""",
    # what a table is made with on an engine that enforces nothing
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
        done = subprocess.run(
            [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "run", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout

    code, said = dbt("--vars", "prove_contracts: by_rows")
    assert code == 1
    for broken in (
        "marts.children breaks primary key on id: rows 1, as 1",
        "marts.children breaks foreign key on parent_id: rows 1, as 3",
        "marts.children breaks check on kind: rows 1, as z",
        "marts.children breaks not null on note: rows 1",
    ):
        assert broken in said
    assert "marts.parents breaks" not in said
    code, said = dbt()
    assert code == 1, "on DuckDB the constraints have to be there"
    for missing in (
        "parents has no primary key on id",
        "children has no check on kind",
        "children has no foreign key on parent_id",
    ):
        assert f"marts.{missing}" in said
    (tmp_path / "macros/no_constraints.sql").unlink()
    (tmp_path / "models/children.sql").write_text(
        "select 1 as id, 1 as parent_id, 'x' as kind, 'said' as note from {{ ref('parents') }}"
    )
    code, said = dbt()
    assert code == 1
    assert "duplicate key" in said.lower(), "the constraint itself refuses the row"
    (tmp_path / "models/children.sql").write_text(
        "select id, id as parent_id, 'x' as kind, 'said' as note from {{ ref('parents') }}", encoding="utf-8"
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
        "claims": r"claims_[a-z0-9_]+$",
        "reports": r"rpt_[a-z0-9_]+$",
    }
    assert {layer(model) for model in models(manifest)} == set(LAYERS)
    for model in models(manifest):
        assert re.match(patterns[layer(model)], model["name"]), model["name"]
        assert model["schema"] == layer(model), "folder, schema and prefix say the same"


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
    }  # fmt: skip
    assert with_logic <= tested


def test_sources_are_the_raw_files(manifest: dict[str, Any], built: Project) -> None:
    described = {source["identifier"] for source in manifest["sources"].values()}
    package = json.loads(built.package_file.read_text(encoding="utf-8"))
    # files of a layout are found by union_layout, so that a new one needs no change of the models
    listed = {resource["name"] for resource in package["resources"] if "series" not in resource}
    assert listed <= described


def test_marts_that_pass_on_name_no_column(manifest: dict[str, Any]) -> None:
    """The contract says which columns a mart has; said again in its SQL they would be in two places."""
    marts = [model["raw_code"] for model in models(manifest) if layer(model) == "marts"]
    passing = [code for code in marts if len(re.findall(r"\bref\(", code)) == 1]
    assert len(passing) > 10
    assert [code for code in passing if not re.fullmatch(r"select \* from {{ ref\('\w+'\) }}", code)] == []


def test_every_layout_is_read_by_a_model(manifest: dict[str, Any]) -> None:
    """A file in a layout that no model reads would be held and never seen: the schema of the package lets none pass."""
    schema = json.loads((ROOT / "pipelines/intake/datapackage.schema.json").read_text(encoding="utf-8"))
    read = [layout for model in models(manifest) for layout in re.findall(r"union_layout\(\s*'(\w+)'", model["raw_code"])]
    assert sorted(read) == sorted(schema["$defs"]["resource"]["properties"]["house_layout"]["enum"])
