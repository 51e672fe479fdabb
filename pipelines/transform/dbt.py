"""dbt: one build of the project's models and tests, in a child process (worker.py).

The child starts before raw/ is checked: importing dbt and parsing the models takes longer than checking and loading raw/, and
neither depends on the other. The tests run while the parent makes the products: both only read the same finished file.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from pipelines import signals
from pipelines.project import EgovError, Exit, Project, child_environment
from pipelines.releases.connect import MEMORY_LIMIT, memory
from pipelines.releases.draft import Tested
from pipelines.releases.runs import Progress

# What dbt leaves in target/ for later steps to read. Nothing of it may be left over from an earlier run.
ARTIFACTS = ("manifest.json", "catalog.json", "index.html")


class Dbt:
    """One dbt build of a project, as a context manager: the child starts on entry and has ended on exit."""

    def __init__(self, project: Project, *, units: bool) -> None:
        """`units` says whether to run the unit tests as well."""
        self._project = project
        self._units = units
        self._results: dict[str, dict[str, Any]] = {}
        self._only_feed = False

    def __enter__(self) -> Dbt:
        for name in ARTIFACTS:
            (self._project.target / name).unlink(missing_ok=True)
        # -I isolates the child: neither variables nor the current folder decide what Python imports. It has its own session, so
        # that Ctrl-C in a terminal reaches only this process, which then ends the child.
        self._child = subprocess.Popen(
            [sys.executable, "-I", "-X", "utf8", *self._worker(), *(["units"] if self._units else [])],
            cwd=self._project.root,
            env=self._environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)  # with every process that the child has started
        with contextlib.suppress(BrokenPipeError):
            self._child.communicate()

    def _worker(self) -> list[str]:
        """The arguments with which Python starts the worker."""
        return [str(Path(__file__).with_name("worker.py"))]

    def _environment(self) -> dict[str, str]:
        """The environment of the worker. Raises EgovError, exit code 2, if the memory limit is not a size."""
        limit = memory().get("memory_limit")
        return child_environment() | ({MEMORY_LIMIT: limit} if limit else {})

    def start_models(self, *, only_feed: bool) -> None:
        """Start to build every model in the loaded database, or, with `only_feed`, those of the feed in a carried one."""
        self._only_feed = only_feed
        self._order("feed" if only_feed else "models")

    def finish_models(self, progress: Progress) -> frozenset[str]:
        """Wait for the models. `progress` is told how many of how many nodes are done. The database is closed afterwards.

        Returns the names of the models that were built. Raises EgovError that names each
        model that failed.
        """
        self._follow(progress)
        return frozenset(node.split(".")[-1] for node in self._results if node.startswith("model."))

    def start_tests(self) -> None:
        """Start the tests. They only read the finished database."""
        self._order("tests")

    def finish_tests(self, progress: Progress) -> Tested:
        """Wait for the tests. Raises EgovError that names each failed test, or says that some tests did not run.

        Tests of carried tables count as passed: they passed on the same tables in the release from which these come.
        """
        self._follow(progress)
        kinds = ("test", "unit_test") if self._units else ("test",)
        carried, due = self._tests(kinds)
        outcomes = [self._results.get(test, {}).get("status") for test in due]
        passed, warned = outcomes.count("pass"), outcomes.count("warn")
        if not outcomes or passed + warned < len(outcomes):
            raise EgovError(f"{passed + warned} tests ran, the project has {len(outcomes)}; nothing is published")
        return Tested(passed + len(carried), warned)

    def _order(self, order: str) -> None:
        assert self._child.stdin
        with contextlib.suppress(BrokenPipeError):  # the child has ended because it could not parse the models, and said why
            self._child.stdin.write(f"{order}\n")
            self._child.stdin.flush()

    def _follow(self, progress: Progress) -> None:
        """Read the child's output until it has built the models or has ended. Raises EgovError if anything failed."""
        assert self._child.stdout
        said = []
        done = total = 0
        for line in self._child.stdout:
            event = _event(line)
            if "built" in event:
                return
            if "total" in event:
                done, total = event["done"], event["total"]
                progress(done, total)
            elif "on" in event:  # a large model runs for minutes: its name says why nothing else happens
                progress(done, total, event["on"])
            elif "stopped" in event:
                raise EgovError(f"{event['stopped']}; nothing is published")
            elif "result" in event:
                self._results[event["result"]["unique_id"]] = event["result"]
            else:
                said.append(event["error"])
        code = self._child.wait()
        if code < 0:
            raise EgovError(f"dbt was ended by {signals.name(-code)}", Exit.SIGNALLED - code)
        if code not in (0, 1):
            raise EgovError("dbt did not finish:\n" + "\n".join(said[-20:]))
        if code:
            failed = [result for result in self._results.values() if result["status"] in ("error", "fail", "runtime error")]
            lines = [_failure(result, self._breaking) for result in failed] or said[-20:]
            raise EgovError("the data or a model is wrong, nothing is published:\n" + "\n".join(lines))

    def _breaking(self, result: dict[str, Any]) -> list[dict[str, Any]]:
        """The first rows that break the rule of a failed data test."""
        with duckdb.connect() as connection:
            for database, file in (("egov", self._project.build_file), ("work", self._project.work_file)):
                connection.execute(f"attach ? as {database} (read_only)", [str(file)])
            connection.execute("use egov")
            cursor = connection.execute(result["code"])
            columns = [column[0] for column in cursor.description or []]
            return [dict(zip(columns, row, strict=True)) for row in cursor.fetchmany(3)]

    def _tests(self, kinds: tuple[str, ...]) -> tuple[list[str], list[str]]:
        """The ids of all tests of these kinds, including those that are switched off: of carried tables, and those to run."""
        manifest = json.loads((self._project.target / "manifest.json").read_text(encoding="utf-8"))
        nodes: dict[str, Any] = manifest["nodes"] | manifest["unit_tests"] | manifest["disabled"]
        tests = sorted(node for node in nodes if node.split(".")[0] in kinds)
        if not self._only_feed:
            return [], tests
        built = {name for name, node in manifest["nodes"].items() if "feed" in node["tags"]}
        due = [test for test in tests if test in manifest["disabled"] or built & {*nodes[test]["depends_on"]["nodes"]}]
        return sorted({*tests} - {*due}), due


def _event(line: str) -> dict[str, Any]:
    """A line of the worker's output. A line that is not a JSON object, for example from a traceback, is an error."""
    try:
        event = json.loads(line)
    except json.JSONDecodeError:
        event = None
    return event if isinstance(event, dict) else {"error": line.rstrip()}


def _failure(result: dict[str, Any], breaking: Callable[[dict[str, Any]], list[dict[str, Any]]]) -> str:
    """A failed model or test with its reason and, for a data test, the first rows that break its rule."""
    kind, _, name, *rest = result["unique_id"].split(".")
    if kind == "unit_test":
        name = f"{rest[0]} of {name}"
    if kind != "test" or result["status"] != "fail":
        return f"  {kind} {name}: {' '.join((result.get('message') or '').split())}"
    rows = f"{result['failures']} row{'s' if result['failures'] != 1 else ''}"
    examples = [", ".join(f"{column} {value}" for column, value in row.items()) for row in breaking(result)]
    return "\n      ".join([f"  test {name}: {rows}", *examples])
