"""Findings: the titles of the first charts, which say what the figures show.

A title is a template of the catalogs, filled from the rows. If the figures do not carry the sentence, the chart keeps its
neutral title, which is true of any figures.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipelines.products.report.charts import ARTICLE, PARTS, Rows, Style

# Fills a template of the catalogs with values.
Fill = Callable[..., str]


def titles(facts: dict[str, Rows], indicators: dict[str, str], style: Style, fill: Fill) -> dict[str, str]:
    """The title of each finding, by the name of its chart, in one language. Facts: the rows of the report, by topic."""
    return {
        "rank": _rank(facts["history"], style, fill),
        "value": _value(facts["means"], fill),
        "standing": _standing(facts["places"], style, fill),
        "parts": _parts(facts["means"], indicators, fill),
        "internet": _internet(facts["internet"], style, fill),
        "verdicts": _verdicts(facts["claims"], fill),
    }


def _rank(history: Rows, style: Style, fill: Fill) -> str:
    """From the first rank to a better last one. Rows in the order of the editions."""
    first, last = history[0], history[-1]
    if last["rank"] >= first["rank"]:
        return fill("Rank in the UN E-Government Survey")
    return fill(
        "From {first} to {last} place between {start} and {end}",
        first=_place(first["rank"], style),
        last=_place(last["rank"], style),
        start=first["period_code"],
        end=last["period_code"],
    )


def _value(means: Rows, fill: Fill) -> str:
    """The edition since which the EGDI of Kazakhstan has always been above the mean of the world."""
    since = None
    for row in sorted(means, key=lambda row: row["period_code"]):
        if row["indicator_code"] == "EGDI" and row["group_code"] == "world":
            since = (since or row["period_code"]) if _is_above(row) else None
    if since is None:
        return fill("EGDI beside the means of four groups")
    return fill("Above the mean of the world in every edition since {edition}", edition=since)


def _standing(places: Rows, style: Style, fill: Fill) -> str:
    """The first place among the landlocked developing countries, beside the place among all landlocked states."""
    by_group = {row["group_code"]: row for row in places}
    developing, landlocked = by_group.get("lldc"), by_group.get("landlocked")
    if not developing or not landlocked or developing["kazakhstan_place"] != 1 or not landlocked["kazakhstan_place"]:
        return fill("Every state in the latest edition")
    return fill(
        "First of {developing} landlocked developing countries, {place} of all {landlocked} landlocked states",
        developing=str(developing["states_assessed"]),
        place=_place(landlocked["kazakhstan_place"], style),
        landlocked=str(landlocked["states_assessed"]),
    )


def _parts(means: Rows, indicators: dict[str, str], fill: Fill) -> str:
    """The part of the EGDI that is furthest above the mean of the world in the latest edition, if all parts are above it.

    Only parts of one edition are compared: the parts of different editions are made by different methods.
    """
    latest = max(row["period_code"] for row in means)
    world = [
        row for row in means if row["group_code"] == "world" and row["period_code"] == latest and row["indicator_code"] in PARTS
    ]
    leads = [row["kazakhstan_value"] - row["mean_value"] for row in world if _is_above(row)]
    if len(leads) < len(PARTS) or leads.count(max(leads)) > 1:
        return fill("The three parts of the EGDI")
    furthest = world[leads.index(max(leads))]["indicator_code"]
    return fill("All three parts are above the mean of the world; furthest: {part}", part=indicators[furthest])


def _internet(internet: Rows, style: Style, fill: Fill) -> str:
    """The latest year for which the article and the ITU give different shares of Internet users."""
    shares = {(row["source_code"], row["period_code"]): row["value"] for row in internet}
    years = [
        year
        for source, year in shares
        if source == ARTICLE and ("itu_datahub", year) in shares and shares[source, year] != shares["itu_datahub", year]
    ]
    if not years:
        return fill("Internet users in Kazakhstan")
    year = max(years)
    return fill(
        "Internet users in {year}: {article} in the article, {itu} in the series of the ITU",
        year=year,
        article=style.percent(shares[ARTICLE, year]),
        itu=style.percent(shares["itu_datahub", year]),
    )


def _verdicts(claims: Rows, fill: Fill) -> str:
    """How many claims the figures support, contradict and cannot check."""
    if not claims:
        return fill("Claims by verdict")
    verdicts = [claim["verdict"] for claim in claims]
    return fill(
        "Figures contradict {contradicted} of the {claims} claims of the article; {unchecked} cannot be checked",
        claims=str(len(claims)),
        contradicted=str(verdicts.count("contradicted")),
        unchecked=str(verdicts.count("not_checkable")),
    )


def _is_above(row: dict[str, Any]) -> bool:
    """Whether the figure of Kazakhstan is above the mean of the group; not if either is missing."""
    return row["kazakhstan_value"] is not None and row["mean_value"] is not None and row["kazakhstan_value"] > row["mean_value"]


def _place(place: int, style: Style) -> str:
    """A place in the ranking as a sentence needs it: an English ordinal; elsewhere the number, which the template completes."""
    if style.language != "en":
        return str(place)
    ending = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"
