"""Makes feeds of any size, for tests and benchmarks only: counts that depend on nothing but the seed and the key.

    python -m tests.feeds FOLDER --services 1000 --months 41

The services are `portal_0000` and so on; `list_services` adds them to the code list of a project.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from rich.console import Console

from pipelines.feed import arrival
from pipelines.intake import check
from pipelines.project import Project
from tests.helpers import ROOT

CHANNELS = ("online", "online_account", "telephone", "in_person")
# Services that raw/codes/services.csv lists, with published figures of January 2019, and one that it does not list.
KNOWN_SERVICES = ("address_certificate", "criminal_record_certificate", "kindergarten_enrolment")
UNKNOWN_SERVICE = "made_up"


def list_services(project: Project, count: int) -> None:
    """Add the services of a made feed to raw/codes/services.csv."""
    with open(project.raw / "codes/services.csv", "a", encoding="utf-8") as file:
        file.writelines(
            f"{code},Portal service {code},Услуга {code},Қызмет {code},registration,KAZ\n" for code in services(count)
        )
    check.update_hashes(project)


def services(count: int) -> list[str]:
    return [f"portal_{number:04d}" for number in range(count)]


def months_from(first: str, count: int) -> list[str]:
    """Months as YYYY-MM, from the first on."""
    start = int(first[:4]) * 12 + int(first[5:]) - 1
    return [f"{number // 12}-{number % 12 + 1:02d}" for number in range(start, start + count)]


def make_month(
    folder: Path,
    month: str,
    *,
    codes: list[str],
    seed: int = 0,
    suffix: str = ".parquet",
    share: float = 1.0,
) -> Path:
    """Write one month and its manifest: a row for each day, service, region of that day and channel. Returns the file.

    `share` is how many of these rows there are, from 0 to 1: a portal does not log a service that nobody used.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"usage-{month}{suffix}"
    options = "format parquet, compression zstd" if suffix == ".parquet" else "format csv, header"
    with duckdb.connect() as connection:
        connection.execute(
            "create table regions as select region_code, valid_from, valid_to from read_csv(?, header = true)",
            [str(ROOT / "raw/codes/regions.csv")],
        )
        connection.execute(
            f"""copy (
                select usage_date, service_code, region_code, channel_code, (h % 1000)::bigint as usage_count
                from (
                    select d::date as usage_date, s.code as service_code, region_code, c.code as channel_code,
                        hash(d::date, s.code, region_code, c.code, {seed}) as h
                    from range(date '{month}-01', date '{month}-01' + interval 1 month, interval 1 day) as days (d),
                        unnest(?) as s (code), regions, unnest(?) as c (code)
                    where coalesce(d >= valid_from, true) and coalesce(d <= valid_to, true)
                ) where (h >> 20) % 1000000 < {share} * 1000000 order by all
            ) to '{file}' ({options})""",
            [codes, list(CHANNELS)],
        )
        read = "read_parquet(?)" if suffix == ".parquet" else "read_csv(?, header = true)"
        totals = connection.execute(
            f"select count(*), coalesce(sum(usage_count), 0)::bigint from {read}", [str(file)]
        ).fetchone()
    assert totals
    write_manifest(file, month, *totals)
    return file


def add_small(project: Project) -> None:
    """Add three months around January 2019, of some listed services, to the feed of a project; one row is set aside."""
    with tempfile.TemporaryDirectory() as folder:
        files = [
            make_month(Path(folder), month, codes=list(KNOWN_SERVICES), suffix=suffix, share=0.2)
            for month, suffix in (("2018-12", ".parquet"), ("2019-01", ".parquet"), ("2019-02", ".csv"))
        ]
        header, *rows = files[2].read_text(encoding="utf-8").splitlines()
        rows.insert(3, f"2019-02-03,{UNKNOWN_SERVICE},KZ-75,online,7")
        files[2].write_text("\n".join([header, *rows]), encoding="utf-8")
        write_manifest(files[2], "2019-02", len(rows), sum(int(row.split(",")[4]) for row in rows))
        arrival.add(project, Console(quiet=True), files, quarantine=1, correction=False)


def write_manifest(file: Path, month: str, row_count: int, usage_sum: int) -> None:
    """Write the manifest of a file beside it."""
    text = json.dumps({"month": month, "row_count": row_count, "usage_sum": usage_sum})
    file.with_name(f"{file.stem}.manifest.json").write_text(text, encoding="utf-8")


def main(
    folder: Path,
    count: Annotated[int, typer.Option("--services")] = 1000,
    months: int = 41,
    first: str = "2022-07",
) -> None:
    """Write the files of a feed and print their names."""
    for month in months_from(first, months):
        print(make_month(folder, month, codes=services(count)))


if __name__ == "__main__":
    typer.run(main)
