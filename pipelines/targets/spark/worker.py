"""The process in which dbt runs on Spark: transform/worker.py with a Spark session in place of a DuckDB file.

Spark is what it is everywhere: the session comes from pyspark, its settings from the user's spark-defaults.conf in
SPARK_CONF_DIR, its master from EGOV_SPARK_MASTER. Only what the results or the safety of a build depend on is set here.

It prints one more kind of JSON object than that worker: {"stopped": "..."} if Spark cannot go on.
"""

from __future__ import annotations

import gc
import json
import os
import re
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.targets.spark import MASTER, PATIENCE, is_local, is_on_this_machine
from pipelines.transform import worker

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# What the values of the tables depend on, whatever spark-defaults.conf says.
SETTINGS = {
    "spark.app.name": "egov build",
    "spark.sql.ansi.enabled": "true",  # an overflow or a cast that fails is an error, not a null
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "false",
    "spark.sql.decimalOperations.allowPrecisionLoss": "true",
    "spark.sql.catalogImplementation": "in-memory",  # the tables of a build are known to this session only
    "spark.sql.sources.default": "parquet",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # as a moment, which INT96 does not say
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",  # no file _SUCCESS in a table
    "spark.ui.enabled": "false",  # and nothing is kept for its pages
    "spark.ui.retainedJobs": "1",
    "spark.ui.retainedStages": "1",
    "spark.ui.retainedTasks": "1",
    "spark.sql.ui.retainedExecutions": "1",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "WARN",
}
HERE = "127.0.0.1"
SCHEMAS = ("marts", "reports", "intermediate", "claims", "staging", "raw", "feed")


class Spark(worker.Engine):
    """Apache Spark, through the session method of dbt-spark."""

    building = testing = "spark"
    artifacts = "target/spark"

    def __init__(self, build: Path, master: str) -> None:
        """`build` is the folder of the loaded tables and of the draft."""
        self._build = build
        self.variables = {"feed_months": (Path.cwd() / "feed" / "months").as_uri()}
        self._master = master
        self._session: SparkSession | None = None
        self._ends = threading.Event()
        self._started = threading.Thread(target=self._start, daemon=True)
        self._started.start()  # while dbt is imported and parses: Java takes seconds to start

    def _start(self) -> None:
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master(self._master)
        for name, value in SETTINGS.items():
            builder = builder.config(name, value)
        if is_on_this_machine(self._master):  # nothing outside this machine needs to reach the driver
            builder = builder.config("spark.driver.host", HERE).config("spark.driver.bindAddress", HERE)
        try:
            session = builder.getOrCreate()
        except Exception as error:
            reason = "it does not answer" if "stopped SparkContext" in str(error) else brief(error)
            stop(f"Spark did not start with the master {self._master}: {reason}")
        if not session.sparkContext.getConf().contains("spark.sql.shuffle.partitions"):
            # Spark's default of 200 is for tables a thousand times as large; adaptive execution only merges partitions
            session.conf.set("spark.sql.shuffle.partitions", max(4, 2 * session.sparkContext.defaultParallelism))
        self._session = session
        threading.Thread(target=self._watch, args=(session,), daemon=True).start()

    def _watch(self, session: SparkSession) -> None:
        """Stop if Spark has ended, or if no executor is left: Spark itself would wait for one for ever."""
        patience = float(os.environ[PATIENCE])
        context = session.sparkContext._jsc.sc()
        alone_since = None
        while not self._ends.wait(1):
            try:
                stopped = context.isStopped()
                others = len(context.statusTracker().getExecutorInfos()) - 1  # one is the driver
            except Exception:
                stopped, others = True, 0
            if stopped and not self._ends.is_set():
                stop(f"Spark has ended, with the master {self._master}; target/spark/spark.log holds its last words")
            if others or is_local(self._master):
                alone_since = None
            elif alone_since is None:
                alone_since = time.monotonic()
            elif time.monotonic() - alone_since > patience:
                stop(f"Spark has had no executor for {patience:g} seconds: the master {self._master} or its workers are gone")

    def open(self) -> None:
        """Name the loaded tables, and say where the tables of each schema are stored."""
        # Java keeps a plan for as long as Python keeps its object: from now on, garbage costs more than looking for it
        gc.freeze()
        gc.enable()
        self._started.join()
        assert self._session
        release, work = self._build / "release", self._build / "work"
        places = {name: release if name in ("marts", "reports") else work for name in SCHEMAS}
        for schema, folder in places.items():
            self._session.sql(f"create schema {schema} location '{quoted(folder / schema)}'")
        for schema in ("raw", "feed"):
            for folder in (self._build / schema).iterdir():
                self._session.sql(f"create table {schema}.{folder.name} using parquet location '{quoted(folder)}'")

    def close(self) -> None:
        """The tables are files already."""

    def end(self) -> None:
        """Give back the executors. A master that is gone is not waited for."""
        self._ends.set()
        if self._session:
            stopping = threading.Thread(target=self._session.stop, daemon=True)
            stopping.start()
            stopping.join(10)

    def document(self) -> list[str]:
        return []

    def explain(self, told: dict[str, Any]) -> dict[str, Any]:
        """Add the first rows that break a rule: only this process can query them."""
        assert self._session
        if told["status"] == "fail" and told["unique_id"].startswith("test."):
            told["rows"] = [
                {column: str(value) for column, value in row.asDict().items()}
                for row in self._session.sql(told["code"]).take(3)
            ]
        return told | {"message": brief(told["message"] or "")}


def quoted(folder: Path) -> str:
    """The address of a folder within a literal of Spark SQL. The scheme keeps Spark from looking in another file system."""
    return folder.as_uri().replace("'", "%27")


def brief(error: object) -> str:
    """What Spark says, without the classes before it and the query, the plan and the Java stack behind it."""
    said = re.split(r"== SQL|JVM stacktrace|\n\s*at |;\s*line \d+ pos", str(error), maxsplit=1)[0]
    said = re.sub(r"^An error occurred while calling \S+\s*:\s*([\w.$]+(Exception|Error): )?", "", said)
    return " ".join(said.split())[:1000]


def stop(reason: str) -> None:
    """Tell the parent why there is nothing more to do. It ends this process and its Java."""
    print(json.dumps({"stopped": reason}), flush=True)
    threading.Event().wait()


def main() -> None:
    """Run the worker: the arguments are the build folder, the file for Spark's own messages, and perhaps `units`."""
    # What Java and pyspark print goes to the file: the parent reads only the messages of the worker.
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    log = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for stream in (1, 2):
        os.dup2(log, stream)
    sys.stdout = told
    engine = Spark(Path(sys.argv[1]), os.environ[MASTER])
    try:
        worker.main(engine)
    except Exception as error:
        stop(f"the build on Spark failed: {brief(error)}")
    finally:
        engine.end()


if __name__ == "__main__":
    main()
