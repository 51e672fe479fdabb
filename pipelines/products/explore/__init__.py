"""Explorer: one self-contained page with every indicator, for every country, as a line, ranked bars, a table or a world map.

The page carries the figures as JSON, each indicator in a script element of its own, which it reads only when that indicator is
chosen. It draws them in the browser with Vega-Lite. Its English texts are in script.js, as arguments of `_()`; their
translations are in the catalogs of pages/translator.py.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import vl_convert
import yaml
from babel import Locale
from babel.messages.extract import extract
from markupsafe import Markup

from pipelines.products.contract import File, Product
from pipelines.products.explore.shapes import WORLD
from pipelines.products.pages import base_style, embeddable, templates, toolbar_script
from pipelines.products.pages.figures import MONTH, in_text
from pipelines.products.pages.translator import Translator
from pipelines.products.report import LANGUAGES, names
from pipelines.releases.catalog import Catalog
from pipelines.releases.draft import Draft

HERE = Path(__file__).parent
Rows = list[dict[str, Any]]
Json = dict[str, Any]
# The list of what has changed in an edition: one sentence for each indicator, after its code.
NEXT_CHANGE = re.compile(r"(?<=\.) (?=[A-Z]+: )")

# The sources that count the use of the same services in many countries. Their figures can be compared; the others are told
# on the page of their country.
COMPARED_USAGE = ("isora",)
# Of another source that has more figures for a country than this, the page shows only the largest of the latest period.
MANY, MOST_USED = 100, 10
# How many findings under one rule the page of a country shows; of the others it says how many there are.
MOST_FINDINGS = 50


def warm_up() -> None:
    """Bundle the drawing library: this takes seconds and needs no release."""
    bundle()


@cache
def bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, which keeps its own names to itself and sets `window.vegaEmbed`."""
    return f"(() => {{{vl_convert.javascript_bundle('window.vegaEmbed = vegaEmbed;')}}})();"


@cache
def script() -> str:
    """The scripts of the page itself: the toolbar, the charts, and what reacts to the reader."""
    return toolbar_script() + "".join((HERE / name).read_text(encoding="utf-8") for name in ("charts.js", "script.js"))


@cache
def page_texts() -> tuple[str, ...]:
    """The English texts of the page: the arguments of `_()` in its scripts, each once, in their order."""
    found: dict[str, None] = {}
    for name in ("charts.js", "script.js"):
        with open(HERE / name, "rb") as file:
            messages = extract("javascript", file, keywords={"_": None}, options={"parse_template_string": "true"})
            found |= {str(text): None for _, text, _, _ in messages}
    return tuple(found)


def write(draft: Draft, catalog: Catalog) -> None:
    """Write report/explore.html."""
    folder = draft.folder / "report"
    folder.mkdir(exist_ok=True)
    (folder / "explore.html").write_text(page(draft, catalog, translators(catalog)), encoding="utf-8")


def translators(catalog: Catalog) -> list[Translator]:
    """One translator for each language of the page, with the names in the tables."""
    return [Translator(language, names(catalog, language) | _further_names(catalog, language)) for language in LANGUAGES]


def _further_names(catalog: Catalog, language: str) -> dict[str, str]:
    """The names of channels and regions in a language, by their English names: notes and places in sources name them."""
    found = catalog.rows(
        f"""select name_en as said, name_{language} as name from marts.dim_channels
        union all select name_en, name_{language} from marts.dim_regions"""
    )
    return {row["said"]: row["name"] for row in found}


def page(draft: Draft, catalog: Catalog, translators: Iterable[Translator]) -> str:
    """The whole page. Each translator's `missing` then holds the texts of the page itself that have no translation."""
    parts = data(catalog)
    citation = yaml.safe_load((draft.project.root / "CITATION.cff").read_text(encoding="utf-8"))
    parts["overview"] |= {"release": draft.release_id, "work": citation["title"]}
    for translator in translators:
        parts |= _words(translator, parts)
    return (
        templates(HERE)
        .get_template("page.html")
        .render(
            parts={name: Markup(embeddable(_compact(part))) for name, part in parts.items()},
            languages=LANGUAGES,
            style=Markup(base_style() + (HERE / "style.css").read_text(encoding="utf-8")),
            bundle=Markup(bundle()),
            script=Markup(script()),
            release_id=draft.release_id,
        )
    )


