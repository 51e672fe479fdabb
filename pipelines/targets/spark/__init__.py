"""Apache Spark as the engine of a build: the same models and tests, published as a release of Parquet files.

DuckDB stays the engine of the release that people query. A Spark release is for data that outgrow one machine.
"""

from __future__ import annotations

# The environment variable that names the master: local[*], spark://host:7077, yarn, k8s://https://host:6443
MASTER = "EGOV_SPARK_MASTER"
# The environment variable that says how many seconds a build waits for an executor, for example in the queue of a cluster.
PATIENCE = "EGOV_SPARK_PATIENCE"


def is_local(master: str) -> bool:
    """Whether Spark runs in a single process of this machine."""
    return master.startswith("local")


def is_on_this_machine(master: str) -> bool:
    """Whether only this machine takes part: a local session, or a standalone master on the loopback interface."""
    return is_local(master) or all(
        host in ("127.0.0.1", "localhost") for host, _ in standalone_hosts(master) or [("", 0)]
    )


def standalone_hosts(master: str) -> list[tuple[str, int]]:
    """The hosts and ports of a standalone master, spark://host:port,host:port; none if it is of another kind."""
    if not master.startswith("spark://"):
        return []
    places = [place.rpartition(":") for place in master.removeprefix("spark://").split(",")]
    return [(host, int(port)) for host, _, port in places if host and port.isdigit()]
