"""A release with a usage feed: its figures, what a new month costs, and that a build in steps equals one from all files."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from rich.console import Console

from pipelines.build import Steps
from pipelines.feed import arrival, register
from pipelines.feed.register import FEED_FACT
from pipelines.intake import check, load
from pipelines.products import codebook, tables
from pipelines.project import Project
from pipelines.releases import carry, connect, runs, store
from pipelines.releases.catalog import PUBLIC_SCHEMAS
from pipelines.releases.inputs import hash_of
from tests import feeds
from tests.helpers import Said, egov, quick

# Every table as files, but no other product that takes time.
TABLES = Steps(products=lambda: [codebook.PRODUCT, tables.PRODUCT])
FEED_TABLES = (
    "marts.dim_feed_files", f"marts.{FEED_FACT}", "reports.rpt_feed_quarantine", "reports.rpt_feed_reconciliation",
    "reports.rpt_region_usage", "reports.rpt_service_usage_monthly",
)  # fmt: skip
QUIET = ["--log-level", "none", "--log-level-file", "none", "--profiles-dir", "."]
LARGE = (FEED_FACT, "rpt_service_usage_monthly")
KEYS = ["service_code", "region_code", "channel_code"]


@pytest.fixture
def fed_copy(fed: Project, tmp_path: Path) -> Project:
    """A copy of the project with a feed, for a test to break. Files that are one on the disk stay one."""
    subprocess.run(["cp", "-a", str(fed.root), str(tmp_path / "project")], check=True)
    return Project(tmp_path / "project")


def delivered(project: Project) -> pd.DataFrame:
    """The rows of the feed, read from the files as they were delivered, with the number of each row."""
    frames = []
    for entry in register.active(project):
        file = entry.delivered_file(project)
        frame = pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file, dtype=str)
        frame["feed_row"] = range(1, len(frame) + 1)
        frame["feed_file_id"] = entry.feed_file_id
        frame["month"] = entry.month
        frames.append(frame.astype({"usage_count": int, "usage_date": str}))
    whole = pd.concat(frames, ignore_index=True)
    return whole[~whole["service_code"].eq(feeds.UNKNOWN_SERVICE)]


def table(project: Project, name: str) -> pd.DataFrame:
    with connect.connect(project.published_file) as connection:
        return connection.execute(f"from {name}").df()


def new_month(
    project: Project, folder: Path, month: str, *, more: tuple[str, ...] = (), seed: int = 0, suffix: str = ".parquet"
) -> None:
    file = feeds.make_month(
        folder / f"{month}-{seed}", month, codes=list(feeds.KNOWN_SERVICES), seed=seed, suffix=suffix, share=0.2
    )
    said = egov(project, "feed", "add", *more, str(file))
    assert said.returncode == 0, said.stderr


def build(project: Project, *options: str, code: int = 0, steps: Steps = TABLES) -> Said:
    before = project.current.readlink()
    said = egov(project, "build", *options, steps=steps)
    assert said.returncode == code, said.stderr
    assert "Traceback" not in said.stderr
    assert (project.current.readlink() != before) == (code == 0), "a build that fails must leave the release as it was"
    return said


def last_run(project: Project) -> dict[str, Any]:
    return dict(runs.history(project, 1)[0])


def files_of(project: Project) -> dict[str, str]:
    """The hashes of the tables of the current release as files."""
    return {
        path.relative_to(project.current.resolve()).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for kind in ("csv", "parquet")
        for path in (project.current.resolve() / kind).rglob("*")
        if path.is_file()
    }


def rows_of(database: Path, *, only: Callable[[str], bool] = lambda name: True) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every public table in the order of its columns."""
    with duckdb.connect(str(database), read_only=True) as connection:
        named = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where list_contains(?, schema_name) order by 1",
            [list(PUBLIC_SCHEMAS)],
        ).fetchall()
        return {name: connection.execute(f"from {name} order by all").fetchall() for (name,) in named if only(name)}


def assert_no_feed(project: Project) -> None:
    """The tables of the feed are there, and nothing is in them."""
    held = rows_of(project.published_file, only=lambda name: "feed" in name or name in FEED_TABLES)
    assert tuple(held) == FEED_TABLES
    assert [name for name, rows in held.items() if rows] == []


