"""What the warehouse works out is worked out a second time, with pandas, directly from the files in raw/.

Whoever wrote this file had not read the models: only raw/, docs/, README.md, CHANGELOG.md and the tables of a release, from which
the wording of the notes is taken. Each test compares every row of a table, in every column that it does not expressly ignore.
Figures are whole numbers of the tenth decimal, so that no digit is lost: a figure of 0.25 is 2500000000 here. Everything is
compared exactly, but for the GTMI from its parts: see test_gtmi_recomputation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

import duckdb
import pandas as pd

from tests.helpers import ROOT

Release = duckdb.DuckDBPyConnection

RAW = ROOT / "raw"
ONE = 10**10
UN, COPY, ARTICLE = "un_egov_survey", "unu_egov", "sabdenov_abdrakhmanova"
PARTS = ["osi", "tii", "hci"]
INDICES = ["egdi", *PARTS, "epi"]
# CHANGELOG.md: from this edition on a source says that the parts are standardised among the states of an edition.
STANDARDISED_FROM = "2012"


# Reading and comparing


@cache
def raw(path: str) -> pd.DataFrame:
    """A raw file with every cell as text."""
    return pd.read_csv(RAW / path, dtype=str, keep_default_na=False)


def texts(frame: pd.DataFrame) -> list[dict[str, str]]:
    """The rows of a raw file that was read."""
    return [{str(name): str(text) for name, text in row.items()} for row in frame.to_dict("records")]


@cache
def records(path: str) -> list[dict[str, str]]:
    """The rows of a raw file."""
    return texts(raw(path))


def half_up(exact: Fraction) -> int:
    """The nearest whole number; a half goes up."""
    return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)


def units(text: str) -> int:
    """A printed figure as a whole number of the tenth decimal."""
    return half_up(Fraction(text) * ONE)


@cache
def editions(source: str) -> dict[str, pd.DataFrame]:
    """The editions of a source by period. Of an edition that was revised, the newest version counts."""
    resources = json.loads((RAW / "datapackage.json").read_text(encoding="utf-8"))["resources"]
    held = [each for each in resources if "edition" in each and each["sources"][0]["name"] == source]
    newest = {each["edition"]: each["path"] for each in sorted(held, key=lambda each: int(each["revision"]))}
    return {edition: raw(newest[edition]) for edition in sorted(newest)}


def plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame, with None for whatever is missing."""
    return [
        {str(name): None if pd.isna(cell) else cell for name, cell in row.items()}
        for row in frame.astype(object).to_dict("records")
    ]


def compare(
    release: Release, table: str, worked_out: list[dict[str, Any]], *, where: str = "true", ignore: str = "", near: str = ""
) -> None:
    """Check that a table holds exactly the rows worked out here, in all of its columns but the ignored ones.

    The figures of the columns in `near` may be off by one in the tenth decimal.
    """
    types = {name: kind for name, kind, *_ in release.execute(f"describe {table}").fetchall()}
    columns = [name for name in types if name not in ignore.split()]
    assert worked_out
    assert set(columns) == set(worked_out[0]), "a column that nobody has worked out again"

    def cell(row: dict[str, Any], name: str) -> Any:
        if row[name] is None or not types[name].startswith("DECIMAL"):
            return row[name]
        return Decimal(row[name]).scaleb(-10)

    exact = [name for name in columns if name not in near.split()]
    rounded = [name for name in columns if name in near.split()]
    held = release.execute(f"select {', '.join(exact + rounded)} from {table} where {where}").fetchall()
    theirs = {row[: len(exact)]: row[len(exact) :] for row in held}
    mine = {tuple(cell(row, name) for name in exact): [cell(row, name) for name in rounded] for row in worked_out}
    assert len(theirs) == len(held)
    assert len(mine) == len(worked_out)
    only_mine, only_theirs = sorted(mine.keys() - theirs.keys(), key=str), sorted(theirs.keys() - mine.keys(), key=str)
    message = f"{exact}\n{len(only_mine)} rows only here: {only_mine[:3]}\n{len(only_theirs)} only there: {only_theirs[:3]}"
    assert not only_mine, message
    assert not only_theirs, message
    for row, figures in mine.items():
        for figure, other in zip(figures, theirs[row], strict=True):
            assert abs(figure - other) <= Decimal("1e-10"), row


