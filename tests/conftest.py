"""Fixtures: a copy of the project for tests that build or break something, one built release for those that read it.

Tests that look at a page have a browser.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import pytest
from filelock import FileLock
from playwright.sync_api import BrowserContext, Route, sync_playwright

from pipelines.project import Project
from pipelines.releases import connect
from tests.helpers import KEEPING, NOT_RUN, copy_project, egov, need
from tests.products.hostile import poison

# Tests that are run in the background inherit these ignored, and so would whatever they send them to.
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with nothing built yet, for a test to break."""
    return copy_project(tmp_path / "project")


def shared_build(tmp_path_factory: pytest.TempPathFactory, name: str, change: Callable[[Project], object]) -> Project:
    """A project with one published release, built after `change`, that all workers of a run share by its name."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / name
    with FileLock(shared / f"{name}.lock"):
        if not (folder / "warehouse" / "current").exists():
            changed = copy_project(folder)
            change(changed)
            done = egov(changed, "build", steps=KEEPING)
            assert done.returncode == 0, done.stderr
    return Project(folder)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with one published release. Tests that use it leave it as it is."""
    return shared_build(tmp_path_factory, "built", lambda project: None)


@pytest.fixture(scope="session")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """As `built`, from figures, a package and models that have markup and scripts in every text: see hostile.py."""
    return shared_build(tmp_path_factory, "attacked", poison)


@pytest.fixture
def release(built: Project) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the published release, as an analyst would open it."""
    with connect.connect(built.published_file) as connection:
        yield connection


@pytest.fixture
def fresh(tmp_path: Path, built: Project) -> Project:
    """A copy of the built project that a test may break; it has the release and dbt's parse of the same models."""
    return Project(Path(shutil.copytree(built.root, tmp_path / "project", symlinks=True)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Whoever reads only the end of a run reads what it has not tried."""
    wanting = [report for report in terminalreporter.getreports("skipped") if NOT_RUN in str(report.longrepr)]
    if wanting:
        terminalreporter.section("NOT RUN FOR WANT OF A PROGRAM", sep="!", red=True, bold=True)
        for report in wanting:
            reason = str(report.longrepr[2]).partition(NOT_RUN)[2] if isinstance(report.longrepr, tuple) else report.longrepr
            terminalreporter.line(f"{report.nodeid}: {reason}", red=True)


# Chromium fetches lists and updates of its own accord, and asks for names: here it stays on this machine.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


@dataclass
class Browser:
    """A new, empty browser. `outside` lists the addresses beyond this machine that pages asked for and did not get."""

    context: BrowserContext
    outside: list[str] = field(default_factory=list)

    def admit(self, route: Route) -> None:
        """Let a request pass that stays on this machine, refuse and note any other."""
        address = urlsplit(route.request.url)
        if address.hostname == "127.0.0.1" or address.scheme in ("file", "data", "blob"):
            route.continue_()
        else:
            self.outside.append(route.request.url)
            route.abort()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """Headless Chromium from the system's packages, with nothing kept from earlier runs and no way off this machine."""
    chromium = shutil.which("chromium")
    need(chromium, "chromium (Debian's package chromium)")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "chromium", executable_path=chromium, headless=True, args=CHROMIUM_FLAGS
        )
        opened = Browser(context)
        context.route("**/*", opened.admit)
        yield opened
        context.close()
