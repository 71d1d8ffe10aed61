"""A scoreboard with sliders: the graph's own formulas, worked out in the reader's browser.

The page gets draws of what the sliders cannot move, and every later step as the text that
`formula.for_vega` makes of the step's formula: the graph is written once. A slider sets the middle
of an input, and each draw of that input moves with it, so that its spread stays.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from aifactory import charts, verdicts
from aifactory.models.factory import formula
from aifactory.models.factory.graph import CONSTANTS, Graph, Input, Node
from aifactory.uncertainty import Distribution, held, sample

POINTS = {"low": 0.05, "mid": 0.5, "high": 0.95}
STEP, UP, DOWN = 30, -6, 7  # px: a row, and from its middle to its text and to its bar
EDGE = 5.0  # results are drawn from a fifth to five times the book's middle value


@dataclass(frozen=True)
class Slider:
    """A control that moves the input `name`, from `low` to `high`, in `per` times its unit.

    Without ends it runs over the input's 1 to 99 % range.
    """

    name: str
    label: str
    low: float | None = None
    high: float | None = None
    per: float = 1.0


@dataclass(frozen=True)
class Score:
    """A row of the scoreboard: a claim's `title` (26 letters at most) and its probability now.

    `name` is the claim's step in the graph, or empty for a claim that no graph judges.
    """

    title: str
    book: float
    name: str = ""


@dataclass(frozen=True)
class Result:
    """A result to show: the step `name`, divided by `per` and written in d3's `format`."""

    name: str
    title: str
    per: float = 1.0
    format: str = ",.3r"


@dataclass(frozen=True)
class Knob:
    """A slider with all its numbers: it starts at `start`, a whole number of steps from `low`.

    `by` is "factor" for positive inputs, whose draws it multiplies, and "shift" for the others.
    """

    input: Input
    label: str
    low: float
    high: float
    step: float
    start: float
    per: float
    by: str

    def moved(self, draws: np.ndarray, value: float) -> np.ndarray:
        """Draws (n,) of the input once the slider stands at `value`, within its limits."""
        if self.by == "factor":
            there = draws * (value / self.start)
        else:
            there = draws + (value - self.start) * self.per
        return np.clip(there, self.input.least, self.input.most)

    def formula(self, draw: str) -> str:
        """`moved` for the page: the slider is a signal that bears the input's name."""
        name, start = self.input.name, repr(self.start)
        text = f"{draw} + ({name} - {start}) * {self.per!r}"
        if self.by == "factor":
            text = f"{draw} * ({name} / {start})"
        if math.isfinite(self.input.least):
            text = f"max({text}, {self.input.least!r})"
        return f"min({text}, {self.input.most!r})" if math.isfinite(self.input.most) else text


@dataclass(frozen=True)
class Board:
    """What is shown and what it needs.

    `graph` holds the steps that some slider moves, and what else has to be worked out for them;
    its inputs are the sliders' and whatever else those steps need, inputs or steps of the whole
    graph. `draws` (n, columns) has a column for each of them, a whole number of times its unit in
    `units`. `still` (n,) is how many of the claims that no slider moves hold in each draw, and
    `judged` how many claims have a value in each. `short` gives names on the page.
    """

    graph: Graph
    knobs: tuple[Knob, ...]
    claims: tuple[Score, ...]
    results: tuple[Result, ...]
    draws: pd.DataFrame
    units: Mapping[str, float]
    still: np.ndarray
    judged: int
    short: Mapping[str, str]

    @functools.cached_property
    def first(self) -> dict[str, float]:
        """Where the sliders start."""
        return {k.input.name: k.start for k in self.knobs}

    @functools.cached_property
    def live(self) -> tuple[Score, ...]:
        """Claims that some slider moves."""
        steps = {n.name for n in self.graph.nodes}
        return tuple(c for c in self.claims if c.name in steps)


# -- what has to be on the page -------------------------------------------------------------------


