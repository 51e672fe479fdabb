"""Report: one self-contained page that shows what the figures say, in English, Russian and Kazakh.

The English texts of the page are in part.html and findings.py; their translations are in the catalogs of pages/translator.py.
Names come from the tables. A text from the data that has no translation stays English and is marked as English.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pipelines.products.contract import File, Product
from pipelines.products.pages import base_style, figures, templates, toolbar_script
from pipelines.products.pages.translator import Translator
from pipelines.products.report import charts, findings
from pipelines.products.report.charts import ARTICLE, GROUPS, INTERNET_SOURCES, STATUS_COLOURS, STATUSES, VERDICTS, Rows, Style
from pipelines.releases.catalog import Catalog
from pipelines.releases.draft import Draft

HERE = Path(__file__).parent
LANGUAGES = {"en": "English", "ru": "Русский", "kk": "Қазақша"}
Say = Callable[[str], str]
# What the script of the page says: the buttons under a chart, the filters, and how to go on.
WORDS = {
    "link": "Copy link",
    "cite": "Copy citation",
    "copy": "Copy this text",
    "copied": "Copied",
    "keys": "The arrow keys read the values.",
    "sideways": "The table goes on to the right",
    "shown": "Shown:",
    "of": "of",
}
# The sources whose doubts the page lists: those whose figures it tells of, line by line.
DOUBTED = (ARTICLE, "un_egov_survey")
DOUBTED_NAMES = {ARTICLE: "The article", "un_egov_survey": "The UN survey"}


def write(draft: Draft, catalog: Catalog) -> None:
    """Write report/index.html."""
    folder = draft.folder / "report"
    folder.mkdir(exist_ok=True)
    (folder / "index.html").write_text(page(draft, catalog, translators(catalog)), encoding="utf-8")


def translators(catalog: Catalog) -> list[Translator]:
    """One translator for each language of the page, with the names in the tables."""
    return [Translator(language, names(catalog, language)) for language in LANGUAGES]


def names(catalog: Catalog, language: str) -> dict[str, str]:
    """Names in a language, by the English names and codes that the texts use.

    A source and a level have an English name only, which the catalogs translate.
    """
    name = f"name_{language}"
    found = catalog.rows(
        f"""select name_en as said, {name} as name from marts.dim_countries
        union all select country_code, {name} from marts.dim_countries
        union all select name_en, {name} from marts.dim_indicators
        union all select name_en, {name} from marts.dim_services where {name} is not null
        union all select service_code, {name} from marts.dim_services where {name} is not null
        union all select source_code, title from marts.dim_sources
        union all select level_code, name_en from marts.dim_levels"""
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
        script=Markup(toolbar_script() + (HERE / "script.js").read_text(encoding="utf-8")),
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
        "indicators": rows("select indicator_code, name_en from marts.dim_indicators"),
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
                and source_code in {tuple(INTERNET_SOURCES)}
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
            f"""select finding_code, source_code, country_code, locator, printed_text, reading, rule, note
            from reports.rpt_discrepancies where source_code in {DOUBTED} order by source_code, finding_code"""
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
            f"""select c.locator, c.printed_text, o.name_en, o.name_ru, o.name_kk, o.counted, o.period_code, o.value,
                c.raw_file, c.raw_row, c.raw_column
            from (
                select
                    v.source_cell_id, v.source_code, k.name_en, k.name_ru, k.name_kk, i.name_en as counted, v.period_code,
                    v.value
                from marts.fct_index_observations as v
                join marts.dim_countries as k using (country_code) join marts.dim_indicators as i using (indicator_code)
                union all
                select
                    v.rank_source_cell_id, v.source_code, k.name_en, k.name_ru, k.name_kk, concat('Place by ', i.name_en),
                    v.period_code, v.published_rank
                from marts.fct_index_observations as v
                join marts.dim_countries as k using (country_code) join marts.dim_indicators as i using (indicator_code)
                where v.rank_source_cell_id is not null
                union all
                select
                    u.source_cell_id, u.source_code, s.name_en, s.name_ru, s.name_kk, m.name_en, u.period_code, u.usage_count
                from marts.fct_service_usage as u
                join marts.dim_services as s using (service_code) join marts.dim_usage_measures as m using (measure_code)
            ) as o
            join marts.dim_source_cells as c using (source_cell_id)
            where o.source_code = '{ARTICLE}'
            order by c.raw_file, c.raw_row, c.raw_column, o.counted"""
        ),
        "sources": rows(
            "select source_code, title, publisher, url, accessed_on, licence from marts.dim_sources order by source_code"
        ),
    }


def _content(draft: Draft, facts: dict[str, Rows], translator: Translator) -> dict[str, Any]:
    """The values that part.html needs in one language."""
    say, name = translator.say, f"name_{translator.language}"
    style = Style(translator.language, charts.WIDE)
    indicators = {row["indicator_code"]: say(row["name_en"]) for row in facts["indicators"]}
    group_names = {row["group_code"]: row[name] for row in facts["groups"]}
    language = facts | {
        "events": [
            event | {"number": number if event["start_date"] else None, "title": say(event["title_en"])}
            for number, event in enumerate(facts["events"], 1)
        ],
        "verdicts": [
            {"verdict": code, "name": say(text), "claims": sum(claim["verdict"] == code for claim in facts["claims"])}
            for code, text in VERDICTS.items()
        ],
        "usage": [row | {"period": _period(row["period_code"], say)} for row in facts["usage"]],
        "trail": [row | {"period": _period(row["period_code"], say)} for row in facts["trail"]],
        "internet": [row | {"source": say(INTERNET_SOURCES[row["source_code"]])} for row in facts["internet"]],
    }
    pictures = _pictures(language, indicators, group_names, translator)
    return language | {
        "_": translator.mark,
        "say": say,
        "title": translator.title,
        "place": lambda locator: _with_capital(say(locator)),
        "language": translator.language,
        "name": name,
        "number": style.number,
        "day": style.day,
        "titles": findings.titles(facts, indicators, style, translator.fill),
        "doubts": _doubts(facts["findings"], translator),
        "further_findings": facts["further_findings"][0]["findings"],
        "indicators": indicators,
        "group_names": {code: group_names[code] for code in GROUPS},
        "claim_groups": [
            {
                "verdict": code,
                "kind": say(VERDICTS[code]),
                "rows": [claim for claim in facts["claims"] if claim["verdict"] == code],
            }
            for code in ("contradicted", "supported_with_qualification", "supported", "not_checkable")
        ],
        "status_names": {code: translator.mark(text) for code, text in STATUSES.items()},
        "status_legend": [
            (STATUS_COLOURS[code], translator.mark(text))
            for code, text in STATUSES.items()
            if any(row["status"] == code for row in facts["absent"])
        ],
        "source_titles": {row["source_code"]: translator.title(row["title"]) for row in facts["sources"]},
        "words": {"csv": "CSV", "svg": "SVG", "png": "PNG"} | {key: say(text) for key, text in WORDS.items()},
        "wide": {key: wide for key, (wide, _) in pictures.items()},
        "narrow": {key: narrow for key, (_, narrow) in pictures.items()},
        "release_id": draft.release_id,
        "built_on": figures.day(draft.built_at.date(), translator.language),
    }


def _period(code: str, say: Say) -> str:
    """A period as it is said: a year as it is, a month by its name."""
    return say("a month that is not stated" if code == "XXXX-XX" else code)


def _doubts(rows: Rows, translator: Translator) -> list[dict[str, Any]]:
    """The doubts in groups that a reader can choose from: those about the article by its parts, the others by their rule.

    The largest group of a source comes first. A doubt about one country of a survey names it.
    """
    groups: dict[str, Rows] = {}
    for row in rows:
        is_article = row["source_code"] == ARTICLE
        kind = row["locator"].split(";")[0].split(",")[0] if is_article else row["rule"]
        about = [] if is_article or not row["country_code"] else [translator.say(row["country_code"])]
        heading = ": ".join([*about, _with_capital(translator.say(row["locator"]))])
        source = translator.say(DOUBTED_NAMES[row["source_code"]])
        title = f"{source}: {_with_capital(translator.say(kind))}"
        groups.setdefault(title, []).append(row | {"heading": heading})
    by_size = sorted(groups.items(), key=lambda group: (DOUBTED.index(group[1][0]["source_code"]), -len(group[1])))
    return [{"kind": kind, "rows": its} for kind, its in by_size]


def _with_capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _pictures(
    facts: dict[str, Rows], indicators: dict[str, str], groups: dict[str, str], translator: Translator
) -> dict[str, tuple[Markup, Markup]]:
    """Every chart of the page in one language, by name: as wide as its place on a screen, and for a phone."""
    say, name = translator.say, f"name_{translator.language}"
    kazakhstan = next(row[name] for row in facts["states"] if row["country_code"] == "KAZ")
    means = _mean_lines(facts["means"], kazakhstan, groups)
    services = {row["service_code"]: row[name] for row in facts["usage"]}
    years = [
        row | {"service": row[name], "measure": say(row["measure"]), "count": row["usage_count"]}
        for row in facts["usage"]
        if row["grain"] == "year"
    ]
    months = [
        row | {"service": row[name], "per_month": row["usage_per_month"], "measure": say(row["measure"])}
        for row in facts["usage"]
        if row["start_date"] and row["usage_count"] is not None
    ]
    dated = [event for event in facts["events"] if event["start_date"]]
    of_services = [event | {"service": services[event["service_code"]]} for event in dated if event["service_code"] in services]
    absent = [row | {"name": say(STATUSES[row["status"]])} for row in facts["absent"]]

    def by_month(style: Style) -> str:
        labelled = [
            row | {"label": f"{row['period']}: {style.number(row['per_month'])} {say('a month')} ({row['measure']})"}
            for row in months
        ]
        return charts.services_by_month(labelled, of_services, style)

    drawn: dict[str, tuple[int, Callable[[Style], str]]] = {
        "rank": (charts.HALF, lambda style: charts.rank(facts["history"], style)),
        "value": (charts.HALF, lambda style: charts.value([row for row in means if row["indicator_code"] == "EGDI"], style)),
        "parts": (charts.HALF, lambda style: charts.parts(means, style, indicators)),
        "standing": (charts.HALF, lambda style: charts.standing(_standing(facts, groups, name), style)),
        "internet": (charts.HALF, lambda style: charts.internet(facts["internet"], style)),
        "verdicts": (charts.HALF, lambda style: charts.verdicts(facts["verdicts"], style)),
        "services_by_year": (charts.HALF, lambda style: charts.services_by_year(years, style)),
        "services_by_month": (charts.WIDE, by_month),
        "events": (charts.HALF, lambda style: charts.events(dated, style)),
        "missing": (charts.WIDE, lambda style: charts.missing(absent, style)),
    }
    return {
        key: (Markup(draw(Style(translator.language, width))), Markup(draw(Style(translator.language, charts.NARROW))))
        for key, (width, draw) in drawn.items()
    }


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
    places = {row["group_code"]: f"{row['kazakhstan_place']}\u00a0/\u00a0{row['states_assessed']}" for row in facts["places"]}
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
