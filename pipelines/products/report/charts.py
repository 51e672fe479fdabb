"""Charts of the report: each function takes rows and returns an SVG in one language and width.

Every colour in an SVG is a CSS variable of the page, so that the same picture works in light mode, in dark mode and in print. A
mark has a label (aria-label), which the page shows when the pointer is over the mark.

The specification of a chart holds no texts, only a number in place of each. Languages whose texts wrap into the same number of
rows can therefore share one drawing, into which each puts its own texts.
"""

from __future__ import annotations

import hashlib
import json
import re
import textwrap
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

import vl_convert
from babel.dates import format_date
from babel.numbers import format_decimal

Rows = list[dict[str, Any]]
Spec = dict[str, Any]

WIDE, NARROW = 700, 330  # the width of a chart with its labels, in pixels: for a page column and for a phone held upright
GROUPS = ("world", "landlocked", "lldc", "central_asia")  # the groups that the report shows, in this order
PARTS = ("OSI", "TII", "HCI")
VERDICTS = {
    "supported": "Supported",
    "supported_with_qualification": "Supported in a narrower wording",
    "contradicted": "Contradicted",
    "not_checkable": "Cannot be checked",
}
STATUSES = {"L": "Not assessed", "M": "Did not exist as a state, or was not a member", "O": "No reason given"}
STATUS_COLOURS = {"L": "accent", "M": "missing", "O": "ink"}
ARTICLE = "sabdenov_abdrakhmanova"
INTERNET_SOURCES = ("wb_wdi", "itu_datahub", ARTICLE)
# An unlikely colour serves as a placeholder for each CSS variable until the SVG is drawn.
COLOURS = {
    name: f"#0101{number:02x}"
    for number, name in enumerate(["kazakhstan", *GROUPS, *VERDICTS, "ink", "soft", "line", "accent", "missing"], 16)
}
LABEL = {"field": "label", "type": "nominal"}
FIRST_MONTH = date(2016, 1, 1)  # the start of the time axis of the services: the first year with a figure
# "aria" is false by default, so that only marks with a label get an aria-label.
CONFIG: Spec = {
    "background": "transparent",
    "padding": {"left": 5, "right": 22, "top": 5, "bottom": 5},
    "font": "sans-serif",
    "view": {"stroke": None},
    "mark": {"aria": False},
    "axis": {
        "labelColor": COLOURS["soft"], "labelFontSize": 12, "gridColor": COLOURS["line"], "domainColor": COLOURS["line"],
        "tickColor": COLOURS["line"], "aria": False, "ticks": False, "labelPadding": 6, "domain": False,
    },
}  # fmt: skip


@dataclass(frozen=True)
class Style:
    """How to draw a chart: the language, and the width in pixels."""

    language: str
    width: int

    @property
    def is_narrow(self) -> bool:
        return self.width == NARROW

    def number(self, value: Any, decimals: int = 0) -> str:
        """A number in the format of the language; a dash for null."""
        return "–" if value is None else _number(value, decimals, self.language)

    def day(self, value: Any) -> str:
        """A date in the format of the language; a dash for null."""
        return format_date(value, format="long", locale=self.language) if value else "–"


@cache  # a figure appears in a table and in a chart of each width
def _number(value: Any, decimals: int, language: str) -> str:
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return format_decimal(value, format=pattern, locale=language)


def warm_up() -> None:
    """Draw an empty chart: the first chart starts a JavaScript engine and compiles Vega, which takes longer than the others."""
    vl_convert.vegalite_to_svg({"mark": "point", "data": {"values": []}})


class Words(dict[str, str]):
    """The texts of one chart, each with its placeholder in the specification: its number in braces."""

    def take(self, text: str) -> str:
        """Add a text, and return its placeholder."""
        return self.setdefault(text, f"{{{len(self)}}}")

    def wrap(self, text: str, characters: int) -> list[str]:
        """Wrap a text into rows of at most this many characters, add each row, and return the placeholders."""
        return [self.take(row) for row in textwrap.wrap(text, characters)]


