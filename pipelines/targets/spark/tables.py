"""The Parquet files of a Spark release as tables of a DuckDB connection, in which they can be counted and compared."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.releases.catalog import PUBLIC_SCHEMAS


def attach(connection: duckdb.DuckDBPyConnection, name: str, folder: Path) -> list[str]:
    """Attach the public tables of the release in `folder` as views of the database `name`. Returns them as `schema.table`.

    Nothing is copied: such a release may be larger than this machine's memory. The types are those of the Parquet files.
    """
    connection.execute(f"attach ':memory:' as {name}")
    tables = []
    for schema in PUBLIC_SCHEMAS:
        connection.execute(f"create schema {name}.{schema}")
        for table in sorted((folder / schema).iterdir()):
            files = str(table / "*.parquet").replace("'", "''")
            connection.execute(f"create view {name}.{schema}.{table.name} as from read_parquet('{files}')")
            tables.append(f"{schema}.{table.name}")
    return tables
