"""What the validation part of a fold says of a model, whatever the model is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nids.metrics.attack_types import count_by_attack
from nids.metrics.judged_rows import JudgedRows
from nids.metrics.measures import ON_FOLDS, figures_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nids.folds.fold import Fold, TrainingSet


def validation_figures(training_set: TrainingSet, fold: Fold, probabilities: np.ndarray) -> dict[str, Any]:
    """Return the figures of a fold.

    * each of ``nids.metrics.measures.ON_FOLDS``, those of unseen attacks only where attack types are withheld;
    * ``confusion``: counts of the rows of known attack types, as a list of lists (actual by predicted);
    * ``attacks``: for each attack type its ``attack``, ``class`` and whether it is ``unseen``, its ``rows``, and how
      many of them are ``detected`` as any attack and ``correct`` in their class.

    Args:
        training_set: What the folds share.
        fold: The fold.
        probabilities: Of its validation rows, float of shape (rows, classes).
    """
    labels, types = training_set.labels[fold.validation], training_set.attacks[fold.validation]
    unseen = np.isin(types, [training_set.attack_types.index(name) for name in fold.withheld])
    dataset = training_set.dataset
    rows = JudgedRows(labels, probabilities, dataset.benign_label, types, unseen)
    counts = count_by_attack(types, labels, rows.predicted, dataset.benign_label)
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
    return {**figures_of(rows), "confusion": rows.confusion.tolist(), "attacks": attacks}


def over_folds(results: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the means of the figures over the folds, each followed by its standard deviation as ``…_std``.

    Args:
        results: The figures of each fold.
    """
    means: dict[str, float] = {}
    for name in ON_FOLDS:
        if name not in results[0]:
            continue
        values = [result[name] for result in results]
        means[name] = float(np.mean(values))
        means[f"{name}_std"] = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return means
