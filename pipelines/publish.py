"""Publish: a tested build becomes a release, and `current` moves to it in one step.

A release is a folder of its own, complete and closed before the link names it. What happens before the link moves
changes nothing that a reader can see; what is done after it, clearing up, takes nothing from the release.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from pipelines import releases, signals
from pipelines.products.contract import PUBLIC_SCHEMAS
from pipelines.project import EgovError, Project, child_environment
from pipelines.runs import MARKER
from pipelines.transform import TransformResult

# What the published file holds beside the public schemas.
KEPT_SCHEMAS = (*PUBLIC_SCHEMAS, "raw", "meta")
# The file that holds, while a release is published, its id.
UNDER_WAY = "publishing"
# The oldest storage format that the DuckDB drivers inside BI tools still read.
STORAGE_VERSION = "v1.4.0"

# What the columns of schema meta mean; those of the models are described beside them.
META_COLUMNS = {
    "build_info.release_id": "Id of the release: the UTC time of its build and the start of raw_sha256",
    "build_info.built_at": "When the release was built",
    "build_info.git_commit": "Commit of the checkout, with -dirty where files differ from it; null outside a git checkout",
    "build_info.raw_sha256": "SHA-256 of raw/datapackage.json, which holds the SHA-256 of every raw file",
    "build_info.duckdb_version": "Version of DuckDB that wrote the release",
    "build_info.dbt_version": "Version of dbt that built it",
    "build_info.tests_passed": "Tests on the built tables that passed",
    "build_info.tests_warned": "Tests on the built tables that warned",
    "build_info.fingerprint": "SHA-256 of everything that the release was made from",
    "dictionary.table_schema": "Schema of the table",
    "dictionary.table_name": "Table",
    "dictionary.column_name": "Column",
    "dictionary.data_type": "Type, as DuckDB writes it",
    "dictionary.unit": "Unit of the figures; null where the column has none",
    "dictionary.description": "What the column means",
}

FACTS = """
    select table_name, estimated_size from duckdb_tables()
    where schema_name = 'marts' and table_name like 'fct%' order by 1
