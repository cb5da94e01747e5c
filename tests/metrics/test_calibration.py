from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from nids.errors import UserError
from nids.metrics.calibration import (
    HIGHEST_TEMPERATURE,
    LOWEST_TEMPERATURE,
    Reliability,
    correct_priors,
    expected_calibration_error,
    fit_temperature,
    reliability,
    training_priors,
    with_temperature,
)

RNG = np.random.default_rng(0)


def drawn(probabilities: np.ndarray) -> np.ndarray:
    """A label for each row, drawn with the row's probabilities: these are then calibrated."""
    return (probabilities.cumsum(axis=1) < RNG.random((len(probabilities), 1))).sum(axis=1)


def test_the_reliability_table_of_a_few_rows() -> None:
    probabilities = np.array([[0.9, 0.1], [0.3, 0.7], [0.25, 0.75], [0.5, 0.5], [1.0, 0.0]])
    table = reliability(np.array([0, 0, 1, 0, 1]), probabilities, bins=4)
    np.testing.assert_array_equal(table.edges, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_array_equal(table.rows, [0, 1, 2, 2])
    np.testing.assert_allclose(table.confidence, [np.nan, 0.5, 0.725, 0.95])
    np.testing.assert_allclose(table.accuracy, [np.nan, 1, 0.5, 0.5])
    assert expected_calibration_error(table) == pytest.approx((1 * 0.5 + 2 * 0.225 + 2 * 0.45) / 5)


@pytest.mark.parametrize("bins", [1, 5, 15])
def test_the_reliability_table_is_the_calibration_curve_of_scikit_learn(bins: int) -> None:
    probabilities = RNG.dirichlet(np.ones(5), 2000)
    labels = RNG.integers(5, size=2000)
    table = reliability(labels, probabilities, bins)
    right, confidence = probabilities.argmax(axis=1) == labels, probabilities.max(axis=1)
    accuracies, confidences = calibration_curve(right, confidence, n_bins=bins)
    filled = table.rows > 0
    np.testing.assert_allclose(table.accuracy[filled], accuracies)
    np.testing.assert_allclose(table.confidence[filled], confidences)
    np.testing.assert_array_equal(table.rows, np.histogram(confidence, table.edges)[0])
    assert np.isnan(table.accuracy[~filled]).all()
    assert np.isnan(table.confidence[~filled]).all()


def test_the_confidence_of_float32_rows_is_never_above_1() -> None:
    table = reliability(np.zeros(3, int), np.array([[1, 1e-7], [1, 2e-7], [1, 0]], dtype=np.float32), bins=2)
    np.testing.assert_array_equal(table.rows, [0, 3])
    assert 0.9999 < table.confidence[1] <= 1


def test_calibrated_probabilities_have_a_small_calibration_error_and_sharpened_ones_a_large_one() -> None:
    probabilities = RNG.dirichlet(np.ones(5), 20_000)
    labels = drawn(probabilities)
    assert expected_calibration_error(reliability(labels, probabilities)) < 0.02
    assert expected_calibration_error(reliability(labels, with_temperature(probabilities, 0.25))) > 0.2


def test_without_rows_there_is_no_calibration_error() -> None:
    table = reliability(np.empty(0, int), np.empty((0, 5)), bins=3)
    np.testing.assert_array_equal(table.rows, [0, 0, 0])
    assert isinstance(table, Reliability)
    assert math.isnan(expected_calibration_error(table))


def test_a_temperature_divides_the_inputs_of_softmax() -> None:
    inputs = RNG.normal(scale=3, size=(50, 5))
    for temperature in (0.3, 1.0, 2.5):
        found = with_temperature(softmax(inputs, axis=1), temperature)
        np.testing.assert_allclose(found, softmax(inputs / temperature, axis=1))


def test_a_temperature_of_1_changes_nothing_and_others_keep_the_class() -> None:
    probabilities = RNG.dirichlet(np.ones(5), 500).astype(np.float32)
    unchanged = with_temperature(probabilities, 1)
    assert unchanged.dtype == np.float64
    np.testing.assert_allclose(unchanged, probabilities, rtol=1e-6)
    for temperature in (0.1, 7.0):
        found = with_temperature(probabilities, temperature)
        np.testing.assert_array_equal(found.argmax(axis=1), probabilities.argmax(axis=1))
        np.testing.assert_allclose(found.sum(axis=1), 1)


def test_a_probability_of_zero_stays_finite() -> None:
    found = with_temperature(np.array([[1, 0, 0]], dtype=np.float32), 2)
    np.testing.assert_allclose(found, [[1, 1.0842e-19, 1.0842e-19]], rtol=1e-4)


@pytest.mark.parametrize("distortion", [0.2, 0.5, 1.0, 2.0, 5.0])
def test_the_temperature_that_is_fitted_undoes_a_distortion(distortion: float) -> None:
    calibrated = RNG.dirichlet(np.ones(5), 20_000)
    labels = drawn(calibrated)
    distorted = with_temperature(calibrated, 1 / distortion)
    temperature = fit_temperature(labels, distorted)
    assert temperature == pytest.approx(distortion, rel=0.03)
    error = expected_calibration_error(reliability(labels, with_temperature(distorted, temperature)))
    assert error < 0.02


@pytest.mark.slow
def test_no_temperature_nearby_has_a_lower_log_loss() -> None:
    probabilities = RNG.dirichlet(np.ones(4), 300)
    labels = np.where(RNG.random(300) < 0.6, probabilities.argmax(axis=1), RNG.integers(4, size=300))
    best = fit_temperature(labels, probabilities)

    def loss(temperature: float) -> float:
        return float(log_loss(labels, with_temperature(probabilities, temperature), labels=range(4)))

    others = np.geomspace(LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE, 300)
    assert loss(best) <= min(map(loss, others))
    assert LOWEST_TEMPERATURE * 2 < best < HIGHEST_TEMPERATURE / 2
    assert loss(best) < loss(best * 1.01)
    assert loss(best) < loss(best / 1.01)


def test_rows_that_set_no_limit_give_a_temperature_at_an_end() -> None:
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8]])
    assert fit_temperature(np.array([0, 1]), probabilities) == pytest.approx(LOWEST_TEMPERATURE, rel=1e-3)
    assert fit_temperature(np.array([1, 0]), probabilities) == pytest.approx(HIGHEST_TEMPERATURE, rel=1e-3)


