"""Second readings of further sources: each file below is found by its name, so that a new source needs no test of its own.

tests/published/figures_<source>.csv      country_code, indicator_code, period_code, value, and what is printed beside the value
tests/published/breakdowns_<source>.csv   country_code, region_code, sex_code, age_code, settlement_code, indicator_code, period_code, value
tests/published/usage_<source>.csv        country_code, service_code, measure_code, channel_code, agency_code, period_code, value
tests/published/sums_<source>.csv         code (an indicator or a measure), period_code, figures, sum; of usage also by service_code
                                          or channel_code; the sum of a column printed beside the value is sum:<column>

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
        for table in ("fct_index_observations", "fct_indicator_breakdowns", "fct_service_usage")
        for (source,) in release.execute(f"select distinct source_code from marts.{table}").fetchall()
    }
    read = {*readings("figures"), *readings("breakdowns"), *readings("usage")}
    assert held - read - READ_ELSEWHERE == set(), "no second reading in tests/published/"
    assert read - held == set(), "a second reading of a source that is not held"
    assert read == readings("sums").keys(), "every second reading has the sums of the whole file beside it"


def number(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def test_figures(release: duckdb.DuckDBPyConnection) -> None:
    for source, rows in readings("figures").items():
        assert rows, source
        printed = [column for column in rows[0] if column not in ("country_code", "indicator_code", "period_code")]
        found = {
            tuple(key): figures
            for *key, figures in release.execute(
                f"select country_code, indicator_code, period_code, [{', '.join(f'{c}::decimal(28, 10)' for c in printed)}] "
                "from marts.fct_index_observations where source_code = ?",
                [source],
            ).fetchall()
        }
        for row in rows:
            key = (row["country_code"], row["indicator_code"], row["period_code"])
            assert found[key] == [number(row[column]) for column in printed], (source, row)


def test_breakdowns(release: duckdb.DuckDBPyConnection) -> None:
    parts = ["country_code", "region_code", "sex_code", "age_code", "settlement_code", "indicator_code", "period_code"]
    for source, rows in readings("breakdowns").items():
        assert rows, source
        found = {
            tuple(key): value
            for *key, value in release.execute(
                f"select {', '.join(parts)}, value from marts.fct_indicator_breakdowns where source_code = ?", [source]
            ).fetchall()
        }
        for row in rows:
            assert found[tuple(row[part] or None for part in parts)] == number(row["value"]), (source, row)


def test_usage(release: duckdb.DuckDBPyConnection) -> None:
    key = ("service_code", "period_code", "measure_code", "country_code", "channel_code", "agency_code")
    for source, rows in readings("usage").items():
        assert rows, source
        # a zero that stands for an unknown figure is printed, and is no figure of the fact
        found = dict(
            release.execute(
                """select service_usage_id, case when obs_status_code = 'U' then 0 else usage_count end
                from marts.fct_service_usage where source_code = ?""",
                [source],
            ).fetchall()
        )
        for row in rows:
            usage_id = ".".join([*(row[column] for column in key if row[column]), source])
            assert found[usage_id] == number(row["value"]), (source, row)


def test_sums(release: duckdb.DuckDBPyConnection) -> None:
    for source, rows in readings("sums").items():
        by = [column for column in ("code", "service_code", "channel_code", "period_code") if column in rows[0]]
        beside = [column for column in rows[0] if column.startswith("sum:")]
        named = [column.removeprefix("sum:") for column in beside]
        no_usage = "".join(", null" for _ in named)
        held = release.execute(
            f"""select {", ".join(by)}, sum(figures)::integer, sum(total), {"".join(f"sum({name}), " for name in named)} from (
                select indicator_code as code, null as service_code, null as channel_code, period_code,
                    (value is not null)::integer as figures, value as total{"".join(f", {name}" for name in named)}
                from marts.fct_index_observations where source_code = $source and coalesce(obs_evidence, '') not like '%two figures%'
                union all
                select indicator_code, null, null, period_code, (value is not null)::integer, value{no_usage}
                from marts.fct_indicator_breakdowns where source_code = $source
                union all
                select measure_code, service_code, coalesce(channel_code, ''), period_code,
                    (usage_count is not null or obs_status_code = 'U')::integer, usage_count{no_usage}
                from marts.fct_service_usage where source_code = $source
            ) group by {", ".join(by)}""",
            {"source": source},
        ).fetchall()
        size = len(by)
        assert {row[:size]: (row[size], *(Decimal(total or 0) for total in row[size + 1 :])) for row in held} == {
            tuple(row[column] for column in by): (
                int(row["figures"]),
                Decimal(row["sum"]),
                *(Decimal(row[c] or 0) for c in beside),
            )
            for row in rows
        }, source


def test_every_printed_total_was_read_twice(release: duckdb.DuckDBPyConnection) -> None:
    """The totals of services that a survey counts by channel: which of them their channels do not give, by country and year."""
    printed = {
        (row["country_code"], row["service_code"], row["period_code"], int(row["value"]))
        for row in readings("usage")["isora"]
        if not row["channel_code"]
    }
    totals = release.execute(
        "select country_code, service_code, period_code, printed_total, agrees from reports.rpt_usage_totals where source_code = 'isora'"
    ).fetchall()
    assert {tuple(total[:4]) for total in totals} == printed
    # read from the official file, with the sums of the numeric channels beside the totals
    vat, corporate, personal = "value_added_tax_return", "corporate_income_tax_return", "personal_income_tax_return"
    assert {total[:3] for total in totals if total[4] is False} == {
        ("KAZ", vat, "2021-A1"), ("SYC", corporate, "2018-A1"), ("SYC", corporate, "2019-A1"), ("SYC", personal, "2018-A1"),
        ("SYC", personal, "2019-A1"), ("SYC", vat, "2018-A1"), ("TWN", corporate, "2020-A1"), ("TWN", personal, "2020-A1"),
        ("TWN", vat, "2020-A1"), ("ZAF", personal, "2019-A1"),
    }  # fmt: skip
    years = ("2018-A1", "2019-A1", "2020-A1", "2021-A1")
    assert {total[:3] for total in totals if total[4] is None} == {
        *(("CHN", tax, year) for tax in (corporate, vat) for year in years),
        ("JPN", corporate, "2019-A1"), ("JPN", personal, "2019-A1"), *(("KOR", vat, year) for year in years[:3]),
    }  # fmt: skip
