"""Charts of the report: each function takes rows and returns an SVG in one language and width.

Every colour in an SVG is a CSS variable of the page, so that the same picture works in light mode, in dark mode and in print. A
mark has a label (aria-label), which the page shows when the pointer, a finger or an arrow key reaches the mark.

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

from pipelines.products.pages import figures

Rows = list[dict[str, Any]]
Spec = dict[str, Any]

# The width of a chart with its labels, in pixels: a column of its own, one of two columns, a phone held upright.
WIDE, HALF, NARROW = 700, 500, 330
LINES_HEIGHT = {False: 330, True: 270}  # of a chart of lines, by whether it is narrow
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
# The sources on Internet users, each with its name beside its line.
INTERNET_SOURCES = {"wb_wdi": "World Bank", "itu_datahub": "ITU", ARTICLE: "The article, ages 16 to 74"}
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
        return figures.number(value, decimals, self.language)

    def percent(self, value: Any, decimals: int = 1) -> str:
        """A number of percent in the format of the language."""
        return figures.percent(value, decimals, self.language)

    def day(self, value: Any) -> str:
        """A date in the format of the language; a dash for null."""
        return figures.day(value, self.language)


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
        rows = textwrap.wrap(text, characters, break_long_words=False, break_on_hyphens=False)
        return [self.take(row) for row in rows]


def rank(rows: Rows, style: Style) -> str:
    """Rank by edition, with the best at the top. Rows: period_code, rank, states_assessed."""
    words = Words()
    sides = _sides([row["rank"] for row in rows])
    data = [
        {
            "year": int(row["period_code"]),
            "rank": row["rank"],
            "side": None if style.is_narrow and int(row["period_code"]) - int(before["period_code"]) == 1 else side,
            "label": words.take(f"{row['period_code']}: {row['rank']} / {row['states_assessed']}"),
        }
        for before, row, side in zip([rows[0], *rows], rows, sides, strict=False)
    ]
    lowest = max(row["rank"] for row in rows)
    chart = {
        "width": style.width - 40,
        "height": LINES_HEIGHT[style.is_narrow],
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
            *(
                _mark(
                    "text", None, f"datum.side == '{side}'", **where,
                    fontSize=13, fontWeight=600, color=COLOURS["ink"], text=_quantity("rank"),
                )
                for side, where in SIDES.items()
            ),
        ],
    }  # fmt: skip
    return _svg(chart, data, words, style)


# Where the figure of a point stands, so that no line crosses it: the space on the inside of a bend, or beside a slope.
SIDES: dict[str, Spec] = {
    "above": {"dy": -14},
    "below": {"dy": 16},
    "left": {"align": "right", "dx": -7, "dy": -10},
    "right": {"align": "left", "dx": 7, "dy": -10},
}


def _sides(ranks: list[int]) -> list[str]:
    """For each rank of a line whose best is at the top, the side of its point that no line touches."""
    sides = []
    for before, rank, after in zip([None, *ranks], ranks, [*ranks[1:], None], strict=False):
        comes_from_below = before is None or before > rank
        goes_down = after is None or after > rank
        if before is None or after is None:
            above = goes_down if before is None else comes_from_below
            sides.append("above" if above else "below")
        elif comes_from_below and goes_down:
            sides.append("above")
        elif not comes_from_below and not goes_down:
            sides.append("below")
        else:
            sides.append("left" if comes_from_below else "right")
    return sides


def value(rows: Rows, style: Style) -> str:
    """EGDI of Kazakhstan and the means of the groups. Rows: series, name, period_code, value."""
    words = Words()
    data = _series(rows, style, words)
    names = [(row["series"], row["name"], row["value"]) for row in rows if row["period_code"] == rows[-1]["period_code"]]
    room = 118 if style.is_narrow else 160
    height = LINES_HEIGHT[style.is_narrow]
    chart = _lines(data, style, height=height, room=room)
    labels = _mark(
        "text", x={"value": chart["width"] + 8}, y=_quantity("top", scale=None), text=_category("name_rows"),
        align="left", baseline="top", fontSize=12, lineHeight=14,
    )  # fmt: skip
    chart["padding"] = CONFIG["padding"] | {"right": room}
    chart["layer"].append(labels | {"data": {"values": _beside(names, words, height, 1, 16 if style.is_narrow else 23)}})
    return _svg(chart, data, words, style)


def _beside(names: list[tuple[str, str, Any]], words: Words, height: int, most: float, characters: int) -> Rows:
    """Names to the right of the last points of lines, moved apart where they would overlap.

    Names: series, name, last value. The scale goes from 0 to `most` over `height` pixels. Rows: series, name_rows,
    top (pixels).
    """
    rows: Rows = []
    free = 0.0
    for series, name, last in sorted(names, key=lambda each: -each[2]):
        wrapped = words.wrap(name, characters)
        top = max(height * (1 - float(last) / most) - 7 * len(wrapped), free)
        rows.append({"series": series, "name_rows": wrapped, "top": round(top)})
        free = top + 14 * len(wrapped) + 3
    return rows


def parts(rows: Rows, style: Style, names: dict[str, str]) -> str:
    """The parts of the EGDI, one panel per part. Rows: indicator_code, series, name, period_code, value."""
    words = Words()
    panels = {part: "\n".join(words.wrap(names[part], 26 if style.is_narrow else 17)) for part in PARTS}
    data = [
        row
        for part in PARTS
        for row in _series([row for row in rows if row["indicator_code"] == part], style, words, panel=panels[part])
    ]
    chart = _lines(data, style, height=190, share=1 if style.is_narrow else 3)
    columns, font_size = (1, 13) if style.is_narrow else (3, 11)
    return _svg(_facet(chart, data, columns=columns, spacing=30, font_size=font_size), data, words, style)


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
    most = max(row["count"] for row in rows) * (1.4 if style.is_narrow else 1.24)
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
    ]
    panels = dict.fromkeys(row["panel"] for row in data)  # in the order of the rows, so that the same rows give the same bytes
    most = {panel: max(row["value"] for row in data if row["panel"] == panel) for panel in panels}
    # an unseen point above the marks of a panel keeps them clear of the numbers of its events
    data += [
        {"panel": panel, "kind": "room", "from": FIRST_MONTH.isoformat(), "value": 1.45 * value}
        for panel, value in most.items()
    ]
    data += [
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
    room = _mark("point", None, "datum.kind == 'room'", **per_month, opacity=0)
    numbers = _mark(
        "text", None, "datum.kind == 'event'", x=when, y=_quantity("top", scale=None), text=_category("number"),
        align="left", dx=4, fontWeight=600, color=COLOURS["ink"],
    )  # fmt: skip
    chart = {
        "width": style.width - 85 if style.is_narrow else 265,
        "height": 120,
        "layer": [spans, lines, room, years, months, numbers],
    }
    faceted = _facet(chart, data, columns=1 if style.is_narrow else 2, spacing=26, each_its_own="y")
    return _svg(faceted, data, words, style)


def events(rows: Rows, style: Style) -> str:
    """Events on a timeline, each with its title above its span. Rows: number, title, start_date, end_date (null: open)."""
    words = Words()
    wrapped = [words.wrap(f"{row['number']}. {row['title']}", 38 if style.is_narrow else 58) for row in rows]
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
        "height": {"step": (36 if style.is_narrow else 48) + names.height},
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
    """Internet users according to each source. Rows: source_code, source, period_code, value."""
    words = Words()
    data = [
        {
            "source": row["source_code"],
            "year": int(row["period_code"]),
            "value": float(row["value"]),
            "share": words.take(style.percent(row["value"])),
            "label": words.take(f"{row['source']}, {row['period_code']}: {style.percent(row['value'])}"),
        }
        for row in rows
    ]
    years = [row["year"] for row in data]
    wdi, itu, article = (f"datum.source == '{code}'" for code in INTERNET_SOURCES)
    last = {row["source_code"]: (row["source_code"], row["source"], row["value"]) for row in rows}
    room, height = 118 if style.is_narrow else 120, LINES_HEIGHT[style.is_narrow]
    chart = {
        "width": style.width - 40 - room,
        "height": height,
        "padding": CONFIG["padding"] | {"right": room},
        "encoding": {
            "x": _quantity(
                "year",
                scale={"domain": [min(years) - 1, max(years) + 1]},
                axis={"format": "d", "tickCount": 4 if style.is_narrow else 6, "grid": False},
            ),
            "y": _quantity("value", scale={"domain": [0, 100]}, axis={"tickCount": 5}),
        },
        "layer": [
            _mark("line", None, wdi, strokeWidth=3, color=COLOURS["accent"], opacity=0.8),
            _mark("circle", LABEL, wdi, size=10, color=COLOURS["accent"], opacity=1),
            _mark("circle", LABEL, itu, size=38, color=COLOURS["ink"], opacity=0.9),
            _mark("point", LABEL, article, size=130, shape="diamond", filled=True, color=COLOURS["contradicted"], opacity=1),
            _mark(
                "text", None, article, align="right", dx=-10, dy=-10, fontWeight=600, color=COLOURS["ink"],
                text=_category("share"),
            ),
            _mark(
                "text", x={"value": style.width - 32 - room}, y=_quantity("top", scale=None), text=_category("name_rows"),
                align="left", baseline="top", fontSize=12, lineHeight=14,
                color=_coloured("series", dict(zip(INTERNET_SOURCES, ("accent", "ink", "contradicted"), strict=True))),
            ) | {"data": {"values": _beside(list(last.values()), words, height, 100, 16)}},
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
    rows = {name: words.wrap(name, 36 if style.is_narrow else 56) for name in dict.fromkeys(names)}
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


def _lines(data: Rows, style: Style, *, height: int, share: int = 1, room: int = 0) -> Spec:
    """One line per series, with Kazakhstan in front.

    `share` is the number of panels side by side, `room` the width in pixels for names on the right.
    """
    return {
        "width": (style.width - 110) // share if share > 1 else style.width - 40 - room,
        "height": height,
        "encoding": {
            "x": _editions(data, style, few=share > 1 or room > 0 or style.is_narrow),
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


def _facet(
    chart: Spec, data: Rows, *, columns: int, spacing: int, font_size: float = 13, each_its_own: str | None = None
) -> Spec:
    """One panel for each value of the field `panel`, in the order of the rows, with its name at the top left.

    The panels share their scales, except for the scale of the channel `each_its_own`.
    """
    header = {
        "title": None, "labelAnchor": "start", "labelFontSize": font_size, "labelFontWeight": 600, "labelColor": COLOURS["ink"],
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
# What each element of an SVG repeats, although the page hides the picture from screen readers and sets the font once; digits
# below a hundredth of a pixel; and the missing blank between the rows of a text, without which a copied text loses it.
NEEDLESS = {
    r' (?:role|aria-roledescription|aria-hidden|pointer-events|font-family)="[^"]*"| opacity="1"': "",
    r'<path class="foreground"[^>]*/>': "",
    r"(\d\.\d\d)\d+": r"\1",
    r"</tspan>(?=<tspan)": "</tspan> ",
}


@cache
def _drawn(specification: str) -> str:
    """The SVG of a specification, with the CSS variables of the page as colours."""
    svg = vl_convert.vegalite_to_svg(specification)
    for pattern, instead in NEEDLESS.items():
        svg = re.sub(pattern, instead, svg)
    for name, colour in COLOURS.items():
        svg = svg.replace(colour, f"var(--{name.replace('_', '-')})")
    width, height = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg).groups()  # type: ignore[union-attr]
    return re.sub(
        r"<svg [^>]*>",
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" aria-hidden="true">',
        svg,
        count=1,
    )
