"""The warehouse holds what the publishers' own files hold.

tests/published/series_* was made independently, directly from the official files, without the importers and models.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import duckdb

from tests.helpers import published

Release = duckdb.DuckDBPyConnection

UN_COLUMNS = {
    "E-Government Index": "EGDI",
    "E-Participation Index": "EPI",
    "Online Service Index": "OSI",
    "Human Capital Index": "HCI",
    "Telecommunication Infrastructure Index": "TII",
}


def observed(release: Release, source: str, indicator: str, statistic: str = "value") -> dict[str, tuple[int, Decimal]]:
    """Number and exact sum of a source's figures for an indicator, by period."""
    rows = release.execute(
        f"select period_code, count({statistic}), sum({statistic}) from marts.fct_index_observations "
        "where source_code = ? and indicator_code = ? group by 1",
        [source, indicator],
    ).fetchall()
    return {period: (count, Decimal(total or 0)) for period, count, total in rows}


def test_every_column_of_every_edition_adds_up(release: Release) -> None:
    sums = published("series_column_sums")
    for row in sums:
        source, edition, column = row["source_code"], row["edition"], row["column"]
        total = Decimal(row["sum"])
        if column == "E-Government Rank":
            ranks = observed(release, source, "EGDI", "published_rank")
            assert ranks[edition] == (int(row["figures"]), total), row
        elif source == "un_egov_survey":
            # the zeros of states that were not assessed are missing here; in the published sum they add nothing
            assert observed(release, source, UN_COLUMNS[column])[edition][1] == total, row
        elif (
            source == "unu_egov"
        ):  # as printed, with more decimals than are kept; sums_unu_egov.csv has the sums of what is kept
            printed = release.execute(
                "select printed_text from marts.dim_source_cells where raw_file = ? and raw_column = ? and printed_text <> ''",
                [f"unu_egov/egdi_{edition}.csv", column],
            ).fetchall()
            assert (len(printed), sum(Decimal(text) for (text,) in printed)) == (int(row["figures"]), total), row
        elif source == "wb_gtmi":
            count, held = observed(release, source, column.upper())[edition]
            assert count == int(row["figures"])
            # each figure is kept to ten decimals, so the sum may be off by half a unit of the last decimal per figure
            assert abs(held - total) <= count * Decimal("5e-11"), row
            printed = release.execute(
                "select printed_text from marts.dim_source_cells where raw_file = ? and raw_column = ?",
                [f"wb_gtmi/gtmi_{edition}.csv", column],
            ).fetchall()
            assert sum(Decimal(text) for (text,) in printed) == total, row
        elif source == "wb_wdi" and column == "economies":
            assert observed(release, source, "INTERNET_USERS")[edition] == (int(row["figures"]), total), row
        elif source == "wb_data360":
            assert observed(release, source, "GTMI")[edition] == (int(row["figures"]), total), row
        elif source == "itu_datahub":
            held_years = observed(release, source, "INTERNET_USERS").values()
            assert (len(held_years), sum(value for _, value in held_years)) == (int(row["figures"]), total), row
    editions = release.execute(
        "select count(distinct (source_code, period_code)) from marts.fct_index_observations "
        "where source_code in ('un_egov_survey', 'wb_gtmi')"
    ).fetchone()
    assert editions == (
        len({(row["source_code"], row["edition"]) for row in sums if row["source_code"] in ("un_egov_survey", "wb_gtmi")}),
    )


def test_figures_of_aggregates_are_kept_out_and_counted(release: Release) -> None:
    (counts,) = published("series_wdi_counts")
    figures = [row for row in published("series_column_sums") if row["column"] == "aggregates"]
    excluded = release.execute(
        "select count(*), sum(figures) from reports.rpt_excluded_aggregates where source_code = 'wb_wdi'"
    ).fetchone()
    assert excluded == (int(counts["aggregates"]), sum(int(row["figures"]) for row in figures))
    raw = release.execute(
        "select period, count(*), sum(value::decimal(18, 10)) from raw.wb_wdi_internet_users_2024 "
        "where country_code = '' and value <> '' group by 1"
    ).fetchall()
    assert {period: (count, total) for period, count, total in raw} == {
        row["edition"]: (int(row["figures"]), Decimal(row["sum"])) for row in figures if int(row["figures"])
    }
    economies = release.execute(
        "select count(distinct country_code) from marts.fct_index_observations where source_code = 'wb_wdi'"
    ).fetchone()
    assert economies == (int(counts["economies"]),)


