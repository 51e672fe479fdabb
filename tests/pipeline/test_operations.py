"""Scheduled rebuilds: no work without a change, releases kept and rolled back, and every run recorded."""

from __future__ import annotations

import errno
import io
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from unittest import mock

import duckdb
import pytest
from cronsim import CronSim

from pipelines.intake import check
from pipelines.project import Project
from pipelines.releases import connect, inputs, runs, store
from tests.helpers import QUICK, ROOT, command, egov, egov_process, environment, quick, unsealed
from tests.proofs import faults


def edit(project: Project, file: str, old: str, new: str) -> None:
    path = project.raw / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    check.update_hashes(project)


def wait_until_it_runs(project: Project) -> None:
    for _ in range(6000):
        if (project.build / "run.json").exists():
            return
        time.sleep(0.01)
    pytest.fail("the build did not start within a minute")


def outcomes(project: Project) -> list[str]:
    return [run["outcome"] for run in runs.history(project, 20)]


def test_nothing_changed_nothing_done(fresh: Project) -> None:
    before = fresh.current.readlink()
    for path in fresh.raw.rglob("*.csv"):
        os.utime(path)  # only new content counts as a change, a new modification time does not
    done = egov_process(fresh, "no_dbt_can_start", "build")
    assert done.returncode == 0, done.stderr
    assert "nothing to build" in done.stderr
    assert fresh.current.readlink() == before
    assert outcomes(fresh)[0] == "unchanged"
    with connect.connect(fresh.published_file) as connection:
        held = connection.execute("select fingerprint from meta.build_info").fetchall()
    assert held == [(inputs.fingerprint(fresh),)]


@pytest.mark.parametrize("part", ["raw/codes/services.csv", "models/columns.md", "macros/parse_text.sql", "dbt_project.yml"])
def test_any_change_of_content_is_a_change(fresh: Project, part: str) -> None:
    before = inputs.fingerprint(fresh)
    path = fresh.root / part
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert inputs.fingerprint(fresh) != before


def test_diff_shows_what_changed(fresh: Project) -> None:
    first = fresh.current.readlink().name
    with duckdb.connect(str(fresh.root / "kept" / "egov.duckdb")) as connection:
        connection.execute(
            "update reports.rpt_claims set statement = '=1+1 Most people go online by phone.' "
            "where claim_code = 'mobile_majority'"
        )
    done = egov(fresh, "build", "--force", steps=QUICK)
    assert done.returncode == 0, done.stderr
    assert "reports.rpt_claims: 0 added, 0 removed, 1 changed" in done.stderr
    said = egov(fresh, "diff")
    assert said.stdout.startswith(f"{first} -> {fresh.current.readlink().name}")
    assert "~ reports.rpt_claims mobile_majority statement: Most people reach the Internet" in said.stdout
    assert "-> =1+1 Most people go online by phone." in said.stdout


def test_a_loss_has_to_be_accepted(fresh: Project) -> None:
    before = fresh.current.readlink()
    with duckdb.connect(str(fresh.root / "kept" / "egov.duckdb")) as connection:
        # one row goes and another comes: it is a loss even though the table keeps its size
        connection.execute("update reports.rpt_discrepancies set finding_code = 'made_up' where finding_code = 'spaced_egdi'")
        connection.execute("update reports.rpt_claims set verdict = 'contradicted' where claim_code = 'very_high_osi'")
        connection.execute("alter table reports.rpt_article_references drop column details")
    manifest = fresh.root / "kept" / "manifest.json"
    described = json.loads(manifest.read_text(encoding="utf-8"))
    del described["nodes"]["model.egov.rpt_article_references"]["columns"]["details"]
    manifest.write_text(json.dumps(described), encoding="utf-8")
    refused = egov(fresh, "build", "--force", steps=QUICK)
    assert refused.returncode == 4
    assert "reports.rpt_discrepancies loses rows: spaced_egdi" in refused.stderr
    assert "the column reports.rpt_article_references.details is removed" in refused.stderr
    assert fresh.current.readlink() == before
    assert outcomes(fresh)[0] == "not accepted"
    accepted = egov(fresh, "build", "--force", "--accept", steps=QUICK)
    assert accepted.returncode == 0, accepted.stderr
    assert "claim very_high_osi: supported -> contradicted" in accepted.stderr
    said = egov(fresh, "diff").stdout
    assert "- reports.rpt_discrepancies spaced_egdi" in said
    assert "- column reports.rpt_article_references.details" in said


