"""Models that a run's folds judge, trials and baselines alike: their figures by class, and their confusions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nids.analysis.baselines import name_of
from nids.metrics.classification import class_figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nids.results import Run

CLASS_MEASURES = ("precision", "recall", "f1", "false_positive_rate")


@dataclass(frozen=True)
class Judged:
    """What the folds say of one model.

    Attributes:
        name: What to call it.
        classes: A row a fold × class, as the run store's classes have it.
        confusions: A row a fold × actual × predicted, as the run store's confusions have it.
    """

    name: str
    classes: pd.DataFrame
    confusions: pd.DataFrame


def of_trial(run: Run, trial: int) -> Judged:
    """Return what the folds say of a trial."""
    return Judged(f"trial {trial}", run.table("classes", trial), run.table("confusions", trial))


def baseline_names(baselines: pd.DataFrame) -> list[str]:
    """Return what the baselines of ``Run.baselines`` are called, in their order."""
    if baselines.empty:
        return []
    return list(dict.fromkeys(map(name_of, baselines["model"], baselines["resampled"])))


def of_baseline(baselines: pd.DataFrame, name: str, classes: Sequence[str]) -> Judged:
    """Return what the folds say of a baseline.

    Args:
        baselines: As ``Run.baselines`` returns them.
        name: One of ``baseline_names``.
        classes: All classes, in the order of the confusion matrices.
    """
    named = [*map(name_of, baselines["model"], baselines["resampled"])]
    rows, counts = [], []
    for fold, matrix in baselines.loc[[one == name for one in named], ["fold", "confusion"]].itertuples(index=False):
        confusion = np.array([list(row) for row in matrix], dtype=np.int64)
        figures = vars(class_figures(confusion))
        for i, actual in enumerate(classes):
            rows.append(
                {"trial": -1, "fold": fold, "class": actual, **{key: v[i].item() for key, v in figures.items()}}
            )
            counts += [
                {"trial": -1, "fold": fold, "actual": actual, "predicted": other, "count": int(confusion[i, j])}
                for j, other in enumerate(classes)
            ]
    return Judged(name, pd.DataFrame(rows), pd.DataFrame(counts))


def confusion_of(judged: Judged, fold: int | None) -> pd.DataFrame:
    """Return a model's confusions in the form of one trial's, of one fold or, with None, of all."""
    chosen = judged.confusions if fold is None else judged.confusions[judged.confusions["fold"] == fold]
    return chosen.assign(trial=0)


def weakest(summary: pd.DataFrame, confusions: pd.DataFrame) -> tuple[str, str, int, int] | None:
    """Return the class with the lowest F1, the class that its rows are most often taken for, how many, and of how many.

    Where several classes are taken for it as often, they are named with "and" between them.

    Args:
        summary: As ``class_summary`` returns it.
        confusions: The same model's confusions.

    Returns:
        None without figures; the second class is empty if none of the rows is taken for another, and so it is without
        confusions, with 0 rows.
    """
    if summary.empty or summary["f1_mean"].isna().all():
        return None
    name = str(summary["f1_mean"].idxmin())
    rows = confusions[confusions["actual"] == name]
    wrong = rows[rows["predicted"] != name].groupby("predicted")["count"].sum()
    total = int(rows["count"].sum())
    if wrong.empty or wrong.max() == 0:
        return name, "", 0, total
    return name, " and ".join(map(str, wrong.index[wrong == wrong.max()])), int(wrong.max()), total


def class_summary(classes: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """Return ``RunSummary.classes`` of any model that was judged by folds.

    Args:
        classes: Its rows as in the run store's classes, a row a fold × class.
        order: All classes, in the order of the rows.
    """
    # A class without a row in a fold has no score there: the zero that is stored would read as a failure.
    chosen = classes.assign(**{name: classes[name].where(classes["support"] > 0) for name in CLASS_MEASURES[:3]})
    groups = chosen.groupby("class")
    columns = {"support": groups["support"].sum()}
    for measure in CLASS_MEASURES:
        for statistic in ("mean", "std", "min", "max"):
            columns[f"{measure}_{statistic}"] = groups[measure].agg(statistic)
    table = pd.DataFrame(columns)
    return table.reindex([name for name in order if name in table.index]).rename_axis("class")


def attack_summary(attacks: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """Return a row an attack type, as ``RunSummary.attacks``, of a trial's rows of the run store's attacks."""
    table = attacks.groupby(["attack", "class", "unseen"], as_index=False)[["rows", "detected", "correct"]].sum()
    table[["detected", "correct"]] = table[["detected", "correct"]].div(table["rows"], axis=0)
    table["class"] = pd.Categorical(table["class"], list(order))
    return table.sort_values(["class", "unseen", "rows"], ascending=[True, False, False]).set_index("attack")
