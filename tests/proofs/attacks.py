"""Tries and counts attacks: `make attack`, or `python -m tests.proofs.attacks package --count 10000` for one of them.

The faults in faults.py are accidents; these are things that somebody would do on purpose. Each command works on a copy of the
project, prints a count at the end and exits with 1 if anything got through. The tests run the same trials in a short form.
"""

from __future__ import annotations

import copy
import csv
import json
import multiprocessing
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any
from unittest import mock

import duckdb
import typer
from rich.progress import track

from pipelines import signals
from pipelines.build import Steps
from pipelines.importers import un_egov_survey, write
from pipelines.intake import check, load
from pipelines.intake import package as data_package
from pipelines.project import EgovError, Project
from pipelines.releases import connect, inputs, runs, store
from tests.helpers import ACCESSED, KEEPING, ROOT, command, copy_project, egov, egov_process
from tests.helpers import environment as process_environment
from tests.proofs.faults import assert_whole

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)
Count = Annotated[int, typer.Option(min=1)]


def built_project(folder: Path) -> Project:
    """A project with a published release and everything that the quick steps need to build more releases in seconds."""
    project = copy_project(folder)
    done = egov(project, "build", steps=KEEPING)
    assert done.returncode == 0, done.stderr
    return project


# ---- the hardened connection ------------------------------------------------------------------------------------------


def forbidden(database: Path) -> list[str]:
    """Queries that a hardened connection must refuse: they write, destroy or read files, or undo the settings."""
    folder = database.resolve().parent
    file = database.resolve()
    return [
        *(
            f"copy (select unhex('00') as content) to '{file}{ending}' (format blob)"
            for ending in ("", ".wal", ".tmp", ".wal.x")
        ),
        f"copy (select unhex('00') as content) to '{file}' (format blob, use_tmp_file false)",
        f"copy (select 1) to '{file}.tmp/spilled.csv'",
        f"copy (select 1) to '{folder}/stray.csv'",
        "copy (select 1) to '/dev/stdout'",
        f"select * from read_blob('{file}')",
        f"select * from read_blob('{file}.wal')",
        f"select * from read_text('{folder}/release.json')",
        f"select * from read_csv('{folder}/csv/dim_sources.csv')",
        f"select * from read_parquet('{folder}/parquet/dim_sources.parquet')",
        f"select * from glob('{folder}/*')",
        "select * from read_text('/proc/self/environ')",
        "select * from read_parquet('https://127.0.0.1:9/x.parquet')",
        f"export database '{folder}/export'",
        f"attach '{folder}/other.duckdb' as other",
        f"attach '{file}' as again",
        "install httpfs",
        "load httpfs",
        "create secret s (type s3)",
        "create table marts.forged as select 1",
        "update reports.rpt_claims set verdict = 'supported'",
        "delete from reports.rpt_claims",
        "drop table reports.rpt_claims",
        "set disabled_filesystems = ''",
        "reset disabled_filesystems",
        "set enable_external_access = true",
        "set lock_configuration = false",
        f"set temp_directory = '{folder}'",
        f"pragma temp_directory = '{folder}'",
        f"set log_query_path = '{folder}/log.sql'",
        f"pragma profiling_output = '{folder}/profile.json'",
        "call enable_logging(storage = 'file')",
        "set allowed_directories = ['/']",
        "set allow_unsigned_extensions = true",
    ]


def attack_connection(connection: duckdb.DuckDBPyConnection, database: Path) -> int:
    """Try every forbidden query. Returns the number of attempts; raises AssertionError if one gets through."""
    before = {path: inputs.hash_of(path) for path in database.resolve().parent.rglob("*") if path.is_file()}
    attempts = forbidden(database)
    for query in attempts:
        try:
            connection.execute(query).fetchall()
        except duckdb.Error:
            continue
        raise AssertionError(f"this got through: {query}")
    after = {path: inputs.hash_of(path) for path in database.resolve().parent.rglob("*") if path.is_file()}
    assert after == before, "a file of the release changed"
    assert connection.execute("select count(*) from reports.rpt_claims").fetchall()[0][0] > 30, "queries no longer work"
    return len(attempts)