# The index figures of the UN: what is a figure, and what is missing


def printed(source: str) -> dict[tuple[str, str], dict[str, str]]:
    """The printed rows of a source by period and country."""
    return {(period, row["country_code"]): row for period, frame in editions(source).items() for row in texts(frame)}


def is_zero(text: str) -> bool:
    """Whether a cell holds no figure above zero: it is empty or prints 0."""
    return text == "" or Fraction(text) == 0


@cache
def observations() -> pd.DataFrame:
    """Every figure of both copies of the UN survey with its status, as the zeros are to be read."""
    copied = printed(COPY)
    # editions whose copy leaves a cell empty where a state that has a rank was not assessed: there, a zero is a figure
    telling = {
        period
        for (period, _), row in copied.items()
        if is_zero(row["egdi"]) and row["egdi_rank"] and any(row[name] == "" for name in [*PARTS, "epi"])
    }

    def status(row: dict[str, str], key: tuple[str, str], name: str) -> tuple[str, str | None]:
        """The status of a cell, and the evidence for it if it is a zero that has to be judged."""
        if not row["egdi_rank"]:
            return "M", None
        if not is_zero(row["egdi"]) or not is_zero(row[name]):
            return "A", None
        if name == "egdi":
            return "L", None
        if row[name] == "":
            return "L", "The cell is empty."
        if key in copied and copied[key][name] == "":
            return "L", f"Source {COPY} leaves the cell empty."
        if key in copied and key[0] in telling:
            return "A", f"Source {COPY} prints a zero here and leaves the missing cells of the edition empty."
        if name in PARTS and not any(is_zero(row[other]) for other in PARTS if other != name):
            return "L", "The other two parts are there, yet the EGDI was not worked out."
        return "U", "None: the source prints zero for a missing figure too."

    rows = []
    for source, cells in ((UN, printed(UN)), (COPY, copied)):
        for (period, country), row in cells.items():
            for name in INDICES:
                code, evidence = status(row, (period, country), name)
                rows.append(
                    {
                        "source_code": source,
                        "period_code": period,
                        "country_code": country,
                        "indicator_code": name.upper(),
                        "value": units(row[name]) if code == "A" else None,
                        "published_rank": int(Fraction(row["egdi_rank"])) if name == "egdi" and row["egdi_rank"] else None,
                        "obs_status_code": code,
                        "obs_evidence": evidence,
                    }
                )
    return pd.DataFrame(rows).astype({"value": "Int64", "published_rank": "Int64"})


@cache
def survey() -> pd.DataFrame:
    """The five indices and the rank of every state in every edition, one row each; missing figures are missing."""
    own = observations().query("source_code == @UN")
    key = ["period_code", "country_code"]
    wide = own.pivot(index=key, columns="indicator_code", values="value").rename(columns=str.lower)[INDICES]
    ranks = own.query("indicator_code == 'EGDI'").set_index(key)["published_rank"]
    wide["rank"] = ranks.reindex(wide.index).where(wide["egdi"].notna())
    return wide.reset_index().sort_values(key, ignore_index=True)


def periods() -> list[str]:
    """The editions of the UN survey in order."""
    return sorted(editions(UN))


def before(frame: pd.DataFrame, column: str) -> pd.Series[Any]:
    """The figure of the same country in the edition before; `frame` is in the order of the editions."""
    return frame.groupby("country_code")[column].shift()


def place(figures: pd.Series[Any], by: list[pd.Series[Any]]) -> pd.Series[Any]:
    """The place of each figure in its group. Equal figures share a place and the next ones lose it: 1, 2, 2, 4."""
    return figures.groupby(by).rank(method="min", ascending=False).astype("Int64")


def mean(figures: pd.Series[Any]) -> int:
    """The mean of whole numbers, rounded half up."""
    return half_up(Fraction(sum(int(each) for each in figures), len(figures)))


