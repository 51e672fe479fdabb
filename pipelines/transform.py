"""Transform: dbt builds staging, intermediate, marts and reports in the build file and runs every test on it.

dbt runs in a child process (dbt_worker.py) that is started before raw/ is checked: importing dbt and parsing the models
takes longer than checking and loading, and the two do not need each other.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines import signals
from pipelines.project import EgovError, Project, child_environment

# What dbt leaves in target/ and is read here or by a product; none of it may be left over from an earlier run.
LEFT_BY_DBT = ("manifest.json", "run_results.json", "catalog.json", "index.html")


@dataclass(frozen=True)
class TransformResult:
    """How the tests of a dbt build ended."""

    tests_passed: int
    tests_warned: int


class Transform:
    """One dbt build of a project, as a context manager: the child starts on entry and is gone on exit."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def __enter__(self) -> Transform:
        for name in LEFT_BY_DBT:
            (self._project.root / "target" / name).unlink(missing_ok=True)
        # isolated (-I): neither variables nor the folder it runs in decide what Python imports. In a session of its own, so
        # that Ctrl-C in a terminal reaches this process alone, which then ends the child.
        self._child = subprocess.Popen(
            [sys.executable, "-I", "-X", "utf8", str(Path(__file__).with_name("dbt_worker.py"))],
            cwd=self._project.root,
            env=child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self._child.poll() is None:
            self._child.kill()
        with contextlib.suppress(BrokenPipeError):
            self._child.communicate()

    def run(self, progress: Callable[[int, int], None] = lambda done, total: None) -> TransformResult:
        """Build every model and run every test; `progress` is told how many of how many nodes are done.

        Raises EgovError that names each model and test that failed, or tests that the project has and that did not run.
        """
        assert self._child.stdin
        assert self._child.stdout
        with contextlib.suppress(BrokenPipeError):  # a child that could not parse the models is gone; it says why
            self._child.stdin.write("build\n")
            self._child.stdin.flush()
        said = []
        for line in self._child.stdout:
            event = _event(line)
            if "total" in event:
                progress(event["done"], event["total"])
            else:
                said.append(event["error"])
        code = self._child.wait()
        if code < 0:
            raise EgovError(f"dbt was ended by {signals.name(-code)}", 128 - code)
        results = self._left("run_results.json").get("results")
        if code not in (0, 1) or results is None:
            raise EgovError("dbt did not finish:\n" + "\n".join(said[-20:]))
        failed = [result for result in results if result["status"] in ("error", "fail", "runtime error")]
        if failed or code:
            lines = [_failure(self._project, result) for result in failed] or said[-20:]
            raise EgovError("the data or a model is wrong, nothing is published:\n" + "\n".join(lines))
        ended = {result["unique_id"]: result["status"] for result in results}
        tests = [ended.get(test) for test in self._tests()]
        passed, warned = tests.count("pass"), tests.count("warn")
        if not tests or passed + warned < len(tests):
            raise EgovError(f"{passed + warned} tests ran, the project has {len(tests)}; nothing is published")
        return TransformResult(passed, warned)

    def _tests(self) -> list[str]:
        """Every data test of the project by its id in dbt, those that are switched off too."""
        manifest = self._left("manifest.json")
        return sorted(node for node in {*manifest["nodes"], *manifest["disabled"]} if node.split(".")[0] == "test")

    def _left(self, name: str) -> dict[str, Any]:
        """A JSON file that dbt left in target/; empty where it left none."""
        try:
            found: dict[str, Any] = json.loads((self._project.root / "target" / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return found


def _event(line: str) -> dict[str, Any]:
    """A line that the worker said; what is not one of its objects, as the traceback of a crash, is an error."""
    try:
        event = json.loads(line)
    except json.JSONDecodeError:
        event = None
    return event if isinstance(event, dict) else {"error": line.rstrip()}


def _failure(project: Project, result: dict[str, Any]) -> str:
    """A failed model or test with its reason and, for a data test, the first of the rows that break its rule."""
    kind, _, name, *rest = result["unique_id"].split(".")
    if kind == "unit_test":
        name = f"{rest[0]} of {name}"
    if kind != "test" or result["status"] != "fail":
        return f"  {kind} {name}: {' '.join((result.get('message') or '').split())}"
    rows = f"{result['failures']} row{'s' if result['failures'] != 1 else ''}"
    with duckdb.connect(str(project.build_file), read_only=True) as connection:
        cursor = connection.execute(result["compiled_code"])
        columns = [column[0] for column in cursor.description or []]
        examples = [
            ", ".join(f"{column} {value}" for column, value in zip(columns, row, strict=True)) for row in cursor.fetchmany(3)
        ]
    return "\n      ".join([f"  test {name}: {rows}", *examples])
