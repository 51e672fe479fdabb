"""Load: the text of raw/ goes into schema `raw` of a new database file, nothing changed.

Each file becomes the table of its resource, every column text, with `raw_row`, the number of the row below the header.
Beside them stand what the package says of the files (raw.datapackage_sources, _resources, _fields) and raw.cells, every
cell of every file in one long table: the ground of each figure's way back to its printed cell.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from pipelines.project import Project
from pipelines.validate import read_package


def read_text_table(path: Path) -> pd.DataFrame:
    """The CSV file `path` as text, cell by cell: no type is guessed, and neither NA nor an empty cell becomes null.

    Returns a frame of str columns named as the header, in the order of the file.
    """
    return pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False, encoding="utf-8")


def load(project: Project, database: Path) -> None:
    """Write schema raw of a new file `database` from the validated package.

    Raises FileExistsError when the file is already there: a build never writes into an older one.
    """
    if database.exists():
        raise FileExistsError(database)
    package = read_package(project)
    tables = {resource["name"]: read_text_table(project.raw / resource["path"]) for resource in package["resources"]}
    paths = {resource["name"]: resource["path"] for resource in package["resources"]}
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema raw")
        for name, table in tables.items():
            table.insert(0, "raw_row", range(1, len(table) + 1))
            _write(connection, name, table)
        cells = [
            table.melt("raw_row", var_name="raw_column", value_name="cell_text").assign(raw_file=paths[name])
            for name, table in tables.items()
        ]
        columns = ["raw_file", "raw_row", "raw_column", "cell_text"]
        _write(connection, "cells", pd.concat(cells, ignore_index=True)[columns])
        for name, frame in _describe(package).items():
            _write(connection, f"datapackage_{name}", frame)


def _write(connection: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> None:
    """One table of schema raw: raw_row a number, all else text, whatever pandas holds it as."""
    columns = ", ".join(f'"{column}" {"integer" if column == "raw_row" else "varchar"}' for column in frame.columns)
    connection.execute(f'create table raw."{name}" ({columns})')
    connection.register("frame", frame)
    connection.execute(f'insert into raw."{name}" select * from frame')
    connection.unregister("frame")


def _describe(package: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """What datapackage.json says of its sources, files and columns, as text tables of the same shape as the rest."""
    sources = [
        {
            "source_code": source["name"],
            "title": source["title"],
            "publisher": source["publisher"],
            "standing": source["standing"],
            "citation": source["citation"],
            "url": source.get("path", ""),
            "accessed_on": source["accessed"],
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
