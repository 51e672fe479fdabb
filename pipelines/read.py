"""Read: the hardened way into the published database."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.project import EgovError

# Read-only alone still lets a query read and write other files: the rest of the recipe forbids that for good.
HARDENED = {"access_mode": "read_only", "enable_external_access": "false", "lock_configuration": "true"}


def connect(database: Path) -> duckdb.DuckDBPyConnection:
    """A connection to a published database that can neither change it nor touch any other file.

    Raises EgovError when there is no such file or it is not a database.
    """
    if not database.is_file():
        raise EgovError(f"{database} does not exist: no release is published yet; `egov build` publishes one")
    try:
        return duckdb.connect(str(database), config=dict(HARDENED))
    except duckdb.Error as error:
        raise EgovError(
            f"{database} cannot be opened: {error}; `egov rollback` goes back to an earlier release, "
            "`egov build --force --accept` publishes a new one"
        ) from None
