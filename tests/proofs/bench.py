"""Time and memory of a build, side by side in one run: `make bench`.

Six commands take turns for several rounds in a copy of the project. Each is measured as a whole process with its children:

- `egov build --force`, cold: without a saved parse of an earlier run;
- `egov build --force` again;
- `dbt build` from the shell with default flags on the same loaded file: models and tests, no checks, nothing published;
- the floor: one process that runs the SQL that dbt compiled (models and data tests) in DuckDB, and nothing else;
- `egov build` when nothing has changed, and Python doing nothing.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.helpers import ROOT, copy_project

ROUNDS = 5
FLOOR = """
import json, sys, duckdb
results = json.load(open("target/run_results.json"))["results"]
nodes = json.load(open("target/manifest.json"))["nodes"]
con = duckdb.connect("floor/egov.duckdb")
for schema in ("staging", "intermediate", "marts", "reports"):
    con.execute(f"create schema {schema}")
for result in results:
    node = nodes.get(result["unique_id"])
    if node is None:
        continue
    code = result["compiled_code"]
    if node["resource_type"] == "model":
        kind = node["config"]["materialized"]
        con.execute(f"create {kind} {node['schema']}.{node['name']} as {code}")
    else:
        assert con.execute(f"select count(*) from ({code}) as failing").fetchone() == (0,), node["name"]
"""


@dataclass
class Run:
    """One finished command: wall-clock seconds, and the peak memory of its largest process in MiB."""

    seconds: float
    mebibytes: float


def run(command: list[str], folder: Path) -> Run:
    """Run a command until it ends. Raises CalledProcessError if it fails."""
    started = time.monotonic()
    child = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "EGOV_PROJECT_DIR": str(folder), "DO_NOT_TRACK": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(child.pid, 0)
    if code := os.waitstatus_to_exitcode(status):
        raise subprocess.CalledProcessError(code, command)
    return Run(time.monotonic() - started, usage.ru_maxrss / 1024)


def main() -> None:
    """Measure, and print one row per command: median seconds and memory, and the ratio to the floor."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        project = copy_project(folder)
        binaries = Path(sys.executable).parent
        egov, dbt = str(binaries / "egov"), str(binaries / "dbt")
        run([egov, "build"], folder)
        loading = f"from pathlib import Path; from pipelines.project import Project; from pipelines.load import load; load(Project(Path({str(folder)!r})), Path('loaded/egov.duckdb'))"
        (folder / "loaded").mkdir()
        run([sys.executable, "-c", loading], folder)

        def cold() -> Run:
            shutil.rmtree(folder / "target")
            return run([egov, "build", "--force"], folder)

        def again() -> Run:
            return run([egov, "build", "--force"], folder)

        def unchanged() -> Run:
            return run([egov, "build"], folder)

        def python() -> Run:
            return run([sys.executable, "-c", "pass"], folder)

        def default_dbt() -> Run:
            project.build.mkdir(exist_ok=True)
            shutil.copy(folder / "loaded/egov.duckdb", project.build_file)
            return run([dbt, "build"], folder)

        def floor() -> Run:
            shutil.rmtree(folder / "floor", ignore_errors=True)
            shutil.copytree(folder / "loaded", folder / "floor")
            return run([sys.executable, "-c", FLOOR], folder)

        measured: dict[str, tuple[Callable[[], Run], list[Run]]] = {
            "egov build, cold": (cold, []),
            "egov build, again": (again, []),
            "dbt build, default": (default_dbt, []),
            "floor: the SQL alone": (floor, []),
            "egov build, no change": (unchanged, []),
            "python -c pass": (python, []),
        }
        for number in range(ROUNDS):
            for name, (command, runs) in measured.items():
                runs.append(command())
                print(f"round {number + 1} of {ROUNDS}: {name} {runs[-1].seconds:.1f} s", file=sys.stderr)
        base = statistics.median(each.seconds for each in measured["floor: the SQL alone"][1])
        print(f"\n{'':<22}{'seconds':>10}{'MiB':>8}{'to floor':>10}   median of {ROUNDS} rounds in {ROOT.name}")
        for name, (_, runs) in measured.items():
            seconds = statistics.median(each.seconds for each in runs)
            memory = statistics.median(each.mebibytes for each in runs)
            print(f"{name:<22}{seconds:>10.2f}{memory:>8.0f}{seconds / base:>10.1f}")
        full, none = measured["egov build, again"][1], measured["egov build, no change"][1]
        shares = [less.seconds / more.seconds for less, more in zip(none, full, strict=True)]
        print(f"egov build, no change, to egov build, again: {statistics.median(shares):.3f}")
        ratios = [
            ours.seconds / theirs.seconds
            for ours, theirs in zip(measured["egov build, again"][1], measured["dbt build, default"][1], strict=True)
        ]
        print(f"egov build, again, to dbt build, default: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
