"""What the validation part of a fold says of a model, whatever the model is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nids.metrics.attack_types import UNSEEN, count_by_attack, unseen_figures
from nids.metrics.classification import SUMMARY, confusion_and_log_loss, summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nids.folds.build import Fold, TrainingSet

# Those of unseen attacks are there only where the folds withhold attack types.
FIGURES = (*SUMMARY, *UNSEEN)
# Of the others, more is better.
LESS_IS_BETTER = frozenset({"log_loss", "false_alarm_rate"})


def validation_figures(training_set: TrainingSet, fold: Fold, probabilities: np.ndarray) -> dict[str, Any]:
    """Return the figures of a fold.

    * each of ``nids.metrics.classification.SUMMARY``, of the rows of known attack types;
    * where attack types are withheld, each of ``nids.metrics.attack_types.UNSEEN``;
    * ``confusion``: counts of the rows of known attack types, as a list of lists (actual by predicted);
    * ``attacks``: for each attack type its ``attack``, ``class`` and whether it is ``unseen``, its ``rows``, and how
      many of them are ``flagged`` and ``recognized``.

    Args:
        training_set: What the folds share.
        fold: The fold.
        probabilities: Of its validation rows, float of shape (rows, classes).
    """
    labels, types = training_set.labels[fold.validation], training_set.attacks[fold.validation]
    unseen = np.isin(types, [training_set.attack_types.index(name) for name in fold.withheld])
    classes = training_set.dataset.classes
    benign = training_set.dataset.benign_label
    predicted = probabilities.argmax(axis=1)
    confusion, log_loss = confusion_and_log_loss(labels[~unseen], probabilities[~unseen])
    figures: dict[str, Any] = summary(confusion, log_loss)
    if unseen.any():
        figures |= unseen_figures(labels, predicted, types, unseen, len(classes), benign)
    counts = count_by_attack(types, labels, predicted, benign)
    attacks = [
        {
            "attack": training_set.attack_types[attack],
            "class": classes[label],
            "unseen": training_set.attack_types[attack] in fold.withheld,
            "rows": rows,
            "flagged": flagged,
            "recognized": recognized,
        }
        for attack, label, rows, flagged, recognized in zip(*(v.tolist() for v in vars(counts).values()), strict=True)
    ]
    return {**figures, "confusion": confusion.tolist(), "attacks": attacks}


def over_folds(results: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the means of the figures over the folds, each with its standard deviation beside it as ``…_std``.

    Args:
        results: The figures of each fold.
    """
    means: dict[str, float] = {}
    for name in FIGURES:
        if name not in results[0]:
            continue
        values = [result[name] for result in results]
        means[name] = float(np.mean(values))
        means[f"{name}_std"] = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return means
