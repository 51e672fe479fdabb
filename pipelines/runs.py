"""Runs: what each run did, one JSON line a run and a plain log beside it.

While a run is under way a marker stands in the build folder. A run that finds one left behind by another writes down that
the other was killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from pipelines import signals
from pipelines.project import EgovError, Project, printable, said_by
from pipelines.releases import current_id

Record = dict[str, Any]
Progress = Callable[[int, int], None]

# The file in the build folder that says, while a run is under way, what is known of it.
MARKER = "run.json"
STAYS = "the current release stays as it is"


class Run:
    """One run: its steps with their seconds, its outcome, and what it says, on the terminal and in its log."""

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
        """Print a line, and keep it in the log."""
        self._console.print(printable(text))
        self._log(text)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[Progress]:
        """A step that is shown, and stands in the record and the log with its seconds."""
        signals.check()
        started = time.monotonic()
        with shown(self._console, name, self.say) as progress:
            yield progress
        self.record["steps"][name] = round(time.monotonic() - started, 2)

    def begin(self) -> None:
        """Mark the run as under way. To be called by the one that holds the lock, in an empty build folder."""
        self._mark()

    def publishes(self, release_id: str) -> None:
        """Say which release is about to become current, so that a record made after a kill can name it."""
        self.record["release_id"] = release_id
        self._mark()

    def _mark(self) -> None:
        (self._project.build / MARKER).write_text(json.dumps(self.record), encoding="utf-8")

    def end(self, outcome: str, error: str | None = None) -> None:
        """Write the run down. A disk that has no room for the line takes nothing else from the run."""
        self.record |= {"outcome": outcome, "error": error, "seconds": round(time.monotonic() - self._started, 2)}
        if error:
            self._log(f"{outcome}: {error}")
        with contextlib.suppress(OSError):
            _append(self._project, self.record)
        marker = self._project.build / MARKER
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError, RecursionError):
            if json.loads(marker.read_text(encoding="utf-8"))["run_id"] == self.record["run_id"]:  # never that of another run
                marker.unlink()

    def _log(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._project.logs.mkdir(parents=True, exist_ok=True)
            with open(self._project.logs / f"{self.record['run_id']}.log", "a", encoding="utf-8") as log:
                log.write(f"{datetime.now(UTC):%H:%M:%S} {printable(text)}\n")


@contextlib.contextmanager
def shown(console: Console, name: str, say: Callable[[str], None] | None = None) -> Iterator[Progress]:
    """Show a step while it runs and say, or print, a line with its seconds; yields what shows how far it is."""
    started = time.monotonic()
    with console.status(name) as status:
        yield lambda done, total: status.update(f"{name} {done} of {total}")
    (say or console.print)(f"{name:<10} {time.monotonic() - started:6.1f} s")


@contextlib.contextmanager
def recorded(project: Project, console: Console) -> Iterator[Run]:
    """A run that is written down however it ends: the body says the outcome in the record, an error says it otherwise.

    Raises EgovError for an EgovError of the body, for what a disk refuses, and for a signal; what is a defect goes through.
    """
    run = Run(project, console)
    signals.hold()  # once a run has ended, a signal changes neither its outcome nor its record
    try:
        with signals.raised():
            yield run
    except BaseException as error:
        stands = _stands(project, run.record)
        code = error.exit_code if isinstance(error, EgovError) else 1
        said = str(error)
        if stopped := signals.received():  # whatever it was turned into on its way here
            code, said = 128 + stopped.number, f"{stopped}; {stands or STAYS}"
        elif isinstance(error, OSError):
            said = f"{said_by(error)}; {stands or STAYS}"
        elif code > 128:
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
    """What the record calls a run that published nothing and ended with this exit code."""
    if code == 128 + signal.SIGKILL:
        return "killed"
    if code > 128 and code - 128 not in signals.FAULTS:
        return "interrupted"
    return {2: "refused", 3: "busy", 4: "not accepted"}.get(code, "failed")


def _stands(project: Project, record: Record) -> str | None:
    """Which release of this run stands, in words, or None where `current` never came to name it."""
    release_id = record["release_id"]
    return f"release {release_id} stands" if release_id and release_id == current_id(project) else None


def note_killed(project: Project) -> None:
    """Write down the run whose marker still stands in the build folder: it was killed. For the holder of the lock."""
    marker = project.build / MARKER
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError, RecursionError):
        record = json.loads(marker.read_text(encoding="utf-8"))
        stands = _stands(project, record)
        error = f"the process ended before the run did; {stands or 'nothing was published'}"
        _append(project, record | {"outcome": "killed", "error": error, "release_id": stands and record["release_id"]})
        marker.unlink()


def history(project: Project, last: int) -> list[Record]:
    """The last runs, newest first. What is no record, as a line that a full disk cut short, is passed over."""
    try:
        lines = project.runs_file.read_text(encoding="utf-8", errors="replace").split(
            "\n"
        )  # a cell may hold other ends of lines
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
        cut = file.read(1) not in (b"", b"\n")  # by a full disk: the next line does not go with it
        file.write(b"\n" * cut + json.dumps(record, ensure_ascii=False).encode() + b"\n")
