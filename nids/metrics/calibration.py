"""Whether probabilities mean what they say, and two ways to put them right without training again.

Probabilities are float of shape (rows, classes), each row summing to 1 within rounding; computing is in float64, and
what is returned is float64.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from nids.errors import UserError
from nids.metrics.classification import quotient

# Softmax in float32 gives 0 for everything below it, so a 0 says no more than "at most this".
_SMALLEST = float(np.finfo(np.float32).tiny)
LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.05, 20.0


@dataclass(frozen=True, eq=False)
class Reliability:
    """A reliability table: rows by their confidence, which is the probability of the class that they are taken for.

    Attributes:
        edges: Ends of the bins, float64 of shape (bins + 1,), from 0 to 1; a bin holds its upper end.
        confidence: Mean confidence of each bin's rows, float64 of shape (bins,), NaN for a bin without rows.
        accuracy: Share of them whose class is right, float64 of shape (bins,), NaN for a bin without rows.
        rows: Their number, int64 of shape (bins,).
    """

    edges: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    rows: np.ndarray


def reliability(labels: np.ndarray, probabilities: np.ndarray, bins: int = 15) -> Reliability:
    """Return the reliability table over bins of equal width.

    A calibrated classifier has in each bin an accuracy equal to its confidence. With k classes no row has a
    confidence below 1 / k, so the first bins are empty.

    Args:
        labels: True classes, int of shape (rows,).
        probabilities: float of shape (rows, classes).
        bins: Number of bins; 15 as in Guo et al. (2017).
    """
    exact = _normalized(np.asarray(probabilities, dtype=np.float64))
    confidence, right = exact.max(axis=1), exact.argmax(axis=1) == labels
    edges = np.linspace(0, 1, bins + 1)
    bin_of_row = np.searchsorted(edges[1:-1], confidence)
    rows = np.bincount(bin_of_row, minlength=bins)
    return Reliability(
        edges=edges,
        confidence=quotient(np.bincount(bin_of_row, confidence, bins), rows, np.nan),
        accuracy=quotient(np.bincount(bin_of_row, right, bins), rows, np.nan),
        rows=rows,
    )


def expected_calibration_error(table: Reliability) -> float:
    """Return the mean distance between confidence and accuracy over the bins, each weighing as many as its rows.

    As in M. P. Naeini, G. F. Cooper, M. Hauskrecht, Obtaining well calibrated probabilities using Bayesian binning,
    AAAI 2015. NaN without rows. It is of the class that a row is taken for only, and depends on the bins.
    """
    filled = table.rows > 0
    if not filled.any():
        return float("nan")
    distance = np.abs(table.accuracy[filled] - table.confidence[filled])
    return float(np.average(distance, weights=table.rows[filled]))


def fit_temperature(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the temperature at which the probabilities of these rows have the least log-loss.

    >>> import numpy as np
    >>> from nids.metrics.calibration import fit_temperature
    >>> sure_of_all = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.1, 0.9]])  # but right in three rows of four
    >>> round(fit_temperature(np.array([0, 0, 1, 1]), sure_of_all), 3)
    2.0

    Temperature scaling divides a softmax's inputs by T: above 1 it takes confidence away, below 1 it adds some, and
    the class a row is taken for stays (C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, On calibration of modern neural
    networks, ICML 2017). The inputs are not at hand, but log p is they less a constant of the row, which softmax
    ignores. The log-loss is convex in 1 / T, so it has one minimum.

    Take rows that the model was not trained on. The result lies between ``LOWEST_TEMPERATURE`` and
    ``HIGHEST_TEMPERATURE``; one near an end means that the rows set no limit, as when all of them are right.

    Args:
        labels: True classes, int of shape (rows,).
        probabilities: float of shape (rows, classes).

    Raises:
        UserError: There are no rows.
    """
    if len(labels) == 0:
        raise UserError(
            "found no rows to fit a temperature on: it needs rows with labels that the model was not trained on."
        )
    logarithms = _logarithms(probabilities)
    right = np.arange(len(labels)), labels

    def loss(log_temperature: float) -> float:
        return float(-log_softmax(logarithms / np.exp(log_temperature), axis=1)[right].mean())

    ends = (float(np.log(LOWEST_TEMPERATURE)), float(np.log(HIGHEST_TEMPERATURE)))
    return float(np.exp(minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-6}).x))


