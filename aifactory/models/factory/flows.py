"""Pictures of the factory: ribbons between columns, and steps down from a sum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

POINTS = 25  # along a ribbon's bend


def ribbons(
    links: pd.DataFrame, columns: Sequence[Sequence[str]], gap: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lay out a Sankey diagram (Schmidt 2008, doi:10.1111/j.1530-9290.2008.00004.x).

    `links` has source, target and value (one positive unit throughout); `columns` lists the nodes
    of each column from left to right, top to bottom; `gap` is the space between nodes, in that
    unit. A node is as tall as the larger of what comes in and what goes out. Returns boxes (node,
    x, low, high, value) and ribbons (link, source, target, value, x, low, high), `POINTS` rows a
    link. Raises ValueError for a link whose ends are not in columns one after the other.
    """
    place = {node: at for at, column in enumerate(columns) for node in column}
    for row in links.itertuples():
        if row.source not in place or place.get(row.target) != place[row.source] + 1:
            raise ValueError(f"{row.source} to {row.target} does not lead to the next column")
    into, out = links.groupby("target")["value"].sum(), links.groupby("source")["value"].sum()
    boxes = []
    for at, column in enumerate(columns):
        top = 0.0
        for node in column:
            height = max(into.get(node, 0.0), out.get(node, 0.0))
            boxes.append({"node": node, "x": at, "low": top - height, "high": top, "value": height})
            top -= height + gap
    frame = pd.DataFrame(boxes)
    return frame, _bends(links, frame.set_index("node"))


def _bends(links: pd.DataFrame, boxes: pd.DataFrame) -> pd.DataFrame:
    left = boxes["high"].to_dict()
    right = dict(left)
    order = {node: at for at, node in enumerate(boxes.index)}
    t = np.linspace(0, 1, POINTS)
    bend = t * t * (3 - 2 * t)
    parts = []
    ends = links.assign(
        a=links["source"].map(order), b=links["target"].map(order), link=range(len(links))
    )
    starts = {}
    for row in ends.sort_values(["a", "b"]).itertuples():
        starts[row.link] = left[row.source]
        left[row.source] -= row.value
    for row in ends.sort_values(["b", "a"]).itertuples():
        high = starts[row.link] + (right[row.target] - starts[row.link]) * bend
        right[row.target] -= row.value
        parts.append(
            pd.DataFrame(
                {
                    "link": row.link, "source": row.source, "target": row.target,
                    "value": row.value, "x": boxes.loc[row.source, "x"] + t,
                    "low": high - row.value, "high": high,
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def steps_down(labels: Sequence[str], kept: np.ndarray) -> pd.DataFrame:
    """A waterfall from a sum down to what is kept: label, low, high, lost, one row a step.

    `kept` (steps + 1,) starts with the whole and never rises; `labels` (steps,) name the losses.
    Raises ValueError where they disagree or something is gained.
    """
    kept = np.asarray(kept, dtype=float)
    if len(kept) != len(labels) + 1 or (np.diff(kept) > 1e-9 * kept[0]).any():
        raise ValueError("a waterfall needs one loss a label, and nothing gained on the way")
    return pd.DataFrame(
        {"label": list(labels), "low": kept[1:], "high": kept[:-1], "lost": kept[:-1] - kept[1:]}
    )
