"""Report: one self-contained page that shows what the figures say, in English, Russian and Kazakh.

The English texts of the page are in part.html; their translations are in the catalogs of pages/translator.py.
Names come from the tables. A text from the data that has no translation stays English and is marked as English.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

from babel.dates import format_datetime
from markupsafe import Markup

from pipelines.products.contract import File, Product
from pipelines.products.pages import base_style, templates
from pipelines.products.pages.translator import Translator
from pipelines.products.report import charts
from pipelines.products.report.charts import ARTICLE, GROUPS, INTERNET_SOURCES, STATUS_COLOURS, STATUSES, VERDICTS, Rows, Style
from pipelines.releases.catalog import Catalog
from pipelines.releases.draft import Draft

HERE = Path(__file__).parent
LANGUAGES = {"en": "English", "ru": "Русский", "kk": "Қазақша"}
Say = Callable[[str], str]
# The sources whose doubts the page lists: those whose figures it tells of, line by line.
DOUBTED = (ARTICLE, "un_egov_survey")


def write(draft: Draft, catalog: Catalog) -> None:
    """Write report/index.html."""
    folder = draft.folder / "report"
    folder.mkdir(exist_ok=True)
    (folder / "index.html").write_text(page(draft, catalog, translators(catalog)), encoding="utf-8")


def translators(catalog: Catalog) -> list[Translator]:
    """One translator for each language of the page, with the names in the tables."""
    return [Translator(language, names(catalog, language)) for language in LANGUAGES]


def names(catalog: Catalog, language: str) -> dict[str, str]:
    """Names in a language, by the English names and codes that the texts use. Codes that have no name are kept as they are."""
    name = f"name_{language}"
    found = catalog.rows(
        f"""select name_en as said, {name} as name from marts.dim_countries
        union all select name_en, {name} from marts.dim_indicators
        union all select name_en, {name} from marts.dim_services where {name} is not null
        union all select service_code, {name} from marts.dim_services where {name} is not null
        union all select source_code, source_code from marts.dim_sources
        union all select level_code, level_code from marts.dim_levels"""
    )
    return {row["said"]: row["name"] for row in found}


def page(draft: Draft, catalog: Catalog, translators: list[Translator]) -> str:
    """The whole page, with one part per translator. Each translator's `missing` then holds the texts without a translation."""
    environment = templates(HERE)
    facts = _facts(catalog)
    part = environment.get_template("part.html")
    parts = [Markup(part.render(_content(draft, facts, translator))) for translator in translators]
    return environment.get_template("page.html").render(
        parts=parts,
        languages=LANGUAGES,
        style=Markup(base_style() + (HERE / "style.css").read_text(encoding="utf-8")),
        script=Markup((HERE / "script.js").read_text(encoding="utf-8")),
        release_id=draft.release_id,
    )