def median(figures: pd.Series[Any]) -> int:
    """The median of whole numbers, rounded half up."""
    ordered = sorted(int(each) for each in figures)
    return half_up(Fraction(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2], 2))


# Codes


@cache
def countries() -> pd.DataFrame:
    """Countries and other economies by code."""
    listed = raw("codes/countries.csv").set_index("country_code")
    assert listed.index.is_unique
    return listed


def name_of(country: str) -> str:
    """The English name of a country."""
    return str(countries().at[country, "name_en"])


def level_of(value: int) -> dict[str, str]:
    """The level of the UN scale that follows from a value."""
    (level,) = (
        row
        for row in records("codes/levels.csv")
        if (not row["minimum_value"] or value >= units(row["minimum_value"]))
        and (not row["below_value"] or value < units(row["below_value"]))
    )
    return level


def weights(period: str) -> dict[str, str]:
    """The printed weights of the parts of the EGDI in an edition; none if it is their plain mean."""
    rows = records("codes/index_weights.csv")
    return {row["part_indicator_code"].lower(): row["weight"] for row in rows if row["period_code"] == period}


def by_first_day(date: str, period: str) -> bool:
    """Whether a date is known to have come by the first day of a year. A date may be only a year or a month."""
    return date < period or date == f"{period}-01-01"


def members(group: dict[str, str], period: str) -> set[str]:
    """The countries and economies that are in a group in a period."""
    code, kind, listed = group["group_code"], group["group_type"], countries()
    if kind == "world":
        return set(listed.index)
    if kind in ("region", "subregion"):
        return set(listed.index[listed[f"{kind}_name"] == group["name_en"]])
    found = set(listed.index[listed[f"is_{code}"] == "true"])
    for row in records("codes/group_memberships.csv"):
        if row["group_code"] == code:
            joined = not row["valid_from"] or by_first_day(row["valid_from"], period)
            left = row["valid_to"] != "" and by_first_day(row["valid_to"], period)
            (found.add if joined and not left else found.discard)(row["country_code"])
    return found


def groups() -> list[dict[str, str]]:
    """The groups of countries but those of the article."""
    return [row for row in records("codes/country_groups.csv") if row["group_type"] != "article"]


def comparability(indicator: str, period: str) -> dict[str, Any]:
    """Whether an edition of an index of the UN can be compared with the one before, and what to say about it."""
    earlier = [each for each in periods() if each < period]
    if not earlier:
        note = "The first edition here: there is none to compare it with."
        return {"is_comparable_with_previous": None, "comparability_note": note}
    concerned = {indicator, *(name.upper() for name in PARTS if indicator == "EGDI")}
    changed = {
        row["indicator_code"]
        for row in records("codes/edition_changes.csv")
        if row["period_code"] == period and row["indicator_code"] in concerned and row["has_changed"] == "true"
    }
    if indicator == "EGDI" and weights(period) != weights(earlier[-1]):
        changed.add("EGDI")
    if not changed:
        note = "No source here says whether it can be compared with the edition before."
        return {"is_comparable_with_previous": None, "comparability_note": note}
    note = f"Not comparable with the edition before. Changed: {', '.join(sorted(changed))}."
    return {"is_comparable_with_previous": False, "comparability_note": note}


def method_note(period: str) -> str:
    """How the EGDI of an edition was made."""
    by_weight = " + ".join(f"{weight} {part.upper()}" for part, weight in weights(period).items())
    made = f"Weighed as {by_weight}" if by_weight else "Plain mean of OSI, TII and HCI"
    standardised = "; parts standardised among the states of the edition" if period >= STANDARDISED_FROM else ""
    return f"{made}{standardised}: read changes as changes of place."


def edition_columns() -> pd.DataFrame:
    """What the reports say about each edition of the EGDI, by period."""
    assessed = survey().groupby("period_code")["egdi"].count()
    return pd.DataFrame(
        {
            "period_code": period,
            **comparability("EGDI", period),
            "method_note": method_note(period),
            "states_assessed": int(assessed[period]),
        }
        for period in periods()
    )


# Tests


