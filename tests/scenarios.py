"""Runs the command line in a separate process, in a scenario that would kill or disturb the test process itself.

    python -m tests.scenarios killed_before_the_link_moves build --force

Each scenario is a function that prepares the scenario and returns the steps to use if the command is a build.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from pipelines import cli, signals
from pipelines.build import Steps
from pipelines.project import Project
from pipelines.releases import inputs, store
from tests.helpers import FEW_PRODUCTS, QUICK, quick


def signalled(number: int, then: Callable[..., Any] = lambda *_: None) -> Callable[..., Any]:
    """Return a function that sends this process a signal and then calls `then`, the function that it replaces."""

    def stop(*arguments: Any) -> Any:
        os.kill(os.getpid(), number)
        return then(*arguments)

    return stop


def without_dbt() -> Steps:
    return QUICK


def killed_before_the_link_moves() -> Steps:
    store.move_current = signalled(signal.SIGKILL)
    return QUICK


def signalled_as_the_link_moves() -> Steps:
    store.move_current = signalled(signal.SIGTERM, store.move_current)
    return QUICK


def takes_five_seconds() -> Steps:
    return quick(lambda project: time.sleep(5))


def interrupted_at_the_start() -> Steps:
    inputs.fingerprint = signalled(signal.SIGINT)
    return QUICK


def signal_that_a_library_swallows() -> Steps:
    def swallow(project: Project) -> None:
        with contextlib.suppress(BaseException):
            os.kill(os.getpid(), signal.SIGTERM)

    return quick(swallow)


def signalled_in_an_import() -> Steps:
    from pipelines.importers import write

    write.write_package = signalled(signal.SIGHUP, write.write_package)  # type: ignore[attr-defined]
    return QUICK


def signalled_at_the_very_end() -> Steps:
    atexit.register(os.kill, os.getpid(), signal.SIGTERM)
    return QUICK


def killed_as_a_file_is_checked() -> Steps:
    from pipelines.feed import arrival

    arrival.write_rows = signalled(signal.SIGKILL)  # type: ignore[attr-defined]
    return QUICK


def killed_as_a_file_is_kept() -> Steps:
    from pipelines.feed import arrival

    arrival.sync = signalled(signal.SIGKILL)  # type: ignore[attr-defined]
    return QUICK


def killed_before_the_register_is_replaced() -> Steps:
    from pipelines.feed import register

    register.replace_file = signalled(signal.SIGKILL)  # type: ignore[attr-defined]
    return QUICK


def killed_after_the_register_was_replaced() -> Steps:
    from pipelines.feed import register

    write = register.write

    def then_killed(*arguments: Any) -> None:
        write(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)

    register.write = then_killed  # type: ignore[assignment]
    return QUICK


def _arrival_stopped_by(number: int) -> Steps:
    from pipelines.feed import arrival

    arrival.write_rows = signalled(number, arrival.write_rows)  # type: ignore[attr-defined]
    return QUICK


def arrival_stopped_by_SIGTERM() -> Steps:
    return _arrival_stopped_by(signal.SIGTERM)


def arrival_stopped_by_SIGINT() -> Steps:
    return _arrival_stopped_by(signal.SIGINT)


def arrival_stopped_by_SIGHUP() -> Steps:
    return _arrival_stopped_by(signal.SIGHUP)


def no_dbt_can_start() -> Steps:
    import subprocess

    subprocess.Popen = None  # type: ignore[assignment,misc]
    return FEW_PRODUCTS


def folders_cannot_be_made() -> Steps:
    import pathlib

    def refuse(self: pathlib.Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    pathlib.Path.mkdir = refuse  # type: ignore[method-assign]
    return FEW_PRODUCTS


def postgres_driver_missing() -> Steps:
    sys.modules["psycopg"] = None  # type: ignore[assignment]
    return QUICK


def postgres_server_stops_in_a_load() -> Steps:
    """The server whose process id is in POSTGRES_PID shuts down immediately after the rows have arrived."""
    from pipelines.targets.postgres import publish

    def stop(release: Any, server: Any, *_: Any) -> None:
        os.kill(int(os.environ["POSTGRES_PID"]), signal.SIGQUIT)
        time.sleep(1)
        server.execute("select count(*) from marts__new.dim_levels")

    publish.check = stop  # type: ignore[assignment,attr-defined]
    return QUICK


if __name__ == "__main__":
    _, scenario, *arguments = sys.argv
    signals.catch()
    code = cli.run(arguments, globals()[scenario]())
    signals.ignore()
    sys.exit(code)
