"""Store: the releases of a warehouse: which ones exist, which one is current, and how to change that.

A release is a folder that never changes. The link `current` points to one of them. The link moves in one step, so that a reader
always finds a complete release, either the old one or the new one.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pipelines import signals
from pipelines.project import EgovError, Exit, Project, replace_file
from pipelines.releases.draft import Draft, file_names, sync
from pipelines.releases.inputs import hash_of, raw_hash

# What every release.json holds. Those written since `egov verify` was added also list `files`.
SUMMARISED = {
    "release_id": str, "built_at": str, "fingerprint": str, "facts": dict, "tests_passed": int, "tests_warned": int,
    "claims": dict, "bytes": int,
}  # fmt: skip
# The file in the build folder that holds the id of a release while it is being published.
UNDER_WAY = "publishing"
# The file in the build folder that describes the run in progress.
MARKER = "run.json"


@dataclass(frozen=True)
class Release:
    """A published release: a folder, read-only, that holds a database, the products and release.json."""

    folder: Path

    @property
    def release_id(self) -> str:
        return self.folder.name

    @property
    def database(self) -> Path:
        return self.folder / "egov.duckdb"

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The content of release.json: id, time, fingerprint, row counts of the facts, tests, verdicts, size, files.

        Raises EgovError if the file does not exist or lacks anything that every release.json holds.
        """
        try:
            found: dict[str, Any] = json.loads((self.folder / "release.json").read_text(encoding="utf-8"))
            if not all(isinstance(found[name], kind) for name, kind in SUMMARISED.items()):
                raise ValueError
            datetime.fromisoformat(found["built_at"])
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            raise EgovError(
                f"release {self.release_id} does not exist or is damaged; `egov releases` lists the releases"
            ) from None
        return found

    def as_json(self) -> dict[str, Any]:
        """What `egov releases --json` says about this release. Of a damaged one, only its id is known."""
        try:
            found = self.summary
        except EgovError:
            found = {}
        counted = found.get("facts", {})
        figures = [counted.get(fact) for fact in ("fct_index_observations", "fct_service_usage")]
        return {
            "release_id": self.release_id,
            "is_damaged": not found,
            **{name: found.get(name) for name in ("built_at", "tests_passed", "tests_warned", "claims", "bytes")},
            "figures": None if None in figures else sum(figures),
        }

    def opens(self) -> bool:
        """Whether both the summary and the database can be read."""
        from pipelines.releases import connect  # imported here: a run without changes ends before it needs DuckDB

        try:
            _ = self.summary
            connect.connect(self.database).close()
        except EgovError:
            return False
        return True

    def is_open(self) -> bool:
        """Whether any process, of any user, holds the lock that DuckDB takes on an open file."""
        question = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        if not self.database.is_file():  # a release of another engine: its files take no lock
            return False
        with open(self.database, "rb") as handle:
            answer = struct.unpack("hhqqi4x", fcntl.fcntl(handle, fcntl.F_GETLK, question))
        return bool(answer[0] != fcntl.F_UNLCK)

    def changes(self, *, thorough: bool) -> list[str]:
        """One line for each file that differs from what was published; an empty list if none does.

        Without `thorough`, only the names and the total size are compared. That is enough to notice a log that somebody has put
        beside the database, which DuckDB would replay into it. Raises EgovError if release.json does not list the files.
        """
        published = self.summary.get("files")
        if not isinstance(published, dict):
            raise EgovError(
                f"release {self.release_id} was made by an older version, which did not list its files, so they cannot be "
                "checked; `egov build --force` publishes a release that lists them"
            )
        held = set(file_names(self.folder))
        lines = [f"{name} was not published with it: remove it" for name in sorted(held - published.keys())]
        lines += [f"{name} is missing" for name in sorted(published.keys() - held)]
        both = sorted(held & published.keys())
        if thorough:
            now = {name: hash_of(self.folder / name) for name in both}
            lines += [f"{name} has other content: SHA-256 {digest}, expected {published[name]}"
                      for name, digest in now.items() if digest != published[name]]  # fmt: skip
        elif sum((self.folder / name).stat().st_size for name in both) != self.summary["bytes"] and not lines:
            lines.append("the total size of its files has changed")
        return lines


