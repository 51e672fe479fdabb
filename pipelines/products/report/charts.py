"""Charts of the report: rows in, an SVG out, in a language and for a width.

An SVG names no colour of its own: each is a CSS variable of the page, so that one picture serves light, dark and print. A mark
carries words of its own (aria-label), which the page shows when it is pointed at.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from datetime import date
from typing import Any

import altair as alt
import vl_convert
from babel.dates import format_date
from babel.numbers import format_decimal

Rows = list[dict[str, Any]]

WIDE, NARROW = 700, 330  # pixels of the plot with its labels: a page column, and a phone held upright
# What is drawn in this order, and what it is called.
GROUPS = {
    "world": "World",
    "landlocked": "Landlocked states",
    "lldc": "Landlocked developing countries",
    "central_asia": "Central Asia",
}
PARTS = ("OSI", "TII", "HCI")
VERDICTS = {
    "supported": "Supported",
    "supported_with_qualification": "Supported in a narrower wording",
    "contradicted": "Contradicted",
    "not_checkable": "Cannot be checked",
}
STATUSES = {"L": "Not assessed", "M": "Did not exist as a state, or was no member", "O": "No reason given"}
STATUS_COLOURS = {"L": "accent", "M": "missing", "O": "ink"}
ARTICLE = "sabdenov_abdrakhmanova"
INTERNET_SOURCES = ("wb_wdi", "itu_datahub", ARTICLE)
# A colour that no one would choose stands for each variable until the SVG is drawn.
COLOURS = {
    name: f"#0101{number:02x}"
    for number, name in enumerate(["kazakhstan", *GROUPS, *VERDICTS, "ink", "soft", "line", "accent", "missing"], 16)
}
LABEL = alt.Description("label:N")
FIRST_MONTH = date(2016, 1, 1)  # where the time axis of the services starts: the first year with a figure


@dataclass(frozen=True)
class Style:
    """How a chart is to be drawn: for which language, and how wide in pixels."""

    language: str
    width: int

    @property
    def is_narrow(self) -> bool:
        return self.width == NARROW

    def number(self, value: Any, decimals: int = 0) -> str:
        """A number as the language writes it; a dash for null."""
        if value is None:
            return "–"
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        return format_decimal(value, format=pattern, locale=self.language)

    def day(self, value: Any) -> str:
        """A date as the language writes it; a dash for null."""
        return format_date(value, format="long", locale=self.language) if value else "–"


class Datasets(dict[str, Rows]):
    """The rows of a chart by name: Altair copies what stands in a chart many times over, a name it copies in no time."""

    def add(self, rows: Rows) -> alt.NamedData:
        """Take rows in, and give the name that stands for them."""
        name = f"rows_{len(self)}"
        self[name] = rows
        return alt.NamedData(name=name)


def rank(rows: Rows, style: Style) -> str:
    """Rank by edition, the best at the top. Rows: period_code, rank, states_assessed."""
    datasets = Datasets()
    data = [
        {
            "year": int(row["period_code"]),
            "rank": row["rank"],
            "label": f"{row['period_code']}: {row['rank']} / {row['states_assessed']}",
        }
        for row in rows
    ]
    lowest = max(row["rank"] for row in rows)
    base = alt.Chart(datasets.add(data)).encode(
        x=_editions(data, style),
        y=alt.Y(
            "rank:Q",
            title=None,
            scale=alt.Scale(reverse=True, domain=[0, lowest + 7]),
            axis=alt.Axis(values=[1, *range(20, lowest, 20)]),
        ),
    )
    line = base.mark_line(strokeWidth=3, color=COLOURS["kazakhstan"])
    points = base.mark_circle(aria=True, size=90, color=COLOURS["kazakhstan"], opacity=1).encode(description=LABEL)
    labels = base.mark_text(dy=-14, fontSize=13, fontWeight=600, color=COLOURS["ink"]).encode(text="rank:Q")
    return _svg((line + points + labels).properties(width=style.width - 40, height=300), style, datasets)


def value(rows: Rows, style: Style) -> str:
    """EGDI of Kazakhstan and the means of the groups. Rows: series, name, period_code, value."""
    datasets = Datasets()
    return _svg(_lines(rows, style, datasets, height=330), style, datasets)


def parts(rows: Rows, style: Style, names: dict[str, str]) -> str:
    """The parts of the EGDI, a panel each. Rows: indicator_code, series, name, period_code, value."""
    datasets = Datasets()
    panels = [
        row | {"panel": "\n".join(textwrap.wrap(names[part], 26))}
        for part in PARTS
        for row in rows
        if row["indicator_code"] == part
    ]
    chart = _lines(panels, style, datasets, height=190, share=1 if style.is_narrow else 3)
    return _svg(_facet(chart, panels, columns=1 if style.is_narrow else 3, spacing=30), style, datasets)


def standing(rows: Rows, style: Style) -> str:
    """Every state a mark along the EGDI of one edition, a line per group. Rows: group, country, value, is_kazakhstan."""
    datasets = Datasets()
    data = [
        {
            "group": row["group"],
            "is_kazakhstan": row["is_kazakhstan"],
            "value": float(row["value"]),
            "label": f"{row['country']}: {style.number(row['value'], 4)}",
        }
        for row in rows
    ]
    base = alt.Chart(datasets.add(data)).encode(
        x=alt.X(
            "value:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], format=".2f")
        ),
        y=_lines_of(data, "group"),
    )
    states = (
        base.transform_filter("!datum.is_kazakhstan")
        .mark_tick(aria=True, thickness=2, size=20, color=COLOURS["soft"], opacity=0.55)
        .encode(description=LABEL)
    )
    kazakhstan = base.transform_filter("datum.is_kazakhstan")
    dot = kazakhstan.mark_circle(aria=True, size=150, color=COLOURS["kazakhstan"], opacity=1).encode(description=LABEL)
    names, height = _name_above(kazakhstan, data, "group", style)
    return _svg((states + dot + names).properties(width=style.width - 40, height=alt.Step(40 + height)), style, datasets)


def services_by_year(rows: Rows, style: Style) -> str:
    """Use in each full year, a panel per year. Rows: period_code, service, measure, count."""
    datasets = Datasets()
    data = [
        {
            "panel": row["period_code"],
            "service": row["service"],
            "count": row["count"],
            "text": style.number(row["count"]),
            "label": f"{row['service']}, {row['period_code']}: {style.number(row['count'])} ({row['measure']})",
        }
        for row in sorted(rows, key=lambda row: (row["period_code"], -row["count"]))
    ]
    most = max(row["count"] for row in rows)
    base = alt.Chart(datasets.add(data)).encode(
        # room at the right for the number of the longest bar
        x=alt.X(
            "count:Q", title=None, axis=None, scale=alt.Scale(domain=[0, most * (1.4 if style.is_narrow else 1.16)], nice=False)
        ),
        y=_lines_of(data, "service"),
    )
    bars = base.mark_bar(aria=True, color=COLOURS["accent"], height=16).encode(description=LABEL)
    labels = base.mark_text(align="left", dx=6, color=COLOURS["ink"], fontSize=13, fontWeight=600).encode(text="text:N")
    names, height = _name_above(base, data, "service", style)
    chart = (bars + labels + names).properties(width=style.width - 40, height=alt.Step(31 + height))
    return _svg(_facet(chart, data, columns=1, spacing=14).resolve_scale(y="independent"), style, datasets)


def services_by_month(rows: Rows, events: Rows, style: Style) -> str:
    """Use per month, a panel per service: a bar over a year is its monthly mean, a point a month, a dashed line an event.

    Rows: service, start_date, end_date, grain (year, month), per_month, label. Events: service, start_date, number, title.
    """
    datasets = Datasets()
    characters = 26 if style.is_narrow else 32
    data = [
        {
            "panel": "\n".join(textwrap.wrap(row["service"], characters)),
            "kind": row["grain"],
            "from": row["start_date"].isoformat(),
            "to": row["end_date"].isoformat(),
            "value": float(row["per_month"]),
            "label": row["label"],
        }
        for row in rows
    ] + [
        {
            "panel": "\n".join(textwrap.wrap(service, characters)),
            "kind": "event",
            "from": start.isoformat(),
            "to": (end or start).isoformat(),
            "row": row % 2,
            "number": ", ".join(str(event["number"]) for event in together),
            "label": "; ".join(f"{event['number']}. {event['title']}" for event in together),
        }
        for row, ((service, start, end), together) in enumerate(_grouped(events, "service", "start_date", "end_date").items())
        if start >= FIRST_MONTH
    ]
    when = alt.X(
        "from:T",
        title=None,
        scale=alt.Scale(domain=[FIRST_MONTH.isoformat(), _months_after(rows, 6)], type="utc"),
        axis=alt.Axis(format="%Y", tickCount={"interval": "year", "step": 1}, labelFlush=False, grid=False),
    )
    base = alt.Chart(datasets.add(data))
    per_month = base.encode(y=alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=3, format=",d")))
    years = (
        per_month.transform_filter("datum.kind == 'year'")
        .mark_rule(aria=True, strokeWidth=5, color=COLOURS["accent"], opacity=0.55)
        .encode(x=when, x2="to:T", description=LABEL)
    )
    months = (
        per_month.transform_filter("datum.kind == 'month'")
        .mark_circle(aria=True, size=110, color=COLOURS["accent"], opacity=1)
        .encode(x=when, description=LABEL)
    )
    dated = base.transform_filter("datum.kind == 'event'").encode(x=when)
    lines = dated.mark_rule(aria=True, strokeDash=[4, 3], color=COLOURS["soft"]).encode(description=LABEL)
    spans = (
        dated.transform_filter("datum.to > datum.from")
        .mark_rect(aria=True, color=COLOURS["soft"], opacity=0.15, clip=True)
        .encode(x2="to:T", description=LABEL)
    )
    # in two rows, so that the numbers of neighbours do not meet
    numbers = [
        dated.transform_filter(f"datum.row == {row}")
        .mark_text(align="left", dx=4, fontWeight=600, color=COLOURS["ink"])
        .encode(y=alt.value(6 + 16 * row), text="number:N")
        for row in (0, 1)
    ]
    chart = alt.layer(spans, lines, years, months, *numbers).properties(
        width=style.width - 85 if style.is_narrow else 265, height=120
    )
    faceted = _facet(chart, data, columns=1 if style.is_narrow else 2, spacing=26)
    return _svg(faceted.resolve_scale(y="independent"), style, datasets)


def events(rows: Rows, style: Style) -> str:
    """Events on a line of time, each with its words over its span. Rows: number, title, start_date, end_date (null: open)."""
    datasets = Datasets()
    wrapped = [textwrap.wrap(f"{row['number']}. {row['title']}", 38 if style.is_narrow else 78) for row in rows]
    data, depth = [], 0.0
    first = f"{min(row['start_date'] for row in rows).year - 1}-06-01"
    for row, lines in zip(rows, wrapped, strict=True):
        depth += 16 * len(lines) + 18
        data.append(
            {
                "depth": depth,
                "lines": lines,
                "from": row["start_date"].isoformat(),
                "to": (row["end_date"] or row["start_date"]).isoformat(),
                "left": first,
                "top": depth - 16 * len(lines) - 2,
                "label": f"{row['title']}: {style.day(row['start_date'])}",
            }
        )
    base = alt.Chart(datasets.add(data)).encode(
        y=alt.Y("depth:Q", axis=None, scale=alt.Scale(domain=[0, depth + 10], reverse=True, nice=False))
    )
    when = alt.X(
        "from:T",
        title=None,
        scale=alt.Scale(domain=[first, _months_after(rows, 9)], type="utc"),
        axis=alt.Axis(format="%Y", tickCount={"interval": "year", "step": 5 if style.is_narrow else 2}, orient="top"),
    )
    spans = base.mark_rule(aria=True, strokeWidth=5, color=COLOURS["accent"], opacity=0.6).encode(
        x=when, x2="to:T", description=LABEL
    )
    points = base.mark_circle(aria=True, size=70, color=COLOURS["accent"], opacity=1).encode(x=when, description=LABEL)
    words = base.mark_text(align="left", baseline="top", fontSize=13, lineHeight=16, color=COLOURS["ink"]).encode(
        x=alt.X("left:T"), y=alt.Y("top:Q"), text="lines:N"
    )
    return _svg((spans + points + words).properties(width=style.width - 40, height=depth + 10), style, datasets)


def verdicts(rows: Rows, style: Style) -> str:
    """How many claims got which verdict. Rows: verdict, name, claims."""
    datasets = Datasets()
    data = [{**row, "label": f"{row['name']}: {row['claims']}"} for row in rows]
    base = alt.Chart(datasets.add(data)).encode(
        x=alt.X(
            "claims:Q", title=None, axis=None, scale=alt.Scale(domain=[0, max(row["claims"] for row in rows) * 1.1], nice=False)
        ),
        y=_lines_of(data, "name"),
    )
    bars = base.mark_bar(aria=True, height=22).encode(
        description=LABEL,
        color=alt.Color(
            "verdict:N", legend=None, scale=alt.Scale(domain=list(VERDICTS), range=[COLOURS[code] for code in VERDICTS])
        ),
    )
    labels = base.mark_text(align="left", dx=7, fontSize=15, fontWeight=600, color=COLOURS["ink"]).encode(text="claims:Q")
    names, height = _name_above(base, data, "name", style)
    chart = (bars + labels + names).properties(width=style.width - 40, height=alt.Step(36 + height))
    return _svg(chart, style, datasets)


def internet(rows: Rows, style: Style) -> str:
    """Internet users as each source gives them. Rows: source_code, period_code, value."""
    datasets = Datasets()
    data = [
        {
            "source": row["source_code"],
            "year": int(row["period_code"]),
            "value": float(row["value"]),
            "label": f"{row['source_code']}, {row['period_code']}: {style.number(row['value'], 1)}%",
        }
        for row in rows
    ]
    years = [row["year"] for row in data]
    base = alt.Chart(datasets.add(data)).encode(
        x=alt.X(
            "year:Q",
            title=None,
            scale=alt.Scale(domain=[min(years) - 1, max(years) + 1]),
            axis=alt.Axis(format="d", tickCount=6, grid=False),
        ),
        y=alt.Y("value:Q", title=None, scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(tickCount=5)),
    )
    wdi, itu, article = (base.transform_filter(f"datum.source == '{code}'") for code in INTERNET_SOURCES)
    line = wdi.mark_line(strokeWidth=3, color=COLOURS["accent"], opacity=0.8)
    dots = itu.mark_circle(aria=True, size=38, color=COLOURS["ink"], opacity=0.9).encode(description=LABEL)
    printed = article.mark_point(
        aria=True, size=130, shape="diamond", filled=True, color=COLOURS["contradicted"], opacity=1
    ).encode(description=LABEL)
    words = article.mark_text(align="right", dx=-10, dy=-8, fontWeight=600, color=COLOURS["ink"]).encode(
        text=alt.Text("value:Q", format=".1f")
    )
    return _svg((line + dots + printed + words).properties(width=style.width - 40, height=300), style, datasets)


def missing(rows: Rows, style: Style) -> str:
    """States without an EGDI, by edition and reason. Rows: period_code, status, name, states."""
    datasets = Datasets()
    data = [{**row, "label": f"{row['period_code']}, {row['name']}: {row['states']}"} for row in rows]
    base = alt.Chart(datasets.add(data)).encode(
        x=alt.X("period_code:O", title=None, axis=alt.Axis(labelAngle=-45 if style.is_narrow else 0)),
        y=alt.Y("states:Q", title=None, axis=alt.Axis(tickCount=4, tickMinStep=5)),
    )
    bars = base.mark_bar(aria=True).encode(
        description=LABEL,
        order=alt.Order("status:N"),
        color=alt.Color(
            "status:N",
            legend=None,
            scale=alt.Scale(domain=list(STATUS_COLOURS), range=[COLOURS[name] for name in STATUS_COLOURS.values()]),
        ),
    )
    return _svg(bars.properties(width=style.width - 40, height=200), style, datasets)


def _lines(rows: Rows, style: Style, datasets: Datasets, *, height: int, share: int = 1) -> Any:
    """A line per series, Kazakhstan in front; `share` panels stand side by side."""
    data = [
        {
            "series": row["series"],
            "name": row["name"],
            "year": int(row["period_code"]),
            "value": float(row["value"]),
            "label": f"{row['name']}, {row['period_code']}: {style.number(row['value'], 4)}",
            "panel": row.get("panel"),
        }
        for row in rows
    ]
    series = ["kazakhstan", *GROUPS]
    width = (style.width - 140) // share if share > 1 else style.width - 40
    base = alt.Chart(datasets.add(data)).encode(
        x=_editions(data, style, few=share > 1 or style.is_narrow),
        y=alt.Y(
            "value:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], format=".2f")
        ),
        color=alt.Color("series:N", legend=None, scale=alt.Scale(domain=series, range=[COLOURS[code] for code in series])),
    )
    groups = base.transform_filter("datum.series != 'kazakhstan'").mark_line(strokeWidth=2)
    kazakhstan = base.transform_filter("datum.series == 'kazakhstan'").mark_line(strokeWidth=4)
    points = base.mark_circle(aria=True, size=30 if share > 1 else 44, opacity=1).encode(description=LABEL)
    return alt.layer(groups, kazakhstan, points).properties(width=width, height=height)


def _months_after(rows: Rows, months: int) -> str:
    """A day so many months after the start of the latest row, where a time axis may end."""
    latest = max(row["start_date"] for row in rows)
    months += latest.month - 1
    return f"{latest.year + months // 12}-{months % 12 + 1:02}-01"


def _grouped(rows: Rows, *keys: str) -> dict[tuple[Any, ...], Rows]:
    """The rows that agree in the keys, together."""
    groups: dict[tuple[Any, ...], Rows] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    return groups


def _facet(chart: Any, data: Rows, *, columns: int, spacing: int) -> Any:
    """A panel per value of the field `panel`, in the order of the rows, its name above it at the left."""
    header = alt.Header(
        title=None, labelAnchor="start", labelFontSize=14, labelFontWeight=600, labelColor=COLOURS["ink"], labelLimit=0,
        labelExpr="split(datum.label, '\\n')",
    )  # fmt: skip
    order = list(dict.fromkeys(row["panel"] for row in data))
    return chart.facet(alt.Facet("panel:N", header=header, sort=order), columns=columns, spacing=spacing)


def _editions(data: Rows, style: Style, *, few: bool = False) -> alt.X:
    years = sorted({row["year"] for row in data})
    shown = sorted({years[0], 2010, 2016, years[-1]} & set(years)) if few or style.is_narrow else years[:1] + years[2:]
    return alt.X(
        "year:Q",
        title=None,
        scale=alt.Scale(domain=[years[0] - 0.5, years[-1] + 0.5], nice=False),
        axis=alt.Axis(values=shown, format="d", grid=False, labelFlush=True),
    )


def _lines_of(data: Rows, field: str) -> alt.Y:
    """A line per value of a field, in the order of the rows, with no axis: _name_above says what it is."""
    return alt.Y(f"{field}:N", title=None, axis=None, sort=list(dict.fromkeys(row[field] for row in data)))


def _name_above(base: alt.Chart, data: Rows, field: str, style: Style) -> tuple[Any, int]:
    """The name of each line above it, from the left edge, in as many rows as the width asks for; and the pixels they need.

    Puts the rows of the names into `data`, those with fewer rows filled up from above.
    """
    rows = {name: textwrap.wrap(name, 36 if style.is_narrow else 80) for name in {row[field] for row in data}}
    most = max(map(len, rows.values()))
    for row in data:
        row["name_rows"] = [""] * (most - len(rows[row[field]])) + rows[row[field]]
    height = 15 * most
    names = base.mark_text(
        align="left", baseline="top", dy=-12 - height, fontSize=13, lineHeight=15, color=COLOURS["ink"]
    ).encode(x=alt.value(0), text="name_rows:N")
    return names, height


def _svg(chart: Any, style: Style, datasets: Datasets) -> str:
    """Draw a chart, and let the page's variables stand where its colours stood."""
    chart = chart.configure(
        background="transparent",
        padding={"left": 5, "right": 22, "top": 5, "bottom": 5},
        font="sans-serif",
        view=alt.ViewConfig(stroke=None),
        mark=alt.MarkConfig(aria=False),  # a mark has words only where it is given a label
        title=alt.TitleConfig(anchor="start", fontSize=14, fontWeight=600, color=COLOURS["ink"], offset=10),
        axis=alt.AxisConfig(
            labelColor=COLOURS["soft"], labelFontSize=12, gridColor=COLOURS["line"], domainColor=COLOURS["line"],
            tickColor=COLOURS["line"], aria=False, ticks=False, labelPadding=6, domain=False,
        ),
    )  # fmt: skip
    locale = {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["", ""]}
    if style.language != "en":
        locale |= {"decimal": ",", "thousands": "\u00a0"}
    specification = chart.to_dict(validate=False)
    specification["datasets"] = datasets
    svg = vl_convert.vegalite_to_svg(specification, format_locale=locale)
    for name, colour in COLOURS.items():
        svg = svg.replace(colour, f"var(--{name.replace('_', '-')})")
    width, height = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg).groups()  # type: ignore[union-attr]
    return re.sub(
        r"<svg [^>]*>",
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" aria-hidden="true">',
        svg,
        count=1,
    )
