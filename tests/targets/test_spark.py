"""The same models on Apache Spark: every public table equals that of DuckDB, and what goes wrong publishes nothing.

The cluster is a standalone master with two workers from the pyspark wheel, on 127.0.0.1. `make test-spark` runs these tests.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest
import yaml
from rich.console import Console

from pipelines.build import Options, build
from pipelines.project import EgovError, Project
from pipelines.releases import store
from pipelines.releases.diff import compare_attached, primary_keys
from pipelines.releases.runs import history
from pipelines.targets.spark.build import STEPS, SparkDbt, SparkProject
from pipelines.targets.spark.tables import attach
from tests import feeds
from tests.exact import half_up, macros
from tests.helpers import HERE, ROOT, Said, command, egov, environment, free_port, need
from tests.targets.spark_cluster import Cluster, standalone_cluster, until

pytestmark = pytest.mark.spark
# The keys of the tables of the feed, which no contract declares.
FEED_KEYS = {
    "marts.fct_service_usage_daily": ["feed_file_id", "feed_row"],
    "reports.rpt_service_usage_monthly": ["month", "service_code", "region_code", "channel_code"],
}
# Tables of this size are read before Java has compiled the code for them well: Spark's interpreter and the first compiler have to
# do. The cluster has Spark's own way, so that both ways are tried.
SMALL = """
spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1
spark.executor.extraJavaOptions -XX:TieredStopAtLevel=1
spark.executor.memory 1g
spark.sql.shuffle.partitions 2
"""
INTERPRETED = "spark.sql.codegen.wholeStage false\nspark.sql.codegen.factoryMode NO_CODEGEN\n"


@pytest.fixture(scope="module", autouse=True)
def java() -> None:
    need(find_spec("pyspark"), "pyspark (make test-spark installs it)")
    need(shutil.which("java"), "java (Debian's package openjdk-17-jre-headless)")


@pytest.fixture(scope="module")
def conf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user's own settings of Spark."""
    folder = tmp_path_factory.mktemp("conf")
    (folder / "spark-defaults.conf").write_text(SMALL, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def interpreted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("interpreted")
    (folder / "spark-defaults.conf").write_text(SMALL + INTERPRETED, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def both(built: Project, interpreted: Path, tmp_path_factory: pytest.TempPathFactory) -> SparkProject:
    """A project with a feed and a release of each engine, that of Spark from a local session.

    Tests may publish further Spark releases.
    """
    root = tmp_path_factory.mktemp("both") / "project"
    shutil.copytree(built.root, root, symlinks=True)
    add_feed(Project(root), tmp_path_factory.mktemp("made"))
    duckdb_build = egov(Project(root), "build")
    assert duckdb_build.returncode == 0, duckdb_build.stderr
    done = spark_build(Project(root), interpreted)
    assert done.returncode == 0, done.stderr
    return SparkProject(root)


def add_feed(project: Project, folder: Path) -> None:
    """Three months of a feed, in Parquet and CSV, with a published service, a region that began in one, and a row set aside."""
    feeds.list_services(project, 3)
    codes = [*feeds.services(3), "address_certificate"]
    files = [
        feeds.make_month(folder, "2018-12", codes=codes, share=0.4),
        feeds.make_month(folder, "2019-01", codes=codes, suffix=".csv"),
        feeds.make_month(folder, "2022-06", codes=codes, share=0.7, seed=1),
    ]
    lines = files[1].read_text(encoding="utf-8").splitlines()
    lines[7] = lines[7].replace(lines[7].split(",")[1], "unknown service")
    files[1].write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = egov(project, "feed", "add", "--quarantine", "1", *map(str, files))
    assert done.returncode == 0, done.stderr


@pytest.fixture
def project(both: SparkProject, tmp_path: Path) -> SparkProject:
    """A copy of `both` to break."""
    return SparkProject(Path(shutil.copytree(both.root, tmp_path / "project", symlinks=True)))


def started(project: Project, conf: Path, *options: str, **variables: str) -> subprocess.Popen[str]:
    """A build on Spark in a process of its own, by default in a session on two cores."""
    given = {"EGOV_SPARK_MASTER": "local[2]", "SPARK_CONF_DIR": str(conf), **variables}
    return subprocess.Popen(
        command("", "build", "--target", "spark", *options),
        cwd=ROOT,
        env=environment(project, **given),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> Said:
    try:
        out, err = process.communicate(timeout=1200)
    except subprocess.TimeoutExpired:
        process.terminate()
        raise
    return Said(process.returncode, out, err)


def spark_build(project: Project, conf: Path, *options: str, **variables: str) -> Said:
    return ended(started(project, conf, *options, **variables))


def differences(project: SparkProject) -> list[str]:
    """Every difference between the current release of Spark and that of DuckDB: by table, key and column, with both values."""
    with duckdb.connect() as connection:
        attach(connection, "old", project.current)
        published = Project(project.root).published_file.resolve()
        connection.execute(f"attach '{published}' as new (read_only)")
        found = compare_attached(connection, {**primary_keys(connection), **FEED_KEYS})
        assert len(found.tables) > 50
        assert [table for table, change in found.tables.items() if not change.rows_after] == ["reports.rpt_revisions"]
    return [] if found.full() == ["nothing changed"] else found.full()


def test_every_table_equals_that_of_duckdb(both: SparkProject) -> None:
    assert differences(both) == []


def test_a_difference_is_found_by_table_key_and_column(project: SparkProject) -> None:
    release = store.require_current(project)
    for path in (release.folder, *release.folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (file,) = (release.folder / "reports/rpt_group_means").glob("*.parquet")
    other = file.with_name("other.parquet")
    duckdb.execute(
        f"copy (select * replace (case when group_code = 'world' and indicator_code = 'OSI' and period_code = '2024' "
        f"then mean_value + 0.0000000001 else mean_value end::decimal(18, 10) as mean_value) from '{file}') to '{other}'"
    )
    file.unlink()
    counted, *found = differences(project)
    assert counted == "reports.rpt_group_means: 0 added, 0 removed, 1 changed"
    assert len(found) == 1
    assert found[0].startswith("~ reports.rpt_group_means world.OSI.2024 mean_value: 0.")


def test_a_release_is_whole_and_sealed(both: SparkProject) -> None:
    release = store.require_current(both)
    duckdbs = store.require_current(Project(both.root)).summary
    assert release.folder.parent == both.root / "warehouse/spark/releases"
    assert (both.root / "warehouse/spark/current").resolve() == release.folder
    for same in ("raw_sha256", "fingerprint", "models_fingerprint", "facts", "claims"):
        assert release.summary[same] == duckdbs[same], same
    # Later releases of the same models do not repeat the unit tests.
    first = store.existing(Project(both.root))[-1].summary
    assert release.summary["tests_passed"] == first["tests_passed"] > duckdbs["tests_passed"]
    assert release.summary["tests_warned"] == first["tests_warned"] == 0
    assert release.changes(thorough=True) == []
    assert {Path(name).suffix for name in release.summary["files"]} == {".parquet"}
    assert {len(Path(name).parts) for name in release.summary["files"]} == {3}
    kept = {path.relative_to(release.folder).parts[0] for path in release.folder.rglob("*")}
    assert kept == {"marts", "reports", "release.json"}
    assert not [path for path in (release.folder, *release.folder.rglob("*")) if path.stat().st_mode & 0o222]
    (run,) = history(both, 5)
    assert (run["outcome"], run["release_id"]) == ("published", release.release_id)
    assert [path.name for path in both.build.iterdir()] == []


def test_nothing_is_built_without_changes(both: SparkProject, conf: Path) -> None:
    done = spark_build(both, conf, EGOV_SPARK_MASTER=f"spark://{HERE}:{free_port()}")
    assert done.returncode == 0
    assert "nothing to build" in done.stderr


def test_figures_are_exact_on_spark(tmp_path: Path) -> None:
    """The same promise as in tests/models/test_exact.py, on chosen and random figures."""
    spark = macros("spark")
    pick = random.Random(1)
    ties = [(Decimal(n).scaleb(-10), d) for n in (1, -1, 3, 5, -5, 45) for d in (1, 2, -2, 3, 6, 10, 10**9)]
    chosen = [
        (Decimal(pick.randint(-(10**17), 10**17)).scaleb(-10), pick.choice([-1, 1]) * pick.randint(1, 10**6))
        for _ in range(300)
    ]
    quotients = [*ties, *chosen, (Decimal(7), 0)]
    groups = [[Decimal(pick.randint(-(10**15), 10**15)).scaleb(-10) for _ in range(1 + place % 9)] for place in range(50)]
    quoted = "'{}'".format
    queries = [
        "create temp view q as select * from values "
        + ", ".join(f"({place}, cast('{n}' as decimal(18, 10)), cast({d} as bigint))" for place, (n, d) in enumerate(quotients))
        + " as t(place, n, d)",
        f"select place, {', '.join(spark.quotient('n', 'd', decimals) for decimals in (0, 2, 10))} from q order by place",
        "create temp view g as select * from values "
        + ", ".join(
            f"({place}, cast({x} as decimal(18, 10)))"
            for place, group in enumerate(groups)
            for x in [*map(quoted, group), "null"]
        )
        + " as t(place, x)",
        f"select place, {spark.mean('x')}, {spark.mean('x', 1)}, {spark.median('x')}, {spark.median('x', 2)} from g group by place order by place",
    ]
    (tmp_path / "queries.json").write_text(json.dumps(queries), encoding="utf-8")
    asked = subprocess.run(
        [sys.executable, "-c", ASKS, str(tmp_path / "queries.json")], capture_output=True, text=True, cwd=tmp_path, timeout=300
    )
    assert asked.returncode == 0, asked.stderr[-2000:]
    of_quotients, of_groups = json.loads(asked.stdout)

    for (numerator, divisor), (_, *found) in zip(quotients, of_quotients, strict=True):
        exact = Fraction(numerator) / divisor if divisor else None
        for value, decimals in zip(found, (0, 2, 10), strict=True):
            assert value is None if exact is None else Decimal(value) == half_up(exact, decimals), (
                numerator,
                divisor,
                decimals,
            )
    for group, (_, *found) in zip(groups, of_groups, strict=True):
        held = sorted(map(Fraction, group))
        mean, median = sum(held, Fraction()) / len(held), (held[(len(held) - 1) // 2] + held[len(held) // 2]) / 2
        assert list(map(Decimal, found)) == [half_up(mean, 10), half_up(mean, 1), half_up(median, 10), half_up(median, 2)]


ASKS = """
import json, sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1")
spark = spark.config("spark.driver.bindAddress", "127.0.0.1").getOrCreate()
answers = [[list(row) for row in spark.sql(query).collect()] for query in json.load(open(sys.argv[1]))]
print(json.dumps([answer for answer in answers if answer], default=str))
"""


# -- a cluster


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with standalone_cluster(tmp_path) as running:
        yield running


def listening(sessions: set[int]) -> set[str]:
    """The addresses on which the processes of these sessions listen, as the kernel writes them."""
    inodes = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.getsid(int(process.name)) in sessions:
                inodes |= {str(link.readlink()) for link in (process / "fd").iterdir()}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                found.add(fields[1].split(":")[0])
    return found


LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


def sessions_of(project: Project) -> set[int]:
    """The sessions of the processes that work in a project's folder: a build's worker and its Java."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink() == project.root:
                found.add(os.getsid(int(process.name)))
    return found


def in_the_middle(project: SparkProject) -> bool:
    """Whether a build has written its first public tables."""
    return len(list(project.build.glob("release/marts/*/*.parquet"))) > 3


def test_a_standalone_cluster_gives_the_same(project: SparkProject, conf: Path, cluster: Cluster) -> None:
    before = store.require_current(project)
    process = started(project, conf, "--force", "--keep", "1", EGOV_SPARK_MASTER=cluster.master)
    until(lambda: in_the_middle(project) or process.poll() is not None, 300)
    assert listening({each.pid for each in cluster.processes} | sessions_of(project)) <= LOOPBACK
    done = ended(process)
    assert done.returncode == 0, done.stderr
    assert store.require_current(project) != before
    assert [release.release_id for release in store.existing(project)] == [store.require_current(project).release_id]
    assert differences(project) == []
    assert {path.parts[-3] for path in cluster.folder.glob("work*/app-*/*")} == {"work0", "work1"}, "both workers took part"


# -- what goes wrong


def assert_refused(project: SparkProject, done: Said, *said: str, code: int = 1) -> None:
    """One message, the exit code, no traceback, the published release as it was, and no process left behind."""
    assert done.returncode == code, done.stderr
    (message,) = [line for line in done.stderr.splitlines() if line.startswith("egov: ")]
    assert done.stderr.rstrip().endswith(message)
    assert "Traceback" not in done.stderr
    assert "\tat " not in done.stderr
    for part in said:
        assert part in message, message
    (release,) = store.existing(project)
    assert store.current(project) == release
    assert release.changes(thorough=True) == []
    until(lambda: not sessions_of(project), 30, "a process is left behind")


def made_java(folder: Path, version: str) -> str:
    """A JAVA_HOME whose java only tells its version."""
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2020-01-01' >&2\n", encoding="utf-8")
    java.chmod(0o755)
    return str(folder)


def test_no_java(project: SparkProject, conf: Path, tmp_path: Path) -> None:
    done = spark_build(project, conf, "--force", PATH=str(tmp_path), JAVA_HOME="")
    assert_refused(project, done, "there is no java in PATH", "Spark needs Java 17 or 21")
    done = spark_build(project, conf, "--force", JAVA_HOME=str(tmp_path / "none"))
    assert_refused(project, done, "none/bin/java does not run", "Spark needs Java 17 or 21")
    for version in ("11.0.2", "1.8.0_292", "25"):
        done = spark_build(project, conf, "--force", JAVA_HOME=made_java(tmp_path / version, version))
        assert_refused(project, done, f"is Java {version.split('.')[0]}", "Spark needs Java 17 or 21")


def test_spark_is_not_installed(project: SparkProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.targets.spark.find_spec", lambda name: None)
    with pytest.raises(EgovError, match=r"pip install 'egov-warehouse\[spark\]'"):
        build(project, Console(quiet=True), Options(force=True, full=False, accept=False, wait=0, keep=10, steps=STEPS))


def test_settings_that_make_no_sense(project: SparkProject, conf: Path) -> None:
    assert_refused(project, spark_build(project, conf, "--force", EGOV_SPARK_PATIENCE="soon"), "EGOV_SPARK_PATIENCE", code=2)
    assert_refused(
        project, spark_build(project, conf, "--force", EGOV_SPARK_MASTER="sparkling"), "sparkling: Could not parse Master URL"
    )


def test_a_master_that_cannot_be_reached(project: SparkProject, conf: Path) -> None:
    master = f"spark://{HERE}:{free_port()}"
    done = spark_build(project, conf, "--force", EGOV_SPARK_MASTER=master)
    assert_refused(project, done, master, "cannot be reached", "refused")


def test_a_master_that_does_not_answer(project: SparkProject, conf: Path) -> None:
    with socket.create_server((HERE, 0)) as silent:
        master = f"spark://{HERE}:{silent.getsockname()[1]}"
        assert_refused(
            project, spark_build(project, conf, "--force", EGOV_SPARK_MASTER=master), f"{master}: it does not answer; nothing"
        )


def test_a_master_that_dies(project: SparkProject, conf: Path, cluster: Cluster) -> None:
    process = started(project, conf, "--force", EGOV_SPARK_MASTER=cluster.master, EGOV_SPARK_PATIENCE="3")
    until(lambda: in_the_middle(project) or process.poll() is not None, 300)
    cluster.kill()
    assert_refused(project, ended(process), cluster.master, "nothing is published")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_build_that_is_stopped_leaves_no_java(project: SparkProject, conf: Path, number: signal.Signals) -> None:
    process = started(project, conf, "--force")
    until(lambda: in_the_middle(project) or process.poll() is not None, 300)
    assert sessions_of(project)
    process.send_signal(number)
    done = ended(process)
    if number == signal.SIGKILL:
        assert done.returncode == -number
        until(lambda: not sessions_of(project), 30, "a process is left behind")
    else:
        assert_refused(project, done, "stopped by", code=128 + number)


# A made-up project whose tables break a rule of each kind in turn.
MADE_UP = {
    "models/parents.sql": "select 1 as id union all select 2 as id",
    "models/models.yml": """
models:
  - name: parents
    constraints: [{type: primary_key, columns: [id]}]
    data_tests: [{rules: {name: rules_of_parents, arguments: {rules: {ids_are_small: "id < 2"}}}}]
    columns: [{name: id, data_type: integer}]
  - name: children
    constraints: [{type: primary_key, columns: [id]}]
    columns:
      - {name: id, data_type: integer}
      - {name: parent_id, data_type: integer, constraints: [{type: foreign_key, to: "ref('parents')", to_columns: [id]}]}
      - {name: kind, data_type: string, constraints: [{type: check, expression: "kind in ('x', 'y')"}]}
      - {name: note, data_type: string, constraints: [{type: not_null}]}
""",
    "models/children.sql": """
        select 1 as id, 1 as parent_id, 'x' as kind, 'said' as note from {{ ref('parents') }} where id = 1
        union all select 1 as id, 2 as parent_id, 'x' as kind, 'said' as note
        union all select 2 as id, 3 as parent_id, 'x' as kind, 'said' as note
        union all select 3 as id, 1 as parent_id, 'z' as kind, 'said' as note
        union all select 4 as id, 1 as parent_id, 'y' as kind, null as note
    """,
}
HOLDS = "select id, id as parent_id, 'x' as kind, 'said' as note from {{ ref('parents') }}"


def nothing_loaded(project: Project, database: Path) -> None:
    for schema in ("raw", "feed"):
        (project.build / schema).mkdir()


def test_broken_rules_publish_nothing(tmp_path: Path, interpreted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGOV_SPARK_MASTER", "local[1]")
    monkeypatch.setenv("SPARK_CONF_DIR", str(interpreted))
    shutil.copytree(ROOT / "macros", tmp_path / "macros")
    shutil.copy(ROOT / "profiles.yml", tmp_path)
    settings = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    settings["models"] = {
        "egov": {"+schema": "marts", "+materialized": "table", "+contract": {"enforced": True}, "+file_format": "parquet"}
    }
    (tmp_path / "dbt_project.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    for name, text in MADE_UP.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    project = SparkProject(tmp_path)
    (tmp_path / "raw").mkdir()
    project.package_file.write_text("{}", encoding="utf-8")
    steps = replace(
        STEPS,
        check=lambda project: None,
        load=nothing_loaded,
        transform=lambda project, units: SparkDbt(project, units=False),
    )

    def refused() -> str:
        with pytest.raises(EgovError) as said:
            build(project, Console(quiet=True), Options(force=True, full=False, accept=False, wait=0, keep=10, steps=steps))
        assert store.existing(project) == []
        until(lambda: not sessions_of(project), 30, "a process is left behind")
        return str(said.value)

    said = refused()
    assert "nothing is published" in said
    for broken in (
        "marts.children breaks primary key on id (rows: 1, for example 1)",
        "marts.children breaks foreign key on parent_id (rows: 1, for example 3)",
        "marts.children breaks check on kind (rows: 1, for example z)",
        "marts.children breaks not null on note (rows: 1",
    ):
        assert broken in said
    (tmp_path / "models/children.sql").write_text(HOLDS, encoding="utf-8")
    assert "test rules_of_parents: 1 row\n      rule ids_are_small, id 2" in refused()
    (tmp_path / "models/children.sql").write_text("select cast('x' as integer) as id", encoding="utf-8")
    said = refused()
    assert "model children" in said
    assert "\tat " not in said
