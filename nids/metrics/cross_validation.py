"""What the validation part of a fold says of a model, whatever the model is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nids.metrics.attack_types import count_by_attack
from nids.metrics.judged_rows import JudgedRows
from nids.metrics.measures import ON_FOLDS, figures_of
from nids.metrics.on_demand import figures_on_demand

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nids.folds.fold import Fold, TrainingSet


def validation_figures(
    training_set: TrainingSet, fold: Fold, probabilities: np.ndarray, on_demand: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the figures of a fold.

    * each of ``nids.metrics.measures.ON_FOLDS``, those of unseen attacks only where attack types are withheld;
    * those of ``on_demand``;
    * ``confusion``: counts of the rows of known attack types, as a list of lists (actual by predicted);
    * ``attacks``: for each attack type its ``attack``, ``class`` and whether it is ``unseen``, its ``rows``, and how
      many of them are ``detected`` as any attack and ``correct`` in their class.

    Args:
        training_set: What the folds share.
        fold: The fold.
        probabilities: Of its validation rows, float of shape (rows, classes).
        on_demand: Names of measures of ``nids.metrics.on_demand``.
    """
    dataset = training_set.dataset
    rows = judged_rows(training_set, fold, probabilities)
    counts = count_by_attack(rows.attacks, rows.labels, rows.predicted, dataset.benign_label)
    attacks = [
        {
            "attack": training_set.attack_types[attack],
            "class": dataset.classes[label],
            "unseen": training_set.attack_types[attack] in fold.withheld,
            "rows": count,
            "detected": detected,
            "correct": correct,
        }
        for attack, label, count, detected, correct in zip(*(v.tolist() for v in vars(counts).values()), strict=True)
    ]
    figures = figures_on_demand(on_demand, rows, dataset.classes) | figures_of(rows)
    return {**figures, "confusion": rows.confusion.tolist(), "attacks": attacks}


def judged_rows(training_set: TrainingSet, fold: Fold, probabilities: np.ndarray) -> JudgedRows:
    """Return the validation rows of a fold with a model's probabilities; arguments as for ``validation_figures``."""
    labels, types = training_set.labels[fold.validation], training_set.attacks[fold.validation]
    unseen = np.isin(types, [training_set.attack_types.index(name) for name in fold.withheld])
    return JudgedRows(labels, probabilities, training_set.dataset.benign_label, types, unseen)


def over_folds(results: Sequence[Mapping[str, Any]], on_demand: Sequence[str] = ()) -> dict[str, float]:
    """Return the means of the figures over the folds, each followed by its standard deviation as ``…_std``.

    Args:
        results: The figures of each fold.
        on_demand: As for ``validation_figures``.
    """
    means: dict[str, float] = {}
    for name in dict.fromkeys((*ON_FOLDS, *on_demand)):
        if name not in results[0]:
            continue
        values = np.array([result[name] for result in results], dtype=np.float64)
        if name in on_demand:
            # Those folds count that have the rows which it is of.
            values = values[~np.isnan(values)]
        means[name] = float(values.mean()) if len(values) else float("nan")
        means[f"{name}_std"] = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return means