def rank(rows: Rows, style: Style) -> str:
    """Rank by edition, with the best at the top. Rows: period_code, rank, states_assessed."""
    words = Words()
    data = [
        {
            "year": int(row["period_code"]),
            "rank": row["rank"],
            "label": words.take(f"{row['period_code']}: {row['rank']} / {row['states_assessed']}"),
        }
        for row in rows
    ]
    lowest = max(row["rank"] for row in rows)
    chart = {
        "width": style.width - 40,
        "height": 300,
        "encoding": {
            "x": _editions(data, style),
            "y": _quantity(
                "rank",
                scale={"reverse": True, "domain": [0, lowest + 7]},
                axis={"values": [1, *range(20, lowest, 20)]},
            ),
        },
        "layer": [
            _mark("line", strokeWidth=3, color=COLOURS["kazakhstan"]),
            _mark("circle", LABEL, size=90, color=COLOURS["kazakhstan"], opacity=1),
            _mark("text", dy=-14, fontSize=13, fontWeight=600, color=COLOURS["ink"], text=_quantity("rank")),
        ],
    }
    return _svg(chart, data, words, style)


def value(rows: Rows, style: Style) -> str:
    """EGDI of Kazakhstan and the means of the groups. Rows: series, name, period_code, value."""
    words = Words()
    data = _series(rows, style, words)
    return _svg(_lines(data, style, height=330), data, words, style)


def parts(rows: Rows, style: Style, names: dict[str, str]) -> str:
    """The parts of the EGDI, one panel per part. Rows: indicator_code, series, name, period_code, value."""
    words = Words()
    panels = {part: "\n".join(words.wrap(names[part], 26 if style.is_narrow else 22)) for part in PARTS}
    data = [
        row
        for part in PARTS
        for row in _series([row for row in rows if row["indicator_code"] == part], style, words, panel=panels[part])
    ]
    chart = _lines(data, style, height=190, share=1 if style.is_narrow else 3)
    return _svg(_facet(chart, data, columns=1 if style.is_narrow else 3, spacing=30), data, words, style)


def standing(rows: Rows, style: Style) -> str:
    """Every state as a mark at its EGDI in one edition, one line per group. Rows: group, country, value, is_kazakhstan."""
    words = Words()
    names = _names([row["group"] for row in rows], words, style)
    data = [
        {
            "group": words.take(row["group"]),
            "is_kazakhstan": row["is_kazakhstan"],
            "value": float(row["value"]),
            "label": words.take(f"{row['country']}: {style.number(row['value'], 4)}"),
            "name_rows": names.rows[row["group"]],
        }
        for row in rows
    ]
    chart = {
        "width": style.width - 40,
        "height": {"step": 40 + names.height},
        "encoding": {
            "x": _quantity("value", scale={"domain": [0, 1]}, axis={"values": [0, 0.25, 0.5, 0.75, 1], "format": ".2f"}),
            "y": _lines_of(data, "group"),
        },
        "layer": [
            _mark("tick", LABEL, "!datum.is_kazakhstan", thickness=2, size=20, color=COLOURS["soft"], opacity=0.55),
            _mark("circle", LABEL, "datum.is_kazakhstan", size=150, color=COLOURS["kazakhstan"], opacity=1),
            names.mark("datum.is_kazakhstan"),
        ],
    }
    return _svg(chart, data, words, style)


