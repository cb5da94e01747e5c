from __future__ import annotations

import numpy as np
import pytest

from nids.detector.selection import mixed, select, select_without_each
from nids.metrics.judged_rows import JudgedRows

RANDOM = np.random.default_rng(0)


def judged(labels: np.ndarray, noise: float, seed: int) -> JudgedRows:
    """What a classifier makes of rows that is the less right, the more noise it has."""
    scores = np.eye(3)[labels] * 3 + np.random.default_rng(seed).normal(0, noise, (len(labels), 3))
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return JudgedRows.all_known(labels, probabilities.astype(np.float32), 0)


def a_fold(seed: int, *noise: float) -> list[JudgedRows]:
    labels = np.random.default_rng(seed).integers(3, size=400)
    return [judged(labels, each, 10 * seed + i) for i, each in enumerate(noise)]


def test_of_equals_the_mean_is_chosen() -> None:
    folds = [a_fold(seed, 2.0, 2.0, 2.0) for seed in (1, 2)]
    weights = select(folds, "log_loss")
    assert sum(weights) == pytest.approx(1)
    assert min(weights) > 0.15


@pytest.mark.parametrize("metric", ["log_loss", "macro_f1"])
def test_who_only_does_harm_is_left_out(metric: str) -> None:
    folds = [a_fold(seed, 0.5, 9.0) for seed in (1, 2)]
    assert select(folds, metric) == (1.0, 0.0)


def test_the_weights_are_no_worse_than_the_best_alone_or_the_plain_mean() -> None:
    folds = [a_fold(seed, 1.0, 1.5, 2.0, 3.0) for seed in (1, 2, 3)]
    weights = select(folds, "log_loss")

    def loss(shares: tuple[float, ...]) -> float:
        return float(np.mean([mixed(candidates, shares).log_loss for candidates in folds]))

    alone = [loss(tuple(shares)) for shares in np.eye(4).tolist()]
    assert loss(weights) <= min(*alone, loss((0.25,) * 4))
    # Counts of at most 20 rounds.
    assert any(np.allclose(np.round(np.array(weights) * n), np.array(weights) * n, atol=1e-9) for n in range(1, 21))


def test_a_folds_own_rows_have_no_part_in_its_weights() -> None:
    folds = [a_fold(1, 0.5, 9.0), a_fold(2, 9.0, 0.5), a_fold(3, 9.0, 0.5)]
    found = select_without_each(folds, [0, 0, 0], "log_loss")
    assert found[0] == (0.0, 1.0)
    assert found == [select([*folds[:i], *folds[i + 1 :]], "log_loss") for i in range(3)]
    assert select_without_each(folds[:1], [0], "log_loss") == [select(folds[:1], "log_loss")]


def test_folds_of_another_split_which_share_rows_have_no_part_either() -> None:
    folds = [a_fold(seed, *noise) for seed, noise in enumerate([(0.5, 9.0), (9.0, 0.5), (0.5, 9.0), (9.0, 0.5)])]
    assert select_without_each(folds, [0, 0, 1, 1], "log_loss") == [(0.0, 1.0), (1.0, 0.0), (0.0, 1.0), (1.0, 0.0)]


def test_mixed_is_the_weighted_mean() -> None:
    first, second = a_fold(1, 1.0, 2.0)
    found = mixed([first, second], (0.25, 0.75))
    np.testing.assert_allclose(found.probabilities, 0.25 * first.probabilities + 0.75 * second.probabilities, rtol=1e-6)
    assert found.labels is first.labels
    np.testing.assert_array_equal(mixed([first], (1.0,)).probabilities, first.probabilities)
