"""What tests share: a copy of the project for those that build or break something, one built release for those that read.

Those that look at a page have a browser.
"""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import pytest
from filelock import FileLock
from hostile import poison
from playwright.sync_api import BrowserContext, Route, sync_playwright

from pipelines import read, releases
from pipelines.products.contract import Draft
from pipelines.project import Project

ROOT = Path(__file__).parent.parent

# Tests that are run in the background inherit these ignored, and so would whatever they send them to.
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
PARTS = ["raw", "models", "macros", "tests/dbt", "dbt_project.yml", "profiles.yml", "CITATION.cff"]

# Most tests of a build ask nothing of its products: one stands for all.
FEW_PRODUCTS = """
from pipelines import products
products.MODULES = ["codebook"]
"""
# What happens around and after the models can be tried without making them: they are those that the first build left.
KEEPS_MODELS = """
import shutil, pipelines.publish as publish
whole = publish.prepare
def keep(project, result, fingerprint):
    shutil.copy(project.build_file, project.root / "transformed.duckdb")
    shutil.copy(project.root / "target" / "manifest.json", project.root / "transformed.json")
    return whole(project, result, fingerprint)
publish.prepare = keep
"""
WITHOUT_DBT = """
import pipelines, shutil, types
from pipelines import transform, validate
validate.check = lambda project: []
pipelines.load = types.SimpleNamespace(load=lambda project, build_file: None)
class Quick(transform.Transform):
    def __enter__(self):
        return self
    def __exit__(self, *_):
        pass
    def run(self, progress=None):
        shutil.copy(self._project.root / "transformed.duckdb", self._project.build_file)
        shutil.copy(self._project.root / "transformed.json", self._project.root / "target" / "manifest.json")
        return transform.TransformResult(1, 0)
transform.Transform = Quick
"""


def copy_project(folder: Path) -> Project:
    """The parts of this checkout that a build reads, in `folder`."""
    for part in PARTS:
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    return Project(folder)


def egov(project: Project, *arguments: str, patch: str = "", whole: bool = False) -> subprocess.CompletedProcess[str]:
    """Run the command line on a project in a process of its own; `patch` is Python that runs before it.

    A build makes one product only, unless it is to be `whole`.
    """
    if arguments[0] == "build" and not whole:
        patch = FEW_PRODUCTS + patch
    return subprocess.run(
        [sys.executable, "-c", f"{patch}\nfrom pipelines.__main__ import main; main()", *arguments],
        env={**os.environ, "EGOV_PROJECT_DIR": str(project.root), "COLUMNS": "200"},
        cwd=project.root,
        capture_output=True,
        text=True,
        timeout=300,
    )


def unsealed(folder: Path) -> Path:
    """A release, made writable for a test that spoils it: root could write anyway, others could not."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def published(name: str) -> list[dict[str, str]]:
    """A table of figures keyed a second time, straight from the document."""
    with open(ROOT / "tests" / "published" / f"{name}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def current_draft(project: Project) -> Draft:
    """The published release as its products saw it when it was made."""
    summary = releases.summary(project, project.current.readlink().name)
    return Draft(project, project.current, summary["release_id"], datetime.fromisoformat(summary["built_at"]))


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
            done = egov(changed, "build", patch=KEEPS_MODELS, whole=True)
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
    with read.connect(built.published_file) as connection:
        yield connection


@pytest.fixture
def fresh(tmp_path: Path, built: Project) -> Project:
    """A copy of the built project that a test may break; it has the release and dbt's parse of the same models."""
    return Project(Path(shutil.copytree(built.root, tmp_path / "project", symlinks=True)))


NOT_RUN = "not run for want of a program: "


def need(present: object, what: str) -> None:
    """Go on where a program is `present`. Where it is not, the run ends with a loud word, and in CI (variable CI) it fails."""
    if not present:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(NOT_RUN + what)


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
