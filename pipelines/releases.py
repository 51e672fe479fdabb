"""Releases: which there are, which one is current, which may go, and which inputs each was built from."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pipelines.project import EgovError, Project, replace_file

# What a release is made from, beside the versions of its dependencies: any change of content here is a new release.
INPUTS = (
    "raw", "models", "macros", "tests/dbt", "pipelines", "dbt_project.yml", "profiles.yml", "requirements.txt", "CITATION.cff",
)  # fmt: skip
CODE = {".py", ".sql", ".yml", ".md", ".csv", ".json", ".txt", ".cff", ".html", ".css", ".js", ".po"}

Summary = dict[str, Any]
# What every release.json says; since `egov verify` there is, `files` too.
SUMMARISED = {
    "release_id": str, "built_at": str, "fingerprint": str, "facts": dict, "tests_passed": int, "tests_warned": int,
    "claims": dict, "bytes": int,
}  # fmt: skip


def fingerprint(project: Project) -> str:
    """SHA-256 over the content of everything that a release is made from: names and bytes, no times. Hexadecimal."""
    digest = hashlib.sha256()
    for name in INPUTS:
        top = project.root / name if name != "pipelines" else Path(__file__).parent
        files = sorted(top.rglob("*")) if top.is_dir() else [top]
        for file in files:
            if file.suffix in CODE and file.is_file():
                inside = file.relative_to(top).as_posix()
                content = file.read_bytes()
                digest.update(f"{name}/{inside}\0{len(content)}\0".encode())
                digest.update(content)
    return digest.hexdigest()


def current_id(project: Project) -> str | None:
    """The id of the release that `current` names, or None where there is no link or it leads nowhere."""
    try:
        target = project.current.readlink()
    except OSError:
        return None
    return target.name if target.name in existing(project) else None


def summary(project: Project, release_id: str) -> Summary:
    """What release.json says of a release: id, built_at, fingerprint, facts, tests, claims, bytes, files.

    Raises EgovError where it does not say these things, or is not there.
    """
    try:
        found: Summary = json.loads((project.releases / release_id / "release.json").read_text(encoding="utf-8"))
        if not all(isinstance(found[name], kind) for name, kind in SUMMARISED.items()):
            raise ValueError
        datetime.fromisoformat(found["built_at"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        raise EgovError(f"release {release_id} does not exist or is damaged; `egov releases` lists those there are") from None
    return found


def existing(project: Project) -> list[str]:
    """The ids of the releases that have a database and a summary, newest first."""
    if not project.releases.is_dir():
        return []
    folders = project.releases.iterdir()
    whole = (folder.name for folder in folders if (folder / "egov.duckdb").is_file() and (folder / "release.json").is_file())
    return sorted(whole, reverse=True)


def next_id(project: Project, raw_sha256: str) -> tuple[str, datetime]:
    """An id that sorts after every other, and the time it stands for.

    The id is a UTC time and the start of the raw hash: `20261123T120000000000Z-1a2b3c4d`. Where the clock was set back,
    the time of the newest release, and a microsecond, is taken instead: releases stay in their order.
    """
    now = datetime.now(UTC)
    with contextlib.suppress(IndexError, ValueError):
        newest = datetime.strptime(existing(project)[0].split("-")[0], "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)
        now = max(now, newest + timedelta(microseconds=1))
    return f"{now:%Y%m%dT%H%M%S%fZ}-{raw_sha256[:8]}", now


def move_current(project: Project, release_id: str) -> None:
    """Let `current` name a release: one rename, so that a reader finds the old or the new one and never neither."""
    link = project.warehouse / "current.new"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("releases") / release_id, target_is_directory=True)
    os.replace(link, project.current)
    sync(project.warehouse)


def roll_back(project: Project, release_id: str | None) -> str:
    """Move `current` to `release_id`, or to the release before the current one. Returns its id.

    Each release that is left is remembered until another is published, so that a scheduled build from its inputs does not
    bring it back; going forward again forgets those up to the one that is taken. To be called by the one that holds the lock.
    Raises EgovError when there is no such release.
    """
    now = current_id(project)
    if release_id is None:
        older = (release for release in existing(project) if (now is None or release < now) and _opens(project, release))
        release_id = next(older, None)
        if release_id is None:
            raise EgovError("there is no earlier release to go back to; `egov releases` lists those there are")
    elif release_id not in existing(project):
        raise EgovError(f"there is no release {release_id}; `egov releases` lists those there are")
    if release_id == now:
        raise EgovError(f"{release_id} is the current release already")
    left = {former: inputs for former, inputs in rolled_back(project).items() if former > release_id}
    if now and now > release_id:
        left[now] = ""
        with contextlib.suppress(EgovError):  # one that is damaged can be left as well
            left[now] = summary(project, now)["fingerprint"]
    replace_file(project.rolled_back_file, json.dumps(left).encode())
    move_current(project, release_id)
    return release_id


def rolled_back(project: Project) -> dict[str, str]:
    """The releases that rollbacks left since the last one was published, each with the fingerprint of its inputs.

    None is older than the current release: where it is, a build has published since, and was killed before it could say so.
    """
    try:
        left: dict[str, str] = json.loads(project.rolled_back_file.read_text(encoding="utf-8"))
        named = list(left.items())
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}
    now = current_id(project)
    return {release_id: inputs for release_id, inputs in named if now is None or release_id > now}


def held_back(project: Project, inputs: str) -> str | None:
    """The release that was rolled back and was built from these inputs, given by their fingerprint; None if there is none."""
    return next((release_id for release_id, built_from in rolled_back(project).items() if built_from == inputs), None)


@contextlib.contextmanager
def only_writer(project: Project, wait: float) -> Iterator[None]:
    """Hold the lock of the warehouse, as whatever writes in warehouse/ or raw/ does.

    It dies with its process: what was killed never blocks the next. `wait` is how many seconds to wait for it. Raises
    EgovError, exit code 3, when another process keeps it.
    """
    project.warehouse.mkdir(exist_ok=True)
    lock = FileLock(project.warehouse / "build.lock")
    try:
        lock.acquire(timeout=wait)
    except Timeout:
        waited = f"; waited {wait:g} seconds" if wait else ""
        raise EgovError(
            f"another build, import or `egov check --update-hashes` is running in this warehouse{waited}; "
            "run again when it has ended, or let `egov build --wait` wait for it",
            3,
        ) from None
    try:
        yield
    finally:
        lock.release()


def prune(project: Project, keep: int) -> list[str]:
    """Remove all releases but the newest `keep`, the current one and those that a process has open. Returns the removed."""
    removed = []
    for release_id in existing(project)[keep:]:
        folder = project.releases / release_id
        if release_id == current_id(project) or _is_open(folder / "egov.duckdb"):
            continue
        remove(project, folder)
        removed.append(release_id)
    return removed


def remove(project: Project, folder: Path) -> None:
    """Remove a release, or what was to be one, with all that it holds, read-only or not.

    It is renamed first: a removal that is cut short leaves no half release behind under a release's name.
    """
    for inner in (folder, *folder.rglob("*")):
        if inner.is_dir() and not inner.is_symlink():
            inner.chmod(0o755)
    doomed = project.build / f"removed-{folder.name.removeprefix('removed-')}"
    os.rename(folder, doomed)
    shutil.rmtree(doomed)


def file_hashes(folder: Path) -> dict[str, str]:
    """The SHA-256, hexadecimal, of every file of a release but release.json, which holds them, by its path in the folder.

    Raises EgovError where something is neither a plain file nor a folder: a link may lead to what somebody else can change.
    """
    return {name: hash_of(folder / name) for name in _names(folder)}


def hash_of(file: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    with open(file, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _names(folder: Path) -> list[str]:
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise EgovError(f"{path} is no plain file: a release holds nothing else; remove it")
        if path.is_file() and path.name != "release.json":
            found.append(path.relative_to(folder).as_posix())
    return found


def changes_since_publishing(project: Project, release_id: str, *, thorough: bool) -> list[str]:
    """What is not as it was published in the folder of a release, a line each; empty where all is.

    Not `thorough`, only the names and the sizes of the files are looked at: enough to notice a log that somebody laid beside
    the database, which DuckDB would replay into it. Raises EgovError when the release does not say what it held.
    """
    folder = project.releases / release_id
    told = summary(project, release_id)
    published = told.get("files")
    if not isinstance(published, dict):
        raise EgovError(
            f"release {release_id} is older than the list of its files: what it held is not known; "
            "`egov build --force` publishes one that says so"
        )
    held = set(_names(folder))
    lines = [f"{name} was not published with it: remove it" for name in sorted(held - published.keys())]
    lines += [f"{name} is missing" for name in sorted(published.keys() - held)]
    if thorough:
        now = {name: hash_of(folder / name) for name in sorted(held & published.keys())}
        lines += [f"{name} has other content: SHA-256 {digest}, expected {published[name]}"
                  for name, digest in now.items() if digest != published[name]]  # fmt: skip
    elif sum((folder / name).stat().st_size for name in held & published.keys()) != told["bytes"] and not lines:
        lines.append("its files have another size than was published")
    return lines


def _opens(project: Project, release_id: str) -> bool:
    """Whether the summary and the database of a release can be read."""
    from pipelines import read  # here, not above: a run that has nothing to do is over before DuckDB is imported

    try:
        summary(project, release_id)
        read.connect(project.releases / release_id / "egov.duckdb").close()
    except EgovError:
        return False
    return True


def _is_open(file: Path) -> bool:
    """Whether any process holds the lock that DuckDB takes on a file it has open, whoever's process it is."""
    question = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    with open(file, "rb") as handle:
        answer = struct.unpack("hhqqi4x", fcntl.fcntl(handle, fcntl.F_GETLK, question))
    return bool(answer[0] != fcntl.F_UNLCK)


def sync(folder: Path) -> None:
    """Put the entries of a folder on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
