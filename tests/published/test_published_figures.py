"""The warehouse holds what the article prints.

A reader who had not seen raw/ typed tests/published/ a second time, directly from the document. A failure here means that one
of the two readings is wrong: look at the document, then correct the wrong one.
"""

from __future__ import annotations

import re
from decimal import Decimal

import duckdb
import pytest

from tests.helpers import published

Release = duckdb.DuckDBPyConnection

# Kinds that the second reader listed as events, but that the warehouse holds as claims, references or findings: they are in
# rpt_claims, rpt_article_references and rpt_discrepancies.
NOT_EVENTS = {"publication", "rating"}
SECOND_READING_OF_A_DATE = ("References, entry 14", "March 09, 2022")


def cells(release: Release) -> dict[tuple[str, str], list[str]]:
    """Printed texts by (file, locator), including empty ones."""
    found: dict[tuple[str, str], list[str]] = {}
    for file, locator, text in release.execute("select raw_file, locator, printed_text from marts.dim_source_cells").fetchall():
        found.setdefault((file, locator), []).append(text)
    return found


def paragraph(locator: str) -> str:
    return re.sub(r", sentences? .*", "", locator)


def test_every_cell_of_every_table(release: Release) -> None:
    printed = cells(release)
    keyed = published("article_tables")
    for cell in keyed:
        table, row, column = cell["table"], cell["row"], cell["column"]
        if row.startswith("h"):
            place = ("article/table_headers.csv", f"Table {table}, header row {row[1:]}, column {column}")
        else:
            place = (f"article/table_{table}.csv", f"Table {table}, row {row}, column {column}")
        assert printed[place] == [cell["printed_text"]], place
    tables = sum(len(texts) for (file, _), texts in printed.items() if re.match(r"article/table_", file))
    assert tables == len(keyed)


@pytest.mark.parametrize("table", ["1", "3"])
def test_reports_show_the_tables_as_printed(release: Release, table: str) -> None:
    report = release.execute(f"select * from reports.rpt_article_table_{table} order by row_number").fetchall()
    body = [cell for cell in published("article_tables") if cell["table"] == table and not cell["row"].startswith("h")]
    assert len(report) == max(int(cell["row"]) for cell in body)
    for cell in body:
        shown = report[int(cell["row"]) - 1][int(cell["column"])]
        if cell["value"]:
            assert shown == Decimal(cell["value"]), cell
        elif cell["printed_text"] == "н.д.":
            assert shown is None, cell
        else:
            assert shown.replace(" ", "") == cell["printed_text"].replace(" ", ""), cell


def test_report_of_table_2_as_printed(release: Release) -> None:
    (row,) = release.execute("select * exclude row_number from reports.rpt_article_table_2").fetchall()
    keyed = [cell["printed_text"] for cell in published("article_tables") if (cell["table"], cell["row"]) == ("2", "1")]
    assert list(row) == keyed


def test_totals(release: Release) -> None:
    totals = {(row["what"], row["key"]): Decimal(row["total"]) for row in published("article_totals")}

    def number(query: str) -> Decimal:
        row = release.execute(query).fetchone()
        assert row
        return Decimal(str(row[0]))

    for period in ("2017", "2018", "2019-01", "2020-01", "2021-01"):
        column = f"usage_{period.replace('-', '_')}"
        assert number(f"select sum({column}) from reports.rpt_article_table_3") == totals["table_3_column_total", period]
        facts = f"select sum(usage_count) from marts.fct_service_usage where period_code = '{period}' and measure_code = 'uses'"
        assert number(facts) == totals["table_3_column_total", period]
    groups = {
        "osi_vh_hci_vh_tii_h": "Very High HCI + High TII",
        "osi_vh_tii_vh_hci_h": "Very High TII + High HCI",
        "osi_vh_tii_h_hci_h": "High TII + High HCI",
        "osi_vh_hci_h_tii_m": "High HCI + Moderate TII",
    }
    for code, header in groups.items():
        size = number(f"select count(*) from marts.bridge_country_groups where group_code = '{code}'")
        assert size == totals["table_2_group_size", header]
    columns = {
        "rank": "Rank",
        "egdi_2020": "EGDI 020",
        "online_service_index": "Online Service Index",
        "telecommunication_infrastructure_index": "Tele-comm. Infrastructure Index",
        "human_capital_index": "Human Capital Index",
    }
    for column, header in columns.items():
        assert number(f"select sum({column}) from reports.rpt_article_table_1") == totals["table_1_column_sum", header]
    assert number("select count(*) from reports.rpt_article_table_1") == totals["table_1_countries", "all"]
    assert number("select count(*) from reports.rpt_article_references") == totals["references", "all"]