def test_zeros_of_the_survey_and_its_copy(release: Release) -> None:
    identity = ("country_code", "indicator_code", "period_code", "source_code")
    compare(
        release,
        "marts.fct_index_observations",
        [{**row, "index_observation_id": ".".join(row[name] for name in identity)} for row in plain(observations())],
        where=f"source_code in ('{UN}', '{COPY}')",
        ignore="published_level published_rating_class published_percentile_rank standard_error number_of_sources source_cell_id "
        "rank_source_cell_id",
    )


def test_editions(release: Release) -> None:
    own = observations().query("source_code == @UN")
    assessed = own.groupby(["indicator_code", "period_code"])["value"].count()
    worked_out = [
        {
            "indicator_code": name.upper(),
            "period_code": period,
            **comparability(name.upper(), period),
            "countries_assessed": int(assessed[name.upper(), period]),
        }
        for name in INDICES
        for period in periods()
    ]
    compare(
        release,
        "marts.dim_indicator_editions",
        worked_out,
        where=f"indicator_code in {tuple(name.upper() for name in INDICES)}",
        ignore="method_note what_changed what_changed_said_by",
    )


def recomputed(indicator: str, period: str, country: str, statistic: str, **columns: Any) -> dict[str, Any]:
    """A row of rpt_recomputation."""
    blank = dict.fromkeys(
        ("published_value", "recomputed_value", "difference", "published_label", "recomputed_label", "agrees", "reason")
    )
    return {
        "country_code": country,
        "country_name": name_of(country),
        "indicator_code": indicator,
        "period_code": period,
        "statistic": statistic,
        **blank,
        **columns,
    }


def known_reason(row: dict[str, Any]) -> dict[str, Any]:
    """The row with the recorded reason for a deviation, if it deviates."""
    if row["agrees"]:
        return row
    key = ["indicator_code", "country_code", "period_code", "statistic"]
    reasons = {tuple(each[name] for name in key): each["reason"] for each in records("codes/known_deviations.csv")}
    return {**row, "reason": reasons[tuple(row[name] for name in key)]}


def egdi_from_parts() -> list[dict[str, Any]]:
    """The EGDI from its parts: weighed where the edition has weights, else their plain mean."""
    rows = []
    for period, frame in survey().dropna(subset=["egdi", *PARTS]).groupby("period_code"):
        share = {part: Fraction(weight) for part, weight in weights(str(period)).items()} or dict.fromkeys(
            PARTS, Fraction(1, 3)
        )
        four_decimals = all(int(value) % 10**6 == 0 for value in frame["egdi"])
        tolerance = units("0.0001") if four_decimals else units("0.00005")
        for state in plain(frame):
            value = half_up(sum((share[part] * state[part] for part in PARTS), Fraction()))
            difference = state["egdi"] - value
            row = recomputed(
                "EGDI",
                str(period),
                state["country_code"],
                "value",
                published_value=state["egdi"],
                recomputed_value=value,
                difference=difference,
                agrees=abs(difference) <= tolerance,
            )
            rows.append(known_reason(row))
    return rows


def gtmi_from_parts() -> list[dict[str, Any]]:
    """The GTMI from its four parts, as printed with all their decimals."""
    rows = []
    for period, frame in editions("wb_gtmi").items():
        for economy in texts(frame):
            published = units(economy["gtmi"])
            value = half_up(sum((Fraction(economy[part]) for part in ("cgsi", "psdi", "dcei", "gtei")), Fraction()) / 4 * ONE)
            row = recomputed(
                "GTMI",
                period,
                economy["country_code"],
                "value",
                published_value=published,
                recomputed_value=value,
                difference=published - value,
                agrees=published == value,
            )
            rows.append(known_reason(row))
    return rows


