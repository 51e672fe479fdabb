"""Lineage: whose figures, names or texts stand in each public table, so that a table carries the terms of all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from pipelines.project import EgovError
from pipelines.releases.catalog import PUBLIC_SCHEMAS

# The source of what a portal's own log says: no row of dim_sources, because a log is no publication and states no terms.
FEED = "feed"


def sources_of_tables(connection: duckdb.DuckDBPyConnection, models: Sequence[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Schema, table and source code for each source that stands in a public table, in order.

    `models` are the models in dbt's manifest, with their compiled SQL. A source stands in a table if the SQL of the table reads
    a file of that source, directly or through other tables, or if a column of the table names the source or one of its cells.
    So a table may list a source of which it holds little, but it never leaves one out. If the SQL of a model reads figures only
    to know which codes occur, or takes the rows of one source from a table of several, its property `meta.sources` says which
    sources stand in it instead. Raises EgovError if that property names an unknown source, or if DuckDB cannot parse the SQL.
    """
    files = dict(connection.execute("select resource_name, source_code from raw.datapackage_resources").fetchall())
    known = {f"raw.{name}": {code} for name, code in files.items()}
    by_name = {f"{model['schema']}.{model['name']}": model for model in models}

    def read_by(name: str) -> set[str]:
        """The sources of a relation.

        What is neither a model nor a raw file adds none: the list of sources holds no figures, and a printed cell is joined to
        a figure, whose sources are counted.
        """
        if name not in known:
            model = by_name.get(name)
            known[name] = set()  # an incremental model reads itself
            known[name] = _stated(model, {*files.values()}) or _read(model) if model else set()
        return known[name]

    def _read(model: dict[str, Any]) -> set[str]:
        found = {FEED} if "feed" in model["tags"] else set()
        return found.union(*(read_by(name) for name in _tables_in(connection, model)))

    named = _named_in(connection)
    rows = []
    for name, model in sorted(by_name.items()):
        if name in named:
            rows += [(model["schema"], model["name"], source) for source in sorted(read_by(name) | named[name])]
    return rows


def _stated(model: dict[str, Any], codes: set[str]) -> set[str]:
    stated = {*model["config"].get("meta", {}).get("sources", [])}
    if unknown := sorted(stated - codes):
        raise EgovError(
            f"{model['name']}: meta.sources names {', '.join(unknown)}; expected some of {', '.join(sorted(codes))}"
        )
    return stated


def _tables_in(connection: duckdb.DuckDBPyConnection, model: dict[str, Any]) -> set[str]:
    """The relations, as schema.name, that a model reads. Its compiled SQL includes that of the models that are not stored."""
    ((text,),) = connection.execute("select json_serialize_sql(?)", [model["compiled_code"]]).fetchall()
    parsed = json.loads(text)
    if parsed["error"]:
        raise EgovError(f"the SQL of {model['name']} cannot be parsed to find its sources: {parsed['error_message']}")
    return {f"{node['schema_name']}.{node['table_name']}" for node in _nodes(parsed) if node.get("schema_name")}


def _nodes(part: object) -> Iterator[dict[str, Any]]:
    """Every table of a parsed statement."""
    if isinstance(part, dict):
        if part.get("type") == "BASE_TABLE":
            yield part
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from _nodes(each)


def _named_in(connection: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    """For each public table the sources that its columns name: in source_code, source_code_a ..., or by the id of a cell."""
    columns = connection.execute(
        """select concat(schema_name, '.', table_name), column_name from duckdb_columns()
        where database_name = current_database() and list_contains(?, schema_name)""",
        [list(PUBLIC_SCHEMAS)],
    ).fetchall()
    named: dict[str, set[str]] = {table: set() for table, _ in columns}
    queries = [f"select '{table}', {name} from {table}" for table, name in columns if name.startswith("source_code")]
    queries += [
        f"select '{table}', c.source_code from {table} as t join marts.dim_source_cells as c on c.source_cell_id = t.{name}"
        for table, name in columns
        if name.endswith("source_cell_id")
    ]
    for table, code in connection.execute(" union ".join(queries)).fetchall() if queries else []:
        named[table] |= {code} - {None}
    return named