def spill(database: Path) -> None:
    """Run a query that needs too much memory. Raises AssertionError if the query succeeds or a file appears."""
    before = sorted(database.resolve().parent.rglob("*"))
    script = (
        "import duckdb, sys\n"
        "from pipelines.releases import connect\n"
        "connection = duckdb.connect(sys.argv[1], config={**connect.HARDENED, 'memory_limit': '100MB'})\n"
        "connect.lock(connection)\n"
        "connection.execute(\"select count(*) from (select hash(i)::varchar || repeat('x', 100) as s from range(3_000_000) as t(i) "
        'order by s)").fetchall()\n'
    )
    said = subprocess.run([sys.executable, "-c", script, str(database)], capture_output=True, text=True)
    assert "OutOfMemoryException" in said.stderr, said.stderr
    assert sorted(database.resolve().parent.rglob("*")) == before


def forge(database: Path) -> None:
    """Put a log next to a published database that changes a verdict, as anyone who can write there could."""
    with tempfile.TemporaryDirectory() as folder:
        forged = Path(folder) / database.name
        shutil.copy(database, forged)
        forged.chmod(0o644)
        script = (
            "import duckdb, os, sys\n"
            "connection = duckdb.connect(sys.argv[1])\n"
            "connection.execute(\"set checkpoint_threshold = '1TB'\")\n"
            "connection.execute(\"update reports.rpt_claims set verdict = 'supported', note = 'FORGED'\")\n"
            "os._exit(0)\n"  # without closing: the change stays in the log
        )
        subprocess.run([sys.executable, "-c", script, str(forged)], check=True)
        log = forged.with_name(f"{forged.name}.wal")
        assert log.stat().st_size > 0
        database.parent.chmod(0o755)
        shutil.copy(log, database.with_name(log.name))


# ---- the environment --------------------------------------------------------------------------------------------------


def hostile_environment(folder: Path) -> dict[str, str]:
    """Environment variables that control dbt, Python, git and the system, each set to its most harmful value."""
    folder.mkdir(parents=True, exist_ok=True)
    profile = {"egov": {"target": "x", "outputs": {"x": {"type": "duckdb", "path": str(folder / "elsewhere.duckdb")}}}}
    (folder / "profiles.yml").write_text(json.dumps(profile), encoding="utf-8")
    for name in ("dbt", "duckdb", "sitecustomize"):
        (folder / f"{name}.py").write_text("raise SystemExit('a module of somebody else was imported')\n", encoding="utf-8")
    variables = {
        "EXCLUDE_RESOURCE_TYPES": "test unit_test", "RESOURCE_TYPES": "model", "PROFILES_DIR": str(folder), "PROFILE": "nobody",
        "TARGET": "nobody", "TARGET_PATH": str(folder / "target"), "LOG_PATH": str(folder / "logs"), "PROJECT_DIR": str(folder),
        "WRITE_JSON": "false", "EMPTY": "true", "SAMPLE": "1 day", "EVENT_TIME_START": "2020-01-01",
        "EVENT_TIME_END": "2020-01-02", "INDIRECT_SELECTION": "empty", "FAIL_FAST": "true", "WARN_ERROR": "true",
        "WARN_ERROR_OPTIONS": '{"error": "all"}', "FULL_REFRESH": "true", "DEFER": "true", "STATE": str(folder), "SELECT": "x",
        "EXCLUDE": "*", "LOG_FORMAT": "json", "LOG_LEVEL": "debug", "PARTIAL_PARSE": "false", "STATIC_PARSER": "false",
        "INTROSPECT": "false", "POPULATE_CACHE": "false", "STORE_FAILURES": "true", "VERSION_CHECK": "false", "THREADS": "0",
        "SINGLE_THREADED": "true", "USE_COLORS": "true", "QUIET": "false", "PRINT": "true", "DEBUG": "true", "CLEAN": "true",
        "SEND_ANONYMOUS_USAGE_STATS": "true", "STATIC": "false", "COMPILE": "true", "USE_FAST_TEST_EDGES": "true",
        "MACRO_DEBUGGING": "true", "RECORDED_FILE_PATH": str(folder / "record.json"), "RECORDER_MODE": "replay",
        "VARS": "{x: 1}",
    }  # fmt: skip
    hostile = {f"{prefix}{name}": value for prefix in ("DBT_", "DBT_ENGINE_") for name, value in variables.items()}
    return hostile | {
        "PYTHONWARNINGS": "ignore", "PYTHONOPTIMIZE": "1", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "0", "LC_ALL": "C", "LANG": "ru_RU.KOI8-R", "TZ": "Pacific/Kiritimati", "GIT_DIR": str(folder),
        "GIT_CEILING_DIRECTORIES": "/", "COLUMNS": "7", "NO_COLOR": "1", "TERM": "dumb", "HOME": str(folder),
    }  # fmt: skip


