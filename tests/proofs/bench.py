"""Time and memory of a build, side by side in one run: `make bench`.

Six commands, or seven, take turns for several rounds in a copy of the project. Each is measured as a whole process with its children:

- `egov build --force`, cold: without a saved parse of an earlier run;
- `egov build --force` again;
- `dbt build` from the shell with default flags on the same loaded file: models and tests, no checks, nothing published;
- the floor: one process that runs the SQL that dbt compiled (models and data tests) in DuckDB, and nothing else;
- `egov build` when nothing has changed, and Python doing nothing;
- `egov build --force` of another checkout with its own environment, if one is named.
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
import json, pathlib, duckdb
target = pathlib.Path("target")
nodes = json.loads((target / "manifest.json").read_text())["nodes"]
results = json.loads((target / "run_results.json").read_text())["results"]
models = [nodes[result["unique_id"]] for result in results if result["unique_id"].startswith("model.")]
names = {node["name"] for node in nodes.values() if node["resource_type"] == "test"}
tests = [file for file in sorted((target / "tests" / "compiled" / "egov").rglob("*.sql")) if file.stem in names]
assert len(models) > 40 and len(tests) > 20
con = duckdb.connect("floor/egov.duckdb")
con.execute("attach 'floor/work.duckdb' as work")
for schema in sorted({f"{model['database']}.{model['schema']}" for model in models}):
    con.execute(f"create schema {schema}")
for model in models:
    con.execute(f"create table {model['relation_name']} as {model['compiled_code']}")
for test in tests:
    assert con.execute(f"select count(*) from ({test.read_text()}) as failing").fetchone() == (0,), test
"""


@dataclass
class Run:
    """One finished command: wall-clock seconds, and the peak memory of its largest process in MiB."""

    seconds: float
    mebibytes: float


def run(command: list[str], folder: Path, **variables: str) -> Run:
    """Run a command until it ends, with these variables in its environment. Raises CalledProcessError if it fails."""
    started = time.monotonic()
    child = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "EGOV_PROJECT_DIR": str(folder), "DO_NOT_TRACK": "1", **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(child.pid, 0)
    if code := os.waitstatus_to_exitcode(status):
        raise subprocess.CalledProcessError(code, command)
    return Run(time.monotonic() - started, usage.ru_maxrss / 1024)


def main() -> None:
    """Measure, and print one row per command: median seconds and memory, and the ratio to the floor."""
    against = Path(sys.argv[1]).resolve() if sys.argv[1:] else None
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        project = copy_project(folder)
        binaries = Path(sys.executable).parent
        egov, dbt = str(binaries / "egov"), str(binaries / "dbt")
        run([egov, "build"], folder)
        loading = f"from pathlib import Path; from pipelines.project import Project; from pipelines.intake.load import load; load(Project(Path({str(folder)!r})), Path('loaded/egov.duckdb'))"
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
            shutil.rmtree(project.build, ignore_errors=True)
            project.build_file.parent.mkdir(parents=True)
            shutil.copy(folder / "loaded/egov.duckdb", project.build_file)
            return run([dbt, "build", "--exclude-resource-type", "unit_test"], folder)

        def floor() -> Run:
            shutil.rmtree(folder / "floor", ignore_errors=True)
            shutil.copytree(folder / "loaded", folder / "floor")
            return run([sys.executable, "-c", FLOOR], folder)

        def other() -> Run:
            assert against
            return run([str(against / ".venv/bin/python"), "-m", "pipelines", "build", "--force"], against)

        measured: dict[str, tuple[Callable[[], Run], list[Run]]] = {
            "egov build, cold": (cold, []),
            "egov build, again": (again, []),
            "dbt build, default": (default_dbt, []),
            "floor: the SQL alone": (floor, []),
            "egov build, no change": (unchanged, []),
            "python -c pass": (python, []),
        }
        if against:
            run([str(against / ".venv/bin/python"), "-m", "pipelines", "build"], against)
            measured["the other checkout"] = (other, [])
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
        if against:
            ratios = [
                ours.seconds / theirs.seconds for ours, theirs in zip(full, measured["the other checkout"][1], strict=True)
            ]
            print(f"egov build, again, to that of the other checkout: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
