"""Swap: put a loaded release in the place of the published one, at a moment when nobody reads it.

Renaming the schemas is not enough: PostgreSQL looks up each table name of a query separately, and again for each query of a
transaction, at every isolation level, so that a reader could see a mix of two releases. Therefore the swap first locks every
table of the old release. It gets these locks only when no transaction reads the tables. It gives up after a tenth of a second,
so that no reader waits longer than that behind it, and it does not try at all while a long query is running.
"""

from __future__ import annotations

import contextlib
import time

from psycopg import errors, sql

from pipelines.project import EgovError, Exit
from pipelines.targets.postgres.ddl import SCHEMAS, new, old, tables_in
from pipelines.targets.postgres.server import Server, value

# How long a reader may have to wait behind one attempt to swap, and how long readers go undisturbed between two attempts.
ATTEMPT, PAUSE = 0.1, 0.2


def swap(server: Server, published: list[str], wait: float) -> None:
    """Put the loaded schemas in the place of the published ones, at a moment when no transaction has any of their tables open.

    Raises EgovError when there was no such moment for `wait` seconds.
    """
    tables = tables_in(server, published)
    # a reader that waits for as long as deadlock_timeout looks for a deadlock, and would be the one to fail
    detected = value(server, "select setting::int from pg_settings where name = 'deadlock_timeout'")
    limit = min(int(ATTEMPT * 1000), detected // 2)
    deadline = time.monotonic() + wait
    while True:
        before = _transactions(server, published)
        time.sleep(PAUSE if before else 0)
        lasting = {name: pid for name, pid in _transactions(server, published).items() if name in before}
        if not lasting and _attempt(server, published, tables, limit):
            return
        if time.monotonic() > deadline:
            who = f" (server processes {', '.join(map(str, sorted(set(lasting.values()))))})" if lasting else ""
            raise EgovError(
                f"readers{who} kept the published release open for {wait:g} seconds, it could not be replaced without showing "
                "them a mix; they keep the release that they had. Run again, --wait waits longer",
                Exit.BUSY,
            )


def _attempt(server: Server, published: list[str], tables: list[sql.Composable], limit: int) -> bool:
    """Swap within `limit` milliseconds, or leave everything as it is. Returns whether it was done."""
    with contextlib.suppress(errors.QueryCanceled, errors.LockNotAvailable, errors.DeadlockDetected), server.transaction():
        if tables:
            server.execute(sql.SQL("set local statement_timeout = {}").format(limit))
            server.execute(sql.SQL("lock table {} in access exclusive mode").format(sql.SQL(", ").join(tables)))
            server.execute("set local statement_timeout = 0")
        # nor do readers wait for long behind one who keeps a schema locked
        server.execute(sql.SQL("set local lock_timeout = {}").format(limit))
        rename = sql.SQL("alter schema {} rename to {}")
        for schema in published:
            server.execute(rename.format(sql.Identifier(schema), sql.Identifier(old(schema))))
        for schema in SCHEMAS:
            server.execute(rename.format(sql.Identifier(new(schema)), sql.Identifier(schema)))
        return True
    return False


def _transactions(server: Server, schemas: list[str]) -> dict[str, int]:
    """The transactions of others that have a table of the schemas open, each with its server process."""
    return dict(
        server.execute(
            "select virtualtransaction, l.pid from pg_locks as l join pg_class as c on c.oid = l.relation "
            "join pg_namespace as n on n.oid = c.relnamespace join pg_database as d on d.oid = l.database "
            "where d.datname = current_database() and nspname = any(%s) and c.relkind = 'r' and l.pid <> pg_backend_pid()",
            [schemas],
        ).fetchall()
    )