def build_in(project: Project, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """`egov build --force` with these variables set."""
    return subprocess.run(
        [sys.executable, "-m", "pipelines", "build", "--force"],
        env={**os.environ, "EGOV_PROJECT_DIR": str(project.root), **variables},
        capture_output=True,
        text=True,
        timeout=600,
    )


# ---- writers in raw/ --------------------------------------------------------------------------------------------------


def small_project(folder: Path, *names: str) -> Project:
    """A project whose package lists only these resources and the code lists that they need; its check is much faster."""
    whole = data_package.read_package(Project(ROOT))
    by_name = {described["name"]: described for described in whole["resources"]}
    wanted: dict[str, dict[str, Any]] = {}
    coming = list(names)
    while coming:
        described = by_name[coming.pop()]
        if described["name"] not in wanted:
            wanted[described["name"]] = described
            coming += [
                key["reference"]["resource"]
                for key in described["schema"].get("foreignKeys", [])
                if key["reference"]["resource"]
            ]
    project = Project(folder)
    for described in wanted.values():
        target = project.raw / described["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "raw" / described["path"], target)
    data_package.write_package(project, {**whole, "resources": list(wanted.values())})
    return project


IMPORT_LISTS = (
    "codes_country_names", "codes_published_country_codes", "codes_aggregates", "codes_indicators", "codes_levels", "codes_regions",
    "codes_services",
)  # fmt: skip


def official_edition(project: Project, file: Path, year: str) -> None:
    """Write a made-up edition of the UN survey in the layout of the download, with invented figures for a few states."""
    with open(project.raw / "codes" / "country_names.csv", encoding="utf-8", newline="") as lines:
        names = [row["name"] for row in csv.DictReader(lines)][:200]
    names = [name for name in ("Kazakhstan", "Uzbekistan", "Kyrgyzstan") if name in names]
    with open(file, "w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(un_egov_survey.COLUMNS)
        writer.writerows([year, name, rank, "0.5", "0.5", "0.5", "0.5", "0.5"] for rank, name in enumerate(names, 1))


def write_together(project: Project, chance: random.Random, spread: float) -> None:
    """Run two imports and a recorded edit in separate processes, at random moments; check that no successful change is lost."""
    years = ["2031", "2032"]
    jobs: list[Callable[[], object]] = []
    for year in years:
        official_edition(project, project.root / f"official_{year}.csv", year)
        jobs.append(
            lambda year=year: write.import_files(  # type: ignore[misc]
                project, [project.root / f"official_{year}.csv"], un_egov_survey.read, accessed=ACCESSED[1], revision=False
            )
        )
    edited = project.raw / "codes" / "levels.csv"
    text = edited.read_text(encoding="utf-8")
    jobs.append(
        lambda: (
            edited.write_text(
                text.replace("Very high", "Very, very high").replace("Very, very", "Very very"), encoding="utf-8"
            ),
            check.update_hashes(project),
        )
    )

    def delayed(job: Callable[[], object], seconds: float) -> None:
        time.sleep(seconds)
        job()

    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=delayed, args=(job, chance.uniform(0, spread))) for job in jobs]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    # an import may find the edited file before its hash is recorded; then it refuses raw/ with a message, which is right
    ended = [process.exitcode for process in processes]
    findings = check.check(project)
    assert not findings, (ended, findings)
    held = {resource.get("edition") for resource in data_package.read_package(project)["resources"]}
    for year, code in zip(years, ended, strict=False):
        assert (code == 0) == (year in held), (
            f"the import of {year} ended with {code}, and its edition is {'' if year in held else 'not '}there"
        )
    assert ended[2] == 0, "the edit was not recorded"
    for process in processes:
        process.close()


# ---- the data package -------------------------------------------------------------------------------------------------

HOSTILE_VALUES: list[Any] = [
    None, True, 0, -1, 10**30, 0.5, "", " ", "x" * 5000, [], {}, [[]], [None], {"a": 1}, "\ud800", "a\nb", "a\u0000b", "\u202e",
    "../../etc/passwd", "/etc/passwd", "article/../../x.csv", "https://127.0.0.1:9/x", "file:///etc/passwd", "ftp://127.0.0.1:9/x",
    "'; drop table x; --", "' || (select 1) || '", "{{ 7 * 7 }}", "{row}", "(a+)+$", "[", "sha256:", "2026-13-45", "raw_row", "name",
    "article_table_1", "codes_countries", "string", "integer", "javascript:alert(1)",
]  # fmt: skip
HOSTILE_NAMES = [
    "profile", "dialect", "extrapaths", "$ref", "$schema", "control", "compression", "innerpath", "layout", "url", "data", "package",
    "basepath", "path", "missingValues", "format", "primaryKey", "bareNumber", "a'b", "", "\ud800", "__proto__", "custom",
]  # fmt: skip


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path to every value inside a JSON value."""
    found = [way] if way else []
    for step, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        found += places(inner, (*way, step))
    return found


def edited_package(package: dict[str, Any], chance: random.Random) -> bytes:
    """The package after one random edit of a value, a name, its structure or its text."""
    edited = copy.deepcopy(package)
    *way, last = chance.choice(places(edited))
    inside: Any = edited
    for step in way:
        inside = inside[step]
    match chance.randrange(8):
        case 0:
            del inside[last]
        case 1 | 2:
            inside[last] = copy.deepcopy(chance.choice(HOSTILE_VALUES))
        case 3:
            other = edited
            for step in chance.choice(places(edited)):
                other = other[step]
            inside[last] = copy.deepcopy(other)
        case 4 if isinstance(inside, dict):
            inside[chance.choice(HOSTILE_NAMES)] = copy.deepcopy(chance.choice(HOSTILE_VALUES))
        case 5 if isinstance(inside, list):
            inside.insert(last, copy.deepcopy(inside[last]))
        case 6 if isinstance(inside[last], str):
            at = chance.randrange(len(inside[last]) + 1)
            inside[last] = (
                inside[last][:at]
                + chance.choice(["'", '"', "\\", "\n", "\u0000", "<", "ə", " ", "{", "\u202e"])
                + inside[last][at:]
            )
        case _:
            text = json.dumps(edited, ensure_ascii=True)
            at = chance.randrange(len(text))
            piece = chance.choice(
                ['"', "}", "[" * 5000, "NaN", "1e999", '"a":1,', "\\ud800", "9" * 5000, "\ufeff", "", "\u0000"]
            )
            return (text[:at] + piece + text[at + chance.randrange(3) :]).encode()
    return json.dumps(edited, ensure_ascii=True).encode()


def judge_package(project: Project, original: bytes, wanted: dict[str, list[Any]], chance: random.Random) -> str:
    """Make one random edit. Returns `refused` if the message names raw/, or `read` if every table still has the same text.

    Raises AssertionError otherwise.
    """
    asked: list[object] = []
    refusal: EgovError | None = None

    def connects(_: socket.socket, address: object) -> None:
        asked.append(address)
        raise OSError("no network in this trial")

    project.package_file.write_bytes(edited_package(json.loads(original), chance))
    try:
        with mock.patch.object(socket.socket, "connect", connects), mock.patch.object(socket, "getaddrinfo", connects):
            data_package.require_valid(check.check(project))
            loaded = load_all(project)
    except EgovError as error:
        refusal = error
    else:
        assert loaded == wanted
    assert not asked, f"the package made a request to {asked}"
    assert refusal is None or (refusal.exit_code == 2 and "raw/" in str(refusal)), refusal
    return "refused" if refusal else "read"


def load_all(project: Project) -> dict[str, list[Any]]:
    """The text of every printed table, keyed by table name, as a build would load it."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "loaded.duckdb"
        store.clear_build(project)  # as a build does: the load lists the new files of the feed in a database there
        load.load(project, database)
        with duckdb.connect(str(database), read_only=True) as connection:
            names = [
                name for (name,) in connection.execute("select table_name from duckdb_tables() order by 1").fetchall()
                if not name.startswith("datapackage_")
            ]  # fmt: skip
            return {name: sorted(connection.execute(f'select * from raw."{name}"').fetchall()) for name in names}


PACKAGE = ("article_table_1", "codes_levels", "itu_datahub_internet_users_2023")


# ---- signals ----------------------------------------------------------------------------------------------------------


def children(process: int) -> list[int]:
    """The child processes of a process."""
    try:
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8").split()]
    except OSError:
        return []


def catches(process: int, number: int) -> bool:
    """Whether a process has a handler for a signal."""
    try:
        for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    except OSError:
        pass
    return False


def signal_once(project: Project, seconds: float, number: int, whom: str, scenario: str = "") -> str:
    """Send a signal to a build, to dbt's process or to both after `seconds`. Returns the outcome that the run recorded.

    Raises AssertionError unless the build ends with one line, the right exit code, no child process and a correct record.
    """
    before = store.current(project)
    build = subprocess.Popen(
        command(scenario, "build", "--force"),
        cwd=ROOT,
        env=process_environment(project),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 30
    while not catches(build.pid, number) and build.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    time.sleep(seconds)
    theirs = children(build.pid)
    targets = {"parent": [build.pid], "child": theirs, "both": [*theirs, build.pid]}[whom]
    for target in targets:
        try:
            os.kill(target, number)
        except ProcessLookupError:
            continue
    _, said = build.communicate(timeout=300)
    code = build.returncode
    last = runs.history(project, 1)[0]
    now = store.current(project)
    told = f"{signals.name(number)} to {whom} after {seconds:.2f} s: code {code}, {last['outcome']}, {said[-600:]}"
    assert "Traceback" not in said, told
    assert "Exception ignored" not in said, told
    assert code in (0, 128 + number), told
    assert not [child for child in theirs if Path(f"/proc/{child}").exists()], told
    if code:
        lines = [line for line in said.splitlines() if line.startswith("egov: ")]
        assert len(lines) == 1, told
        assert signals.name(number) in lines[0], told
        assert said.rstrip().endswith(lines[0]), told
    published = now != before
    assert last["outcome"] == ("published" if published else "interrupted"), told
    assert (now is not None and last["release_id"] == now.release_id) == published, told
    assert code != 0 or published, told
    assert not (project.build / store.MARKER).exists(), told
    if not scenario:  # without a scenario, the release has every product
        assert_whole(project)
    else:
        releases_whole(project)
    return str(last["outcome"])


# ---- system calls that fail -------------------------------------------------------------------------------------------

SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int calls;

static int fails(const char *call) {
    const char *which = getenv("FAIL_CALL"), *at = getenv("FAIL_AT");
    if (!which || strcmp(which, call)) return 0;
    if (++calls != atoi(at ? at : "0")) return 0;
    errno = EIO;
    return 1;
}

#define WRAP(call, declared, named)                                                       \\
    int call declared {                                                                   \\
        static int (*real) declared;                                                      \\
        if (!real) real = (int (*) declared)dlsym(RTLD_NEXT, #call);                      \\
        return fails(FAMILY) ? -1 : real named;                                           \\
    }

#define FAMILY "fsync"
WRAP(fsync, (int fd), (fd))
WRAP(fdatasync, (int fd), (fd))
#undef FAMILY
#define FAMILY "rename"
WRAP(rename, (const char *a, const char *b), (a, b))
WRAP(renameat, (int c, const char *a, int d, const char *b), (c, a, d, b))
#undef FAMILY
#define FAMILY "chmod"
WRAP(chmod, (const char *a, mode_t m), (a, m))
WRAP(fchmod, (int fd, mode_t m), (fd, m))
WRAP(fchmodat, (int d, const char *a, mode_t m, int f), (d, a, m, f))
#undef FAMILY
#define FAMILY "link"
WRAP(symlink, (const char *a, const char *b), (a, b))
WRAP(symlinkat, (const char *a, int d, const char *b), (a, d, b))
WRAP(link, (const char *a, const char *b), (a, b))
#undef FAMILY
#define FAMILY "mkdir"
WRAP(mkdir, (const char *a, mode_t m), (a, m))
#undef FAMILY
#define FAMILY "unlink"
WRAP(unlink, (const char *a), (a))
WRAP(unlinkat, (int d, const char *a, int f), (d, a, f))
WRAP(rmdir, (const char *a), (a))

__attribute__((destructor)) static void tell(void) {
    const char *path = getenv("FAIL_COUNT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (file) { fprintf(file, "%d", calls); fclose(file); }
}
"""
CALLS = ("fsync", "rename", "chmod", "link", "mkdir", "unlink")


def shim(folder: Path) -> Path | None:
    """The library that makes one system call fail, or None if there is no C compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    library = folder / "fail.so"
    (folder / "fail.c").write_text(SHIM, encoding="utf-8")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(folder / "fail.c"), "-ldl"], check=True)
    return library


def fail_call(project: Project, library: Path, call: str, number: int) -> tuple[int, int]:
    """Run a build in which the call with this number, among the calls of its kind, fails.

    Returns the exit code and the number of calls of the kind. Raises AssertionError if the build does not end with one message
    or does not leave a complete release.
    """
    before = store.current(project)
    counted = project.root / "calls"
    counted.unlink(missing_ok=True)
    variables = {"LD_PRELOAD": str(library), "FAIL_CALL": call, "FAIL_AT": str(number), "FAIL_COUNT": str(counted)}
    done = egov_process(project, "without_dbt", "build", "--force", "--keep", "2", **variables)
    told = f"{call} {number}: code {done.returncode}: {done.stderr[-800:]}"
    assert "Traceback" not in done.stderr, told
    assert done.returncode in (0, 1), told
    assert done.returncode == 0 or done.stderr.count("egov: ") == 1, told
    # if a call fails while the release is made, nothing is published; if one fails afterwards, the new release stays
    now = store.current(project)
    assert now is not None, told
    assert (now != before) == (runs.history(project, 1)[0]["outcome"] == "published"), told
    releases_whole(project)
    return done.returncode, int(counted.read_text(encoding="utf-8") or 0)


def releases_whole(project: Project) -> None:
    """Check that `current` opens and is unchanged since it was published."""
    now = store.require_current(project)
    assert now.changes(thorough=True) == []
    with connect.connect(project.published_file) as connection:
        assert connection.execute("select release_id from meta.build_info").fetchall() == [(now.release_id,)]


# ---- names ------------------------------------------------------------------------------------------------------------

AWKWARD_FOLDERS = [
    "two  blanks",
    'it\'s "quoted"',
    "склад № 1",
    "Әлеуметтік қызмет",
    "$(touch owned) `touch owned` ;&",
    "a%20b#c&d=e",
    "-rf",
    "{row}",
    "emoji 🇰🇿",
]


def build_in_folder(folder: Path) -> None:
    """Run a full build, a verification, a status report and a query in a checkout with this folder name."""
    project = copy_project(folder)
    for arguments in (["build"], ["verify"], ["status"], ["sql", "select count(*) from reports.rpt_claims"]):
        done = egov(project, *arguments, steps=Steps())
        assert done.returncode == 0, (folder, arguments, done.stderr)
    assert_whole(project)


# ---- the commands -----------------------------------------------------------------------------------------------------


@app.command()
def connection() -> None:
    """Try every forbidden query on the hardened connection; then put a forged log next to the release."""
    with tempfile.TemporaryDirectory() as folder:
        project = built_project(Path(folder) / "project")
        with connect.connect(project.published_file) as opened:
            attempts = attack_connection(opened, project.published_file)
        spill(project.published_file)
        forge(project.published_file.resolve())
        for arguments in (["sql", "select 1"], ["verify"], ["diff"]):
            said = egov(project, *arguments)
            assert said.returncode == 1, said.stdout
        assert egov(project, "status").returncode == 11
    print(
        f"connection: {attempts} of {attempts} attempts refused, a forged log noticed by sql, verify, diff and status, nothing spilled"
    )


# When dbt could still see these variables, each of them switched off tests, redirected a build or broke it.
ONE_BY_ONE = (
    "DBT_EXCLUDE_RESOURCE_TYPES", "DBT_RESOURCE_TYPES", "DBT_PROFILES_DIR", "DBT_TARGET_PATH", "DBT_WRITE_JSON", "DBT_PROFILE",
    "DBT_EVENT_TIME_START", "DBT_ENGINE_EMPTY", "GIT_DIR", "LC_ALL",
)  # fmt: skip


@app.command()
def environment() -> None:
    """Set hostile variables, all at once and some one by one: each build runs all tests and publishes to its own warehouse."""
    with tempfile.TemporaryDirectory() as folder:
        project = built_project(Path(folder) / "project")
        tests = store.require_current(project).summary["tests_passed"]
        hostile = hostile_environment(Path(folder) / "hostile")
        laid = sorted(path.name for path in (Path(folder) / "hostile").iterdir())
        for name in track(["", *ONE_BY_ONE], "variables"):
            done = build_in(project, {name: hostile[name]} if name else hostile)
            assert done.returncode == 0, (name, done.stderr)
            found = store.require_current(project).summary
            assert found["tests_passed"] == tests, name
            assert sorted(path.name for path in (Path(folder) / "hostile").iterdir()) == laid, name
    print(f"environment: {len(hostile)} variables at once, {len(ONE_BY_ONE)} one by one: {tests} tests ran each time")


@app.command()
def writers(count: Count = 200, seed: int = 1) -> None:
    """Run two imports and a recorded edit at random moments: raw/ stays valid, and no change is lost."""
    chance = random.Random(seed)
    for _ in track(range(count), "interleavings"):
        with tempfile.TemporaryDirectory() as folder:
            write_together(small_project(Path(folder), *IMPORT_LISTS), chance, 0.5)
    print(f"writers: {count} of {count} interleavings left raw/ valid and lost no change")


@app.command()
def package(count: Count = 10_000, seed: int = 1) -> None:
    """Edit raw/datapackage.json at random: each edit is refused by name or changes no table's text, and no request is made."""
    chance = random.Random(seed)
    judged: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        project = small_project(Path(folder), *PACKAGE)
        original, wanted = project.package_file.read_bytes(), load_all(project)
        for _ in track(range(count), "edits"):
            judged[judge_package(project, original, wanted, chance)] += 1
    print(f"package: {count} edits, {judged['refused']} refused by name, {judged['read']} read with the same text, 0 requests")


@app.command("signals")
def signals_command(count: Count = 60, seed: int = 1) -> None:
    """Send signals of every kind at random moments to a build, to dbt's process, or to both."""
    chance = random.Random(seed)
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        project = copy_project(Path(folder) / "project")
        started = time.monotonic()
        assert egov(project, "build", steps=Steps()).returncode == 0
        whole = time.monotonic() - started
        for _ in track(range(count), "signals"):
            number = chance.choice(
                [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, chance.choice(signals.ENDING)]
            )
            outcomes[signal_once(project, chance.uniform(0, whole), number, chance.choice(["parent", "child", "both"]))] += 1
        assert egov(project, "build", "--force", steps=Steps()).returncode == 0
    print(f"signals: {count} of {count} ended with one line, the right exit code, no child and a true record: {dict(outcomes)}")


@app.command()
def calls(most: Annotated[int, typer.Option(help="Maximum number of calls of each kind.", min=1)] = 1000) -> None:
    """Make fsync, rename, chmod, link, mkdir and unlink fail, one call at a time, in a build that makes few products."""
    tried: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        library = shim(Path(folder))
        if library is None:
            sys.exit("broken: no C compiler (gcc), so no system call could be made to fail")
        project = built_project(Path(folder) / "project")
        for call in CALLS:
            _, there_are = fail_call(project, library, call, 0)
            for number in track(range(1, min(there_are, most) + 1), call):
                code, _ = fail_call(project, library, call, number)
                tried[f"{call} {'refused' if code else 'went on'}"] += 1
        assert egov(project, "build", "--force", steps=Steps()).returncode == 0
    print(f"calls: {sum(tried.values())} failing calls, all left a complete release: {dict(sorted(tried.items()))}")


@app.command()
def folders() -> None:
    """Build in folders whose names contain blanks, quotes, Cyrillic or shell commands."""
    with tempfile.TemporaryDirectory() as folder:
        for name in track(AWKWARD_FOLDERS, "folders"):
            build_in_folder(Path(folder) / name)
        assert not list(Path(folder).rglob("owned"))
    print(f"folders: {len(AWKWARD_FOLDERS)} of {len(AWKWARD_FOLDERS)} built, verified and queried")


@app.command()
def postgres(count: Count = 99, seed: int = 1) -> None:
    """Kill PostgreSQL, stop it at once, or kill the publisher, at random moments of a publish."""
    from tests.targets import postgres_faults  # imported here because the other commands need no server

    print(postgres_faults.kills(count, seed))


if __name__ == "__main__":
    try:
        app()
    except (AssertionError, EgovError) as error:
        sys.exit(f"broken: {error}")