def test_states_per_level(release: Release) -> None:
    for row in published("series_un_levels"):
        levels = dict(
            release.execute(
                "select coalesce(level_code, 'not_assessed'), count(*) from marts.fct_index_values "
                "where indicator_code = 'EGDI' and period_code = ? group by 1",
                [row["edition"]],
            ).fetchall()
        )
        for level in ("very_high", "high", "middle", "low"):
            assert levels.get(level, 0) == int(row[level]), row
        assert levels.get("not_assessed", 0) == int(row["states_not_assessed"])
        edition = release.execute(
            "select countries_assessed from marts.dim_indicator_editions where indicator_code = 'EGDI' and period_code = ?",
            [row["edition"]],
        ).fetchone()
        assert edition == (int(row["states_assessed"]),)


def test_world_mean(release: Release) -> None:
    means = dict(release.execute("select distinct period_code, world_mean from reports.rpt_country_profile").fetchall())
    for row in published("series_un_world_mean"):
        assert means[row["edition"]].quantize(Decimal("0.0001"), ROUND_HALF_UP) == Decimal(row["egdi_mean"]), row


def test_first_and_last(release: Release) -> None:
    for row in published("series_un_first_last"):
        ranked = release.execute(
            "select country_code, published_rank, value from marts.fct_index_values "
            "where indicator_code = 'EGDI' and period_code = ? and value is not null order by published_rank, country_code",
            [row["edition"]],
        ).fetchall()
        assert ranked[0] == (row["first_country"], 1, Decimal(row["first_value"]))
        last = max(rank for _, rank, _ in ranked)
        assert last == int(row["last_rank"])
        assert [code for code, rank, _ in ranked if rank == last] == row["last_country"].split(" | ")
        assert ranked[-1][2] == Decimal(row["last_value"])


def test_kazakhstan_in_every_edition(release: Release) -> None:
    held = release.execute(
        "select period_code, rank, egdi, epi, osi, hci, tii from reports.rpt_country_profile where country_code = 'KAZ' order by 1"
    ).fetchall()
    keyed = published("series_un_kazakhstan")
    assert [(period, str(rank)) for period, rank, *_ in held] == [(row["edition"], row["rank"]) for row in keyed]
    for (_, _, *values), row in zip(held, keyed, strict=True):
        assert values == [Decimal(row[name]) for name in ("egdi", "epi", "osi", "hci", "tii")]
    diagram = release.execute("select period_code, rank from reports.rpt_article_diagram_2_from_series").fetchall()
    assert [(period, str(rank)) for period, rank in diagram] == [(row["edition"], row["rank"]) for row in keyed]


def test_central_asia(release: Release) -> None:
    for row in published("series_un_central_asia_2020"):
        held = release.execute(
            "select rank, egdi, osi, hci, tii, epi from reports.rpt_country_profile where country_code = ? and period_code = '2020'",
            [row["country_code"]],
        ).fetchone()
        assert held == (int(row["rank"]), *(Decimal(row[name]) for name in ("egdi", "osi", "hci", "tii", "epi")))
    leaders = release.execute(
        "select period_code, leader_code from reports.rpt_group_leaders where group_code = 'central_asia' order by 1"
    ).fetchall()
    assert leaders == [(row["edition"], row["leader"]) for row in published("series_un_central_asia_leaders")]


def test_number_of_least_developed_countries(release: Release) -> None:
    for row in published("un_ldc_counts"):
        members = release.execute(
            "select count(*) from marts.bridge_country_groups where group_code = 'ldc' and period_code = ?", [row["year"]]
        ).fetchone()
        assert members == (int(row["members"]),), row
    today = release.execute("select count(*) from marts.dim_countries where is_ldc").fetchone()
    assert today == (44,)


def test_ties_and_what_cannot_be_worked_out_again(release: Release) -> None:
    ties = release.execute(
        "select period_code, published_rank, string_agg(country_code, ' | ' order by country_code) from marts.fct_index_values "
        "where indicator_code = 'EGDI' and value is not null group by 1, 2 having count(*) > 1 order by 1, 2"
    ).fetchall()
    assert [(period, str(rank), codes) for period, rank, codes in ties] == [
        (row["edition"], row["rank"], row["country_codes"]) for row in published("series_un_ties")
    ]
    off = release.execute(
        "select period_code, country_code, published_value, round(recomputed_value, 5) from reports.rpt_recomputation "
        "where not agrees and statistic = 'value' order by 1, 2"
    ).fetchall()
    assert off == [
        (row["edition"], row["country_code"], Decimal(row["published_egdi"]), Decimal(row["mean_of_parts"]))
        for row in published("series_un_recomputation")
    ]
    ranks = release.execute(
        "select period_code, country_code, published_value::int, recomputed_value::int from reports.rpt_recomputation "
        "where not agrees and statistic = 'rank' order by 1, 2"
    ).fetchall()
    assert ranks == [
        (row["edition"], row["country_code"], int(row["published_rank"]), int(row["recomputed_rank"]))
        for row in published("series_un_rank_recomputation")
    ]
    assert release.execute(
        "select count(*) from reports.rpt_recomputation where statistic = 'rating_class' and agrees"
    ).fetchone() == (5,)


