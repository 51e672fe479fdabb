"""Diff: what changed between two databases of the warehouse, table by table and key by key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from pipelines.releases import connect
from pipelines.releases.catalog import PUBLIC_SCHEMAS

# Tables that say where a figure is printed rather than what it is: a diff counts their rows but does not list them.
COUNTED_ONLY = {"marts.dim_source_cells"}
# The file of a month that was corrected has another id: the month tells what it replaces.
NATURAL_KEYS = {"marts.dim_feed_files": ["month"]}
# The columns of the primary key of each table.
Keys = Mapping[str, Sequence[str]]


@dataclass
class TableChange:
    """How one table changed. Rows are keyed by their primary key; `changed` holds (key, column, old, new)."""

    rows_before: int
    rows_after: int
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    changed: list[tuple[str, str, str, str]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.removed or self.changed or self.rows_before != self.rows_after)


@dataclass
class Diff:
    """What changed between two releases. `columns_retyped` holds (column, old type, new type)."""

    tables_added: list[str] = field(default_factory=list)
    tables_removed: list[str] = field(default_factory=list)
    columns_added: list[str] = field(default_factory=list)
    columns_removed: list[str] = field(default_factory=list)
    columns_retyped: list[tuple[str, str, str]] = field(default_factory=list)
    tables: dict[str, TableChange] = field(default_factory=dict)
    unreadable: str | None = None

    @property
    def losses(self) -> list[str]:
        """The tables, columns and rows that readers of the older release would miss in the newer one.

        If the older release cannot be read, that is the loss.
        """
        lost = [f"the current release cannot be compared with: {self.unreadable}"] if self.unreadable else []
        lost += [f"the table {table} is removed" for table in self.tables_removed]
        lost += [f"the column {column} is removed" for column in self.columns_removed]
        for table, change in self.tables.items():
            if table in COUNTED_ONLY:
                if change.rows_after < change.rows_before:
                    lost.append(f"{table} loses rows: {change.rows_before} before, {change.rows_after} now")
            elif change.removed:
                others = f" and {len(change.removed) - 1} more" if change.removed[1:] else ""
                lost.append(f"{table} loses rows: {change.removed[0]}{others}")
        return lost

    def short(self) -> list[str]:
        """One line for each table that changed, and for each table or column that was added or removed."""
        if self.unreadable:
            return ["not comparable: the older release cannot be read"]
        lines = [f"+ table {table}" for table in self.tables_added] + [f"- table {table}" for table in self.tables_removed]
        lines += [f"+ column {column}" for column in self.columns_added]
        lines += [f"- column {column}" for column in self.columns_removed]
        lines += [f"~ column {column}: {old} -> {new}" for column, old, new in self.columns_retyped]
        for table, change in self.tables.items():
            if not change.is_empty:
                rows = len({key for key, *_ in change.changed})
                lines.append(f"{table}: {len(change.added)} added, {len(change.removed)} removed, {rows} changed")
        for key, column, old, new in self.tables.get("reports.rpt_claims", TableChange(0, 0)).changed:
            if column == "verdict":
                lines.append(f"claim {key}: {old} -> {new}")
        return lines or ["nothing changed"]

    def full(self) -> list[str]:
        """The short form, then every row that was added, removed or changed, with both values."""
        lines = self.short()
        for table, change in self.tables.items():
            if table in COUNTED_ONLY:
                continue
            lines += [f"+ {table} {key}" for key in change.added]
            lines += [f"- {table} {key}" for key in change.removed]
            lines += [f"~ {table} {key} {column}: {old} -> {new}" for key, column, old, new in change.changed]
        return lines

    def as_json(self) -> dict[str, Any]:
        """What `egov diff --json` says: every change, and of the tables only those that changed. Values are text, or null."""
        return {
            "tables_added": self.tables_added,
            "tables_removed": self.tables_removed,
            "columns_added": self.columns_added,
            "columns_removed": self.columns_removed,
            "columns_retyped": [dict(zip(("column", "old", "new"), each, strict=True)) for each in self.columns_retyped],
            "tables": {
                table: {
                    "rows_before": change.rows_before,
                    "rows_after": change.rows_after,
                    "added": change.added,
                    "removed": change.removed,
                    "changed": [dict(zip(("key", "column", "old", "new"), each, strict=True)) for each in change.changed],
                }
                for table, change in self.tables.items()
                if not change.is_empty
            },
        }


def compare(old: Path, new: Path) -> Diff:
    """The differences between the public tables of two database files, opened read-only.

    Raises EgovError if there is a log beside one of them, or if EGOV_MEMORY_LIMIT is not a size.
    """
    with duckdb.connect(config=connect.memory()) as connection:
        for name, path in (("old", old), ("new", new)):
            connect.refuse_log(path)
            connection.execute(f"attach ? as {name} (read_only)", [str(path)])
        connect.lock(connection)
        return compare_attached(connection, primary_keys(connection))


def compare_attached(connection: duckdb.DuckDBPyConnection, keys: Keys) -> Diff:
    """The differences between the public tables of the databases attached as `old` and `new`. `keys` are those of the rows."""
    before, after = _columns(connection, "old"), _columns(connection, "new")
    diff = Diff(
        tables_added=sorted(after.keys() - before.keys()),
        tables_removed=sorted(before.keys() - after.keys()),
    )
    for table in sorted(before.keys() & after.keys()):
        diff.columns_added += [f"{table}.{column}" for column in after[table] if column not in before[table]]
        diff.columns_removed += [f"{table}.{column}" for column in before[table] if column not in after[table]]
        shared = [column for column in before[table] if column in after[table]]
        diff.columns_retyped += [
            (f"{table}.{column}", before[table][column], after[table][column])
            for column in shared
            if before[table][column] != after[table][column]
        ]
        diff.tables[table] = _compare_table(connection, table, shared, keys.get(table, ()))
    return diff


def primary_keys(connection: duckdb.DuckDBPyConnection) -> Keys:
    """The primary key of each table of the database attached as `new`."""
    return dict(
        connection.execute(
            "select schema_name || '.' || table_name, constraint_column_names from duckdb_constraints() "
            "where database_name = 'new' and constraint_type = 'PRIMARY KEY'"
        ).fetchall()
    )


def _columns(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, dict[str, str]]:
    """The columns of each public table in order, with their types, by `schema.table`."""
    rows = connection.execute(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() "
        "where database_name = ? and list_contains(?, schema_name) order by schema_name, table_name, column_index",
        [database, list(PUBLIC_SCHEMAS)],
    ).fetchall()
    columns: dict[str, dict[str, str]] = {}
    for table, column, data_type in rows:
        columns.setdefault(table, {})[column] = data_type
    return columns


def _compare_table(
    connection: duckdb.DuckDBPyConnection, table: str, columns: list[str], primary_key: Sequence[str]
) -> TableChange:
    def one(query: str) -> int:
        row = connection.execute(query).fetchone()
        assert row
        return int(row[0])

    change = TableChange(one(f"select count(*) from old.{table}"), one(f"select count(*) from new.{table}"))
    key = [column for column in NATURAL_KEYS.get(table, primary_key) if column in columns]
    if not key and "feed_file_id" in columns:
        # a table of the feed: the rows of a file never change, and a test of each release adds them up
        _compare_files(connection, table, change)
        return change
    text = ", ".join(f't."{column}"::varchar' for column in columns)
    sums = [one(f"select coalesce(sum(hash({text})::hugeint), 0) from {side}.{table} as t") for side in ("old", "new")]
    if change.rows_before == change.rows_after and sums[0] == sums[1]:  # as a rule: then there is no need to look for the rows
        return change
    key = key or columns
    key_text = "concat_ws('.', " + ", ".join(f'o."{column}"' for column in key) + ")"
    # as text: a key that only changed its type is still the same key
    same_key = " and ".join(f'o."{column}"::varchar is not distinct from n."{column}"::varchar' for column in key)
    for side, other, found in (("new", "old", change.added), ("old", "new", change.removed)):
        found += [
            text for (text,) in connection.execute(
                f"select {key_text} from {side}.{table} as o anti join {other}.{table} as n on {same_key} order by 1"
            ).fetchall()
        ]  # fmt: skip
    for column in (column for column in columns if column not in key):
        change.changed += connection.execute(
            f'select {key_text}, \'{column}\', o."{column}"::varchar, n."{column}"::varchar '
            f"from old.{table} as o join new.{table} as n on {same_key} "
            f'where o."{column}"::varchar is distinct from n."{column}"::varchar order by 1'
        ).fetchall()
    return change


def _compare_files(connection: duckdb.DuckDBPyConnection, table: str, change: TableChange) -> None:
    """Compare a table of the feed by the files that its rows come from, named by their ids, with their rows and sums."""
    sides = []
    for side in ("old", "new"):
        sums = f"select feed_file_id, count(*), sum(usage_count) from {side}.{table} group by feed_file_id"
        sides.append({file: f"{rows} rows, {uses} uses" for file, rows, uses in connection.execute(sums).fetchall()})
    before, after = sides
    for file in sorted(before.keys() & after.keys()):  # such a file has the same rows, unless a database is damaged
        if before[file] != after[file]:
            change.changed.append((file[:7], "rows", f"{file} ({before[file]})", f"{file} ({after[file]})"))
    months = {file[:7]: file for file in before}
    for file in sorted(after.keys() - before.keys()):
        if former := months.pop(file[:7], None):
            change.changed.append((file[:7], "feed_file_id", f"{former} ({before[former]})", f"{file} ({after[file]})"))
        else:
            change.added.append(f"{file[:7]} ({file}, {after[file]})")
    kept = {file[:7] for file in after}
    change.removed += [f"{month} ({file})" for month, file in sorted(months.items()) if month not in kept]
