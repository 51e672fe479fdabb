"""The process in which dbt runs. dbt.py starts it as a file of its own: it imports nothing of this package.

dbt keeps its database open for as long as its process lives, and the parent needs the file between the models and the tests:
hence a process of its own. It imports dbt and parses the project at once, while the parent still checks and loads raw/. Then it
waits for its orders, one a line on its standard input:

    models   build every model in the database
    tests    run every test on the finished database, read-only

With the argument `units` the unit tests are among the tests, otherwise only the data tests are run.

When its standard input ends, its parent is gone: it ends at once and writes nothing more.

It prints one JSON object a line: {"done": 3, "total": 90} for each finished node, {"result": {...}} with the status of each
model and test, {"built": true} when the models are built and the database is closed, {"error": "..."} for an error.
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

# The folder that this process runs in is the project: its profile and its target folder are the only ones.
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
    if event.info.level == "error":
        print(json.dumps({"error": event.info.msg.strip()}), flush=True)
    elif event.info.name in ("LogModelResult", "LogTestResult", "NodeFinished") and hasattr(event.data, "total"):
        print(json.dumps({"done": event.data.index, "total": event.data.total}), flush=True)


def follow_parent(orders: queue.Queue[str]) -> None:
    """Pass on each line of standard input, and end this process as soon as the input ends."""
    left = b""
    while read := os.read(sys.stdin.fileno(), 4096):  # not sys.stdin: its lock would be held when the process ends by itself
        *lines, left = (left + read).split(b"\n")
        for line in lines:
            orders.put(line.decode())
    os._exit(1)


def main() -> None:
    """Parse, then obey the orders. Exit code 0: every model and test is good; 1: one is not; 2: dbt itself failed."""
    # a signal ends this process without a message: the parent says what became of the run
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    orders: queue.Queue[str] = queue.Queue()
    threading.Thread(target=follow_parent, args=(orders,), daemon=True).start()
    # importing dbt makes hundreds of thousands of objects that live as long as the process: collecting garbage among them
    # costs more time than the memory is worth
    gc.disable()
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    def run(arguments: list[str], manifest: Manifest | None = None) -> Any:
        """The result of a dbt command that succeeded. Ends this process if it did not."""
        done = dbtRunner(manifest=manifest, callbacks=[report]).invoke(arguments)
        for result in getattr(done.result, "results", []):
            told = {"unique_id": result.node.unique_id, "status": str(result.status)}
            if told["status"] not in ("success", "pass"):
                told |= {"message": result.message, "failures": result.failures, "code": result.node.compiled_code}
            print(json.dumps({"result": told}), flush=True)
        if done.exception is not None:
            print(json.dumps({"error": str(done.exception)}), flush=True)
        if not done.success:
            sys.exit(2 if done.exception is not None else 1)
        return done.result

    manifest = run(["parse", *BUILDING, ONLY_CODE])
    assert orders.get() == "models"
    run(["run", *BUILDING], manifest)
    run(["docs", "generate", "--no-compile", *BUILDING], manifest)  # pipelines/products/docs.py makes its page from the output
    units = None
    if "units" in sys.argv[1:]:
        units = run(["parse", *UNITS, "--target", "duckdb"])
        run(["run", *UNITS, "--target", "duckdb", "--select", "config.materialized:view"], units)
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    print(json.dumps({"built": True}), flush=True)
    assert orders.get() == "tests"
    run(["test", *TESTING, "--exclude-resource-type", "unit_test"], manifest)
    if units:
        run(["test", *UNITS, "--target", "finished", "--select", "test_type:unit"], units)
    # a plain end, so that the database is closed and leaves no write-ahead log


if __name__ == "__main__":
    main()
