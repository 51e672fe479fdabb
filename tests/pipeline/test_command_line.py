"""The command line as its users meet it: in a pipe, on a terminal, in a script, and when they make a mistake."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
import termios
import time
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import duckdb
import pytest

from pipelines.cli import PAGES, Format, Page
from pipelines.project import Project
from pipelines.releases.catalog import Catalog
from tests.helpers import QUICK, ROOT, Said, command, egov, egov_process, environment, unsealed

# Values that a careless format would spoil.
VALUES = """select 0.1000000000::decimal(18,10) as exact, 0.1234567890123456789012345678::decimal(38,28) as long,
    9007199254740993 as big, sum(1)::hugeint + 9007199254740993 as sum, 0.1::float as fraction, null::varchar as nothing, '' as empty,
    'a "b", c' as quoted, 'қаз' as kazakh, date '2024-02-29' as day, timestamptz '2024-02-29 10:00:00+05' as moment,
    timestamp '2024-02-29 10:00:00.5' as clock, [1.50::decimal(18,2), null] as list, true as yes, '101'::bit as bits, 1 as a, 2 as a"""


def on_a_terminal(project: Project, *arguments: str, columns: int = 100, stdin: str | None = None, **variables: str) -> Said:
    """Run the command line on a terminal of this width. Standard output and standard error arrive together."""
    terminal, end = pty.openpty()
    termios.tcsetwinsize(end, (24, columns))
    variables = {name: value for name, value in environment(project, **variables).items() if name != "COLUMNS"}
    process = subprocess.Popen(command("", *arguments), cwd=ROOT, env=variables, stdin=end, stdout=end, stderr=end)
    os.close(end)
    if stdin is not None:
        os.write(terminal, stdin.encode())
    shown = b""
    try:
        while piece := os.read(terminal, 1 << 16):
            shown += piece
    except OSError:  # the other end is closed
        pass
    os.close(terminal)
    return Said(process.wait(), shown.decode().replace("\r\n", "\n"), "")


def piped(project: Project, query: bytes, *arguments: str) -> Said:
    """Run `egov sql` with this on standard input."""
    done = subprocess.run(
        command("", "sql", *arguments), cwd=ROOT, env=environment(project), input=query, capture_output=True, timeout=300
    )
    return Said(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_csv_keeps_every_value(built: Project) -> None:
    said = egov(built, "sql", VALUES, "--format", "csv")
    assert (said.returncode, said.stderr) == (0, "")
    header, row = said.stdout.splitlines()
    assert header == "exact,long,big,sum,fraction,nothing,empty,quoted,kazakh,day,moment,clock,list,yes,bits,a,a_1"
    assert row == (
        '0.1000000000,0.1234567890123456789012345678,9007199254740993,9007199254740994,0.1,,"","a ""b"", c",қаз,2024-02-29,'
        '2024-02-29T05:00:00Z,2024-02-29T10:00:00.5,"[1.50, NULL]",true,101,1,2'
    )


def test_json_keeps_every_value(built: Project) -> None:
    said = egov(built, "sql", VALUES, "--format", "json")
    assert (said.returncode, said.stderr) == (0, "")
    (row,) = json.loads(said.stdout, parse_float=Decimal)
    assert row == {
        "exact": Decimal("0.1"), "long": Decimal("0.1234567890123456789012345678"), "big": 9007199254740993, "sum": 9007199254740994,
        "fraction": Decimal("0.1"), "nothing": None, "empty": "", "quoted": 'a "b", c', "kazakh": "қаз", "day": "2024-02-29",
        "moment": "2024-02-29T05:00:00Z", "clock": "2024-02-29T10:00:00.5", "list": [Decimal("1.5"), None], "yes": True, "bits": "101",
        "a": 1, "a_1": 2,
    }  # fmt: skip
    assert '"exact":0.1000000000,' in said.stdout
    assert json.loads(egov(built, "sql", "from range(0)", "--format", "json").stdout) == []


@pytest.mark.parametrize("query", ["select 1 / 0", "select [0 / 0]", "select {'a': [1 / 0]}"])
def test_json_is_never_invalid(built: Project, query: str) -> None:
    said = egov(built, "sql", query, "--format", "json")
    assert said.returncode == 1
    assert "JSON has no number for NaN or Infinity" in said.stderr
    kept = egov(built, "sql", "select ['NaN, Infinity \\\" ', null], [0.5::double], null::double as a", "--format", "json")
    assert kept.returncode == 0, kept.stderr
    assert list(json.loads(kept.stdout)[0].values()) == [['NaN, Infinity \\" ', None], [0.5], None]


def test_parquet_keeps_every_value(built: Project, release: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = tmp_path / "answer.parquet"
    said = egov(built, "sql", VALUES, "--output", str(file))
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
    with duckdb.connect() as reader:
        read = reader.sql(f"from '{file}'")
        asked = release.sql(VALUES)
        same = ["exact", "long", "big", "fraction", "nothing", "empty", "day", "moment", "clock", "list", "yes"]
        kinds = dict(zip(read.columns, map(str, read.types), strict=True))
        assert [kinds[name] for name in same] == [
            str(kind) for name, kind in zip(asked.columns, asked.types, strict=True) if name in same
        ]
        assert kinds["sum"] == "DECIMAL(38,0)", "DuckDB would write a sum as a floating-point number"
        (row,), (expected,) = read.fetchall(), asked.fetchall()
    assert row == expected


def test_markdown_is_a_table_with_its_texts_as_they_are(built: Project) -> None:
    query = "select 'a|b' as \"x|y\", 1.50::decimal(5,2) as n, null as nothing, '*b* <i> _c_ d_e [l](u)' as markup, E'two\\nlines' as t"
    said = egov(built, "sql", query, "--format", "markdown")
    assert said.stdout.splitlines() == [
        "| x\\|y | n | nothing | markup | t |",
        "| --- | ---: | --- | --- | --- |",
        "| a\\|b | 1.50 | NULL | \\*b\\* \\<i> \\_c\\_ d_e \\[l](u) | two<br>lines |",
    ]


@pytest.mark.parametrize("form", ["csv", "json", "markdown", "table", "parquet"])
def test_a_pipe_gets_every_row_and_every_column(built: Project, form: str, tmp_path: Path) -> None:
    columns = ", ".join(f"range as column_{number}" for number in range(50))
    arguments = ["sql", f"select {columns} from range(25_000)", "--format", form]
    if form == "parquet":
        said = egov(built, *arguments, "--output", str(tmp_path / "answer"))
        with duckdb.connect() as reader:
            rows = [row[-1] for row in reader.sql(f"from read_parquet('{tmp_path}/answer')").fetchall()]
    else:
        said = egov(built, *arguments)
        rows = [
            int(match[1]) for match in re.finditer(r'^(?:.*[,│|] ?|.*column_49":) *(\d+)(?: [│|])?}?,?$', said.stdout, re.M)
        ]
    assert said.stderr == ""
    assert rows == list(range(25_000))


def test_a_pipe_gets_csv_and_a_terminal_a_table(built: Project) -> None:
    query = "select channel_code, is_electronic from marts.dim_channels order by 1"
    plain = egov_process(built, "", "sql", query).stdout
    assert plain == egov(built, "sql", query, "--format", "csv").stdout
    assert plain.startswith("channel_code,is_electronic\n")
    assert not re.search("[─-╿]", plain)
    drawn = on_a_terminal(built, "sql", query).stdout
    assert drawn == egov(built, "sql", query, "--format", "table").stdout
    assert drawn.startswith("┌")


def test_a_table_on_a_terminal_is_fitted_and_limited(built: Project) -> None:
    said = on_a_terminal(built, "sql", "from marts.fct_index_values", columns=90)
    assert "only the first 10,000 rows are shown; a pipe, or the file of --output, gets all of them" in said.stdout
    drawn = [line for line in said.stdout.splitlines() if line.startswith("│")]
    assert len(drawn) == 10_002, "two lines of heading and 10,000 rows"
    assert {len(line) <= 90 for line in drawn} == {True}
    whole = on_a_terminal(built, "sql", "from range(10_000)")
    assert "only the first" not in whole.stdout
    assert whole.stdout.count("│\n") == 10_002


def test_an_answer_cannot_control_a_terminal(built: Project) -> None:
    query = "select chr(27) || '[31m' || chr(8238) || 'қ' as a"
    for form in ("csv", "json", "markdown", "table"):
        shown = on_a_terminal(built, "sql", query, "--format", form).stdout
        assert "[31m" in shown
        assert "қ" in shown
        assert not {"\x1b", "\u202e"} & set(shown), form
    assert "\x1b[31m\u202eқ\n" in egov(built, "sql", query, "--format", "csv").stdout, "a pipe gets the text as it is"


def test_parquet_is_not_written_to_a_terminal(built: Project) -> None:
    said = on_a_terminal(built, "sql", "select 1", "--format", "parquet")
    assert said.returncode == 2
    assert "parquet is no text for a terminal: name a file with --output, or use a pipe" in said.stdout
    done = subprocess.run(
        command("", "sql", "select 1", "--format", "parquet"), cwd=ROOT, env=environment(built), capture_output=True
    )
    assert done.stdout[:4] + done.stdout[-4:] == b"PAR1PAR1"


def test_the_query_comes_from_where_the_user_says(built: Project, tmp_path: Path) -> None:
    file = tmp_path / "query.sql"
    file.write_bytes(b"\xef\xbb\xbfselect 'file' as a\n")  # an editor may put a byte order mark before it
    assert egov(built, "sql", "--file", str(file)).stdout == "a\nfile\n"
    assert piped(built, b"select 'pipe' as a").stdout == "a\npipe\n"
    assert piped(built, b"select 'pipe' as a", "-").stdout == "a\npipe\n"
    assert piped(built, b"select 'pipe' as a", "select 'argument' as a").stdout == "a\nargument\n"
    both = egov(built, "sql", "select 1", "--file", str(file))
    assert (both.returncode, both.stderr) == (2, "egov: expected either a query or --file, not both\n")
    none = on_a_terminal(built, "sql")
    assert none.returncode == 2
    assert 'expected a query, as in: egov sql "show tables"' in none.stdout
    for said in (piped(built, b"select '\xff'"), piped(built, b"", os.fsdecode(b"select '\xff'"))):
        assert said.returncode == 2
        assert "byte 9 is not UTF-8; expected a query in UTF-8" in said.stderr
    missing = egov(built, "sql", "--file", str(tmp_path / "missing.sql"))
    assert (missing.returncode, missing.stderr) == (1, f"egov: {tmp_path}/missing.sql: No such file or directory\n")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "the query holds no statement: it is empty, or has only comments; expected one"),
        (" ;\n/* nothing */ ; -- at all", "the query holds no statement: it is empty, or has only comments; expected one"),
        ("select 1; select 2", "the query holds 2 statements; expected one. The second is: select 2"),
        ("insert into marts.dim_channels values (1)", "INSERT: a release can only be read; expected select, from,"),
        ("create temp table a as select 1", "CREATE: a release can only be read"),
        ("create temp table a as pivot (select 1 b) on b", "CREATE: a release can only be read"),
        ("set threads = 1", "SET: a release can only be read"),
        ("copy (select 1) to 'a.csv'", "COPY: a release can only be read"),
        ("attach 'a.db'", "ATTACH: a release can only be read"),
    ],
)  # fmt: skip
def test_only_one_statement_that_reads(built: Project, query: str, message: str) -> None:
    said = piped(built, query.encode())
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith(f"egov: {message}")
    assert said.stderr.count("\n") == 1


def test_a_statement_may_have_comments_and_a_semicolon(built: Project) -> None:
    assert piped(built, b"-- first\nselect ';' as a; -- last").stdout == "a\n;\n"


def test_what_describes_the_release(built: Project, release: duckdb.DuckDBPyConnection) -> None:
    tables = [f"{table.schema}.{table.name}" for table in Catalog(release).tables]
    for query in ("show tables", "SHOW  TABLES ; -- all"):
        listed = list(csv.DictReader(io.StringIO(egov(built, "sql", query).stdout)))
        assert [row["name"] for row in listed] == tables
        assert all(row["description"] for row in listed)
    described = list(csv.DictReader(io.StringIO(egov(built, "sql", "describe marts.dim_channels").stdout)))
    assert [row["column_name"] for row in described][:2] == ["channel_code", "name_en"]
    summed = list(csv.DictReader(io.StringIO(egov(built, "sql", "summarize marts.dim_channels").stdout)))
    assert {row["count"] for row in summed} == {"14"}
    assert "meta,build_info" in egov(built, "sql", "show all tables").stdout
    assert egov(built, "sql", "pivot (select 1 as a, 2 as b) on a using sum(b)").stdout == "1\n2\n"
    plan = egov(built, "sql", "explain from marts.dim_channels", "--format", "table").stdout
    assert plan.startswith("╭"), "a plan is shown as it is, not as a cell of a table"
    assert "dim_channels" in plan


@pytest.mark.parametrize("form", list(Format))
def test_an_error_has_one_message_with_its_place(built: Project, form: Format, tmp_path: Path) -> None:
    file = tmp_path / "answer"
    file.write_text("as it was")
    for query, place in (
        ("select a,\n b,\n cast(a as integer)\nfrom (values ('1', 2), ('x', 3)) as t(a, b)", "LINE 3:  cast(a as integer)"),
        ("select 1,\n\n 2 as from 3", "LINE 3:  2 as from 3"),
    ):
        said = egov(built, "sql", query, "--format", form, "--output", str(file))
        assert said.returncode == 1
        assert said.stdout == ""
        assert said.stderr.startswith(("egov: Conversion Error: Could not convert string 'x'", "egov: Parser Error: "))
        assert place in said.stderr
        assert file.read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [file]


def test_a_table_that_is_not_there_names_the_one_that_is(built: Project) -> None:
    said = egov(built, "sql", "from dim_channels")
    assert said.returncode == 1
    assert 'Did you mean "marts.dim_channels"' in said.stderr


def test_the_file_of_an_answer(built: Project, tmp_path: Path) -> None:
    starts = {".csv": b"a\n1\n", ".json": b"[\n", ".md": b"| a |", ".parquet": b"PAR1", "": b"a\n1\n"}
    for ending, start in starts.items():
        assert egov(built, "sql", "select 1 as a", "-o", str(tmp_path / f"answer{ending}")).returncode == 0
        assert (tmp_path / f"answer{ending}").read_bytes().startswith(start)
    said = egov(built, "sql", "select 1 as a", "-o", str(tmp_path / "answer.xlsx"))
    assert (said.returncode, said.stderr.split(": ", 2)[2]) == (
        2,
        "no format ends in .xlsx; expected .csv, .json, .md, .parquet, or --format\n",
    )
    link = tmp_path / "link.csv"
    link.symlink_to("answer.csv")
    assert egov(built, "sql", "select 2 as a", "-o", str(link)).returncode == 0
    assert (link.is_symlink(), (tmp_path / "answer.csv").read_text()) == (True, "a\n2\n")
    assert egov(built, "sql", "select 2 as a", "-o", "/dev/null").returncode == 0
    assert Path("/dev/null").is_char_device()
    lost = egov(built, "sql", "select 1", "-o", str(tmp_path / "missing" / "answer.csv"))
    assert (lost.returncode, lost.stderr) == (1, f"egov: {tmp_path}/missing/answer.csv: No such file or directory\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*(f"answer{ending}" for ending in starts), "link.csv"])


# More rows than any memory holds: only an answer that is written while the query runs ever shows one of them.
ENDLESS = "select range as a from range(1_000_000_000_000)"


@pytest.mark.parametrize(("form", "first"), [("csv", b"a\n"), ("json", b"[\n"), ("parquet", b"PAR1")])
def test_an_answer_of_any_size_comes_at_once_and_ends_with_its_reader(built: Project, form: str, first: bytes) -> None:
    asked = subprocess.Popen(
        command("", "sql", ENDLESS, "--format", form),
        cwd=ROOT,
        env=environment(built),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert asked.stdout
    assert asked.stderr
    assert asked.stdout.read(len(first)) == first
    asked.stdout.close()  # as head does
    assert asked.wait(300) == 128 + signal.SIGPIPE
    assert asked.stderr.read() == b""
    asked.stderr.close()


@pytest.mark.parametrize(
    "arguments", [["releases"], ["status"], ["sql", "show tables"], ["sql", "show tables", "--format", "table"]]
)
def test_nobody_reads_the_output(built: Project, arguments: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command("", *arguments), cwd=ROOT, env=environment(built), stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")


def test_a_full_disk_is_not_a_reader_that_left(built: Project) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            command("", "sql", "from range(100_000)"), cwd=ROOT, env=environment(built), stdout=full, stderr=-1
        )
    assert (done.returncode, done.stderr) == (1, b"egov: the disk: No space left on device\n")


@pytest.mark.parametrize("form", ["csv", "parquet", "markdown", "table"])
def test_a_query_can_be_stopped(built: Project, form: str, tmp_path: Path) -> None:
    """The query sends no row for hours: nothing but the signal ends it."""
    query = "select max(hash(range)) as a from range(1_000_000_000_000)"
    asked = subprocess.Popen(
        command("", "sql", query, "--format", form, "--output", str(tmp_path / "answer")),
        cwd=ROOT, env=environment(built), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    while not list(tmp_path.iterdir()) and asked.poll() is None:
        time.sleep(0.01)
    time.sleep(0.5)
    asked.send_signal(signal.SIGINT)
    out, err = asked.communicate(timeout=300)
    assert (asked.returncode, out, err) == (128 + signal.SIGINT, b"", b"egov: stopped by SIGINT\n")
    assert list(tmp_path.iterdir()) == []


def test_closed_streams(built: Project) -> None:
    script = f"{shlex.join(command('', 'sql', 'select 1'))} >&-; {shlex.join(command('', 'releases'))} >&-; {shlex.join(command('', 'sql'))} <&-"
    done = subprocess.run(script, shell=True, cwd=ROOT, env=environment(built), capture_output=True, text=True)
    assert done.stdout == ""
    assert done.stderr == 'egov: expected a query, as in: egov sql "show tables"\n'


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"LC_ALL": "en_US.ISO-8859-1", "PYTHONUTF8": "0"}, {"NO_COLOR": "1"}])
def test_an_answer_is_utf_8_in_every_locale(built: Project, locale: dict[str, str]) -> None:
    assert egov_process(built, "", "sql", "select 'қаз' as a", **locale).stdout == "a\nқаз\n"


def test_version(built: Project, tmp_path: Path) -> None:
    now = built.current.readlink().name
    assert egov(built, "--version").stdout == f"egov {version('egov-warehouse')}, DuckDB {version('duckdb')}, release {now}\n"
    outside = egov(Project(tmp_path), "--version")
    assert (outside.returncode, outside.stderr) == (0, "")
    assert outside.stdout.endswith(", release none\n")


def completed(project: Project, shell: str, line: str) -> list[str]:
    """What the shell offers for the last word of a line."""
    variables = {
        "_EGOV_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "_TYPER_COMPLETE_WORD_TO_COMPLETE": line.split(" ")[-1],
    }
    program = str(Path(sys.executable).with_name("egov"))
    done = subprocess.run(
        [program], cwd=ROOT, env=environment(project, **variables), capture_output=True, text=True, timeout=300
    )
    assert done.stderr == ""
    return re.findall(r'"([^":]+)"', done.stdout) if shell == "zsh" else done.stdout.split()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(built: Project, tmp_path: Path, shell: str) -> None:
    releases = [built.current.readlink().name]
    assert "releases" in completed(built, shell, "egov rel")
    assert completed(built, shell, "egov sql --format ")[:5] == ["table", "csv", "json", "markdown", "parquet"]
    for name in ("verify", "rollback", "diff", f"diff {releases[0]}"):
        assert completed(built, shell, f"egov {name} ") == releases
        assert completed(built, shell, f"egov {name} {releases[0][:9]}") == releases
    assert completed(built, shell, "egov open ") == [page.value for page in Page]
    assert completed(Project(tmp_path), shell, "egov verify ") == [], "outside a checkout, nothing is offered and nothing said"


def test_help_and_completion_wait_for_no_library() -> None:
    asks = "import sys, pipelines.cli; print(sorted({'duckdb', 'dbt', 'pandas', 'frictionless', 'importlib.metadata'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", asks], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_help_is_text_that_fits(built: Project) -> None:
    names = re.findall(r"^  ([a-z]+)  ", egov(built, "--help").stdout, re.M)
    assert {"build", "check", "sql", "open", "diff"} <= set(names)
    assert "..." not in egov_process(built, "", "--help", COLUMNS="80").stdout.partition("Commands:")[2]
    for name in names:
        shown = egov_process(built, "", name, "--help", COLUMNS="50")
        assert shown.returncode == 0
        assert max(map(len, shown.stdout.splitlines())) <= 50
        assert not re.search("[─-╿]", shown.stdout)


def test_releases_for_programs(fresh: Project) -> None:
    first = fresh.current.readlink().name
    assert egov(fresh, "build", "--force", steps=QUICK).returncode == 0
    assert egov(fresh, "rollback").returncode == 0
    newest, oldest = json.loads(egov(fresh, "releases", "--json").stdout)
    assert newest.keys() == oldest.keys() == {
        "release_id", "is_current", "is_damaged", "built_at", "figures", "tests_passed", "tests_warned", "claims", "bytes",
    }  # fmt: skip
    assert (oldest["release_id"], oldest["is_current"], newest["is_current"]) == (first, True, False)
    assert newest["release_id"] > first
    assert oldest["figures"] > 100_000
    (unsealed(fresh.current.resolve()) / "release.json").write_text("{", encoding="utf-8")
    damaged = json.loads(egov(fresh, "releases", "--json").stdout)[1]
    assert {name for name, told in damaged.items() if told is not None} == {"release_id", "is_current", "is_damaged"}
    assert damaged["is_damaged"]
    shutil.rmtree(unsealed(fresh.warehouse))
    none = egov(fresh, "releases", "--json")
    assert (none.returncode, none.stdout, none.stderr) == (0, "[]\n", "")
    said = egov(fresh, "releases")
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "no release is published yet; `egov build` publishes one\n")


def test_diff_for_programs(fresh: Project) -> None:
    first = fresh.current.readlink().name
    with duckdb.connect(str(fresh.root / "kept" / "egov.duckdb")) as connection:
        connection.execute(
            "update reports.rpt_claims set observed = null, statement = 'new' where claim_code = 'mobile_majority'"
        )
        connection.execute("update reports.rpt_discrepancies set finding_code = 'made_up' where finding_code = 'spaced_egdi'")
        connection.execute("alter table reports.rpt_article_references alter column year type bigint")
    assert egov(fresh, "build", "--force", "--accept", steps=QUICK).returncode == 0
    told = json.loads(egov(fresh, "diff", "--json").stdout)
    assert (told["old"], told["new"]) == (first, fresh.current.readlink().name)
    assert told["tables_added"] == told["tables_removed"] == told["columns_added"] == told["columns_removed"] == []
    assert told["columns_retyped"] == [{"column": "reports.rpt_article_references.year", "old": "INTEGER", "new": "BIGINT"}]
    assert set(told["tables"]) <= {"reports.rpt_claims", "reports.rpt_discrepancies", "reports.rpt_article_references"}
    claims = told["tables"]["reports.rpt_claims"]
    assert claims.keys() == {"rows_before", "rows_after", "added", "removed", "changed"}
    changed = {change["column"]: change for change in claims["changed"]}
    assert changed["statement"]["key"] == "mobile_majority"
    assert changed["statement"]["old"].startswith("Most people reach the Internet")
    assert (changed["statement"]["new"], changed["observed"]["new"]) == ("new", None)
    found = told["tables"]["reports.rpt_discrepancies"]
    assert (found["added"], found["removed"]) == (["made_up"], ["spaced_egdi"])
    alone = egov(fresh, "diff", "--json", first)
    assert (alone.returncode, alone.stderr) == (0, "")
    failed = egov(fresh, "diff", "--json", first, first)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "cannot be compared with itself" in failed.stderr


def test_check_for_programs(project: Project) -> None:
    said = egov(project, "check", "--json")
    assert (said.returncode, json.loads(said.stdout), said.stderr) == (0, {"valid": True, "findings": []}, "")
    file = project.raw / "article" / "table_1.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("0,8375", "O,8375"), encoding="utf-8")
    said = egov(project, "check", "--json")
    assert (said.returncode, said.stderr) == (2, "")
    told = json.loads(said.stdout)
    assert told["valid"] is False
    hashed, cell = told["findings"]
    assert hashed == {
        "file": "raw/article/table_1.csv", "row": None, "line": None, "column": None,
        "problem": "the content does not have the recorded SHA-256", "expected": None,
        "advice": "if the edit is intended, record it with `egov check --update-hashes`; if not, restore the file",
    }  # fmt: skip
    assert (cell["file"], cell["row"], cell["line"], cell["column"]) == ("raw/article/table_1.csv", 1, 2, "egdi_2020")
    assert cell["problem"] == "found 'O,8375'"
    assert cell["expected"].startswith("text that matches ")
    assert f"{cell['problem']}, expected {cell['expected']}; {cell['advice']}" in egov(project, "check").stderr
    both = egov(project, "check", "--json", "--update-hashes")
    assert (both.returncode, both.stderr) == (2, "egov: expected either --update-hashes or --json, not both\n")


@pytest.mark.parametrize(
    ("content", "problem"), [(None, "the file is missing"), (b"{", "not readable as UTF-8 JSON"), (b"{}", "is missing")]
)
def test_check_for_programs_without_a_package(project: Project, content: bytes | None, problem: str) -> None:
    if content is None:
        project.package_file.unlink()
    else:
        project.package_file.write_bytes(content)
    said = egov(project, "check", "--json")
    assert (said.returncode, said.stderr) == (2, "")
    findings = json.loads(said.stdout)["findings"]
    assert {finding["file"] for finding in findings} == {"raw/datapackage.json"}
    assert all(problem in finding["problem"] for finding in findings)


def browser(tmp_path: Path) -> tuple[str, Path]:
    """A program that writes down the address that it should show, as the variable BROWSER names it."""
    program, asked = tmp_path / "browser", tmp_path / "asked"
    program.write_text(f'#!/bin/sh\necho "$1" > "{asked}"\n', encoding="utf-8")
    program.chmod(0o755)
    return f"{program} %s", asked


@pytest.mark.parametrize("page", list(Page))
def test_open_shows_a_page_at_an_address_that_outlives_its_release(fresh: Project, tmp_path: Path, page: Page) -> None:
    file = fresh.current / PAGES[page]
    unsealed(fresh.current.resolve())
    if page is Page.EXPLORE:
        file.write_text("a page", encoding="utf-8")
    program, asked = browser(tmp_path)
    said = egov_process(fresh, "", "open", *([] if page is Page.REPORT else [page]), BROWSER=program)
    assert (said.returncode, said.stdout, said.stderr) == (0, f"{file}\n", "")
    assert asked.read_text(encoding="utf-8") == f"{file.as_uri()}\n"
    assert "/warehouse/current/" in file.as_uri()
    file.unlink()
    missing = egov_process(fresh, "", "open", page, BROWSER=program)
    assert (missing.returncode, missing.stdout) == (1, "")
    assert f"has no {PAGES[page]}; `egov build --force` publishes one that has" in missing.stderr


def test_open_without_a_browser_or_a_release(fresh: Project) -> None:
    said = egov_process(fresh, "", "open", BROWSER="/there/is/no/browser", PATH="/nowhere", DISPLAY="", WAYLAND_DISPLAY="")
    assert (said.returncode, said.stdout) == (0, f"{fresh.current}/report/index.html\n")
    assert said.stderr == "no browser could be started: open this file in one\n"
    fresh.current.unlink()
    none = egov(fresh, "open")
    assert (none.returncode, none.stderr) == (1, "egov: no release is published yet; `egov build` publishes one\n")


def test_a_wrong_word_is_one_line(built: Project) -> None:
    for arguments in (["opne"], ["open", "nothing"], ["sql", "select 1", "--format", "xml"], ["sql", "select 1", "select 2"]):
        said = egov(built, *arguments)
        assert (said.returncode, said.stdout) == (2, "")
        assert said.stderr.splitlines()[-1].startswith("Error: ")
