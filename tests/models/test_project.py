"""The dbt project keeps its own rules, read from the manifest that the build left."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pipelines.project import Project
from tests.helpers import ROOT

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


def test_every_model_has_its_key_tested(manifest: dict[str, Any]) -> None:
    tested = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and (node.get("test_metadata") or {}).get("name") == "primary_key"
    }
    assert [model["name"] for model in models(manifest) if model["unique_id"] not in tested] == []


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
        code = re.sub(r"--.*|'[^']*'", "", model["compiled_code"].replace('"egov".', "").lower())
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
    passing = [model for model in models(manifest) if layer(model) == "marts" and len(model["depends_on"]["nodes"]) == 1]
    assert len(passing) > 10
    for model in passing:
        (parent,) = model["refs"]
        assert model["raw_code"] == f"select * from {{{{ ref('{parent['name']}') }}}}", model["name"]


def test_every_layout_is_read_by_a_model(manifest: dict[str, Any]) -> None:
    """A file in a layout that no model reads would be held and never seen: the schema of the package lets none pass."""
    schema = json.loads((ROOT / "pipelines/intake/datapackage.schema.json").read_text(encoding="utf-8"))
    read = [layout for model in models(manifest) for layout in re.findall(r"union_layout\('(\w+)'", model["raw_code"])]
    assert sorted(read) == sorted(schema["$defs"]["resource"]["properties"]["house_layout"]["enum"])
