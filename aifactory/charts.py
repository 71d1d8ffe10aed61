"""Charts: one theme, one text layout, and bytes that depend on a chart's data alone.

`finish` turns an Altair chart into a plain Vega-Lite specification that carries its own finding,
alternative text and source line. `svg` draws such a specification at a given width, in light or
dark, and `bundle` gives what a notebook stores. Nothing here depends on the order in which charts
are made, on the process, or on installed fonts: vl-convert brings Liberation Sans (metrics of
Arial and Helvetica) with it, and identifiers are made from the chart's name.

Colours are Okabe and Ito's, the light theme's darkened where they had less than 3:1 contrast on
white; the dark theme swaps each for a bright twin.
"""

from __future__ import annotations

import copy
import functools
import json
import math
import os
import re
import tempfile
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import vl_convert

BLUE, ORANGE, GREEN, RED = "#0072b2", "#c77700", "#00875f", "#c8341c"
PURPLE, GREY, SKY, YELLOW = "#a8528a", "#737980", "#2c8fcc", "#9a8400"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED, YELLOW, GREY)
# The light theme's inks and ramps, and what the dark theme draws in place of every colour above and
# below: at least 4.5:1 on its background for the eight. All keys differ, so that a specification
# is darkened by replacing strings, here and in the page's script alike.
_GROUND, _TEXT, _QUIET, _LINE = "#ffffff", "#1d2329", "#5a636d", "#dfe3e8"
_RAMP = ("#e3f0f9", "#9fcbe8", "#4a9fd4", "#0071b1", "#003f66")
_DIVERGING = ("#8a4b00", "#dd9a3c", "#eceff1", "#5aa7d8", "#004c7a")
DARK = {
    BLUE: "#4aa3df",
    ORANGE: "#e69f00",
    GREEN: "#1fb98b",
    RED: "#f2705a",
    PURPLE: "#d98cbc",
    GREY: "#9aa1a9",
    SKY: "#7cc7f2",
    YELLOW: "#e6d84a",
    _GROUND: "#12161b",
    _TEXT: "#e4e7eb",
    _QUIET: "#aeb6bf",
    _LINE: "#39424d",
    **dict(zip(_RAMP, ("#173248", "#1f5c86", "#3487c0", "#7cc0ea", "#dff1fd"), strict=True)),
    **dict(zip(_DIVERGING, ("#f2b652", "#a8701a", "#353d46", "#2f7db3", "#8fd0f7"), strict=True)),
}

VEGA_MIME = "application/vnd.vegalite.v6+json"
VEGA_LITE = "6.4"  # the version vl-convert compiles with; Altair 6 writes this schema
FONT = "Liberation Sans"
FONTS = "'Liberation Sans', Arial, Helvetica, sans-serif"
WIDE, NARROW = 680, 340  # px: the text column on a desk, and on a phone
MAX_ROWS = 2000
_TITLE_PX, _TEXT_PX, _SOURCE_PX = 16, 13, 11
_AXIS_PX = 100  # what the axes of a chart take, or nearly so, before it is drawn

# Words that JavaScript keeps for itself, and names that Vega's own signals have.
_RESERVED = frozenset(
    "break case catch class const continue debugger default delete do else enum export extends"
    " false finally for function if implements import in instanceof interface let new null package"
    " private protected public return static super switch this throw true try typeof var void while"
    " with yield width height padding autosize background datum".split()
)

# Advance widths of Liberation Sans Bold for ASCII 32 to 126, in thousandths of the font size. The
# regular face is narrower, so that text wrapped by these always fits.
_WIDTHS = [int(w) for w in (
    "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556"
    " 556 556 556 333 333 584 584 584 611 975 722 722 722 722 667 611 778 722 278 556 722 611 833"
    " 722 778 667 778 722 667 611 722 667 944 667 667 611 333 278 333 584 556 333 556 611 556 611"
    " 556 333 611 611 278 278 556 278 889 611 611 611 611 389 556 333 611 556 778 556 556 500 389"
    " 280 389 584"
).split()]  # fmt: skip


