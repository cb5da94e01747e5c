from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss

from nids.config import Folds
from nids.folds.build import Fold, TrainingSet, build, split
from nids.metrics.attack_types import UNSEEN, unseen_figures
from nids.metrics.classification import SUMMARY
from nids.metrics.cross_validation import validation_figures

if TYPE_CHECKING:
    from nids.datasets.schema import Traffic


def made(traffic: Traffic, folds: Folds) -> tuple[TrainingSet, Fold, np.ndarray]:
    """A fold, and probabilities for its validation rows that are right more often than not."""
    training_set = TrainingSet.from_traffic(traffic)
    fold = build(training_set, 0, split(traffic, folds, seed=0)[0], folds, seed=0)
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(5), len(fold.validation))
    probabilities[np.arange(len(fold.validation)), training_set.labels[fold.validation]] += 0.3
    return training_set, fold, probabilities / probabilities.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("scheme", ["random", "unseen-attacks"])
def test_the_figures_of_a_fold(traffic: Traffic, scheme: str) -> None:
    folds = Folds.model_validate({"count": 3, "scheme": scheme, "resampling": "none"})
    training_set, fold, probabilities = made(traffic, folds)
    found = validation_figures(training_set, fold, probabilities)
    labels, predicted = training_set.labels[fold.validation], probabilities.argmax(axis=1)
    attack = traffic.attack.to_numpy()[fold.validation]
    unseen = np.isin(attack, fold.withheld)
    assert unseen.any() == (scheme == "unseen-attacks")

    known = ~unseen
    assert found["accuracy"] == accuracy_score(labels[known], predicted[known])
    assert found["log_loss"] == pytest.approx(log_loss(labels[known], probabilities[known], labels=range(5)))
    assert found["confusion"] == confusion_matrix(labels[known], predicted[known], labels=range(5)).tolist()
    if unseen.any():
        of_types = unseen_figures(labels, predicted, training_set.attacks[fold.validation], unseen, 5, benign=0)
        assert {name: found[name] for name in UNSEEN} == of_types
    assert set(found) == {*SUMMARY, *(UNSEEN if unseen.any() else ()), "confusion", "attacks"}

    class_of = traffic.dataset.class_map()
    assert sorted(entry["attack"] for entry in found["attacks"]) == sorted(set(attack))
    for entry in found["attacks"]:
        chosen = attack == entry["attack"]
        assert entry == {
            "attack": entry["attack"],
            "class": class_of[entry["attack"]],
            "unseen": entry["attack"] in fold.withheld,
            "rows": chosen.sum(),
            "flagged": np.count_nonzero(predicted[chosen] != 0),
            "recognized": np.count_nonzero(predicted[chosen] == labels[chosen]),
        }