def services_by_year(rows: Rows, style: Style) -> str:
    """Use in each full year, one panel per year. Rows: period_code, service, measure, count."""
    words = Words()
    names = _names([row["service"] for row in rows], words, style)
    data = [
        {
            "panel": row["period_code"],
            "service": words.take(row["service"]),
            "count": row["count"],
            "text": words.take(style.number(row["count"])),
            "label": words.take(f"{row['service']}, {row['period_code']}: {style.number(row['count'])} ({row['measure']})"),
            "name_rows": names.rows[row["service"]],
        }
        for row in sorted(rows, key=lambda row: (row["period_code"], -row["count"]))
    ]
    # leave room on the right for the number of the longest bar
    most = max(row["count"] for row in rows) * (1.4 if style.is_narrow else 1.16)
    chart = {
        "width": style.width - 40,
        "height": {"step": 31 + names.height},
        "encoding": {
            "x": _quantity("count", axis=None, scale={"domain": [0, most], "nice": False}),
            "y": _lines_of(data, "service"),
        },
        "layer": [
            _mark("bar", LABEL, color=COLOURS["accent"], height=16),
            _mark("text", align="left", dx=6, color=COLOURS["ink"], fontSize=13, fontWeight=600, text=_category("text")),
            names.mark(),
        ],
    }
    return _svg(_facet(chart, data, columns=1, spacing=14, each_its_own="y"), data, words, style)


def services_by_month(rows: Rows, events: Rows, style: Style) -> str:
    """Use per month, one panel per service: a bar is the monthly mean of a year, a point is a month, a dashed line an event.

    Rows: service, start_date, end_date, grain (year, month), per_month, label. Events: service, start_date, number, title.
    """
    words = Words()
    characters = 26 if style.is_narrow else 32
    data = [
        {
            "panel": "\n".join(words.wrap(row["service"], characters)),
            "kind": row["grain"],
            "from": row["start_date"].isoformat(),
            "to": row["end_date"].isoformat(),
            "value": float(row["per_month"]),
            "label": words.take(row["label"]),
        }
        for row in rows
    ] + [
        {
            "panel": "\n".join(words.wrap(service, characters)),
            "kind": "event",
            "from": start.isoformat(),
            "to": (end or start).isoformat(),
            "top": 6 + 16 * (row % 2),  # in two rows, so that the numbers of neighbouring events do not overlap
            "number": ", ".join(str(event["number"]) for event in together),
            "label": words.take("; ".join(f"{event['number']}. {event['title']}" for event in together)),
        }
        for row, ((service, start, end), together) in enumerate(_grouped(events, "service", "start_date", "end_date").items())
        if start >= FIRST_MONTH
    ]
    when = _time(
        "from",
        scale={"domain": [FIRST_MONTH.isoformat(), _months_after(rows, 6)], "type": "utc"},
        axis={"format": "%Y", "tickCount": {"interval": "year", "step": 1}, "labelFlush": False, "grid": False},
    )
    per_month = {"x": when, "y": _quantity("value", axis={"tickCount": 3, "format": ",d"})}
    until = {"field": "to"}
    spans = _mark(
        "rect",
        LABEL,
        "datum.kind == 'event' && datum.to > datum.from",
        x=when,
        x2=until,
        color=COLOURS["soft"],
        opacity=0.15,
        clip=True,
    )
    lines = _mark("rule", LABEL, "datum.kind == 'event'", x=when, strokeDash=[4, 3], color=COLOURS["soft"])
    years = _mark(
        "rule", LABEL, "datum.kind == 'year'", **per_month, x2=until, strokeWidth=5, color=COLOURS["accent"], opacity=0.55
    )
    months = _mark("circle", LABEL, "datum.kind == 'month'", **per_month, size=110, color=COLOURS["accent"], opacity=1)
    numbers = _mark(
        "text", None, "datum.kind == 'event'", x=when, y=_quantity("top", scale=None), text=_category("number"),
        align="left", dx=4, fontWeight=600, color=COLOURS["ink"],
    )  # fmt: skip
    chart = {
        "width": style.width - 85 if style.is_narrow else 265,
        "height": 120,
        "layer": [spans, lines, years, months, numbers],
    }
    faceted = _facet(chart, data, columns=1 if style.is_narrow else 2, spacing=26, each_its_own="y")
    return _svg(faceted, data, words, style)


