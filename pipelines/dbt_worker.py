"""The process in which dbt runs, started by transform.py as a file of its own: it imports nothing of ours.

dbt keeps its database open for as long as its process lives, and the file must be closed and whole before it is copied
into a release: hence a process of its own.
It imports dbt and parses the project at once, while raw/ is still being checked and loaded, then waits for a line on
its standard input. An end of file there means that its parent is gone: nothing may be written any more, before the line
or after it.

It prints one JSON object a line: {"done": 3, "total": 90} as nodes finish, {"error": "..."} for what went wrong.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading
from typing import Any

# The folder that this process runs in is the project: its profile and its target are the only ones.
FLAGS = ["--log-level", "none", "--log-level-file", "none", "--profiles-dir", ".", "--target", "duckdb"]


def report(event: Any) -> None:
    """Print what the parent has to know of a dbt event (an EventMsg)."""
    if event.info.level == "error":
        print(json.dumps({"error": event.info.msg.strip()}), flush=True)
    elif event.info.name in ("LogModelResult", "LogTestResult", "NodeFinished") and hasattr(event.data, "total"):
        print(json.dumps({"done": event.data.index, "total": event.data.total}), flush=True)


def follow_parent() -> None:
    """End this process as soon as its standard input ends."""
    os.read(sys.stdin.fileno(), 1)  # not sys.stdin.read: its lock would be in the way when the process ends by itself
    os._exit(1)


def main() -> None:
    """Parse, wait for the word, build, document. Exit code 0: every model and test is good; 1: one is not; 2: dbt failed."""
    # ended by a signal, this process leaves no words: its parent says what became of the run
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # importing dbt makes hundreds of thousands of objects that live as long as the process: collecting among them costs
    # more than it frees
    gc.disable()
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    parsed = dbtRunner(callbacks=[report]).invoke(["parse", *FLAGS])
    if not parsed.success:
        report_exception(parsed.exception)
        sys.exit(2)
    if not sys.stdin.readline():
        sys.exit(0)
    threading.Thread(target=follow_parent, daemon=True).start()
    assert isinstance(parsed.result, Manifest)
    built = dbtRunner(manifest=parsed.result, callbacks=[report]).invoke(
        ["build", "--exclude", "resource_type:unit_test", *FLAGS]
    )
    report_exception(built.exception)
    if built.success:
        # the models are compiled already; what is left in target/ is made into a page by pipelines/products/docs.py
        documented = dbtRunner(manifest=parsed.result).invoke(["docs", "generate", "--no-compile", *FLAGS])
        report_exception(documented.exception)
        built.success = documented.success
    # a plain end, so that the database is closed and its write-ahead log is gone
    sys.exit(0 if built.success else 2 if built.exception else 1)


def report_exception(exception: BaseException | None) -> None:
    """Print an exception, if there is one."""
    if exception is not None:
        print(json.dumps({"error": str(exception)}), flush=True)


if __name__ == "__main__":
    main()
