"""Rows: copy the rows of a release into its tables in PostgreSQL, and compare both sides."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor

import duckdb
from psycopg import sql

from pipelines.project import EgovError
from pipelines.releases.catalog import Column
from pipelines.releases.runs import Progress
from pipelines.targets.postgres.ddl import Load
from pipelines.targets.postgres.server import Server, quoted

# The size of a DuckDB row group: each block can then be read without reading any other.
ROWS_PER_BLOCK = 122_880


def copy(release: duckdb.DuckDBPyConnection, server: Server, loads: list[Load], progress: Progress) -> None:
    """Stream the rows of the release into the empty tables, which must have been created in this transaction.

    The rows are frozen, so that even a transaction that began before the load sees them if it first reads after the swap.
    """
    for done, load in enumerate(loads):
        progress(done, len(loads))
        statement = sql.SQL("copy {} from stdin (format csv, freeze)").format(load.place)
        blocks = contextlib.closing(_one_ahead(_csv_blocks(release, load)))
        with server.cursor() as cursor, cursor.copy(statement) as stream, blocks as ready:
            for block in ready:
                stream.write(block)


def check(release: duckdb.DuckDBPyConnection, server: Server, loads: list[Load]) -> None:
    """Compare the row counts and the sums of every column in both databases. Raises EgovError if they differ."""
    for load in loads:
        sums = ["count(*)", *(term for column in load.table.columns for term in _sums(column))]
        query = f"select {', '.join(sums)} "
        here = release.execute(query + load.rows).fetchone()
        there = server.execute(sql.SQL(query + "from ") + load.place).fetchone()
        assert here
        assert there
        if differing := [f"{sums[n]} is {there[n]}, expected {here[n]}" for n in range(len(sums)) if here[n] != there[n]]:
            raise EgovError(
                f"{load.table.full_name} in PostgreSQL differs from the release: {'; '.join(differing)}; "
                "readers keep the release that they had"
            )


def _csv_blocks(release: duckdb.DuckDBPyConnection, load: Load) -> Iterator[str]:
    """The rows to load as blocks of CSV: text is quoted, and NULL, which concat skips, is an empty field without quotes."""
    fields = ", ',', ".join(
        f"""'"' || replace({quoted(column.name)}, '"', '""') || '"'""" if column.data_type == "VARCHAR" else quoted(column.name)
        for column in load.table.columns
    )
    first, last = release.execute(f"select min(rowid), max(rowid) {load.rows}").fetchall()[0]
    joined = "and" if load.feed_file_id else "where"
    for start in range(first or 0, (last or 0) + 1, ROWS_PER_BLOCK):
        rows = f"{load.rows} {joined} rowid between {start} and {start + ROWS_PER_BLOCK - 1}"
        (block,) = release.execute(f"select string_agg(concat({fields}, chr(10)), '') {rows}").fetchall()[0]
        yield block or ""


def _one_ahead(blocks: Iterator[str]) -> Generator[str, None, None]:
    """The same blocks; the next one is prepared while the caller sends the last one."""
    with ThreadPoolExecutor(1) as worker:
        coming = worker.submit(next, blocks, None)
        while (block := coming.result()) is not None:
            coming = worker.submit(next, blocks, None)
            yield block


def _sums(column: Column) -> list[str]:
    """Aggregates that both databases compute alike: the number of values, and their sum (for text, the sum of the lengths)."""
    name = quoted(column.name)
    match column.data_type:
        case "VARCHAR":
            return [f"count({name})", f"sum(length({name}))"]
        case "BOOLEAN":
            return [f"count({name})", f"sum(cast({name} as integer))"]
        case "DATE":
            return [f"count({name})", f"sum({name} - date '1970-01-01')"]
        case "TIMESTAMP WITH TIME ZONE":
            return [f"count({name})"]
        case _:
            return [f"count({name})", f"sum({name})"]
