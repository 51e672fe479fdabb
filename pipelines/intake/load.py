"""Load: copy the text of raw/, unchanged, into schema `raw` of a new database file.

Each file becomes one table. Every column is text, except `raw_row`, the number of the row below the header. The schema also
holds the descriptions from the package (raw.datapackage_sources, _resources, _fields) and raw.cells, a table of every cell of
every file, which links each figure to its printed cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from pipelines.intake.package import read_package
from pipelines.project import Project

# The file loaded here is the one that will be published. It has the oldest storage format that the DuckDB drivers in BI tools
# still read, and the smallest blocks, which reduce a file of many small tables and keys to a third of its usual size.
STORAGE = "storage_version 'v1.4.0', block_size 16384"


def read_text_table(path: Path) -> pd.DataFrame:
    """The cells of the CSV file `path` as text: types are not guessed, and neither NA nor an empty cell becomes null.

    Returns a frame of str columns with the names and the order of the header.
    """
    return pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False, encoding="utf-8")


def load(project: Project, database: Path) -> None:
    """Create the file `database` and write its schema raw from the checked package.

    Raises FileExistsError if the file exists: a build never writes to an existing file.
    """
    if database.exists():
        raise FileExistsError(database)
    with duckdb.connect() as connection:
        connection.execute(f"attach ? as loaded ({STORAGE})", [str(database)])
        connection.execute("use loaded")
        connection.begin()
        connection.execute("create schema raw")
        for name, frame in raw_tables(project):
            _write(connection, name, frame)
        connection.commit()


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
    connection.execute(f'create table raw."{name}" ({columns})')
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