def data(catalog: Catalog) -> dict[str, Json]:
    """What the page shows, by the name of its script element.

    `overview` holds what every view needs: countries, groups, indicators, statuses, sources. `figures-CODE` holds the figures
    of one indicator, `country-CODE` what only the page of that country shows, `texts` the longer texts to which it refers by
    number, `world` the shapes of the map.
    """
    named = catalog.rows(
        """select country_code as code, country_iso2 as iso2, m49_code as m49, name_en as en, name_ru as ru, name_kk as kk,
            region_name as region, subregion_name as subregion, is_un_member as member
        from marts.dim_countries order by country_code"""
    )
    printed = catalog.rows("select country_code, name from raw.codes_country_names order by all")
    indicators = _indicators(catalog)
    usage = _usage(catalog)
    figures = _index_figures(catalog) | {entry["code"]: entry.pop("figures") for entry in usage}
    countries, texts = _countries(catalog)
    return {
        "overview": {
            "countries": [row | {"also": _search_names(row, printed)} for row in named],
            "groups": _groups(catalog),
            "indicators": [entry for entry in indicators + usage if entry["code"] in figures],
            "statuses": {
                row["code"]: row["description"]
                for row in catalog.rows("select obs_status_code as code, description from marts.dim_obs_statuses order by 1")
            },
            "sources": {
                row.pop("code"): row
                for row in catalog.rows(
                    "select source_code as code, title, publisher from marts.dim_sources order by source_code"
                )
            },
        },
        "texts": {"list": texts},
        "world": json.loads(WORLD.read_text(encoding="utf-8")),
        **{f"figures-{code}": part for code, part in figures.items()},
        **{f"country-{code}": part for code, part in countries.items()},
    }


def _search_names(country: Mapping[str, Any], printed: Rows) -> list[str]:
    """Further names by which a reader may look for a country: those in use, of Unicode CLDR, and those that sources print."""
    in_use = (Locale(language).territories.get(country["iso2"]) for language in LANGUAGES)
    found = {*in_use, *(row["name"] for row in printed if row["country_code"] == country["code"])}
    return sorted(found - {None} - {country[language] for language in LANGUAGES})


def _groups(catalog: Catalog) -> Rows:
    """The groups that have means, with their members in the latest period."""
    groups = catalog.rows(
        """select group_code as code, name_en as en, name_ru as ru, name_kk as kk from marts.dim_country_groups
        where group_code in (select group_code from reports.rpt_group_means) order by group_type, name_en"""
    )
    members = defaultdict(list)
    for row in catalog.rows(
        """select group_code, country_code from marts.bridge_country_groups
        qualify period_code = max(period_code) over (partition by group_code) order by all"""
    ):
        members[row["group_code"]].append(row["country_code"])
    return [group | {"members": members[group["code"]]} for group in groups]


def _indicators(catalog: Catalog) -> Rows:
    """The indicators, each with whether its publisher ranks the states, and with the range of its scale if it has one."""
    return catalog.rows(
        """select i.indicator_code as code, i.name_en as en, i.name_ru as ru, i.name_kk as kk, i.publisher as family,
            i.unit_code as unit, cast(i.minimum_value as double) as minimum, cast(i.maximum_value as double) as maximum,
            i.higher_is_better as higher, i.parent_indicator_code as parent,
            i.indicator_code in (
                select indicator_code from marts.fct_index_values where published_rank is not null
            ) as has_published_rank
        from marts.dim_indicators as i
        left join (
            select indicator_code, count(distinct country_code) as countries from marts.fct_index_values group by all
        ) as f on f.indicator_code = i.indicator_code
        order by i.publisher <> 'UN DESA', max(f.countries) over (partition by i.publisher) desc,
            coalesce(i.parent_indicator_code, i.indicator_code),
            i.parent_indicator_code is not null, i.indicator_code"""
    )


