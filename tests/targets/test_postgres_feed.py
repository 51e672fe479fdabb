"""The usage feed in PostgreSQL: only new and corrected months travel, and readers see one release at a time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psycopg
import pytest

from pipelines.project import Project
from pipelines.targets.postgres.ddl import FEED
from tests.helpers import egov, unsealed
from tests.targets.postgres_faults import own_server, point

# The releases: for each, its months with the start of the hash of their file.
RELEASES = {
    "20990101T000000000000Z-0000000a": {"2024-01": "aaaaaaaaaaaa", "2024-02": "bbbbbbbbbbbb"},
    "20990102T000000000000Z-0000000b": {"2024-01": "aaaaaaaaaaaa", "2024-02": "cccccccccccc", "2024-03": "dddddddddddd"},
    "20990103T000000000000Z-0000000c": {"2024-01": "aaaaaaaaaaaa", "2024-02": "cccccccccccc"},
    "20990104T000000000000Z-0000000d": {},
}
A, B, C, D = RELEASES
KEPT = ("dim_levels", "rpt_claims", "dim_feed_files", "fct_service_usage_daily", "rpt_service_usage_monthly")
SUMS = """
    select (select release_id from meta.build_info), (select count(*) from marts.fct_service_usage_daily),
        (select sum(usage_count)::bigint from marts.fct_service_usage_daily), (select sum(usage_count)::bigint from reports.rpt_service_usage_monthly)
