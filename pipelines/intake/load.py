"""Load: copy the text of raw/, unchanged, into schema `raw` of a new database file.

Each file becomes one table. Every column is text, except `raw_row`, the number of the row below the header. The schema also
holds the descriptions from the package (raw.datapackage_sources, _resources, _fields) and raw.cells, a table of every cell of
every file, which links each figure to its printed cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from pipelines.feed import register
from pipelines.feed.register import FEED_FACT, FeedFile
from pipelines.intake.package import read_package
from pipelines.project import EgovError, Exit, Project
from pipelines.releases.connect import limits
from pipelines.releases.inputs import hash_of

# The file loaded here is the one that will be published. It has the oldest storage format that the DuckDB drivers in BI tools
# still read. The smallest blocks reduce a file of many small tables and keys to a third of its usual size.
STORAGE = "storage_version 'v1.4.0'"
SMALL_BLOCKS = ", block_size 16384"
# A feed of more rows than this is smaller and faster in blocks of the usual size.
LARGE = 1_000_000
# A row that was set aside, and why.
QUARANTINED = ("feed_file_id", "feed_row", "usage_date", "service_code", "region_code", "channel_code", "usage_count", "reason")


def read_text_table(path: Path) -> pd.DataFrame:
    """The cells of the CSV file `path` as text: types are not guessed, and neither NA nor an empty cell becomes null.

    Returns a frame of str columns with the names and the order of the header.
    """
    return pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False, encoding="utf-8")


def load(project: Project, database: Path) -> None:
    """Write schema raw of the file `database` from the checked package and the feed; create the file if it does not exist.

    In a file that was carried over from a release, the text of raw/ is the same: only what describes the feed is written again.
    The files of the feed whose rows the file does not hold yet are listed in the work database (feed.new_files), and dbt reads
    their rows from feed/months/. Raises EgovError, exit code 2, if such a file is not what was checked when it arrived.
    """
    files = register.active(project)
    with duckdb.connect(config=limits(project.build / "spill")) as connection:
        large = sum(file.row_count for file in files) > LARGE
        storage = "" if database.exists() else f" ({STORAGE}{'' if large else SMALL_BLOCKS})"
        connection.execute(f"attach ? as loaded{storage}", [str(database)])
        connection.execute("attach ? as work", [str(project.work_file)])
        connection.execute("use loaded")
        held = _held_files(connection)
        new = [file for file in files if file.feed_file_id not in held]
        require_unchanged(project, new)
        connection.begin()
        connection.execute("create schema if not exists raw")
        if not _has(connection, "raw", "cells"):
            for name, frame in raw_tables(project):
                _write(connection, name, frame)
        for name, frame in feed_tables(project, files):
            _write(connection, name, frame)
        connection.commit()
        connection.execute("create schema work.feed")
        connection.execute("create table work.feed.new_files (feed_file_id varchar)")
        if new:
            connection.executemany("insert into work.feed.new_files values (?)", [[file.feed_file_id] for file in new])


def _held_files(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The ids of the files whose rows the daily fact of a carried database holds."""
    if not _has(connection, "marts", FEED_FACT):
        return set()
    return {held for (held,) in connection.execute(f"select distinct feed_file_id from marts.{FEED_FACT}").fetchall()}


