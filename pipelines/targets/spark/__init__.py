"""Apache Spark as the engine of a build: the same models and tests, published as a release of Parquet files.

DuckDB stays the engine of the release that people query. A Spark release is for data that outgrow one machine.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from importlib.util import find_spec
from pathlib import Path

from pipelines.project import EgovError, Exit, child_environment

# The environment variable that names the master: local[*], spark://host:7077, yarn, k8s://https://host:6443
MASTER = "EGOV_SPARK_MASTER"
# The environment variable that says how many seconds a build waits for an executor, for example in the queue of a cluster.
PATIENCE = "EGOV_SPARK_PATIENCE"
# The versions of Java that Spark 4 runs on.
JAVA = ("17", "21")


def master() -> str:
    """The master that the user has chosen: by default every core of this machine."""
    return os.environ.get(MASTER) or "local[*]"


def patience() -> float:
    """How many seconds to wait for an executor. Raises EgovError if the user's setting is not a number above zero."""
    said = os.environ.get(PATIENCE) or "120"
    if not re.fullmatch(r"[0-9]+([.][0-9]+)?", said) or not float(said):
        raise EgovError(f"{PATIENCE} is {said}: expected a number of seconds", Exit.REFUSED)
    return float(said)


def is_local(master: str) -> bool:
    """Whether Spark runs in a single process of this machine."""
    return master.startswith("local")


def is_on_this_machine(master: str) -> bool:
    """Whether only this machine takes part: a local session, or a standalone master on the loopback interface."""
    hosts = {host for host, _ in standalone_hosts(master)}
    return is_local(master) or (bool(hosts) and hosts <= {"127.0.0.1", "localhost"})


def standalone_hosts(master: str) -> list[tuple[str, int]]:
    """The hosts and ports of a standalone master, spark://host:port,host:port; none if it is of another kind."""
    if not master.startswith("spark://"):
        return []
    places = [place.rpartition(":") for place in master.removeprefix("spark://").split(",")]
    return [(host, int(port)) for host, _, port in places if host and port.isdigit()]


def require_installed() -> None:
    """Raise EgovError if the extra is not installed."""
    if find_spec("pyspark") is None or find_spec("dbt.adapters.spark") is None:
        raise EgovError("Spark is not installed: pip install 'egov-warehouse[spark]'")


def require_java() -> None:
    """Raise EgovError if there is no Java that Spark runs on."""
    needed = f"Spark needs Java {' or '.join(JAVA)}: install one (Debian: openjdk-17-jre-headless), or set JAVA_HOME to it"
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None:
        raise EgovError(f"there is no java in PATH. {needed}")
    try:
        said = subprocess.run([java, "-version"], env=child_environment(), capture_output=True, encoding="utf-8", timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        raise EgovError(f"{java} does not run. {needed}") from None
    version = re.search(r'version "(\d+)', said.stderr + said.stdout)
    if version is None or version[1] not in JAVA:
        raise EgovError(f"{java} is {f'Java {version[1]}' if version else 'no Java that tells its version'}. {needed}")


def require_master(master: str) -> None:
    """Raise EgovError if no host of a standalone master takes a connection: Spark itself would try for a minute."""
    hosts = standalone_hosts(master)
    for host, port in hosts:
        try:
            socket.create_connection((host, port), timeout=10).close()
        except OSError as error:
            reason = error.strerror or str(error)
        else:
            return
    if hosts:
        raise EgovError(f"the Spark master {master} cannot be reached: {reason}; {MASTER} names the master")
