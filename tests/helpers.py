"""Shared by the tests: a copy of the project, ways to run the command line on it, and the steps of a fast build."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from pipelines import cli
from pipelines.build import Steps
from pipelines.products import codebook
from pipelines.project import Project
from pipelines.releases import store
from pipelines.releases.draft import Draft, Tested
from pipelines.releases.runs import Progress
from pipelines.transform.dbt import Dbt

ROOT = Path(__file__).parent.parent
HERE = "127.0.0.1"
# The day of the copy that an import asks for.
ACCESSED = ("--accessed", "2026-01-02")
PARTS = [
    "raw",
    "models",
    "macros",
    "tests/dbt",
    "dbt_project.yml",
    "profiles.yml",
    "requirements.txt",
    "requirements-spark.txt",
    "CITATION.cff",
]
ARTIFACTS = ("manifest.json", "catalog.json", "index.html")


def copy_project(folder: Path) -> Project:
    """Copy the parts of this checkout that a build reads into `folder`."""
    for part in PARTS:
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    return Project(folder)


class Keep(Dbt):
    """A full dbt build that saves its results in the project's folder `kept`."""

    def finish_models(self, progress: Progress) -> frozenset[str]:
        built = super().finish_models(progress)
        kept = self._project.root / "kept"
        kept.mkdir(exist_ok=True)
        shutil.copy(self._project.build_file, kept)
        for name in ARTIFACTS:
            shutil.copy(self._project.target / name, kept)
        return built


class Kept:
    """A transform that uses the results saved by Keep instead of building models, and runs no tests."""

    def __init__(self, project: Project, meanwhile: Callable[[Project], object] | None = None) -> None:
        self._project = project
        self._meanwhile = meanwhile

    def start_models(self, *, only_feed: bool) -> None:
        pass

    def finish_models(self, progress: Progress) -> frozenset[str]:
        kept = self._project.root / "kept"
        shutil.copy(kept / "egov.duckdb", self._project.build_file)
        for name in ARTIFACTS:
            shutil.copy(kept / name, self._project.target)
        if self._meanwhile:
            self._meanwhile(self._project)
        return frozenset()

    def start_tests(self) -> None:
        pass

    def finish_tests(self, progress: Progress) -> Tested:
        return Tested(1, 0)


def quick(meanwhile: Callable[[Project], object] | None = None, *, whole: bool = False, **steps: Any) -> Steps:
    """The steps of a build without dbt. `meanwhile` is called as soon as the models are there.

    Such a build tests what happens around and after the models. Unless `whole` is set, it makes only one product, because most
    tests of a build do not look at the products.
    """

    @contextlib.contextmanager
    def transform(project: Project, units: bool) -> Iterator[Kept]:
        yield Kept(project, meanwhile)

    chosen: dict[str, Any] = {} if whole else {"products": lambda: [codebook.PRODUCT]}
    nothing = {"check": lambda project: None, "load": lambda project, database: None, "transform": transform}
    return Steps(**{**nothing, **chosen, **steps})


# A build with dbt that makes only one product.
FEW_PRODUCTS = Steps(products=lambda: [codebook.PRODUCT])
# A full build whose models Kept can reuse.
KEEPING = Steps(transform=lambda project, units: Keep(project, units=units))
QUICK = quick()


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def egov(project: Project, *arguments: str, steps: Steps = FEW_PRODUCTS) -> Said:
    """Run the command line on a project, in this process. `steps` are used if the command is a build."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8", newline=""), io.StringIO()
    variables = {"EGOV_PROJECT_DIR": str(project.root), "COLUMNS": "200"}
    with mock.patch.dict(os.environ, variables), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.run(list(arguments), steps)
    out.seek(0)
    return Said(code, out.read(), err.getvalue())


def command(scenario: str, *arguments: str) -> list[str]:
    """The arguments of a separate process that runs the command line, in a scenario of scenarios.py.

    If `scenario` is empty, the command runs undisturbed, as for a user. The process must run in ROOT.
    """
    return [sys.executable, "-m", *(["tests.scenarios", scenario] if scenario else ["pipelines"]), *arguments]


def environment(project: Project, **variables: str) -> dict[str, str]:
    """The environment variables of such a process."""
    return {**os.environ, "EGOV_PROJECT_DIR": str(project.root), "COLUMNS": "200", **variables}


def egov_process(project: Project, scenario: str, *arguments: str, **variables: str) -> Said:
    """Run the command line in a separate process, in a scenario of scenarios.py."""
    done = subprocess.run(
        command(scenario, *arguments),
        cwd=ROOT,
        env=environment(project, **variables),
        capture_output=True,
        text=True,
        timeout=300,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def unsealed(folder: Path) -> Path:
    """Make a release writable for a test that damages it: without this, only root could write to it."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def published(name: str) -> list[dict[str, str]]:
    """A table of figures that were typed in a second time, directly from the document."""
    with open(ROOT / "tests" / "published" / f"{name}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def current_draft(project: Project) -> Draft:
    """The published release as a draft, as its products saw it during the build."""
    summary = store.require_current(project).summary
    built_at = datetime.fromisoformat(summary["built_at"])
    return Draft(project, project.current, summary["release_id"], built_at, summary["raw_sha256"], summary["fingerprint"])


NOT_RUN = "not run, a program is missing: "


def need(present: object, what: str) -> None:
    """Skip the test unless a program is `present`. The end of the run lists such tests; in CI (variable CI) the test fails."""
    if not present:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(NOT_RUN + what)


def free_port() -> int:
    """A port of this machine on which a server of a test can listen."""
    with socket.socket() as opened:
        opened.bind((HERE, 0))
        return int(opened.getsockname()[1])
