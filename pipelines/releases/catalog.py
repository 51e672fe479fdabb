"""Catalog: the public tables of a release as its database describes them: types, keys, units and meanings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import duckdb

PUBLIC_SCHEMAS = ("marts", "reports")


@dataclass(frozen=True)
class Column:
    """A column: its type as DuckDB writes it, its unit if it has one, and its meaning."""

    name: str
    data_type: str
    is_nullable: bool
    unit: str | None
    description: str


@dataclass(frozen=True)
class Constraint:
    """A constraint: its kind (PRIMARY KEY, FOREIGN KEY, UNIQUE, CHECK), its columns, and its text as DuckDB writes it.

    A foreign key refers to the columns `referenced` of `table`, which is in the same schema.
    """

    kind: str
    columns: tuple[str, ...]
    text: str
    table: str
    referenced: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table with its columns in order and its constraints.

    The tables that hold the rows of the feed have no key, for their size, and their rows come in `parts`: the ids of the files
    that they come from. Without a feed there are no parts.
    """

    schema: str
    name: str
    description: str
    columns: tuple[Column, ...]
    constraints: tuple[Constraint, ...]
    parts: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The columns of the primary key in order; empty if there is none."""
        return next((constraint.columns for constraint in self.constraints if constraint.kind == "PRIMARY KEY"), ())

    @property
    def foreign_keys(self) -> list[Constraint]:
        return [constraint for constraint in self.constraints if constraint.kind == "FOREIGN KEY"]


@dataclass(frozen=True)
class Catalog:
    """What a database says about itself, read through a connection to it."""

    connection: duckdb.DuckDBPyConnection

    @cached_property
    def tables(self) -> list[Table]:
        """The public tables, by schema and name."""
        return read_tables(self.connection, PUBLIC_SCHEMAS)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The result of a query, one dictionary per row."""
        cursor = self.connection.execute(query)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    @cached_property
    def latest_access(self) -> date:
        """The latest day on which a source was accessed: a date that depends on the data, not on the build."""
        found: date = self.rows("select max(accessed_on) as latest from marts.dim_sources")[0]["latest"]
        return found


def read_tables(connection: duckdb.DuckDBPyConnection, schemas: Sequence[str]) -> list[Table]:
    """The tables of these schemas of a release, by schema and name."""
    columns: dict[tuple[str, str], list[Column]] = {}
    for schema, table, name, data_type, nullable, unit, comment in connection.execute(
        """select c.schema_name, c.table_name, c.column_name, c.data_type, c.is_nullable, d.unit, coalesce(c.comment, '')
        from duckdb_columns() as c
        left join meta.dictionary as d
            on d.table_schema = c.schema_name and d.table_name = c.table_name and d.column_name = c.column_name
        where c.database_name = current_database() and list_contains(?, c.schema_name)
        order by c.schema_name, c.table_name, c.column_index""",
        [list(schemas)],
    ).fetchall():
        columns.setdefault((schema, table), []).append(Column(name, data_type, nullable, unit, comment))
    constraints: dict[tuple[str, str], list[Constraint]] = {}
    for schema, table, kind, names, text, other, referenced in connection.execute(
        """select schema_name, table_name, constraint_type, constraint_column_names, constraint_text,
            coalesce(referenced_table, ''), referenced_column_names
        from duckdb_constraints()
        where database_name = current_database() and list_contains(?, schema_name) and constraint_type <> 'NOT NULL'
        order by schema_name, table_name, constraint_type, constraint_column_names, constraint_index""",
        [list(schemas)],
    ).fetchall():
        constraint = Constraint(kind, tuple(names), text, other, tuple(referenced))
        constraints.setdefault((schema, table), []).append(constraint)
    files: tuple[str, ...] = ()
    if ("marts", "dim_feed_files") in columns:
        files = tuple(
            name for (name,) in connection.execute("select feed_file_id from marts.dim_feed_files order by 1").fetchall()
        )
    tables = [
        Table(schema, name, comment, tuple(columns[schema, name]), tuple(constraints.get((schema, name), [])))
        for schema, name, comment in connection.execute(
            """select schema_name, table_name, coalesce(comment, '') from duckdb_tables()
            where database_name = current_database() and list_contains(?, schema_name) order by 1, 2""",
            [list(schemas)],
        ).fetchall()
    ]
    return [table if table.primary_key else replace(table, parts=files) for table in tables]