def test_every_figure_of_the_prose(release: Release) -> None:
    keyed = published("article_prose_figures")
    # the transliterated half of a title that prints its figure twice, once in words
    (in_words,) = [figure for figure in keyed if "tysyach" in figure["printed_text"]]
    titles = release.execute("select title from reports.rpt_article_references where reference_number = 21").fetchone()
    assert titles
    assert in_words["printed_text"] in titles[0]
    prose = release.execute(
        """
        select cells.locator, cells.printed_text, usage.usage_count, usage.period_code, usage.measure_code
        from marts.dim_source_cells as cells
        join marts.fct_service_usage as usage using (source_cell_id)
        where cells.raw_file = 'article/prose_usage_figures.csv'
        union all
        select cells.locator, cells.printed_text, figures.figure, figures.period_code, figures.statistic
        from marts.dim_source_cells as cells
        join (
            select source_cell_id, value as figure, period_code, 'value' as statistic from marts.fct_index_observations
        ) as figures using (source_cell_id)
        where cells.raw_file = 'article/prose_index_figures.csv'
        """
    ).fetchall()
    found = {(locator, text): (value, period, measure) for locator, text, value, period, measure in prose}
    printed = cells(release)
    units = {
        "people": "people",
        "users": "users",
        "certificates": "certificates",
        "citizens": "people",
        "percent": "value",
    }
    periods = {"January 2020": "2020-01", "first month of the campaign": "XXXX-XX"}
    for figure in keyed:
        if figure is in_words:
            continue
        place = (figure["locator"], figure["printed_text"])
        if figure["unit_as_worded"] in ("rank", "countries"):
            # these figures are printed twice, and the fact refers to the cell of Table 1; so this compares only the text
            assert figure["printed_text"] in printed["article/prose_index_figures.csv", figure["locator"]]
            continue
        value, period, measure = found.pop(place)
        assert value == Decimal(figure["value"]), place
        assert measure == units[figure["unit_as_worded"]], place
        if as_printed := figure["period_as_printed"]:
            assert period == periods.get(as_printed, as_printed), place
    assert not found, "figures that are missing in the second reading"


def test_rank_of_the_prose_is_the_rank_of_the_fact(release: Release) -> None:
    keyed = {
        figure["unit_as_worded"]: int(figure["value"])
        for figure in published("article_prose_figures")
        if figure["unit_as_worded"] in ("rank", "countries")
    }
    row = release.execute(
        "select published_rank, countries_ranked from marts.fct_index_values where index_value_id = 'KAZ.EGDI.2020'"
    ).fetchone()
    assert row == (keyed["rank"], keyed["countries"])
    assert release.execute("select rank from reports.rpt_article_diagram_2").fetchall() == [(keyed["rank"],)]


def test_points_of_diagram_1(release: Release) -> None:
    shown = release.execute("select period_code, share from reports.rpt_article_diagram_1").fetchall()
    keyed = [
        (figure["period_as_printed"], Decimal(figure["value"]))
        for figure in published("article_prose_figures")
        if figure["unit_as_worded"] == "percent"
    ]
    assert shown == keyed


def test_events(release: Release) -> None:
    rows = release.execute(
        """
        select cells.locator, events.event_code, events.start_date, events.end_date, events.date_precision
        from marts.fct_policy_events as events join marts.dim_source_cells as cells using (source_cell_id)
        """
    ).fetchall()
    keyed = [
        event
        for event in published("article_events")
        if event["kind"] not in NOT_EVENTS and (event["locator"], event["date_as_printed"]) != SECOND_READING_OF_A_DATE
    ]
    dated = {
        (event["start_date"], event["end_date"] or None, event["precision"].removesuffix("s"))
        for event in keyed
        if event["start_date"]
    }
    held = {(str(start), str(end) if end else None, precision) for _, _, start, end, precision in rows if start}
    assert held == dated
    places = {paragraph(event["locator"]) for event in keyed}
    assert {paragraph(locator) for locator, *_ in rows} <= places
    numbers = {re.sub(r"^(No\.|N) ", "", event["number_as_printed"]) for event in keyed if event["number_as_printed"]}
    acts = release.execute(
        "select printed_text from marts.dim_source_cells where raw_file = 'article/events.csv' and raw_column = 'printed_number' and printed_text <> ''"
    ).fetchall()
    assert {text.removeprefix("No. ") for (text,) in acts} == numbers
    assert len(rows) == 28


def test_reference_list(release: Release) -> None:
    held = release.execute(
        "select reference_number, author, title, title_en, year, url, accessed_on from reports.rpt_article_references order by 1"
    ).fetchall()
    keyed = published("article_references")
    assert len(held) == len(keyed)
    numbers = cells(release)
    for (number, author, title, title_en, year, url, accessed), entry in zip(held, keyed, strict=True):
        assert str(number) == entry["entry"]
        assert entry["printed_number"] in numbers["article/references.csv", f"References, entry {number}"]
        assert (author or "") == entry["author"]
        original, _, translation = entry["title"].partition(" [")
        assert title.rstrip(".").startswith(original.rstrip("."))
        assert (title_en or "").startswith(translation.rstrip("].")) or number == 18
        if entry["year"]:
            assert str(year) == entry["year"], number
        assert (url or "") == entry["url"]
        assert (accessed.strftime("%d.%m.%Y") if accessed else "") == entry["accessed"]


