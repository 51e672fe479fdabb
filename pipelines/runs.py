"""Runs: what each run did, one JSON line a run and a plain log beside it.

While a run is under way a marker stands in the build folder. A run that finds one left behind by another writes down that
the other was killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from pipelines.project import EgovError, Project, said_by

Record = dict[str, Any]
Progress = Callable[[int, int], None]

STAYS = "the current release stays as it is"


class Run:
    """One run: its steps with their seconds, its outcome, and what it says, on the terminal and in its log."""

    def __init__(self, project: Project, console: Console) -> None:
        self._project = project
        self._console = console
        started = datetime.now(UTC)
        self._started = time.monotonic()
        self._marked = False
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
        self._console.print(text)
        self._log(text)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[Progress]:
        """A step that is shown, and stands in the record and the log with its seconds."""
        started = time.monotonic()
        with shown(self._console, name, self.say) as progress:
            yield progress
        self.record["steps"][name] = round(time.monotonic() - started, 2)

    def begin(self) -> None:
        """Mark the run as under way. To be called by the one that holds the lock, in an empty build folder."""
        (self._project.build / "run.json").write_text(json.dumps(self.record), encoding="utf-8")
        self._marked = True

    def end(self, outcome: str, error: str | None = None) -> None:
        """Write the run down. A disk that has no room for the line takes nothing else from the run."""
        self.record |= {"outcome": outcome, "error": error, "seconds": round(time.monotonic() - self._started, 2)}
        if error:
            self._log(f"{outcome}: {error}")
        with contextlib.suppress(OSError):
            _append(self._project, self.record)
        if self._marked:  # never the marker of another run that holds the lock
            with contextlib.suppress(OSError):
                (self._project.build / "run.json").unlink(missing_ok=True)

    def _log(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._project.logs.mkdir(parents=True, exist_ok=True)
            with open(self._project.logs / f"{self.record['run_id']}.log", "a", encoding="utf-8") as log:
                log.write(f"{datetime.now(UTC):%H:%M:%S} {text}\n")


@contextlib.contextmanager
def shown(console: Console, name: str, say: Callable[[str], None] | None = None) -> Iterator[Progress]:
    """Show a step while it runs and say, or print, a line with its seconds; yields what shows how far it is."""
    started = time.monotonic()
    with console.status(name) as status:
        yield lambda done, total: status.update(f"{name} {done} of {total}")
    (say or console.print)(f"{name:<10} {time.monotonic() - started:6.1f} s")


@contextlib.contextmanager
def recorded(project: Project, console: Console) -> Iterator[Run]:
    """A run that is written down however it ends. An EgovError, and what a disk refuses, is passed on as an EgovError."""
    run = Run(project, console)
    try:
        yield run
    except EgovError as error:
        run.end({2: "refused", 3: "busy", 4: "not accepted"}.get(error.exit_code, "failed"), str(error))
        raise
    except OSError as error:
        release_id = run.record["release_id"]
        failed = EgovError(f"{said_by(error)}; {f'release {release_id} stands' if release_id else STAYS}")
        run.end("published" if release_id else "failed", str(failed))
        raise failed from None
    except BaseException as error:  # Ctrl-C, a pipe that nobody reads any more, a defect: the run is written down all the same
        release_id = run.record["release_id"]
        stopped = isinstance(error, (KeyboardInterrupt, SystemExit))
        run.end("published" if release_id else "interrupted" if stopped else "failed", None if stopped else repr(error))
        if isinstance(error, KeyboardInterrupt):  # last: nobody may be there to hear it
            run.say(f"interrupted; {f'release {release_id} stands' if release_id else 'nothing is published'}")
        raise


def note_killed(project: Project) -> None:
    """Write down the run whose marker still stands in the build folder: it was killed. For the holder of the lock."""
    marker = project.build / "run.json"
    with contextlib.suppress(OSError, ValueError):
        record = json.loads(marker.read_text(encoding="utf-8"))
        _append(project, record | {"outcome": "killed", "error": "the process ended before the run did"})
        marker.unlink()


def history(project: Project, last: int) -> list[Record]:
    """The last runs, newest first. A line that a full disk cut short is passed over."""
    try:
        lines = project.runs_file.read_text(encoding="utf-8", errors="replace").split(
            "\n"
        )  # a cell may hold other ends of lines
    except FileNotFoundError:
        return []
    records = []
    for line in reversed(lines):
        with contextlib.suppress(json.JSONDecodeError):
            records.append(json.loads(line))
        if len(records) == last:
            break
    return records


def _append(project: Project, record: Record) -> None:
    with open(project.runs_file, "a+b") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 1))
        cut = file.read(1) not in (b"", b"\n")  # by a full disk: the next line does not go with it
        file.write(b"\n" * cut + json.dumps(record, ensure_ascii=False).encode() + b"\n")
