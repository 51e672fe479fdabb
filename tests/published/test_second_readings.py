"""Second readings of further sources: each file below is found by its name, so that a new source needs no test of its own.

tests/published/figures_<source>.csv   country_code, indicator_code, period_code, value
tests/published/usage_<source>.csv     country_code, service_code, measure_code, channel_code, agency_code, period_code, value
tests/published/sums_<source>.csv      code (an indicator or a measure), period_code, figures, sum

Somebody who has not seen raw/ types them from the publisher's file. An empty value means that the publisher gives no figure.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb

from tests.helpers import published

HERE = Path(__file__).parent
# The second readings of these sources are older than the files above: see test_published_figures.py and test_published_series.py.
READ_ELSEWHERE = {"sabdenov_abdrakhmanova", "un_egov_survey", "wb_gtmi", "wb_wdi", "wb_data360", "itu_datahub"}


def readings(kind: str) -> dict[str, list[dict[str, str]]]:
    """The second readings of a kind, by source."""
    return {path.stem.removeprefix(f"{kind}_"): published(path.stem) for path in sorted(HERE.glob(f"{kind}_*.csv"))}


def test_every_source_is_read_twice(release: duckdb.DuckDBPyConnection) -> None:
    held = {
        source
        for table in ("fct_index_observations", "fct_service_usage")
        for (source,) in release.execute(f"select distinct source_code from marts.{table}").fetchall()
    }
    read = {*readings("figures"), *readings("usage")}
    assert held - read - READ_ELSEWHERE == set(), "no second reading in tests/published/"
    assert read - held == set(), "a second reading of a source that is not held"
    assert read == readings("sums").keys(), "every second reading has the sums of the whole file beside it"


def test_figures(release: duckdb.DuckDBPyConnection) -> None:
    for source, rows in readings("figures").items():
        assert rows, source
        for row in rows:
            found = release.execute(
                "select value from marts.fct_index_observations "
                "where source_code = ? and country_code = ? and indicator_code = ? and period_code = ?",
                [source, row["country_code"], row["indicator_code"], row["period_code"]],
            ).fetchall()
            assert found == [(Decimal(row["value"]) if row["value"] else None,)], (source, row)


def test_usage(release: duckdb.DuckDBPyConnection) -> None:
    for source, rows in readings("usage").items():
        assert rows, source
        for row in rows:
            key = ("service_code", "period_code", "measure_code", "country_code", "channel_code", "agency_code")
            usage_id = ".".join([*(row[column] for column in key if row[column]), source])
            found = release.execute(
                "select usage_count from marts.fct_service_usage where service_usage_id = ?", [usage_id]
            ).fetchall()
            assert found == [(int(row["value"]) if row["value"] else None,)], (source, row)


def test_sums(release: duckdb.DuckDBPyConnection) -> None:
    for source, rows in readings("sums").items():
        held = release.execute(
            """select indicator_code, period_code, count(value), sum(value) from marts.fct_index_observations
            where source_code = $source group by all
            union all
            select measure_code, period_code, count(usage_count), sum(usage_count) from marts.fct_service_usage
            where source_code = $source group by all""",
            {"source": source},
        ).fetchall()
        assert {(code, period): (count, Decimal(total or 0)) for code, period, count, total in held} == {
            (row["code"], row["period_code"]): (int(row["figures"]), Decimal(row["sum"])) for row in rows
        }, source
