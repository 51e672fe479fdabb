"""Time and memory of the usage feed at scale, side by side in one run: `make bench-scale`.

    python -m tests.proofs.bench_scale build --millions 1 10 100    whole builds, at growing sizes
    python -m tests.proofs.bench_scale month                        one month more, and one month corrected
    python -m tests.proofs.bench_scale memory                       whole builds under memory limits
    python -m tests.proofs.bench_scale queries                      dashboard queries, idle and during rebuilds
    python -m tests.proofs.bench_scale postgres                     publishing a month, and everything
    python -m tests.proofs.bench_scale spark                        the same builds on Apache Spark

Feeds are made by tests/feeds.py: 20 regions, 4 channels, and as many services as the size needs. Each command prints medians; the
first column of ratios is to the floor, the same SQL in one DuckDB process that checks and publishes nothing.
"""

from __future__ import annotations

import itertools
import math
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import duckdb
import typer

from pipelines.feed import register
from pipelines.project import Project
from pipelines.releases import connect
from tests import feeds
from tests.helpers import copy_project
from tests.proofs.bench import Run, run

app = typer.Typer(add_completion=False, help=__doc__)
MONTHS = 41
FIRST = "2022-07"
# Rows of one service in the whole feed: days x 20 regions x 4 channels.
ROWS_PER_SERVICE = 99_920

# The SQL of the feed's models with nothing around it: argument 1 is the folder of a project, argument 2 the new database.
FLOOR = """
import json, pathlib, sys, duckdb
root = pathlib.Path(sys.argv[1])
entries = [entry for entry in json.loads((root / "feed/register.json").read_text()) if entry["ended_at"] is None]
files = [str(root / "feed/months" / (entry["feed_file_id"] + ".parquet")) for entry in entries]
con = duckdb.connect(sys.argv[2], config={"storage_compatibility_version": "v1.4.0"})
con.execute("create table fct as select * from read_parquet(?)", [files])
con.execute(MONTHLY.format(rows="fct"))
con.execute(REGIONS)
con.close()
"""
MONTHLY = (
    "create table monthly as select feed_file_id[:7] as month, service_code, region_code, channel_code, "
    "sum(usage_count)::bigint as usage_count, bit_count(bit_or(power(2, day(usage_date))::bigint)) as days_used, feed_file_id "
    "from {rows} group by all order by 1, 2, 3, 4"
)
REGIONS = (
    "create table regions as select region_code, month, sum(usage_count)::bigint as usage_count, "
    "count(distinct service_code) as services_used from monthly group by all"
)
# The same figures in pandas.
PANDAS = """
import pathlib, sys, pandas as pd
frame = pd.concat([pd.read_parquet(file) for file in sorted(pathlib.Path(sys.argv[1], "feed/months").glob("*.parquet"))])
frame["month"] = frame["feed_file_id"].str[:7]
keys = ["month", "service_code", "region_code", "channel_code"]
monthly = frame.groupby(keys, sort=True)["usage_count"].agg(["sum", "count"]).reset_index()
monthly.groupby(["region_code", "month"])["sum"].sum().reset_index().to_parquet(sys.argv[2])
frame.to_parquet(sys.argv[2] + ".fact")
"""
# One month replaced in a copy of the floor's database: argument 1 the database, argument 2 the month's file.
FLOOR_MONTH = """
import sys, shutil, duckdb
shutil.copyfile(sys.argv[1], sys.argv[1] + ".next")
con = duckdb.connect(sys.argv[1] + ".next")
con.execute("delete from fct where feed_file_id = (select max(feed_file_id) from monthly)")
con.execute("delete from monthly where feed_file_id = (select max(feed_file_id) from monthly)")
con.execute("insert into fct select * from read_parquet(?)", [sys.argv[2]])
con.execute("insert into monthly " + MONTHLY.format(rows="read_parquet('" + sys.argv[2] + "')").partition(" as ")[2])
con.execute("drop table regions")
con.execute(REGIONS)
con.close()
"""
SCRIPTS = f"MONTHLY = {MONTHLY!r}\nREGIONS = {REGIONS!r}\n"

# What a dashboard asks.
QUERIES = {
    "use by month": "select month, sum(usage_count) from reports.rpt_service_usage_monthly group by 1 order by 1",
    "regions of a month": "select * from reports.rpt_region_usage where month = '2024-05' order by usage_rank",
    "one service by channel": "select month, channel_code, sum(usage_count) from reports.rpt_service_usage_monthly "
    "where service_code = 'portal_0003' group by 1, 2 order by 1, 2",
    "days of a month": "select usage_date, sum(usage_count) from marts.fct_service_usage_daily "
    "where usage_date between date '2024-05-01' and date '2024-05-31' group by 1 order by 1",
    "top services of a week": "select service_code, sum(usage_count) from marts.fct_service_usage_daily "
    "where usage_date between date '2025-03-03' and date '2025-03-09' group by 1 order by 2 desc, 1 limit 10",
}
Rounds = Annotated[int, typer.Option(help="How many rounds; medians are printed.")]
Millions = Annotated[int, typer.Option(help="Rows of the feed, in millions.")]


