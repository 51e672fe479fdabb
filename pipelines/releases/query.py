"""Query: one statement that reads, asked of a published database, and its answer as a table, CSV, JSON, Markdown or Parquet.

The user's statement runs on the hardened connection alone. CSV, JSON and Parquet are written by a second database, which is
empty and sees nothing but the rows of the answer. It gets them as a stream and writes them into a pipe that this process reads,
so that an answer of any size takes little memory.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

import duckdb

from pipelines.project import EgovError, Exit
from pipelines.releases.catalog import PUBLIC_SCHEMAS

# The most rows that DuckDB draws in one table.
MOST_ROWS = 10_000

# What takes the bytes of an answer, piece by piece.
Sink = Callable[[bytes], object]
Result = TypeVar("Result")

# Statements that read. DuckDB runs a pivot as several statements, and also one that creates a table from a pivot.
READS = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN, duckdb.StatementType.MULTI}
READERS = "select, from, with, values, table, pivot, describe, summarize, show or explain"
FIRST_WORD = re.compile(r"\(|(select|from|with|values|table|(un)?pivot|desc(ribe)?|summarize|show|explain)", re.IGNORECASE)
# DuckDB itself would list the tables of the schema `main`, which is empty in a release.
SHOW_TABLES = re.compile(r"show\s+tables\s*(;|--|/\*|$)", re.IGNORECASE)
PUBLIC_TABLES = f"""
    select concat(schema_name, '.', table_name) as name, rtrim(split_part(comment, '. ', 1), '.') as description
    from duckdb_tables()
    where database_name = current_database() and schema_name in {PUBLIC_SCHEMAS} order by name"""

NUMBERS = {
    "tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint", "uhugeint",
    "decimal", "float", "double",
}  # fmt: skip
FRACTIONS = {"float", "double"}
NESTED = {"list", "array", "struct", "map"}
# What COPY is told about each format. The Parquet files of a release are compressed in the same way.
OPTIONS = {"csv": "format csv, header true", "json": "format json, array true", "parquet": "format parquet, compression zstd"}
# How an error of the stream begins, before the error of the user's statement.
STREAM_FAILED = "Invalid Input Error: reading the stream registered as 'answer' failed: "
NOT_IN_JSON = "error('JSON has no number for NaN or Infinity: use another format, or leave them out')"
# How many lines DuckDB puts before a statement whose answer is limited or projected: it counts them when it names a line.
WRAPPED_LINES = 2
# The types that do not reach the second database as they are.
ONLY_AS_TEXT = {"bit", "time with time zone"}
MARKUP = re.compile(r"[\\`*<\[|~&]|(?<!\w)_|_(?!\w)")


def ask(connection: duckdb.DuckDBPyConnection, text: str, form: str, sink: Sink, *, width: int | None) -> bool:
    """Run the one statement in `text`, and give its answer in the format `form` to `sink`. Returns whether that is all of it.

    `form` is table, csv, json, markdown or parquet. A table is fitted into `width` columns of a terminal, and stops after
    MOST_ROWS rows; without `width`, it has every column and every row. Raises EgovError if `text` is not one statement that
    reads (exit code 2), or if the statement fails.
    """
    wrapped = 0
    try:
        statement = _only_statement(connection, text)
        asked = PUBLIC_TABLES if SHOW_TABLES.match(statement.query) else _without_semicolons(text)
        answer = _stoppable(connection, lambda: connection.sql(asked))
        wrapped = WRAPPED_LINES
        if form in OPTIONS:
            _copy(connection, answer, form, sink)
        elif form == "markdown":
            _markdown(connection, answer, sink)
        elif statement.type == duckdb.StatementType.EXPLAIN:
            sink("".join(f"{plan}\n" for _, plan in answer.fetchall()).encode())
        else:
            return _table(connection, answer, sink, width)
    except duckdb.Error as error:
        said = str(error).removeprefix(STREAM_FAILED)
        said = re.sub(r"^LINE (\d+):", lambda line: f"LINE {int(line[1]) - wrapped}:", said, flags=re.MULTILINE)
        if isinstance(error, duckdb.OutOfMemoryException) or said.startswith("Out of Memory"):
            said = (
                "the query needs more memory than this machine has, and the connection writes nothing to disk: "
                "query less data at a time, or read the files in parquet/"
            )
        raise EgovError(said) from None
    return True


def _only_statement(connection: duckdb.DuckDBPyConnection, text: str) -> duckdb.Statement:
    statements = connection.extract_statements(text)
    if not statements:
        raise EgovError("the query holds no statement: it is empty, or has only comments; expected one", Exit.REFUSED)
    if len(statements) > 1:
        second = textwrap.shorten(statements[1].query, 60, placeholder=" ...")
        raise EgovError(f"the query holds {len(statements)} statements; expected one. The second is: {second}", Exit.REFUSED)
    (statement,) = statements
    if statement.type not in READS or not FIRST_WORD.match(statement.query):
        first = statement.query.split(None, 1)[0].upper()
        raise EgovError(f"{first}: a release can only be read; expected {READERS}", Exit.REFUSED)
    return statement


def _without_semicolons(text: str) -> str:
    """The text of one statement without the semicolons around it: DuckDB could not limit or project its answer with them."""
    plain = bytearray(text.encode())
    for offset, kind in duckdb.tokenize(text):
        if kind == duckdb.token_type.operator and plain[offset] == ord(";"):
            plain[offset] = ord(" ")
    return plain.decode()


@contextlib.contextmanager
def _running(work: Callable[[], Result], *connections: duckdb.DuckDBPyConnection) -> Iterator[Future[Result]]:
    """A block during which `work` runs on another thread. It ends when the work has ended.

    If the block ends with an exception, such as a signal or a reader that has left, the connections are interrupted, whatever
    they are doing. On the main thread, a library could lose the exception of a signal.
    """
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(work)
        try:
            yield running
            running.result()
        except BaseException:
            while not running.done():
                for connection in connections:
                    connection.interrupt()
                wait([running], 0.05)
            raise


def _stoppable(connection: duckdb.DuckDBPyConnection, work: Callable[[], Result]) -> Result:
    with _running(work, connection) as running:
        return running.result()


def _table(connection: duckdb.DuckDBPyConnection, answer: duckdb.DuckDBPyRelation, sink: Sink, width: int | None) -> bool:
    most = sys.maxsize if width is None else MOST_ROWS + 1  # one extra row shows whether there are more
    rows = _stoppable(connection, answer.limit(most).materialize)
    for start in range(0, max(len(rows), 1) if width is None else 1, MOST_ROWS):
        with contextlib.redirect_stdout(io.StringIO()) as drawn:
            rows.limit(MOST_ROWS, start).show(max_rows=MOST_ROWS, max_width=width or 1_000_000)
        sink(drawn.getvalue().encode())
    return width is None or len(rows) <= MOST_ROWS


def _markdown(connection: duckdb.DuckDBPyConnection, answer: duckdb.DuckDBPyRelation, sink: Sink) -> None:
    """A table as GitHub and most others read it. What Markdown would take as markup is escaped; a line break becomes <br>."""

    def line(cells: list[str]) -> bytes:
        return f"| {' | '.join(cells)} |\n".encode()

    def cell(text: str | None) -> str:
        return "NULL" if text is None else MARKUP.sub(r"\\\g<0>", text).replace("\r", "").replace("\n", "<br>")

    rows = _stoppable(connection, _cells(answer, "csv").fetchall)
    sink(line([cell(name) for name in answer.columns]))
    sink(line(["---:" if kind.id in NUMBERS else "---" for kind in answer.types]))
    for row in rows:
        sink(line([cell(text) for text in row]))


def _copy(connection: duckdb.DuckDBPyConnection, answer: duckdb.DuckDBPyRelation, form: str, sink: Sink) -> None:
    """Write an answer as CSV, JSON or Parquet, while the database is still working it out."""
    cells = _cells(answer, form)
    reading, writing = os.pipe()
    with duckdb.connect() as writer:
        writer.execute("set threads = 1")  # more threads would keep more of the answer in memory, and are no faster

        def copy() -> None:
            try:
                writer.register("answer", cells.__arrow_c_stream__())
                writer.execute(f"copy (from answer) to '/dev/fd/{writing}' ({OPTIONS[form]})")
            finally:
                os.close(writing)

        with _running(copy, connection, writer), open(reading, "rb", buffering=0) as pipe:
            while piece := pipe.read(1 << 16):
                sink(piece)


def _cells(answer: duckdb.DuckDBPyRelation, form: str) -> duckdb.DuckDBPyRelation:
    """The answer with the columns that `form` would spoil made into ones that it keeps exactly."""
    cells = (_cell(f"#{place}", kind, form) for place, kind in enumerate(answer.types, start=1))
    names = ('"' + name.replace('"', '""') + '"' for name in answer.columns)
    return answer.project(", ".join(f"{cell} as {name}" for cell, name in zip(cells, names, strict=True)))


def _cell(column: str, kind: duckdb.sqltypes.DuckDBPyType, form: str) -> str:
    """The SQL of a cell. Text is as DuckDB writes it, but a time is in ISO 8601, and in UTC if it has a time zone."""
    if kind.id in ONLY_AS_TEXT:
        return f"cast({column} as varchar)"
    if form == "parquet":  # which holds no integer of more than 64 bits: DuckDB would make it a floating-point number
        whole = re.sub("U?HUGEINT", "DECIMAL(38, 0)", str(kind))
        return column if whole == str(kind) else f"cast({column} as {whole})"
    if kind.id == "timestamp with time zone":
        return f"replace(cast(timezone('UTC', {column}) as varchar), ' ', 'T') || 'Z'"
    if kind.id.startswith("timestamp"):
        return f"replace(cast({column} as varchar), ' ', 'T')"
    if form == "json" and kind.id in FRACTIONS:
        return f"if(not isfinite({column}), {NOT_IN_JSON}, cast(cast({column} as varchar) as double))"
    if form == "json" and kind.id in NESTED and re.search("FLOAT|DOUBLE", str(kind)):
        bare = rf"""regexp_replace(cast(to_json({column}) as varchar), '"(\\.|[^"\\])*"', '', 'g')"""
        return f"if(regexp_matches({bare}, 'NaN|Infinity'), {NOT_IN_JSON}, {column})"
    if form == "json" and kind.id in {*NUMBERS, *NESTED, "boolean"}:
        return column
    return f"cast({column} as varchar)"