def _index_figures(catalog: Catalog) -> dict[str, Json]:
    """The figures of each indicator that has any, with the ranks that its source publishes.

    Where the value of a state is missing, the page gives no rank: as in rpt_country_profile, a rank that the source prints
    beside a zero that stands for a missing figure ranks nobody. An indicator whose unit is a rank has ranks only; its status
    says that it has no value, and a printed rank is a normal figure.
    """
    by_indicator = defaultdict(list)
    for row in catalog.rows(
        """select indicator_code, country_code, period_code, value, source_code,
            case when value is not null or unit_code = 'rank' then published_rank end as rank,
            case when unit_code = 'rank' and published_rank is not null then 'A' else obs_status_code end as obs_status_code
        from reports.rpt_index_values order by indicator_code, period_code, country_code"""
    ):
        by_indicator[row["indicator_code"]].append(row)
    figures = {code: _columns(found) for code, found in by_indicator.items()}
    _add_means(catalog, figures)
    _add_editions(catalog, figures)
    return figures


def _columns(rows: Rows) -> Json:
    """The figures of one indicator by column: for each country one text, with an entry for each period.

    `values`, `ranks` and `shares` have commas between the entries, and nothing where a figure is missing.
    `statuses` has a letter for each period, a blank where the sources say nothing; countries whose figures are all normal are
    left out. `origins` has the place in `sources` of the source of each figure, and leaves out countries with the first only.
    """
    periods = sorted({row["period_code"] for row in rows})
    sources = sorted({row["source_code"] for row in rows}, key=lambda code: -sum(row["source_code"] == code for row in rows))
    place = {period: number for number, period in enumerate(periods)}
    columns: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        column = columns.setdefault(
            row["country_code"],
            {name: [""] * len(periods) for name in ("values", "ranks", "shares")}
            | {"statuses": [" "] * len(periods), "origins": ["0"] * len(periods)},
        )
        entries = {
            "values": number(row["value"]),
            "ranks": number(row.get("rank")),
            "shares": number(row.get("share")),
            "statuses": row["obs_status_code"],
            "origins": str(sources.index(row["source_code"])),
        }
        for name, entry in entries.items():
            column[name][place[row["period_code"]]] = entry
    figures: Json = {"periods": periods, "sources": sources}
    for name in ("values", "ranks", "shares"):
        kept = {code: ",".join(column[name]) for code, column in columns.items() if any(column[name])}
        if kept:
            figures[name] = kept
    for name, usual in (("statuses", "A"), ("origins", "0")):
        figures[name] = {code: "".join(column[name]) for code, column in columns.items() if set(column[name]) != {usual}}
    return figures


def number(value: Decimal | int | None) -> str:
    """A value as the page holds it: its decimals without closing zeros, nothing if it is missing.

    The browser calculates with doubles. A value that a double does not hold exactly raises ValueError, so that none is shown
    with other digits than the database has.
    """
    if value is None:
        return ""
    text = f"{Decimal(value).normalize():f}"
    if Decimal(repr(float(text))) != value:
        raise ValueError(f"{value} has more digits than a page can hold exactly")
    return text


def _add_means(catalog: Catalog, figures: dict[str, Json]) -> None:
    """Add the means of groups, and of how many states each is the mean."""
    means: dict[tuple[str, str], dict[str, Json]] = defaultdict(dict)
    for row in catalog.rows("select * from reports.rpt_group_means order by group_code"):
        means[row["indicator_code"], row["group_code"]][row["period_code"]] = row
    for (indicator, group), rows in means.items():
        figure = figures[indicator]
        for name, column in (("means", "mean_value"), ("assessed", "states_assessed")):
            entries = (number(rows[period][column]) if period in rows else "" for period in figure["periods"])
            figure.setdefault(name, {})[group] = ",".join(entries)