def existing(project: Project) -> list[Release]:
    """All releases that have both their tables and a release.json, newest first."""
    if not project.releases.is_dir():
        return []
    found = (Release(folder) for folder in project.releases.iterdir())
    needed = (project.holds, "release.json")
    whole = (release for release in found if all((release.folder / name).exists() for name in needed))
    return sorted(whole, key=lambda release: release.release_id, reverse=True)


def current(project: Project) -> Release | None:
    """The release that `current` points to, or None if there is no link or its target is missing."""
    try:
        name = project.current.readlink().name
    except OSError:
        return None
    return next((release for release in existing(project) if release.release_id == name), None)


def require_current(project: Project) -> Release:
    """The release that `current` points to. Raises EgovError if there is none."""
    release = current(project)
    if release is None:
        raise EgovError("no release is published yet; `egov build` publishes one")
    return release


def find(project: Project, release_id: str) -> Release:
    """The release with that id. Raises EgovError if there is none."""
    for release in existing(project):
        if release.release_id == release_id:
            return release
    raise EgovError(f"there is no release {release_id}; `egov releases` lists the releases")


def begin(project: Project, fingerprint: str, kind: type[Draft] = Draft) -> Draft:
    """An empty draft in an emptied build folder, from inputs with this fingerprint. Call this only while holding the lock."""
    clear_build(project)
    folder = project.build_file.parent
    folder.mkdir()
    raw_sha256 = raw_hash(project)
    release_id, built_at = next_id(project, raw_sha256)
    return kind(project, folder, release_id, built_at, raw_sha256, fingerprint)


def next_id(project: Project, raw_sha256: str) -> tuple[str, datetime]:
    """An id that sorts after all others, and the time in it.

    The id is a UTC time and the start of the raw hash: `20261123T120000000000Z-1a2b3c4d`. If the clock was set back, the time
    is one microsecond after that of the newest release, so that releases keep their order.
    """
    now = datetime.now(UTC)
    with contextlib.suppress(IndexError, ValueError):
        newest = datetime.strptime(existing(project)[0].release_id.split("-")[0], "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)
        now = max(now, newest + timedelta(microseconds=1))
    return f"{now:%Y%m%dT%H%M%S%fZ}-{raw_sha256[:8]}", now


def publish(draft: Draft) -> Release:
    """Move the folder of a finished draft to the releases, and point `current` to it."""
    project = draft.project
    project.releases.mkdir(exist_ok=True)
    for shared in (project.warehouse, project.releases):
        shared.chmod(0o755)
    (project.build / UNDER_WAY).write_text(draft.release_id, encoding="utf-8")
    release = Release(project.releases / draft.release_id)
    with signals.held():
        os.rename(draft.folder, release.folder)
        release.folder.chmod(0o555)  # only now: a folder that is not writable cannot be moved
        sync(release.folder)
        sync(project.releases)
        move_current(project, release)
    return release


def move_current(project: Project, release: Release) -> None:
    """Point `current` to a release. A single rename replaces the link."""
    link = project.warehouse / "current.new"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("releases") / release.release_id, target_is_directory=True)
    os.replace(link, project.current)
    sync(project.warehouse)