def events(rows: Rows, style: Style) -> str:
    """Events on a timeline, each with its title above its span. Rows: number, title, start_date, end_date (null: open)."""
    words = Words()
    wrapped = [words.wrap(f"{row['number']}. {row['title']}", 38 if style.is_narrow else 78) for row in rows]
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
                "label": words.take(f"{row['title']}: {style.day(row['start_date'])}"),
            }
        )
    when = _time(
        "from",
        scale={"domain": [first, _months_after(rows, 9)], "type": "utc"},
        axis={"format": "%Y", "tickCount": {"interval": "year", "step": 5 if style.is_narrow else 2}, "orient": "top"},
    )
    at = _quantity("depth", axis=None, scale={"domain": [0, depth + 10], "reverse": True, "nice": False})
    chart = {
        "width": style.width - 40,
        "height": depth + 10,
        "layer": [
            _mark("rule", LABEL, x=when, x2={"field": "to"}, y=at, strokeWidth=5, color=COLOURS["accent"], opacity=0.6),
            _mark("circle", LABEL, x=when, y=at, size=70, color=COLOURS["accent"], opacity=1),
            _mark(
                "text", x=_time("left"), y=_quantity("top"), text=_category("lines"),
                align="left", baseline="top", fontSize=13, lineHeight=16, color=COLOURS["ink"],
            ),
        ],
    }  # fmt: skip
    return _svg(chart, data, words, style)


def verdicts(rows: Rows, style: Style) -> str:
    """The number of claims with each verdict. Rows: verdict, name, claims."""
    words = Words()
    names = _names([row["name"] for row in rows], words, style)
    data = [
        {
            "verdict": row["verdict"],
            "name": words.take(row["name"]),
            "claims": row["claims"],
            "label": words.take(f"{row['name']}: {row['claims']}"),
            "name_rows": names.rows[row["name"]],
        }
        for row in rows
    ]
    most = max(row["claims"] for row in rows) * 1.1
    chart = {
        "width": style.width - 40,
        "height": {"step": 36 + names.height},
        "encoding": {
            "x": _quantity("claims", axis=None, scale={"domain": [0, most], "nice": False}),
            "y": _lines_of(data, "name"),
        },
        "layer": [
            _mark("bar", LABEL, height=22, color=_coloured("verdict", {code: code for code in VERDICTS})),
            _mark("text", align="left", dx=7, fontSize=15, fontWeight=600, color=COLOURS["ink"], text=_quantity("claims")),
            names.mark(),
        ],
    }
    return _svg(chart, data, words, style)


def internet(rows: Rows, style: Style) -> str:
    """Internet users according to each source. Rows: source_code, period_code, value."""
    words = Words()
    data = [
        {
            "source": row["source_code"],
            "year": int(row["period_code"]),
            "value": float(row["value"]),
            "label": words.take(f"{row['source_code']}, {row['period_code']}: {style.number(row['value'], 1)}%"),
        }
        for row in rows
    ]
    years = [row["year"] for row in data]
    wdi, itu, article = (f"datum.source == '{code}'" for code in INTERNET_SOURCES)
    chart = {
        "width": style.width - 40,
        "height": 300,
        "encoding": {
            "x": _quantity(
                "year",
                scale={"domain": [min(years) - 1, max(years) + 1]},
                axis={"format": "d", "tickCount": 6, "grid": False},
            ),
            "y": _quantity("value", scale={"domain": [0, 100]}, axis={"tickCount": 5}),
        },
        "layer": [
            _mark("line", None, wdi, strokeWidth=3, color=COLOURS["accent"], opacity=0.8),
            _mark("circle", LABEL, itu, size=38, color=COLOURS["ink"], opacity=0.9),
            _mark("point", LABEL, article, size=130, shape="diamond", filled=True, color=COLOURS["contradicted"], opacity=1),
            _mark(
                "text", None, article, align="right", dx=-10, dy=-8, fontWeight=600, color=COLOURS["ink"],
                text=_quantity("value", format=".1f"),
            ),
        ],
    }  # fmt: skip
    return _svg(chart, data, words, style)


