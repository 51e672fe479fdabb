"""Write the bundle that `superset import-dashboards` imports: one database, its datasets, charts and two dashboards.

    .venv/bin/python bi/superset/bundle.py duckdb bundle.zip
    .venv/bin/python bi/superset/bundle.py postgresql bundle.zip --uri postgresql+psycopg2://egov_reader@db.example.org/egov

The YAML files in this folder define the content in a short form. Columns, their types and their meanings come from the current
release, so they always match the contract. This script adds everything else that Superset's import format requires.
"""

from __future__ import annotations

import argparse
import sys
import uuid
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import duckdb
import yaml

from pipelines.project import EgovError, Project
from pipelines.releases import connect

HERE = Path(__file__).parent
VERSION = "1.0.0"  # of Superset's import format
DASHBOARDS = ("indices", "services")
# Superset shows this with a badge beside each metric.
CERTIFICATION = {
    "certified_by": "The tests of the e-government warehouse",
    "details": "Reads public tables, whose contracts and rules every build tests.",
}
SCHEMES = {"duckdb": ("duckdb",), "postgresql": ("postgresql", "postgresql+psycopg2")}


def bundle(engine: str, uri: str, release: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The documents of a bundle, by their paths in it.

    `uri` is the address at which Superset finds the warehouse; `release` is a connection from which the columns are read. The
    UUIDs never change, so an import updates the objects of an earlier import. Raises EgovError if `uri` does not fit the engine
    or holds a password.
    """
    _require_fitting(engine, uri)
    database = {**_source(f"databases/{engine}"), "sqlalchemy_uri": uri, **_identity("database", engine)}
    documents: dict[str, Any] = {
        "metadata.yaml": {"version": VERSION, "type": "Dashboard", "timestamp": datetime.now(UTC).isoformat()},
        f"databases/{engine}.yaml": database,
    }
    for name, source in _source("datasets").items():
        columns = list(_columns(release, source))
        documents[f"datasets/{engine}/{name}.yaml"] = _dataset(name, source, columns, _uuid("database", engine))
    chart_id = 0
    for dashboard in DASHBOARDS:
        source = _source(f"dashboards/{dashboard}")
        chart_ids = {}
        for name, chart in source["charts"].items():
            chart_id += 1
            chart_ids[name] = chart_id
            documents[f"charts/{dashboard}_{name}.yaml"] = _chart(dashboard, name, chart)
        documents[f"dashboards/{dashboard}.yaml"] = _dashboard(dashboard, source, chart_ids)
    return documents


def write(documents: dict[str, Any], path: Path) -> None:
    """Write a bundle as a zip archive that Superset can import."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, document in documents.items():
            archive.writestr(f"egov/{name}", yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120))


def _source(name: str) -> Any:
    return yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))


def _require_fitting(engine: str, uri: str) -> None:
    """Raise EgovError if `uri` has the wrong scheme or holds a password: bundles are shared and archived."""
    parts = urlsplit(uri)
    if parts.scheme not in SCHEMES[engine]:
        raise EgovError(f"the address for {engine} must begin with {' or '.join(SCHEMES[engine])}://", 2)
    if parts.password is not None or "password" in parse_qs(parts.query):
        raise EgovError(
            "the address holds a password, which a bundle must not: leave it out, and enter it in Superset after the import",
            2,
        )


def _identity(kind: str, name: str) -> dict[str, str]:
    return {"uuid": _uuid(kind, name), "version": VERSION}


def _uuid(kind: str, name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"egov-warehouse/superset/{kind}/{name}"))