def _has(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    query = "select 1 from duckdb_tables() where database_name = 'loaded' and schema_name = ? and table_name = ?"
    return connection.execute(query, [schema, table]).fetchone() is not None


def require_unchanged(project: Project, files: list[FeedFile]) -> None:
    """Raise EgovError, exit code 2, if the rows of a file of the feed are not what was checked when it arrived."""
    for file in files:
        rows = file.rows_file(project)
        if not rows.is_file() or hash_of(rows) != file.rows_sha256:
            raise EgovError(
                f"feed/months/{rows.name} is not what was checked when {file.file_name} arrived at {file.arrived_at}: expected "
                f"SHA-256 {file.rows_sha256}; restore it from a backup, or withdraw {file.month} and add its file again",
                Exit.REFUSED,
            )


def feed_tables(project: Project, files: list[FeedFile]) -> Iterator[tuple[str, pd.DataFrame]]:
    """The tables of schema raw that describe the feed: its register, and the rows that were set aside, as text."""
    named = [field.name for field in fields(FeedFile)]
    rows = [{name: "" if value is None else str(value) for name, value in asdict(file).items()} for file in files]
    yield "feed_files", _numbered(pd.DataFrame(rows, columns=named, dtype=str))
    aside = pd.DataFrame(columns=list(QUARANTINED), dtype=str)
    if paths := [str(file.quarantine_file(project)) for file in files if file.quarantined_rows]:
        columns = ", ".join(f"{name}::varchar as {name}" for name in QUARANTINED)
        with duckdb.connect() as connection:
            aside = connection.execute(f"select {columns} from read_parquet(?) order by all", [paths]).df()
    yield "feed_quarantine", _numbered(aside)


def raw_tables(project: Project) -> Iterator[tuple[str, pd.DataFrame]]:
    """The name and the rows of each table of schema raw, from the checked package."""
    package = read_package(project)
    tables = {resource["name"]: read_text_table(project.raw / resource["path"]) for resource in package["resources"]}
    paths = {resource["name"]: resource["path"] for resource in package["resources"]}
    for name, table in tables.items():
        table.insert(0, "raw_row", range(1, len(table) + 1))
        yield name, table
    cells = [
        table.melt("raw_row", var_name="raw_column", value_name="cell_text").assign(raw_file=paths[name])
        for name, table in tables.items()
    ]
    columns = ["raw_file", "raw_row", "raw_column", "cell_text"]
    yield "cells", pd.concat(cells, ignore_index=True)[columns]
    for name, frame in _describe(package).items():
        yield f"datapackage_{name}", frame


def columns_of(frame: pd.DataFrame) -> dict[str, str]:
    """The type of each column of a table of schema raw: raw_row is an integer, every other column is text."""
    return {column: "integer" if column == "raw_row" else "varchar" for column in frame.columns}


def _write(connection: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> None:
    columns = ", ".join(f'"{column}" {data_type}' for column, data_type in columns_of(frame).items())
    connection.execute(f'create or replace table raw."{name}" ({columns})')
    connection.register("frame", frame)
    connection.execute(f'insert into raw."{name}" select * from frame')
    connection.unregister("frame")


def _describe(package: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """The descriptions of sources, files and columns in datapackage.json, as text tables like those of the raw files."""
    sources = [
        {
            "source_code": source["name"],
            "title": source["title"],
            "publisher": source["publisher"],
            "standing": source["standing"],
            "citation": source["citation"],
            "url": source.get("path", ""),
            "copied_by": source["copied_by"],
            "accessed_on": source.get("accessed", ""),
            "licence": source["licence"],
        }
        for source in package["sources"]
    ]
    resources = [
        {
            "resource_name": resource["name"],
            "raw_file": resource["path"],
            "source_code": resource["sources"][0]["name"],
            "title": resource["title"],
            "locator": resource.get("locator", ""),
            "hash": resource["hash"],
            "series": resource.get("series", ""),
            "house_layout": resource.get("house_layout", ""),
            "edition": resource.get("edition", ""),
            "revision": str(resource.get("revision", "")),
            "accessed_on": resource.get("accessed", ""),
            "field_names": " ".join(field["name"] for field in resource["schema"]["fields"]),
        }
        for resource in package["resources"]
    ]
    fields = [
        {
            "resource_name": resource["name"],
            "raw_file": resource["path"],
            "field_name": field["name"],
            "field_position": str(position),
            "title": field.get("title", field["name"]),
            "is_printed": str(field.get("printed", False)).lower(),
        }
        for resource in package["resources"]
        for position, field in enumerate(resource["schema"]["fields"], start=1)
    ]
    frames = {"sources": sources, "resources": resources, "fields": fields}
    return {name: _numbered(pd.DataFrame(rows)) for name, rows in frames.items()}


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    frame.insert(0, "raw_row", range(1, len(frame) + 1))
    return frame
