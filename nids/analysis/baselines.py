"""The best trial, and the detector made of it, beside classical models on the same folds: a table, and what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from nids.metrics.formatting import NONE, mean_and_spread
from nids.metrics.measures import HEADLINE, UNSEEN_HEADLINE, described, label
from nids.metrics.significance import compare, in_words

if TYPE_CHECKING:
    from nids.analysis.summary import BestTrial
    from nids.results import Run

# In which the best trial is tested against the best baseline.
TESTED = (*HEADLINE, *(name for name in UNSEEN_HEADLINE if described(name).objective))
BEST = "best trial"
DETECTOR = "finalized"
CHOSEN_BY_THE_FOLDS = (
    "The trial and its number of epochs were chosen by these same folds, the baselines were not: that favours the "
    "trial, by how much the held-out files tell."
)


def figures_by_fold(run: Run, best: BestTrial) -> pd.DataFrame:
    """Return the figures of the best trial, of the detector and of each baseline by fold; empty without baselines.

    Columns: method, ours (whether it is no baseline), fold, training_rows, validation_rows, known_rows (those whose
    attack type was not withheld), and the store's figures.
    """
    baselines = run.baselines()
    if baselines.empty:
        return baselines
    baselines = baselines.assign(method=[*map(name_of, baselines["model"], baselines["resampled"])], ours=False)
    curves = run.table("curves", best.trial)
    ours = [curves[curves["epoch"] == best.epoch].assign(method=BEST)]
    final = run.evaluation("final")
    if final is not None:
        name = f"{DETECTOR} trial {final['trial']} (mean of {final['members']} seeds)"
        ours.append(pd.DataFrame(final["folds"]["by_fold"]).assign(method=name))
    sides = baselines.drop_duplicates("fold")[["fold", "training_rows", "validation_rows"]]
    figures = pd.concat(
        [*(part.assign(ours=True).merge(sides, on="fold") for part in ours), baselines], ignore_index=True
    )
    # A withheld attack type's rows have no part in most figures.
    counts = zip(baselines["fold"], baselines["confusion"], strict=True)
    known = {fold: sum(map(sum, confusion)) for fold, confusion in counts}
    return figures.assign(known_rows=figures["fold"].map(known))


def best_other(figures: pd.DataFrame) -> str:
    """Return which baseline of ``figures_by_fold`` is the best, in a sentence beside the headline's.

    By accuracy, as that; where attack types were withheld, by the macro-F1 that counts them. Empty if there are no
    figures.
    """
    others = figures[~figures["ours"]]
    measure = "unseen_macro_f1" if others["unseen_macro_f1"].notna().any() else "accuracy"
    name = best_in(figures, measure)
    if name is None:
        return ""
    best, ours = (
        mean_and_spread(measure, side[measure].mean(), side[measure].std(ddof=1))
        for side in (others[others["method"] == name], figures[figures["method"] == BEST])
    )
    # The accuracy of ours stands in the sentence before.
    beside = "" if measure == "accuracy" or ours == NONE else f"; the best trial has {ours}"
    return f"On the same folds, the best other model by {label(measure)} is {name}, with {best}{beside}."


def best_in(figures: pd.DataFrame, measure: str) -> str | None:
    """Return the name of the baseline of ``figures_by_fold`` with the best mean; None if none has the measure."""
    means = figures[~figures["ours"]].groupby("method")[measure].mean().dropna()
    if means.empty:
        return None
    return str(means.idxmin() if described(measure).direction == "min" else means.idxmax())


def name_of(model: str, resampled: bool) -> str:
    """Return what a baseline is called."""
    return f"{model}, resampled" if resampled else model


def table(figures: pd.DataFrame) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the headings and rows of ``figures_by_fold`` as means ± spread over the folds, ours first."""
    measures = [name for name in (*HEADLINE, *UNSEEN_HEADLINE) if figures[name].notna().any()]
    rows = []
    for method, group in figures.groupby("method", sort=False):
        std = group[measures].std(ddof=1)
        rows.append((str(method), *(mean_and_spread(name, group[name].mean(), std[name]) for name in measures)))
    return ("", *map(label, measures)), rows


def sentences(figures: pd.DataFrame) -> list[str]:
    """Return for each measure how ours, the detector if there is one, stands against the best baseline in it."""
    found = []
    method = figures.loc[figures["ours"], "method"].iloc[-1]
    ours = figures[figures["method"] == method].sort_values("fold")
    for name in TESTED:
        rival = best_in(figures, name)
        if rival is None:
            continue
        theirs = figures[figures["method"] == rival].sort_values("fold")
        judging = ours["validation_rows" if described(name).needs_unseen else "known_rows"]
        test = compare(ours[name], theirs[name], ours["training_rows"], judging)
        found.append(
            in_words(
                test,
                ours="the best trial" if method == BEST else f"the {method}",
                theirs=f"the best baseline ({rival})",
                measure=label(name),
                less_is_better=described(name).direction == "min",
            )
        )
    if found:
        found.append(CHOSEN_BY_THE_FOLDS)
    return found
