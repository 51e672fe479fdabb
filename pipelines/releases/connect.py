"""Connect: the hardened connection to a published database."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import duckdb

from pipelines.project import EgovError, Exit

# A read-only connection can still read and write other files. Even with these settings, a query can write to the path of the
# database itself, to its log and to its temporary folder: it could put a forged log there for the next reader to replay.
HARDENED = {"access_mode": "read_only", "enable_external_access": "false", "temp_directory": ""}
# So the connection also loses the file system permanently: it keeps the file that it has open, opens no other file, and spills
# nothing to disk.
LOCK = "set disabled_filesystems = 'LocalFileSystem'; set lock_configuration = true"

# The variable that limits the memory of each database engine of a build.
MEMORY_LIMIT = "EGOV_MEMORY_LIMIT"


def connect(database: Path) -> duckdb.DuckDBPyConnection:
    """A connection to a published database that can neither change it nor touch any other file.

    Raises EgovError if the file does not exist, is not a database, or has a log beside it.
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


def limits(spill: Path) -> dict[str, Any]:
    """The settings of a connection that builds: EGOV_MEMORY_LIMIT, if it is set, and the folder for what memory cannot hold.

    Raises EgovError as `memory` does.
    """
    return {"temp_directory": str(spill), **memory()}


def memory() -> dict[str, Any]:
    """The setting for EGOV_MEMORY_LIMIT; empty if it is not set.

    Raises EgovError, exit code 2, if EGOV_MEMORY_LIMIT is not a size.
    """
    limit = os.environ.get(MEMORY_LIMIT, "")
    if limit and not re.fullmatch(r"[1-9][0-9]{0,5}(\.[0-9]+)? ?(MB|MiB|GB|GiB)", limit):
        raise EgovError(f"{MEMORY_LIMIT} is {limit!r}; expected a size such as 4GB or 512MiB", Exit.REFUSED)
    return {"memory_limit": limit} if limit else {}


def lock(connection: duckdb.DuckDBPyConnection) -> None:
    """Take the file system away from a connection that has already opened its files.

    Connections of one process to one file share their settings. If another connection has locked them, nothing is left to do.
    """
    try:
        connection.execute(LOCK)
    except duckdb.InvalidInputException:
        try:  # DuckDB does not show the value of this setting, so its effect is tested
            connection.execute("from read_blob('')")
        except duckdb.PermissionException as refused:
            if "LocalFileSystem" in str(refused):
                return
        raise


def refuse_log(database: Path) -> None:
    """Raise EgovError if there is a write-ahead log beside a published database: a release is published without one.

    DuckDB would replay the log into the figures, no matter who wrote it.
    """
    for log in database.resolve().parent.glob("*.wal*"):
        raise EgovError(
            f"{log} was not published with the release: DuckDB would replay it into the figures. "
            "Remove it, and run `egov verify` to see what else has changed"
        )
