from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from nids.errors import UserError
from nids.metrics.detection import (
    Detection,
    attack_scores,
    class_pr_auc,
    class_roc_auc,
    pr_auc,
    precision_at,
    roc_auc,
    roc_points,
    threshold_at,
)

RNG = np.random.default_rng(0)


def probabilities(rows: int, classes: int = 5) -> np.ndarray:
    return RNG.dirichlet(np.ones(classes), rows).astype(np.float32)


def test_the_attack_score_is_the_sum_of_the_other_classes() -> None:
    rows = np.array([[0.5, 0.25, 0.25], [0.0, 0.125, 0.875]], dtype=np.float32)
    for benign, expected in enumerate([[0.5, 1.0], [0.75, 0.875], [0.75, 0.125]]):
        scores = attack_scores(rows, benign)
        assert scores.dtype == np.float64
        np.testing.assert_array_equal(scores, expected)


def test_small_attack_scores_keep_their_digits() -> None:
    rows = np.array([[1, 1e-9, 2e-9], [1, 2e-9, 2e-9]], dtype=np.float32)
    np.testing.assert_allclose(attack_scores(rows, 0), [3e-9, 4e-9], rtol=1e-6)


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_row_has_the_same_score_in_every_batch(order: Literal["C", "F"]) -> None:
    rows = np.array(probabilities(1000, classes=23), order=order)
    apart = np.concatenate([attack_scores(rows[i : i + 7], 2) for i in range(0, 1000, 7)])
    np.testing.assert_array_equal(attack_scores(rows, 2), apart)


SCORES = [
    pytest.param(RNG.random(1000), id="distinct"),
    pytest.param(RNG.integers(6, size=500) / 5, id="ties"),
    pytest.param(np.repeat([0.0, 1.0], [90, 10]), id="two values"),
    pytest.param(np.full(40, 0.3), id="one value"),
    pytest.param(np.array([0.7]), id="one row"),
    pytest.param(RNG.random(100).astype(np.float32), id="float32"),
]


@pytest.mark.parametrize("scores", SCORES)
@pytest.mark.parametrize("rate", [0.0, 0.001, 0.01, 0.05, 0.07, 0.1, 0.29, 0.5, 0.57, 0.9, 0.999])
def test_the_threshold_keeps_its_promise_and_no_lower_one_does(scores: np.ndarray, rate: float) -> None:
    def reached(threshold: float) -> float:
        return np.count_nonzero(scores.astype(np.float64) > threshold) / len(scores)

    threshold = threshold_at(scores, rate)
    assert type(threshold) is float
    assert reached(threshold) <= rate
    assert reached(np.nextafter(threshold, -math.inf)) > rate


def test_the_threshold_of_distinct_scores_spends_the_whole_rate() -> None:
    scores = np.random.default_rng(1).permutation(np.arange(100) / 100)
    assert threshold_at(scores, 0.05) == 0.94
    assert threshold_at(scores, 0.29) == 0.70  # although 0.29 * 100 < 29
    assert threshold_at(scores, 0.0) == 0.99


def test_a_rate_of_whole_rows_is_met_exactly_and_one_just_below_it_is_not_exceeded() -> None:
    for rows in range(1, 80):
        scores = np.arange(rows)
        for alerts in range(rows):
            assert threshold_at(scores, alerts / rows) == rows - 1 - alerts
            if alerts:
                assert threshold_at(scores, math.nextafter(alerts / rows, 0)) == rows - alerts


@pytest.mark.parametrize(
    ("scores", "rate", "message"),
    [
        pytest.param(
            np.empty(0),
            0.01,
            "found no benign rows to take a threshold from: a false-positive rate is a share of benign rows. "
            "Use rows among which benign traffic occurs.",
            id="no rows",
        ),
        pytest.param(
            np.array([0.1, np.nan, 0.2]),
            0.01,
            "found 1 of 3 attack scores that are not finite, and no threshold can be taken from them: the detector's "
            "training has diverged. Train it again, with a lower learning rate.",
            id="NaN",
        ),
        *(
            pytest.param(
                np.array([0.1]),
                rate,
                f"the false-positive rate asked for is {rate}, but must be at least 0 and below 1, as 0.01 is.",
                id=str(rate),
            )
            for rate in (1.0, -0.1, math.nan)
        ),
    ],
)
def test_a_threshold_that_cannot_be_had_is_refused(scores: np.ndarray, rate: float, message: str) -> None:
    with pytest.raises(UserError) as caught:
        threshold_at(scores, rate)
    assert str(caught.value) == message


def test_a_detection_counts_what_is_strictly_above_the_threshold() -> None:
    scores = np.array([0.9, 0.8, 0.5, 0.5, 0.4, 0.9, 0.5, 0.1])
    is_attack = np.array([True, True, True, True, True, False, False, False])
    assert Detection.at_threshold(scores, is_attack, 0.5) == Detection(
        threshold=0.5, detection_rate=2 / 5, false_positive_rate=1 / 3, precision=2 / 3
    )