def _facts(catalog: Catalog) -> dict[str, Rows]:
    """The rows of all published tables that the page shows, by topic."""
    rows = catalog.rows
    return {
        "history": rows(
            """select p.period_code, p.rank, p.states_assessed, p.egdi, p.osi, p.tii, p.hci, p.method_note,
                p.comparability_note, c.raw_file, c.raw_row, c.raw_column, c.printed_text
            from reports.rpt_country_profile as p
            join marts.fct_index_values as v
                on v.country_code = p.country_code and v.period_code = p.period_code and v.indicator_code = 'EGDI'
            join marts.dim_source_cells as c on c.source_cell_id = v.source_cell_id
            where p.country_code = 'KAZ' order by p.period_code"""
        ),
        "means": rows(
            f"""select indicator_code, group_code, period_code, states_assessed, mean_value, kazakhstan_value
            from reports.rpt_group_means where group_code in {GROUPS}
            order by indicator_code, group_code, period_code"""
        ),
        "states": rows(
            """select c.country_code, c.name_en, c.name_ru, c.name_kk, p.egdi, p.rank, p.period_code
            from reports.rpt_country_profile as p join marts.dim_countries as c using (country_code)
            where p.egdi is not null and p.period_code = (select max(period_code) from reports.rpt_country_profile)
            order by p.rank, c.country_code"""
        ),
        "groups": rows(
            f"select group_code, name_en, name_ru, name_kk from marts.dim_country_groups where group_code in {GROUPS}"
        ),
        "members": rows(
            f"""select group_code, country_code from marts.bridge_country_groups
            where group_code in {GROUPS} and period_code = (select max(period_code) from reports.rpt_country_profile)"""
        ),
        "places": rows(
            f"""select group_code, period_code, states_assessed, kazakhstan_place from reports.rpt_group_leaders
            where group_code in {GROUPS}
            qualify period_code = max(period_code) over () order by group_code"""
        ),
        "indicators": rows("select indicator_code, name_en, name_ru, name_kk from marts.dim_indicators"),
        "usage": rows(
            f"""select s.service_code, s.name_en, s.name_ru, s.name_kk, u.period_code, p.start_date, p.end_date, u.grain,
                m.name_en as measure, u.usage_count, u.value_qualifier, u.usage_per_month, u.comparability_note, c.locator,
                c.printed_text
            from reports.rpt_service_usage_comparable as u
            join marts.fct_service_usage as f using (service_usage_id)
            join marts.dim_services as s on s.service_code = u.service_code
            join marts.dim_periods as p on p.period_code = u.period_code
            join marts.dim_usage_measures as m on m.measure_code = u.measure_code
            join marts.dim_source_cells as c on c.source_cell_id = f.source_cell_id
            where f.source_code = '{ARTICLE}'
            order by s.name_en, p.start_date nulls last, u.measure_code"""
        ),
        "events": rows(
            """select e.event_code, e.title_en, e.start_date, e.end_date, e.date_precision, e.service_code, c.locator
            from marts.fct_policy_events as e join marts.dim_source_cells as c using (source_cell_id)
            order by e.start_date nulls last, e.end_date nulls last, e.event_code"""
        ),
        "claims": rows("select * from reports.rpt_claims order by claim_code"),
        "internet": rows(
            f"""select source_code, period_code, value from marts.fct_index_observations
            where country_code = 'KAZ' and indicator_code in ('INTERNET_USERS', 'INTERNET_USERS_16_74')
                and source_code in {INTERNET_SOURCES}
                and value is not null and period_code >= '2000'
            order by source_code, period_code"""
        ),
        "pairs": rows(
            """select r.indicator_code, a.title as first_source, b.title as second_source, count(*) as figures,
                count(*) filter (where r.difference <> 0) as different, max(abs(r.difference)) as largest,
                r.explanation
            from reports.rpt_source_reconciliation as r
            join marts.dim_sources as a on a.source_code = r.source_code_a
            join marts.dim_sources as b on b.source_code = r.source_code_b
            group by all order by different desc, r.indicator_code, first_source, second_source, r.explanation"""
        ),
        "absent": rows(
            """select period_code, obs_status_code as status, count(*) as states from marts.fct_index_values
            where indicator_code = 'EGDI' and value is null group by all order by all"""
        ),
        "findings": rows(
            f"""select d.finding_code, s.title as source, d.locator, d.printed_text, d.reading, d.rule, d.note
            from reports.rpt_discrepancies as d join marts.dim_sources as s using (source_code)
            where d.source_code in {DOUBTED}
            order by s.source_code, d.finding_code"""
        ),
        "further_findings": rows(
            f"select count(*) as findings from reports.rpt_discrepancies where source_code not in {DOUBTED}"
        ),
        "online": rows(
            f"""select c.service_code, s.name_en, s.name_ru, s.name_kk, c.year, c.group_code, c.countries, c.kazakhstan_share,
                c.kazakhstan_place, c.median_share, c.source_code
            from reports.rpt_online_share_compared as c join marts.dim_services as s using (service_code)
            where c.group_code in {GROUPS} and c.kazakhstan_share is not null
            qualify c.year = max(c.year) over (partition by c.service_code)
            order by s.name_en, c.group_code desc"""
        ),
        "trail": rows(
            f"""select c.locator, c.printed_text, o.what, o.period_code, o.value, c.raw_file, c.raw_row, c.raw_column
            from (
                select source_cell_id, source_code, concat(country_code, ' ', indicator_code) as what, period_code, value
                from marts.fct_index_observations
                union all
                select
                    rank_source_cell_id, source_code, concat(country_code, ' ', indicator_code, ' rank'), period_code,
                    published_rank
                from marts.fct_index_observations where rank_source_cell_id is not null
                union all
                select source_cell_id, source_code, concat(service_code, ' ', measure_code), period_code, usage_count
                from marts.fct_service_usage
            ) as o
            join marts.dim_source_cells as c using (source_cell_id)
            where o.source_code = '{ARTICLE}'
            order by c.raw_file, c.raw_row, c.raw_column, o.what"""
        ),
        "sources": rows(
            "select source_code, title, publisher, url, accessed_on, licence from marts.dim_sources order by source_code"
        ),
    }