"""
Connection = psycopg.Connection[tuple[object, ...]]


def make_release(built: Project, project: Project, release_id: str, months: dict[str, str]) -> None:
    """A release with these months, some levels, and claims."""
    folder = shutil.copytree(built.current.resolve(), project.releases / release_id)
    unsealed(folder)
    with duckdb.connect(str(folder / "egov.duckdb")) as connection:
        connection.execute("update meta.build_info set release_id = ?", [release_id])
        doomed = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where schema_name in ('marts', 'reports') "
            f"and table_name not in {KEPT}"
        ).fetchall()
        while doomed:
            left = []
            for (table,) in doomed:
                try:
                    connection.execute(f"drop table {table}")
                except duckdb.CatalogException:
                    left.append((table,))
            doomed = left
        for month, digest in months.items():
            file = f"{month}-{digest}"
            connection.execute(
                "insert into marts.dim_feed_files select ?, ?, repeat('0', 64), 'f', 200, 1, 200, 1, 0, 0, null, now()",
                [file, month],
            )
            connection.execute(
                "insert into marts.fct_service_usage_daily select 'a', 'KZ-75', 'online', ?::date + (i % 28)::int, "
                "hash(?, i) % 100, ?, i + 1 from range(200) as rows (i)",
                [f"{month}-01", file, file],
            )
        connection.execute(
            "insert into reports.rpt_service_usage_monthly select feed_file_id[:7], service_code, region_code, channel_code, "
            "sum(usage_count), 28, feed_file_id from marts.fct_service_usage_daily group by all"
        )


@pytest.fixture(scope="module")
def releases(built: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("feed"))
    shutil.copy(built.root / "dbt_project.yml", project.root)
    for release_id, months in RELEASES.items():
        make_release(built, project, release_id, months)
    return project


@pytest.fixture
def server() -> Iterator[str]:
    with own_server() as running:
        yield running.get_uri()


def publish(project: Project, dsn: str, release_id: str) -> str:
    point(project, release_id)
    done = egov(project, "publish", "postgres", "--dsn", dsn)
    assert done.returncode == 0, done.stderr
    return done.stderr


def months(reader: Connection) -> dict[str, int]:
    """The tables of schema egov_feed, each with its id in the database: a table that was loaded again has another one."""
    found = reader.execute(
        "select relname, c.oid::bigint from pg_class as c join pg_namespace as n on n.oid = relnamespace "
        "where nspname = %s and relkind = 'r' and relname like 'fct%%' order by 1",
        [FEED],
    )
    return {str(name)[: len("fct_service_usage_daily_2024_01_aaaa")]: int(str(oid)) for name, oid in found.fetchall()}


def expected(project: Project, release_id: str) -> tuple[object, ...]:
    with duckdb.connect(str(project.releases / release_id / "egov.duckdb"), read_only=True) as connection:
        row = connection.execute(SUMS).fetchone()
    assert row
    return row


def test_only_changed_months_travel(releases: Project, server: str) -> None:
    with psycopg.connect(server, autocommit=True) as reader:
        publish(releases, server, A)
        assert reader.execute(SUMS).fetchone() == expected(releases, A)
        first = months(reader)
        assert [name[-12:] for name in first] == ["2024_01_aaaa", "2024_02_bbbb"]
        publish(releases, server, B)
        assert reader.execute(SUMS).fetchone() == expected(releases, B)
        second = months(reader)
        assert [name[-12:] for name in second] == ["2024_01_aaaa", "2024_02_bbbb", "2024_02_cccc", "2024_03_dddd"]
        assert {name: second[name] for name in first} == first, "the old release keeps its months, and no month is loaded again"
        publish(releases, server, C)
        assert reader.execute(SUMS).fetchone() == expected(releases, C)
        third = months(reader)
        assert [name[-12:] for name in third] == ["2024_01_aaaa", "2024_02_cccc", "2024_03_dddd"], "one release back stays"
        assert third["fct_service_usage_daily_2024_01_aaaa"] == first["fct_service_usage_daily_2024_01_aaaa"]
        publish(releases, server, D)
        assert reader.execute(SUMS).fetchone() == expected(releases, D) == (D, 0, None, None)
        publish(releases, server, A)
        assert reader.execute(SUMS).fetchone() == expected(releases, A)


def test_a_failed_publish_leaves_the_months_as_they_were(releases: Project, server: str) -> None:
    with psycopg.connect(server, autocommit=True) as reader:
        publish(releases, server, A)
        before = months(reader)
        reader.execute(
            "create function full_disk() returns event_trigger language plpgsql as "
            "$$ begin raise exception 'no space' using errcode = 'disk_full'; end $$"
        )
        reader.execute(
            "create event trigger full_disk on ddl_command_end when tag in ('ALTER TABLE') execute function full_disk()"
        )
        point(releases, B)
        done = egov(releases, "publish", "postgres", "--dsn", server)
        assert done.returncode == 1
        assert "the disk of the PostgreSQL server is full" in done.stderr
        assert months(reader) == before
        assert reader.execute(SUMS).fetchone() == expected(releases, A)
        reader.execute("drop event trigger full_disk")
        publish(releases, server, B)
        assert reader.execute(SUMS).fetchone() == expected(releases, B)


def test_the_planner_skips_months_and_the_reader_only_reads(releases: Project, server: str) -> None:
    publish(releases, server, B)
    with psycopg.connect(server, autocommit=True) as reader:
        (month,) = reader.execute(
            "select c.oid::regclass::text from pg_class as c where relname like 'fct%2024_01%' and relkind = 'r'"
        ).fetchall()[0]
        assert str(month).startswith(FEED)
        reader.execute("set role egov_reader")
        day = "explain select sum(usage_count) from marts.fct_service_usage_daily where usage_date between '2024-03-01' and '2024-03-05'"
        plan = "\n".join(str(line) for (line,) in reader.execute(day).fetchall())
        assert "2024_03" in plan
        assert "2024_01" not in plan
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(f"delete from {month}")


def test_a_long_query_on_a_month_delays_the_swap(releases: Project, server: str) -> None:
    publish(releases, server, A)
    with psycopg.connect(server) as reader:  # a transaction that stays open
        assert reader.execute("select count(*) from marts.fct_service_usage_daily").fetchone() == (400,)
        point(releases, B)
        done = egov(releases, "publish", "postgres", "--dsn", server, "--wait", "1")
        assert done.returncode == 3
        assert "readers" in done.stderr
        assert reader.execute(SUMS).fetchone() == expected(releases, A)


def test_a_schema_of_somebody_else_is_not_touched(releases: Project, server: str) -> None:
    with psycopg.connect(server, autocommit=True) as other:
        other.execute(f"create schema {FEED}")
        point(releases, A)
        done = egov(releases, "publish", "postgres", "--dsn", server)
        assert done.returncode == 1
        assert f"the database has a schema {FEED} that was not made by" in done.stderr


def test_the_docs_name_the_schema() -> None:
    assert FEED in Path("docs/postgresql.md").read_text(encoding="utf-8")