def prepare(
    graph: Graph,
    distributions: Mapping[str, Distribution],
    sliders: Sequence[Slider],
    claims: Sequence[Score],
    results: Sequence[Result],
    draws: int,
    rng: np.random.Generator,
) -> Board:
    """Cut the graph down to what sliders move and readers see, and draw what that needs.

    `draws`, a power of two, are taken as a Sobol sequence of all inputs. Raises ValueError for a
    slider that moves nothing that is shown.
    """
    names = {s.name for s in sliders}
    nodes = _moved(graph, names, [*(c.name for c in claims if c.name), *(r.name for r in results)])
    used = {n for node in nodes for n in formula.names(node.formula)}
    idle = [s.name for s in sliders if s.name not in used]
    if idle:
        raise ValueError(f"the slider {idle[0]!r} moves nothing that is shown")
    steps = {n.name for n in nodes}
    lost = [r.name for r in results if r.name not in steps]
    if lost:
        raise ValueError(f"no slider moves the result {lost[0]!r}")
    columns = _fewest(graph, steps, names)
    nodes = _between(graph, columns, steps)
    frame = _draws(graph, distributions, draws, rng)
    needed = [n for n in frame if n in columns]
    units = {n: _unit(frame[n].to_numpy()) for n in needed}
    still = [c.name for c in claims if c.name and c.name not in steps]
    return Board(
        Graph(tuple(_input(graph, n) for n in needed), nodes),
        tuple(_knob(_input(graph, s.name), s, distributions[s.name]) for s in sliders),
        tuple(claims),
        tuple(results),
        pd.DataFrame({n: np.round(frame[n].to_numpy() / u) * u for n, u in units.items()}),
        units,
        frame[still].sum(axis=1).to_numpy(),
        sum(bool(c.name) for c in claims),
        _short([*needed, *(n.name for n in nodes)]),
    )


def _moved(graph: Graph, sliders: set[str], shown: Sequence[str]) -> tuple[Node, ...]:
    """Steps between the sliders and what is shown."""
    upstream, moved = graph.upstream(shown), set(sliders)
    for node in graph.nodes:
        if moved & set(formula.names(node.formula)):
            moved.add(node.name)
    return tuple(n for n in graph.nodes if n.name in moved & upstream)


def _needs(graph: Graph, name: str) -> set[str]:
    return set(formula.names(graph.node(name).formula)) - set(CONSTANTS)


def _between(graph: Graph, columns: set[str], wanted: set[str]) -> tuple[Node, ...]:
    """Steps that lead from columns to the steps `wanted`, in order."""
    needed = set(wanted)
    for node in reversed(graph.nodes):
        if node.name in needed and node.name not in columns:
            needed |= _needs(graph, node.name)
    return tuple(n for n in graph.nodes if n.name in needed - columns)


def _fewest(graph: Graph, steps: set[str], sliders: set[str]) -> set[str]:
    """Inputs and steps whose draws the page gets, so that `steps` follow from few of them.

    It starts with what the steps need, and takes a column in place of several that follow from it
    and from others: one input that many surfaces scale comes once.
    """
    columns = {n for s in steps for n in _needs(graph, s)} - steps
    parents = {n.name: _needs(graph, n.name) for n in graph.nodes if n.name not in steps}
    better = True
    while better:
        better = False
        for extra in sorted({p for c in columns for p in parents.get(c, ())} - columns):
            more = columns | {extra}
            spared = {c for c in columns - sliders if c in parents and parents[c] <= more}
            if len(spared) > (extra not in columns):
                columns, better = more - spared, True
                break
    return columns