def missing(rows: Rows, style: Style) -> str:
    """States without an EGDI, by edition and reason. Rows: period_code, status, name, states."""
    words = Words()
    data = [
        {
            "period_code": row["period_code"],
            "status": row["status"],
            "states": row["states"],
            "label": words.take(f"{row['period_code']}, {row['name']}: {row['states']}"),
        }
        for row in rows
    ]
    chart = {
        "width": style.width - 40,
        "height": 200,
        **_mark(
            "bar",
            LABEL,
            x={"field": "period_code", "type": "ordinal", "title": None, "axis": {"labelAngle": -45 if style.is_narrow else 0}},
            y=_quantity("states", axis={"tickCount": 4, "tickMinStep": 5}),
            color=_coloured("status", STATUS_COLOURS),
            order=_category("status"),
        ),
    }
    return _svg(chart, data, words, style)


@dataclass(frozen=True)
class Names:
    """The wrapped names of the lines of a chart, each shown above its line, and the height in pixels that they need."""

    rows: dict[str, list[str]]
    height: int

    def mark(self, condition: str | None = None) -> Spec:
        """The layer that draws the names, starting at the left edge."""
        return _mark(
            "text", None, condition, x={"value": 0}, text=_category("name_rows"),
            align="left", baseline="top", dy=-12 - self.height, fontSize=13, lineHeight=15, color=COLOURS["ink"],
        )  # fmt: skip


def _names(names: list[str], words: Words, style: Style) -> Names:
    """The names, wrapped to fit the width. Empty rows above shorter names give all of them the same number of rows."""
    rows = {name: words.wrap(name, 36 if style.is_narrow else 80) for name in dict.fromkeys(names)}
    most = max(map(len, rows.values()))
    return Names({name: [""] * (most - len(its)) + its for name, its in rows.items()}, 15 * most)


def _series(rows: Rows, style: Style, words: Words, **more: str) -> Rows:
    """One row for each point of a line."""
    return [
        {
            "series": row["series"],
            "year": int(row["period_code"]),
            "value": float(row["value"]),
            "label": words.take(f"{row['name']}, {row['period_code']}: {style.number(row['value'], 4)}"),
            **more,
        }
        for row in rows
    ]


def _lines(data: Rows, style: Style, *, height: int, share: int = 1) -> Spec:
    """One line per series, with Kazakhstan in front; `share` is the number of panels side by side."""
    return {
        "width": (style.width - 140) // share if share > 1 else style.width - 40,
        "height": height,
        "encoding": {
            "x": _editions(data, style, few=share > 1 or style.is_narrow),
            "y": _quantity("value", scale={"domain": [0, 1]}, axis={"values": [0, 0.25, 0.5, 0.75, 1], "format": ".2f"}),
            "color": _coloured("series", {code: code for code in ["kazakhstan", *GROUPS]}),
        },
        "layer": [
            _mark("line", None, "datum.series != 'kazakhstan'", strokeWidth=2),
            _mark("line", None, "datum.series == 'kazakhstan'", strokeWidth=4),
            _mark("circle", LABEL, size=30 if share > 1 else 44, opacity=1),
        ],
    }


def _months_after(rows: Rows, months: int) -> str:
    """The first day of the month this many months after the latest start date: the end of a time axis."""
    latest = max(row["start_date"] for row in rows)
    months += latest.month - 1
    return f"{latest.year + months // 12}-{months % 12 + 1:02}-01"


def _grouped(rows: Rows, *keys: str) -> dict[tuple[Any, ...], Rows]:
    """The rows, grouped by the values of these keys."""
    groups: dict[tuple[Any, ...], Rows] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    return groups


CHANNELS = ("x", "x2", "y", "text", "color", "order")


def _mark(kind: str, label: Spec | None = None, condition: str | None = None, **looks: Any) -> Spec:
    """A layer with one kind of mark, for the rows that meet a condition. The page shows the label of a mark on hover.

    `looks` holds properties of the mark; those in CHANNELS whose value is an encoding become channels.
    """
    channels = {name: looks.pop(name) for name in CHANNELS if isinstance(looks.get(name), dict)}
    return {
        "mark": {"type": kind, **({"aria": True} if label else {}), **looks},
        "encoding": channels | ({"description": label} if label else {}),
        **({"transform": [{"filter": condition}]} if condition else {}),
    }


