"""Keep DuckDB, as Superset opens it, from its own files too: superset_config.py imports this module.

DuckDB that is read-only and has no external access still lets a query read its own file, and write that, its .wal and its
temporary folder where the account may. What forbids this, `disabled_filesystems`, can be set only once the database is open,
and no more once the configuration is locked, for which the bundle asks at opening. Here it is opened first, then both are set.
"""

from __future__ import annotations

import threading
from typing import Any

import duckdb_engine
from sqlalchemy import event

# Connections of one process to one file share its settings: one of them sets them, the others find them locked.
ONE_AT_A_TIME = threading.Lock()


@event.listens_for(duckdb_engine.Dialect, "do_connect")
def connect(dialect: Any, record: Any, arguments: list[Any], options: dict[str, Any]) -> Any:
    """Open a connection that is asked to be locked, with no file system left to it; leave every other to Superset (None).

    Raises the error of DuckDB, and gives no connection, where a setting is refused.
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
