"""Carry: what the next release takes over from the current one, so that a new month of the feed does not cost the history.

The tables of the feed hold their rows by file, so those of a file that is still in the feed stay valid while the models do. If
nothing but the feed has changed, every other table stays valid too.
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass

import duckdb

from pipelines.feed import register
from pipelines.feed.register import FEED_FACT
from pipelines.project import EgovError, Project
from pipelines.releases.catalog import PUBLIC_SCHEMAS
from pipelines.releases.draft import Draft
from pipelines.releases.inputs import base_fingerprint, hash_of, models_fingerprint
from pipelines.releases.store import Release


@dataclass(frozen=True)
class Carried:
    """The release whose tables are taken over: those of the feed, or, if `everything`, all of them."""

    release: Release
    everything: bool


def plan(project: Project, before: Release | None) -> Carried | None:
    """What the next release can take over from the release `before`; None if nothing, or if there is no feed."""
    with contextlib.suppress(EgovError):
        if before is None or not before.summary["facts"].get(FEED_FACT) or not register.active(project):
            return None
        if before.summary.get("models_fingerprint") == models_fingerprint(project):
            return Carried(before, before.summary.get("base_fingerprint") == base_fingerprint(project))
    return None


def carry(carried: Carried, draft: Draft) -> bool:
    """Copy the database of a release into a draft, and drop from it what is not carried.

    Returns False, and leaves the draft empty, if the database is not as it was published.
    """
    shutil.copyfile(carried.release.database, draft.database)
    if hash_of(draft.database) != carried.release.summary.get("files", {}).get(draft.database.name):
        draft.database.unlink()
        return False
    if not carried.everything:
        with duckdb.connect(str(draft.database)) as connection:
            _drop_all_but_large(connection)
    return True


def _drop_all_but_large(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop every table that has a key: the large tables of the feed are those without."""
    for (schema,) in connection.execute(
        "select schema_name from duckdb_schemas() where database_name = current_database() and not internal "
        "and not list_contains(?, schema_name) and schema_name <> 'main'",
        [list(PUBLIC_SCHEMAS)],
    ).fetchall():
        connection.execute(f'drop schema "{schema}" cascade')
    left = connection.execute(
        "select schema_name, table_name from duckdb_tables() as t where has_primary_key and database_name = current_database()"
    ).fetchall()
    while left:  # a table that another one refers to can only be dropped after it
        held = []
        for schema, table in left:
            try:
                connection.execute(f"drop table {schema}.{table}")
            except duckdb.CatalogException:
                held.append((schema, table))
        if len(held) == len(left):
            raise EgovError(f"the tables of the release refer to each other in a circle: {held}")
        left = held
