"""The best trial, the detector made of it, and classical models on the same folds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from nids.metrics.measures import HEADLINE, UNSEEN_HEADLINE, described

if TYPE_CHECKING:
    from nids.analysis.summary import BestTrial
    from nids.results import Run

# In which the best trial is tested against the best baseline.
TESTED = (*HEADLINE, *(name for name in UNSEEN_HEADLINE if described(name).objective))
BEST = "best trial"
DETECTOR = "finalized"
TUNED = "tuned "  # begins the names of those that were tuned on the folds
MAJORITY_CLASS = "majority class"  # the one baseline that does not learn from features


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
    models = [curves[curves["epoch"] == best.epoch].assign(method=BEST)]
    final = run.final_evaluation()
    if final is not None:
        alone = f"trial {final.trial} (mean of {final.members} seeds)"
        name = f"{DETECTOR} {f'ensemble ({final.members} models)' if final.components else alone}"
        rows = [{"fold": fold.fold, **fold.figures} for fold in final.folds.by_fold]
        numbers = dict.fromkeys(final.folds.by_fold[0].figures, float)
        models.append(pd.DataFrame(rows).astype(numbers).assign(method=name))
    sides = baselines.drop_duplicates("fold")[["fold", "training_rows", "validation_rows"]]
    figures = pd.concat(
        [*(part.assign(ours=True).merge(sides, on="fold") for part in models), baselines], ignore_index=True
    )
    # A withheld attack type's rows have no part in most figures.
    counts = zip(baselines["fold"], baselines["confusion"], strict=True)
    known = {fold: sum(map(sum, confusion)) for fold, confusion in counts}
    return figures.assign(known_rows=figures["fold"].map(known))


def best_in(figures: pd.DataFrame, measure: str) -> str | None:
    """Return the name of the baseline of ``figures_by_fold`` with the best mean; None if none has the measure."""
    means = figures[~figures["ours"]].groupby("method")[measure].mean().dropna()
    if means.empty:
        return None
    return str(means.idxmin() if described(measure).direction == "min" else means.idxmax())


def name_of(model: str, resampled: bool) -> str:
    """Return what a baseline is called."""
    return f"{model}, resampled" if resampled else model
