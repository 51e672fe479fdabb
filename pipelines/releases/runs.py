"""Runs: a record of each run, one JSON line per run, and a plain-text log of each.

While a run is in progress, there is a marker file in the build folder. A run that finds the marker of another run records that
the other run was killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

from rich.console import Console

from pipelines import signals
from pipelines.project import EgovError, Exit, Project, printable, replace_file, said_by
from pipelines.releases import store

Record = dict[str, Any]


class Progress(Protocol):
    """Shows that `done` of `total` parts of a step are done, and, if it is given, on what the step works."""

    def __call__(self, done: int, total: int, on: str = "") -> None: ...


STAYS = "the current release stays as it is"


class Run:
    """One run: its steps and their seconds, its outcome, and its messages, which go to the terminal and to its log."""

    def __init__(self, project: Project, console: Console) -> None:
        self._project = project
        self._console = console
        started = datetime.now(UTC)
        self._started = time.monotonic()
        self.record: Record = {
            "run_id": f"{started:%Y%m%dT%H%M%S%fZ}",
            "started_at": started.isoformat(timespec="seconds"),
            "outcome": "failed",
            "seconds": 0.0,
            "steps": {},
            "products": {},
            "release_id": None,
            "error": None,
        }

    def say(self, text: str) -> None:
        """Print a line and add it to the log."""
        self._console.print(printable(text))
        self._log(text)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[Progress]:
        """Show a step while it runs, and add its duration in seconds to the record and to the log."""
        signals.check()
        started = time.monotonic()
        with shown(self._console, name, self.say) as progress:
            yield progress
        self.record["steps"][name] = round(time.monotonic() - started, 2)

    def begin(self) -> None:
        """Mark the run as in progress. Call this only while holding the lock, and with an empty build folder."""
        self._mark()

    def publishes(self, release_id: str) -> None:
        """Note which release is about to become current, so that a record made after a kill can name it."""
        self.record["release_id"] = release_id
        self._mark()

    def _mark(self) -> None:
        # in one step: a run that is killed at this moment is recorded too
        replace_file(self._project.build / store.MARKER, json.dumps(self.record).encode())

    def end(self, outcome: str, error: str | None = None) -> None:
        """Record how the run ended. If the disk has no room for the record, the run still ends as usual."""
        self.record |= {"outcome": outcome, "error": error, "seconds": round(time.monotonic() - self._started, 2)}
        if error:
            self._log(f"{outcome}: {error}")
        with contextlib.suppress(OSError):
            _append(self._project, self.record)
        marker = self._project.build / store.MARKER
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError, RecursionError):
            if json.loads(marker.read_text(encoding="utf-8"))["run_id"] == self.record["run_id"]:  # not another run's marker
                marker.unlink()

    def _log(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._project.logs.mkdir(parents=True, exist_ok=True)
            with open(self._project.logs / f"{self.record['run_id']}.log", "a", encoding="utf-8") as log:
                log.write(f"{datetime.now(UTC):%H:%M:%S} {printable(text)}\n")


@contextlib.contextmanager
def shown(console: Console, name: str, say: Callable[[str], None] | None = None) -> Iterator[Progress]:
    """Show a step while it runs, then print its duration, with `say` if given. Yields a function that shows the progress."""
    started = time.monotonic()
    with console.status(name) as status:
        yield lambda done, total, on="": status.update(f"{name} {done} of {total}{on and ': '}{on}")
    (say or console.print)(f"{name:<10} {time.monotonic() - started:6.1f} s")


@contextlib.contextmanager
def recorded(project: Project, console: Console) -> Iterator[Run]:
    """A run that is recorded however it ends. The body sets the outcome in the record, unless it ends with an error.

    Raises EgovError if the body raises EgovError or OSError, and for a signal. Any other exception is a defect and is raised
    unchanged.
    """
    run = Run(project, console)
    signals.hold()  # after a run has ended, a signal changes neither its outcome nor its record
    try:
        with signals.raised():
            yield run
    except BaseException as error:
        stands = _stands(project, run.record)
        code = error.exit_code if isinstance(error, EgovError) else int(Exit.FAILED)
        said = str(error)
        if stopped := signals.received():  # whatever exception a library turned it into
            code, said = Exit.SIGNALLED + stopped.number, f"{stopped}; {stands or STAYS}"
        elif isinstance(error, OSError):
            said = f"{said_by(error)}; {stands or STAYS}"
        elif code > Exit.SIGNALLED:
            said = f"{error}; {stands or STAYS}"
        elif not isinstance(error, EgovError):
            said = repr(error)
        run.record["release_id"] = run.record["release_id"] if stands else None
        run.end("published" if stands else _outcome(code), said)
        if isinstance(error, (EgovError, OSError)) or stopped:
            raise EgovError(said, code) from None
        raise
    run.end(run.record["outcome"])


def _outcome(code: int) -> str:
    """The outcome of a run that published nothing and ended with this exit code."""
    number = code - Exit.SIGNALLED
    if number == signal.SIGKILL:
        return "killed"
    if number > 0 and number not in signals.FAULTS:
        return "interrupted"
    outcomes: dict[int, str] = {Exit.REFUSED: "refused", Exit.BUSY: "busy", Exit.NOT_ACCEPTED: "not accepted"}
    return outcomes.get(code, "failed")


def _stands(project: Project, record: Record) -> str | None:
    """`release X is published` if `current` names the release of this run, otherwise None."""
    now = store.current(project)
    return f"release {now.release_id} is published" if now and now.release_id == record["release_id"] else None


def note_killed(project: Project) -> None:
    """Record the run whose marker is still in the build folder: it was killed. Call this only while holding the lock."""
    marker = project.build / store.MARKER
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError, RecursionError):
        record = json.loads(marker.read_text(encoding="utf-8"))
        stands = _stands(project, record)
        error = f"the process ended before the run did; {stands or 'nothing was published'}"
        _append(project, record | {"outcome": "killed", "error": error, "release_id": stands and record["release_id"]})
        marker.unlink()


def history(project: Project, last: int) -> list[Record]:
    """The last runs, newest first. A line that is not a record, for example because a full disk cut it short, is skipped."""
    try:
        text = project.runs_file.read_text(encoding="utf-8", errors="replace")
        lines = text.split("\n")  # not splitlines: the text of a cell may hold other line separators
    except FileNotFoundError:
        return []
    records = []
    for line in reversed(lines):
        with contextlib.suppress(ValueError, RecursionError):
            record = json.loads(line)
            if isinstance(record, dict):
                records.append(record)
        if len(records) == last:
            break
    return records


def _append(project: Project, record: Record) -> None:
    with open(project.runs_file, "a+b") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 1))
        cut = file.read(1) not in (b"", b"\n")  # a full disk cut the last line short: start a new one
        file.write(b"\n" * cut + json.dumps(record, ensure_ascii=False).encode() + b"\n")
