"""Draft: a release in the making. It becomes a release when it is finished and the store publishes it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.feed import register
from pipelines.feed.register import FEED_FACT
from pipelines.project import EgovError, Project
from pipelines.releases.inputs import base_fingerprint, hash_of, models_fingerprint

if TYPE_CHECKING:
    from pipelines.releases.diff import Diff


@dataclass(frozen=True)
class Tested:
    """How the tests of a build ended."""

    passed: int
    warned: int


@dataclass(frozen=True)
class Draft:
    """A release in the making: its folder in the build folder, its id and time, and the hashes of its inputs.

    `carried` is the folder of the release from which the months of the feed are taken over, if there is one, and
    `carried_files` are its files as release.json lists them. If `only_feed` has changed since that release, its other tables
    are taken over too; `built` has the names of the tables that were built then.
    """

    project: Project
    folder: Path
    release_id: str
    built_at: datetime
    raw_sha256: str
    fingerprint: str
    carried: Path | None = None
    carried_files: Mapping[str, str] = field(default_factory=dict)
    only_feed: bool = False
    built: frozenset[str] = frozenset()

    @property
    def database(self) -> Path:
        """The file that is loaded, in which dbt builds, which the tests and the products read, and which is published."""
        return self.folder / "egov.duckdb"

    def describe(self) -> None:
        """Add schema meta to the database after the models are built."""
        from pipelines.releases import meta  # imported here: a run without changes ends before it needs DuckDB

        meta.describe(self.database, self.project.target / "manifest.json")

    def is_carried(self, table: str) -> bool:
        """Whether the table with this name, without its schema, was taken over as it is."""
        return self.only_feed and table not in self.built

    def can_take_over(self, path: str) -> bool:
        """Whether the carried release has this file as it was published. One that was changed since is not passed on."""
        source = self.carried and self.carried / path
        return bool(source and source.is_file() and hash_of(source) == self.carried_files.get(path))

    def take_over(self, path: str) -> bool:
        """Put a file into the draft that need not be written again. Returns whether there is one.

        It is the file of the carried release. Otherwise, for rows of the daily fact, it is a copy of the checked rows in
        feed/months/: a copy and no link, because no release may change with a file that is outside of it.
        """
        rows = self.project.feed / "months" / Path(path).name
        if self.carried and self.can_take_over(path):
            try:
                os.link(self.carried / path, self.folder / path)
            except OSError:  # this disk has no such links
                shutil.copyfile(self.carried / path, self.folder / path)
        elif Path(path).parent.name == FEED_FACT and rows.is_file():
            shutil.copyfile(rows, self.folder / path)
        else:
            return False
        return True

    def finish(self, tested: Tested) -> None:
        """Complete the folder after the tests and the products: record the tests, write release.json, and seal every file.

        release.json holds the SHA-256 of every other file, which `egov verify` checks. Raises EgovError
        if the database was not closed cleanly, or if the folder holds a link or a special file.
        """
        known = {
            "release_id": self.release_id,
            "raw_sha256": self.raw_sha256,
            "fingerprint": self.fingerprint,
            "tests_passed": tested.passed,
            "tests_warned": tested.warned,
        }
        self._record(known)
        files = {name: hash_of(self.folder / name) for name in file_names(self.folder)}
        for entry in register.active(self.project):
            if files.get(f"parquet/{FEED_FACT}/{entry.feed_file_id}.parquet", entry.rows_sha256) != entry.rows_sha256:
                raise EgovError(
                    f"feed/months/{entry.feed_file_id}.parquet changed while it was being built, nothing is published: "
                    f"restore it from a backup, or withdraw {entry.month} and add its file again"
                )
        summary: dict[str, Any] = {
            **known,
            "built_at": self.built_at.isoformat(timespec="seconds"),
            "models_fingerprint": models_fingerprint(self.project),
            "base_fingerprint": base_fingerprint(self.project),
            **self._counts(),
            "bytes": sum((self.folder / name).stat().st_size for name in files),
            "files": files,
        }
        (self.folder / "release.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
        self._seal()

    def changes_since(self, older: Path) -> Diff:
        """How the tables differ from those of the release in the folder `older`."""
        from pipelines.releases.diff import compare

        return compare(older / self.database.name, self.database)

    def _record(self, known: dict[str, Any]) -> None:
        from pipelines.releases import meta

        meta.record(self.database, self.project, known | {"built_at": self.built_at})
        self.require_closed()

    def _counts(self) -> dict[str, dict[str, int]]:
        """The facts and the claims for release.json."""
        from pipelines.releases import meta

        return meta.counts(self.database)

    def require_closed(self) -> None:
        """Raise EgovError if there is a log beside the database: the database then lacks some of what was written to it.

        If the disk is full when DuckDB closes the file, DuckDB leaves the log there without an error.
        """
        if logs := [path.name for path in self.folder.glob("egov.duckdb?*")]:
            raise EgovError(
                f"the database was not closed cleanly: {', '.join(logs)} is left beside it, as happens when the disk is full; "
                "nothing is published"
            )

    def _seal(self) -> None:
        """Flush every file to the disk and make it read-only for everybody: a release never changes.

        The folder itself stays writable until it has been moved.
        """
        for path in sorted(self.folder.rglob("*"), reverse=True):  # the contents of a folder before the folder
            path.chmod(0o555 if path.is_dir() else 0o444)
            sync(path)
        self.folder.chmod(0o755)
        sync(self.folder)


def file_names(folder: Path) -> list[str]:
    """The paths, relative to `folder`, of all files of a release except release.json, in order.

    Raises EgovError if anything is neither a plain file nor a folder: a link may lead to a file that somebody else can change.
    """
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise EgovError(f"{path} is not a plain file: a release holds only plain files; remove it")
        if path.is_file() and path.name != "release.json":
            found.append(path.relative_to(folder).as_posix())
    return found


def sync(path: Path) -> None:
    """Flush a file, or the entries of a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
