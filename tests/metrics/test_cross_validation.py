from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss

from nids.config import Folds
from nids.folds.build import build
from nids.folds.fold import Fold, TrainingSet
from nids.folds.split import split
from nids.metrics.cross_validation import over_folds, validation_figures
from nids.metrics.judged_rows import JudgedRows
from nids.metrics.measures import applicable, figures_of

if TYPE_CHECKING:
    from nids.datasets.traffic import Traffic


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
    judged = JudgedRows(labels, probabilities, 0, training_set.attacks[fold.validation], unseen)
    assert {name: found[name] for name in applicable(unseen=bool(unseen.any()))} == figures_of(judged)
    assert set(found) == {*applicable(unseen=bool(unseen.any())), "confusion", "attacks"}

    class_of = traffic.dataset.label_maps[0].class_of_label
    assert sorted(entry["attack"] for entry in found["attacks"]) == sorted(set(attack))
    for entry in found["attacks"]:
        chosen = attack == entry["attack"]
        assert entry == {
            "attack": entry["attack"],
            "class": class_of[entry["attack"]],
            "unseen": entry["attack"] in fold.withheld,
            "rows": chosen.sum(),
            "detected": np.count_nonzero(predicted[chosen] != 0),
            "correct": np.count_nonzero(predicted[chosen] == labels[chosen]),
        }


def test_over_folds() -> None:
    folds = [{"accuracy": 0.5, "log_loss": 2.0, "confusion": []}, {"accuracy": 1.0, "log_loss": 4.0, "confusion": []}]
    assert over_folds(folds) == {
        "accuracy": 0.75,
        "accuracy_std": pytest.approx(0.125**0.5),
        "log_loss": 3.0,
        "log_loss_std": pytest.approx(2**0.5),
    }
    assert over_folds(folds[:1]) == {"accuracy": 0.5, "accuracy_std": 0.0, "log_loss": 2.0, "log_loss_std": 0.0}


def test_over_folds_that_lack_the_rows_of_a_measure() -> None:
    folds = [{"accuracy": 0.5, "recall.U2R": value} for value in (0.25, math.nan, 0.75)]
    means = over_folds(folds, ["recall.U2R"])
    assert (means["recall.U2R"], means["recall.U2R_std"]) == (0.5, pytest.approx(0.125**0.5))
    assert math.isnan(over_folds(folds[1:2], ["recall.U2R"])["recall.U2R"])
