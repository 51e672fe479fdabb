"""Read: the hardened way into the published database."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.project import EgovError

# Read-only alone still lets a query read and write other files. What these settings leave open is the database's own path,
# its log beside it and its folder for spilling: a query could lay a forged log there, which the next reader replays.
HARDENED = {"access_mode": "read_only", "enable_external_access": "false", "temp_directory": ""}
# So the open database then loses the file system itself, and with it the way to open any other file, for good. What it has
# open it goes on reading; it spills nothing to disk.
LOCK = "set disabled_filesystems = 'LocalFileSystem'; set lock_configuration = true"


def connect(database: Path) -> duckdb.DuckDBPyConnection:
    """A connection to a published database that can neither change it nor touch any other file.

    Raises EgovError when there is no such file, it is not a database, or a log stands beside it.
    """
    if not database.is_file():
        raise EgovError(f"{database} does not exist: no release is published yet; `egov build` publishes one")
    refuse_log(database)
    try:
        connection = duckdb.connect(str(database), config=dict(HARDENED))
        lock(connection)
    except duckdb.Error as error:
        raise EgovError(
            f"{database} cannot be opened: {error}; `egov rollback` goes back to an earlier release, "
            "`egov build --force --accept` publishes a new one"
        ) from None
    return connection


def lock(connection: duckdb.DuckDBPyConnection) -> None:
    """Take the file system from a connection that has open what it needs.

    Connections of one process to one file share their settings: where another has locked them, there is nothing left to do.
    """
    try:
        connection.execute(LOCK)
    except duckdb.InvalidInputException:
        try:  # DuckDB does not show the setting: what it does is asked
            connection.execute("from read_blob('')")
        except duckdb.PermissionException as refused:
            if "LocalFileSystem" in str(refused):
                return
        raise


def refuse_log(database: Path) -> None:
    """Raise EgovError where a write-ahead log stands beside a published database: it was closed without one.

    DuckDB would replay the log into what is read, whoever wrote it.
    """
    for log in database.resolve().parent.glob("*.wal*"):
        raise EgovError(
            f"{log} was not published with the release: DuckDB would replay it into the figures. "
            "Remove it, and see with `egov verify` what else has changed"
        )
