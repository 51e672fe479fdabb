"""Publish: load the current release into a PostgreSQL database, and replace the release published there.

A release is loaded into new schemas (`marts__new`) beside the published ones and checked. Then one short transaction renames
them to replace the published schemas. The old release stays as `marts__old` until the next publish drops it.
"""

from __future__ import annotations

import logging

import duckdb
import psycopg
from psycopg import sql
from rich.console import Console

from pipelines.project import EgovError, Exit, Project
from pipelines.releases import connect, store
from pipelines.releases.catalog import read_tables
from pipelines.releases.runs import shown
from pipelines.targets.postgres.ddl import FEED, SCHEMAS, add_constraints, clear, create, held_releases, new
from pipelines.targets.postgres.rows import check, copy
from pipelines.targets.postgres.server import (
    Server,
    connect_to,
    explain,
    grant,
    make_role,
    require_name,
    require_reader,
    set_up,
    value,
)
from pipelines.targets.postgres.swap import swap

# The advisory lock that keeps two publishers of one database apart: the letters "egov".
LOCK = 0x65676F76


def publish(project: Project, dsn: str, role: str, console: Console, *, wait: float) -> None:
    """Publish the current release to the database that `dsn` names, readable by `role`.

    Nothing is loaded if the database already holds that release. `wait` is how many seconds to wait for open transactions of
    readers before the swap. Raises EgovError if a step fails: readers keep the release that they had. Exit code 2: the DSN or
    the name of the role is refused; 3: another publish is running, or readers never closed their transactions.
    """
    require_name(role)
    current = store.require_current(project)
    logging.getLogger("psycopg").addHandler(logging.NullHandler())  # the raised error says everything that it would log
    with connect.connect(current.database) as release, connect_to(dsn) as server:
        try:
            _publish(release, current, server, role, console, wait)
        except psycopg.Error as error:
            raise EgovError(f"{explain(server, error)}; readers keep the release that they had") from None
        except duckdb.Error as error:
            raise EgovError(f"the release cannot be read: {error}; readers keep the release that they had") from None


def _publish(
    release: duckdb.DuckDBPyConnection, current: store.Release, server: Server, role: str, console: Console, wait: float
) -> None:
    release_id = current.release_id
    set_up(server)
    if not value(server, "select pg_try_advisory_lock(%s)", LOCK):
        raise EgovError("another publish to this database is running", Exit.BUSY)
    require_reader(server, role)
    held = held_releases(server)
    if all(held.get(schema) == release_id for schema in SCHEMAS):
        with server.transaction():
            make_role(server, role)
            taken = grant(server, [*SCHEMAS, *([FEED] if FEED in held else [])], role, keep_readers=True)
        if taken:
            console.print(f"took back  rights beyond reading, and rights of PUBLIC, from: {taken}")
        console.print(f"the database already holds release {release_id}")
        return
    if newer := max((held[schema] for schema in SCHEMAS if held.get(schema, "") > release_id), default=None):
        console.print(f"older      release {release_id} replaces the newer {newer}, because it is the current release here")
    tables = read_tables(release, SCHEMAS)
    with shown(console, "clear"):
        clear(server, held)
    with server.transaction():
        loads = create(server, tables, release_id, str(current.summary.get("models_fingerprint")), role)
        with shown(console, "copy") as progress:
            copy(release, server, loads, progress)
        with shown(console, "keys"):
            add_constraints(server, tables, foreign=False)
        with shown(console, "references"):
            add_constraints(server, tables, foreign=True)
        with shown(console, "analyze"):
            server.execute(sql.SQL("analyze {}").format(sql.SQL(", ").join(load.place for load in loads)))
        with shown(console, "check"):
            check(release, server, loads)
        shared = [FEED] if any(table.parts for table in tables) else []
        grant(server, [*map(new, SCHEMAS), *shared], role, keep_readers=False)
    with shown(console, "swap"):
        try:
            swap(server, [schema for schema in SCHEMAS if schema in held], wait)
        except psycopg.OperationalError as error:
            if not server.closed:
                raise
            # the connection was lost before the server confirmed the swap
            lost = "readers have either the release that they had or the new one, complete in both cases: run again"
            raise EgovError(f"{explain(server, error)}; {lost}") from None
    console.print(f"release    {release_id}")
    console.print(f"readable   by role {role}")