def _draws(
    graph: Graph, distributions: Mapping[str, Distribution], n: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Draws (n, inputs and steps) of the whole graph, each input held to its limits."""
    laws = {i.name: held(distributions[i.name], i.least, i.most) for i in graph.inputs}
    frame = sample(laws, n, rng, "sobol")
    steps = graph.evaluate({k: frame[k].to_numpy() for k in frame})
    later = pd.DataFrame({k: np.broadcast_to(v, n) for k, v in steps.items()})
    return pd.concat([frame, later], axis=1)


def _unit(draws: np.ndarray) -> float:
    """What draws (n,) are rounded to: the power of ten that leaves three digits of their spread.

    Positive draws keep two digits or more each, and what is always the same is its own unit.
    """
    if np.ptp(draws) == 0:
        return float(draws[0]) or 1.0
    low, high = np.quantile(draws, [0.05, 0.95])
    spread = high - low or np.ptp(draws)
    power = math.floor(math.log10(spread)) - 2
    if draws.min() > 0:
        power = min(power, math.floor(math.log10(draws.min())) - 1)
    return float(f"1e{power}")


def _input(graph: Graph, name: str) -> Input:
    """The graph's input of that name, or one that stands for a step that no slider moves."""
    for one in graph.inputs:
        if one.name == name:
            return one
    step = graph.node(name)
    return Input(name, name, (), step.unit, step.what)


def _knob(one: Input, slider: Slider, distribution: Distribution) -> Knob:
    """Round ends and start of a slider to steps of 1, 2 or 5, a hundredth of its range or less."""
    first, low, mid, high = distribution.ppf(np.array([0.01, 0.01, 0.5, 0.99]))
    mid = mid / slider.per
    low = low / slider.per if slider.low is None else slider.low
    high = high / slider.per if slider.high is None else slider.high
    if not low < mid < high:
        raise ValueError(f"the slider {one.name!r} needs {low:g} < {mid:g} < {high:g}")
    room = (high - low) / 100
    ten = 10 ** math.floor(math.log10(room))
    step = ten * max(m for m in (1, 2, 5) if m * ten <= room)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    ends = (math.floor(low / step), round(mid / step), math.ceil(high / step))
    by = "factor" if first > 0 and mid > 0 else "shift"
    if by == "factor":  # nothing is multiplied by zero
        ends = (max(1, ends[0]), *ends[1:])
    low, mid, high = (round(n * step, places) for n in ends)
    return Knob(one, slider.label, low, high, round(step, places), mid, slider.per, by)


def _short(names: Sequence[str]) -> dict[str, str]:
    """Initials for names, numbered where they meet: facility_mw is fm."""
    out: dict[str, str] = {}
    for name in names:
        initials = "".join(part[0] for part in name.split("_") if part)
        count = 0
        while (text := f"{initials}{count or ''}") in out.values():
            count += 1
        out[name] = text
    return out


# -- the same in Python ---------------------------------------------------------------------------


def evaluate(board: Board, settings: Mapping[str, float]) -> dict[str, np.ndarray]:
    """All steps on the page, and its moved inputs, with sliders at `settings`; name -> (draws,)."""
    values = {k: board.draws[k].to_numpy() for k in board.draws}
    for knob in board.knobs:
        name = knob.input.name
        values[name] = knob.moved(values[name], settings.get(name, knob.start))
    steps = board.graph.evaluate({i.name: values[i.name] for i in board.graph.inputs})
    return {**values, **{k: np.broadcast_to(v, len(board.draws)) for k, v in steps.items()}}


def rows(board: Board, settings: Mapping[str, float]) -> dict[str, Any]:
    """What the page says: chance by claim, quantiles by result, and how many claims hold at once.

    Returns `claims` (title -> probability), `results` (name -> low, mid, high), `held` (low, mid,
    high of the number that hold) and the chances that `all` and at least `half` of them hold.
    """
    values = evaluate(board, settings)
    chance = {c.title: float(values[c.name].mean()) for c in board.live}
    held = sum((values[c.name] for c in board.live), start=board.still)
    return {
        "claims": {c.title: chance.get(c.title, c.book) for c in board.claims},
        "results": {r.name: points(values[r.name]) for r in board.results},
        "held": points(held),
        "all": float((held == board.judged).mean()),
        "half": float((2 * held >= board.judged).mean()),
    }


def ranks(n: int) -> dict[str, int]:
    """Positions in n sorted draws, from 0, that stand for the 5, 50 and 95 % points."""
    return {k: round(p * (n - 1)) for k, p in POINTS.items()}


def points(values: np.ndarray) -> list[float]:
    """The 5, 50 and 95 % points of draws (n,), each one of the draws."""
    ordered = np.sort(values)
    return [float(ordered[at]) for at in ranks(len(ordered)).values()]


# -- the chart ------------------------------------------------------------------------------------


def chart(board: Board) -> alt.VConcatChart:
    """The scoreboard: how many claims hold at once, some results, and a bar for each claim."""
    raw: dict[str, Any] = {
        column(board, k): np.round(board.draws[k] / board.units[k]).astype(int).tolist()
        for k in board.draws
    }
    raw["n_still"] = board.still.astype(int).tolist()
    views = [_head(board), _results(board), _claims(board), *_still(board)]
    data = alt.InlineData(values=[raw])
    whole = alt.vconcat(*views, data=data, spacing=26).add_params(*map(_param, board.knobs))
    whole = whole.transform_flatten(list(raw))
    return _summed(charts.calculated(whole, steps(board)), board)


def column(board: Board, name: str) -> str:
    """Where the page has the draws of `name`: in capitals for what a slider moves."""
    moved = name in board.first
    return board.short[name].upper() if moved else board.short[name]


def _param(knob: Knob) -> alt.Parameter:
    bind = alt.binding_range(min=knob.low, max=knob.high, step=knob.step, name=f"{knob.label} ")
    return alt.param(name=knob.input.name, value=knob.start, bind=bind)


def steps(board: Board) -> dict[str, str]:
    """Short name -> Vega expression, in order: moved inputs, then each step of the graph."""
    short = board.short

    def draw(name: str) -> str:
        return f"(datum.{column(board, name)} * {board.units[name]!r})"

    def name(found: re.Match[str]) -> str:
        text = found[1]
        if text in CONSTANTS:
            return repr(CONSTANTS[text][0])
        still = text in board.units and text not in board.first
        return draw(text) if still else f"datum.{short[text]}"

    moved = {short[k.input.name]: k.formula(draw(k.input.name)) for k in board.knobs}
    later = {
        short[n.name]: re.sub(r"\bdatum\.(\w+)", name, formula.for_vega(n.formula))
        for n in board.graph.nodes
    }
    return moved | later


def _summed(whole: Any, board: Board) -> Any:
    """One row of all that is shown: how many draws hold, and the points of each result."""
    short, n = board.short, board.judged
    held = " + ".join(["datum.n_still", *(f"datum.{short[c.name]}" for c in board.live)])
    counts = {"n_all": f"datum.n_held == {n}", "n_half": f"2 * datum.n_held >= {n}"}
    whole = charts.calculated(whole, {"n_held": held, **counts})
    cuts = {}
    fields = {"n_held": "n_held", **{r.name: short[r.name] for r in board.results}}
    for key, field in fields.items():
        rank = [alt.WindowFieldDef(op="row_number", **{"as": f"r_{key}"})]
        whole = whole.transform_window(rank, sort=[alt.SortField(field)])
        for end, at in ranks(len(board.draws)).items():
            cuts[f"{key}_{end}"] = f"datum.r_{key} == {at + 1} ? datum.{field} : null"
    whole = charts.calculated(whole, cuts)
    sums = {f"s_{short[c.name]}": f"sum({short[c.name]})" for c in board.live}
    sums |= {"s_all": "sum(n_all)", "s_half": "sum(n_half)"}  # Vega's means are running ones
    return whole.transform_aggregate(**sums, **{k: f"max({k})" for k in cuts})


def _chance(p: str) -> str:
    """A probability in words, as `verdicts.chance` writes it, as an expression."""
    middle = f"format(100 * {p}, '.0f') + ' %'"
    return f"({p} > 0.99 ? 'above 99 %' : {p} < 0.01 ? 'below 1 %' : {middle})"


def _rating(p: str) -> str:
    """`verdicts.rate` as an expression."""
    text = json.dumps(verdicts.RATINGS[-1][1])
    for bound, word in reversed(verdicts.RATINGS[:-1]):
        sign = ">=" if bound < 0.5 else ">"
        text = f"{p} {sign} {bound!r} ? {json.dumps(word)} : {text}"
    return f"({text})"


def _head(board: Board) -> Any:
    """Two sentences: how many claims hold at once, and the chance of all and of half."""
    n = board.judged
    low, mid, high = (f"format(datum.n_held_{e}, 'd')" for e in POINTS)
    line1 = f"{mid} + ' of {n} claims hold at once (' + {low} + ' to ' + {high} + ').'"
    every, half = (_chance(f"(datum.s_{k} / {len(board.draws)})") for k in ("all", "half"))
    line2 = f"'All {n}: ' + {every} + ' of draws; half or more: ' + {half} + '.'"
    view = alt.layer(_line("line1", 0, fontWeight="bold"), _line("line2", 20))
    return view.transform_calculate(line1=line1, line2=line2).properties(height=34)


def _line(text: str, y: float, **more: Any) -> alt.Chart:
    """A sentence at a height in px."""
    words = alt.Chart().mark_text(align="left", baseline="top", fontSize=13, **more)
    return words.encode(x=alt.value(0), y=alt.value(y), text=f"{text}:N")


def _listed(view: Any, **columns: Sequence[str]) -> Any:
    """A view's single row as one row an item: each column is a list of Vega expressions."""
    count = len(next(iter(columns.values())))
    columns = {"row": [str(i) for i in range(count)], **columns}
    view = view.transform_calculate(**{k: f"[{', '.join(v)}]" for k, v in columns.items()})
    return view.transform_flatten(list(columns)).properties(height=alt.Step(STEP))


_ABOVE: dict[str, Any] = {  # an axis above its rows, all of its values also on a phone
    "orient": "top", "domain": False, "ticks": False, "tickCount": 10, "titleAnchor": "start",
    "titleColor": charts.theme()["text"]["color"], "titleFontWeight": "bold",
}  # fmt: skip


def _row() -> alt.Y:
    return alt.Y("row:O", axis=None, scale=alt.Scale(paddingInner=0, paddingOuter=0))


def _texts(**mark: Any) -> list[alt.Chart]:
    """A row's title on the left and what is said of it on the right, above its bar."""
    sides: dict[str, tuple[Any, str]] = {"left": (0, "title:N"), "right": ("width", "said:N")}
    return [
        alt.Chart()
        .mark_text(align=side, dy=UP, fontSize=12, **mark)
        .encode(x=alt.value(at), y=_row(), text=text)
        for side, (at, text) in sides.items()
    ]


def _results(board: Board) -> Any:
    """Each result over the book's own median, with its 90 % interval: pale at first, and now."""
    first = rows(board, {})["results"]
    columns: dict[str, list[str]] = {"title": [json.dumps(r.title) for r in board.results]}
    for i, end in enumerate(POINTS):
        columns[f"was_{end}"] = [repr(first[r.name][i] / first[r.name][1]) for r in board.results]
        columns[f"is_{end}"] = [
            f"datum.{r.name}_{end} / {first[r.name][1]!r}" for r in board.results
        ]
    said = []
    for r in board.results:
        low, mid, high = (f"format(datum.{r.name}_{e} / {r.per!r}, '{r.format}')" for e in POINTS)
        said.append(f"{mid} + ' (' + {low} + ' to ' + {high} + ')'")
    was = _span("was_low", "was_high", color=charts.GREY, opacity=0.4, height=12)
    now = _span("is_low", "is_high", color=charts.BLUE, opacity=0.55, height=6)
    dot = alt.Chart().mark_point(size=70, color=charts.BLUE, opacity=1, yOffset=DOWN)
    view = alt.layer(was, now, dot.encode(x=_times("is_mid"), y=_row()), *_texts())
    return _listed(view, **columns, said=said)


def _times(field: str) -> alt.X:
    named = "'\u00d7 ' + format(datum.value, '~r')"
    axis = alt.Axis(values=[1 / EDGE, 0.5, 1, 2, EDGE], labelExpr=named, **_ABOVE)
    scale = alt.Scale(type="log", domain=[1 / EDGE, EDGE], clamp=True, nice=False)
    title = "Results, times the book's middle"
    return alt.X(f"{field}:Q", title=title, scale=scale, axis=axis)


def _span(low: str, high: str, **mark: Any) -> alt.Chart:
    bar = alt.Chart().mark_bar(yOffset=DOWN, cornerRadius=0, **mark)
    return bar.encode(x=_times(low), x2=f"{high}:Q", y=_row())


def _claims(board: Board) -> Any:
    """A bar for each claim that sliders move, with the book's word and a tick at its verdict."""
    p = [f"(datum.s_{board.short[c.name]} / {len(board.draws)})" for c in board.live]
    view = alt.layer(_track(), _chances(1.0), _verdicts("book"), *_texts())
    return _listed(
        view,
        title=[json.dumps(c.title) for c in board.live],
        p=p,
        book=[repr(c.book) for c in board.live],
        said=[f"{_chance(x)} + ', ' + {_rating(x)}" for x in p],
    )


def _still(board: Board) -> list[Any]:
    """Pale bars of the claims that no slider moves, at their verdicts; nothing where all move."""
    still = [c for c in board.claims if c not in board.live]
    table = [{"row": i, "title": c.title, "p": c.book} for i, c in enumerate(still)]
    view = alt.layer(
        _chances(0.45, "What these sliders do not move"),
        *_texts(color=charts.theme()["axis"]["labelColor"]),
        data=alt.InlineData(values=table),
    )
    said = f"{_chance('datum.p')} + ', ' + {_rating('datum.p')}"
    return [view.transform_calculate(said=said).properties(height=alt.Step(STEP))] if still else []


def _percent(field: str, title: str) -> alt.X:
    bounds = [0.0, *sorted(b for b, _ in verdicts.RATINGS if 0.1 <= b <= 0.9), 1.0]
    axis = alt.Axis(values=bounds, labelExpr="format(100 * datum.value, '.0f') + ' %'", **_ABOVE)
    return alt.X(f"{field}:Q", title=title, scale=alt.Scale(domain=[0, 1]), axis=axis)


LIVE = "Chance that it holds; tick: verdict"


def _track() -> alt.Chart:
    """A pale line from 0 to 1 behind each bar, in place of a grid, which would cross the texts."""
    track = alt.Chart().mark_bar(
        yOffset=DOWN, height=7, cornerRadius=0, color=charts.theme()["axis"]["gridColor"]
    )
    return track.transform_calculate(zero="0", one="1").encode(
        x=_percent("zero", LIVE), x2="one:Q", y=_row()
    )


def _chances(opacity: float, title: str = LIVE) -> alt.Chart:
    bar = alt.Chart().mark_bar(yOffset=DOWN, height=7, opacity=opacity)
    hue = alt.Color(
        "hue:N",
        legend=None,
        scale=alt.Scale(
            domain=["yes", "even", "no"], range=[charts.GREEN, charts.GREY, charts.RED]
        ),
    )
    bar = bar.transform_calculate(
        zero="0", hue="datum.p > 0.66 ? 'yes' : datum.p < 0.33 ? 'no' : 'even'"
    )
    return bar.encode(x=_percent("zero", title), x2="p:Q", y=_row(), color=hue)


def _verdicts(field: str) -> alt.Chart:
    tick = alt.Chart().mark_tick(
        thickness=2, height=15, color=charts.theme()["text"]["color"], yOffset=DOWN
    )
    return tick.encode(x=_percent(field, LIVE), y=_row())
