"""Arrival: take delivered files into the feed, all of them or none, and withdraw a month."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from rich.console import Console

from pipelines import signals
from pipelines.feed import register
from pipelines.feed.check import (
    Checked,
    Codes,
    Manifest,
    Refused,
    check,
    first_line,
    read_codes,
    read_manifest,
    write_quarantine,
    write_rows,
)
from pipelines.feed.register import FeedFile
from pipelines.project import EgovError, Exit, Project
from pipelines.releases import store
from pipelines.releases.connect import limits
from pipelines.releases.draft import sync
from pipelines.releases.inputs import hash_of
from pipelines.releases.runs import shown


def add(project: Project, console: Console, files: list[Path], *, quarantine: int, correction: bool) -> list[str]:
    """Check delivered files and keep them in feed/, all of them or none. Returns one line for each file.

    `quarantine` is how many bad rows of each file may be set aside. With `correction`, a file may replace that of its month.
    Raises EgovError (exit code 2) for a bad file or a month that the feed holds already, and (exit code 3) if another command
    keeps writing.
    """
    said: list[str] = []
    with _writing(project) as incoming:
        entries, codes, at = register.read(project), read_codes(project), datetime.now(UTC)
        arrived: list[FeedFile] = []
        with shown(console, "check") as progress:
            for number, file in enumerate(files):
                progress(number, len(files))
                signals.check()
                manifest = read_manifest(file)
                if any(other.month == manifest.month for other in arrived):
                    raise Refused(file.name, f"another of these files is for {manifest.month} too; expected one for each month")
                held = next((each for each in entries if each.month == manifest.month and each.ended_at is None), None)
                entry = _check(project, file, incoming / str(len(arrived)), manifest, codes, quarantine, at, held)
                if held and held.feed_file_id == entry.feed_file_id:
                    said.append(f"{manifest.month}  already held: {file.name}")
                elif held and not correction:
                    raise Refused(
                        file.name,
                        f"{manifest.month} is already held from {held.file_name}, which arrived at {held.arrived_at}; "
                        "--correction replaces it",
                    )
                else:
                    arrived.append(entry)
                    said.append(_line(entry))
        for number, entry in enumerate(arrived):
            _keep(incoming / str(number) / "rows", entry.rows_file(project))
            _keep(incoming / str(number) / "delivered", entry.delivered_file(project))
            if entry.quarantined_rows:
                _keep(incoming / str(number) / "quarantine", entry.quarantine_file(project))
            if entry.replaces:
                entries = register.ended(entries, entry.replaces, at)
        if arrived:
            register.write(project, [*entries, *arrived])
    return said


def withdraw(project: Project, month: str) -> str:
    """End the file of a month: the next build leaves its figures out. Returns one line.

    The files themselves are kept. Raises EgovError if the feed holds no file of that month.
    """
    with _writing(project):
        entries = register.read(project)
        held = next((each for each in entries if each.month == month and each.ended_at is None), None)
        if held is None:
            raise EgovError(f"the feed holds no file for {month}; `egov feed list` lists its months", Exit.REFUSED)
        register.write(project, register.ended(entries, held.feed_file_id, datetime.now(UTC)))
    return f"{month}  withdrawn: {held.file_name}; `egov build --accept` publishes a release without it"


def listed(project: Project) -> list[str]:
    """One line for each month of the feed. Raises EgovError if the register is damaged."""
    return [_line(entry) for entry in register.active(project)]


def _line(entry: FeedFile) -> str:
    aside = f", {entry.quarantined_rows} rows set aside" if entry.quarantined_rows else ""
    replaced = f", replaces {entry.replaces}" if entry.replaces else ""
    return f"{entry.month}  {entry.row_count:,} rows, {entry.usage_sum:,} uses{aside}{replaced}: {entry.file_name}"


@contextlib.contextmanager
def _writing(project: Project) -> Iterator[Path]:
    """Hold the lock of the warehouse, with an empty folder for files that are not yet part of the feed."""
    with store.only_writer(project, 0), signals.raised():
        incoming = project.feed / "incoming"
        shutil.rmtree(incoming, ignore_errors=True)
        incoming.mkdir(parents=True)
        try:
            yield incoming
        finally:
            shutil.rmtree(incoming, ignore_errors=True)


def _check(
    project: Project,
    file: Path,
    folder: Path,
    manifest: Manifest,
    codes: Codes,
    quarantine: int,
    at: datetime,
    held: FeedFile | None,
) -> FeedFile:
    """Check one delivered file. Leaves what is to be kept in the folder: delivered, rows and quarantine."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    copy = folder / "delivered"
    shutil.copyfile(file, copy)  # what is checked is what is kept, even if somebody changes the file meanwhile
    sha256 = hash_of(copy)
    try:
        with duckdb.connect(config=limits(folder / "spill")) as connection:
            checked = check(connection, copy, file.name, manifest, codes, quarantine)
            feed_file_id = f"{manifest.month}-{_digest(sha256, checked)[:12]}"
            write_rows(connection, feed_file_id, folder / "rows")
            if checked.quarantined:
                write_quarantine(connection, feed_file_id, folder / "quarantine")
    except duckdb.Error as error:
        raise EgovError(f"{file.name}: the check failed: {first_line(error)}; nothing is added to the feed") from None
    return FeedFile(
        feed_file_id=feed_file_id,
        month=manifest.month,
        sha256=sha256,
        file_name=file.name,
        row_count=checked.row_count,
        usage_sum=checked.usage_sum,
        stated_row_count=manifest.row_count,
        stated_usage_sum=manifest.usage_sum,
        quarantined_rows=len(checked.quarantined),
        quarantined_sum=checked.quarantined_sum,
        arrived_at=register.stamp(at),
        rows_sha256=hash_of(folder / "rows"),
        replaces=held.feed_file_id if held else None,
    )


def _digest(sha256: str, checked: Checked) -> str:
    """What tells the rows of two files apart: the hash of the file, and which of its rows were set aside."""
    if not checked.quarantined:
        return sha256
    return hashlib.sha256(f"{sha256} without {checked.quarantined}".encode()).hexdigest()


def _keep(file: Path, kept: Path) -> None:
    """Move a file to its place in the feed, read-only and safe on the disk."""
    kept.parent.mkdir(exist_ok=True)
    file.chmod(0o444)
    sync(file)
    os.replace(file, kept)
    sync(kept.parent)
