"""The best trial beside classical models on the same folds: a table, and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from nids.charts import label
from nids.comparison import compare, in_words
from nids.report.rounding import mean_and_spread

if TYPE_CHECKING:
    from nids.report.contents import Best
    from nids.results import Run

MEASURES = ("accuracy", "macro_f1", "log_loss")
UNSEEN = ("unseen_macro_f1", "unseen_flagged", "false_alarms")
BEST = "best trial"


def figures_by_fold(run: Run, best: Best) -> pd.DataFrame:
    """Return the figures of the best trial and of each baseline on each fold; empty if no baseline was measured.

    Columns: method, fold, training_rows, validation_rows, and the run store's figures.
    """
    baselines = run.baselines()
    if baselines.empty:
        return baselines
    resampled = baselines["resampled"].map({False: "", True: ", resampled"})
    baselines = baselines.assign(method=baselines["model"] + resampled)
    curves = run.curves()
    ours = curves[(curves["trial"] == best.trial) & (curves["epoch"] == best.epoch)].assign(method=BEST)
    sides = baselines.drop_duplicates("fold")[["fold", "training_rows", "validation_rows"]]
    return pd.concat([ours.merge(sides, on="fold"), baselines], ignore_index=True)


def table(figures: pd.DataFrame) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the headings and rows of ``figures_by_fold`` as means ± spread over the folds, the best trial first."""
    measures = [name for name in (*MEASURES, *UNSEEN) if figures[name].notna().any()]
    rows = []
    for method, group in figures.groupby("method", sort=False):
        std = group[measures].std(ddof=1)
        rows.append((str(method), *(mean_and_spread(name, group[name].mean(), std[name]) for name in measures)))
    return ("", *map(label, measures)), rows


def sentences(figures: pd.DataFrame) -> list[str]:
    """Return for each measure how the best trial stands against the baseline that is best in it."""
    found = []
    ours = figures[figures["method"] == BEST].sort_values("fold")
    for name in (*MEASURES, "unseen_macro_f1"):
        less = name == "log_loss"
        means = figures[figures["method"] != BEST].groupby("method")[name].mean().dropna()
        if means.empty:
            continue
        rival = str(means.idxmin() if less else means.idxmax())
        theirs = figures[figures["method"] == rival].sort_values("fold")
        test = compare(ours[name], theirs[name], ours["training_rows"], ours["validation_rows"])
        found.append(
            in_words(
                test,
                ours="the best trial",
                theirs=f"the best baseline, {rival}",
                measure=label(name),
                less_is_better=less,
            )
        )
    return found