def test_reference_entries_are_whole(release: Release) -> None:
    """If the parts of an entry are removed from its printed text, only the separators remain."""
    texts = {row["entry"]: row["text"] for row in published("article_reference_entries")}
    parts = release.execute(
        "select raw_row, printed_text from marts.dim_source_cells "
        "where raw_file = 'article/references.csv' and raw_column <> 'printed_year' and printed_text <> '' "
        "order by raw_row, length(printed_text) desc"
    ).fetchall()
    assert len(texts) == len({row for row, _ in parts})
    for row, part in parts:
        assert part in texts[str(row)], (row, part)
        texts[str(row)] = texts[str(row)].replace(part, "", 1)
    for entry, left in texts.items():
        assert re.fullmatch(r"(URL:|Accessed:|[][<>(). ])*", left), (entry, left)


def test_titles_keywords_authors_and_names(release: Release) -> None:
    keyed = published("article_names")
    front = release.execute("select element, language, position, printed_text from reports.rpt_article_front_matter").fetchall()
    assert {(kind, language, str(position), text) for kind, language, position, text in front} == {
        (name["kind"], name["language"], name["position"], name["printed_text"])
        for name in keyed
        if name["kind"] != "service_name"
    }
    names = release.execute("select name_en, valid_from_year, valid_to_year from marts.dim_service_names").fetchall()
    by_name = {name["printed_text"]: name["validity_as_printed"] for name in keyed if name["kind"] == "service_name"}
    for name, valid_from, valid_to in names:
        years = re.findall(r"\d{4}", by_name[name])
        assert valid_from == (int(years[0]) if years else 1)
        assert valid_to == (int(years[-1]) if years and "since" not in by_name[name] else 9999)


def test_captions_and_source_lines(release: Release) -> None:
    printed = cells(release)
    held = [texts for (file, _), texts in printed.items() if file == "article/exhibits.csv"]
    keyed = [
        [exhibit["printed_caption"], exhibit["printed_source"].removeprefix("Source: ")]
        for exhibit in published("article_captions")
    ]
    assert sorted(map(sorted, held)) == sorted(map(sorted, keyed))


# Sentences in which the second reader found a quotation or a definition, and the warehouse lists what it says as a claim.
CLAIMED_THOUGH_QUOTED = {"Results, paragraph 1, sentence 6", "Results, paragraph 5, sentence 3"}
# Why the warehouse lists no claim of a sentence in which the second reader found an assertion.
NOT_LISTED = {
    "Says what the study does or found",
    "Speaks of the world in general",
    "Speaks of the literature",
    "States an aim",
    "Only leads over to another sentence",
    "Gives figures, which fct_service_usage holds",
}


def test_every_sentence_is_listed_with_its_claims_or_a_reason(release: Release) -> None:
    listed = release.execute(
        "select locator, claim_codes, no_claim_because from reports.rpt_article_sentences order by sentence_number"
    ).fetchall()
    read = published("article_sentences")
    assert [locator for locator, _, _ in listed] == [sentence["locator"] for sentence in read]
    for (locator, codes, reason), sentence in zip(listed, read, strict=True):
        if codes:
            assert sentence["has_claim"] == "yes" or locator in CLAIMED_THOUGH_QUOTED, locator
        elif sentence["has_claim"] == "yes":
            assert reason in NOT_LISTED, locator


def test_every_claim_stands_in_a_sentence_or_an_exhibit(release: Release) -> None:
    named = {
        code
        for (codes,) in release.execute(
            "select claim_codes from reports.rpt_article_sentences where claim_codes is not null"
        ).fetchall()
        for code in codes.split(" ")
    }
    for code, locator in release.execute("select claim_code, locator from reports.rpt_claims").fetchall():
        assert (code in named) != locator.startswith("Table "), code


def test_acts_portals_and_services_of_events(release: Release) -> None:
    """The numbers of acts without their marks, and the addresses and names as printed."""
    read = published("article_acts")
    for column, kind in (("act_number", "act_number"), ("address", "address"), ("service_name", "service_name")):
        held = {text for (text,) in release.execute(f"select {column} from marts.fct_policy_events").fetchall() if text}
        assert held == {re.sub(r"^(No\.|N|№) ", "", each["printed_text"]) for each in read if each["kind"] == kind}, kind


def test_the_five_printed_ranks_are_those_of_the_un(release: Release) -> None:
    ranks = release.execute("select country_code, article_rank, un_rank, agrees from reports.rpt_article_ranks").fetchall()
    assert sorted(ranks) == [
        (code, rank, rank, True) for code, rank in (("KAZ", 29), ("KGZ", 83), ("TJK", 133), ("TKM", 158), ("UZB", 87))
    ]


def test_no_name_of_a_country_is_the_name_of_another_in_any_language(release: Release) -> None:
    countries: dict[str, set[str]] = {}
    for code, *its_names in release.execute(
        "select country_code, name_en, name_ru, name_kk from marts.dim_countries"
    ).fetchall():
        for name in its_names:
            countries.setdefault(name.casefold(), set()).add(code)
    assert {name: codes for name, codes in countries.items() if len(codes) > 1} == {}
    assert release.execute("select name_en from marts.dim_countries where country_code = 'CIV'").fetchall() == [
        ("Côte d'Ivoire",)
    ]