def _columns(release: duckdb.DuckDBPyConnection, source: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The columns of a dataset as the release has them. Their meanings come from `source`, or else from the dictionary."""
    meanings = dict(
        release.execute(
            """select column_name, description || coalesce(' Unit: ' || unit || '.', '') from meta.dictionary
            where table_schema || '.' || table_name = ?""",
            [source.get("table")],
        ).fetchall()
    )
    meanings |= source.get("descriptions", {})
    labels = source.get("labels", {})
    calculated = source.get("calculated", {})
    found = release.execute(f"describe {source.get('sql') or 'from ' + source['table']}").fetchall()
    for name, kind in [*(row[:2] for row in found), *((name, "VARCHAR") for name in calculated)]:
        yield {
            "column_name": name,
            "verbose_name": labels.get(name) or name.replace("_", " ").capitalize(),
            "description": meanings[name],
            "expression": calculated.get(name),
            "type": kind,
            "is_dttm": kind == "DATE" or kind.startswith("TIMESTAMP"),
            "groupby": True,
            "filterable": True,
        }


def _dataset(name: str, source: dict[str, Any], columns: list[dict[str, Any]], database: str) -> dict[str, Any]:
    schema, _, table = ("", "", name) if "sql" in source else source["table"].rpartition(".")
    return {
        "table_name": table,
        "schema": schema or None,
        "sql": source.get("sql"),
        "description": source["description"],
        "filter_select_enabled": True,
        "columns": columns,
        "metrics": [
            {
                "metric_name": metric,
                "verbose_name": told["label"],
                "expression": told["expression"],
                "description": told["description"],
                "d3format": told["format"],
                "extra": {"certification": CERTIFICATION},
            }
            for metric, told in source["metrics"].items()
        ],
        "database_uuid": database,
        **_identity("dataset", name),
    }


def _chart(dashboard: str, name: str, source: dict[str, Any]) -> dict[str, Any]:
    return {
        "slice_name": source["title"],
        "description": source["description"],
        "viz_type": source["type"],
        # show text as text: by default, Superset renders a cell that looks like HTML as HTML
        "params": {"viz_type": source["type"], "allow_render_html": False, **source["params"]},
        "dataset_uuid": _uuid("dataset", source["dataset"]),
        **_identity("chart", f"{dashboard}/{name}"),
    }


def _dashboard(name: str, source: dict[str, Any], chart_ids: dict[str, int]) -> dict[str, Any]:
    return {
        "dashboard_title": source["title"],
        "description": source["description"],
        "slug": f"egov-{name}",
        "published": True,
        "css": (HERE / "dashboards.css").read_text(encoding="utf-8"),
        "position": _position(name, source, chart_ids),
        "metadata": {
            "cross_filters_enabled": True,
            **_clicks(source["charts"], chart_ids),
            "color_scheme": "supersetColors",
            "label_colors": source.get("colors", {}),
            "filter_bar_orientation": "HORIZONTAL",
            "native_filter_configuration": [_filter(name, told, chart_ids) for told in source["filters"]],
        },
        **_identity("dashboard", name),
    }


def _position(dashboard: str, source: dict[str, Any], chart_ids: dict[str, int]) -> dict[str, Any]:
    """The layout: rows from top to bottom. Each row holds its text, if it has one, and then its charts."""
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": source["title"]}},
    }

    def add(kind: str, name: str, meta: dict[str, Any], parents: list[str], children: list[str]) -> str:
        key = f"{kind}-{name}"
        position[key] = {"type": kind, "id": key, "meta": meta, "parents": parents, "children": children}
        return key

    rows = []
    for number, row in enumerate(source["rows"]):
        parents = ["ROOT_ID", "GRID_ID", f"ROW-{number}"]
        cells = []
        if text := row.get("text"):
            meta = {"width": text["width"], "height": row["height"], "code": text["markdown"]}
            cells.append(add("MARKDOWN", str(number), meta, parents, []))
        for name, width in row["charts"].items():
            meta = {
                "chartId": chart_ids[name],
                "sliceName": source["charts"][name]["title"],
                "uuid": _uuid("chart", f"{dashboard}/{name}"),
                "width": width,
                "height": row["height"],
            }
            cells.append(add("CHART", name, meta, parents, []))
        rows.append(add("ROW", str(number), {"background": "BACKGROUND_TRANSPARENT"}, parents[:2], cells))
    position["GRID_ID"] = {"type": "GRID", "id": "GRID_ID", "parents": ["ROOT_ID"], "children": rows}
    return position


def _clicks(charts: dict[str, Any], chart_ids: dict[str, int]) -> dict[str, Any]:
    """Which charts a click on a mark of a chart filters: those that the chart names in `click_filters`, otherwise none.

    Superset's own default is all of them. A chart that a filter already holds to one country would then be left without data by
    a click on any other.
    """

    def scope(reached: list[str]) -> dict[str, Any]:
        excluded = [number for name, number in chart_ids.items() if name not in reached]
        return {"scope": {"rootPath": ["ROOT_ID"], "excluded": excluded}}

    return {
        "global_chart_configuration": scope([]),
        "chart_configuration": {
            str(chart_ids[name]): {"id": chart_ids[name], "crossFilters": scope(chart["click_filters"])}
            for name, chart in charts.items()
            if "click_filters" in chart
        },
    }


def _filter(dashboard: str, source: dict[str, Any], chart_ids: dict[str, int]) -> dict[str, Any]:
    """A filter above the dashboard. Its default is a value, or `last`, which selects the last value in the current release.

    A filter that depends on another one offers only the values that go with the value chosen there.
    """
    default, column = source.get("default"), source["column"]
    preset: dict[str, Any] = {"extraFormData": {}, "filterState": {}, "ownState": {}}
    if default and default != "last":
        preset["extraFormData"] = {"filters": [{"col": column, "op": "IN", "val": [default]}]}
        preset["filterState"] = {"value": [default], "label": default}
    return {
        "id": _filter_id(dashboard, source["name"]),
        "type": "NATIVE_FILTER",
        "filterType": "filter_select",
        "name": source["name"],
        "description": source["description"],
        "targets": [{"column": {"name": column}, "datasetUuid": _uuid("dataset", source["dataset"])}],
        "defaultDataMask": preset,
        # makes the charts wait until the filter has found its value; otherwise they would first be drawn unfiltered
        "requiredFirst": default == "last",
        "controlValues": {
            "multiSelect": source.get("several", False),
            "defaultToFirstItem": default == "last",
            "sortAscending": default != "last",
            "enableEmptyFilter": default is not None,
            "inverseSelection": False,
            "searchAllOptions": False,
        },
        "scope": {
            "rootPath": ["ROOT_ID"],
            "excluded": [number for name, number in chart_ids.items() if name not in source["charts"]],
        },
        "cascadeParentIds": [_filter_id(dashboard, source["depends_on"])] if "depends_on" in source else [],
    }


def _filter_id(dashboard: str, name: str) -> str:
    return f"NATIVE_FILTER-{dashboard}-{name.lower().replace(' ', '-')}"


def main() -> None:
    """Run from the command line. An error that the user can fix ends in one message and an exit code."""
    parser = argparse.ArgumentParser(description="Write the bundle that `superset import-dashboards` imports.")
    parser.add_argument("engine", choices=list(SCHEMES), help="the database that Superset queries")
    parser.add_argument("bundle", type=Path, help="the archive to write")
    parser.add_argument(
        "--uri", help="SQLAlchemy address of the warehouse; for duckdb, the default is the current release of this checkout"
    )
    arguments = parser.parse_args()
    try:
        published = Project.find().published_file
        uri = arguments.uri or (f"duckdb:///{published}" if arguments.engine == "duckdb" else None)
        if uri is None:
            raise EgovError("--uri is missing: give the address of the PostgreSQL database, without a password", 2)
        with connect.connect(published) as release:
            write(bundle(arguments.engine, uri, release), arguments.bundle)
    except EgovError as error:
        print(f"bundle.py: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
