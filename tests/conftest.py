"""Fixtures: a project for tests that build or break something, a shared release for tests that only read, and a browser."""

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
from tests import feeds
from tests.helpers import KEEPING, NOT_RUN, copy_project, egov, need
from tests.importers.official import import_next_editions
from tests.products.hostile import poison

# A background job inherits these signals as ignored and passes that on to its children, which the tests send signals to.
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with nothing built yet, for a test to break."""
    return copy_project(tmp_path / "project")


def shared_build(tmp_path_factory: pytest.TempPathFactory, name: str, change: Callable[[Project], object]) -> Project:
    """A project with one published release, built after `change`; all workers of a test run share it by `name`."""
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
    """A project with one published release. Tests must not change it."""
    return shared_build(tmp_path_factory, "built", lambda project: None)


@pytest.fixture(scope="session")
def fed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Like `built`, but with a small usage feed. Tests must not change it."""
    return shared_build(tmp_path_factory, "fed", feeds.add_small)


@pytest.fixture(scope="session")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Like `built`, but every text in the figures, the package and the models contains markup and scripts: see hostile.py."""
    return shared_build(tmp_path_factory, "attacked", poison)


@pytest.fixture(scope="session")
def next_edition(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Like `built`, but with future editions. Tests must not change it."""
    return shared_build(tmp_path_factory, "next_edition", import_next_editions)


@pytest.fixture
def release(built: Project) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the published release, opened as an analyst would open it."""
    with connect.connect(built.published_file) as connection:
        yield connection


@pytest.fixture
def fresh(tmp_path: Path, built: Project) -> Project:
    """A copy of the built project that a test may break; it includes the release and dbt's parse of the models."""
    return Project(Path(shutil.copytree(built.root, tmp_path / "project", symlinks=True)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the tests that did not run, so that they are seen even if only the end of the output is read."""
    wanting = [report for report in terminalreporter.getreports("skipped") if NOT_RUN in str(report.longrepr)]
    if wanting:
        terminalreporter.section("NOT RUN: A PROGRAM IS MISSING", sep="!", red=True, bold=True)
        for report in wanting:
            reason = str(report.longrepr[2]).partition(NOT_RUN)[2] if isinstance(report.longrepr, tuple) else report.longrepr
            terminalreporter.line(f"{report.nodeid}: {reason}", red=True)


# By default Chromium fetches lists and updates and resolves names; these flags keep it from leaving this machine.
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
    """A new, empty browser. `outside` lists the blocked requests of pages to addresses outside this machine."""

    context: BrowserContext
    outside: list[str] = field(default_factory=list)

    def admit(self, route: Route) -> None:
        """Allow requests that stay on this machine; block and record all others."""
        address = urlsplit(route.request.url)
        if address.hostname == "127.0.0.1" or address.scheme in ("file", "data", "blob"):
            route.continue_()
        else:
            self.outside.append(route.request.url)
            route.abort()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """Headless Chromium from the system packages, with an empty profile and no access beyond this machine."""
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