def test_no_feed_no_figures(built: Project) -> None:
    assert_no_feed(built)
    assert not built.feed.exists()
    assert "carry" not in runs.history(built, 1)[0]["steps"]


def test_every_row_leads_back_to_the_row_of_its_file(fed: Project) -> None:
    expected = delivered(fed)[
        ["service_code", "region_code", "channel_code", "usage_date", "usage_count", "feed_file_id", "feed_row"]
    ]
    held = table(fed, f"marts.{FEED_FACT}").assign(usage_date=lambda frame: frame["usage_date"].dt.strftime("%Y-%m-%d"))
    order = ["feed_file_id", "feed_row"]
    assert len(held) > 3000
    pd.testing.assert_frame_equal(
        held.sort_values(order, ignore_index=True), expected.sort_values(order, ignore_index=True), check_dtype=False
    )


def test_sums_agree_with_the_delivered_files(fed: Project) -> None:
    rows = delivered(fed)
    grouped = rows.groupby(["month", *KEYS, "feed_file_id"]).agg(
        usage_count=("usage_count", "sum"), days_used=("usage_date", "nunique")
    )
    monthly = table(fed, "reports.rpt_service_usage_monthly")
    order = ["month", *KEYS]
    pd.testing.assert_frame_equal(
        monthly[[*order, "usage_count", "days_used", "feed_file_id"]].sort_values(order, ignore_index=True),
        grouped.reset_index()[[*order, "usage_count", "days_used", "feed_file_id"]].sort_values(order, ignore_index=True),
        check_dtype=False,
    )
    with open(fed.raw / "codes/channels.csv", encoding="utf-8", newline="") as file:
        online = {row["channel_code"] for row in csv.DictReader(file) if row["is_online"] == "true"}
    regions = table(fed, "reports.rpt_region_usage").set_index(["month", "region_code"])
    expected = rows.groupby(["month", "region_code"])["usage_count"].sum()
    assert dict(regions["usage_count"]) == dict(expected)
    part = rows[rows["channel_code"].isin(online)].groupby(["month", "region_code"])["usage_count"].sum()
    assert dict(regions["usage_online"]) == dict(part)
    for key, row in zip(regions.index, regions.to_dict("records"), strict=True):
        used = rows[(rows["month"] == key[0]) & (rows["region_code"] == key[1]) & (rows["usage_count"] > 0)]
        assert row["services_used"] == used["service_code"].nunique()
        assert float(row["online_share"]) == pytest.approx(100 * row["usage_online"] / row["usage_count"], abs=0.0051)
        assert row["usage_rank"] == 1 + (expected[key[0]] > row["usage_count"]).sum()


def test_the_files_of_the_feed_and_their_totals(fed: Project) -> None:
    with connect.connect(fed.published_file) as connection:
        files = connection.execute("from marts.dim_feed_files order by month").df()
        aside = connection.execute("from reports.rpt_feed_quarantine").fetchall()
    entries = register.active(fed)
    for name in ("feed_file_id", "month", "sha256", "row_count", "usage_sum", "stated_row_count", "stated_usage_sum"):
        assert list(files[name]) == [getattr(entry, name) for entry in entries], name
    rows = delivered(fed).groupby("month")["usage_count"].agg(["count", "sum"])
    assert list(files["row_count"]) == list(rows["count"])
    assert list(files["usage_sum"]) == list(rows["sum"])
    assert list(files["quarantined_rows"]) == [0, 0, 1]
    ((file, row, day, service, region, channel, count, reason),) = aside
    assert (file, row, service) == (entries[2].feed_file_id, 4, feeds.UNKNOWN_SERVICE)
    assert reason.startswith(f"service_code: '{feeds.UNKNOWN_SERVICE}'; expected a code of raw/codes/services.csv")
    with open(entries[2].delivered_file(fed), encoding="utf-8") as lines:
        assert lines.read().splitlines()[4] == ",".join([day, service, region, channel, count])