def test_status_for_monitoring(fresh: Project) -> None:
    def status() -> tuple[int, dict[str, object]]:
        said = egov(fresh, "status", "--json")
        return said.returncode, json.loads(said.stdout)

    code, told = status()
    assert (code, told["state"], told["inputs_changed"]) == (0, "fine", False)
    edit(fresh, "article/table_1.csv", "0,8375", "0,8376")
    code, told = status()
    assert (code, told["state"], told["inputs_changed"]) == (10, "stale", True)
    (fresh.raw / "codes/levels.csv").unlink()
    assert egov(fresh, "build").returncode == 2
    code, told = status()
    assert (code, told["state"]) == (11, "failed")
    assert outcomes(fresh)[0] == "refused"


def test_keep_rollback_and_what_a_reader_has_open(fresh: Project) -> None:
    oldest = fresh.current.readlink().name
    reader = subprocess.Popen(
        [sys.executable, "-c", "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); print('open', flush=True); sys.stdin.read()",
         str(fresh.releases / oldest / "egov.duckdb")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert reader.stdout
        assert reader.stdout.readline() == b"open\n"
        for _ in range(2):
            done = egov(fresh, "build", "--force", "--keep", "1", steps=QUICK)
            assert done.returncode == 0, done.stderr
        newest = fresh.current.readlink().name
        assert [each.release_id for each in store.existing(fresh)] == [newest, oldest], (
            "the release that a reader has open must stay, the one in between must go"
        )
    finally:
        reader.communicate()
    listed = egov(fresh, "releases").stdout.splitlines()
    assert [line.split()[0] for line in listed] == [newest, oldest]
    assert "current" in listed[0]

    back = egov(fresh, "rollback")
    assert back.returncode == 0
    assert fresh.current.readlink().name == oldest
    scheduled = egov(fresh, "build", steps=QUICK)
    assert scheduled.returncode == 0
    assert "nothing to build" in scheduled.stderr or "was rolled back" in scheduled.stderr
    assert fresh.current.readlink().name == oldest
    assert egov(fresh, "rollback").returncode == 1, "the oldest release has no earlier one"
    assert "there is no release" in egov(fresh, "rollback", "nonsense").stderr
    assert egov(fresh, "rollback", newest).returncode == 0
    assert fresh.current.readlink().name == newest


def test_a_rollback_outlives_a_scheduled_build_but_not_a_change(fresh: Project) -> None:
    first = fresh.current.readlink().name
    edit(fresh, "article/claims.csv", "from a mobile device", "by phone")
    assert egov(fresh, "build", steps=QUICK).returncode == 0
    second = fresh.current.readlink().name
    assert egov(fresh, "rollback").returncode == 0
    done = egov(fresh, "build", steps=QUICK)
    assert f"unchanged since release {second}, which was rolled back" in done.stderr
    assert fresh.current.readlink().name == first
    remembered = fresh.rolled_back_file.read_bytes()
    assert "rolled     back from" in egov(fresh, "status").stdout
    edit(fresh, "article/claims.csv", "by phone", "by telephone")
    assert egov(fresh, "build", steps=QUICK).returncode == 0
    assert fresh.current.readlink().name not in (first, second)
    assert store.rolled_back(fresh) == {}
    fresh.rolled_back_file.write_bytes(remembered)  # what a build leaves if it is killed right after publishing
    assert store.rolled_back(fresh) == {}, "a rollback before the current release was built must no longer count"


def test_a_rollback_that_cannot_be_written_changes_nothing(fresh: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    first = fresh.current.readlink().name
    for old, new in (("from a mobile device", "by phone"), ("by phone", "by telephone")):
        edit(fresh, "article/claims.csv", old, new)
        assert egov(fresh, "build", steps=QUICK).returncode == 0
    store.roll_back(fresh, None)
    before = fresh.current.readlink(), store.rolled_back(fresh)

    def full(_: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError, match="No space left"):
            store.roll_back(fresh, first)
    assert (fresh.current.readlink(), store.rolled_back(fresh)) == before


def test_two_steps_back_are_not_undone_either(fresh: Project) -> None:
    first = fresh.current.readlink().name
    for old, new in (("from a mobile device", "by phone"), ("by phone", "by telephone")):
        edit(fresh, "article/claims.csv", old, new)
        assert egov(fresh, "build", steps=QUICK).returncode == 0
    newest = fresh.current.readlink().name
    for _ in range(2):
        assert egov(fresh, "rollback").returncode == 0
    assert fresh.current.readlink().name == first
    done = egov(fresh, "build", steps=QUICK)
    assert f"unchanged since release {newest}, which was rolled back" in done.stderr
    assert egov(fresh, "status").returncode == 0
    assert fresh.current.readlink().name == first
    assert egov(fresh, "rollback", newest).returncode == 0
    assert store.rolled_back(fresh) == {}, "after going forward again, no rollback may remain"


def change_raw(project: Project) -> None:
    with open(project.raw / "article" / "claims.csv", "a", encoding="utf-8") as file:
        file.write("\n")


def test_inputs_that_change_during_a_build(fresh: Project) -> None:
    before = fresh.current.readlink()
    done = egov(fresh, "build", "--force", steps=quick(change_raw))
    assert done.returncode == 1
    assert "the inputs changed while they were being built" in done.stderr
    assert fresh.current.readlink() == before


def test_what_fails_after_publishing_takes_nothing_from_the_release(fresh: Project) -> None:
    before = fresh.current.readlink()
    with mock.patch.object(store, "prune", side_effect=PermissionError(13, "Permission denied", "releases")):
        done = egov(fresh, "build", "--force", steps=QUICK)
    assert done.returncode == 0, done.stderr
    assert "warning: " in done.stderr
    assert "Permission denied" in done.stderr
    assert fresh.current.readlink() != before
    last = runs.history(fresh, 1)[0]
    assert (last["outcome"], last["release_id"]) == ("published", fresh.current.readlink().name)


def test_a_damaged_release_is_replaced_once_that_is_accepted(fresh: Project) -> None:
    damaged = fresh.current.readlink().name
    folder = fresh.releases / damaged
    for name in ("egov.duckdb", "release.json"):
        (folder / name).chmod(0o644)
        (folder / name).write_bytes(b"\xff" * 9000)
    said = egov(fresh, "status")
    assert said.returncode == 11
    assert "damaged" in said.stdout
    assert egov(fresh, "releases").stdout.endswith("damaged: its release.json cannot be read  current\n")
    assert "`egov build --force --accept` publishes a new one" in egov(fresh, "sql", "select 1").stderr
    refused = egov(fresh, "build", "--force", steps=QUICK)
    assert refused.returncode == 4
    assert "the current release cannot be compared with" in refused.stderr
    accepted = egov(fresh, "build", "--force", "--accept", steps=QUICK)
    assert accepted.returncode == 0, accepted.stderr
    assert "not comparable: the older release cannot be read" in accepted.stderr
    for arguments in (("diff",), ("diff", fresh.current.readlink().name, fresh.current.readlink().name)):
        said = egov(fresh, *arguments)
        assert said.returncode == 1
        assert "Traceback" not in said.stderr
    assert "there is no earlier release to go back to" in egov(fresh, "rollback").stderr, "an unreadable release does not count"
    assert egov(fresh, "rollback", damaged).returncode == 0, "a release that is asked for by name must be restored"


def test_what_was_broken_by_hand_heals(fresh: Project) -> None:
    shutil.rmtree(unsealed(fresh.current.resolve()))
    said = egov(fresh, "status")
    assert said.returncode == 11
    assert "leads nowhere" in said.stdout
    assert "no release is published yet" in egov(fresh, "sql", "select 1").stderr
    assert egov(fresh, "build", steps=quick(whole=True)).returncode == 0
    faults.assert_whole(fresh)
    mended = store.existing(fresh)
    fresh.current.unlink()
    fresh.current.mkdir()
    for _ in range(2):
        said = egov(fresh, "build", "--force", steps=QUICK)
        assert said.returncode == 1
        assert "current" in said.stderr
        assert "Traceback" not in said.stderr
    fresh.current.rmdir()
    assert egov(fresh, "build", "--force", steps=QUICK).returncode == 0
    assert store.existing(fresh)[1:] == mended, "a release that never became current must not be listed"


def test_killed_runs_are_written_down(fresh: Project) -> None:
    build = faults.start_build(fresh)
    wait_until_it_runs(fresh)
    os.killpg(build.pid, 9)
    build.wait()
    assert egov(fresh, "build", "--force", steps=QUICK).returncode == 0
    assert outcomes(fresh)[:2] == ["published", "killed"]


def test_waiting_for_another_build(fresh: Project) -> None:
    first = subprocess.Popen(
        command("takes_five_seconds", "build", "--force"), cwd=ROOT, env=environment(fresh), stderr=subprocess.DEVNULL
    )
    wait_until_it_runs(fresh)
    assert egov(fresh, "rollback").returncode == 3, "rollback must wait, because the running build would undo it"
    second = egov(fresh, "build", "--wait", "0.2")
    assert second.returncode == 3
    assert (
        "another build, import or `egov check --update-hashes` is running in this warehouse; waited 0.2 seconds"
        in second.stderr
    )
    third = egov(fresh, "build", "--wait", "120")
    assert third.returncode == 0
    assert "unchanged since" in third.stderr
    assert first.wait() == 0
    assert outcomes(fresh)[:3] == ["unchanged", "published", "busy"]


def test_a_clock_set_back_keeps_the_order(fresh: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    newest = store.existing(fresh)[0].release_id

    class Earlier(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) - timedelta(days=400)

    monkeypatch.setattr(store, "datetime", Earlier)
    release_id, _ = store.next_id(fresh, "f" * 64)
    assert release_id > newest


def ask_as_nobody(database: str, told: Connection) -> None:
    """Run in a separate process: become another user, read, and check for write access."""
    os.setgid(65534)
    os.setuid(65534)
    with connect.connect(Path(database)) as connection:
        answer = connection.execute("select count(*) from reports.rpt_claims").fetchone()
    told.send((answer, os.access(database, os.W_OK), os.access(Path(database).parent, os.W_OK)))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_reads_and_cannot_write(built: Project) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        shutil.copytree(built.warehouse, Path(folder) / "warehouse", symlinks=True)
        hears, tells = multiprocessing.Pipe(duplex=False)
        context = multiprocessing.get_context("fork")
        reader = context.Process(target=ask_as_nobody, args=(str(Path(folder) / "warehouse/current/egov.duckdb"), tells))
        reader.start()
        reader.join(30)
        assert reader.exitcode == 0
        with connect.connect(built.published_file) as release:
            claims = release.execute("select count(*) from reports.rpt_claims").fetchone()
        assert hears.recv() == (claims, False, False)


def test_no_room_for_the_release(fresh: Project) -> None:
    for size in (100, 15_000_000):
        done = faults.build_with_room_for(fresh, size)
        assert done.returncode == 1, size
        assert "Traceback" not in done.stderr
        assert "egov: " in done.stderr
        faults.assert_whole(fresh)


def test_a_database_that_was_not_closed_is_not_published(fresh: Project) -> None:
    """DuckDB leaves its log beside the file, without an error, if the disk is full when it closes the file."""
    before = fresh.current.readlink()
    done = egov(fresh, "build", "--force", steps=quick(lambda project: project.build_file.with_name("egov.duckdb.wal").touch()))
    assert done.returncode == 1
    assert "egov: the database was not closed cleanly: egov.duckdb.wal is left beside it" in done.stderr
    assert "Traceback" not in done.stderr
    assert fresh.current.readlink() == before


def test_a_warehouse_that_cannot_be_written(fresh: Project) -> None:
    done = egov_process(fresh, "folders_cannot_be_made", "build", "--force")
    assert done.returncode == 1
    assert "Permission denied" in done.stderr
    assert "Traceback" not in done.stderr
    faults.assert_whole(fresh)


def mark(project: Project, number: int) -> None:
    """Change two tables that have just been built, so that readers can detect a mix of two releases."""
    with duckdb.connect(str(project.build_file)) as connection:
        for table, key, column in (("rpt_claims", "claim_code", "statement"), ("rpt_discrepancies", "finding_code", "note")):
            connection.execute(
                f"update reports.{table} set {column} = concat({column}, ' #{number}') "
                f"where {key} = (select min({key}) from reports.{table})"
            )


def test_readers_through_rebuilds(fresh: Project) -> None:
    def publish(project: Project, number: int) -> None:
        done = egov(project, "build", "--force", "--keep", "2", steps=quick(lambda project: mark(project, number)))
        assert done.returncode == 0, done.stderr

    answers, wrong = faults.read_through_rebuilds(fresh, 5, readers=3, build=publish)
    assert wrong == []
    assert answers > 10
    with connect.connect(fresh.published_file) as connection:
        assert connection.execute(faults.MARKS).fetchall()[0][1:3] == ("5", "5")


def test_mutated_raw_files() -> None:
    chance = random.Random(7)
    judged = [faults.judge_mutant(chance) for _ in range(60)]
    assert judged.count("refused") > 20


def test_a_huge_file_is_refused_by_size(fresh: Project) -> None:
    with open(fresh.raw / "article/claims.csv", "r+b") as file:
        file.truncate(10 * 2**30)
    said = egov(fresh, "check")
    assert said.returncode == 2
    assert "article/claims.csv: the file has 10737418240 bytes" in said.stderr


def test_the_schedules_are_valid() -> None:
    with open(ROOT / "schedule/egov-build.cron", encoding="utf-8") as file:
        lines = [line for line in file if line.strip() and not line.startswith("#")]
    for line in lines:
        fields = line.split(maxsplit=6)
        assert next(CronSim(" ".join(fields[:5]), datetime.now(UTC)))
        assert fields[6].strip() == "/srv/egov-warehouse/.venv/bin/egov build --wait 600"
    workflows = map(str, sorted((ROOT / ".github/workflows").iterdir()))
    workflow = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows],
        capture_output=True, text=True,
    )  # fmt: skip
    assert workflow.returncode == 0, workflow.stdout + workflow.stderr
    for name in (
        "schedule/egov-build.cron",
        "schedule/egov-build.service",
        ".github/workflows/build.yml",
        "docs/scheduling.md",
    ):
        assert "egov build --wait 600" in (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")
def test_the_systemd_units_are_valid(tmp_path: Path) -> None:
    (tmp_path / "checkout").symlink_to(ROOT)  # a unit contains a literal path, but a checkout may be anywhere
    for name in ("egov-build.service", "egov-build.timer"):
        text = (ROOT / "schedule" / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(
            text.replace("/srv/egov-warehouse", str(tmp_path / "checkout")).replace("User=egov", "User=root"), encoding="utf-8"
        )
    for name in ("egov-build.service", "egov-build.timer"):
        said = subprocess.run(["systemd-analyze", "verify", str(tmp_path / name)], capture_output=True, text=True)
        complaints = [line for line in said.stderr.splitlines() if name in line]
        assert complaints == [], said.stderr


def test_run_lines_are_json(fresh: Project) -> None:
    egov(fresh, "build")
    for line in io.StringIO(fresh.runs_file.read_text(encoding="utf-8")):
        record = json.loads(line)
        assert record.keys() == {"run_id", "started_at", "outcome", "seconds", "steps", "products", "release_id", "error"}


def test_a_line_cut_short_takes_no_other_with_it(fresh: Project) -> None:
    whole = len(runs.history(fresh, 20))
    with open(fresh.runs_file, "ab") as file:
        file.write(b'{"run_id": "2026\xd0')
    egov(fresh, "build")
    assert len(runs.history(fresh, 20)) == whole + 1
    with open(fresh.runs_file, "ab") as file:
        file.write('{"run_id": "a cell\u2028of two lines"}\n'.encode())
    assert runs.history(fresh, 1) == [{"run_id": "a cell\u2028of two lines"}]


def test_a_run_that_is_stopped_is_written_down(fresh: Project) -> None:
    done = egov_process(fresh, "interrupted_at_the_start", "build")
    assert done.returncode == 130
    assert done.stderr == "egov: stopped by SIGINT; the current release stays as it is\n"
    assert outcomes(fresh)[0] == "interrupted"
    heard_by_nobody, said = os.pipe()  # in a shell pipeline, the same Ctrl-C also stops the reader of the pipe
    os.close(heard_by_nobody)
    subprocess.run(command("interrupted_at_the_start", "build"), cwd=ROOT, env=environment(fresh), stderr=said)
    os.close(said)
    assert outcomes(fresh)[:2] == ["interrupted", "interrupted"]