def ranks_by_value() -> list[dict[str, Any]]:
    """The rank of every assessed state by its value."""
    assessed = survey().dropna(subset=["egdi"])
    by_value = place(assessed["egdi"], [assessed["period_code"]])
    shared = assessed.duplicated(["period_code", "egdi"], keep=False)
    rows = []
    for state in plain(assessed.assign(by_value=by_value, shared=shared)):
        agrees = state["rank"] == state["by_value"]
        assert agrees or state["shared"], state
        apart = "The printed values are equal; the publisher ranks them apart by decimals that it does not print."
        row = recomputed(
            "EGDI",
            state["period_code"],
            state["country_code"],
            "rank",
            published_value=state["rank"] * ONE,
            recomputed_value=state["by_value"] * ONE,
            difference=(state["rank"] - state["by_value"]) * ONE,
            agrees=agrees,
            reason=None if agrees else apart,
        )
        rows.append(row)
    return rows


@cache
def printed_classes() -> dict[str, tuple[str, str]]:
    """The level and the rating class of 2020 that Table 1 of the article prints, by country."""
    codes = {row["name"]: row["country_code"] for row in records("codes/country_names.csv")}
    levels = {row["name_en"]: row["level_code"] for row in records("codes/levels.csv")}
    return {
        codes[row["country"]]: (levels[re.sub(r" E ?G ?D ?I$", "", row["egdi_level"])], row["egdi_rating"])
        for row in records("article/table_1.csv")
    }


def classes_by_value(period: str) -> dict[str, str]:
    """The rating class of every state: the states of a level, best first, in four classes of equal size.

    If the number of states is no multiple of four, the better classes have one state more.
    """
    states = survey().query("period_code == @period").dropna(subset=["egdi"])
    states = states.sort_values(["egdi", "rank"], ascending=[False, True])
    levels = pd.Series([level_of(int(value))["level_code"] for value in states["egdi"]], index=states.index)
    codes = {(row["level_code"], int(row["quartile"])): row["rating_class_code"] for row in records("codes/rating_classes.csv")}
    found = {}
    for level, inside in states.groupby(levels):
        best_first = list(inside["country_code"])
        size, larger = divmod(len(best_first), 4)
        for class_number in range(4):
            taken = size + (1 if class_number < larger else 0)
            found.update(dict.fromkeys(best_first[:taken], codes[str(level), 4 - class_number]))
            best_first = best_first[taken:]
    return found


def levels_and_classes() -> list[dict[str, Any]]:
    """The levels and the classes of Table 1 of the article, worked out from the figures of the UN."""
    values = survey().query("period_code == '2020'").set_index("country_code")["egdi"]
    classes = classes_by_value("2020")
    rows = []
    for country, (level, rating_class) in printed_classes().items():
        for statistic, label, again in (
            ("level", level, level_of(int(values[country]))["level_code"]),
            ("rating_class", rating_class, classes[country]),
        ):
            labels = {"published_label": label, "recomputed_label": again, "agrees": label == again}
            rows.append(known_reason(recomputed("EGDI", "2020", country, statistic, **labels)))
    return rows


def test_egdi_recomputation(release: Release) -> None:
    worked_out = [*egdi_from_parts(), *ranks_by_value(), *levels_and_classes()]
    compare(release, "reports.rpt_recomputation", worked_out, where="indicator_code <> 'GTMI'")


def test_gtmi_recomputation(release: Release) -> None:
    """The warehouse works with parts kept to ten decimals, so its mean may be off by one in the tenth decimal."""
    table, gtmi = "reports.rpt_recomputation", "indicator_code = 'GTMI'"
    compare(release, table, gtmi_from_parts(), where=gtmi, near="recomputed_value difference")
    uneven = release.execute(f"select count(*) from {table} where {gtmi} and difference <> published_value - recomputed_value")
    assert uneven.fetchone() == (0,)


def in_group(figures: pd.DataFrame, group: dict[str, str], period: str) -> pd.DataFrame:
    """The rows of a period whose countries are in a group."""
    return figures[(figures["period_code"] == period) & figures["country_code"].isin(members(group, period))]