def _quantity(field: str, **more: Any) -> Spec:
    return {"field": field, "type": "quantitative", "title": None, **more}


def _category(field: str) -> Spec:
    return {"field": field, "type": "nominal"}


def _time(field: str, **more: Any) -> Spec:
    return {"field": field, "type": "temporal", "title": None, **more}


def _coloured(field: str, colours: dict[str, str]) -> Spec:
    """One colour for each value of a field."""
    return {
        "field": field,
        "type": "nominal",
        "legend": None,
        "scale": {"domain": list(colours), "range": [COLOURS[name] for name in colours.values()]},
    }


def _editions(data: Rows, style: Style, *, few: bool = False) -> Spec:
    years = sorted({row["year"] for row in data})
    shown = sorted({years[0], 2010, 2016, years[-1]} & set(years)) if few or style.is_narrow else years[:1] + years[2:]
    return _quantity(
        "year",
        scale={"domain": [years[0] - 0.5, years[-1] + 0.5], "nice": False},
        axis={"values": shown, "format": "d", "grid": False, "labelFlush": True},
    )


def _lines_of(data: Rows, field: str) -> Spec:
    """One line for each value of a field, in the order of the rows, without an axis: Names draws the names of the lines."""
    return _category(field) | {"title": None, "axis": None, "sort": list(dict.fromkeys(row[field] for row in data))}


def _facet(chart: Spec, data: Rows, *, columns: int, spacing: int, each_its_own: str | None = None) -> Spec:
    """One panel for each value of the field `panel`, in the order of the rows, with its name at the top left.

    The panels share their scales, except for the scale of the channel `each_its_own`.
    """
    header = {
        "title": None, "labelAnchor": "start", "labelFontSize": 14, "labelFontWeight": 600, "labelColor": COLOURS["ink"],
        "labelLimit": 0, "labelExpr": "split(datum.label, '\\n')",
    }  # fmt: skip
    order = list(dict.fromkeys(row["panel"] for row in data))
    return {
        "facet": _category("panel") | {"header": header, "sort": order},
        "columns": columns,
        "spacing": spacing,
        "spec": chart,
        **({"resolve": {"scale": {each_its_own: "independent"}}} if each_its_own else {}),
    }


def _svg(chart: Spec, data: Rows, words: Words, style: Style) -> str:
    """Draw a chart and insert its texts."""
    specification = json.dumps({"config": CONFIG, "data": {"values": data}, **chart})
    svg = _drawn(specification)
    if style.language != "en":  # only the numbers on the axes are not placeholders
        svg = re.sub(r">[\d,]*\d(?:\.\d+)?<", lambda found: found[0].translate(NUMBERS), svg)
    texts = [escape(text, {'"': "&quot;"}) for text in words]
    svg = re.sub(r"\{(\d+)\}", lambda found: texts[int(found[1])], svg)
    # The engine numbers its ids for as long as it runs, and the page holds a drawing once for each language that shares it: the
    # new ids depend on the drawing alone, and each is unique on the page.
    places = {number: place for place, number in enumerate(dict.fromkeys(re.findall(r'(?<= id="clip)\d+', svg)))}
    name = f"{style.language}-{hashlib.sha256(specification.encode()).hexdigest()[:8]}"
    return re.sub(r'(?<= id=")clip(\d+)|(?<=url\(#)clip(\d+)', lambda found: f"{name}-{places[found[1] or found[2]]}", svg)


NUMBERS = str.maketrans({",": "\u00a0", ".": ","})


@cache
def _drawn(specification: str) -> str:
    """The SVG of a specification, with the CSS variables of the page as colours."""
    svg = vl_convert.vegalite_to_svg(specification)
    for name, colour in COLOURS.items():
        svg = svg.replace(colour, f"var(--{name.replace('_', '-')})")
    width, height = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg).groups()  # type: ignore[union-attr]
    return re.sub(
        r"<svg [^>]*>",
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" aria-hidden="true">',
        svg,
        count=1,
    )