def _add_editions(catalog: Catalog, figures: dict[str, Json]) -> None:
    """Add what is known of the method of each edition; `breaks` says of which editions a source says that it changed."""
    for row in catalog.rows(
        """select indicator_code, period_code, method_note, is_comparable_with_previous as comparable, what_changed
        from marts.dim_indicator_editions order by all"""
    ):
        if row["indicator_code"] in figures:
            figure = figures[row["indicator_code"]]
            if row["comparable"] is False:
                figure.setdefault("breaks", {})[row["period_code"]] = NEXT_CHANGE.split(row["what_changed"] or "")
            if row["method_note"]:
                figure.setdefault("methods", {})[row["period_code"]] = row["method_note"]


def _usage(catalog: Catalog) -> Rows:
    """One entry for each service and channel of the compared sources, with its figures: counts, and shares of the channels."""
    rows = catalog.rows(
        f"""select u.service_code, s.name_en as service_en, s.name_ru as service_ru, s.name_kk as service_kk,
            m.name_en as measure, coalesce(u.channel_code, 'all') as channel_code, c.name_en as channel_en,
            c.name_ru as channel_ru, c.name_kk as channel_kk, u.country_code, u.period_code,
            u.usage_count as value, u.obs_status_code, u.source_code,
            -- no share where the printed total contradicts the channels, as in rpt_online_share
            case when o.printed_total is null or o.printed_total = o.usage_all then b.share_of_channels end as share
        from marts.fct_service_usage as u
        join marts.dim_services as s on s.service_code = u.service_code
        join marts.dim_usage_measures as m on m.measure_code = u.measure_code
        left join marts.dim_channels as c on c.channel_code = u.channel_code
        left join reports.rpt_usage_by_channel as b on b.service_usage_id = u.service_usage_id
        left join reports.rpt_online_share as o
            on o.country_code = u.country_code and o.service_code = u.service_code and o.measure_code = u.measure_code
            and o.period_code = u.period_code and o.source_code = u.source_code
        where u.source_code in {_in(COMPARED_USAGE)}
        order by u.service_code, u.measure_code, channel_code, u.period_code, u.country_code"""
    )
    entries = defaultdict(list)
    for row in rows:
        entries[f"{row['service_code']}.{row['channel_code']}"].append(row)
    return [
        {
            "code": code,
            "service": {language: found[0][f"service_{language}"] or found[0]["service_en"] for language in LANGUAGES},
            "measure": found[0]["measure"],
            "unit": "count",
            "higher": True,
            "has_published_rank": False,
            "figures": _columns(found),
        }
        | ({language: found[0][f"channel_{language}"] for language in LANGUAGES} if found[0]["channel_en"] else {})
        for code, found in entries.items()
    ]


