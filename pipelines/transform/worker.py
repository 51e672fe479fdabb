"""The process in which dbt runs. dbt.py starts this file as a script, so it imports nothing from this package.

dbt keeps its database open for as long as its process lives, but the parent needs the file between the models and the tests, so
dbt runs in a separate process. The process imports dbt and parses the project at once, while the parent still checks and loads
raw/. Then it waits for its orders, one per line on standard input:

    models   build every model in the database
    feed     or, instead, only the models of the feed: the others are carried over from the last release
    tests    run the tests of these models on the finished database, read-only

With the argument `units`, it runs the unit tests as well as the data tests.

The end of standard input means that the parent is gone: the process then ends at once and writes nothing more.

It prints one JSON object a line: {"on": "dim_countries"} for each node that starts, {"done": 3, "total": 90} for each one that
is finished, {"result": {...}} with the status of each model and test, {"built": true} when the models are built and the
database is closed, {"error": "..."} for an error.
"""

from __future__ import annotations

import gc
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

# This process runs in the project folder: it uses the profile and the target folder of the project, and no others.
FLAGS = ["--log-level", "none", "--log-level-file", "none", "--no-use-colors", "--no-use-colors-file", "--profiles-dir", "."]
# The parent reads the artifacts of the models while the tests run: the tests write theirs into another folder. dbt writes its
# manifest again in every command, half a second each: only that of the models, which holds their compiled SQL, is needed.
ONLY_CODE = "--no-write-json"


class Engine:
    """The engine that the models are built on, DuckDB, and what else depends on it. Another engine is a subclass."""

    # the targets of profiles.yml for the models and for the tests, and the folder for the artifacts of dbt
    building = "duckdb"
    testing = "finished"
    artifacts = "target"
    # the variables of the models
    variables: Mapping[str, Any] = MappingProxyType({})

    def open(self) -> None:
        """Get ready for the models: raw/ is loaded."""

    def close(self) -> None:
        """Hand the models over to the parent: they are built."""
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager

        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]

    def document(self) -> list[str]:
        """The dbt command that describes the built models. pipelines/products/docs.py makes its page from its output."""
        return ["docs", "generate", "--no-compile"]

    def explain(self, told: dict[str, Any]) -> dict[str, Any]:
        """What the parent is told of a model or test that failed. It looks for the rows that broke a rule itself."""
        return told


def report(event: Any) -> None:
    """Print what the parent needs to know of a dbt event (an EventMsg)."""
    if event.info.name == "LogStartLine":
        print(json.dumps({"on": event.data.node_info.node_name}), flush=True)
    elif event.info.level == "error":
        print(json.dumps({"error": event.info.msg.strip()}), flush=True)
    elif event.info.name in ("LogModelResult", "LogTestResult", "NodeFinished") and hasattr(event.data, "total"):
        print(json.dumps({"done": event.data.index, "total": event.data.total}), flush=True)


def follow_parent(orders: queue.Queue[str]) -> None:
    """Pass on each line of standard input, and end this process as soon as the input ends."""
    left = b""
    while read := os.read(sys.stdin.fileno(), 4096):  # not sys.stdin: its lock would be held at exit
        *lines, left = (left + read).split(b"\n")
        for line in lines:
            orders.put(line.decode())
    os.killpg(0, signal.SIGKILL)  # the process leads a group of its own: with everything that it has started


def main(engine: Engine) -> None:
    """Parse, then follow the orders. Exit code 0: all models and tests passed; 1: at least one failed; 2: dbt failed."""
    # SIGINT ends this process without a message: the parent reports how the run ended
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    orders: queue.Queue[str] = queue.Queue()
    threading.Thread(target=follow_parent, args=(orders,), daemon=True).start()
    # importing dbt creates hundreds of thousands of objects that live as long as the process: garbage collection would take
    # more time than the freed memory is worth
    gc.disable()
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    def run(arguments: list[str], manifest: Manifest | None = None) -> Any:
        """Run a dbt command and print the result of each node."""
        done = dbtRunner(manifest=manifest, callbacks=[report]).invoke(arguments)
        for result in getattr(done.result, "results", []):
            told = {"unique_id": result.node.unique_id, "status": str(result.status)}
            if told["status"] not in ("success", "pass"):
                code = getattr(result.node, "compiled_code", None)  # a unit test that dbt could not set up has none
                told = engine.explain(told | {"message": result.message, "failures": result.failures, "code": code})
            print(json.dumps({"result": told}), flush=True)
        if done.exception is not None:
            print(json.dumps({"error": str(done.exception)}), flush=True)
        return done

    def require(*commands: Any) -> Any:
        """The result of the last of these commands. Ends this process if one of them failed."""
        failed = [done for done in commands if not done.success]
        if failed:
            sys.exit(2 if any(done.exception is not None for done in failed) else 1)
        return commands[-1].result

    plain = ["--vars", json.dumps(dict(engine.variables))]
    building = [*FLAGS, *plain, "--target", engine.building, "--target-path", engine.artifacts]
    testing = [*FLAGS, *plain, "--target", engine.testing, "--target-path", f"{engine.artifacts}/tests", ONLY_CODE]
    # a unit test makes up the rows of its inputs, but reads their columns from the database: what is not stored becomes a view
    with_units = ["--vars", json.dumps({**engine.variables, "unit_tests": True})]
    of_units = [*FLAGS, *with_units, "--target-path", f"{engine.artifacts}/units", ONLY_CODE]
    manifest = require(run(["parse", *building, ONLY_CODE]))
    chosen = {"models": [], "feed": ["--select", "tag:feed"]}[orders.get()]
    engine.open()
    require(run(["run", *building, *chosen], manifest))
    document = engine.document()
    if document and not chosen:
        require(run([*document, *building], manifest))
    units = None
    if "units" in sys.argv[1:]:
        units = require(run(["parse", *of_units, "--target", engine.building]))
        require(run(["run", *of_units, "--target", engine.building, "--select", "config.materialized:view"], units))
    engine.close()
    print(json.dumps({"built": True}), flush=True)
    assert orders.get() == "tests"
    tests = [run(["test", *testing, "--exclude-resource-type", "unit_test", *chosen], manifest)]
    if units:
        tests.append(run(["test", *of_units, "--target", engine.testing, "--select", "test_type:unit"], units))
    require(*tests)
    # end normally, so that the database is closed and leaves no write-ahead log


if __name__ == "__main__":
    main(Engine())