def theme(dark: bool = False) -> dict[str, Any]:
    """The Vega-Lite `config` of every chart in the book."""
    axis = {
        "domainColor": _QUIET, "tickColor": _QUIET, "gridColor": _LINE, "domain": False,
        "labelColor": _QUIET, "titleColor": _QUIET, "labelFontSize": 12, "titleFontSize": 12,
        "titleFontWeight": "normal", "ticks": False, "labelPadding": 6, "titlePadding": 8,
        "labelOverlap": "greedy",
    }  # fmt: skip
    config = {
        "font": FONT,
        "background": _GROUND,
        "padding": 4,
        "view": {"stroke": None, "continuousWidth": 300, "continuousHeight": 260},
        "title": {
            "anchor": "start", "frame": "bounds", "fontSize": _TITLE_PX, "color": _TEXT,
            "lineHeight": _TITLE_PX + 4, "subtitleColor": _QUIET, "subtitleFontSize": _TEXT_PX,
            "subtitleLineHeight": _TEXT_PX + 4, "subtitlePadding": 6, "offset": 14,
        },
        "axis": axis,
        "axisX": {"domain": True, "ticks": True, "grid": False, "tickSize": 4, "labelPadding": 4},
        "axisY": {
            "titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleX": 0,
            "titleY": -8, "titleBaseline": "bottom",
        },
        "axisYDiscrete": {"grid": False},
        "axisXDiscrete": {"labelAngle": 0},
        "header": {
            "labelColor": _TEXT, "titleColor": _QUIET, "labelFontSize": 12, "titleFontSize": 12,
            "labelFontWeight": "bold", "titleFontWeight": "normal", "labelAnchor": "start",
        },
        "headerRow": {"labelAngle": 0, "labelAlign": "left", "labelOrient": "top",
                      "labelPadding": 2},
        "legend": {
            "orient": "top", "titleOrient": "left", "labelColor": _TEXT, "titleColor": _QUIET,
            "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal",
            "labelLimit": 320, "offset": 12, "columnPadding": 14, "gradientLength": 160,
        },
        "range": {
            "category": list(COLOURS), "ordinal": list(_RAMP), "ramp": list(_RAMP),
            "heatmap": list(_RAMP), "diverging": list(_DIVERGING),
            "symbol": ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"],
        },
        "mark": {"color": BLUE},
        "text": {"color": _TEXT, "fontSize": 12},
        "rule": {"color": _QUIET},
        "line": {"strokeWidth": 2, "clip": True},
        "point": {"size": 50, "filled": True},
        "circle": {"size": 50, "opacity": 1},
        "bar": {"cornerRadiusEnd": 1},
        "area": {"opacity": 0.8, "line": False, "clip": True},
        "geoshape": {"stroke": _GROUND, "strokeWidth": 0.5},
    }  # fmt: skip
    return _swap_colours(config) if dark else config


def calculated(chart: Any, columns: Mapping[str, str]) -> Any:
    """An Altair chart with columns worked out by Vega's expressions, each from those before it.

    As `transform_calculate` does it, which copies all of a chart for each column.
    """
    import altair as alt

    more = [alt.CalculateTransform(calculate=v, **{"as": k}) for k, v in columns.items()]
    chart = chart.copy(deep=False)
    chart.transform = [*([] if chart.transform is alt.Undefined else chart.transform), *more]
    return chart


def tornado_bars(swings: Any, title: str, **x: Any) -> Any:
    """Bars of a tornado chart, in the order of `uncertainty.tornado`, whose frame they draw.

    `title` names the quantity on the axis; `x` takes further settings of that axis.
    """
    import altair as alt  # readers who only build the site don't have it

    bars = alt.Chart(swings[["input", "at_low", "at_high"]]).mark_bar(height=14)
    return bars.encode(
        x=alt.X("at_low:Q", title=title, **x),
        x2="at_high:Q",
        y=alt.Y("input:N", sort=None, title=None),
    )