def test_published_figures_stand_beside_the_feed(fed: Project) -> None:
    rows = delivered(fed)
    found = table(fed, "reports.rpt_feed_reconciliation").set_index("service_usage_id")
    assert len(found) > 1
    whole = found[found["months_in_period"] == found["months_in_feed"]]
    assert len(whole) > 0
    for usage_id, row in found.iterrows():
        period = row["period_code"]
        months = rows[rows["month"].str.startswith(period) & rows["service_code"].eq(row["service_code"])]
        if row["channel_code"]:
            months = months[months["channel_code"].eq(row["channel_code"])]
        assert row["feed_count"] == months["usage_count"].sum(), usage_id
        if usage_id in whole.index:
            assert row["difference"] == row["feed_count"] - row["published_count"]
        else:
            assert pd.isna(row["difference"]), "a year of which the feed holds a month is not compared"


def test_large_tables_come_in_parts(fed: Project) -> None:
    current, ids = fed.current.resolve(), [entry.feed_file_id for entry in register.active(fed)]
    for name in LARGE:
        schema = "marts" if name == FEED_FACT else "reports"
        assert not (current / "csv" / f"{name}.csv").exists()
        assert not (current / "parquet" / f"{name}.parquet").exists()
        assert sorted(path.stem for path in (current / "parquet" / name).iterdir()) == ids
        with duckdb.connect() as plain:
            plain.execute(f"attach '{current}/egov.duckdb' as release (read_only)")
            for one, other in (("release", "files"), ("files", "release")):
                relations = {
                    "release": f"release.{schema}.{name}",
                    "files": f"read_parquet('{current}/parquet/{name}/*.parquet')",
                }
                query = f"select count(*) from (from {relations[one]} except all from {relations[other]})"
                assert plain.execute(query).fetchall() == [(0,)], (name, one)
    for entry in register.active(fed):
        assert (current / "parquet" / FEED_FACT / f"{entry.feed_file_id}.parquet").read_bytes() == entry.rows_file(
            fed
        ).read_bytes()


