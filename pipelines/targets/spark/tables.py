"""The Parquet files of a Spark release as a DuckDB database, in which the tables can be counted and compared."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from pipelines.releases.catalog import PUBLIC_SCHEMAS

Keys = Mapping[str, tuple[str, ...]]


def as_database(folder: Path, file: Path, keys: Keys | None = None) -> Path:
    """Write the public tables of the release in `folder` into the new database `file`, with these primary keys by table.

    The types are those of the Parquet files. Returns `file`.
    """
    with duckdb.connect(str(file)) as connection:
        connection.begin()
        for schema in PUBLIC_SCHEMAS:
            connection.execute(f"create schema {schema}")
            for table in sorted((folder / schema).iterdir()):
                name = f"{schema}.{table.name}"
                connection.execute(f"create table {name} as from read_parquet(?)", [str(table / "*.parquet")])
        connection.commit()
        for name, columns in (keys or {}).items():
            connection.execute(f"alter table {name} add primary key ({', '.join(columns)})")
    return file
