from __future__ import annotations

import math
from dataclasses import astuple

import numpy as np
import pytest
from scipy.stats import ttest_rel

from nids.errors import UserError
from nids.metrics.significance import Comparison, compare, is_significant

RNG = np.random.default_rng(0)
NAN = math.nan


def test_a_comparison_computed_by_hand() -> None:
    found = compare([0.90, 0.92, 0.88, 0.94], [0.88, 0.88, 0.86, 0.88], training_rows=300, validation_rows=100)
    # Differences 0.02, 0.04, 0.02, 0.06: mean 0.035, sum of squares 11e-4, variance 11e-4 / 3. The factor is
    # 1/4 + 1/3 = 7/12, the error sqrt(7/12 · 11e-4 / 3), and the 97.5 % quantile of t with 3 degrees 3.182446.
    error = math.sqrt(7 / 12 * 11e-4 / 3)
    assert found.folds == 4
    assert found.degrees_of_freedom == 3
    assert found.difference == pytest.approx(0.035)
    assert found.t == pytest.approx(0.035 / error)
    assert (found.low, found.high) == pytest.approx((0.035 - 3.182446 * error, 0.035 + 3.182446 * error))
    # The distribution function of t with 3 degrees of freedom has a closed form.
    x = 0.035 / error / math.sqrt(3)
    assert found.p == pytest.approx(1 - 2 / math.pi * (math.atan(x) + x / (1 + x**2)))


def test_without_validation_rows_it_is_the_paired_t_test() -> None:
    ours, theirs = RNG.normal(size=10), RNG.normal(size=10)
    expected = ttest_rel(ours, theirs)
    found = compare(ours, theirs, training_rows=100, validation_rows=0)
    assert (found.t, found.p) == pytest.approx((expected.statistic, expected.pvalue))
    interval = expected.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_the_correction_is_by_the_mean_rows_of_the_folds() -> None:
    ours, theirs = RNG.normal(size=5), RNG.normal(size=5)
    found = compare(ours, theirs, training_rows=[90, 70, 80, 80, 80], validation_rows=[10, 30, 20, 20, 20])
    assert found == compare(ours, theirs, training_rows=80, validation_rows=20)
    # 1/5 + 1/4 is 2.25 times 1/5, and so the interval 1.5 times as wide.
    plain = compare(ours, theirs, training_rows=80, validation_rows=0)
    assert found.high - found.low == pytest.approx(1.5 * (plain.high - plain.low))
    assert found.t == pytest.approx(plain.t / 1.5)


def test_the_other_way_round_the_signs_change() -> None:
    ours, theirs = RNG.normal(size=5), RNG.normal(size=5)
    here, there = compare(ours, theirs, 80, 20), compare(theirs, ours, 80, 20)
    assert (there.difference, there.t, there.p) == pytest.approx((-here.difference, -here.t, here.p))
    assert (there.low, there.high) == pytest.approx((-here.high, -here.low))


def test_one_fold_has_a_difference_and_no_more() -> None:
    np.testing.assert_array_equal(astuple(compare([0.75], [0.5], 80, 20)), (1, 0.25, NAN, 0, NAN, NAN, NAN))
    np.testing.assert_array_equal(astuple(compare([0.5], [0.5], 80, 20)), (1, 0, NAN, 0, NAN, NAN, NAN))


def test_identical_figures_differ_by_nothing() -> None:
    figures = RNG.random(5)
    assert compare(figures, figures, 80, 20) == Comparison(5, 0.0, 0.0, 4, 1.0, 0.0, 0.0)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_constant_difference_has_no_chance_in_it(sign: int) -> None:
    figures = np.array([0.9, 0.7, 0.3, 0.8, 0.1])
    shifted = figures + sign * 0.1  # constant within rounding only
    assert np.ptp(shifted - figures) > 0
    found = compare(shifted, figures, 80, 20)
    assert (found.t, found.p, found.degrees_of_freedom) == (sign * math.inf, 0, 4)
    assert (found.difference, found.low, found.high) == pytest.approx((sign * 0.1,) * 3)


def test_figures_that_are_equal_within_rounding_are_equal() -> None:
    figures = np.array([0.1, 0.2, 0.7])
    assert compare(figures * 3 / 3, figures + np.spacing(figures), 80, 20) == Comparison(3, 0, 0, 2, 1, 0, 0)


def test_small_differences_are_no_rounding() -> None:
    figures = np.array([0.5, 0.6, 0.7])
    found = compare(figures + np.array([1e-9, 2e-9, 3e-9]), figures, 80, 0)
    assert found.t == pytest.approx(2 * math.sqrt(3), rel=1e-5)


def test_a_fold_without_a_value_leaves_nothing_to_compare() -> None:
    found = compare([0.5, NAN, 0.7], [0.5, 0.6, 0.8], 80, 20)
    np.testing.assert_array_equal(astuple(found), (3, NAN, NAN, 2, NAN, NAN, NAN))


@pytest.mark.parametrize(
    ("ours", "theirs", "found"),
    [
        pytest.param([0.1, 0.2], [0.1, 0.2, 0.3], (2, 3), id="different numbers"),
        pytest.param([0.1], [0.1, 0.2, 0.3], (1, 3), id="one against three"),
        pytest.param([], [], (0, 0), id="none"),
    ],
)
def test_folds_that_are_not_the_same_are_refused(
    ours: list[float], theirs: list[float], found: tuple[int, int]
) -> None:
    with pytest.raises(UserError) as caught:
        compare(ours, theirs, 80, 20)
    assert str(caught.value) == (
        f"found figures of {found[0]} folds on one side and of {found[1]} on the other: a comparison needs one figure "
        "of each method for each fold, and at least one fold. Evaluate both on the same folds."
    )


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        pytest.param(Comparison(5, 0.0213, 4.0, 4, 0.016, 0.0065, 0.0361), True, id="significant"),
        pytest.param(Comparison(3, -0.01, -1.0, 2, 0.4226, -0.053, 0.033), False, id="within chance"),
        pytest.param(Comparison(4, -0.1, -math.inf, 3, 0.0, -0.1, -0.1), True, id="constant"),
        pytest.param(Comparison(5, 0.0, 0.0, 4, 1.0, 0.0, 0.0), False, id="equal"),
        pytest.param(Comparison(1, 0.02, NAN, 0, NAN, NAN, NAN), False, id="one fold"),
    ],
)
def test_is_significant(comparison: Comparison, expected: bool) -> None:
    assert is_significant(comparison) == expected