def test_a_detection_is_that_of_scikit_learn() -> None:
    scores, is_attack = RNG.random(300), RNG.random(300) < 0.3
    found = Detection.at_threshold(scores, is_attack, 0.6)
    assert found.detection_rate == pytest.approx(sklearn_metrics.recall_score(is_attack, scores > 0.6))
    assert 1 - found.false_positive_rate == pytest.approx(sklearn_metrics.recall_score(~is_attack, scores <= 0.6))
    assert found.precision == pytest.approx(sklearn_metrics.precision_score(is_attack, scores > 0.6))


def test_a_figure_without_rows_is_nan() -> None:
    attacks = Detection.at_threshold(np.array([0.2, 0.6]), np.array([True, True]), 0.5)
    np.testing.assert_array_equal(
        [attacks.detection_rate, attacks.false_positive_rate, attacks.precision], [0.5, np.nan, 1]
    )
    benign = Detection.at_threshold(np.array([0.2, 0.4]), np.array([False, False]), 0.5)
    np.testing.assert_array_equal(
        [benign.detection_rate, benign.false_positive_rate, benign.precision], [np.nan, 0, np.nan]
    )


def test_the_precision_at_a_base_rate_is_that_of_bayes() -> None:
    # One attack in 10,000 rows: of a million rows 100 are attacks, all found, and 9,999 of the others are flagged.
    assert precision_at(1.0, 0.01, 1e-4) == pytest.approx(100 / 10_099)
    assert precision_at(0.8, 0.0, 0.001) == 1.0
    assert precision_at(0.8, 0.1, 0.0) == 0.0
    assert math.isnan(precision_at(0.0, 0.0, 0.5))


def test_the_precision_at_the_rows_own_base_rate_is_their_precision() -> None:
    scores, is_attack = RNG.random(300), RNG.random(300) < 0.3
    found = Detection.at_threshold(scores, is_attack, 0.6)
    again = precision_at(found.detection_rate, found.false_positive_rate, is_attack.mean())
    assert again == pytest.approx(found.precision)


def test_the_areas_under_the_curves() -> None:
    scores, is_attack = np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])
    assert roc_auc(scores, is_attack) == 0.75  # of the four pairs, one stands the wrong way round
    assert pr_auc(scores, is_attack) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_the_areas_of_each_class_are_those_of_scikit_learn() -> None:
    labels, scores = RNG.integers(5, size=400), probabilities(400).astype(np.float64)
    one_hot = np.eye(5, dtype=bool)[labels]
    np.testing.assert_allclose(
        class_roc_auc(labels, scores), sklearn_metrics.roc_auc_score(one_hot, scores, average=None)
    )
    np.testing.assert_allclose(
        class_pr_auc(labels, scores), sklearn_metrics.average_precision_score(one_hot, scores, average=None)
    )


def test_a_class_without_rows_or_without_others_has_no_area() -> None:
    labels = np.array([0, 0, 1, 1])
    scores = np.array([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1]])
    for areas in (class_roc_auc(labels, scores), class_pr_auc(labels, scores)):
        np.testing.assert_array_equal(areas, [1, 1, np.nan])
    for area in (roc_auc, pr_auc):
        assert math.isnan(area(np.array([0.1, 0.2]), np.array([True, True])))
        assert math.isnan(area(np.array([0.1, 0.2]), np.array([False, False])))
        assert math.isnan(area(np.empty(0), np.empty(0, dtype=bool)))


def test_a_short_roc_curve_is_that_of_scikit_learn() -> None:
    scores, is_attack = np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])
    false_positive_rate, detection_rate = roc_points(scores, is_attack)
    np.testing.assert_array_equal(false_positive_rate, [0, 0, 0.5, 0.5, 1])
    np.testing.assert_array_equal(detection_rate, [0, 0.5, 0.5, 1, 1])


@pytest.mark.parametrize("most", [2, 10, 200])
@pytest.mark.parametrize("decimals", [2, 12])
def test_a_long_roc_curve_is_thinned_to_points_that_it_passes_through(most: int, decimals: int) -> None:
    is_attack = RNG.random(20_000) < 0.4
    scores = np.round(RNG.normal(size=20_000) + 2 * is_attack, decimals)
    whole = np.column_stack(sklearn_metrics.roc_curve(is_attack, scores)[:2])
    thinned = np.column_stack(roc_points(scores, is_attack, most))
    assert 2 <= len(thinned) <= most
    assert thinned[0].tolist() == [0, 0]
    assert thinned[-1].tolist() == [1, 1]
    assert {tuple(point) for point in thinned} <= {tuple(point) for point in whole}
    kept = thinned.sum(axis=1)
    before = kept[np.searchsorted(kept, whole.sum(axis=1), side="right") - 1]
    assert (whole.sum(axis=1) - before).max() < 2 / (most - 1)


def test_a_thinned_roc_curve_has_nearly_the_same_area() -> None:
    is_attack = RNG.random(20_000) < 0.4
    scores = RNG.normal(size=20_000) + 2 * is_attack
    thinned = roc_points(scores, is_attack)
    assert len(thinned[0]) > 100
    assert sklearn_metrics.auc(*thinned) == pytest.approx(roc_auc(scores, is_attack), abs=1e-3)


def test_without_rows_of_both_sides_there_is_no_curve() -> None:
    for side in (True, False):
        curve = roc_points(np.array([0.1, 0.2]), np.array([side, side]))
        assert [points.tolist() for points in curve] == [[], []]