@dataclass
class Measured:
    """The runs of one command."""

    runs: list[Run]

    @property
    def seconds(self) -> float:
        return statistics.median(each.seconds for each in self.runs)

    @property
    def mebibytes(self) -> float:
        return statistics.median(each.mebibytes for each in self.runs)


def say(text: str) -> None:
    """Progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


def egov(project: Project, *arguments: str, **variables: str) -> Run:
    return run([sys.executable, "-m", "pipelines", *arguments], project.root, **variables)


def script(project: Project, code: str, *arguments: str) -> Run:
    return run([sys.executable, "-c", SCRIPTS + code, *arguments], project.root)


@contextmanager
def project_with_feed(millions: int) -> Iterator[Project]:
    """A project whose feed holds about this many million rows, with nothing built yet."""
    with tempfile.TemporaryDirectory() as scratch:
        project = copy_project(Path(scratch) / "project")
        count = max(1, round(millions * 1_000_000 / ROWS_PER_SERVICE))
        feeds.list_services(project, count)
        say(f"making a feed of {millions} million rows: {count} services, {MONTHS} months")
        for month in feeds.months_from(FIRST, MONTHS):
            file = feeds.make_month(Path(scratch) / "made", month, codes=feeds.services(count))
            egov(project, "feed", "add", str(file))
            file.unlink()
        yield project


def in_turns(commands: dict[str, Callable[[], Run]], rounds: int) -> dict[str, Measured]:
    """Run all commands, one after the other, for several rounds."""
    measured = {name: Measured([]) for name in commands}
    for number in range(rounds):
        for name, command in commands.items():
            measured[name].runs.append(command())
            say(f"round {number + 1} of {rounds}: {name} {measured[name].runs[-1].seconds:.1f} s")
    return measured


def print_table(title: str, measured: dict[str, Measured], floor: str) -> None:
    print(f"\n{title:<44}{'seconds':>9}{'MiB':>8}{'to floor':>10}")
    for name, each in measured.items():
        print(f"{name:<44}{each.seconds:>9.2f}{each.mebibytes:>8.0f}{each.seconds / measured[floor].seconds:>10.2f}")


@app.command("build")
def builds(millions: Annotated[list[int], typer.Option()] = [1, 10, 100], rounds: Rounds = 3) -> None:  # noqa: B006
    """Whole builds from the files of the feed, against the same SQL alone, dbt alone, and pandas."""
    grown: dict[str, dict[int, float]] = {"egov build --full": {}, "floor: the SQL of the feed": {}}
    for size in millions:
        with project_with_feed(size) as project:
            root = str(project.root)
            feed, aside = project.feed, project.root / "aside"

            def without_feed(project: Project = project, feed: Path = feed, aside: Path = aside) -> Run:
                os.rename(feed, aside)
                try:
                    return egov(project, "build", "--full", "--accept")
                finally:
                    os.rename(aside, feed)

            def floor(project: Project = project, root: str = root) -> Run:
                (project.root / "floor.duckdb").unlink(missing_ok=True)
                return script(project, FLOOR, root, f"{root}/floor.duckdb")

            def dbt_alone(project: Project = project) -> Run:
                from pipelines.intake.load import load

                shutil.rmtree(project.build, ignore_errors=True)
                project.build_file.parent.mkdir(parents=True)
                load(project, project.build_file)
                return run([str(Path(sys.executable).parent / "dbt"), "run", "--select", "+tag:feed"], project.root)

            commands: dict[str, Callable[[], Run]] = {
                "egov build without a feed": without_feed,
                "egov build --full": lambda project=project: egov(project, "build", "--full"),  # type: ignore[misc]
                "floor: the SQL of the feed": floor,
                "dbt run of the feed and what it needs": dbt_alone,
            }
            if size <= 10:
                commands["pandas"] = lambda project=project, root=root: script(project, PANDAS, root, f"{root}/x.parquet")  # type: ignore[misc]
            measured = in_turns(commands, rounds)
            print_table(f"{size} million rows", measured, "floor: the SQL of the feed")
            feed_alone = measured["egov build --full"].seconds - measured["egov build without a feed"].seconds
            for name, seconds in grown.items():
                seconds[size] = measured[name].seconds
            print(
                f"what the feed adds to a build, to the floor: {feed_alone / measured['floor: the SQL of the feed'].seconds:.2f}"
            )
    for name, by_size in grown.items():
        for small, large in itertools.pairwise(sorted(by_size)):
            exponent = math.log(by_size[large] / by_size[small]) / math.log(large / small)
            print(f"growth of {name!r} from {small} to {large} million rows: seconds ~ rows^{exponent:.2f}")


@app.command("memory")
def memory(millions: Millions = 100, rounds: Rounds = 1) -> None:
    """Whole builds under memory limits."""
    with project_with_feed(millions) as project:
        commands: dict[str, Callable[[], Run]] = {
            "no limit": lambda: egov(project, "build", "--full"),
            "EGOV_MEMORY_LIMIT=1GB": lambda: egov(project, "build", "--full", EGOV_MEMORY_LIMIT="1GB"),
            "EGOV_MEMORY_LIMIT=500MB": lambda: egov(project, "build", "--full", EGOV_MEMORY_LIMIT="500MB"),
        }
        print_table(f"{millions} million rows", in_turns(commands, rounds), "no limit")


@app.command("month")
def month(millions: Millions = 100, rounds: Rounds = 3) -> None:
    """One month more, and one month corrected, against a full build, the start of dbt, and the same SQL alone."""
    with project_with_feed(millions) as project:
        root = project.root
        codes = feeds.services(max(1, round(millions * 1_000_000 / ROWS_PER_SERVICE)))
        last, late = feeds.months_from(FIRST, MONTHS)[-1], feeds.months_from(FIRST, MONTHS)[20]
        held = {entry.month: entry for entry in register.active(project)}
        script(project, FLOOR, str(root), f"{root}/floor.duckdb")
        seeds = iter(range(1, 1000))

        def more() -> Run:
            egov(project, "feed", "withdraw", last)
            egov(project, "build", "--accept")
            egov(project, "feed", "add", str(feeds.make_month(root / "made", last, codes=codes)))
            return egov(project, "build")

        def corrected() -> Run:
            file = feeds.make_month(root / "made", late, codes=codes, seed=next(seeds))
            egov(project, "feed", "add", "--correction", str(file))
            return egov(project, "build")

        def floor() -> Run:
            return script(project, FLOOR_MONTH, f"{root}/floor.duckdb", str(held[last].rows_file(project)))

        def start() -> Run:
            return run([str(Path(sys.executable).parent / "dbt"), "parse", "--no-partial-parse"], root)

        measured = in_turns(
            {
                "egov build --full": lambda: egov(project, "build", "--full"),
                "egov build, one month more": more,
                "egov build, a month corrected": corrected,
                "floor: the SQL of one month on a copy": floor,
                "dbt parse": start,
            },
            rounds,
        )
        print_table(f"{millions} million rows", measured, "floor: the SQL of one month on a copy")
        for name in ("egov build, one month more", "egov build, a month corrected"):
            print(f"{name}, to the full build: {measured[name].seconds / measured['egov build --full'].seconds:.3f}")
        print(f"size of the database: {project.published_file.stat().st_size / 1e6:.0f} MB")


def ask(source: str, path: str, until: float, times: Any) -> None:
    """Ask the queries of a dashboard in turns, each on a new connection, until a time; add (query, seconds) to `times`."""
    while time.monotonic() < until:
        for name, query in QUERIES.items():
            started = time.monotonic()
            if source == "postgres":
                import psycopg

                with psycopg.connect(path) as server:
                    server.execute(query.encode()).fetchall()
            elif source == "parquet":
                with duckdb.connect() as connection:
                    for table, files in (("reports.rpt_service_usage_monthly", "rpt_service_usage_monthly/*"),
                                         ("marts.fct_service_usage_daily", "fct_service_usage_daily/*"),
                                         ("reports.rpt_region_usage", "rpt_region_usage")):  # fmt: skip
                        query = query.replace(table, f"read_parquet('{path}/parquet/{files}.parquet')")
                    connection.execute(query).fetchall()
            else:
                with connect.connect(Path(path)) as connection:
                    connection.execute(query).fetchall()
            times.put((name, time.monotonic() - started))


def readers(source: str, path: str, count: int, seconds: float) -> list[float]:
    """The seconds of all queries that this many readers got answered."""
    times: Any = multiprocessing.Manager().Queue()
    until = time.monotonic() + seconds
    asking = [multiprocessing.Process(target=ask, args=(source, path, until, times)) for _ in range(count)]
    for reader in asking:
        reader.start()
    for reader in asking:
        reader.join()
        assert reader.exitcode == 0, "a reader failed"
    return [times.get()[1] for _ in range(times.qsize())]


@app.command("queries")
def queries(millions: Millions = 10, seconds: Annotated[float, typer.Option()] = 20) -> None:
    """Dashboard queries on the published file, with 1 and 8 readers, idle and during rebuilds, against PostgreSQL and Parquet."""
    from tests.targets.postgres_faults import own_server

    with project_with_feed(millions) as project, own_server() as running:
        egov(project, "build")
        dsn = running.get_uri()
        run([sys.executable, "-m", "pipelines", "publish", "postgres", "--dsn", dsn], project.root)
        release, file = str(project.current), str(project.published_file)

        def row(name: str, times: list[float]) -> float:
            ordered = sorted(times)
            p95 = ordered[int(len(ordered) * 0.95)]
            print(f"{name:<44}{len(times):>9}{statistics.median(ordered) * 1000:>10.0f}{p95 * 1000:>10.0f}")
            return p95

        print(f"\n{f'{millions} million rows':<44}{'answers':>9}{'median ms':>10}{'p95 ms':>10}")
        for count in (1, 8):
            idle = row(f"published file, {count} readers, idle", readers("file", file, count, seconds))
            row(f"PostgreSQL, {count} readers, idle", readers("postgres", dsn, count, seconds))
            row(f"plain Parquet, {count} readers, idle", readers("parquet", release, count, seconds))
            code = ["nice", "-n", "10", sys.executable, "-m", "pipelines", "build", "--full"]
            rebuild = subprocess.Popen(
                code, cwd=project.root, env={**os.environ, "EGOV_PROJECT_DIR": str(project.root)},
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            busy = row(f"published file, {count} readers, during a rebuild", readers("file", file, count, seconds))
            assert rebuild.wait() == 0
            print(f"p95 during a rebuild, to idle: {busy / idle:.2f}")


@app.command("postgres")
def postgres(millions: Millions = 10, rounds: Rounds = 3) -> None:
    """`egov publish postgres` of a release with one new month, against the first publish and a plain COPY of the whole fact."""
    import psycopg

    from tests.targets.postgres_faults import own_server

    with project_with_feed(millions) as project, own_server() as running:
        dsn = running.get_uri()
        codes = feeds.services(max(1, round(millions * 1_000_000 / ROWS_PER_SERVICE)))
        late = feeds.months_from(FIRST, MONTHS)[20]
        egov(project, "build")
        seeds = iter(range(1, 1000))

        def first() -> Run:
            with psycopg.connect(dsn, autocommit=True) as server:
                for (schema,) in server.execute(
                    "select nspname from pg_namespace where nspname ~ '^(marts|reports|meta|egov_feed)'"
                ).fetchall():
                    server.execute(f"drop schema {schema} cascade")
            return egov(project, "publish", "postgres", "--dsn", dsn)

        def one_month() -> Run:
            file = feeds.make_month(project.root / "made", late, codes=codes, seed=next(seeds))
            egov(project, "feed", "add", "--correction", str(file))
            egov(project, "build")
            return egov(project, "publish", "postgres", "--dsn", dsn)

        def plain() -> Run:
            started = time.monotonic()
            with duckdb.connect(str(project.published_file), read_only=True) as release:
                release.execute(f"copy marts.fct_service_usage_daily to '{project.root}/fact.csv' (header false)")
            with psycopg.connect(dsn, autocommit=True) as server:
                server.execute("drop table if exists public.bare")
                server.execute(
                    "create table public.bare (service_code text, region_code text, channel_code text, usage_date date, "
                    "usage_count bigint, feed_file_id text, feed_row integer)"
                )
                with open(project.root / "fact.csv", "rb") as file, server.cursor().copy(
                    "copy public.bare from stdin (format csv)"
                ) as stream:  # fmt: skip
                    while block := file.read(1 << 20):
                        stream.write(block)
            return Run(time.monotonic() - started, 0)

        floor = "COPY of the whole fact into a bare table"
        measured = in_turns({"first publish": first, "publish with one month corrected": one_month, floor: plain}, rounds)
        print_table(f"{millions} million rows", measured, floor)


@app.command("spark")
def spark(millions: Millions = 10, rounds: Rounds = 1) -> None:
    """Whole builds on Spark, in a local session and on a cluster of two workers, against DuckDB. Needs `make .venv/spark-ready`."""
    from tests.targets.spark_cluster import standalone_cluster

    with project_with_feed(millions) as project, standalone_cluster(project.root) as cluster:

        def on(master: str) -> Run:
            return egov(project, "build", "--target", "spark", "--force", EGOV_SPARK_MASTER=master)

        duckdb_build = "egov build --full, on DuckDB"
        commands = {
            duckdb_build: lambda: egov(project, "build", "--full"),
            "egov build --target spark, local[2]": lambda: on("local[2]"),
            "egov build --target spark, two workers": lambda: on(cluster.master),
        }
        print_table(f"{millions} million rows", in_turns(commands, rounds), duckdb_build)


if __name__ == "__main__":
    app()