# -- from an Altair chart to a stored specification ------------------------------------------------


def finish(
    chart: Any,
    name: str,
    finding: str,
    what: str,
    source_line: str,
    alt: str,
    digits: int = 4,
) -> dict[str, Any]:
    """A chart's final Vega-Lite specification as plain values, the same for the same data.

    `chart` is an Altair chart or a specification; `name` (kebab-case) names its data sets and
    identifiers and must be unique in the book; `finding` becomes the title, `what` the subtitle,
    `alt` the alternative text, which states the finding in words. Numbers in the data keep `digits`
    significant digits, of the value or of its column's spread, whichever is finer. Raises
    ValueError where a text is missing or the chart brings what the theme or the page sets.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise ValueError(f"chart name {name!r}: use kebab-case, as in power-households-dots")
    texts = {"finding": finding, "what": what, "source_line": source_line, "alt": alt}
    for key, value in texts.items():
        if not (isinstance(value, str) and value.strip()):
            raise ValueError(f"chart {name}: {key}= is empty; every chart states it")
    spec = copy.deepcopy(chart) if isinstance(chart, dict) else chart.to_dict()
    _refuse_own_settings(spec, name)
    _check_parameters(spec, name)
    spec["datasets"] = _datasets(spec, name, digits)
    spec = _rename_counters(_round_settings(spec))
    spec["config"] = theme()
    spec["title"] = _title(finding, what, WIDE)
    if _kind(spec) == "single":
        spec |= {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}
    spec["usermeta"] = {
        "name": name,
        "finding": finding.strip(),
        "what": what.strip(),
        "alt": alt.strip(),
        "source": source_line.strip(),
    }
    return json.loads(json.dumps(spec, sort_keys=True, allow_nan=False))


def _refuse_own_settings(spec: dict[str, Any], name: str) -> None:
    """Raise ValueError for what every chart must leave to the theme or the page."""
    own = {k for k in ("title", "background", "padding", "autosize", "usermeta") if k in spec}
    config = spec.pop("config", {})
    # Altair's default theme puts these two in; anything beyond them the chart's author wrote.
    config.get("view", {}).pop("continuousWidth", None)
    config.get("view", {}).pop("continuousHeight", None)
    if any(v for v in config.values()):
        own.add("config")
    if own:
        what = ", ".join(sorted(own))
        raise ValueError(
            f"chart {name} sets {what} itself; drop it: the book's theme and book.show() do that"
        )


def _check_parameters(spec: dict[str, Any], name: str) -> None:
    """Raise ValueError for a parameter that Vega's expressions could not name."""
    for text in {p["name"] for p in parameters(spec) if "name" in p}:
        if text in _RESERVED or not re.fullmatch(r"[A-Za-z_]\w*", text):
            raise ValueError(f"chart {name}: a parameter cannot be called {text!r}; rename it")


