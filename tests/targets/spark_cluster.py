"""A standalone Spark cluster on 127.0.0.1, from the pyspark wheel, for tests and benchmarks."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.helpers import HERE, free_port


@dataclass
class Cluster:
    """A standalone master and two workers."""

    master: str
    folder: Path
    processes: list[subprocess.Popen[bytes]]

    def kill(self) -> None:
        """End them and their executors at once."""
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def standalone_cluster(folder: Path) -> Iterator[Cluster]:
    """Start a master and two workers of one core each; they end with the block."""
    spec = find_spec("pyspark")
    assert spec
    assert spec.origin
    spark_class = Path(spec.origin).parent / "bin" / "spark-class"
    port = free_port()
    variables = {**os.environ, "SPARK_LOCAL_IP": HERE, "SPARK_DAEMON_MEMORY": "256m"}
    made = Cluster(f"spark://{HERE}:{port}", folder, [])

    def start(says: str, name: str, *arguments: str) -> None:
        log = folder / f"{len(made.processes)}.log"
        with open(log, "wb") as out:
            started = subprocess.Popen(
                [spark_class, f"org.apache.spark.deploy.{name}", "--host", HERE, "--webui-port", "0", *arguments],
                stdout=out, stderr=out, start_new_session=True, cwd=folder, env=variables,
            )  # fmt: skip
        made.processes.append(started)
        until(lambda: says in log.read_text(encoding="utf-8"), 60, log)

    try:
        start("I have been elected leader", "master.Master", "--port", str(port))
        for number in range(2):
            work = ("--cores", "1", "--memory", "1g", "--work-dir", str(folder / f"work{number}"))
            start("Successfully registered with master", "worker.Worker", *work, made.master)
        yield made
    finally:
        made.kill()


def until(holds: Callable[[], object], seconds: float, said: object = "") -> None:
    """Wait until something holds; fail if it does not within so many seconds."""
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit, said.read_text(encoding="utf-8") if isinstance(said, Path) else said
        time.sleep(0.2)