def with_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return the probabilities at a temperature, softmax(log p / T): float64 of shape (rows, classes).

    Probabilities of 0 count as the smallest that float32 holds at full precision, 1e-38.

    Raises:
        UserError: The temperature is not a positive number.
    """
    if not 0 < temperature < np.inf:
        raise UserError(f"the temperature is {temperature}, but must be a number above 0; 1 changes nothing.")
    result: np.ndarray = softmax(_logarithms(probabilities) / temperature, axis=1)
    return result


def training_priors(counts: np.ndarray) -> np.ndarray:
    """Return the share of each class in what a model was trained on, float64 of shape (classes,).

    Args:
        counts: Training rows of each class, synthetic ones included, of shape (classes,). A row that weighs twice in
            the loss is as good as two rows: it counts by its weight.
    """
    shares: np.ndarray = np.asarray(counts, dtype=np.float64) / counts.sum()
    return shares


def correct_priors(probabilities: np.ndarray, trained_on: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return the probabilities for traffic whose classes have other shares: float64 of shape (rows, classes).

    p_i · expected_i / trained_on_i, normalized: Bayes' theorem, if the rows of each class look as they did in training
    (M. Saerens, P. Latinne, C. Decaestecker, Adjusting the outputs of a classifier to new a priori probabilities: a
    simple procedure, Neural Computation 14(1), 2002). Attack types that training did not have break that assumption.
    A class that is not expected gets 0.

    Args:
        probabilities: float of shape (rows, classes).
        trained_on: Share of each class in what the model was trained on, as ``training_priors`` gives it: after
            resampling, and with the class weights. float of shape (classes,).
        expected: Share of each class in the traffic, float of shape (classes,). Either may be counts: only the ratios
            matter.

    Raises:
        UserError: The shares are of another number of classes, negative or not finite or all 0, or a class is expected
            that the model was not trained on.
    """
    classes = np.shape(probabilities)[1]
    trained_on, expected = _shares(trained_on, "trained_on", classes), _shares(expected, "expected", classes)
    if len(missing := np.flatnonzero((expected > 0) & (trained_on == 0))):
        raise UserError(
            f"the share expected of class {missing[0]} is {expected[missing[0]]:.3g}, but the model was trained on no "
            "rows of it, so that it cannot tell them. Expect 0 there, or train on such rows."
        )
    factors = np.divide(expected, trained_on, out=np.zeros(classes), where=trained_on > 0)
    return _normalized(_positive(probabilities) * factors)


def _shares(values: np.ndarray, name: str, classes: int) -> np.ndarray:
    """Return the values as shares that sum to 1, float64 of shape (classes,)."""
    exact = np.asarray(values, dtype=np.float64)
    if exact.shape != (classes,) or not np.isfinite(exact).all() or (exact < 0).any() or not exact.any():
        raise UserError(
            f"the shares of classes in {name} are {exact.tolist()}, but must be {classes} numbers of at least 0, "
            "one for each class, and not all 0."
        )
    return exact / exact.sum()


def _positive(probabilities: np.ndarray) -> np.ndarray:
    return np.maximum(np.asarray(probabilities, dtype=np.float64), _SMALLEST)


def _logarithms(probabilities: np.ndarray) -> np.ndarray:
    logarithms: np.ndarray = np.log(_positive(probabilities))
    return logarithms


def _normalized(values: np.ndarray) -> np.ndarray:
    result: np.ndarray = values / values.sum(axis=1, keepdims=True)
    return result