def parameters(spec: Any) -> list[dict[str, Any]]:
    """All parameters of a specification, in order of appearance."""
    if isinstance(spec, dict):
        own = [p for p in spec.get("params", []) if isinstance(p, dict)]
        rest = (v for k, v in spec.items() if k not in ("datasets", "config", "params"))
        return own + [p for v in rest for p in parameters(v)]
    if isinstance(spec, list):
        return [p for v in spec for p in parameters(v)]
    return []


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in a specification, outermost first; what data and settings hold is left out."""
    if isinstance(node, dict):
        yield node
        for key, value in node.items():
            if key not in ("data", "datasets", "usermeta", "config"):
                yield from _objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from _objects(value)


def _datasets(spec: dict[str, Any], name: str, digits: int) -> dict[str, Any]:
    """Collect all data under stable names, `name-data-1` and on, and point the views at them."""
    stored = spec.pop("datasets", {})
    names: dict[str, str] = {}
    out: dict[str, Any] = {}
    for holder in [o for o in _objects(spec) if isinstance(o.get("data"), dict)]:
        data = holder["data"]
        if "url" in data:
            raise ValueError(f"chart {name} reads {data['url']}; a chart must carry its own data")
        if "values" in data:
            key, values = f"inline-{len(names)}", data.pop("values")
        elif "name" in data and data["name"] in stored:
            key = data["name"]
            values = stored[key]
        else:
            continue  # made by a generator (sequence, sphere, graticule): nothing to store
        if key not in names:
            names[key] = f"{name}-data-{len(names) + 1}"
            out[names[key]] = _round_rows(values, digits)
        data["name"] = names[key]
    for key, values in out.items():
        if isinstance(values, list) and len(values) > MAX_ROWS:
            raise ValueError(
                f"chart {name}: {key} has {len(values):,} rows, more than {MAX_ROWS:,}; aggregate"
                " before charting"
            )
    return out


def _round_to(value: float, decimals: int) -> float | int | None:
    if not math.isfinite(value):
        return None
    if value == int(value) and abs(value) < 2**53:
        return int(value)
    # in two steps, so that a tie does not hang on the last bit, which processors differ in
    rounded = round(round(value, decimals + 6), decimals)
    return int(rounded) if rounded == int(rounded) else rounded


def _decimals(value: float, digits: int) -> int:
    """Decimal places that leave `digits` significant digits of `value`."""
    if value == 0 or not math.isfinite(value):
        return 0
    return digits - 1 - math.floor(math.log10(abs(value)))


def _round_rows(values: Any, digits: int) -> Any:
    """Rows with rounded numbers; a column keeps enough places to show its own spread.

    Whole numbers stay as they are. Mains frequency, say, lies between 59.9 and 60.1 Hz: four digits
    of the value would draw it as steps, so the spread counts too.
    """
    if not (isinstance(values, list) and all(isinstance(r, dict) for r in values)):
        return _round_nested(values, digits)
    columns: dict[str, list[float]] = {}
    for row in values:
        for key, value in row.items():
            if isinstance(value, float) and math.isfinite(value):
                columns.setdefault(key, []).append(value)
    floor = {k: _decimals(max(v) - min(v), digits) for k, v in columns.items()}
    return [
        {
            key: _round_to(v, max(floor.get(key, 0), _decimals(v, digits)))
            if isinstance(v, float)
            else _round_nested(v, digits)
            for key, v in row.items()
        }
        for row in values
    ]


def _round_nested(value: Any, digits: int) -> Any:
    if isinstance(value, float):
        return _round_to(value, _decimals(value, digits))
    if isinstance(value, list):
        return [_round_nested(v, digits) for v in value]
    if isinstance(value, dict):
        return {k: _round_nested(v, digits) for k, v in value.items()}
    return value


def _round_settings(spec: dict[str, Any]) -> dict[str, Any]:
    """Domains, offsets and parameters rounded to six digits; the data has its own rule."""
    datasets = spec.pop("datasets")
    rounded = _round_nested(spec, 6)
    return {**rounded, "datasets": datasets}


def _strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for key, value in node.items():
            if key != "datasets":
                yield from _strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from _strings(value)


def _map_strings(node: Any, change: Any) -> Any:
    """The specification with `change` applied to each string outside the data."""
    if isinstance(node, str):
        return change(node)
    if isinstance(node, dict):
        return {k: v if k == "datasets" else _map_strings(v, change) for k, v in node.items()}
    if isinstance(node, list):
        return [_map_strings(v, change) for v in node]
    return node


def _rename_counters(spec: dict[str, Any]) -> dict[str, Any]:
    """Number Altair's `param_17`, `view_3` from 1 in each chart: it counts over a process."""
    pattern = re.compile(r"\b(param|view)_(\d+)\b")
    seen: dict[str, str] = {}
    for text in _strings(spec):
        for found in pattern.finditer(text):
            seen.setdefault(found[0], f"{found[1]}_{len(seen) + 1}")
    return _map_strings(spec, lambda s: pattern.sub(lambda m: seen[m[0]], s))