def test_gtmi(release: Release) -> None:
    for row in published("series_gtmi_counts"):
        counted = release.execute(
            "select count(*), round(avg(value), 4)::decimal(5, 4) from marts.fct_index_values "
            "where indicator_code = 'GTMI' and period_code = ?",
            [row["year"]],
        ).fetchone()
        assert counted == (int(row["economies"]), Decimal(row["mean_gtmi"]))
        groups = release.execute(
            f"select lower(grp), count(*) from raw.wb_gtmi_gtmi_{row['year']} group by 1 order by 1"
        ).fetchall()
        assert groups == [(letter, int(row[f"group_{letter}"])) for letter in "abcd"]
    for row in published("series_gtmi_kazakhstan"):
        for name in ("gtmi", "cgsi", "psdi", "dcei", "gtei"):
            value = release.execute(
                f"select value from marts.fct_index_values where index_value_id = 'KAZ.{name.upper()}.{row['year']}'"
            ).fetchone()
            assert value == (Decimal(row[name]).quantize(Decimal("1e-10"), ROUND_HALF_UP),)
    (agreement,) = published("series_gtmi_data360_2022")
    rounded = release.execute(
        "select count(*) filter (explanation like 'The two agree%' or explanation like '%two decimals%'), count(*) "
        "from reports.rpt_source_reconciliation where source_code_a = 'wb_data360'"
    ).fetchone()
    assert rounded == (int(agreement["agree_after_rounding_to_2_decimals"]), int(agreement["economies_in_data360"]))


def test_internet_users_of_kazakhstan(release: Release) -> None:
    wdi = dict(
        release.execute(
            "select period_code, value from marts.fct_index_observations where country_code = 'KAZ' and source_code = 'wb_wdi'"
        ).fetchall()
    )
    assert wdi == {row["year"]: Decimal(row["value"]) if row["value"] else None for row in published("series_wdi_internet")}
    itu = release.execute(
        "select o.period_code, o.value, c.printed_text from marts.fct_index_observations as o join marts.dim_source_cells as c using (source_cell_id) "
        "where country_code = 'KAZ' and o.source_code = 'itu_datahub' order by 1"
    ).fetchall()
    assert itu == [(row["year"], Decimal(row["value"]), row["value"]) for row in published("series_itu_kazakhstan")]
    marked = release.execute(
        "select period_code, obs_status_code from marts.fct_index_observations where source_code = 'itu_datahub' and obs_status_code <> 'A' order by 1"
    ).fetchall()
    assert marked == [("2010", "D"), ("2014", "E")]


def test_whole_range(release: Release) -> None:
    per_edition = release.execute(
        "select distinct count(*) from marts.fct_index_values where source_code = 'un_egov_survey' group by period_code, indicator_code"
    ).fetchall()
    assert per_edition == [(193,)]
    members = release.execute("select count(*) from marts.dim_countries where is_un_member").fetchone()
    assert members == (193,)
    assert release.execute("select count(*) from marts.dim_countries").fetchone() == (227,)


def test_what_the_series_say_of_the_claims(release: Release) -> None:
    verdicts = dict(release.execute("select claim_code, verdict from reports.rpt_claims").fetchall())
    assert verdicts["egdi_rank_2020"] == "supported"
    assert verdicts["very_high_since_2018"] == "supported"
    assert verdicts["table_2_memberships"] == "supported"
    assert verdicts["rank_gradual_rise"] == "supported_with_qualification"
    assert verdicts["leads_landlocked"] == "contradicted"
    assert verdicts["table_2_complete"] == "contradicted"
    observed = dict(release.execute("select claim_code, observed from reports.rpt_claims").fetchall())
    assert "AUT (rank 15), CHE (rank 16)" in observed["leads_landlocked"]
    assert "54 countries have it, 34 of them not listed" in observed["table_2_complete"]
    open_ones = release.execute("select note from reports.rpt_claims where verdict = 'not_checkable'").fetchall()
    assert ("The series that would settle it is not in the warehouse.",) not in open_ones
