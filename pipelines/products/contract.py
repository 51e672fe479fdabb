"""Contract: what a release says of its own public tables. Every product that needs types, keys or meanings asks here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from pipelines.project import Project

PUBLIC_SCHEMAS = ("marts", "reports")


@dataclass(frozen=True)
class Column:
    """A public column: its type as DuckDB writes it, its unit if it has one, and what it means."""

    name: str
    data_type: str
    is_nullable: bool
    unit: str | None
    description: str


@dataclass(frozen=True)
class ForeignKey:
    """Columns of a table that name a row of another: `schema`.`table` and its columns."""

    columns: tuple[str, ...]
    schema: str
    table: str
    referenced: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A public table with its columns in order and its keys."""

    schema: str
    name: str
    description: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Release:
    """A release in the making: its folder, which holds the finished database, and a connection to that."""

    project: Project
    folder: Path
    connection: duckdb.DuckDBPyConnection
    release_id: str
    built_at: datetime

    @cached_property
    def tables(self) -> list[Table]:
        return public_tables(self.connection)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """What a query finds, a dictionary a row."""
        cursor = self.connection.execute(query)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    @cached_property
    def latest_access(self) -> date:
        """The day on which the newest source was last accessed: a date that belongs to the data, not to the build."""
        found: date = self.rows("select max(accessed_on) as latest from marts.dim_sources")[0]["latest"]
        return found


def public_tables(connection: duckdb.DuckDBPyConnection) -> list[Table]:
    """The public tables of a release, marts before reports, each by name."""
    columns: dict[tuple[str, str], list[Column]] = {}
    for schema, table, name, data_type, nullable, unit, comment in connection.execute(
        """select c.schema_name, c.table_name, c.column_name, c.data_type, c.is_nullable, d.unit, c.comment
        from duckdb_columns() as c
        join meta.dictionary as d
            on d.table_schema = c.schema_name and d.table_name = c.table_name and d.column_name = c.column_name
        where c.database_name = current_database()
        order by c.schema_name, c.table_name, c.column_index"""
    ).fetchall():
        columns.setdefault((schema, table), []).append(Column(name, data_type, nullable, unit, comment))
    primary: dict[tuple[str, str], tuple[str, ...]] = {}
    foreign: dict[tuple[str, str], list[ForeignKey]] = {}
    # a foreign key stays within its schema, as DuckDB wants it
    for schema, table, kind, names, other, referenced in connection.execute(
        """select schema_name, table_name, constraint_type, constraint_column_names,
            referenced_table, referenced_column_names
        from duckdb_constraints()
        where database_name = current_database() and constraint_type in ('PRIMARY KEY', 'FOREIGN KEY')
        order by all"""
    ).fetchall():
        if kind == "PRIMARY KEY":
            primary[schema, table] = tuple(names)
        else:
            foreign.setdefault((schema, table), []).append(ForeignKey(tuple(names), schema, other, tuple(referenced)))
    return [
        Table(
            schema,
            name,
            comment,
            tuple(columns[schema, name]),
            primary.get((schema, name), ()),
            tuple(foreign.get((schema, name), [])),
        )
        for schema, name, comment in connection.execute(
            """select schema_name, table_name, comment from duckdb_tables()
            where database_name = current_database() and list_contains(?, schema_name) order by 1, 2""",
            [list(PUBLIC_SCHEMAS)],
        ).fetchall()
    ]
