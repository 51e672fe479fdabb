"""The pipeline keeps its promises: a rebuild disturbs no reader, and a failed or killed build changes nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import duckdb
import pytest
from babel.dates import format_datetime
from filelock import FileLock

from pipelines.build import Steps
from pipelines.intake import check
from pipelines.project import Project
from pipelines.releases import connect, meta, runs, store
from tests.helpers import QUICK, egov, egov_process


def contents(project: Project) -> dict[str, list[tuple[object, ...]]]:
    """Every table of the release with its rows sorted, without the values that differ between builds."""
    with connect.connect(project.published_file) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where table_name <> 'build_info' order by all"
        ).fetchall()
        return {
            f"{schema}.{table}": connection.execute(f'select * from "{schema}"."{table}" order by all').fetchall()
            for schema, table in tables
        }


def products(project: Project) -> dict[str, bytes]:
    """Every file of the release except the database and its summary, with the id and time of the release removed."""
    summary = json.loads((project.current / "release.json").read_text(encoding="utf-8"))
    built_at = datetime.fromisoformat(summary["built_at"])
    of_this_release = [summary["release_id"], summary["built_at"]]
    of_this_release += [
        format_datetime(built_at, format="long", locale=language, tzinfo=UTC) for language in ("en", "ru", "kk")
    ]
    # the workbook holds the time as a number and in its properties, and the catalogue holds the sizes and hashes of such files
    serial = (built_at.replace(tzinfo=None) - datetime(1899, 12, 30)) / timedelta(days=1)
    of_this_release += [f"{serial:.16G}", f"{built_at:%Y-%m-%dT%H:%M:%SZ}"]
    files = [file for file in project.current.resolve().rglob("*") if file.is_file()]
    of_this_release += [sha256(file.read_bytes()).hexdigest() for file in files]
    of_this_release.append(str((project.current / "egov.xlsx").stat().st_size))
    found = {}
    for file in files:
        if file.name not in ("egov.duckdb", "release.json"):
            content = file.read_bytes()
            if file.suffix == ".xlsx":  # the names of a release are in its parts, which are compressed
                with zipfile.ZipFile(file) as parts:
                    content = b"".join(part.encode() + parts.read(part) for part in parts.namelist())
            for words in of_this_release:
                content = content.replace(words.encode(), b"")
            found[file.relative_to(project.current.resolve()).as_posix()] = content
    return found


def assert_whole(project: Project, release_id: str) -> None:
    """Check that `current` points to that release and that it answers queries."""
    assert project.current.readlink().name == release_id
    with connect.connect(project.published_file) as connection:
        assert connection.execute("select release_id from meta.build_info").fetchall() == [(release_id,)]


def test_two_builds_of_the_same_raw_are_equal(built: Project, fresh: Project) -> None:
    done = egov(fresh, "build", "--force", steps=Steps())
    assert done.returncode == 0, done.stderr
    assert fresh.current.readlink() != built.current.readlink()
    manifest = json.loads((fresh.target / "manifest.json").read_text(encoding="utf-8"))
    first, second = (store.require_current(project).summary["tests_passed"] for project in (built, fresh))
    assert first - second == len(manifest["unit_tests"]) > 30, "unit tests run only if the models have changed"
    assert contents(fresh) == contents(built)
    ours, theirs = products(fresh), products(built)
    assert len(ours) > 80
    assert [name for name in ours | theirs if ours.get(name) != theirs.get(name)] == [], "not the same bytes"
    assert done.stdout == ""
    for words in (
        "validate",
        "load",
        "transform",
        "products",
        "publish",
        "release",
        "facts",
        "passed, 0 warned",
        "nothing changed",
    ):
        assert words in done.stderr
    assert list(fresh.build.iterdir()) == []


def test_any_text_can_describe_a_column(tmp_path: Path) -> None:
    column = {"name": "id", "description": "It's a name; really", "config": {"meta": {"unit": "days"}}}
    model = {"resource_type": "model", "schema": "marts", "name": "t", "description": '"t"', "columns": {"id": column}}
    model |= {"compiled_code": "select 1 as id", "tags": [], "config": {}}
    (tmp_path / "manifest.json").write_text(json.dumps({"nodes": {"model.egov.t": model}}), encoding="utf-8")
    with duckdb.connect(str(tmp_path / "built.duckdb")) as connection:
        connection.execute("create schema marts; create table marts.t (id integer); create schema stray; create schema raw")
        connection.execute("create table raw.datapackage_resources (resource_name varchar, source_code varchar)")
    meta.describe(tmp_path / "built.duckdb", tmp_path / "manifest.json")
    with duckdb.connect(str(tmp_path / "built.duckdb"), read_only=True) as connection:
        said = connection.execute("from meta.dictionary").fetchall()
        schemas = connection.execute("select schema_name from duckdb_schemas() where not internal order by 1").fetchall()
    assert said == [("marts", "t", "id", "INTEGER", "days", "It's a name; really")]
    assert schemas == [("marts",), ("meta",), ("raw",)]


def test_a_failing_data_test_publishes_nothing(fresh: Project) -> None:
    before = fresh.current.readlink().name
    path = fresh.raw / "article/table_1.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("0,8375", "0,8376"), encoding="utf-8")
    check.update_hashes(fresh)
    done = egov(fresh, "build")
    assert done.returncode == 1
    assert "nothing is published" in done.stderr
    assert "table_1_egdi_is_the_mean_of_its_parts" in done.stderr
    assert "test rules_of_rpt_article_table_1: 1 row" in done.stderr
    assert "0.8376" in done.stderr, "the failing row must be shown"
    assert "Traceback" not in done.stderr
    assert_whole(fresh, before)
    said = egov(fresh, "status")
    assert said.returncode == 11
    assert "changed since" in said.stdout
    assert "state      failed" in said.stdout
    last = runs.history(fresh, 1)[0]
    assert last["outcome"] == "failed"
    assert "table_1_egdi_is_the_mean_of_its_parts" in last["error"]
    assert set(last["steps"]) == {"validate", "load", "transform", "products", "compare"}
    assert "table_1_egdi_is_the_mean_of_its_parts" in (fresh.logs / f"{last['run_id']}.log").read_text(encoding="utf-8")


def test_a_failing_unit_test_publishes_nothing(fresh: Project) -> None:
    before = fresh.current.readlink().name
    path = fresh.root / "models/staging/article/stg_article__table_1.yml"
    text = path.read_text(encoding="utf-8")
    assert "egdi_rank: 7, country_name: Utopia" in text
    path.write_text(text.replace("egdi_rank: 7, country_name: Utopia", "egdi_rank: 8, country_name: Utopia"), encoding="utf-8")
    done = egov(fresh, "build")
    assert done.returncode == 1
    assert "unit_test decimals_with_a_comma of stg_article__table_1" in done.stderr
    assert "Traceback" not in done.stderr
    assert_whole(fresh, before)
    recorded = fresh.runs_file.read_text(encoding="utf-8")
    assert "decimals_with_a_comma" in recorded
    assert "\\u001b" not in recorded, "dbt's colour codes"
    assert "\x1b" not in recorded + done.stderr


def test_a_broken_model_publishes_nothing(fresh: Project) -> None:
    before = fresh.current.readlink().name
    (fresh.root / "models/marts/dim_levels.sql").write_text("select nothing from nowhere\n", encoding="utf-8")
    done = egov(fresh, "build")
    assert done.returncode == 1
    assert "dim_levels" in done.stderr
    assert "Traceback" not in done.stderr
    assert_whole(fresh, before)


def test_models_that_cannot_be_parsed_publish_nothing(fresh: Project) -> None:
    before = fresh.current.readlink().name
    (fresh.root / "models/marts/dim_levels.sql").write_text("select {{ nothing( }}\n", encoding="utf-8")
    done = egov(fresh, "build")
    assert done.returncode == 1
    assert "dim_levels" in done.stderr
    assert "Traceback" not in done.stderr
    assert_whole(fresh, before)


@pytest.mark.parametrize("seconds", [0.5, 4.0])
def test_killed_while_building(fresh: Project, seconds: float) -> None:
    before = fresh.current.readlink().name
    build = subprocess.Popen(
        [sys.executable, "-m", "pipelines", "build", "--force"],
        env={**os.environ, "EGOV_PROJECT_DIR": str(fresh.root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(seconds)
    os.killpg(build.pid, signal.SIGKILL)
    build.wait()
    assert_whole(fresh, before)


def test_killed_while_publishing_then_built_again(fresh: Project) -> None:
    before = fresh.current.readlink().name
    claims = fresh.raw / "article/claims.csv"
    claims.write_text(claims.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    killed = egov_process(fresh, "killed_before_the_link_moves", "build")
    assert killed.returncode == -signal.SIGKILL
    assert_whole(fresh, before)
    done = egov(fresh, "build", steps=QUICK)
    assert done.returncode == 0, done.stderr
    assert fresh.current.readlink().name != before, "a release that was never published must not block the next build"


def test_a_reader_keeps_its_release_through_a_rebuild(fresh: Project) -> None:
    before = fresh.current.readlink().name
    query = "select release_id from meta.build_info"
    with connect.connect(fresh.published_file) as old:
        assert old.execute(query).fetchall() == [(before,)]
        done = egov(fresh, "build", "--force", steps=QUICK)
        assert done.returncode == 0, done.stderr
        assert old.execute(query).fetchall() == [(before,)]
        with connect.connect(fresh.published_file) as new:
            assert new.execute(query).fetchall() == [(fresh.current.readlink().name,)]
        assert old.execute(query).fetchall() == [(before,)]


def test_only_one_builds(fresh: Project) -> None:
    with FileLock(fresh.warehouse / "build.lock"):
        done = egov(fresh, "build", "--force")
    assert done.returncode == 3
    assert "another build, import or `egov check --update-hashes` is running" in done.stderr


def test_a_release_folder(built: Project) -> None:
    assert built.current.is_symlink()
    assert built.current.readlink().parts[0] == "releases", "the link must be relative, so that the folder can be moved"
    assert sorted(path.name for path in built.current.iterdir()) == sorted(
        [
            "codebook.csv",
            "codebook.html",
            "csv",
            "datapackage.json",
            "dcat.jsonld",
            "docs",
            "egov.duckdb",
            "egov.xlsx",
            "parquet",
            "release.json",
            "report",
            "sdmx",
        ]
    )
    for path in [built.current.resolve(), *built.current.resolve().rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o555 if path.is_dir() else 0o444), path