def test_one_certain_and_wrong_row_does_not_make_the_temperature_infinite() -> None:
    certain = np.eye(2, dtype=np.float32)[[0] * 100]
    temperature = fit_temperature(np.array([1] + [0] * 99), certain)
    # Of the rows, 1 % are wrong: the best that one temperature can do is to give each row 0.99.
    np.testing.assert_allclose(with_temperature(certain[:1], temperature), [[0.99, 0.01]], rtol=1e-3)


def test_the_priors_of_training_count_rows_by_their_weight() -> None:
    np.testing.assert_allclose(training_priors(np.array([60, 30, 10])), [0.6, 0.3, 0.1])
    weighted = training_priors(np.bincount([0] * 60 + [1] * 30, [0.5] * 60 + [2] * 30, minlength=3))
    np.testing.assert_allclose(weighted, [1 / 3, 2 / 3, 0])
    assert weighted.dtype == np.float64


def test_corrected_priors_of_one_row() -> None:
    found = correct_priors(
        np.array([[0.5, 0.3, 0.2]], dtype=np.float32), np.array([0.5, 0.25, 0.25]), np.array([0.9, 0.05, 0.05])
    )
    # 0.5 · 1.8, 0.3 · 0.2, 0.2 · 0.2: 0.9, 0.06, 0.04
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, [[0.9, 0.06, 0.04]], rtol=1e-6)


