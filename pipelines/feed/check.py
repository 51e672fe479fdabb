"""Check: are the rows of a delivered file what a feed must hold? DuckDB judges them, and spills what memory cannot hold.

A file is CSV or Parquet with exactly the columns COLUMNS. Its manifest, `<name>.manifest.json` beside it, states the control
totals as the portal counts them: {"month": "2024-01", "row_count": 2480000, "usage_sum": 1241287654}.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from pipelines.feed.register import MONTH
from pipelines.intake.load import read_text_table
from pipelines.intake.package import read_package, without_twins
from pipelines.project import EgovError, Exit, Project

COLUMNS = ("usage_date", "service_code", "region_code", "channel_code", "usage_count")
KEY = ("usage_date", "service_code", "region_code", "channel_code")
WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT", "UHUGEINT"}
# What Parquet may declare for each column. A date in a text column is judged like one in CSV.
TYPES = {column: {"VARCHAR"} for column in COLUMNS} | {"usage_date": {"DATE", "VARCHAR"}, "usage_count": WHOLE}
# One day of one service in one region through one channel: a larger count is a mistake, and the sum of a month stays a bigint.
LARGEST = 10**12


class Refused(EgovError):
    """A file that is not taken into the feed, exit code 2. The message names the file."""

    def __init__(self, name: str, said: str) -> None:
        super().__init__(f"{name}: {said}; nothing is added to the feed", Exit.REFUSED)


@dataclass(frozen=True)
class Manifest:
    """The control totals that a portal states for a file: its month (YYYY-MM), rows, and the sum of usage_count."""

    month: str
    row_count: int
    usage_sum: int


@dataclass(frozen=True)
class Codes:
    """The codes that the warehouse knows: services, channels, and regions with their first and last day (None: open)."""

    services: list[str]
    channels: list[str]
    regions: list[tuple[str, str | None, str | None]]


@dataclass(frozen=True)
class Checked:
    """What a check found: the rows and uses to load, and those set aside.

    `quarantined` has the numbers of the rows that were set aside. `quarantined_sum` is None if the count of one of them is
    unreadable.
    """

    row_count: int
    usage_sum: int
    quarantined: list[int]
    quarantined_sum: int | None


def read_manifest(file: Path) -> Manifest:
    """The manifest beside a delivered file. Raises Refused if either is missing or not as expected."""
    if not file.name.isprintable():  # the name is published: it must be text that every product can show
        raise Refused(ascii(file.name), "its name holds a character that cannot be printed; rename it")
    if not file.is_file():
        raise Refused(str(file), "there is no such file")
    path = file.with_name(f"{file.stem}.manifest.json")
    example = '{"month": "2024-01", "row_count": 100, "usage_sum": 12345}'
    if not path.is_file():
        raise Refused(file.name, f"it has no manifest {path.name} beside it; expected {example}, as the portal states them")
    try:
        stated = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=without_twins)
        manifest = Manifest(**stated)
        counts = (manifest.row_count, manifest.usage_sum)
        sound = MONTH.fullmatch(manifest.month) and all(type(count) is int and 0 <= count < 2**63 for count in counts)
    except (ValueError, TypeError, RecursionError):
        sound = None
    if not sound:
        raise Refused(path.name, f"expected {example} and nothing else")
    return manifest


def read_codes(project: Project) -> Codes:
    """The codes in raw/: those of the code lists, and the services that national inventories list.

    Raises EgovError, exit code 2, if such a file cannot be read.
    """
    resources = read_package(project)["resources"]
    inventories = [resource["path"] for resource in resources if resource.get("house_layout") == "services"]
    services: set[str] = set()
    for path in ("codes/services.csv", *inventories):
        services.update(code for (code,) in _listed(project, path, "service_code"))
    return Codes(
        sorted(services),
        sorted(code for (code,) in _listed(project, "codes/channels.csv", "channel_code")),
        [
            (code, first or None, last or None)
            for code, first, last in _listed(project, "codes/regions.csv", "region_code", "valid_from", "valid_to")
        ],
    )


def _listed(project: Project, path: str, *columns: str) -> list[list[str]]:
    """These columns of a code list. Every column with a name valid_* must hold dates."""
    try:
        table = read_text_table(project.raw / path)[list(columns)]
        for column in (column for column in columns if column.startswith("valid_")):
            for text in table[column]:
                date.fromisoformat(text or "2000-01-01")
    except (LookupError, ValueError) as error:
        raise EgovError(f"raw/{path}: {error}; `egov check` says what is wrong with raw/", Exit.REFUSED) from None
    rows: list[list[str]] = table.to_numpy().tolist()
    return rows


def check(
    connection: duckdb.DuckDBPyConnection, file: Path, name: str, manifest: Manifest, codes: Codes, quarantine: int
) -> Checked:
    """Judge a delivered file. Fills two tables of the connection, which must be new: `delivered`, its rows, and `bad`.

    `bad` has the number of each bad row, the column at fault, what was found there and what was expected. `name` is what
    messages call the file, and `quarantine` is how many bad rows may be set aside. Raises Refused.
    """
    try:
        _read(connection, file, Path(name).suffix.lower(), name)
    except duckdb.Error as error:
        if isinstance(error, duckdb.OutOfMemoryException) or "Could not write" in str(error):
            raise  # what is wrong is this machine or its disk, not the file
        raise Refused(name, _unreadable(error)) from None
    _judge(connection, manifest.month, codes)
    (count,) = _one(connection, "select count(distinct feed_row) from bad")
    if count > quarantine:
        row, column, found, expected = _one(connection, "select * from bad order by feed_row, bad_column limit 1")
        raise Refused(
            name,
            f"row {row}, column {column}: {found}; expected {expected}; "
            f"bad rows in all: {count} (--quarantine {count} would set them aside)",
        )
    bad = [row for (row,) in connection.execute("select distinct feed_row from bad order by 1").fetchall()]
    rows, total, unreadable, kept, kept_sum = _one(
        connection,
        "select count(*), coalesce(sum(usage_count), 0), count(*) - count(usage_count), "
        "count(*) filter (feed_row not in (select feed_row from bad)), "
        "coalesce(sum(usage_count) filter (feed_row not in (select feed_row from bad)), 0) from delivered",
    )
    if rows != manifest.row_count:
        raise Refused(name, f"it holds {rows} rows; expected {manifest.row_count}, the row_count of its manifest")
    if total != manifest.usage_sum and not unreadable:
        raise Refused(name, f"usage_count adds up to {total}; expected {manifest.usage_sum}, the usage_sum of its manifest")
    return Checked(int(kept), int(kept_sum), bad, None if unreadable else int(total - kept_sum))


def write_rows(connection: duckdb.DuckDBPyConnection, feed_file_id: str, path: Path) -> None:
    """Write the good rows of a checked file as Parquet, in the order of the file, with the columns of the daily fact."""
    connection.execute(
        "copy (select service_code, region_code, channel_code, usage_date, usage_count, ?::varchar as feed_file_id, feed_row "
        "from delivered where feed_row not in (select feed_row from bad) order by feed_row) "
        "to ? (format parquet, compression zstd, parquet_version v2)",
        [feed_file_id, str(path)],
    )


def write_quarantine(connection: duckdb.DuckDBPyConnection, feed_file_id: str, path: Path) -> None:
    """Write the bad rows of a checked file as Parquet: their numbers, their values as text, and what is wrong with them."""
    connection.execute(
        "copy (select ?::varchar as feed_file_id, feed_row, coalesce(usage_date::varchar, date_text) as usage_date, "
        "service_code, region_code, channel_code, coalesce(usage_count::varchar, count_text) as usage_count, reason "
        "from delivered join (select feed_row, string_agg(concat(bad_column, ': ', found, '; expected ', expected), '. ' "
        "order by bad_column, expected) as reason from bad group by feed_row) using (feed_row) order by feed_row) "
        "to ? (format parquet, compression zstd)",
        [feed_file_id, str(path)],
    )


def _read(connection: duckdb.DuckDBPyConnection, file: Path, suffix: str, name: str) -> None:
    """Fill the table delivered: feed_row from 1, the columns of the feed, and the text of a date or count that is none."""
    match suffix:
        case ".parquet":
            parquet = "read_parquet(?, hive_partitioning = false)"  # the name of a folder is no column
            described = connection.execute(f"describe select * from {parquet}", [str(file)]).fetchall()
            types = {column: data_type for column, data_type, *_ in described}
            _require_columns(list(types), name)
            for column in COLUMNS:
                if types[column] not in TYPES[column]:
                    raise Refused(name, f"column {column} is {types[column]}; expected {_type_expected(column)}")
            source, row = f"{parquet[:-1]}, file_row_number = true)", "file_row_number + 1"
            typed = types["usage_date"] == "DATE"
        case ".csv":
            columns = _header(file, name)
            _require_columns(columns, name)
            text = ", ".join(f"'{column}': 'VARCHAR'" for column in columns)
            dialect = """header = true, auto_detect = false, delim = ',', quote = '"', escape = '"'"""
            source = f"read_csv(?, columns = {{{text}}}, {dialect})"
            row, typed = "row_number() over ()", False
        case _:
            raise Refused(name, "expected a file that ends in .parquet or .csv")
    day = count = None
    if not typed:
        day = f"case when {_matches('usage_date', '[0-9]{4}-[0-9]{2}-[0-9]{2}')} then try_cast(usage_date as date) end"
    if suffix == ".csv":
        count = f"case when {_matches('usage_count', '-?[0-9]{1,18}')} then usage_count end"
    day, count = day or "usage_date", count or "usage_count"
    connection.execute(
        f"create table delivered as select ({row})::integer as feed_row, {day} as usage_date, service_code, region_code, "
        f"channel_code, try_cast({count} as bigint) as usage_count, "
        f"case when ({day}) is null then usage_date::varchar end as date_text, "
        f"case when try_cast({count} as bigint) is null then usage_count::varchar end as count_text from {source}",
        [str(file)],
    )


def _judge(connection: duckdb.DuckDBPyConnection, month: str, codes: Codes) -> None:
    """Fill the table bad."""
    for table, rows in (("services", codes.services), ("channels", codes.channels)):
        connection.execute(f"create table {table} as select unnest(?::varchar[]) as code", [rows])
    connection.execute("create table regions (code varchar, first_day date, last_day date)")
    connection.executemany("insert into regions values (?, ?, ?)", codes.regions)
    first = f"{month}-01"
    connection.execute(
        f"""create table bad as
        with known as (
            select d.*, first_day, last_day,
                s.code is not null as has_service, c.code is not null as has_channel, r.code is not null as has_region,
                coalesce(usage_date >= first_day, true) and coalesce(usage_date <= last_day, true) as region_exists
            from delivered as d
            left join services as s on s.code = d.service_code
            left join channels as c on c.code = d.channel_code
            left join regions as r on r.code = d.region_code
        ), repeated as (
            select {", ".join(KEY)}, min(feed_row) as first_row, max(feed_row) as last_row
            from delivered group by {", ".join(KEY)} having count(*) > 1
        )
        select feed_row, 'usage_date' as bad_column, {_quoted("date_text")} as found, 'a date, YYYY-MM-DD' as expected
        from known where usage_date is null
        union all
        select feed_row, 'usage_date', usage_date::varchar, 'a day of {month}'
        from known where not (usage_date >= '{first}'::date and usage_date <= last_day('{first}'::date))
        union all
        select feed_row, 'service_code', {_quoted("service_code")},
            'a code of raw/codes/services.csv or of a national inventory'
        from known where not has_service
        union all
        select feed_row, 'region_code', {_quoted("region_code")}, 'a code of raw/codes/regions.csv'
        from known where not has_region
        union all
        select feed_row, 'region_code', region_code, concat(
            'a region that existed on ', usage_date, ' (this one ',
            concat_ws(', ', 'began on ' || first_day, 'ended on ' || last_day), ')'
        ) from known where has_region and not region_exists
        union all
        select feed_row, 'channel_code', {_quoted("channel_code")}, 'a code of raw/codes/channels.csv'
        from known where not has_channel
        union all
        select feed_row, 'usage_count', {_quoted("count_text")}, 'a whole number from 0 to {LARGEST}'
        from known where usage_count is null
        union all
        select feed_row, 'usage_count', usage_count::varchar, 'a whole number from 0 to {LARGEST}'
        from known where usage_count not between 0 and {LARGEST}
        union all
        select feed_row, 'usage_date', 'the date, service, region and channel of row ' ||
            case when feed_row = first_row then last_row else first_row end || ' again', 'one row for each'
        from known join repeated using ({", ".join(KEY)})"""
    )


def _header(file: Path, name: str) -> list[str]:
    """The names in the first line of a CSV file."""
    with open(file, "rb") as lines:
        first = re.split(b"[\r\n]", lines.readline(10_000))[0]
    try:
        return next(csv.reader([first.decode("utf-8-sig")]), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(name, f"row 0, the header: {error}; expected UTF-8 text with commas") from None


def _require_columns(columns: list[str], name: str) -> None:
    if extra := [column for column in columns if column not in COLUMNS]:
        raise Refused(name, f"column {extra[0]!r} is not expected; expected {', '.join(COLUMNS)}")
    if missing := [column for column in COLUMNS if column not in columns]:
        raise Refused(name, f"column {missing[0]} is missing; expected {', '.join(COLUMNS)}")
    if len(columns) > len(COLUMNS):
        raise Refused(name, f"a column occurs twice; expected {', '.join(COLUMNS)}")


def _type_expected(column: str) -> str:
    return {"usage_date": "DATE", "usage_count": "a whole number such as BIGINT"}.get(column, "text")


def _matches(column: str, pattern: str) -> str:
    return f"regexp_full_match({column}, '{pattern}')"


def _quoted(column: str) -> str:
    """A found text as a message shows it: its start, in one line."""
    return f"coalesce('''' || replace(left({column}, 100), chr(10), '\\n') || '''', 'nothing')"


def _unreadable(error: duckdb.Error) -> str:
    """What is wrong with a file that DuckDB cannot read, and in which row."""
    said = first_line(error).partition(" Possible fixes:")[0]
    if "No magic bytes" in said or "too small to be a Parquet file" in said:
        return "it is not a whole Parquet file"
    line = re.search(r"CSV Error on Line: ([0-9]+)", said)  # DuckDB counts rows, the header as the first
    if line is None:
        return f"it cannot be read: {said}"
    row = f"row {int(line[1]) - 1}"
    if found := re.search(r"Expected Number of Columns: [0-9]+ Found: ([0-9]+)", said):
        return f"{row}: it has {found[1]} cells; expected {len(COLUMNS)}"
    if "not utf-8 encoded" in said:
        return f"{row}: it is not UTF-8 text; expected UTF-8"
    return f"{row}: it cannot be read: {said[:300]}; expected {len(COLUMNS)} cells as in RFC 4180"


def first_line(error: Exception) -> str:
    """The message of a DuckDB error without its hints."""
    return " ".join(str(error).split("\n\n")[0].split())


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    assert row
    return row
