"""Swap: replace the published release with a loaded one, at a moment when nobody is reading it.

Renaming the schemas is not enough. At every isolation level, PostgreSQL looks up each table name of a query separately, and
again for each query of a transaction, so a reader could see a mix of two releases. The swap therefore locks every table of the
old release first, which succeeds only when no transaction is reading the tables. It gives up after a tenth of a second, so that
no reader waits behind it for longer than that, and it does not try at all while a long query is running.
"""

from __future__ import annotations

import contextlib
import time

from psycopg import errors, sql

from pipelines.project import EgovError, Exit
from pipelines.targets.postgres.ddl import FEED, KINDS, SCHEMAS, new, old, relations_in
from pipelines.targets.postgres.server import Server, value

# The longest time in seconds that readers wait behind one attempt to swap, and the pause between two attempts.
ATTEMPT, PAUSE = 0.1, 0.2


def swap(server: Server, published: list[str], wait: float) -> None:
    """Replace the published schemas with the loaded ones, at a moment when no transaction has any of their tables open.

    Raises EgovError (exit code 3) if there was no such moment for `wait` seconds.
    """
    tables = relations_in(server, published)
    # after waiting for deadlock_timeout, a reader checks for a deadlock, and it would be the reader's query that fails
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
                f"readers{who} kept the published release open for {wait:g} seconds, so it could not be replaced without "
                "showing them a mix of two releases; they keep the release that they had. Run again; --wait sets a longer wait",
                Exit.BUSY,
            )


def _attempt(server: Server, published: list[str], tables: list[sql.Composable], limit: int) -> bool:
    """Swap within `limit` milliseconds, or leave everything as it is. Returns whether the swap was made."""
    with contextlib.suppress(errors.QueryCanceled, errors.LockNotAvailable, errors.DeadlockDetected), server.transaction():
        if tables:
            server.execute(sql.SQL("set local statement_timeout = {}").format(limit))
            server.execute(sql.SQL("lock table {} in access exclusive mode").format(sql.SQL(", ").join(tables)))
            server.execute("set local statement_timeout = 0")
        # the renames must not wait long for a lock on a schema either, because readers would wait behind them
        server.execute(sql.SQL("set local lock_timeout = {}").format(limit))
        rename = sql.SQL("alter schema {} rename to {}")
        for schema in published:
            server.execute(rename.format(sql.Identifier(schema), sql.Identifier(old(schema))))
        for schema in SCHEMAS:
            server.execute(rename.format(sql.Identifier(new(schema)), sql.Identifier(schema)))
        return True
    return False


def _transactions(server: Server, schemas: list[str]) -> dict[str, int]:
    """Transactions of other sessions that have a table or view of the schemas open, or a month of the feed.

    Each has the id of its server process.
    """
    return dict(
        server.execute(
            "select virtualtransaction, l.pid from pg_locks as l join pg_class as c on c.oid = l.relation "
            "join pg_namespace as n on n.oid = c.relnamespace join pg_database as d on d.oid = l.database "
            "where d.datname = current_database() and nspname = any(%s) and c.relkind::text = any(%s) "
            "and l.pid <> pg_backend_pid()",
            [[*schemas, FEED], KINDS],
        ).fetchall()
    )
