"""Files arrive in the usage feed: what is checked, what a refusal says, what is kept, and that the register is always whole."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from filelock import FileLock

from pipelines.feed import register
from pipelines.feed.check import COLUMNS, LARGEST
from pipelines.project import Project
from tests import feeds
from tests.helpers import ROOT, Said, command, copy_project, egov, egov_process, environment

Row = Sequence[object]
MONTH = "2024-01"
SERVICES = ("address_certificate", "criminal_record_certificate", "kindergarten_enrolment")
TYPED = {"usage_date": "date", "usage_count": "bigint"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return copy_project(tmp_path_factory.mktemp("arrival") / "project")


@pytest.fixture
def project(shared: Project) -> Iterator[Project]:
    """A project without a feed. Nothing in this file writes to its raw/."""
    yield shared
    for folder in (shared.feed, shared.warehouse):
        shutil.rmtree(folder, ignore_errors=True)


def good(number: int) -> list[object]:
    """A row for each number, up to 185, that nothing is wrong with."""
    day, rest = number % 31 + 1, number // 31
    return [f"{MONTH}-{day:02d}", SERVICES[rest % 3], ("KZ-71", "KZ-75")[rest // 3 % 2], "online", number]


def deliver(
    folder: Path,
    rows: Sequence[Row],
    *,
    suffix: str = ".csv",
    name: str = "usage",
    month: str = MONTH,
    types: dict[str, str] | None = None,
    stated: tuple[int, int] | None = None,
) -> Path:
    """Write a file of these rows and its manifest, which states what the rows hold unless `stated` says otherwise."""
    file = folder / f"{name}{suffix}"
    if suffix.lower() == ".csv":
        written = io.StringIO()
        csv.writer(written, lineterminator="\n").writerows([COLUMNS, *rows])
        file.write_text(written.getvalue(), encoding="utf-8")
    else:
        with duckdb.connect() as connection:
            columns = ", ".join(f"{column} {(TYPED | (types or {})).get(column, 'varchar')}" for column in COLUMNS)
            connection.execute(f"create table rows ({columns})")
            if len(rows) > 1000:
                connection.register("frame", pd.DataFrame(rows, columns=COLUMNS))
                connection.execute("insert into rows from frame")
            elif rows:
                connection.executemany("insert into rows values (?, ?, ?, ?, ?)", [list(row) for row in rows])
            connection.execute("copy rows to ? (format parquet)", [str(file)])
    counts = [int(str(row[4])) for row in rows if str(row[4]).removeprefix("-").isdecimal()]
    feeds.write_manifest(file, month, *(stated or (len(rows), max(sum(counts), 0))))
    return file


def add(project: Project, *files: Path, more: Sequence[str] = ()) -> Said:
    return egov(project, "feed", "add", *more, *map(str, files))


def refused(project: Project, *files: Path, more: Sequence[str] = ()) -> str:
    """The message with which files are refused: one line, exit code 2, and nothing is left in the feed."""
    before = register.read(project)
    held = kept(project)
    said = add(project, *files, more=more)
    assert said.returncode == 2, said
    assert said.stdout == ""
    assert said.stderr.startswith("egov: ")
    assert said.stderr.endswith("; nothing is added to the feed\n")
    assert said.stderr.count("\n") == 1
    assert register.read(project) == before
    assert kept(project) == held
    return said.stderr


def kept(project: Project) -> set[str]:
    return {path.relative_to(project.feed).as_posix() for path in project.feed.rglob("*") if path.is_file()}


def rows_of(file: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute("from read_parquet(?)", [str(file)]).fetchall()


def replaced(number: int, **cells: object) -> list[list[object]]:
    """Three good rows, of which one (from 1) has other cells."""
    rows = [good(each) for each in range(3)]
    for column, cell in cells.items():
        rows[number - 1][COLUMNS.index(column)] = cell
    return rows


@pytest.mark.parametrize("suffix", [".csv", ".CSV", ".parquet", ".Parquet"])
def test_a_good_file_is_kept_by_its_hash_with_its_rows_in_order(project: Project, tmp_path: Path, suffix: str) -> None:
    rows = [good(number) for number in (5, 3, 70, 1)]
    file = deliver(tmp_path, rows, suffix=suffix)
    said = add(project, file)
    assert (said.returncode, said.stdout) == (0, f"2024-01  4 rows, 79 uses: usage{suffix}\n"), said.stderr
    (entry,) = register.active(project)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert (entry.sha256, entry.feed_file_id) == (sha256, f"2024-01-{sha256[:12]}")
    assert (entry.row_count, entry.usage_sum, entry.stated_row_count, entry.stated_usage_sum) == (4, 79, 4, 79)
    assert (entry.quarantined_rows, entry.quarantined_sum, entry.replaces, entry.ended_at) == (0, 0, None, None)
    assert entry.delivered_file(project).read_bytes() == file.read_bytes()
    assert kept(project) == {
        "register.json", f"months/{entry.feed_file_id}.parquet", f"delivered/{sha256}{suffix.lower()}",
    }  # fmt: skip
    held = rows_of(entry.rows_file(project))
    assert [(str(day), *codes, count) for *codes, day, count, _, _ in held] == [
        (day, *codes, count) for day, *codes, count in rows
    ]
    assert [(file_id, number) for *_, file_id, number in held] == [(entry.feed_file_id, number) for number in (1, 2, 3, 4)]
    for path in (entry.rows_file(project), entry.delivered_file(project)):
        assert path.stat().st_mode & 0o222 == 0, "a kept file must be read-only"
    assert egov(project, "feed", "list").stdout == said.stdout


WHOLE = f"expected a whole number from 0 to {LARGEST}"
DAY = "expected a date, YYYY-MM-DD"
# column, text in it, and what the message says; as CSV, and as text in Parquet where the column may be text
BAD_TEXT = [
    *(("usage_count", text, f"'{text}'; {WHOLE}") for text in ("12.5", "1e3", " 5", "5 ", "+5", "0x10", "NULL", "NaN", "1_0", "٥", "--5", "5-")),
    *(("usage_count", text, f"'{text}'; {WHOLE}") for text in ("9223372036854775808", "1" + "0" * 40, "-" + "9" * 25)),
    ("usage_count", "", f"nothing; {WHOLE}"),
    ("usage_count", "-1", f"-1; {WHOLE}"),
    ("usage_count", str(LARGEST + 1), f"{LARGEST + 1}; {WHOLE}"),
    *(("usage_date", text, f"'{text}'; {DAY}") for text in ("2024-02-30", "2024-1-1", "01.01.2024", "2024-01-01 ", "20240101", "2024-01-01T00:00:00", "infinity", "now")),
    ("usage_date", "", f"nothing; {DAY}"),
    ("usage_date", "2023-12-31", "2023-12-31; expected a day of 2024-01"),
    ("usage_date", "2024-02-01", "2024-02-01; expected a day of 2024-01"),
    *(("region_code", text, f"'{text}'; expected a code of raw/codes/regions.csv") for text in ("kz-75", "KZ-75 ", "KZ-99", "75")),
    ("region_code", "", "nothing; expected a code of raw/codes/regions.csv"),
    ("region_code", "KZ-YUZ", "KZ-YUZ; expected a region that existed on 2024-01-02 (this one ended on 2018-06-18)"),
    ("service_code", "made_up", "'made_up'; expected a code of raw/codes/services.csv or of a national inventory"),
    ("service_code", "", "nothing; expected a code of raw/codes/services.csv or of a national inventory"),
    ("service_code", "a\nb", r"'a\nb'; expected a code of raw/codes/services.csv"),
    ("service_code", "x" * 200_000, f"'{'x' * 100}'; expected a code"),
    ("service_code", "\x1b[31m<b>", r"'\x1b[31m<b>'; expected a code of raw/codes/services.csv"),
    ("channel_code", "Online", "'Online'; expected a code of raw/codes/channels.csv"),
    ("channel_code", "", "nothing; expected a code of raw/codes/channels.csv"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "text", "says"), BAD_TEXT)
def test_a_bad_cell_is_named_by_file_row_and_column(
    project: Project, tmp_path: Path, column: str, text: str, says: str
) -> None:
    message = refused(project, deliver(tmp_path, replaced(2, **{column: text}), stated=(3, 2)))
    assert message.startswith(f"egov: usage.csv: row 2, column {column}: {says}")
    assert "bad rows in all: 1 (--quarantine 1 would set them aside)" in message
    if column != "usage_count":
        rows = replaced(2, **{column: text or None})
        file = deliver(tmp_path, rows, suffix=".parquet", types={"usage_date": "varchar"})
        assert refused(project, file).startswith(f"egov: usage.parquet: row 2, column {column}: {says}")


@pytest.mark.parametrize(
    ("column", "kind", "cell", "says"),
    [
        ("usage_date", "date", None, f"row 2, column usage_date: nothing; {DAY}"),
        ("usage_date", "date", "infinity", "row 2, column usage_date: infinity; expected a day of 2024-01"),
        ("usage_count", "bigint", None, f"row 2, column usage_count: nothing; {WHOLE}"),
        ("usage_count", "integer", -7, f"row 2, column usage_count: -7; {WHOLE}"),
        ("usage_count", "ubigint", 2**64 - 1, f"row 2, column usage_count: '{2**64 - 1}'; {WHOLE}"),
        ("usage_count", "double", 5.0, "column usage_count is DOUBLE; expected a whole number such as BIGINT"),
        ("usage_count", "hugeint", 5, "column usage_count is DOUBLE; expected a whole number"),  # Parquet has no hugeint
        ("usage_count", "decimal(18, 0)", 5, "column usage_count is DECIMAL(18,0); expected a whole number"),
        ("usage_count", "varchar", "5", "column usage_count is VARCHAR; expected a whole number"),
        ("usage_count", "boolean", True, "column usage_count is BOOLEAN; expected a whole number"),
        ("usage_date", "timestamp", "2024-01-02", "column usage_date is TIMESTAMP; expected DATE"),
        ("service_code", "blob", "a", "column service_code is BLOB; expected text"),
        ("region_code", "varchar[]", ["KZ-75"], "column region_code is VARCHAR[]; expected text"),
    ],
)
def test_the_types_of_parquet(project: Project, tmp_path: Path, column: str, kind: str, cell: object, says: str) -> None:
    rows = replaced(2, **{column: cell})
    if "row 2" not in says:
        rows = [rows[1]]  # the other rows have no value of this type
    file = deliver(tmp_path, rows, suffix=".parquet", types={column: kind}, stated=(len(rows), 2))
    assert f"egov: usage.parquet: {says}" in refused(project, file)


@pytest.mark.parametrize("kind", ["utinyint", "smallint", "uinteger", "ubigint"])
def test_every_whole_type_of_parquet_is_read(project: Project, tmp_path: Path, kind: str) -> None:
    file = deliver(tmp_path, replaced(2), suffix=".parquet", types={"usage_count": kind, "usage_date": "varchar"})
    assert add(project, file).stdout == "2024-01  3 rows, 3 uses: usage.parquet\n"


HEADER = ",".join(COLUMNS)
LINE = ",".join(map(str, good(5)))
OTHER = ",".join(map(str, good(6)))
NOT_THERE = f"expected {', '.join(COLUMNS)}"
# the content of usage.csv, whose manifest states 1 row and 5 uses, and the message
BAD_FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", f"column usage_date is missing; {NOT_THERE}"),
    "blank lines": (b"\n\n", f"column usage_date is missing; {NOT_THERE}"),
    "no header": (f"{LINE}\n".encode(), f"column '2024-01-06' is not expected; {NOT_THERE}"),
    "one column too many": (f"{HEADER},note\n{LINE},x\n".encode(), f"column 'note' is not expected; {NOT_THERE}"),
    "one too few": (b"usage_date,service_code,region_code,usage_count\n", f"column channel_code is missing; {NOT_THERE}"),
    "a column twice": (f"{HEADER},usage_count\n{LINE},5\n".encode(), f"a column occurs twice; {NOT_THERE}"),
    "another case": (f"{HEADER.upper()}\n{LINE}\n".encode(), f"column 'USAGE_DATE' is not expected; {NOT_THERE}"),
    "spaces in the header": (f"{HEADER.replace(',', ', ')}\n".encode(), f"column ' service_code' is not expected; {NOT_THERE}"),
    "semicolons": (f"{HEADER}\n{LINE}\n".replace(",", ";").encode(), "column 'usage_date;service_code;"),
    "a long row": (f"{HEADER}\n{LINE}\n{OTHER},7\n".encode(), "row 2: it has 6 cells; expected 5"),
    "a short row": (f"{HEADER}\n{LINE}\n2024-01-07,x\n".encode(), "row 2: it has 2 cells; expected 5"),
    "a short row after a cell of two lines": (f'{HEADER}\n2024-01-07,"a\nb",KZ-75,online,5\nx,y\n'.encode(), "row 2: it has 2 cells"),
    "an open quote": (f'{HEADER}\n{LINE}\n2024-01-07,"x,KZ-75,online,5\n'.encode(), "row 2: it cannot be read: "),
    "Latin-1": (f"{HEADER}\n{LINE}\n2024-01-07,caf\xe9,KZ-75,online,5\n".encode("latin-1"), "row 2: it is not UTF-8 text"),
    "Latin-1 in the header": (f"{HEADER},\xe9\n{LINE},5\n".encode("latin-1"), "row 0, the header: 'utf-8' codec can't decode"),
    "UTF-16": (f"{HEADER}\n{LINE}\n".encode("utf-16"), "row 0, the header: 'utf-8' codec can't decode"),
    "a cell of 3 MB": (f"{HEADER}\n2024-01-07,{'x' * 3_000_000},KZ-75,online,5\n".encode(), "row 1: it cannot be read: "),
    "Parquet inside": (b"PAR1\x15\x04\x15", "column 'PAR1"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_file_that_is_no_such_table(project: Project, tmp_path: Path, kind: str) -> None:
    content, says = BAD_FILES[kind]
    (tmp_path / "usage.csv").write_bytes(content)
    feeds.write_manifest(tmp_path / "usage.csv", MONTH, 1, 5)
    message = refused(project, tmp_path / "usage.csv")
    assert message.startswith(f"egov: usage.csv: {says}")
    assert len(message) < 700
    assert "strict_mode" not in message, "a message must not advise what the user cannot do"


@pytest.mark.parametrize(
    "content",
    [
        f"\ufeff{HEADER}\n{LINE}\n",
        f"{HEADER}\r\n{LINE}\r\n",
        f"{HEADER}\n{LINE}",
        f"{HEADER}\n\n{LINE}\n\n",
        '"usage_count","usage_date","service_code","channel_code","region_code"\n"5","2024-01-06","address_certificate","online","KZ-71"\n',
        f"{HEADER}\n{LINE[:-1]}005\n",
    ],
)
def test_the_forms_of_csv(project: Project, tmp_path: Path, content: str) -> None:
    (tmp_path / "usage.csv").write_bytes(content.encode())
    feeds.write_manifest(tmp_path / "usage.csv", MONTH, 1, 5)
    said = add(project, tmp_path / "usage.csv")
    assert said.returncode == 0, said.stderr
    ((service, region, channel, day, count, _, row),) = rows_of(register.active(project)[0].rows_file(project))
    assert [str(day), service, region, channel, count, row] == [*good(5), 1]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_month_in_which_nothing_was_used(project: Project, tmp_path: Path, suffix: str) -> None:
    assert add(project, deliver(tmp_path, [], suffix=suffix)).stdout == f"2024-01  0 rows, 0 uses: usage{suffix}\n"


def test_parquet_with_other_columns(project: Project, tmp_path: Path) -> None:
    file = deliver(tmp_path, [good(5)], suffix=".parquet")
    for columns, says in (
        ("*, 1 as note", "column 'note' is not expected"),
        ("* exclude (usage_count)", "column usage_count is missing"),
        ('* rename (usage_date as "Usage_Date")', "column 'Usage_Date' is not expected"),
        ("*, 1 as file_row_number", "column 'file_row_number' is not expected"),
    ):
        with duckdb.connect() as connection:
            connection.execute(f"copy (select {columns} from '{file}') to '{tmp_path}/wide.parquet'")
        feeds.write_manifest(tmp_path / "wide.parquet", MONTH, 1, 5)
        assert refused(project, tmp_path / "wide.parquet").startswith(f"egov: wide.parquet: {says}; {NOT_THERE}")


def test_damaged_parquet_is_refused_or_read_as_it_is(project: Project, tmp_path: Path) -> None:
    """Cut off anywhere, it is refused. A byte changed anywhere never ends in a traceback, and the totals hold in any case."""
    chance = random.Random(3)
    file = deliver(tmp_path, [good(number) for number in range(180)], suffix=".parquet")
    content, outcomes = file.read_bytes(), []
    for cut in (0, 1, 4, 12, len(content) // 2, len(content) - 8, len(content) - 1):
        file.write_bytes(content[:cut])
        assert "usage.parquet: it is not a whole Parquet file; " in refused(project, file)
    for _ in range(60):
        place = chance.randrange(len(content))
        file.write_bytes(content[:place] + bytes([chance.randrange(256)]) + content[place + 1 :])
        said = add(project, file)
        outcomes.append(said.returncode)
        assert said.returncode == 0 or (said.stderr.startswith("egov: usage.parquet: ") and said.stderr.count("\n") == 1), said
        assert said.returncode or register.active(project)[0].usage_sum == sum(range(180))
        shutil.rmtree(project.feed)
    assert outcomes.count(2) > 20


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_rows_of_a_large_file_are_numbered_right(project: Project, tmp_path: Path, suffix: str) -> None:
    """Large enough that DuckDB reads it in several threads."""
    count, bad = 400_000, 399_990
    file = tmp_path / f"usage{suffix}"
    with duckdb.connect() as connection:
        day = "date '2024-01-01' + (n % 31)::int" if suffix == ".csv" else "(date '2024-01-01' + (n % 31)::int)::date"
        connection.execute(
            f"""create table rows as select {day} as usage_date,
            if(n = {bad - 1}, 'made_up', (select service_code from read_csv('{ROOT}/raw/codes/services.csv') limit 1)) as service_code,
            'KZ-75' as region_code, 'online' as channel_code, n as usage_count from range({count}) as r (n)"""
        )
        options = "format csv, header" if suffix == ".csv" else "format parquet, row_group_size 20000"
        connection.execute(f"copy (from rows order by usage_count) to '{file}' ({options})")
    feeds.write_manifest(file, MONTH, count, count * (count - 1) // 2)
    said = add(project, file, more=["--quarantine", "10"])
    assert said.returncode == 2
    # all other rows repeat a key: each names the last row of its key, the first of them the one nearest to the end
    first = f"row 1, column usage_date: the date, service, region and channel of row {(count - 1) // 31 * 31 + 1} again"
    assert f"usage{suffix}: {first}; expected one row for each; bad rows in all: {count}" in said.stderr
    if suffix == ".csv":
        lines = file.read_text(encoding="utf-8").splitlines()
        assert lines[bad].split(",")[1] == "made_up"
        lines[bad] = "x,y"
        file.write_text("\n".join(lines), encoding="utf-8")
        assert f"usage.csv: row {bad}: it has 2 cells; expected 5" in add(project, file).stderr


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_rows_set_aside_from_a_large_file_are_the_right_ones(project: Project, tmp_path: Path, suffix: str) -> None:
    with open(ROOT / "raw/codes/services.csv", encoding="utf-8", newline="") as listed:
        codes = [row["service_code"] for row in csv.DictReader(listed)]
    made = feeds.make_month(tmp_path / "made", MONTH, codes=codes, suffix=".csv")
    with open(made, encoding="utf-8", newline="") as file:
        _, *rows = list(csv.reader(file))
    wrong = {len(rows) - 3: "KZ-99", 7: "KZ-98", len(rows) // 2: "KZ-97"}
    for number, region in wrong.items():
        rows[number - 1][2] = region
    delivered = deliver(tmp_path, rows, suffix=suffix)
    said = add(project, delivered, more=["--quarantine", "3"])
    assert said.returncode == 0, said.stderr
    (entry,) = register.active(project)
    aside = rows_of(entry.quarantine_file(project))
    assert {number: region for _, number, _, _, region, *_ in aside} == wrong
    held = rows_of(entry.rows_file(project))
    assert len(held) == len(rows) - 3
    for service, region, channel, day, count, _, number in held:
        assert rows[number - 1] == [str(day), service, region, channel, str(count)]


MANIFESTS: dict[str, str | bytes] = {
    "damaged": "{",
    "empty": "",
    "no object": "[]",
    "null": "null",
    "not UTF-8": b'{"month": "2024-01\xe9"}',
    "deep": "[" * 100_000,
    "no month": '{"row_count": 3, "usage_sum": 3}',
    "one more property": '{"month": "2024-01", "row_count": 3, "usage_sum": 3, "note": ""}',
    "a property twice": '{"month": "2024-01", "row_count": 3, "usage_sum": 7, "usage_sum": 3}',
    "month 13": '{"month": "2024-13", "row_count": 3, "usage_sum": 3}',
    "month with a line break": '{"month": "2024-01\\n", "row_count": 3, "usage_sum": 3}',
    "month as a path": '{"month": "../2024-01", "row_count": 3, "usage_sum": 3}',
    "year 0": '{"month": "0000-01", "row_count": 3, "usage_sum": 3}',
    "number as month": '{"month": 202401, "row_count": 3, "usage_sum": 3}',
    "negative": '{"month": "2024-01", "row_count": -3, "usage_sum": 3}',
    "decimal": '{"month": "2024-01", "row_count": 3, "usage_sum": 3.0}',
    "text": '{"month": "2024-01", "row_count": "3", "usage_sum": 3}',
    "true": '{"month": "2024-01", "row_count": true, "usage_sum": 3}',
    "NaN": '{"month": "2024-01", "row_count": 3, "usage_sum": NaN}',
    "huge": '{"month": "2024-01", "row_count": 3, "usage_sum": 9223372036854775808}',
    "huger": '{"month": "2024-01", "row_count": 3, "usage_sum": ' + "9" * 5000 + "}",
}


@pytest.mark.parametrize("kind", MANIFESTS)
def test_a_damaged_manifest(project: Project, tmp_path: Path, kind: str) -> None:
    file, text = deliver(tmp_path, replaced(1)), MANIFESTS[kind]
    (tmp_path / "usage.manifest.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert refused(project, file).startswith("egov: usage.manifest.json: expected {")


def test_the_totals_of_the_manifest_are_asserted(project: Project, tmp_path: Path) -> None:
    for suffix in (".csv", ".parquet"):
        file = deliver(tmp_path, replaced(1), suffix=suffix, stated=(4, 3))
        assert f"usage{suffix}: it holds 3 rows; expected 4, the row_count of its manifest" in refused(project, file)
        file = deliver(tmp_path, replaced(1), suffix=suffix, stated=(3, 4))
        assert "usage_count adds up to 3; expected 4, the usage_sum of its manifest" in refused(project, file)
        file = deliver(tmp_path, replaced(1), suffix=suffix, month="2024-02")
        assert "row 1, column usage_date: 2024-01-01; expected a day of 2024-02" in refused(project, file)
        assert "bad rows in all: 3" in refused(project, file)
    (tmp_path / "usage.manifest.json").unlink()
    assert "usage.csv: it has no manifest usage.manifest.json beside it" in refused(project, tmp_path / "usage.csv")
    (tmp_path / "usage.manifest.json").mkdir()
    assert "it has no manifest" in refused(project, tmp_path / "usage.csv")


def test_a_total_covers_the_rows_that_are_set_aside(project: Project, tmp_path: Path) -> None:
    rows = [*replaced(1), ["2024-01-31", "made_up", "KZ-75", "online", 40]]
    file = deliver(tmp_path, rows, stated=(3, 3))
    assert "it holds 4 rows; expected 3" in refused(project, file, more=["--quarantine", "1"])
    file = deliver(tmp_path, rows, stated=(4, 3))
    assert "usage_count adds up to 43; expected 3" in refused(project, file, more=["--quarantine", "1"])
    said = add(project, deliver(tmp_path, rows), more=["--quarantine", "1"])
    assert said.stdout == "2024-01  3 rows, 3 uses, 1 rows set aside: usage.csv\n"
    (entry,) = register.active(project)
    assert (entry.stated_row_count, entry.stated_usage_sum) == (4, 43)
    assert (entry.row_count, entry.usage_sum, entry.quarantined_rows, entry.quarantined_sum) == (3, 3, 1, 40)


def test_quarantine_has_a_limit_and_keeps_what_was_there(project: Project, tmp_path: Path) -> None:
    rows = [good(number) for number in range(6)]
    rows[1][0], rows[1][4] = "2024-02-30", "12.5"
    rows[3][1:3] = ["made_up", "KZ-YUZ"]
    rows[4][4] = -2
    file = deliver(tmp_path, rows, stated=(6, 0))
    message = refused(project, file, more=["--quarantine", "2"])
    assert "row 2, column usage_count: '12.5'" in message
    assert "bad rows in all: 3 (--quarantine 3 would set them aside)" in message
    assert add(project, file, more=["--quarantine", "3"]).returncode == 0
    (entry,) = register.active(project)
    # the count of row 2 cannot be read, so the sum of the manifest proves nothing: that is not hidden
    assert (entry.row_count, entry.usage_sum, entry.quarantined_rows, entry.quarantined_sum) == (3, 7, 3, None)
    fid = entry.feed_file_id
    assert fid != f"2024-01-{entry.sha256[:12]}", "the same file with no row set aside must have another id"
    assert rows_of(entry.quarantine_file(project)) == [
        (fid, 2, "2024-02-30", "address_certificate", "KZ-71", "online", "12.5",
         f"usage_count: '12.5'; {WHOLE}. usage_date: '2024-02-30'; {DAY}"),
        (fid, 4, "2024-01-04", "made_up", "KZ-YUZ", "online", "3",
         "region_code: KZ-YUZ; expected a region that existed on 2024-01-04 (this one ended on 2018-06-18). "
         "service_code: 'made_up'; expected a code of raw/codes/services.csv or of a national inventory"),
        (fid, 5, "2024-01-05", "address_certificate", "KZ-71", "online", "-2", f"usage_count: -2; {WHOLE}"),
    ]  # fmt: skip
    assert [row[-1] for row in rows_of(entry.rows_file(project))] == [1, 3, 6]
    assert add(project, file, more=["--quarantine", "9"]).stdout == "2024-01  already held: usage.csv\n"


def test_of_rows_with_one_key_none_is_taken(project: Project, tmp_path: Path) -> None:
    """Nobody can say which of them is right: three of a kind are three bad rows."""
    rows = [good(0), good(1), [*good(0)[:4], 9], good(2), good(0)]
    file = deliver(tmp_path, rows)
    message = refused(project, file, more=["--quarantine", "2"])
    assert (
        "row 1, column usage_date: the date, service, region and channel of row 5 again; expected one row for each" in message
    )
    assert "bad rows in all: 3" in message
    assert add(project, file, more=["--quarantine", "3"]).returncode == 0
    (entry,) = register.active(project)
    assert [row[1] for row in rows_of(entry.quarantine_file(project))] == [1, 3, 5]
    assert [row[-1] for row in rows_of(entry.rows_file(project))] == [2, 4]
    assert all("of row " in row[-1] for row in rows_of(entry.quarantine_file(project)))
    assert egov(project, "feed", "withdraw", MONTH).returncode == 0
    two = deliver(tmp_path, [good(0), good(1), [*good(0)[:4], 9]], suffix=".parquet")
    message = refused(project, two, more=["--quarantine", "1"])
    assert "usage.parquet: row 1, column usage_date: the date, service, region and channel of row 3 again" in message
    assert "bad rows in all: 2" in message


@pytest.mark.parametrize(
    ("region", "day", "says"),
    [
        ("KZ-10", "2022-06-07", "existed on 2022-06-07 (this one began on 2022-06-08)"),
        ("KZ-10", "2022-06-08", ""),
        ("KZ-YUZ", "2018-06-18", ""),
        ("KZ-YUZ", "2018-06-19", "existed on 2018-06-19 (this one ended on 2018-06-18)"),
        ("KZ-79", "2018-06-18", "existed on 2018-06-18 (this one began on 2018-06-19)"),
    ],
)
def test_a_region_counts_while_it_exists(project: Project, tmp_path: Path, region: str, day: str, says: str) -> None:
    for suffix in (".csv", ".parquet"):
        file = deliver(tmp_path, [[day, SERVICES[0], region, "online", 1]], month=day[:7], suffix=suffix)
        if says:
            assert f"row 1, column region_code: {region}; expected a region that {says}" in refused(project, file)
        else:
            assert add(project, file).returncode == 0
            shutil.rmtree(project.feed)


def test_all_files_of_a_command_or_none(project: Project, tmp_path: Path) -> None:
    one = deliver(tmp_path, replaced(1), name="one")
    two = deliver(tmp_path, [["2024-02-01", *good(1)[1:]]], name="two", month="2024-02")
    bad = deliver(tmp_path, [["2024-03-01", "made_up", *good(1)[2:]]], name="bad", month="2024-03")
    again = deliver(tmp_path, [good(9)], name="again", suffix=".parquet")
    assert "bad.csv: row 1, column service_code" in refused(project, one, two, bad)
    assert "again.parquet: another of these files is for 2024-01 too" in refused(project, one, two, again)
    assert "two.csv: another of these files is for 2024-02 too" in refused(project, two, two)
    said = add(project, two, one)
    assert said.stdout.splitlines() == ["2024-02  1 rows, 1 uses: two.csv", "2024-01  3 rows, 3 uses: one.csv"]
    assert egov(project, "feed", "list").stdout.splitlines() == sorted(said.stdout.splitlines())


def test_a_month_is_replaced_only_by_a_correction(project: Project, tmp_path: Path) -> None:
    first = deliver(tmp_path, replaced(1), name="first")
    late = deliver(tmp_path, [good(9)], name="late", suffix=".parquet")
    assert add(project, first).returncode == 0
    assert add(project, first).stdout == "2024-01  already held: first.csv\n"
    assert add(project, first, more=["--correction"]).stdout == "2024-01  already held: first.csv\n"
    message = refused(project, late)
    assert "late.parquet: 2024-01 is already held from first.csv, which arrived at 20" in message
    assert "; --correction replaces it" in message
    said = add(project, late, more=["--correction"])
    before, after = register.read(project)
    assert said.stdout == f"2024-01  1 rows, 9 uses, replaces {before.feed_file_id}: late.parquet\n"
    assert before.ended_at == after.arrived_at
    assert (after.replaces, after.ended_at) == (before.feed_file_id, None)
    assert before.rows_file(project).exists(), "the files of a month that was corrected are kept"
    assert add(project, first, more=["--correction"]).returncode == 0
    assert [entry.ended_at is None for entry in register.read(project)] == [False, False, True]
    assert register.read(project)[2].feed_file_id == before.feed_file_id


def test_withdraw_and_add_again(project: Project, tmp_path: Path) -> None:
    file = deliver(tmp_path, replaced(1))
    assert egov(project, "feed", "list").stdout == ""
    said = egov(project, "feed", "withdraw", MONTH)
    assert (said.returncode, said.stderr) == (
        2,
        "egov: the feed holds no file for 2024-01; `egov feed list` lists its months\n",
    )
    assert add(project, file).returncode == 0
    assert "withdrawn: usage.csv; `egov build --accept`" in egov(project, "feed", "withdraw", MONTH).stdout
    assert egov(project, "feed", "list").stdout == ""
    assert egov(project, "feed", "withdraw", MONTH).returncode == 2
    assert "\x1b" not in egov(project, "feed", "withdraw", "\x1b[31m").stderr
    (ended,) = register.read(project)
    assert ended.rows_file(project).exists()
    assert add(project, file).stdout == "2024-01  3 rows, 3 uses: usage.csv\n"
    assert [(entry.feed_file_id, entry.ended_at is None) for entry in register.read(project)] == [
        (ended.feed_file_id, False), (ended.feed_file_id, True),
    ]  # fmt: skip


def test_names_and_kinds_of_files(project: Project, tmp_path: Path) -> None:
    file = deliver(tmp_path, replaced(1))
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "usage.csv.gz").write_bytes(gzip.compress(file.read_bytes()))
    (tmp_path / "usage.txt").write_bytes(file.read_bytes())
    for name in ("usage.csv", "folder.csv", "pipe.csv", "usage.csv.gz"):
        feeds.write_manifest(tmp_path / name, MONTH, 3, 3)
    for name in ("nowhere.csv", "folder.csv", "pipe.csv", "nowhere/usage.csv", "usage.csv/usage.csv"):
        assert "there is no such file" in refused(project, tmp_path / name), name
    for path in (".", "..", "/", ""):
        assert "there is no such file" in refused(project, Path(path)), path
    for name in ("usage.csv.gz", "usage.txt"):
        assert f"{name}: expected a file that ends in .parquet or .csv" in refused(project, tmp_path / name)
    for name in ("u\x1b[31m.csv", "u\n.csv", "u\u202e.csv", "u\udcff.csv"):
        shutil.copy(file, tmp_path / name)
        assert "its name holds a character that cannot be printed; rename it" in refused(project, tmp_path / name)
    hostile = "=<b>\"'&;, %20 Қазақстан.csv"
    (tmp_path / hostile).symlink_to(file)
    shutil.copy(tmp_path / "usage.manifest.json", tmp_path / f"{Path(hostile).stem}.manifest.json")
    assert add(project, tmp_path / hostile).stdout == f"2024-01  3 rows, 3 uses: {hostile}\n"
    (entry,) = register.active(project)
    assert entry.file_name == hostile
    assert not entry.delivered_file(project).is_symlink(), "the content is kept, not the way to it"
    file.unlink()
    assert entry.delivered_file(project).read_bytes().startswith(b"usage_date,")


@pytest.mark.parametrize("name", ["env=prod", "a[1]", "st*r", 'q\'uote "2"', "{row} %20;", "№1 Қазақстан"])
def test_the_name_of_a_folder_changes_nothing(shared: Project, tmp_path: Path, name: str) -> None:
    project = Project(tmp_path / name)
    project.root.mkdir()
    (project.root / "raw").symlink_to(shared.raw)
    shutil.copy(shared.root / "dbt_project.yml", project.root)
    deliveries = tmp_path / f"from {name}"
    deliveries.mkdir()
    for suffix in (".csv", ".parquet"):
        rows = [*replaced(1), ["2024-01-31", "made_up", "KZ-75", "online", 40]]
        said = add(project, deliver(deliveries, rows, suffix=suffix), more=["--quarantine", "1", "--correction"])
        assert said.returncode == 0, said.stderr
    assert len(register.read(project)) == 2


# a field of the register and a value that nobody wrote there, or None to leave the field out
COUNTED = ("row_count", "usage_sum", "stated_row_count", "stated_usage_sum", "quarantined_rows")
WRONG_IDS: list[Any] = [5, [], "../x", "2024-02-0123456789ab"]
WRONG_HASHES: list[Any] = [None, 5, "", "A" * 64, "a" * 63, "../" + "a" * 61]
WRONG_COUNTS: list[Any] = ["3", 3.0, True, [3], -1, 2**63]
DAMAGED: list[tuple[str, Any]] = [
    *(("feed_file_id", value) for value in (7, "", "2024-02-0123456789ab", "../../x", "2024-01-0123456789ag", "2024-01-0123456789ab\n")),
    *(("month", value) for value in (202401, "2024-13", "2024-1", "2024-02", "")),
    *itertools.product(("sha256", "rows_sha256"), WRONG_HASHES),
    *(("file_name", value) for value in (5, ["x"])),
    *itertools.product(COUNTED, WRONG_COUNTS),
    *(("quarantined_sum", value) for value in ("3", 3.5, False)),
    *(("arrived_at", value) for value in (5, "yesterday", "", "20240101")),
    *itertools.product(("replaces",), WRONG_IDS),
    *(("ended_at", value) for value in (5, "never", "", "20240101")),
    ("unknown", 1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), DAMAGED)
def test_a_damaged_register_is_refused(project: Project, tmp_path: Path, name: str, value: Any) -> None:
    assert add(project, deliver(tmp_path, replaced(1))).returncode == 0
    (entry,) = register.read(project)
    changed = asdict(entry) | {name: value}
    project.feed_register.write_text(json.dumps([changed]), encoding="utf-8")
    for arguments in (["feed", "list"], ["feed", "withdraw", MONTH], ["feed", "add", str(tmp_path / "usage.csv")]):
        said = egov(project, *arguments)
        assert said.returncode == 2, said
        assert said.stderr.startswith("egov: feed/register.json is damaged: ")
        assert said.stderr.endswith("; restore it from a backup\n")
        assert said.stderr.count("\n") == 1
    assert json.loads(project.feed_register.read_text(encoding="utf-8")) == [changed]


@pytest.mark.parametrize("field", [field.name for field in fields(register.FeedFile)])
def test_a_register_with_a_field_missing(project: Project, tmp_path: Path, field: str) -> None:
    assert add(project, deliver(tmp_path, replaced(1))).returncode == 0
    (entry,) = register.read(project)
    left = {name: value for name, value in asdict(entry).items() if name != field}
    project.feed_register.write_text(json.dumps([left]), encoding="utf-8")
    said = egov(project, "feed", "list")
    assert said.returncode == (0 if field in ("replaces", "ended_at") else 2), said


@pytest.mark.parametrize(
    "content", [b"", b"{", b"null", b"{}", b"[5]", b"[[]]", b"\xff", b"[" * 100_000, b'{"a": 1}', b'"text"']
)
def test_a_register_that_is_no_list(project: Project, content: bytes) -> None:
    project.feed.mkdir()
    project.feed_register.write_bytes(content)
    said = egov(project, "feed", "list")
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith("egov: feed/register.json is damaged: ")


def test_a_register_with_a_month_twice(project: Project, tmp_path: Path) -> None:
    assert add(project, deliver(tmp_path, replaced(1))).returncode == 0
    entry = asdict(register.read(project)[0])
    project.feed_register.write_text(json.dumps([entry, entry]), encoding="utf-8")
    said = egov(project, "feed", "list")
    assert (said.returncode, said.stderr) == (
        2,
        "egov: feed/register.json lists two files for 2024-01; restore it from a backup\n",
    )


def test_a_build_keeps_the_feed_from_changing(project: Project, tmp_path: Path) -> None:
    file = deliver(tmp_path, replaced(1))
    project.warehouse.mkdir()
    with FileLock(project.warehouse / "build.lock"):
        for arguments in (["add", str(file)], ["withdraw", MONTH]):
            said = egov(project, "feed", *arguments)
            assert said.returncode == 3
            assert "is running in this warehouse" in said.stderr
        assert egov(project, "feed", "list").returncode == 0, "reading needs no lock"
    assert not project.feed_register.exists()
    assert add(project, file).returncode == 0


# where the process is killed, and whether the register names the new month afterwards
KILLS = {
    "killed_as_a_file_is_checked": False,
    "killed_as_a_file_is_kept": False,
    "killed_before_the_register_is_replaced": False,
    "killed_after_the_register_was_replaced": True,
}


@pytest.mark.parametrize("scenario", KILLS)
def test_a_kill_leaves_the_register_whole(project: Project, tmp_path: Path, scenario: str) -> None:
    old = deliver(tmp_path, [["2023-12-01", *good(1)[1:]]], name="old", month="2023-12")
    new = deliver(tmp_path, replaced(1), name="new")
    assert add(project, old).returncode == 0
    before = register.read(project)
    killed = egov_process(project, scenario, "feed", "add", str(new))
    assert killed.returncode == -signal.SIGKILL, killed
    now = register.read(project)
    assert now[:1] == before
    assert len(now) == 1 + KILLS[scenario]
    said = add(project, new)
    assert said.returncode == 0, said.stderr
    assert said.stdout == ("2024-01  already held: new.csv\n" if KILLS[scenario] else "2024-01  3 rows, 3 uses: new.csv\n")
    entries = register.active(project)
    assert [entry.month for entry in entries] == ["2023-12", "2024-01"]
    assert kept(project) == {
        "register.json",
        *(path(project).relative_to(project.feed).as_posix() for entry in entries for path in (entry.rows_file, entry.delivered_file)),
    }, "the next command must clear what the killed one left"  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_an_arrival(project: Project, tmp_path: Path, number: signal.Signals) -> None:
    file = deliver(tmp_path, replaced(1))
    stopped = egov_process(project, f"arrival_stopped_by_{number.name}", "feed", "add", str(file))
    assert stopped.returncode == 128 + number, stopped
    assert f"egov: stopped by {number.name}" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert kept(project) == set()
    assert add(project, file).returncode == 0


def test_a_full_disk_leaves_the_feed_as_it_was(project: Project, tmp_path: Path) -> None:
    """No file can grow beyond a limit, as on a full disk: in the copy, in the rows, or in the register."""
    import resource

    first = deliver(tmp_path, replaced(1), name="first")
    assert add(project, first).returncode == 0
    before, held = project.feed_register.read_bytes(), kept(project)
    rows = [[f"2024-02-{n % 28 + 1:02d}", SERVICES[n // 28 % 3], "KZ-75", "online", n] for n in range(84)]
    late = deliver(tmp_path, rows, name="late", month="2024-02")
    codes: list[int] = []
    for size in (0, 100, 700, 1000, 2000, 2500, 4000):
        done = subprocess.run(
            command("", "feed", "add", str(late)),
            cwd=ROOT,
            env=environment(project),
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),  # noqa: B023
        )
        codes.append(done.returncode)
        assert "Traceback" not in done.stderr
        if done.returncode == 0:
            break
        assert done.returncode == 1, (size, done.stderr)
        assert done.stderr.strip().splitlines()[-1].startswith("egov: "), done.stderr
        assert project.feed_register.read_bytes() == before
        assert not (project.feed / "incoming").exists()
    assert codes.count(1) > 2
    assert add(project, late).returncode == 0
    assert held < kept(project)


def test_a_limit_of_memory_that_is_no_size_is_refused(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = deliver(tmp_path, replaced(1))
    for wrong in ("lots", "-1GB", "1e3MB", "80%", "0GB", "0.0MB", "5", "1GB; drop", "1000000GB"):
        monkeypatch.setenv("EGOV_MEMORY_LIMIT", wrong)
        said = add(project, file)
        assert said.returncode == 2, wrong
        assert said.stderr == f"egov: EGOV_MEMORY_LIMIT is {wrong!r}; expected a size such as 4GB or 512MiB\n"
    monkeypatch.setenv("EGOV_MEMORY_LIMIT", "1GB")
    assert add(project, file).returncode == 0


def test_a_file_that_needs_more_memory_than_there_is_spills_to_the_disk(tmp_path: Path) -> None:
    """If the disk is too small for that, the message says so, and the file is not to blame."""
    import resource

    project = copy_project(tmp_path / "project")
    feeds.list_services(project, 200)
    file = feeds.make_month(tmp_path, MONTH, codes=feeds.services(200))
    size = file.stat().st_size + 1_000_000

    def add_with(limit: int) -> Said:
        done = subprocess.run(
            command("", "feed", "add", str(file)),
            cwd=ROOT,
            env=environment(project, EGOV_MEMORY_LIMIT="64MB"),
            capture_output=True,
            text=True,
            timeout=120,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY)),
        )
        return Said(done.returncode, done.stdout, done.stderr)

    refused = add_with(size)
    assert refused.returncode == 1, refused
    assert "egov: usage-2024-01.parquet: the check failed: IO Error: Could not write file" in refused.stderr
    assert refused.stderr.endswith("File too large; nothing is added to the feed\n")
    assert kept(project) == set()
    said = add_with(resource.RLIM_INFINITY)
    assert said.returncode == 0, said.stderr
    assert not list(project.feed.rglob("spill"))


def test_damaged_code_lists_stop_an_arrival_with_a_message(tmp_path: Path, shared: Project) -> None:
    project = Project(Path(shutil.copytree(shared.root, tmp_path / "project")))
    file = deliver(tmp_path, replaced(1))
    changes: list[tuple[str, Callable[[Path], object]]] = [
        ("regions.csv", lambda path: path.write_text("region_code\n", encoding="utf-8")),
        ("regions.csv", lambda path: path.write_text(path.read_text().replace("2018-06-18", "2018"), encoding="utf-8")),
        ("services.csv", lambda path: path.write_bytes(b"")),
        ("services.csv", lambda path: path.write_bytes(b"\xff\xfe")),
        ("channels.csv", lambda path: path.unlink()),
    ]
    for name, change in changes:
        path = project.raw / "codes" / name
        whole = path.read_bytes()
        change(path)
        said = egov(project, "feed", "add", str(file))
        assert said.returncode in (1, 2), name
        assert said.stderr.startswith("egov: "), said
        assert name in said.stderr, said
        path.write_bytes(whole)
    assert egov(project, "feed", "add", str(file)).returncode == 0
