"""Meta: the schema meta of a release, which says what the release was made from and holds a dictionary of public columns."""

from __future__ import annotations

import json
import subprocess
from importlib.metadata import version
from pathlib import Path

import duckdb

from pipelines.project import Project, child_environment
from pipelines.releases import lineage
from pipelines.releases.catalog import PUBLIC_SCHEMAS

# The published file holds these schemas and no others.
KEPT_SCHEMAS = (*PUBLIC_SCHEMAS, "raw", "meta")

TABLES = {
    "build_info": (
        "What this release was built from, with which versions, and how its tests ended",
        """release_id varchar primary key, built_at timestamp with time zone not null, git_commit varchar,
        raw_sha256 varchar not null, duckdb_version varchar not null, dbt_version varchar not null,
        tests_passed integer not null, tests_warned integer not null, fingerprint varchar not null""",
    ),
    "dictionary": (
        "Every public column with its type, unit and meaning",
        """table_schema varchar, table_name varchar, column_name varchar, data_type varchar not null, unit varchar,
        description varchar not null, primary key (table_schema, table_name, column_name)""",
    ),
    "table_sources": (
        "Whose figures, names or texts stand in each public table: the terms of all its sources apply to it",
        """table_schema varchar, table_name varchar, source_code varchar,
        primary key (table_schema, table_name, source_code)""",
    ),
}
# The meaning of the columns of schema meta. The columns of the models are described in models/.
COLUMNS = {
    "build_info.release_id": "Id of the release: the UTC time of its build and the start of raw_sha256",
    "build_info.built_at": "When the release was built",
    "build_info.git_commit": "Commit of the checkout, with -dirty if files differ from it; null outside a git checkout",
    "build_info.raw_sha256": "SHA-256 of raw/datapackage.json, which holds the SHA-256 of every raw file",
    "build_info.duckdb_version": "Version of DuckDB that wrote the release",
    "build_info.dbt_version": "Version of dbt that built the release",
    "build_info.tests_passed": "Tests on the built tables that passed",
    "build_info.tests_warned": "Tests on the built tables that warned",
    "build_info.fingerprint": "SHA-256 of everything that the release was made from",
    "dictionary.table_schema": "Schema of the table",
    "dictionary.table_name": "Table",
    "dictionary.column_name": "Column",
    "dictionary.data_type": "Type, as DuckDB writes it",
    "dictionary.unit": "Unit of the figures; null if the column has none",
    "dictionary.description": "What the column means",
    "table_sources.table_schema": "Schema of the table",
    "table_sources.table_name": "Table",
    "table_sources.source_code": "Source: a row of dim_sources, or feed: the log of a portal, which states no terms",
}


CLAIMS = "select verdict, count(*) from reports.rpt_claims group by 1 order by 2 desc, 1"


def describe(database: Path, manifest_file: Path) -> None:
    """Add comments and schema meta to a built database. The row of build_info follows with `record`.

    The descriptions and the units of tables and columns come from dbt's manifest. They are written here in one transaction:
    dbt's own persist_docs asks the database about each table, which took a tenth of the time of a build.
    """
    manifest = json.loads(manifest_file.read_text(encoding="utf-8"))
    every = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    models = [model for model in every if model["schema"] in PUBLIC_SCHEMAS]
    units = {
        (model["schema"], model["name"], column["name"]): unit
        for model in models
        for column in model["columns"].values()
        if (unit := column.get("meta", {}).get("unit") or column.get("config", {}).get("meta", {}).get("unit"))
    }
    with duckdb.connect(str(database)) as connection:
        connection.begin()
        # in a database that was carried over from a release, only the models of the feed have SQL in the manifest
        carried = "select 1 from duckdb_tables() where schema_name = 'meta' and table_name = 'table_sources'"
        if connection.execute(carried).fetchone():
            sources = connection.execute("from meta.table_sources order by all").fetchall()
        else:
            sources = lineage.sources_of_tables(connection, every)
        connection.execute("drop schema if exists meta cascade")
        connection.execute("create schema meta")
        for table, (meaning, columns) in TABLES.items():
            connection.execute(f"create table meta.{table} ({columns})")
            _comment(connection, f"table meta.{table}", meaning)
        for column, meaning in COLUMNS.items():
            _comment(connection, f"column meta.{column}", meaning)
        for model in models:
            name = f"{model['schema']}.{model['name']}"
            _comment(connection, f"table {name}", model["description"])
            for column in model["columns"].values():
                _comment(connection, f"column {name}.{column['name']}", column["description"])
        described = connection.execute(
            """select schema_name, table_name, column_name, data_type, comment from duckdb_columns()
            where database_name = current_database() and list_contains(?, schema_name)
            order by schema_name, table_name, column_index""",
            [list(PUBLIC_SCHEMAS)],
        ).fetchall()
        rows = [(*place, data_type, units.get(tuple(place)), comment) for *place, data_type, comment in described]
        connection.executemany("insert into meta.dictionary values (?, ?, ?, ?, ?, ?)", rows)
        if sources:
            connection.executemany("insert into meta.table_sources values (?, ?, ?)", sources)
        connection.commit()
        for (schema,) in connection.execute(
            "select schema_name from duckdb_schemas() where database_name = current_database() and not internal"
        ).fetchall():
            if schema not in KEPT_SCHEMAS:
                connection.execute(f'drop schema "{schema}" cascade')


def _comment(connection: duckdb.DuckDBPyConnection, on: str, text: str) -> None:
    """Write a comment. DuckDB takes no parameter here, so the text is quoted."""
    quoted = text.replace("'", "''")
    connection.execute(f"comment on {on} is '{quoted}'")


def record(database: Path, project: Project, known: dict[str, object]) -> None:
    """Write the row of meta.build_info: the values in `known`, by column, and the commit and the versions.

    This is the last write to the database, and the only one after the tests.
    """
    row = known | {
        "git_commit": _git_commit(project),
        "duckdb_version": duckdb.__version__,
        "dbt_version": version("dbt-core"),
    }
    with duckdb.connect(str(database)) as connection:
        places = ", ".join("?" for _ in row)
        connection.execute(f"insert into meta.build_info ({', '.join(row)}) values ({places})", list(row.values()))


def counts(database: Path) -> dict[str, dict[str, int]]:
    """The counts in release.json: `facts`, the rows of each fact table, and `claims`, the number of claims per verdict."""
    with duckdb.connect(str(database), read_only=True) as connection:
        facts = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts' and table_name like 'fct%' order by 1"
        ).fetchall()
        verdicts = connection.execute(CLAIMS).fetchall()
        # DuckDB's own estimate still counts rows that were deleted
        rows = {name: connection.execute(f"select count(*) from marts.{name}").fetchall()[0][0] for (name,) in facts}
        return {"facts": rows, "claims": dict(verdicts)}


def _git_commit(project: Project) -> str | None:
    """The commit of the checkout, with `-dirty` if files differ from it; None outside a git checkout."""
    try:
        said = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"],
            cwd=project.root,
            env=child_environment(),
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return said.stdout.strip()
