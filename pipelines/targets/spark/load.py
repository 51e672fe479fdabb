"""Load for Spark: the same tables as schema `raw` of a DuckDB release, one folder with a Parquet file each."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.intake.load import columns_of, raw_tables
from pipelines.project import Project


def load(project: Project, folder: Path) -> None:
    """Create `folder` and write each table of schema raw into it. Types are written, so that Spark infers none.

    Raises FileExistsError if the folder exists.
    """
    folder.mkdir()
    with duckdb.connect() as connection:
        for name, frame in raw_tables(project):
            columns = ", ".join(f'"{column}"::{data_type} as "{column}"' for column, data_type in columns_of(frame).items())
            (folder / name).mkdir()
            connection.register("frame", frame)
            connection.table("frame").project(columns).write_parquet(str(folder / name / "all.parquet"))
            connection.unregister("frame")
