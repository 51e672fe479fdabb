"""The steps of a build on Spark, and its release: a folder of Parquet files and release.json, published like any other."""

from __future__ import annotations

import json
import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.build import Steps, Transform
from pipelines.project import EgovError, Project, child_environment
from pipelines.releases.catalog import PUBLIC_SCHEMAS
from pipelines.releases.diff import Diff, Keys, compare_attached
from pipelines.releases.draft import Draft
from pipelines.releases.meta import CLAIMS
from pipelines.targets import spark
from pipelines.targets.spark.load import load
from pipelines.targets.spark.tables import attach
from pipelines.transform.dbt import Dbt

# What the worker keeps of the environment: where Java and the settings of the cluster are. None of it changes what is built.
KEPT = ("JAVA_HOME", "SPARK_CONF_DIR", "HADOOP_CONF_DIR", "YARN_CONF_DIR", "KRB5CCNAME", "KUBECONFIG")
# Of the driver, unless spark-defaults.conf has spark.driver.memory: with Spark's default of 1 GB, most of the time for planning
# the models goes into garbage collection.
DRIVER_MEMORY = "2g"


@dataclass(frozen=True)
class SparkProject(Project):
    """A checkout with its Spark releases, which have a folder, a lock and a record of runs of their own."""

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse" / "spark"

    @property
    def holds(self) -> str:
        return PUBLIC_SCHEMAS[0]

    @property
    def target(self) -> Path:
        return self.root / "target" / "spark"

    @property
    def spark_log(self) -> Path:
        """What Spark itself said in the last build."""
        return self.target / "spark.log"


class SparkDbt(Dbt):
    """One dbt build on Spark."""

    def __enter__(self) -> SparkDbt:
        """Raises EgovError if Spark is not installed, finds no Java that it runs on, or cannot reach its master."""
        spark.require_installed()
        spark.require_java()
        spark.require_master(spark.master())
        self._project.target.mkdir(parents=True, exist_ok=True)
        super().__enter__()
        return self

    def _worker(self) -> list[str]:
        assert isinstance(self._project, SparkProject)
        return ["-m", "pipelines.targets.spark.worker", str(self._project.build), str(self._project.spark_log)]

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        ours = {spark.MASTER: spark.master(), spark.PATIENCE: f"{spark.patience():g}", "SPARK_DRIVER_MEMORY": DRIVER_MEMORY}
        return {**child_environment(), **kept, **ours}

    def _breaking(self, result: dict[str, Any]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = result["rows"]
        return rows


class SparkDraft(Draft):
    """A Spark release in the making: one folder of Parquet files for each public table, by schema."""

    def describe(self) -> None:
        """Remove what Spark's file system leaves beside the tables. Parquet files hold their own checksums.

        Raises EgovError if a folder then holds anything but Parquet files.
        """
        for left in self.folder.rglob(".*.crc"):
            left.unlink()
        if others := [path for path in self.folder.rglob("*") if path.is_file() and path.suffix != ".parquet"]:
            raise EgovError(f"Spark left {others[0]}, which is no Parquet file; nothing is published")

    def require_closed(self) -> None:
        """Every file of Spark is closed before it gets its name."""

    def changes_since(self, older: Path) -> Diff:
        with duckdb.connect() as connection:
            attach(connection, "old", older)
            attach(connection, "new", self.folder)
            return compare_attached(connection, self._keys())

    def _keys(self) -> Keys:
        """The primary keys, from the contracts of the models: Parquet files know none."""
        manifest = json.loads((self.project.target / "manifest.json").read_text(encoding="utf-8"))
        return {
            f"{model['schema']}.{model['name']}": rule["columns"]
            for model in manifest["nodes"].values()
            for rule in model.get("constraints", [])
            if rule["type"] == "primary_key"
        }

    def _record(self, known: dict[str, Any]) -> None:
        """The record is release.json alone."""

    def _counts(self) -> dict[str, dict[str, int]]:
        with duckdb.connect() as connection:
            tables = attach(connection, "new", self.folder)
            connection.execute("use new")
            facts = {}
            for table in tables:
                if table.startswith("marts.fct"):
                    facts[table.removeprefix("marts.")] = len(connection.table(table))
            return {"facts": facts, "claims": dict(connection.execute(CLAIMS).fetchall())}


def _load(project: Project, _: Path) -> None:
    assert isinstance(project, SparkProject)
    load(project, project.build)


def _transform(project: Project, units: bool) -> AbstractContextManager[Transform]:
    return SparkDbt(project, units=units)


# each release has its tables whole: Spark cannot replace some rows of a table of Parquet files
STEPS = Steps(load=_load, transform=_transform, products=lambda: [], draft=SparkDraft, carries=False)
