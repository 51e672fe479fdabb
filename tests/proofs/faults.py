"""Tries and counts faults: `make faults`, or `python -m tests.proofs.faults kills --count 200` for one of them.

Each trial works on a copy of the project, prints a count at the end and exits with 1 if anything broke. The tests run the same
trials in a short form. With `--feed ROWS`, the project of kills, readers and writes has a usage feed of about so many rows, of
which one month is corrected again and again.
"""

from __future__ import annotations

import csv
import hashlib
import json
import multiprocessing
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from rich.progress import track

from pipelines.build import Steps
from pipelines.feed import register
from pipelines.intake import check, load, package
from pipelines.project import EgovError, Project
from pipelines.releases import connect, store
from tests import feeds
from tests.helpers import ROOT, copy_project, egov

app = typer.Typer(add_completion=False, help=__doc__)
READERS = 8
FeedRows = Annotated[int, typer.Option("--feed", help="Rows of the usage feed of the project; 0: no feed.", min=0)]
FEED_MONTHS = ["2024-01", "2024-02", "2024-03"]


def assert_whole(project: Project) -> str:
    """Check that `current` points to a release that opens and matches its summary. Returns its id."""
    release = store.current(project)
    assert release is not None, "`current` points to no release"
    release_id, folder, summary = release.release_id, release.folder, release.summary
    described_by = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert described_by["version"] == release_id
    for described in described_by["resources"]:
        content = (folder / described["path"]).read_bytes()
        assert described["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    for product in ("report/index.html", "dcat.jsonld"):
        assert release_id in (folder / product).read_text(encoding="utf-8")
    assert (
        sum(file.stat().st_size for file in folder.rglob("*") if file.name != "release.json" and file.is_file())
        == summary["bytes"]
    )
    with connect.connect(project.published_file) as connection:
        assert connection.execute("select release_id from meta.build_info").fetchall() == [(release_id,)]
        for table, rows in summary["facts"].items():
            assert connection.execute(f"select count(*) from marts.{table}").fetchall() == [(rows,)]
        sums = (
            "select feed_file_id, row_count, usage_sum from marts.dim_feed_files where row_count > 0 except all "
            "select feed_file_id, count(*), sum(usage_count) from marts.fct_service_usage_daily group by 1"
        )
        assert connection.execute(sums).fetchall() == [], "a month of the feed is not whole"
        adrift = "select count(*) from marts.fct_index_values anti join marts.dim_source_cells using (source_cell_id)"
        assert connection.execute(adrift).fetchall() == [(0,)]
        verdicts = connection.execute("select verdict, count(*) from reports.rpt_claims group by 1").fetchall()
        assert dict(verdicts) == summary["claims"]
    return release_id


def start_build(project: Project) -> subprocess.Popen[bytes]:
    """Start `egov build --force` as the leader of a new process group."""
    return subprocess.Popen(
        [sys.executable, "-m", "pipelines", "build", "--force"],
        env={**os.environ, "EGOV_PROJECT_DIR": str(project.root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill_once(project: Project, seconds: float) -> None:
    """Kill a build and all its children after `seconds`, and check that the current release is intact."""
    build = start_build(project)
    time.sleep(seconds)
    os.killpg(build.pid, signal.SIGKILL)
    build.wait()
    assert_whole(project)


def start_feed(project: Project, rows: int) -> None:
    """Add a feed of about so many rows, in three months, to a project; none if `rows` is 0."""
    if rows:
        with duckdb.connect() as connection:
            regions = connection.execute(
                "select count(*) from read_csv(?)", [str(project.raw / "codes/regions.csv")]
            ).fetchone()
        assert regions
        services = max(1, round(rows / (len(FEED_MONTHS) * 30 * regions[0] * len(feeds.CHANNELS))))
        feeds.list_services(project, services)
        files = [feeds.make_month(project.root / "portal", month, codes=feeds.services(services)) for month in FEED_MONTHS]
        add_to_feed(project, *files)


def correct_feed(project: Project, number: int) -> None:
    """The last month of the feed, if there is one, arrives again with other counts."""
    if held := register.active(project):
        with duckdb.connect() as connection:
            codes = connection.execute(
                "select distinct service_code from read_parquet(?) order by 1", [str(held[-1].rows_file(project))]
            ).fetchall()
        folder = project.root / "portal" / str(number)
        add_to_feed(
            project, feeds.make_month(folder, held[-1].month, codes=[code for (code,) in codes], seed=number), "--correction"
        )
        shutil.rmtree(folder)


def add_to_feed(project: Project, *arguments: Path | str) -> None:
    done = egov(project, "feed", "add", *map(str, arguments))
    assert done.returncode == 0, done.stderr


def mark(project: Project, number: int) -> None:
    """Change the data of the next release in two tables at once: add a number to a claim and to a finding."""
    for name, column in (("claims", "statement"), ("discrepancies", "note")):
        path = project.raw / f"article/{name}.csv"
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        rows[0][column] = rows[0][column].split(" #")[0] + f" #{number}"
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    check.update_hashes(project)


MARKS = """
    select
        (select release_id from meta.build_info),
        (select split_part(statement, ' #', 2) from reports.rpt_claims where statement like '% #%'),
        (select split_part(note, ' #', 2) from reports.rpt_discrepancies where note like '% #%'),
        (select count(*) from marts.fct_index_values),
        (select coalesce(sum(usage_count), 0)::bigint from marts.fct_service_usage_daily),
        (select coalesce(sum(usage_sum), 0)::bigint from marts.dim_feed_files),
        (select coalesce(sum(usage_count), 0)::bigint from reports.rpt_region_usage)
"""


def read_in_a_loop(root: str, stop: str, report: str, held: bool) -> None:
    """Connect and query until `stop` appears or the parent ends; report the number of answers and the wrong ones."""
    project, answers, wrong = Project(Path(root)), 0, []
    seen: dict[str, tuple[object, ...]] = {}
    kept = connect.connect(project.published_file) if held else None
    first = kept.execute(MARKS).fetchone() if kept else None
    parent = multiprocessing.parent_process()
    assert parent
    while not Path(stop).exists() and parent.is_alive():
        try:
            at_least = project.current.readlink().name
            connection = kept or connect.connect(project.published_file)
            answer = connection.execute(MARKS).fetchone()
            if not kept:
                connection.close()
            assert answer
            answers += 1
            if answer[1] != answer[2] or len({*answer[4:]}) > 1 or seen.setdefault(answer[0], answer) != answer:
                wrong.append(f"mixed: {answer}")
            if kept and answer != first:
                wrong.append(f"changed under an open connection: {first} -> {answer}")
            if not kept and answer[0] < at_least:
                wrong.append(f"old: {answer[0]}, though {at_least} was current before")
        except Exception as error:  # any error that a reader sees counts as a wrong answer
            wrong.append(f"{type(error).__name__}: {error}")
        time.sleep(1)  # without a pause, eight readers would slow down the builds
    Path(report).write_text(json.dumps({"answers": answers, "wrong": wrong}), encoding="utf-8")


def publish_marked(project: Project, number: int) -> None:
    """Build and publish a full release that differs from the previous one."""
    mark(project, number)
    correct_feed(project, number)
    done = egov(project, "build", "--keep", "3", steps=Steps())
    assert done.returncode == 0, done.stderr


def read_through_rebuilds(
    project: Project, rebuilds: int, readers: int = READERS, build: Callable[[Project, int], None] = publish_marked
) -> tuple[int, list[str]]:
    """Run readers in a loop, one of them on a single connection, while `build` publishes `rebuilds` releases.

    Returns the number of answers and the wrong ones.
    """
    stop = project.root / "stop"
    reports = [project.root / f"reader-{number}.json" for number in range(readers)]
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=read_in_a_loop, args=(str(project.root), str(stop), str(report), number == 0))
        for number, report in enumerate(reports)
    ]
    for process in processes:
        process.start()
    try:
        for number in track(range(1, rebuilds + 1), "rebuilds"):
            build(project, number)
    finally:
        stop.touch()
        for process in processes:
            process.join(60)
    told = [json.loads(report.read_text(encoding="utf-8")) for report in reports]
    return sum(report["answers"] for report in told), [wrong for report in told for wrong in report["wrong"]]


def build_with_room_for(project: Project, size: int, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a build in which no file can grow beyond `size` bytes: every write past that fails, as on a full disk."""
    return subprocess.run(
        [sys.executable, "-m", "pipelines", "build", "--force", *options],
        env={**os.environ, "EGOV_PROJECT_DIR": str(project.root)},
        capture_output=True,
        text=True,
        timeout=300,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )


def mutants(folder: Path, chance: random.Random) -> tuple[Project, str]:
    """Make a project of one mutated raw file and the code lists that it refers to. Returns it with the path of the file."""
    whole = package.read_package(Project(ROOT))
    by_name = {described["name"]: described for described in whole["resources"]}
    chosen = chance.choice([described for described in whole["resources"] if "wb_wdi" not in described["path"]])
    wanted, names = [], [chosen["name"]]
    while names:
        described = by_name[names.pop()]
        if described not in wanted:
            wanted.append(described)
            names += [
                key["reference"]["resource"]
                for key in described["schema"].get("foreignKeys", [])
                if key["reference"]["resource"]
            ]
    project = Project(folder)
    for described in wanted:
        target = project.raw / described["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "raw" / described["path"], target)
    path = project.raw / chosen["path"]
    path.write_bytes(mutated(path.read_bytes(), chance))
    if chance.random() < 0.5:  # for half of them the new hash is recorded, as a careless transcriber would do
        wanted = [{**described, "hash": package.file_hash(path)} if described is chosen else described for described in wanted]
    project.package_file.write_text(json.dumps({**whole, "resources": wanted}, ensure_ascii=False), encoding="utf-8")
    return project, chosen["path"]


def mutated(content: bytes, chance: random.Random) -> bytes:
    """The content with a random mutation: a changed byte, shuffled cells, a dropped or doubled row, and so on."""
    lines = content.splitlines(keepends=True)
    row = chance.randrange(len(lines))
    place = chance.randrange(len(content))
    match chance.randrange(9):
        case 0:
            return content[:place] + bytes([chance.randrange(256)]) + content[place + 1 :]
        case 1:
            cells = lines[row].rstrip(b"\n").split(b",")
            chance.shuffle(cells)
            return b"".join([*lines[:row], b",".join(cells) + b"\n", *lines[row + 1 :]])
        case 2:
            return b"".join(lines[:row] + lines[row + 1 :])
        case 3:
            return b"".join(lines[: row + 1] + lines[row:])
        case 4:
            return content.replace(lines[0].split(b",")[-1].strip(), b"renamed", 1)
        case 5:
            return content.decode().encode(chance.choice(["utf-16", "cp1251", "utf-8-sig", "utf-7"]), "replace")
        case 6:
            return content[:place] + b"x" * chance.choice([200, 200_000, 2_000_000]) + content[place:]
        case 7:
            return content[:place] + b'"' + content[place:]
        case _:
            return content[:place]


def judge_mutant(chance: random.Random) -> str:
    """Check one mutated file. Returns `refused` if a finding names it, or `read` if every reader reads the same text.

    Raises AssertionError otherwise.
    """
    with tempfile.TemporaryDirectory() as folder:
        project, path = mutants(Path(folder), chance)
        findings = check.check(project)
        if findings:
            assert any(path in str(finding) for finding in findings), findings
            return "refused"
        with open(project.raw / path, encoding="utf-8-sig", newline="") as file:  # a byte-order mark does not change the text
            header, *rows = list(csv.reader(file, strict=True))
        table = load.read_text_table(project.raw / path)
        assert list(table.columns) == header
        assert table.to_numpy().tolist() == [row for row in rows if row]
        return "read"


@app.command()
def kills(count: Annotated[int, typer.Option(min=1)] = 200, seed: int = 1, feed: FeedRows = 0) -> None:
    """Kill the whole process tree of a build at random moments; after each kill, the release is intact and a build succeeds."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        project = copy_project(Path(folder))
        start_feed(project, feed)
        started = time.monotonic()
        assert egov(project, "build", steps=Steps()).returncode == 0
        whole = time.monotonic() - started
        for number in track(range(count), "kills"):
            correct_feed(project, number + 1)
            kill_once(project, chance.uniform(0, whole))
            done = egov(project, "build", "--force", steps=Steps())
            assert done.returncode == 0, done.stderr
            assert_whole(project)
    print(f"kills: {count} of {count} left the current release intact and let the next build succeed")


@app.command("readers")
def readers_command(rebuilds: Annotated[int, typer.Option(min=1)] = 50, feed: FeedRows = 0) -> None:
    """Run readers in a loop during rebuilds with different data."""
    with tempfile.TemporaryDirectory() as folder:
        project = copy_project(Path(folder))
        start_feed(project, feed)
        publish_marked(project, 0)
        answers, wrong = read_through_rebuilds(project, rebuilds)
    for line in wrong[:20]:
        print(line)
    print(f"readers: {READERS} through {rebuilds} rebuilds, {answers} answers, {len(wrong)} wrong")
    raise typer.Exit(bool(wrong))


@app.command()
def writes(count: Annotated[int, typer.Option(min=1)] = 25, feed: FeedRows = 0) -> None:
    """Make writes fail beyond a growing size limit, in load, transform and publish."""
    outcomes: dict[int, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        project = copy_project(Path(folder))
        start_feed(project, feed)
        assert egov(project, "build", steps=Steps()).returncode == 0
        largest = 3 * project.published_file.stat().st_size
        for number in track(range(count), "writes"):
            correct_feed(project, number + 1)
            options = ["--full"] if number % 2 else []
            done = build_with_room_for(project, int(largest * (number / count) ** 3), *options)
            assert "Traceback" not in done.stderr, done.stderr
            assert done.returncode in (0, 1), done.stderr
            assert done.returncode == 0 or done.stderr.strip().startswith("egov:") or "\negov:" in done.stderr, done.stderr
            assert_whole(project)
            outcomes[done.returncode] = outcomes.get(done.returncode, 0) + 1
        assert egov(project, "build", "--force", steps=Steps()).returncode == 0
    print(
        f"writes: {count} limits, {outcomes.get(1, 0)} builds failed with a message, {outcomes.get(0, 0)} had room; all intact"
    )


@app.command()
def raw(count: Annotated[int, typer.Option(min=1)] = 5000, seed: int = 1) -> None:
    """Mutate raw files: each is refused by name, or every reader reads the same text."""
    chance = random.Random(seed)
    judged: dict[str, int] = {}
    slowest = 0.0
    for _ in track(range(count), "mutants"):
        started = time.monotonic()
        verdict = judge_mutant(chance)
        slowest = max(slowest, time.monotonic() - started)
        judged[verdict] = judged.get(verdict, 0) + 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"raw: {count} mutants, {judged}; slowest {slowest:.1f} s, memory peak {peak:.0f} MiB")


if __name__ == "__main__":
    try:
        app()
    except (AssertionError, EgovError) as error:
        sys.exit(f"broken: {error}")