"""
VERDICTS = "select verdict, count(*) from reports.rpt_claims group by 1 order by 2 desc, 1"


def raw_hash(project: Project) -> str:
    """SHA-256 over the package description, which itself holds the SHA-256 of every raw file. Hexadecimal."""
    return hashlib.sha256(project.package_file.read_bytes()).hexdigest()


@dataclass(frozen=True)
class Draft:
    """A release in the making: its folder, which nobody sees yet, its id and time, and what release.json will say of it."""

    folder: Path
    release_id: str
    built_at: datetime
    summary: releases.Summary


def prepare(project: Project, result: TransformResult, fingerprint: str) -> Draft:
    """Copy the build file into the folder of a release to come.

    `fingerprint` is that of the inputs, see releases.fingerprint. Raises EgovError when the copy does not hold what the
    build holds.
    """
    raw_sha256 = raw_hash(project)
    release_id, built_at = releases.next_id(project, raw_sha256)
    _describe_build(project, release_id, built_at, fingerprint, result)
    folder = project.build / release_id
    folder.mkdir()
    database = folder / "egov.duckdb"
    _copy_compact(project.build_file, database)
    with duckdb.connect(str(database), read_only=True) as connection:
        summary = {
            "release_id": release_id,
            "built_at": built_at.isoformat(timespec="seconds"),
            "fingerprint": fingerprint,
            "raw_sha256": raw_sha256,
            "facts": dict(connection.execute(FACTS).fetchall()),
            "tests_passed": result.tests_passed,
            "tests_warned": result.tests_warned,
            "claims": dict(connection.execute(VERDICTS).fetchall()),
        }
    return Draft(folder, release_id, built_at, summary)


def publish(project: Project, draft: Draft) -> None:
    """Close the folder of a release, database and products, and move `current` to it.

    release.json gets the SHA-256 of every other file: what `egov verify` holds the release against.
    """
    files = releases.file_hashes(draft.folder)
    size = sum((draft.folder / name).stat().st_size for name in files)
    summary = draft.summary | {"bytes": size, "files": files}
    (draft.folder / "release.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    _seal(draft.folder)
    project.releases.mkdir(exist_ok=True)
    for shared in (project.warehouse, project.releases):
        shared.chmod(0o755)
    (project.build / UNDER_WAY).write_text(draft.release_id, encoding="utf-8")
    with signals.held():
        published = project.releases / draft.release_id
        os.rename(draft.folder, published)
        published.chmod(0o555)  # only now: a folder that its owner may not write cannot be moved
        releases.sync(published)
        releases.sync(project.releases)
        releases.move_current(project, draft.release_id)


def clear_build(project: Project) -> None:
    """An empty build folder, but for the marker of a run: whatever a killed build left goes.

    A folder among the releases that never became current goes too.
    """
    project.build.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        unnamed = (project.build / UNDER_WAY).read_text(encoding="utf-8")
        named = {releases.current_id(project), *releases.rolled_back(project)}
        if unnamed in set(releases.existing(project)) - named:
            releases.remove(project, project.releases / unnamed)
    for left in project.build.iterdir():
        if left.is_dir() and not left.is_symlink():
            releases.remove(project, left)
        elif left.name != MARKER:
            left.unlink()


def _describe_build(project: Project, release_id: str, built_at: datetime, fingerprint: str, result: TransformResult) -> None:
    """Fill schema meta: what this release was made from, and the dictionary of its public columns."""
    manifest = json.loads((project.root / "target" / "manifest.json").read_text(encoding="utf-8"))
    units = [
        (
            node["schema"],
            node["name"],
            column["name"],
            column.get("meta", {}).get("unit") or column.get("config", {}).get("meta", {}).get("unit"),
        )
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] in PUBLIC_SCHEMAS
        for column in node["columns"].values()
    ]
    with duckdb.connect(str(project.build_file)) as connection:
        connection.execute("create schema meta")
        connection.execute(
            """create table meta.build_info (
                release_id varchar primary key, built_at timestamp with time zone not null, git_commit varchar,
                raw_sha256 varchar not null, duckdb_version varchar not null, dbt_version varchar not null,
                tests_passed integer not null, tests_warned integer not null, fingerprint varchar not null)"""
        )
        connection.execute(
            "insert into meta.build_info values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                release_id,
                built_at,
                _git_commit(project),
                raw_hash(project),
                duckdb.__version__,
                version("dbt-core"),
                result.tests_passed,
                result.tests_warned,
                fingerprint,
            ],
        )
        connection.execute(
            "create temp table units (table_schema varchar, table_name varchar, column_name varchar, unit varchar)"
        )
        connection.executemany("insert into units values (?, ?, ?, ?)", units)
        connection.execute(
            """create table meta.dictionary (
                table_schema varchar, table_name varchar, column_name varchar, data_type varchar not null, unit varchar,
                description varchar not null, primary key (table_schema, table_name, column_name))"""
        )
        connection.execute(
            """insert into meta.dictionary
            select c.schema_name, c.table_name, c.column_name, c.data_type, u.unit, c.comment
            from duckdb_columns() as c
            left join units as u
                on u.table_schema = c.schema_name and u.table_name = c.table_name and u.column_name = c.column_name
            where c.database_name = current_database() and list_contains(?, c.schema_name)
            order by c.schema_name, c.table_name, c.column_index""",
            [list(PUBLIC_SCHEMAS)],
        )
        connection.execute(
            "comment on table meta.build_info is "
            "'What this release was built from, with which versions, and how its tests ended'"
        )
        connection.execute("comment on table meta.dictionary is 'Every public column with its type, unit and meaning'")
        for column, meaning in META_COLUMNS.items():
            connection.execute(f"comment on column meta.{column} is '{meaning}'")
        for (schema,) in connection.execute(
            "select schema_name from duckdb_schemas() where database_name = current_database() and not internal"
        ).fetchall():
            if schema not in KEPT_SCHEMAS:
                connection.execute(f'drop schema "{schema}" cascade')


def _copy_compact(source: Path, target: Path) -> None:
    """Copy a database into a fresh file in the older storage format, then open the copy and count.

    The smallest block that DuckDB has makes a file of many small tables and keys a third of its usual size.
    """
    with duckdb.connect() as connection:
        connection.execute("attach ? as build (read_only)", [str(source)])
        options = f"storage_version '{STORAGE_VERSION}', block_size 16384"
        connection.execute(f"attach ? as release ({options})", [str(target)])
        connection.execute("copy from database build to release")
        connection.execute("checkpoint release")
    if leftovers := [path.name for path in target.parent.iterdir() if path != target]:
        raise EgovError(f"the release file was not closed cleanly, beside it stands {leftovers}; nothing is published")
    counts = []
    for path in (source, target):
        with duckdb.connect(str(path), read_only=True) as connection:
            counts.append(_row_counts(connection))
    if counts[0] != counts[1]:
        raise EgovError("the copy of the release does not hold the rows that were built; nothing is published")


def _row_counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """The exact number of rows of each table, keyed by `schema.table`."""
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = current_database() order by all"
    ).fetchall()
    counts = {}
    for schema, table in tables:
        row = connection.execute(f'select count(*) from "{schema}"."{table}"').fetchone()
        assert row
        counts[f"{schema}.{table}"] = row[0]
    return counts


def _seal(folder: Path) -> None:
    """Put everything in the folder on disk, readable for all and writable for none: a release never changes."""
    for path in sorted(folder.rglob("*"), reverse=True):  # what is in a folder before the folder
        if path.is_dir():
            path.chmod(0o555)
            releases.sync(path)
        else:
            with open(path, "rb") as handle:
                os.fsync(handle.fileno())
            path.chmod(0o444)
    folder.chmod(0o755)
    releases.sync(folder)


def _git_commit(project: Project) -> str | None:
    """The commit of the checkout, with `-dirty` where files differ from it; None outside a git checkout."""
    try:
        said = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"],
            cwd=project.root,
            env=child_environment(),
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return said.stdout.strip()
