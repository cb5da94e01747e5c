"""What ``nids.evaluation.leakage`` has measured: each leak in words and figures, on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.panel import Panel
from rich.text import Text

from nids.evaluation.leakage import (
    ENCODER_OF_ALL,
    NEW_MODEL,
    NEW_MODEL_LONGER,
    ONE_MODEL,
    RIGHT,
    SMOTE_FIRST,
    SMOTE_FIRST_REAL,
    summarize,
)
from nids.metrics.formatting import mean_and_spread, value
from nids.metrics.measures import HEADLINE, label
from nids.report.sentences import SYNTHETIC
from nids.tables import print_table

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from nids.datasets.traffic import Traffic


def explain(measured: pd.DataFrame) -> list[tuple[str, str]]:
    """Return for each leak its name, and in words what it does and by how much the figures moved."""
    summary = summarize(measured)
    last = measured[measured["fold"] == measured["fold"].max()].set_index("variant")["log_loss"]

    def figure(name: str, variant: str) -> str:
        return _figure(summary, name, variant)

    smote_first = (
        "A synthetic row lies between two real ones. Made before the split, it may stand in training while the rows "
        f"it was made of are validated on, or the other way round. {_moves(measured, RIGHT, SMOTE_FIRST)} The real "
        f"rows of the same validation parts give a macro-F1 of {figure('macro_f1', SMOTE_FIRST_REAL)}: what lies "
        f"between this and {figure('macro_f1', SMOTE_FIRST)} comes from counting synthetic rows as if they were "
        "traffic."
    )
    encoder = (
        "Ranges and categories are learned from the validation rows too. "
        f"{_moves(measured, RIGHT, ENCODER_OF_ALL)} A tree hardly notices how its columns are scaled; a model that "
        "does may be moved further."
    )
    one_model = (
        "From the second fold on, the model is validated on rows that it was trained on before. "
        f"{_moves(measured, NEW_MODEL, ONE_MODEL)} New models that train for as many epochs, each on its own fold, "
        f"show what mere training does: a macro-F1 of {figure('macro_f1', NEW_MODEL_LONGER)} and a log-loss of "
        f"{figure('log_loss', NEW_MODEL_LONGER)}. On the last fold, after equally many epochs, the log-loss is "
        f"{value('log_loss', last[ONE_MODEL])} for the one model and {value('log_loss', last[NEW_MODEL_LONGER])} for "
        "the new one. How much it is depends on the network and on its training; this one was chosen among four "
        "because it shows the effect most clearly."
    )
    return [
        ("SMOTE before the split", smote_first),
        ("An encoder fitted on all rows", encoder),
        ("One model trained on through all folds", one_model),
    ]


def show(measured: pd.DataFrame, traffic: Traffic, console: Console) -> None:
    """Print the table of all variants, and each leak in words."""
    summary = summarize(measured)
    folds = measured["fold"].nunique()
    console.print(Text(f"Leaks on {traffic.source}, {len(traffic.label):,} rows, {folds} folds", style="bold"))
    if traffic.dataset.synthetic:
        console.print(Panel(Text(SYNTHETIC, style="bold"), style="yellow", expand=False))
    rows = [
        (str(variant), model, *(_figure(summary, name, str(variant)) for name in HEADLINE))
        for variant, model in summary["model"].items()
    ]
    title = "Decision tree and MLP: mean ± standard deviation over the folds"
    print_table(console, title, ("variant", "model", *map(label, HEADLINE)), rows, words=2)
    for leak, text in explain(measured):
        console.print(Text.assemble((f"{leak}. ", "bold"), text, "\n"))


def _figure(summary: pd.DataFrame, name: str, variant: str) -> str:
    return mean_and_spread(name, summary[name][variant], summary[f"{name}_std"][variant])


def _moves(measured: pd.DataFrame, right: str, leaky: str) -> str:
    """Return "Macro-F1 moves from 85 ± 7 % to 99.81 ± 0.05 % (+15 ± 7 points), log-loss from … to … (…)."."""
    summary = summarize(measured)
    texts = []
    for name in ("macro_f1", "log_loss"):
        before, after = (measured[measured["variant"] == variant].set_index("fold")[name] for variant in (right, leaky))
        move = after - before
        # Where the validation rows are others, folds of the same number have nothing in common but that.
        spread = float(np.hypot(before.std(), after.std()) if leaky == SMOTE_FIRST else move.std())
        moved = _move(name, float(move.mean()), spread) if move.any() else "no change"
        # The one model's lead grows from fold to fold by itself: its spread is not chance.
        little = leaky == ENCODER_OF_ALL and move.any() and abs(move.mean()) <= spread
        moved += ", no more than it differs from fold to fold" if little else ""
        texts.append(f"from {_figure(summary, name, right)} to {_figure(summary, name, leaky)} ({moved})")
    return f"Macro-F1 moves {texts[0]}, log-loss {texts[1]}."


def _move(name: str, move: float, spread: float) -> str:
    text = mean_and_spread(name, abs(move), spread).replace(" %", " points")
    return f"{'−' if move < 0 else '+'}{text}"