def test_equal_priors_change_nothing_and_the_way_back_leads_back() -> None:
    probabilities = RNG.dirichlet(np.ones(4), 100)
    here, there = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.05, 0.05, 0.1, 0.8])
    np.testing.assert_allclose(correct_priors(probabilities, here, here), probabilities)
    np.testing.assert_allclose(correct_priors(correct_priors(probabilities, here, there), there, here), probabilities)


def test_corrected_priors_are_those_of_bayes() -> None:
    """Two normal distributions: the posterior under other shares can be computed directly."""
    x = np.linspace(-3, 4, 50)
    densities = np.column_stack([np.exp(-(x**2) / 2), np.exp(-((x - 1) ** 2) / 2)])

    def posterior(shares: np.ndarray) -> np.ndarray:
        return densities * shares / (densities * shares).sum(axis=1, keepdims=True)

    trained_on, expected = np.array([0.5, 0.5]), np.array([0.99, 0.01])
    np.testing.assert_allclose(correct_priors(posterior(trained_on), trained_on, expected), posterior(expected))


def test_counts_may_stand_for_shares() -> None:
    probabilities = RNG.dirichlet(np.ones(2), 10)
    np.testing.assert_allclose(
        correct_priors(probabilities, np.array([30, 10]), np.array([1, 3])),
        correct_priors(probabilities, np.array([0.75, 0.25]), np.array([0.25, 0.75])),
    )


def test_a_class_that_is_not_expected_gets_nothing() -> None:
    trained_on, expected = np.array([0.5, 0.3, 0.2]), np.array([0.0, 0.6, 0.4])
    found = correct_priors(np.array([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]]), trained_on, expected)
    np.testing.assert_allclose(found, [[0, 0.5, 0.5], [0, 0.5, 0.5]])
    never = correct_priors(np.array([[0.5, 0.25, 0.25]]), np.array([0, 0.5, 0.5]), np.array([0, 0.5, 0.5]))
    np.testing.assert_allclose(never, [[0, 0.5, 0.5]])


@pytest.mark.parametrize(
    ("trained_on", "expected", "message"),
    [
        pytest.param(
            [0.5, 0.5, 0.0],
            [0.5, 0.25, 0.25],
            "the share expected of class 2 is 0.25, but the model was trained on no rows of it, so that it cannot tell "
            "them. Expect 0 there, or train on such rows.",
            id="never trained on",
        ),
        *(
            pytest.param(
                [0.5, 0.3, 0.2],
                shares,
                f"the shares of classes in expected are {shares}, but must be 3 numbers of at least 0, one for each "
                "class, and not all 0.",
                id=name,
            )
            for name, shares in {
                "too few": [0.5, 0.5],
                "negative": [0.5, 0.6, -0.1],
                "all zero": [0.0, 0.0, 0.0],
                "NaN": [0.5, 0.5, math.nan],
            }.items()
        ),
    ],
)
def test_priors_that_cannot_be_corrected_are_refused(
    trained_on: list[float], expected: list[float], message: str
) -> None:
    with pytest.raises(UserError) as caught:
        correct_priors(np.full((4, 3), 1 / 3), np.array(trained_on), np.array(expected))
    assert str(caught.value) == message


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.inf, math.nan])
def test_a_temperature_that_is_none_is_refused(temperature: float) -> None:
    with pytest.raises(UserError) as caught:
        with_temperature(np.full((2, 2), 0.5), temperature)
    assert str(caught.value) == (f"the temperature is {temperature}, but must be a number above 0; 1 changes nothing.")


def test_a_temperature_needs_rows() -> None:
    with pytest.raises(UserError) as caught:
        fit_temperature(np.empty(0, int), np.empty((0, 5)))
    assert str(caught.value) == (
        "found no rows to fit a temperature on: it needs rows with labels that the model was not trained on."
    )