# -- drawing --------------------------------------------------------------------------------------


def _kind(spec: dict[str, Any]) -> str:
    """How a chart takes a width: `single`, `rows` (one above another) or `grid` (side by side)."""
    encoding = spec.get("encoding", {})
    facet = spec.get("facet", {})
    if "vconcat" in spec or "row" in encoding or "row" in facet:
        return "grid" if "column" in encoding or "column" in facet else "rows"
    beside = ("hconcat", "concat", "facet", "repeat")
    if any(k in spec for k in beside) or "facet" in encoding or "column" in encoding:
        return "grid"
    return "single"


def _stacked(spec: dict[str, Any]) -> dict[str, Any]:
    """The same views one above another, for narrow screens."""
    spec = dict(spec)
    if "hconcat" in spec:
        spec["vconcat"] = [_stacked(s) for s in spec.pop("hconcat")]
    elif "concat" in spec or "facet" in spec or "repeat" in spec:
        spec["columns"] = 1
    elif "facet" in spec.get("encoding", {}):
        encoding = dict(spec["encoding"])
        encoding["facet"] = {**encoding["facet"], "columns": 1}
        spec["encoding"] = encoding
    return spec


def _leaves(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The unit and layer views that a compound chart is made of."""
    for key in ("vconcat", "hconcat", "concat"):
        if key in spec:
            for child in spec[key]:
                yield from _leaves(child)
            return
    if isinstance(spec.get("spec"), dict):
        yield from _leaves(spec["spec"])
    else:
        yield spec


def wrap(text: str, size: float, width: float) -> list[str]:
    """`text` in lines that fit `width` px at a font size of `size` px; "5 %" is one word."""
    lines: list[str] = []
    for word in re.findall(r"\S+(?:(?<=\d) +%\S*)?", " ".join(text.split())):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _text_px(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _balanced(text: str, size: float, width: float) -> list[str]:
    """`wrap`, with the lines as even as their number allows: no lone word on the last one."""
    lines = wrap(text, size, width)
    for narrower in range(int(width), int(width / 2), -8):
        attempt = wrap(text, size, narrower)
        if len(attempt) > len(lines) or any(_text_px(a, size) > narrower for a in attempt):
            break
        lines = attempt
    return lines


@functools.lru_cache(maxsize=4096)  # lines are tried anew at many widths
def _text_px(text: str, size: float) -> float:
    units = (_WIDTHS[ord(c) - 32] if 32 <= ord(c) <= 126 else 600 for c in text)
    return sum(units) * size / 1000


def _title(finding: str, what: str, width: int) -> dict[str, Any]:
    room = width - 12
    return {
        "text": _balanced(finding, _TITLE_PX, room),
        "subtitle": _balanced(what, _TEXT_PX, room),
    }


def _swap_colours(node: Any) -> Any:
    """A specification with each of the book's colours replaced by its bright twin."""
    if isinstance(node, str):
        return DARK.get(node.lower(), node)
    if isinstance(node, dict):
        return {k: _swap_colours(v) for k, v in node.items()}
    if isinstance(node, list):
        return [_swap_colours(v) for v in node]
    return node


def _encodings(node: Any) -> Iterator[dict[str, Any]]:
    """Every `encoding` in a specification."""
    return (o["encoding"] for o in _objects(node) if isinstance(o.get("encoding"), dict))


def _has_y_title(spec: dict[str, Any]) -> bool:
    """Whether some vertical axis is drawn with a title, which stands above the plot."""
    for encoding in _encodings(spec):
        y = encoding.get("y", {})
        axis = y.get("axis", {})
        # A title of null or "" means none; no title at all means the name of the field.
        shown = y.get("title", (axis or {}).get("title", "field") if axis is not None else None)
        if shown and (y.get("field") or y.get("aggregate")) and axis is not None:
            return True
    return False


def _has_legend(spec: dict[str, Any]) -> bool:
    channels = ("color", "fill", "stroke", "size", "shape", "opacity", "strokeDash")
    return any(
        isinstance(encoding.get(c), dict)
        and ("field" in encoding[c] or "aggregate" in encoding[c])
        and encoding[c].get("legend", True) is not None
        for encoding in _encodings(spec)
        for c in channels
    )


def _config(spec: dict[str, Any], dark: bool, narrow: bool, title: bool) -> dict[str, Any]:
    """The theme, with what depends on width and on what the chart has to make room for."""
    config = theme(dark)
    config["axis"]["labelLimit"] = 150 if narrow else 260
    config["legend"]["columns"] = 2 if narrow else 4
    # Fewer ticks than Vega-Lite's default of one in 40 px: numbers of four figures must not touch.
    config["axisX"]["tickCount"] = 4 if narrow else 7
    if "row" in spec.get("encoding", {}) or "facet" in spec:
        config["axisY"] = {}  # the row's header stands where the axis title would
    elif _has_y_title(spec):
        # Vega doesn't count a title that the theme places itself: keep its line free.
        config["legend"]["offset"] += 18
        config["title"]["offset"] += 8
        if not title and not _has_legend(spec):
            config["padding"] = {"left": 4, "right": 4, "bottom": 4, "top": 24}
    if not title:
        config["background"] = None
    return config


def fitted(
    spec: dict[str, Any],
    width: int = WIDE,
    dark: bool = False,
    title: bool = True,
    measure: bool = True,
) -> dict[str, Any]:
    """The specification for one width and theme, with its texts wrapped to that width.

    Charts are drawn to see what their axes and labels take, and the plot is given the rest; not to
    `measure` is quicker, and leaves the drawing some tens of px wider or narrower. At phone width,
    views side by side are stacked, and legends and axis titles take more lines.
    """
    spec = copy.deepcopy(spec)
    narrow = width < 500
    spec.pop("title", None)
    spec.pop("autosize", None)
    if narrow:
        spec = _stacked(spec) if _kind(spec) == "grid" else spec
        _wrap_for_phone(spec)
    if _kind(spec) == "grid" and not narrow:
        return _dressed(spec, width, dark, title)
    if not measure:
        return _dressed(_spread(spec, width - _AXIS_PX), width, dark, title)
    text = json.dumps(spec, sort_keys=True)
    inner = _plot_width(text, width, width - _AXIS_PX)
    made = _drawn(_dressed(_spread(spec, inner), width, False, title))
    if math.floor(width - size(made)[0]) != 0:  # axes take more or less room, or a legend too much
        inner = _plot_width(text, width, inner)
    return _dressed(_spread(spec, inner), width, dark, title)


def _spread(spec: dict[str, Any], inner: int) -> dict[str, Any]:
    """The specification with each of its views `inner` px wide, 60 px at least, in place."""
    for leaf in _leaves(spec):
        leaf["width"] = max(60, inner)
    return spec


def _dressed(spec: dict[str, Any], width: int, dark: bool, title: bool) -> dict[str, Any]:
    """The specification with colours, configuration and, if asked for, its title."""
    config = _config(spec, dark, width < 500, title)
    spec = (_swap_colours(spec) if dark else spec) | {"config": config}
    meta = spec.get("usermeta")
    if title and meta:
        spec["title"] = _title(meta["finding"], meta["what"], width)
    return spec


def _wrap_for_phone(spec: dict[str, Any]) -> None:
    """Break long titles of horizontal axes, and allow two columns in legends, in place."""
    for encoding in _encodings(spec):
        x = encoding.get("x", {})
        for holder in (x, x.get("axis") or {}):
            if isinstance(holder.get("title"), str):
                lines = _balanced(holder["title"], 12, 230)
                holder["title"] = lines if len(lines) > 1 else holder["title"]
        for legend in _legends(encoding):
            if legend.get("columns", 0) > 2:
                legend["columns"] = 2


def _legends(encoding: dict[str, Any]) -> list[dict[str, Any]]:
    """Legends for which a chart's author has settings."""
    found = (channel.get("legend") for channel in encoding.values() if isinstance(channel, dict))
    return [legend for legend in found if isinstance(legend, dict)]


@functools.lru_cache(maxsize=64)
def _plot_width(text: str, width: int, inner: int) -> int:
    """The inner width of every view that makes a drawing `width` px wide, from one at `inner`.

    Legends above or below the plot don't count: they must not narrow it.
    """
    spec = json.loads(text)
    spec["config"] = _config(spec, False, width < 500, False)
    legends = [legend for e in _encodings(spec) for legend in _legends(e)]
    above = all(legend.get("orient", "top") in ("top", "bottom") for legend in legends)
    if above and _has_legend(spec):
        spec["config"]["legend"]["disable"] = True
    return inner + math.floor(width - size(_drawn(_spread(spec, inner)))[0])


def inner_width(spec: dict[str, Any]) -> int | None:
    """The plot width in px that `fitted` gave to every view, or None where views differ."""
    widths = {leaf.get("width") for leaf in _leaves(spec)}
    found = widths.pop() if len(widths) == 1 else None
    return found if isinstance(found, int) else None


def svg(
    spec: dict[str, Any],
    width: int = WIDE,
    dark: bool = False,
    title: bool = True,
    measure: bool = True,
) -> str:
    """A finished chart as one SVG document, `width` px wide, the same bytes for the same chart.

    With `title` the finding, the subtitle and the source line are part of the drawing, for use on
    its own; a page that sets them as text asks for the drawing alone, on a transparent ground.
    `measure` as in `fitted`.
    """
    drawn = _drawn(fitted(spec, width, False, title, measure))
    if dark:
        drawn = _darkened(drawn) or _drawn(fitted(spec, width, True, title, measure))
    meta = spec["usermeta"]
    drawn = _slim(drawn)
    drawn = _own_ids(drawn, f"{meta['name']}{'-dark' if dark else ''}-{width}")
    if title:
        drawn = _add_source(drawn, meta["source"], theme(dark)["axis"]["labelColor"])
    label = f'role="img" aria-label={quoteattr(meta["alt"])} font-family="{FONTS}"'
    return drawn.replace("<svg ", f"<svg {label} ", 1) + "\n"


def _drawn(spec: dict[str, Any]) -> str:
    """What vl-convert makes of a specification; the last few are kept, to be asked for again."""
    _forget_installed_fonts()
    return _drawn_once(json.dumps(spec, sort_keys=True))


@functools.lru_cache(maxsize=8)
def _drawn_once(text: str) -> str:
    return vl_convert.vegalite_to_svg(text, vl_version=VEGA_LITE)


@functools.cache
def _forget_installed_fonts() -> None:
    """Leave vl-convert its own fonts alone; it looks for others once, as it first draws.

    An installed Liberation Sans would go before its own, in whatever version, and its file be
    opened again for each label: nearly half of the time that a drawing takes.
    """
    before = os.environ.get("FONTCONFIG_FILE")
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "fonts.conf"
        settings.write_text(f"<fontconfig><dir>{escape(folder)}</dir></fontconfig>")
        os.environ["FONTCONFIG_FILE"] = str(settings)
        try:
            _drawn_once('{"title": "A", "mark": "point", "data": {"values": []}}')
        finally:
            del os.environ["FONTCONFIG_FILE"]
            if before is not None:
                os.environ["FONTCONFIG_FILE"] = before


def _darkened(drawn: str) -> str | None:
    """A light drawing with each colour replaced by its bright twin.

    None where Vega has mixed colours itself, as on a scale without steps: it writes them as rgb().
    """
    if "rgb(" in drawn:
        return None
    return re.sub(r'"(#[0-9a-fA-F]{6})"', lambda m: f'"{DARK.get(m[1].lower(), m[1])}"', drawn)


def size(drawn: str) -> tuple[float, float]:
    """Width and height of an SVG document, in px."""
    found = re.search(r'<svg[^>]* width="([\d.]+)" height="([\d.]+)"', drawn)
    assert found, "vl-convert writes width and height on the root element"
    return float(found[1]), float(found[2])


def _slim(drawn: str) -> str:
    """Drop what a picture has no use for: per-mark labels, hit areas, digits below 0.01 px.

    The picture has one label for all its marks, on the root.
    """
    drawn = re.sub(r'<path class="(?:background|foreground)"[^>]*d=""[^>]*/>', "", drawn)
    drawn = re.sub(r'<path class="background"[^>]*d="M0,0h0v0h0Z"[^>]*/>', "", drawn)
    dropped = r' (?:aria-[a-z]+|role|pointer-events|class|opacity|stroke-width)="'
    drawn = re.sub(
        dropped + r'([^"]*)"',
        lambda m: m[0] if m[0].startswith((" opacity", " stroke-width")) and m[1] != "1" else "",
        drawn,
    )
    drawn = re.sub(r' font-family="[^"]*"', "", drawn)
    drawn = re.sub(r"<g>(\s*)</g>", "", drawn)
    attributes = r' (?:d|transform|x|y|x1|x2|y1|y2|dx|dy|r|width|height|points)="[^"]*"'
    return re.sub(
        attributes,
        lambda m: re.sub(r"-?\d+(?:\.\d{3,}(?:e-?\d+)?|(?:\.\d+)?e-?\d+)", _short, m[0]),
        drawn,
    )


def _short(match: re.Match[str]) -> str:
    """Two decimals at most, and no negative zero."""
    return f"{round(float(match[0]), 2) + 0.0:.2f}".rstrip("0").rstrip(".")


def _own_ids(drawn: str, prefix: str) -> str:
    """Rename identifiers from the chart's name: vl-convert numbers them over a process's life."""
    found = dict.fromkeys(re.findall(r'\bid="([^"]+)"', drawn))
    names = {old: f"{prefix}-{i}" for i, old in enumerate(found, start=1)}
    drawn = re.sub(r'\bid="([^"]+)"', lambda m: f'id="{names[m[1]]}"', drawn)
    return re.sub(r'(url\(#|href="#)([^)"]+)', lambda m: m[1] + names.get(m[2], m[2]), drawn)


def _add_source(drawn: str, source: str, colour: str) -> str:
    """Set the source line below the drawing and make room for it."""
    width, height = size(drawn)
    lines = wrap(source, _SOURCE_PX, width - 12)
    step = _SOURCE_PX + 4
    taller = math.ceil(height + step * len(lines) + 6)
    text = "".join(
        f'<text x="5" y="{height + step * (i + 1):g}">{escape(line)}</text>'
        for i, line in enumerate(lines)
    )
    drawn = drawn.replace(f'height="{height:g}"', f'height="{taller}"')  # the root and the ground
    drawn = re.sub(r'viewBox="0 0 [^"]*"', f'viewBox="0 0 {width:g} {taller}"', drawn, count=1)
    group = f'<g font-size="{_SOURCE_PX}px" fill="{colour}">{text}</g>'
    return drawn.removesuffix("</svg>") + group + "</svg>"


def bundle(spec: dict[str, Any]) -> dict[str, Any]:
    """What a notebook stores of a finished chart: specification, static drawing, plain text.

    The drawing is for readers of the notebook alone, where nothing hangs on its exact width.
    """
    return {
        VEGA_MIME: spec,
        "image/svg+xml": svg(spec, measure=False),
        "text/plain": "\n".join(textwrap.wrap(spec["usermeta"]["alt"], 88)),
    }
