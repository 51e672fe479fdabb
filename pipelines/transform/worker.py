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
from typing import Any

# This process runs in the project folder: it uses the profile and the target folder of the project, and no others.
FLAGS = ["--log-level", "none", "--log-level-file", "none", "--no-use-colors", "--no-use-colors-file", "--profiles-dir", "."]
BUILDING = [*FLAGS, "--target", "duckdb"]
# The parent reads the artifacts of the models while the tests run: the tests write theirs into another folder. dbt writes its
# manifest again in every command, half a second each: only that of the models, which holds their compiled SQL, is needed.
ONLY_CODE = "--no-write-json"
TESTING = [*FLAGS, "--target", "finished", "--target-path", "target/tests", ONLY_CODE]
# A unit test makes up the rows of its inputs, but reads their columns from the database: it needs a view of what is not stored.
UNITS = [*FLAGS, "--target-path", "target/units", "--vars", "{unit_tests: true}", ONLY_CODE]


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
    os._exit(1)


def main() -> None:
    """Parse, then follow the orders. Exit code 0: all models and tests passed; 1: at least one failed; 2: dbt failed."""
    # SIGINT ends this process without a message: the parent reports how the run ended
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    orders: queue.Queue[str] = queue.Queue()
    threading.Thread(target=follow_parent, args=(orders,), daemon=True).start()
    # importing dbt creates hundreds of thousands of objects that live as long as the process: garbage collection would take
    # more time than the freed memory is worth
    gc.disable()
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    def run(arguments: list[str], manifest: Manifest | None = None) -> Any:
        """Run a dbt command and print the result of each node."""
        done = dbtRunner(manifest=manifest, callbacks=[report]).invoke(arguments)
        for result in getattr(done.result, "results", []):
            told = {"unique_id": result.node.unique_id, "status": str(result.status)}
            if told["status"] not in ("success", "pass"):
                code = getattr(result.node, "compiled_code", None)  # a unit test that dbt could not set up has none
                told |= {"message": result.message, "failures": result.failures, "code": code}
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

    manifest = require(run(["parse", *BUILDING, ONLY_CODE]))
    chosen = {"models": [], "feed": ["--select", "tag:feed"]}[orders.get()]
    require(run(["run", *BUILDING, *chosen], manifest))
    if not chosen:  # pipelines/products/docs.py makes its page from the output
        require(run(["docs", "generate", "--no-compile", *BUILDING], manifest))
    units = None
    if "units" in sys.argv[1:]:
        units = require(run(["parse", *UNITS, "--target", "duckdb"]))
        require(run(["run", *UNITS, "--target", "duckdb", "--select", "config.materialized:view"], units))
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    print(json.dumps({"built": True}), flush=True)
    assert orders.get() == "tests"
    tests = [run(["test", *TESTING, "--exclude-resource-type", "unit_test", *chosen], manifest)]
    if units:
        tests.append(run(["test", *UNITS, "--target", "finished", "--select", "test_type:unit"], units))
    require(*tests)
    # end normally, so that the database is closed and leaves no write-ahead log


if __name__ == "__main__":
    main()