def _content(draft: Draft, facts: dict[str, Rows], translator: Translator) -> dict[str, Any]:
    """The values that part.html needs in one language."""
    say, name = translator.say, f"name_{translator.language}"
    indicators = {row["indicator_code"]: row[name] for row in facts["indicators"]}
    group_names = {row["group_code"]: row[name] for row in facts["groups"]}
    latest = facts["history"][-1]
    numbered = [
        event | {"number": number if event["start_date"] else None, "title": say(event["title_en"])}
        for number, event in enumerate(facts["events"], 1)
    ]
    verdicts = [
        {"verdict": code, "name": say(text), "claims": sum(claim["verdict"] == code for claim in facts["claims"])}
        for code, text in VERDICTS.items()
    ]
    language = facts | {"events": numbered, "verdicts": verdicts}
    wide, narrow = (
        _figures(language, indicators, group_names, Style(translator.language, width), say, name)
        for width in (charts.WIDE, charts.NARROW)
    )
    style = Style(translator.language, charts.WIDE)
    return language | {
        "_": translator.mark,
        "say": say,
        "language": translator.language,
        "name": name,
        "number": style.number,
        "day": style.day,
        "latest": latest,
        "further_findings": facts["further_findings"][0]["findings"],
        "places": {row["group_code"]: row for row in facts["places"]},
        "indicators": indicators,
        "group_names": {code: group_names[code] for code in GROUPS},
        "verdict_names": VERDICTS,
        "status_names": {code: translator.mark(text) for code, text in STATUSES.items()},
        "status_legend": [
            (STATUS_COLOURS[code], translator.mark(text))
            for code, text in STATUSES.items()
            if any(row["status"] == code for row in facts["absent"])
        ],
        "source_titles": {row["source_code"]: row["title"] for row in facts["sources"]},
        "wide": wide,
        "narrow": narrow,
        "release_id": draft.release_id,
        "built_at": format_datetime(draft.built_at, format="long", locale=translator.language, tzinfo=UTC),
    }


def _figures(
    facts: dict[str, Rows], indicators: dict[str, str], groups: dict[str, str], style: Style, say: Say, name: str
) -> dict[str, Markup]:
    """Every chart of the page in one language and width, by name."""
    kazakhstan = next(row[name] for row in facts["states"] if row["country_code"] == "KAZ")
    means = _mean_lines(facts["means"], kazakhstan, groups)
    service_names = {row["service_code"]: row[name] for row in facts["usage"]}
    month_rows = [
        row
        | {
            "service": row[name],
            "per_month": row["usage_per_month"],
            "label": f"{row['period_code']}: {style.number(row['usage_per_month'])} {say('a month')} ({say(row['measure'])})",
        }
        for row in facts["usage"]
        if row["start_date"] and row["usage_count"] is not None
    ]
    drawn = {
        "rank": charts.rank(facts["history"], style),
        "value": charts.value([row for row in means if row["indicator_code"] == "EGDI"], style),
        "parts": charts.parts(means, style, indicators),
        "standing": charts.standing(_standing(facts, groups, name), style),
        "services_by_year": charts.services_by_year(
            [
                {
                    "period_code": row["period_code"],
                    "service": row[name],
                    "measure": say(row["measure"]),
                    "count": row["usage_count"],
                }
                for row in facts["usage"]
                if row["grain"] == "year"
            ],
            style,
        ),
        "services_by_month": charts.services_by_month(
            month_rows,
            [
                event | {"service": service_names[event["service_code"]]}
                for event in facts["events"]
                if event["start_date"] and event["service_code"] in service_names
            ],
            style,
        ),
        "events": charts.events([event for event in facts["events"] if event["start_date"]], style),
        "verdicts": charts.verdicts(facts["verdicts"], style),
        "internet": charts.internet(facts["internet"], style),
        "missing": charts.missing([row | {"name": say(STATUSES[row["status"]])} for row in facts["absent"]], style),
    }
    return {key: Markup(svg) for key, svg in drawn.items()}


def _mean_lines(means: Rows, kazakhstan: str, groups: dict[str, str]) -> Rows:
    """One line for each group mean, and one for Kazakhstan, whose figure is the same in the rows of every group."""
    lines = [
        {**row, "series": row["group_code"], "name": groups[row["group_code"]], "value": row["mean_value"]} for row in means
    ]
    return lines + [
        {**row, "series": "kazakhstan", "name": kazakhstan, "value": row["kazakhstan_value"]}
        for row in means
        if row["group_code"] == "world"
    ]


def _standing(facts: dict[str, Rows], groups: dict[str, str], name: str) -> Rows:
    """One row for each state and group that it belongs to, with the groups in the order of GROUPS."""
    places = {row["group_code"]: f"{row['kazakhstan_place']} / {row['states_assessed']}" for row in facts["places"]}
    members = {(row["group_code"], row["country_code"]) for row in facts["members"]}
    return [
        {
            "group": f"{groups[code]}: {places[code]}",
            "country": row[name],
            "value": row["egdi"],
            "is_kazakhstan": row["country_code"] == "KAZ",
        }
        for code in GROUPS
        for row in facts["states"]
        if (code, row["country_code"]) in members
    ]


PRODUCT = Product(
    "report", (File("report/index.html", "text/html", is_data=False),), write, warm_up=charts.warm_up, shows_feed=False
)