def roll_back(project: Project, release_id: str | None) -> Release:
    """Move `current` to the release `release_id`, or to the newest readable one before the current. Returns that release.

    The releases that were rolled back are remembered until another release is published, so that a scheduled build from the
    same inputs does not bring them back. Moving forward again forgets those up to the new current release. Call this only while
    holding the lock. Raises EgovError if there is no such release.
    """
    now = current(project)
    if release_id is None:
        older = (release for release in existing(project) if now is None or release.release_id < now.release_id)
        wanted = next((release for release in older if release.opens()), None)
        if wanted is None:
            raise EgovError("there is no earlier release to go back to; `egov releases` lists the releases")
    else:
        wanted = find(project, release_id)
    if wanted == now:
        raise EgovError(f"{wanted.release_id} is already the current release")
    left = {former: inputs for former, inputs in rolled_back(project).items() if former > wanted.release_id}
    if now and now.release_id > wanted.release_id:
        left[now.release_id] = ""
        with contextlib.suppress(EgovError):  # a damaged release can be rolled back too, although its inputs are unknown
            left[now.release_id] = now.summary["fingerprint"]
    replace_file(project.rolled_back_file, json.dumps(left).encode())
    move_current(project, wanted)
    return wanted


def rolled_back(project: Project) -> dict[str, str]:
    """The releases rolled back since the last release was published: release id -> fingerprint of its inputs.

    Ids older than the current release are ignored: they remain if a build is killed after it publishes a release and before it
    removes the file.
    """
    try:
        left: dict[str, str] = json.loads(project.rolled_back_file.read_text(encoding="utf-8"))
        named = list(left.items())
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}
    now = current(project)
    return {release_id: inputs for release_id, inputs in named if now is None or release_id > now.release_id}


def held_back(project: Project, fingerprint: str) -> str | None:
    """The id of the rolled-back release that was built from the inputs with this fingerprint, or None."""
    return next((release_id for release_id, inputs in rolled_back(project).items() if inputs == fingerprint), None)


@contextlib.contextmanager
def only_writer(project: Project, wait: float) -> Iterator[None]:
    """Hold the lock of the warehouse. Every command that writes in warehouse/ or raw/ holds it.

    The lock is released when its process ends, so a killed process never blocks the next one. `wait` is how many seconds to
    wait for it. Raises EgovError, exit code 3, if another process keeps the lock.
    """
    project.warehouse.mkdir(parents=True, exist_ok=True)
    lock = FileLock(project.warehouse / "build.lock")
    try:
        lock.acquire(timeout=wait)
    except Timeout:
        waited = f"; waited {wait:g} seconds" if wait else ""
        raise EgovError(
            f"another build, import or `egov check --update-hashes` is running in this warehouse{waited}; "
            "run again when it has ended, or use `egov build --wait` to wait for it",
            Exit.BUSY,
        ) from None
    try:
        yield
    finally:
        lock.release()


def prune(project: Project, keep: int) -> list[Release]:
    """Remove all releases except the newest `keep`, the current one, and any that a process has open. Returns those removed."""
    removed = []
    for release in existing(project)[keep:]:
        if release == current(project) or release.is_open():
            continue
        remove(project, release.folder)
        removed.append(release)
    return removed


def clear_build(project: Project) -> None:
    """Empty the build folder, except for the marker of a run. This removes everything that a killed build left behind.

    If a build was killed before its release became current, the folder of that release is removed too.
    """
    project.build.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        unnamed = (project.build / UNDER_WAY).read_text(encoding="utf-8")
        now = current(project)
        named = {*rolled_back(project), *([now.release_id] if now else [])}
        if unnamed in {release.release_id for release in existing(project)} - named:
            remove(project, project.releases / unnamed)
    for left in project.build.iterdir():
        if left.is_dir() and not left.is_symlink():
            remove(project, left)
        elif left.name != MARKER:
            left.unlink()


def remove(project: Project, folder: Path) -> None:
    """Remove a release or a draft with all its files, even if they are read-only.

    The folder is renamed first, so that an interrupted removal leaves no incomplete release under the name of a release.
    """
    for inner in (folder, *folder.rglob("*")):
        if inner.is_dir() and not inner.is_symlink():
            inner.chmod(0o755)
    doomed = project.build / f"removed-{folder.name.removeprefix('removed-')}"
    os.rename(folder, doomed)
    shutil.rmtree(doomed)