def test_months_arrive_are_corrected_and_withdrawn(fed_copy: Project, tmp_path: Path) -> None:
    """Each step costs its month. After each, the release is what a build from all files makes."""
    first = fed_copy.current.resolve()
    before = register.active(fed_copy)
    tests = store.require_current(fed_copy).summary["tests_passed"]

    new_month(fed_copy, tmp_path, "2019-03")
    assert egov(fed_copy, "status").returncode == 10
    said = build(fed_copy)
    run = last_run(fed_copy)
    assert "carry" in run["steps"]
    assert "validate" not in run["steps"], "raw/ has not changed since it was found valid"
    assert f"marts.{FEED_FACT}: 1 added, 0 removed, 0 changed" in said.stderr
    data_tests = store.require_current(fed_copy).summary["tests_passed"]
    assert data_tests <= tests, "no test may be counted twice"
    second = fed_copy.current.resolve()
    held = store.require_current(fed_copy).summary["files"]
    for name in LARGE:
        for entry in before:
            path = f"parquet/{name}/{entry.feed_file_id}.parquet"
            assert (first / path).stat().st_ino == (second / path).stat().st_ino, (
                "a month that has not changed is not written again"
            )
    for path in ("csv/dim_countries.csv", "parquet/rpt_claims.parquet", "codebook.csv"):
        assert (first / path).stat().st_ino == (second / path).stat().st_ino, path
    assert (first / "csv/rpt_region_usage.csv").read_bytes() != (second / "csv/rpt_region_usage.csv").read_bytes()
    assert egov(fed_copy, "verify").returncode == 0
    entry = register.active(fed_copy)[3]
    told = egov(fed_copy, "diff").stdout
    assert f"+ marts.{FEED_FACT} 2019-03 ({entry.feed_file_id}, {entry.row_count} rows, {entry.usage_sum} uses)" in told
    assert "+ marts.dim_feed_files 2019-03" in told
    assert f"- marts.{FEED_FACT}" not in told

    new_month(fed_copy, tmp_path, "2019-01", more=("--correction",), seed=1, suffix=".csv")
    build(fed_copy)
    assert "carry" in last_run(fed_copy)["steps"]
    late = register.active(fed_copy)[1]
    was = f"{before[1].feed_file_id} ({before[1].row_count} rows, {before[1].usage_sum} uses)"
    now = f"{late.feed_file_id} ({late.row_count} rows, {late.usage_sum} uses)"
    told = egov(fed_copy, "diff").stdout
    assert f"~ marts.{FEED_FACT} 2019-01 feed_file_id: {was} -> {now}\n" in told
    assert f"~ marts.dim_feed_files 2019-01 feed_file_id: {before[1].feed_file_id} -> {late.feed_file_id}\n" in told
    assert f"~ marts.dim_feed_files 2019-01 usage_sum: {before[1].usage_sum} -> {late.usage_sum}\n" in told
    test_every_row_leads_back_to_the_row_of_its_file(fed_copy)
    test_sums_agree_with_the_delivered_files(fed_copy)

    rows, files = rows_of(fed_copy.published_file), files_of(fed_copy)
    said = build(fed_copy, "--full")
    assert "carry" not in last_run(fed_copy)["steps"]
    assert rows_of(fed_copy.published_file) == rows
    assert files_of(fed_copy) == files
    assert "nothing changed" in said.stderr
    assert store.require_current(fed_copy).summary["files"].keys() == held.keys() - {
        f"parquet/{name}/{before[1].feed_file_id}.parquet" for name in LARGE
    } | {f"parquet/{name}/{late.feed_file_id}.parquet" for name in LARGE}

    assert egov(fed_copy, "feed", "withdraw", "2018-12").returncode == 0
    refused = build(fed_copy, code=4)
    assert f"marts.{FEED_FACT} loses rows: 2018-12 ({before[0].feed_file_id})" in refused.stderr
    assert "marts.dim_feed_files loses rows: 2018-12" in refused.stderr
    build(fed_copy, "--accept")
    assert "carry" in last_run(fed_copy)["steps"]
    with connect.connect(fed_copy.published_file) as connection:
        assert connection.execute(f"select min(usage_date)::varchar from marts.{FEED_FACT}").fetchone() == ("2019-01-01",)
    assert not (fed_copy.current / f"parquet/{FEED_FACT}/{before[0].feed_file_id}.parquet").exists()

    for month in ("2019-01", "2019-02", "2019-03"):
        assert egov(fed_copy, "feed", "withdraw", month).returncode == 0
    build(fed_copy, "--accept")
    assert "carry" not in last_run(fed_copy)["steps"]
    assert_no_feed(fed_copy)
    assert egov(fed_copy, "verify").returncode == 0


def test_a_change_of_raw_keeps_the_months_and_a_change_of_a_model_does_not(fed_copy: Project, tmp_path: Path) -> None:
    rows = rows_of(fed_copy.published_file)
    first = fed_copy.current.resolve()
    path = fed_copy.raw / "article/claims.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("from a mobile device", "by phone", 1), encoding="utf-8")
    check.update_hashes(fed_copy)
    new_month(fed_copy, tmp_path, "2019-03")
    build(fed_copy)
    assert {"carry", "validate"} <= last_run(fed_copy)["steps"].keys()
    now = rows_of(fed_copy.published_file)
    assert "by phone" in str(now["reports.rpt_claims"])
    assert len(now[f"marts.{FEED_FACT}"]) > len(rows[f"marts.{FEED_FACT}"])
    month = f"parquet/{LARGE[1]}/{register.active(fed_copy)[0].feed_file_id}.parquet"
    assert (first / month).stat().st_ino == (fed_copy.current.resolve() / month).stat().st_ino

    model = fed_copy.root / "models/reports/feed/rpt_service_usage_monthly.sql"
    model.write_text(model.read_text(encoding="utf-8").replace("sum(usage_count)", "2 * sum(usage_count)"), encoding="utf-8")
    refused = build(fed_copy, code=1)
    assert "test feed_file_adds_up: 4 rows" in refused.stderr, "every month must be built again, and a wrong sum is noticed"
    assert "carry" not in last_run(fed_copy)["steps"]