def test_group_members(release: Release) -> None:
    """A country of dim_countries is a member state of the UN or has a figure; an index has an edition of the UN or of the GTMI."""
    files = [path for path in RAW.glob("*/*.csv") if path.parent.name not in ("article", "codes")]
    printed_codes = (pd.read_csv(path, dtype=str, keep_default_na=False, usecols=["country_code"]) for path in files)
    held = set(countries().query("is_un_member == 'true'").index).union(*(frame["country_code"] for frame in printed_codes))
    worked_out = [
        {"group_code": group["group_code"], "country_code": country, "period_code": period}
        for group in groups()
        for period in {*editions(UN), *editions("wb_gtmi")}
        for country in members(group, period) & held
    ]
    codes = tuple(group["group_code"] for group in groups())
    compare(release, "marts.bridge_country_groups", worked_out, where=f"group_code in {codes}", ignore="source_cell_id")


def test_group_leaders(release: Release) -> None:
    def at(states: pd.DataFrame, wanted: int, label: str) -> dict[str, Any]:
        """The states that have a place, as columns of the report."""
        there = plain(states[states["place"] == wanted].sort_values("country_code"))
        return {
            f"{label}_code": there[0]["country_code"] if len(there) == 1 else None,
            f"{label}_name": ", ".join(name_of(each["country_code"]) for each in there) or None,
            f"{label}_egdi": there[0]["egdi"] if there else None,
        }

    worked_out = []
    for group in groups():
        for period in periods():
            states = in_group(survey().dropna(subset=["egdi"]), group, period)
            states = states.assign(place=place(states["egdi"], [states["period_code"]]))
            own = plain(states[states["country_code"] == "KAZ"])
            worked_out.append(
                {
                    "group_code": group["group_code"],
                    "group_name": group["name_en"],
                    "period_code": period,
                    "states_assessed": len(states),
                    **at(states, 1, "leader"),
                    **at(states, 2, "runner_up"),
                    "kazakhstan_place": own[0]["place"] if own else None,
                    "kazakhstan_egdi": own[0]["egdi"] if own else None,
                }
            )
    compare(release, "reports.rpt_group_leaders", worked_out)


def test_group_means(release: Release) -> None:
    figures = observations().query("source_code == @UN").dropna(subset=["value"])
    worked_out = []
    for group in groups():
        for period in periods():
            for indicator, states in in_group(figures, group, period).groupby("indicator_code"):
                own = plain(states[states["country_code"] == "KAZ"])
                worked_out.append(
                    {
                        "group_code": group["group_code"],
                        "group_name": group["name_en"],
                        "indicator_code": indicator,
                        "period_code": period,
                        "states_assessed": len(states),
                        "mean_value": mean(states["value"]),
                        "kazakhstan_value": own[0]["value"] if own else None,
                    }
                )
    compare(release, "reports.rpt_group_means", worked_out)


def test_country_profile(release: Release) -> None:
    profile = survey().copy()
    codes = countries().loc[profile["country_code"]].reset_index(drop=True)
    profile["country_name"], profile["region_name"] = codes["name_en"], codes["region_name"]
    for name in INDICES:
        profile[f"{name}_change"] = profile[name] - before(profile, name)
    profile["places_gained"] = before(profile, "rank") - profile["rank"]

    levels = [None if pd.isna(value) else level_of(int(value)) for value in profile["egdi"]]
    profile["level_code"] = [None if level is None else level["level_code"] for level in levels]
    profile["level_name"] = [None if level is None else level["name_en"] for level in levels]
    ratings = {(country, "2020"): rating for country, (_, rating) in printed_classes().items()}
    keys = zip(profile["country_code"], profile["period_code"], strict=True)
    profile["rating_class_code"] = [ratings.get(key) for key in keys]

    averages: dict[str, Callable[[pd.Series[Any]], int]] = {"mean": mean, "median": median}
    assessed = profile.dropna(subset=["egdi"])
    for label, average in averages.items():
        world = {period: average(part["egdi"]) for period, part in assessed.groupby("period_code")}
        profile[f"world_{label}"] = profile["period_code"].map(world)
        region = {key: average(part["egdi"]) for key, part in assessed.groupby(["period_code", "region_name"])}
        profile[f"region_{label}"] = [region[key] for key in zip(profile["period_code"], profile["region_name"], strict=True)]

    profile["rank_in_region"] = place(profile["egdi"], [profile["period_code"], profile["region_name"]])
    for column, inside in (
        ("rank_among_landlocked", codes["is_landlocked"] == "true"),
        ("rank_among_lldc", codes["is_lldc"] == "true"),
        ("rank_in_central_asia", codes["subregion_name"] == "Central Asia"),
    ):
        profile[column] = place(profile["egdi"].where(inside), [profile["period_code"]])
    compare(release, "reports.rpt_country_profile", plain(profile.merge(edition_columns(), on="period_code")))


