"""Load for Spark: the same tables as schema `raw` of a DuckDB release, one folder with a Parquet file each."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd

from pipelines.feed import register
from pipelines.intake.load import columns_of, feed_tables, raw_tables, require_unchanged
from pipelines.project import Project


def load(project: Project, build: Path) -> None:
    """Write each table of schema raw into the folder `build`/raw, and into `build`/feed what there is to read of the feed.

    Types are written, so that Spark infers none. The rows of the feed stay in feed/months/, where the models read them. Raises
    FileExistsError if a folder exists, and EgovError, exit code 2, if rows of the feed are not what was checked on arrival.
    """
    files = register.active(project)
    require_unchanged(project, files)
    new_files = pd.DataFrame({"feed_file_id": [file.feed_file_id for file in files]}, dtype=str)
    with duckdb.connect() as connection:
        for name, frame in raw_tables(project):
            _write(connection, build / "raw" / name, frame)
        for name, frame in feed_tables(project, files):
            _write(connection, build / "raw" / name, frame)
        _write(connection, build / "feed" / "new_files", new_files)


def _write(connection: duckdb.DuckDBPyConnection, folder: Path, frame: pd.DataFrame) -> None:
    columns = ", ".join(f'"{column}"::{data_type} as "{column}"' for column, data_type in columns_of(frame).items())
    folder.mkdir(parents=True)
    connection.register("frame", frame)
    connection.table("frame").project(columns).write_parquet(str(folder / "all.parquet"))
    connection.unregister("frame")