def unsealed_file(path: Path) -> Path:
    """The file as a copy of its own that can be written: it may be one on the disk with the file of another release."""
    copy = path.with_name("copy")
    shutil.copyfile(path, copy)
    path.parent.chmod(0o755)
    os.replace(copy, path)
    return path


def test_a_database_that_is_not_as_it_was_published_is_not_taken_over(fed_copy: Project, tmp_path: Path) -> None:
    expected = rows_of(fed_copy.published_file)
    database = unsealed_file(fed_copy.published_file.resolve())
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"update marts.{FEED_FACT} set usage_count = usage_count + 1 where feed_row = 1")
    assert rows_of(database) != expected
    new_month(fed_copy, tmp_path, "2019-03")
    said = build(fed_copy)
    assert f"warning: {database} is not as it was published: nothing is taken over" in said.stderr
    assert "carry" in last_run(fed_copy)["steps"]
    assert "validate" in last_run(fed_copy)["steps"]
    held = set(rows_of(fed_copy.published_file)[f"marts.{FEED_FACT}"])
    assert held > set(expected[f"marts.{FEED_FACT}"])
    test_every_row_leads_back_to_the_row_of_its_file(fed_copy)
    test_sums_agree_with_the_delivered_files(fed_copy)


def test_a_file_that_was_changed_in_a_release_is_not_passed_on(fed_copy: Project, tmp_path: Path) -> None:
    """Nor is it written to: the release that it is in is not the business of the build."""
    folder, entry = fed_copy.current.resolve(), register.active(fed_copy)[0]
    whole = {
        path: (folder / path).read_bytes()
        for path in (
            "csv/dim_countries.csv",
            "codebook.csv",
            *(f"parquet/{name}/{entry.feed_file_id}.parquet" for name in LARGE),
        )
    }
    for path, content in whole.items():
        (folder / path).chmod(0o644)
        (folder / path).write_bytes(content + b"x")
    new_month(fed_copy, tmp_path, "2019-03")
    build(fed_copy)
    assert "carry" in last_run(fed_copy)["steps"]
    for path, content in whole.items():
        assert (fed_copy.current / path).read_bytes() == content, path
        assert (folder / path).read_bytes() == content + b"x", path
    assert egov(fed_copy, "verify").returncode == 0


def test_no_release_changes_with_the_files_of_the_feed(fed_copy: Project) -> None:
    for path in (path for path in fed_copy.feed.rglob("*") if path.is_file()):
        path.chmod(0o644)
        path.write_bytes(b"changed in place")
    assert egov(fed_copy, "verify").returncode == 0


@pytest.mark.parametrize("how", ["changed", "missing", "of another file"])
def test_a_file_of_the_feed_that_changed_before_a_build(fed_copy: Project, tmp_path: Path, how: str) -> None:
    new_month(fed_copy, tmp_path, "2019-03")
    *others, entry = register.active(fed_copy)
    rows = entry.rows_file(fed_copy)
    if how == "changed":
        rows.chmod(0o644)
        rows.write_bytes(rows.read_bytes()[:-1] + b"x")
    else:
        rows.unlink()
        if how == "of another file":
            shutil.copy(others[0].rows_file(fed_copy), rows)
    said = build(fed_copy, code=2)
    assert f"egov: feed/months/{rows.name} is not what was checked when usage-2019-03.parquet arrived at " in said.stderr
    assert "restore it from a backup, or withdraw 2019-03 and add its file again" in said.stderr
    assert egov(fed_copy, "feed", "withdraw", "2019-03").returncode == 0
    assert egov(fed_copy, "feed", "add", str(tmp_path / "2019-03-0/usage-2019-03.parquet")).returncode == 0
    build(fed_copy)