def _countries(catalog: Catalog) -> tuple[dict[str, Json], list[str]]:
    """What only the page of a country shows, by country code, and the texts to which it refers by number."""
    texts: dict[str, int] = {}

    def numbered(row: Json, *names: str) -> list[int | str | None]:
        return [None if row[name] is None else texts.setdefault(row[name], len(texts)) for name in names]

    countries: dict[str, Json] = defaultdict(lambda: {"rules": {}, "claims": [], "services": []})
    for row in catalog.rows(
        """select country_code, source_code, locator, printed_text, reading, rule, note from reports.rpt_discrepancies
        where country_code is not null order by source_code, finding_code"""
    ):
        (rule,) = numbered(row, "rule")
        found = countries[row["country_code"]]["rules"].setdefault(rule, {"findings": 0, "shown": []})
        found["findings"] += 1
        if len(found["shown"]) < MOST_FINDINGS:
            printed = [row["source_code"], row["printed_text"]]
            found["shown"].append(printed + numbered(row, "locator", "reading", "note"))
    for row in catalog.rows(
        # the article is about Kazakhstan; a claim concerns another country if one of its texts says the name or the code
        r"""with claims as (
            select *, concat_ws(' ', statement, asserted, reading, expected, observed, evidence, note) as said
            from reports.rpt_claims
        )
        select c.country_code, k.claim_code, k.statement, k.verdict, k.observed, k.note
        from claims as k join marts.dim_countries as c
            on c.country_code = 'KAZ'
            or regexp_matches(k.said, concat('\b(', c.country_code, '|', regexp_escape(c.name_en), ')\b'))
        order by c.country_code, k.claim_code"""
    ):
        countries[row["country_code"]]["claims"].append([row["verdict"], *numbered(row, "statement", "observed", "note")])
    for row in catalog.rows(
        f"""with told as (
            select *, count(*) over (partition by source_code, country_code) as figures, row_number() over (
                partition by source_code, country_code, measure_code
                order by period_code desc, usage_count desc nulls last, service_usage_id
            ) as place
            from marts.fct_service_usage where source_code not in {_in(COMPARED_USAGE)}
        )
        select u.country_code, s.name_en, s.name_ru, s.name_kk, u.period_code, m.name_en as measure,
            c.name_en as channel_en, c.name_ru as channel_ru, c.name_kk as channel_kk, u.usage_count, u.value_qualifier,
            u.obs_status_code, u.source_code, u.likely_period_code, u.figures
        from told as u
        join marts.dim_services as s on s.service_code = u.service_code
        join marts.dim_usage_measures as m on m.measure_code = u.measure_code
        left join marts.dim_channels as c on c.channel_code = u.channel_code
        where u.figures <= {MANY} or (u.measure_code = 'applications' and u.place <= {MOST_USED})
        order by u.source_code, s.name_en, u.period_code, measure, channel_en"""
    ):
        countries[row.pop("country_code")]["services"].append(row)
    return dict(countries), list(texts)


def _words(translator: Translator, parts: Mapping[str, Json]) -> dict[str, Json]:
    """How one language says the texts of the page itself, short texts from the tables, and long ones.

    What the language says as it stands is left out. So is a text from the tables that has no translation: the page shows it in
    English and marks it as English.
    """
    overview = parts["overview"]
    short = {text: said for text in page_texts() if (said := translator.say(text)) != text}
    services = [row for part in parts.values() for row in part.get("services", ())]
    told = {
        *overview["statuses"].values(),
        *(source[name] for source in overview["sources"].values() for name in ("title", "publisher")),
        *(country[name] for country in overview["countries"] for name in ("region", "subregion")),
        *(entry.get(name) for entry in overview["indicators"] for name in ("family", "measure")),
        *(row["measure"] for row in services),
        *(
            period
            for row in services
            for period in (row["period_code"], row["likely_period_code"])
            if period and MONTH.fullmatch(period)
        ),
        *(text for part in parts.values() for text in part.get("methods", {}).values()),
        *(
            change.partition(": ")[2]
            for part in parts.values()
            for changes in part.get("breaks", {}).values()
            for change in changes
        ),
    }
    short |= {text: own for text in sorted(told - {None}) if (own := translation(translator, text))}
    long = [translation(translator, text) for text in parts["texts"]["list"]]
    return {f"words-{translator.language}": short, f"texts-{translator.language}": {"list": long}}


def translation(translator: Translator, text: str) -> str | None:
    """A text from the tables in the language, with its figures in the format of the language.

    None if the catalogs have no translation, or if the language says the text as it stands.
    """
    sayings = translator.sayings(text)
    if not sayings and translator.language != "en":
        return None
    said = in_text(sayings[0].text if sayings else text, translator.language)
    return said if said != text else None


def _in(codes: tuple[str, ...]) -> str:
    """A list of codes in SQL."""
    return f"({', '.join(repr(code) for code in codes)})"


def _compact(part: Json) -> str:
    return json.dumps(part, ensure_ascii=False, separators=(",", ":"))


PRODUCT = Product(
    "explore", (File("report/explore.html", "text/html", is_data=False),), write, warm_up=warm_up, shows_feed=False
)
