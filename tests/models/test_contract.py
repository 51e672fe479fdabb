"""The published database keeps the public contract: names, types, keys, comments, and queries that reach nothing outside."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipelines.project import Project

CONTRACT = {
    "marts.dim_countries": "country_code country_iso2 m49_code name_en name_ru name_kk region_name subregion_name is_un_member is_landlocked is_lldc is_ldc is_sids",
    "marts.dim_country_groups": "group_code name_en definition source_code",
    "marts.bridge_country_groups": "group_code country_code period_code source_cell_id",
    "marts.dim_indicators": "indicator_code name_en name_ru name_kk definition unit_code minimum_value maximum_value higher_is_better parent_indicator_code publisher",
    "marts.dim_indicator_editions": "indicator_code period_code method_note is_comparable_with_previous countries_assessed",
    "marts.dim_services": "service_code name_en name_ru name_kk category available_from cancelled_on",
    "marts.dim_service_names": "service_code valid_from_year valid_to_year name_en",
    "marts.dim_periods": "period_code grain start_date end_date year month",
    "marts.dim_sources": "source_code title publisher citation url accessed_on licence",
    "marts.dim_source_cells": "source_cell_id source_code raw_file raw_row raw_column locator printed_text",
    "marts.dim_obs_statuses": "obs_status_code name description",
    "marts.fct_index_observations": "index_observation_id country_code indicator_code period_code source_code value published_rank published_level published_rating_class obs_status_code source_cell_id rank_source_cell_id",
    "marts.fct_index_values": "index_value_id country_code indicator_code period_code value published_rank countries_ranked level_code rating_class_code obs_status_code source_code source_cell_id",
    "marts.dim_usage_measures": "measure_code name_en definition",
    "marts.fct_service_usage": "service_usage_id service_code period_code likely_period_code measure_code usage_count value_qualifier obs_status_code source_code source_cell_id",
    "marts.fct_policy_events": "event_id event_code event_type title_en start_date end_date date_precision service_code source_cell_id",
    "reports.rpt_claims": "claim_code statement locator verdict expected observed evidence note",
    "reports.rpt_discrepancies": "finding_code source_code locator printed_text reading rule note",
    "reports.rpt_source_reconciliation": "country_code indicator_code period_code source_code_a value_a source_code_b value_b difference explanation",
    "reports.rpt_service_usage_comparable": "service_code period_code grain usage_count usage_per_month comparability_note",
    "marts.fct_service_usage_daily": "service_code region_code channel_code usage_date usage_count feed_file_id",
    "marts.dim_feed_files": "feed_file_id month sha256 row_count usage_sum arrived_at",
    "reports.rpt_service_usage_monthly": "month service_code region_code channel_code usage_count days_used feed_file_id",
    "reports.rpt_region_usage": "region_code month services_used usage_count usage_online online_share usage_rank",
    "reports.rpt_feed_reconciliation": "service_usage_id published_count feed_count months_in_feed difference finding",
    "meta.build_info": "release_id built_at git_commit raw_sha256 duckdb_version dbt_version tests_passed tests_warned",
    "meta.dictionary": "table_schema table_name column_name data_type unit description",
    "meta.table_sources": "table_schema table_name source_code",
}  # fmt: skip
INDICATORS = "EGDI OSI TII HCI EPI INTERNET_USERS INTERNET_USERS_16_74 GTMI CGSI PSDI DCEI GTEI"
SERVICES = (
    "address_certificate criminal_record_certificate real_estate_rights_certificate real_estate_absence_certificate "
    "kindergarten_enrolment pension_savings_statement social_assistance_certificate clinic_attachment"
)


@pytest.mark.parametrize("table", CONTRACT)
def test_names_stay(release: duckdb.DuckDBPyConnection, table: str) -> None:
    columns = [name for name, *_ in release.execute(f"describe {table}").fetchall()]
    expected = CONTRACT[table].split()
    assert [column for column in columns if column in expected] == expected


def test_codes_stay(release: duckdb.DuckDBPyConnection) -> None:
    def codes(query: str) -> set[str]:
        return {code for (code,) in release.execute(query).fetchall()}

    assert set(INDICATORS.split()) <= codes("select indicator_code from marts.dim_indicators")
    assert set(SERVICES.split()) <= codes("select service_code from marts.dim_services")
    assert "sabdenov_abdrakhmanova" in codes("select source_code from marts.dim_sources")
    assert codes("select distinct value_qualifier from marts.fct_service_usage") == {"exact", "at_least", None}
    verdicts = {"supported", "supported_with_qualification", "contradicted", "not_checkable"}
    assert codes("select distinct verdict from reports.rpt_claims") <= verdicts


def test_only_the_four_schemas_are_published(release: duckdb.DuckDBPyConnection) -> None:
    schemas = release.execute("select distinct schema_name from duckdb_tables()").fetchall()
    assert {schema for (schema,) in schemas} == {"marts", "reports", "raw", "meta"}
    assert release.execute("select count(*) from duckdb_views() where not internal").fetchall() == [(0,)]


def test_every_public_table_and_column_has_a_comment(release: duckdb.DuckDBPyConnection) -> None:
    for kind in ("tables", "columns"):
        silent = release.execute(
            f"select table_name from duckdb_{kind}() where schema_name in ('marts', 'reports', 'meta') and comment is null"
        ).fetchall()
        assert silent == []
    documented = release.execute("select count(*) from meta.dictionary").fetchone()
    held = release.execute("select count(*) from duckdb_columns() where schema_name in ('marts', 'reports')").fetchone()
    assert documented == held


def test_keys_are_real(release: duckdb.DuckDBPyConnection) -> None:
    keyed = release.execute(
        "select schema_name || '.' || table_name from duckdb_constraints() where constraint_type = 'PRIMARY KEY'"
    ).fetchall()
    public = release.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where schema_name in ('marts', 'reports')"
    ).fetchall()
    large = {("marts.fct_service_usage_daily",), ("reports.rpt_service_usage_monthly",)}
    assert set(public) - set(keyed) == large
    foreign = release.execute(
        "select distinct table_name from duckdb_constraints() where constraint_type = 'FOREIGN KEY'"
    ).fetchall()
    facts = release.execute("select table_name from duckdb_tables() where table_name like 'fct_%'").fetchall()
    assert set(facts) - set(foreign) == {("fct_service_usage_daily",)}


def test_older_drivers_can_open_it(built: Project) -> None:
    # bytes 12 to 20 of a DuckDB file are its storage version: DuckDB 1.0 to 1.4 write 64, and all later versions read it
    header = built.published_file.read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    assert int.from_bytes(header[12:20], "little") <= 67


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "copy (select 1) to '{folder}/out.csv'",
        "attach '{folder}/other.duckdb' as other",
        "create table marts.t (a int)",
        "delete from marts.fct_service_usage",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "export database '{folder}/export'",
    ],
)
def test_a_query_reaches_no_file_and_changes_nothing(release: duckdb.DuckDBPyConnection, tmp_path: Path, query: str) -> None:
    with pytest.raises(duckdb.Error):
        release.execute(query.format(folder=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_every_figure_leads_back_to_its_printed_cell(release: duckdb.DuckDBPyConnection) -> None:
    files = release.execute("select distinct raw_file, raw_column from marts.dim_source_cells").fetchall()
    checked = 0
    for file, column in files:
        table = file.removesuffix(".csv").replace("/", "_")
        row = release.execute(
            f'select count(*), count(*) filter (raw."{column}" = cells.printed_text and cells.source_cell_id '
            "= concat(cells.raw_file, '#', cells.raw_row, '.', cells.raw_column)) "
            f"from marts.dim_source_cells as cells left join raw.{table} as raw using (raw_row) "
            "where cells.raw_file = ? and cells.raw_column = ?",
            [file, column],
        ).fetchone()
        assert row
        assert row[0] == row[1], (file, column)
        checked += row[0]
    assert release.execute("select count(*) from marts.dim_source_cells").fetchone() == (checked,)
