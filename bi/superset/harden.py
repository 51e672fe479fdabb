"""Keep queries in Superset away from DuckDB's own files. superset_config.py imports this module.

Even when DuckDB is read-only and has no external access, a query can still read the database file. If the account has the
permission, it can also write to that file, to its .wal and to its temporary folder. The setting that forbids this,
`disabled_filesystems`, can be set only after the database is open and before the configuration is locked. The bundle asks for
the lock on opening. This module therefore opens the database without the lock, and then makes both settings.
"""

from __future__ import annotations

import threading
from typing import Any

import duckdb_engine
from sqlalchemy import event

# All connections from one process to one file share their settings: the first one makes them, the others find them locked.
ONE_AT_A_TIME = threading.Lock()


@event.listens_for(duckdb_engine.Dialect, "do_connect")
def connect(dialect: Any, record: Any, arguments: list[Any], options: dict[str, Any]) -> Any:
    """Open a connection that should be locked, and disable its file system. Return None for all others: Superset opens those.

    If DuckDB refuses a setting, its error is raised and no connection is returned.
    """
    config = dict(options.get("config", {}))
    if str(config.pop("lock_configuration", "")).lower() != "true":
        return None
    with ONE_AT_A_TIME:
        connection = dialect.connect(*arguments, **options | {"config": config})
        if not connection.execute("select current_setting('lock_configuration')").fetchone()[0]:
            connection.execute("set disabled_filesystems = 'LocalFileSystem'")
            connection.execute("set lock_configuration = true")
    return connection
