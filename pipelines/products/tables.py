"""Tables: every public table as CSV and as Parquet. Rows are ordered by primary key, so that equal data gives equal bytes.

The tables of the feed come as one Parquet file for each file of the feed, and not as CSV, which would be many times the size. A
file that the last release has too is the same file on the disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from pipelines.products.contract import File, Product
from pipelines.project import EgovError
from pipelines.releases.catalog import Catalog, Column, Table
from pipelines.releases.connect import limits
from pipelines.releases.draft import Draft

# The first characters that make a spreadsheet run a cell as a formula: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = r"^[=+\-@＝＋－＠\t\r\n]"


def write(draft: Draft, catalog: Catalog) -> None:
    """Write csv/<table>.csv and parquet/<table>.parquet, and parquet/<table>/<file of the feed>.parquet."""
    for kind in ("csv", "parquet"):
        (draft.folder / kind).mkdir()
    tables = [table for table in catalog.tables if not table.parts]
    with ThreadPoolExecutor(1) as thread:  # the database writes Parquet without Python's lock
        parquet = thread.submit(write_parquet, draft, catalog.tables)
        for table in tables:
            (path,) = CSV.paths_of(table)
            if not (draft.is_carried(table.name) and draft.take_over(path)):
                write_csv(catalog.connection, table, _ordered(table), draft.folder / path)
        parquet.result()


def write_parquet(draft: Draft, tables: Sequence[Table]) -> None:
    """Write every public table as Parquet. The connection that writes the files can reach only their folder."""
    folder = draft.folder / "parquet"
    with duckdb.connect(config=limits(draft.project.build / "spill")) as connection:
        connection.execute("set threads = 1")  # with one thread, row groups are always the same
        connection.execute("attach ? as release (read_only)", [str(draft.folder / "egov.duckdb")])
        connection.execute("use release")
        connection.execute("set allowed_directories = [?]", [str(folder)])
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        for table in tables:
            for path in PARQUET.paths_of(table):
                file = draft.folder / path
                rows = _ordered(table)
                if table.parts:
                    file.parent.mkdir(exist_ok=True)
                    rows = f"from {table.full_name} where feed_file_id = '{file.stem}'"  # in the order of the table
                if (table.parts or draft.is_carried(table.name)) and draft.take_over(path):
                    continue
                connection.execute(f"copy (select * {rows}) to ? (format parquet, compression zstd)", [str(file)])


def _ordered(table: Table) -> str:
    return f"from {table.full_name} order by {', '.join(table.primary_key) or 'all'}"


def write_csv(connection: duckdb.DuckDBPyConnection, table: Table, ordered: str, path: Path) -> None:
    """Write one table as RFC 4180: UTF-8, CRLF, a header, ISO 8601 dates and times, decimals in full, an empty cell for null.

    Text that a spreadsheet would run as a formula gets an apostrophe before it, unless it is a plain number. The database
    writes the lines: for a large table Python's own writer takes several times as long. Raises EgovError if empty text and null
    would look alike.
    """
    texts = [column.name for column in table.columns if column.data_type == "VARCHAR"]
    if texts and any(column.is_nullable for column in table.columns):
        empty = " or ".join(f"{name} = ''" for name in texts)
        if connection.execute(f"select 1 from (select * {ordered}) where {empty} limit 1").fetchone():
            raise EgovError(f"{table.full_name} has empty text beside nulls: in CSV, the two would look alike")
    cells = ", ',', ".join(_as_cell(column) for column in table.columns)
    lines = connection.execute(f"select concat({cells}, chr(13), chr(10)) {ordered}")  # concat leaves nulls out
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(",".join(column.name for column in table.columns) + "\r\n")
        while rows := lines.fetchmany(10_000):
            file.write("".join(line for (line,) in rows))


def _as_cell(column: Column) -> str:
    if column.data_type == "TIMESTAMP WITH TIME ZONE":  # in UTC, whatever the time zone of this machine
        return f"strftime({column.name} at time zone 'UTC', '%Y-%m-%dT%H:%M:%SZ')"
    if column.data_type != "VARCHAR":
        return f"cast({column.name} as varchar)"
    text = (
        f"case when regexp_matches({column.name}, '{FORMULA}') and try_cast({column.name} as double) is null"
        f" then concat('''', {column.name}) else {column.name} end"
    )
    return f"""if(regexp_matches({text}, '[,"\\r\\n]'), concat('"', replace({text}, '"', '""'), '"'), {text})"""


CSV = File("csv/{table}.csv", "text/csv", conforms_to="https://www.rfc-editor.org/rfc/rfc4180")
PARQUET = File("parquet/{table}.parquet", "application/vnd.apache.parquet", part_path="parquet/{table}/{part}.parquet")
PRODUCT = Product("tables", (CSV, PARQUET), write)