@pytest.mark.parametrize("full", [True, False])
def test_a_file_of_the_feed_that_changes_during_a_build(fed_copy: Project, full: bool) -> None:
    """The release shows the rows that were checked, or nothing is published. A month that is taken over is not read again."""
    (entry, *_) = register.active(fed_copy)

    def change(project: Project) -> None:
        rows = entry.rows_file(project)
        content = bytearray(rows.read_bytes())
        content[len(content) // 2] ^= 1
        rows.chmod(0o644)
        rows.write_bytes(content)  # in place: whatever is one with it on the disk would change too

    steps = quick(change, products=lambda: [tables.PRODUCT])
    if full:
        said = build(fed_copy, "--full", code=1, steps=steps)
        assert f"feed/months/{entry.feed_file_id}.parquet changed while it was being built, nothing is published" in said.stderr
    else:
        build(fed_copy, "--force", steps=steps)
        shown = fed_copy.current / f"parquet/{FEED_FACT}/{entry.feed_file_id}.parquet"
        assert hash_of(shown) == entry.rows_sha256 != hash_of(entry.rows_file(fed_copy))
    assert egov(fed_copy, "verify").returncode == 0


def test_a_register_that_changes_during_a_build(fed_copy: Project) -> None:
    def withdraw(project: Project) -> None:
        entries = register.read(project)
        register.write(project, [replace(entries[0], ended_at=entries[0].arrived_at), *entries[1:]])

    said = build(fed_copy, "--force", code=1, steps=quick(withdraw))
    assert "the inputs changed while they were being built, nothing is published; build again" in said.stderr
    said = build(fed_copy, "--force", code=2, steps=quick(lambda project: project.feed_register.write_text("{")))
    assert "feed/register.json is damaged" in said.stderr


def test_a_damaged_register_stops_a_build(fed_copy: Project) -> None:
    fed_copy.feed_register.write_text("[{}]", encoding="utf-8")
    said = build(fed_copy, code=2)
    assert "egov: feed/register.json is damaged" in said.stderr
    assert last_run(fed_copy)["outcome"] == "refused"


def test_a_rollback_then_a_build(fed_copy: Project, tmp_path: Path) -> None:
    """The build starts from the release that is current, not from the newest, and takes over what that one holds."""
    first = fed_copy.current.readlink()
    new_month(fed_copy, tmp_path, "2019-03")
    build(fed_copy)
    second = fed_copy.current.readlink().name
    expected = rows_of(fed_copy.published_file)
    assert egov(fed_copy, "rollback").returncode == 0
    assert fed_copy.current.readlink() == first
    said = egov(fed_copy, "build", steps=TABLES)
    assert f"unchanged since release {second}, which was rolled back" in said.stderr
    build(fed_copy, "--force")
    assert "carry" in last_run(fed_copy)["steps"]
    assert rows_of(fed_copy.published_file) == expected
    assert egov(fed_copy, "verify").returncode == 0


def test_the_limit_of_memory(fed_copy: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("lots", "0GB", "80%"):
        monkeypatch.setenv("EGOV_MEMORY_LIMIT", wrong)
        said = build(fed_copy, "--force", code=2)
        assert f"egov: EGOV_MEMORY_LIMIT is {wrong!r}; expected a size such as 4GB or 512MiB" in said.stderr
    monkeypatch.setenv("EGOV_MEMORY_LIMIT", "1GB")
    expected = rows_of(fed_copy.published_file)
    build(fed_copy, "--full")
    assert rows_of(fed_copy.published_file) == expected


class Feed(RuleBasedStateMachine):
    """A feed to which files arrive, are corrected and withdrawn in any order, and releases of it, each built from the one before.

    Everything but the start of dbt and the products is as in a build: arrival, what is carried, what is loaded, the models of the
    feed. Attributes of the class, which `run_state_machine_as_test` cannot pass on, are set by the test.
    """

    template: Project
    manifest: Any
    folder: Path
    made: dict[tuple[str, int], Path]

    def __init__(self) -> None:
        super().__init__()
        self.project = Project(Path(tempfile.mkdtemp(dir=self.folder)))
        for part in ("raw", "models", "macros", "tests", "dbt_project.yml", "profiles.yml"):
            (self.project.root / part).symlink_to(self.template.root / part)
        self.project.releases.mkdir(parents=True)
        self.releases: list[store.Release] = []
        self.changed = False

    def held(self) -> set[str]:
        return {entry.month for entry in register.active(self.project)}

    @initialize()
    def start(self) -> None:
        """A release of two months, so that whatever comes next meets months that are taken over."""
        self.arrive("2019-01", 0)
        self.arrive("2019-02", 1)
        self.build()

    @rule(month=st.sampled_from(["2019-01", "2019-02", "2019-03"]), version=st.integers(0, 3))
    def arrive(self, month: str, version: int) -> None:
        """A file of a month arrives, for the first time, again, or as a correction. Version 3 has no rows."""
        if (month, version) not in self.made:
            self.made[month, version] = feeds.make_month(
                self.folder / f"{month}-{version}", month, codes=list(feeds.KNOWN_SERVICES), seed=version,
                suffix=(".csv", ".parquet")[version % 2], share=0 if version == 3 else 0.02,
            )  # fmt: skip
        arrival.add(self.project, Console(quiet=True), [self.made[month, version]], quarantine=0, correction=True)

    @precondition(lambda self: self.held())
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        arrival.withdraw(self.project, data.draw(st.sampled_from(sorted(self.held()))))

    @precondition(lambda self: self.held())
    @rule()
    def build(self) -> None:
        """Build from the current release, or, if there is none, from the files."""
        before = self.releases[-1] if self.releases else None
        self.releases.append(self.built(before))
        self.check(self.releases[-1].database)

    @precondition(lambda self: len(self.releases) > 1)
    @rule()
    def roll_back(self) -> None:
        self.releases.pop()

    def built(self, before: store.Release | None) -> store.Release:
        """A release of the tables of the feed, built from the one before, or from the files."""
        draft = store.begin(self.project, "0" * 64)
        if before:
            assert carry.carry(carry.Carried(before, everything=True), draft)
        else:  # the other tables are those of a release without a feed
            shutil.copyfile(self.template.published_file, draft.database)
            with duckdb.connect(str(draft.database)) as connection:
                for name in FEED_TABLES:
                    connection.execute(f"drop table {name}")
        load.load(self.project, draft.database)
        with warnings.catch_warnings(), contextlib.chdir(self.project.root):
            warnings.simplefilter("ignore")  # dbt's own
            done = dbtRunner(manifest=self.manifest.deepcopy()).invoke(
                ["run", *QUIET, "--target", "duckdb", "--select", "tag:feed"]
            )
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        assert done.success, done.exception or [result.message for result in getattr(done.result, "results", [])]
        release = store.Release(self.project.releases / draft.release_id)
        draft.folder.rename(release.folder)
        summary = {name: kind() for name, kind in store.SUMMARISED.items()} | {"built_at": draft.built_at.isoformat()}
        files = {release.database.name: hash_of(release.database)}
        (release.folder / "release.json").write_text(json.dumps(summary | {"files": files}), encoding="utf-8")
        return release

    def check(self, database: Path) -> None:
        """The facts are the rows of the files that count, and nothing else."""
        files = [str(entry.rows_file(self.project)) for entry in register.active(self.project)]
        with duckdb.connect(str(database), read_only=True) as connection:
            held = connection.execute(f"from marts.{FEED_FACT} order by all").fetchall()
            assert held == connection.execute("from read_parquet(?) order by all", [files]).fetchall()

    def teardown(self) -> None:
        if self.held():
            self.build()
            full = self.built(None)
            assert rows_of(self.releases[-1].database, only=FEED_TABLES.__contains__) == rows_of(
                full.database, only=FEED_TABLES.__contains__
            )
        shutil.rmtree(self.project.root)


def test_any_order_of_arrivals_gives_what_a_build_from_all_files_gives(
    built: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with warnings.catch_warnings(), contextlib.chdir(built.root):
        warnings.simplefilter("ignore")
        parsed = dbtRunner().invoke(["parse", *QUIET, "--target", "duckdb", "--target-path", str(tmp_path / "target")])
    assert parsed.success, parsed.exception
    attributes: dict[str, Any] = {"template": built, "manifest": parsed.result, "folder": tmp_path, "made": {}}
    for name, value in attributes.items():
        monkeypatch.setattr(Feed, name, value, raising=False)
    run_state_machine_as_test(
        Feed,
        settings=settings(
            max_examples=4,
            stateful_step_count=8,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