def test_rank_history(release: Release) -> None:
    history = survey()[["country_code", "period_code", "rank", "egdi"]].copy()
    history["country_name"] = [name_of(country) for country in history["country_code"]]
    history["previous_rank"] = before(history, "rank")
    history["places_gained"] = history["previous_rank"] - history["rank"]
    history["egdi_change"] = history["egdi"] - before(history, "egdi")
    compare(release, "reports.rpt_rank_history", plain(history.merge(edition_columns(), on="period_code")))


def usage_figures() -> list[dict[str, Any]]:
    """The figures on the use of services that the article prints, in Table 3 and in its text."""
    names = {row["printed_name"]: row["service_code"] for row in records("article/service_names.csv")}
    figures = []
    for row in records("article/table_3.csv"):
        (service,) = {names[name] for name in re.findall(r'"([^"]+)"', row["service"])}
        for column in row.keys() - {"service"}:
            period = column.removeprefix("usage_").replace("_january", "-01")
            figure = {"service": service, "measure": "uses", "printed": period, "period": period}
            figures.append({**figure, "text": row[column], "at_least": False})
    table_3 = {str(figure["period"]) for figure in figures}
    for row in records("article/prose_usage_figures.csv"):
        stated = re.fullmatch(r"(January )?(\d{4})", row["printed_period"])
        printed_period = "XXXX-XX" if stated is None else f"{stated[2]}-01" if stated[1] else stated[2]
        # a year for which Table 3 has only one month is read as that month: rpt_discrepancies
        month = f"{printed_period}-01"
        period = month if month in table_3 and printed_period not in table_3 else printed_period
        figure = {"service": row["service_code"], "measure": row["measure_code"], "printed": printed_period, "period": period}
        figures.append({**figure, "text": row["printed_text"], "at_least": row["printed_qualifier"] == "more than"})
    return figures


def usage_note(printed_period: str, period: str, count: int | None) -> str:
    """What to keep in mind when a figure is compared."""
    if count is None:
        return "The source marks the figure as missing."
    if printed_period == "XXXX-XX":
        return "The month is not stated; at least this many."
    if printed_period != period:
        return f"Printed for {printed_period}, read as {period}: see rpt_discrepancies."
    if len(period) == len("2017"):
        return "A full year: per month it is the mean of twelve months, seasons levelled out."
    return "A single month: it carries its season."


def test_service_usage_comparable(release: Release) -> None:
    months = {row["grain"]: int(row["months"]) for row in records("codes/period_grains.csv")}
    names = {row["service_code"]: row["name_en"] for row in records("codes/services.csv")}
    worked_out = []
    for figure in usage_figures():
        period = figure["period"]
        grain = "year" if len(period) == len("2017") else "month"
        digits = re.sub(r"\D", "", figure["text"])
        count = int(digits) if digits else None
        worked_out.append(
            {
                "service_usage_id": f"{figure['service']}.{figure['printed']}.{figure['measure']}",
                "comparison_key": f"KAZ.{figure['service']}.{figure['measure']}.all_channels.{ARTICLE}",
                "country_code": "KAZ",
                "channel_code": None,
                "agency_code": None,
                "service_code": figure["service"],
                "service_name": names[figure["service"]],
                "period_code": period,
                "grain": grain,
                "measure_code": figure["measure"],
                "usage_count": count,
                "value_qualifier": None if count is None else "at_least" if figure["at_least"] else "exact",
                "usage_per_month": None if count is None else half_up(Fraction(count * 10, months[grain])) * ONE // 10,
                "comparability_note": usage_note(figure["printed"], period, count),
                "source_code": ARTICLE,
            }
        )
    compare(release, "reports.rpt_service_usage_comparable", worked_out, where=f"source_code = '{ARTICLE}'")
