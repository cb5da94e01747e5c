"""The chart of the detection rate of each attack type, in the style of ``nids.charts.theme``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from nids.charts.colours import BLUE, GREY, VERMILION
from nids.charts.theme import WIDTH, fields, heading

if TYPE_CHECKING:
    from nids.metrics.evaluation import Evaluation

SEEN, UNSEEN = "known from training", "unseen in training"
MOST_TYPES = 14


def data(evaluation: Evaluation, benign: str, most: int = MOST_TYPES) -> pd.DataFrame:
    """Return the detection rates of the attack types with the most rows of a held-out file.

    Args:
        evaluation: What ``nids.evaluation.evaluate.evaluate_detector`` says of the finalized trial.
        benign: The class of traffic that is no attack.
        most: The most types of either kind; the rest of it is one row, "other …".

    Returns:
        Columns attack, kind (``SEEN`` or ``UNSEEN``), rows, and detection_rate and recall, shares; unseen types first,
        and of each kind those with the most rows.
    """
    table = pd.DataFrame([dict(entry) for entry in evaluation.attacks if entry.class_name != benign])
    parts = []
    for kind, seen in ((UNSEEN, False), (SEEN, True)):
        chosen = table[table["seen"] == seen].sort_values(["rows", "attack"], ascending=[False, True])
        rest = chosen.iloc[most:]
        parts.append(chosen.iloc[:most].assign(kind=kind))
        if len(rest):
            total = int(rest["rows"].sum())
            shares = {name: (rest[name] * rest["rows"]).sum() / total for name in ("detection_rate", "recall")}
            parts.append(pd.DataFrame([{"attack": f"{len(rest)} others", "kind": kind, "rows": total, **shares}]))
    columns = ["attack", "kind", "rows", "detection_rate", "recall"]
    return pd.concat([part[columns] for part in parts if len(part)], ignore_index=True)


def draw(data: pd.DataFrame) -> alt.LayerChart:
    """Draw ``data``: a bar for the detection rate, a stroke for the recall of its class."""
    shown = data.assign(name=data["attack"] + " (" + data["rows"].map("{:,}".format) + ")")
    # Both kinds may have "… others" with as many rows; the sign keeps them apart, and shows no ink.
    shown["name"] = shown["name"].where(shown["kind"] == UNSEEN, shown["name"] + "\u200b")
    kinds = [UNSEEN, SEEN]
    base = alt.Chart(shown).encode(
        y=alt.Y("name:N", title=None, sort=shown["name"].tolist(), axis=alt.Axis(labelLimit=190)),
        tooltip=[
            *fields("attack"),
            alt.Tooltip("rows", format=","),
            alt.Tooltip("detection_rate", format=".1%", title="detection rate"),
            alt.Tooltip("recall", format=".1%"),
        ],
    )
    colour = alt.Color("kind:N", title=None, scale=alt.Scale(domain=kinds, range=[VERMILION, BLUE]))
    x = alt.X(
        "detection_rate:Q", title="share of the rows", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=".0%")
    )
    bars = base.mark_bar(size=11, opacity=0.85).encode(x=x, color=colour)
    # A bar of nothing has no colour to tell its kind by.
    ends = base.mark_point(filled=True, size=45, opacity=1).encode(x=x, color=colour)
    strokes = base.mark_tick(color=GREY, thickness=2.5, size=14).encode(x=alt.X("recall:Q", title="share of the rows"))
    # No longer than a telephone is wide.
    title = heading("Detection by attack type (rows)", "bar: detection rate; grey stroke: recall of its class")
    return alt.layer(bars, ends, strokes).properties(title=title, width=WIDTH, height=alt.Step(19))
