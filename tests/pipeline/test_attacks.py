"""Short runs of the attacks in attacks.py, and the messages that they get."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from filelock import FileLock

from pipelines import signals
from pipelines.importers import un_egov_survey, write
from pipelines.intake import check, package
from pipelines.project import EgovError, Project, printable
from pipelines.releases import connect, inputs, runs, store
from pipelines.transform.dbt import Dbt
from tests.helpers import ACCESSED, QUICK, ROOT, copy_project, egov, egov_process, need
from tests.proofs import attacks
from tests.proofs.faults import assert_whole


def test_a_reader_can_change_nothing(built: Project) -> None:
    with connect.connect(built.published_file) as connection:
        assert attacks.attack_connection(connection, built.published_file) > 30
        with connect.connect(built.published_file) as second:  # shares the instance: settings are locked
            assert attacks.attack_connection(second, built.published_file) > 30


def test_a_query_that_needs_more_memory_writes_nowhere(built: Project) -> None:
    attacks.spill(built.published_file)


def test_a_forged_log_is_noticed_by_whoever_opens_the_release(fresh: Project) -> None:
    assert egov(fresh, "build", "--force", steps=QUICK).returncode == 0  # `diff` needs two releases
    database = fresh.published_file.resolve()
    with duckdb.connect(str(database), read_only=True) as plain:
        honest = plain.execute("select count(*) from reports.rpt_claims where note = 'FORGED'").fetchall()
    attacks.forge(database)
    with duckdb.connect(str(database), read_only=True) as plain:
        forged = plain.execute("select count(*) from reports.rpt_claims where note = 'FORGED'").fetchall()
    assert (honest, forged > [(30,)]) == ([(0,)], True), "without our check, DuckDB must replay the forged log"
    for arguments in (["sql", "select 1"], ["diff"]):
        said = egov(fresh, *arguments)
        assert said.returncode == 1
        assert "egov.duckdb.wal was not published with the release" in said.stderr
    said = egov(fresh, "verify")
    assert said.returncode == 1
    assert "egov.duckdb.wal was not published with it: remove it" in said.stderr
    said = egov(fresh, "status")
    assert said.returncode == 11
    assert "warning    egov.duckdb.wal was not published with it: remove it" in said.stdout
    told = json.loads(egov(fresh, "status", "--json").stdout)
    assert (told["state"], told["changed_since_publishing"]) == (
        "failed",
        ["egov.duckdb.wal was not published with it: remove it"],
    )
    refused = egov(fresh, "build", "--force", steps=QUICK)
    assert refused.returncode == 4
    assert "egov.duckdb.wal was not published with the release" in refused.stderr
    database.with_name("egov.duckdb.wal").unlink()
    assert egov(fresh, "verify").returncode == 0
    assert egov(fresh, "build", "--force", steps=QUICK).returncode == 0


def test_verify_tells_what_changed(fresh: Project) -> None:
    folder = fresh.current.resolve()
    said = egov(fresh, "verify")
    assert said.returncode == 0, said.stderr
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "release.json"]
    assert f"{folder.name} is as it was published: {len(files)} files" in said.stdout
    assert inputs.hash_of(folder / "release.json") in said.stdout
    for path in (folder, folder / "csv"):
        path.chmod(0o755)
    changed, gone = folder / "csv" / "dim_sources.csv", folder / "codebook.csv"
    changed.chmod(0o644)
    changed.write_bytes(changed.read_bytes().replace(b"UN", b"un", 1))
    gone.unlink()
    (folder / "csv" / "stray.csv").touch()
    said = egov(fresh, "verify", folder.name)
    assert said.returncode == 1
    assert re.search(r"csv/dim_sources\.csv has other content: SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}", said.stderr)
    assert "codebook.csv is missing" in said.stderr
    assert "csv/stray.csv was not published with it" in said.stderr
    (folder / "csv" / "stray.csv").unlink()
    (folder / "csv" / "stray.csv").symlink_to("/etc/passwd")
    assert "stray.csv is not a plain file" in egov(fresh, "verify").stderr
    assert "there is no release nonsense" in egov(fresh, "verify", "nonsense").stderr


def test_every_writable_place_of_a_release_is_closed(built: Project) -> None:
    for path in [built.current.resolve(), *built.current.resolve().rglob("*")]:
        assert path.stat().st_mode & 0o222 == 0, path


def test_neither_variables_nor_the_name_of_the_folder_lead_a_build_astray(tmp_path: Path, built: Project) -> None:
    tests = store.require_current(built).summary["tests_passed"]
    project = copy_project(tmp_path / 'it\'s "quoted" $(touch owned) №1 Қазақстан; {row} %20')
    hostile = attacks.hostile_environment(tmp_path / "hostile")
    laid = sorted(path.name for path in (tmp_path / "hostile").iterdir())
    refused = attacks.build_in(project, hostile)
    assert refused.returncode == 1
    assert "Python reads file names as ascii here" in refused.stderr
    assert "Traceback" not in refused.stderr
    done = attacks.build_in(project, hostile | {"PYTHONUTF8": "1"})
    assert done.returncode == 0, done.stderr
    assert store.require_current(project).summary["tests_passed"] == tests
    assert sorted(path.name for path in (tmp_path / "hostile").iterdir()) == laid
    assert_whole(project)
    assert egov(project, "verify").returncode == 0
    assert not list(tmp_path.rglob("owned"))


@pytest.mark.parametrize("change", ["one is missing", "one is switched off", "none is there"])
def test_a_build_in_which_a_test_did_not_run_is_refused(project: Project, change: str) -> None:
    target = project.root / "target"
    (target / "tests").mkdir(parents=True)
    results = [{"unique_id": f"test.egov.t{number}", "status": "pass"} for number in range(3)]
    manifest: dict[str, dict[str, Any]] = {
        "nodes": {f"test.egov.t{number}": {} for number in range(3)},
        "unit_tests": {},
        "disabled": {},
    }
    if change == "one is missing":
        manifest["nodes"]["test.egov.x"] = {}
    elif change == "one is switched off":
        manifest["disabled"] = {"test.egov.off": []}
    else:
        manifest["nodes"], results = {}, []

    class Ended:
        """A dbt process that ended successfully."""

        stdout, stdin = io.StringIO(), io.StringIO()

        def wait(self) -> int:
            (target / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
            (target / "tests" / "run_results.json").write_text(json.dumps({"results": results}), encoding="utf-8")
            return 0

    built = Dbt(project, units=True)
    built._child = Ended()  # type: ignore[assignment]
    with pytest.raises(EgovError, match=r"\d tests ran, the project has \d; nothing is published"):
        built.finish_tests(lambda *_: None)


def test_writers_in_raw_wait_for_each_other(tmp_path: Path) -> None:
    chance = random.Random(5)
    for number in range(10):
        attacks.write_together(attacks.small_project(tmp_path / str(number), *attacks.IMPORT_LISTS), chance, 0.3)


def test_a_writer_that_waits_too_long_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = attacks.small_project(tmp_path, *attacks.IMPORT_LISTS)
    monkeypatch.setattr(package, "WAIT", 0.1)
    attacks.official_edition(project, tmp_path / "official.csv", "2031")
    before = project.package_file.read_bytes()
    project.warehouse.mkdir()
    with FileLock(project.warehouse / "build.lock"):
        jobs: list[Callable[[], object]] = [
            lambda: check.update_hashes(project),
            lambda: write.import_files(
                project, [tmp_path / "official.csv"], un_egov_survey.read, accessed=ACCESSED[1], revision=False
            ),
        ]
        for job in jobs:
            with pytest.raises(EgovError, match=r"is running in this warehouse; waited 0\.1 seconds") as refused:
                job()
            assert refused.value.exit_code == 3
    assert project.package_file.read_bytes() == before


def test_edits_of_the_package(tmp_path: Path) -> None:
    project = attacks.small_project(tmp_path, *attacks.PACKAGE)
    original, wanted = project.package_file.read_bytes(), attacks.load_all(project)
    chance = random.Random(11)
    judged = [attacks.judge_package(project, original, wanted, chance) for _ in range(150)]
    assert {"refused", "read"} == set(judged)


# the change to the text of the package, and what the message must say
EDITS = {
    "a profile to fetch": ('"name": "egov-raw"', '"profile": "https://127.0.0.1:9/x", "name": "egov-raw"', "'profile' is unknown"),
    "a dialect to fetch": ('"scheme": "file"', '"dialect": "https://127.0.0.1:9/x", "scheme": "file"', r"resource 1 .*: 'dialect' is unknown"),
    "more paths": ('"scheme": "file"', '"extrapaths": ["/etc/passwd"], "scheme": "file"', "'extrapaths' is unknown"),
    "SQL in an edition": ('"edition": "2023"', '"edition": "2023\' || (select 1) || \'"', "edition: found .*expected text that matches"),
    "a line end behind a name": ('"name": "egov_warehouse"', '"name": "egov_warehouse\\n"', "source 2 .*, name: found .*expected text"),
    "half a character": ('"title": "', '"title": "\\ud800', "not readable as UTF-8 JSON"),
    "a property twice": ('"name": "egov-raw"', '"name": "egov-raw", "name": "egov-raw"', "'name' appears twice in one object"),
    "a list for a name": ('"name": "egov_warehouse"', '"name": ["egov_warehouse"]', "source 2, name: found .*expected string"),
    "text for a reference": ('"reference": {', '"reference": "codes_countries", "x": {', "reference: found .*expected object"),
    "a bound of the wrong type": ('"required": true', '"minimum": "one"', "minimum: found \"one\", expected integer"),
    "a fraction": ('"revision": 1', '"revision": 1.0', "1.0 is not a whole number"),
    "no number": ('"revision": 1', '"revision": NaN', "NaN is not a whole number"),
    "a pattern that is none": ('"pattern": "', '"pattern": "(', "pattern: found .*expected a regular expression"),
    "an address of a script": ('"path": "https://', '"path": "javascript:alert(1)//', "path: found .*expected text that matches"),
    "a day that is none": ('"accessed": "2026-', '"accessed": "2026-13-45', "accessed: found .*expected a day"),
    "nested without end": ('"sources": [', '"sources": ' + "[" * 100_000, "not readable as UTF-8 JSON"),
    "a column twice": ('"name": "country_code"', '"name": "period"', "column period: the column appears twice"),
    "a key to nowhere": ('"resource": "codes_indicators"', '"resource": "codes_nothing"', "its foreign key leads to"),
    "the name of our own column": ('"name": "note"', '"name": "raw_row"', "every table already gets a raw_row"),
}  # fmt: skip


@pytest.mark.parametrize("case", EDITS)
def test_a_package_is_refused_by_name(tmp_path: Path, case: str) -> None:
    project = attacks.small_project(tmp_path, *attacks.PACKAGE)
    old, new, message = EDITS[case]
    text = project.package_file.read_text(encoding="utf-8")
    assert old in text
    project.package_file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(EgovError, match="raw/") as refused:
        package.require_valid(check.check(project))
    assert refused.value.exit_code == 2
    assert re.search(message, str(refused.value)), refused.value


@pytest.mark.parametrize("odd", ["\n", "\x00", "\x1b[2J", "\u2028", "\u202e"])
def test_a_cell_with_an_invisible_character_is_refused(tmp_path: Path, odd: str) -> None:
    project = attacks.small_project(tmp_path, "article_table_1")
    path = project.raw / "article" / "table_1.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("0,8375", f'"0,8375{odd}"', 1), encoding="utf-8")
    validate_hash = package.read_package(project)
    for resource in validate_hash["resources"]:
        resource["hash"] = package.file_hash(project.raw / resource["path"])
    package.write_package(project, validate_hash)
    findings = [str(finding) for finding in check.check(project)]
    assert any(re.search(r"table_1\.csv, row \d+ .*column egdi_2020|not readable as CSV", finding) for finding in findings), (
        findings
    )
    assert not any(odd in finding for finding in findings), "the message must not repeat the character"


def test_a_raw_file_that_never_ends_is_refused(tmp_path: Path) -> None:
    project = attacks.small_project(tmp_path, "codes_levels")
    (project.raw / "codes" / "levels.csv").unlink()
    os.mkfifo(project.raw / "codes" / "levels.csv")
    assert [str(finding) for finding in check.check(project)] == ["raw/codes/levels.csv: is not a plain file; restore the file"]


@pytest.mark.parametrize("name", ["/dev/zero", "two\nlines.csv", "{title}.csv", "es\x1b[2Jcape.csv", b"\xff\xfe.csv"])
def test_an_official_file_with_a_hostile_name(tmp_path: Path, name: str | bytes) -> None:
    project = attacks.small_project(tmp_path / "project", *attacks.IMPORT_LISTS)
    file = tmp_path / os.fsdecode(name)
    if not file.is_absolute() or file.parent == tmp_path:
        attacks.official_edition(project, file, "2031")
    said = subprocess.run(
        [sys.executable, "-m", "pipelines", "import", "un-egov-survey", *ACCESSED, os.fsencode(file)],
        env={**os.environ, "EGOV_PROJECT_DIR": str(copy_marker(project))}, capture_output=True, timeout=60,
    )  # fmt: skip
    assert said.returncode == 2
    assert b"Traceback" not in said.stderr
    assert b"\x1b" not in said.stderr
    assert re.search(b"its name holds a brace or an invisible character|it is not a plain file", said.stderr), said.stderr


@pytest.mark.parametrize(
    "name", ['it\'s "quoted".csv', "'; drop table x; --.csv", "Қазақстан 2031 %s.csv", "-rf $(touch owned).csv"]
)
def test_an_official_file_with_an_awkward_name_is_only_a_name(tmp_path: Path, name: str) -> None:
    project = attacks.small_project(tmp_path / "project", *attacks.IMPORT_LISTS)
    attacks.official_edition(project, tmp_path / name, "2031")
    write.import_files(project, [tmp_path / name], un_egov_survey.read, accessed=ACCESSED[1], revision=False)
    (held,) = [resource for resource in package.read_package(project)["resources"] if resource.get("edition") == "2031"]
    assert held["imported"]["file"] == name
    assert held["locator"].startswith(name)


def copy_marker(project: Project) -> Path:
    """Make the command line accept the folder of a small project as a checkout."""
    (project.root / "dbt_project.yml").touch()
    return project.root


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGRTMIN + 3]
)
def test_a_signal_ends_in_one_line(fresh: Project, number: int) -> None:
    assert attacks.signal_once(fresh, 1.0, number, "parent", "takes_five_seconds") == "interrupted"


def test_signals_to_the_process_of_dbt_and_to_both(fresh: Project) -> None:
    for whom in ("child", "both"):
        assert attacks.signal_once(fresh, 3.0, signal.SIGINT if whom == "both" else signal.SIGTERM, whom) == "interrupted"


def test_a_signal_while_a_release_is_published_comes_after_it(fresh: Project) -> None:
    before = fresh.current.readlink().name
    done = egov_process(fresh, "signalled_as_the_link_moves", "build", "--force")
    now = fresh.current.readlink().name
    assert now != before
    assert done.returncode == 143
    assert done.stderr.splitlines()[-1] == f"egov: stopped by SIGTERM; release {now} is published"
    last = runs.history(fresh, 1)[0]
    assert (last["outcome"], last["release_id"]) == ("published", now)
    assert egov(fresh, "verify").returncode == 0


def test_a_signal_that_a_library_swallows_is_not_lost(fresh: Project) -> None:
    before = fresh.current.readlink()
    done = egov_process(fresh, "signal_that_a_library_swallows", "build", "--force")
    assert done.returncode == 143
    assert fresh.current.readlink() == before
    assert runs.history(fresh, 1)[0]["outcome"] == "interrupted"


def test_a_signal_in_an_import_leaves_raw_as_it_was(tmp_path: Path) -> None:
    project = attacks.small_project(tmp_path, *attacks.IMPORT_LISTS)
    copy_marker(project)
    attacks.official_edition(project, tmp_path / "official.csv", "2031")
    before = {path: path.read_bytes() for path in project.raw.rglob("*") if path.is_file()}
    said = egov_process(
        project, "signalled_in_an_import", "import", "un-egov-survey", *ACCESSED, str(tmp_path / "official.csv")
    )
    assert said.returncode == 129
    assert said.stderr == "egov: stopped by SIGHUP; nothing is imported\n"
    assert {path: path.read_bytes() for path in project.raw.rglob("*") if path.is_file()} == before


def test_what_is_ignored_from_the_start_stays_ignored(built: Project) -> None:
    said = subprocess.run(
        ["sh", "-c", f"trap '' HUP; exec {shlex.quote(sys.executable)} -c \"from pipelines import signals; import os, signal; signals.catch(); os.kill(os.getpid(), signal.SIGHUP); print('alive')\""],
        capture_output=True, text=True,
    )  # fmt: skip
    assert said.stdout == "alive\n"


def test_faults_of_the_program_itself_are_left_to_the_system() -> None:
    assert not signals.FAULTS & set(signals.ENDING)
    assert {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGABRT, signal.SIGUSR2} <= set(signals.ENDING)


def test_failing_calls(fresh: Project, tmp_path: Path) -> None:
    library = attacks.shim(tmp_path)
    need(library, "gcc (to make single system calls fail)")
    assert library
    for call in ("link", "rename", "fsync"):
        code, there_are = attacks.fail_call(fresh, library, call, 1)
        assert code == 1, call
        assert there_are > 0


def test_text_that_would_steer_a_terminal_is_written_out() -> None:
    assert printable("a\x1b[2Jb\u202ec\u2028d\ud800e\r") == "a\\x1b[2Jb\\u202ec\\u2028d\\ud800e\\r"
    assert printable("Қазақстан: 2 638 413\n\tend") == "Қазақстан: 2 638 413\n\tend"


@pytest.mark.parametrize("file", sorted((ROOT / ".github" / "workflows").iterdir()), ids=lambda file: file.name)
def test_a_workflow_has_no_more_rights_than_it_needs(file: Path) -> None:
    workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    # YAML reads the key `on` as true; pull_request_target would run a stranger's code with the rights of the repository
    assert set([workflow[True]] if isinstance(workflow[True], str) else workflow[True]) <= {
        "schedule", "workflow_dispatch", "pull_request",
    }  # fmt: skip
    # no outside value gets into a script: the only expression is the ref in the name of the concurrency group
    group = workflow["concurrency"].pop("group").replace("${{ github.ref }}", "")
    assert "${{" not in group + json.dumps(workflow)
    for job in workflow["jobs"].values():
        assert "permissions" not in job
        assert job["timeout-minutes"] <= 60
        used = [step for step in job["steps"] if "uses" in step]
        assert used
        for step in used:
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"]), f"{step['uses']} is not pinned by commit"
            if step["uses"].startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_a_killed_parent_takes_its_child_along(fresh: Project) -> None:
    build = subprocess.Popen(
        [sys.executable, "-m", "pipelines", "build", "--force"],
        env={**os.environ, "EGOV_PROJECT_DIR": str(fresh.root)}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while not (theirs := attacks.children(build.pid)) and build.poll() is None:
        time.sleep(0.01)
    build.kill()
    build.wait()
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{child}").exists() for child in theirs) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{child}").exists() for child in theirs)


def read_as(user: int, database: str, told: Connection) -> None:
    """Run in a separate process, as another user: send the number of forbidden writes that get through to `told`."""
    os.setgid(user)
    os.setuid(user)
    with duckdb.connect(database, read_only=True) as plain:  # not even hardened
        got = 0
        for query in attacks.forbidden(Path(database)):
            if query.startswith("copy") and "/dev/stdout" not in query:
                try:
                    plain.execute(query)
                    got += 1
                except duckdb.Error:
                    pass
    told.send(got)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_account_of_its_own_cannot_write_beside_a_release_even_unhardened(built: Project) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        shutil.copytree(built.warehouse, Path(folder) / "warehouse", symlinks=True)
        hears, tells = multiprocessing.Pipe(duplex=False)
        reader = multiprocessing.get_context("fork").Process(
            target=read_as, args=(65534, str((Path(folder) / "warehouse/current/egov.duckdb").resolve()), tells)
        )
        reader.start()
        reader.join(60)
        assert reader.exitcode == 0
        assert hears.recv() == 0


SPOILT = [
    b"",
    b"[]",
    b"{}",
    b"null",
    b'"text"',
    b"\xff\xfe",
    b"[" * 5000,
    b'{"release_id": 1, "run_id": 2, "built_at": "x"}',
    b"\x00" * 100,
]


@pytest.mark.parametrize("name", ["rolled_back.json", "runs.jsonl", "build/run.json", "build/publishing", "release.json"])
def test_no_file_of_the_warehouse_is_trusted_to_be_whole(fresh: Project, name: str) -> None:
    path = fresh.current.resolve() / name if name == "release.json" else fresh.warehouse / name
    fresh.build.mkdir(exist_ok=True)
    if path.exists():
        path.chmod(0o644)
    for content in SPOILT:
        path.write_bytes(content)
        for arguments in (["status"], ["releases"]):
            said = egov(fresh, *arguments)
            assert "Traceback" not in said.stderr, (content, arguments)
    for arguments in (["verify"], ["rollback"], ["build", "--force", "--accept"]):
        said = egov(fresh, *arguments, steps=QUICK)
        assert "Traceback" not in said.stderr, arguments
    assert said.returncode == 0, said.stderr
    attacks.releases_whole(fresh)


@pytest.mark.parametrize("header", ['Қазақстан,"it\'s"', "a\x1b[2J,b", "'; drop table x; --,{row}", "\u202eyear,country"])
def test_an_official_file_with_hostile_columns(tmp_path: Path, header: str) -> None:
    project = attacks.small_project(tmp_path / "project", *attacks.IMPORT_LISTS)
    file = tmp_path / "official.csv"
    attacks.official_edition(project, file, "2031")
    file.write_text(file.read_text(encoding="utf-8").replace("Survey Year,Country Name", header, 1), encoding="utf-8")
    said = egov(Project(copy_marker(project)), "import", "un-egov-survey", *ACCESSED, str(file))
    assert said.returncode == 2
    assert "no column 'Survey Year', 'Country Name'" in said.stderr
    assert "Traceback" not in said.stderr
    assert not {"\x1b", "\u202e"} & set(said.stderr)


@pytest.mark.parametrize("name", ["a?b=c", "back\\slash"])
def test_a_folder_whose_name_duckdb_would_misread_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    said = egov(Project(copy_marker(Project(tmp_path / name))), "check")
    assert said.returncode == 1
    assert "DuckDB cannot open a file whose path holds a question mark or a backslash" in said.stderr


def test_a_signal_at_the_very_end_changes_no_exit_code(built: Project) -> None:
    said = egov_process(built, "signalled_at_the_very_end", "releases")
    assert (said.returncode, said.stderr) == (0, "")
