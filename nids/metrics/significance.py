"""Whether one method is better than another, judged by their figures on the same folds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as student_t

from nids.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# The level of the interval and of the word "significant".
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Comparison:
    """What the figures of two methods on the same folds say about their difference, ours − theirs.

    Attributes:
        folds: Number of folds.
        difference: Mean over the folds, in the unit of the figures.
        t: The corrected t statistic; infinite if all folds differ by the same, NaN for one fold.
        degrees_of_freedom: Folds − 1.
        p: Two-sided; NaN for one fold.
        low: Lower end of the 95 % confidence interval of the difference; NaN for one fold.
        high: Upper end of it; NaN for one fold.
    """

    folds: int
    difference: float
    t: float
    degrees_of_freedom: int
    p: float
    low: float
    high: float


def compare(ours: ArrayLike, theirs: ArrayLike, training_rows: ArrayLike, validation_rows: ArrayLike) -> Comparison:
    """Return the corrected resampled t-test of two methods on the same folds.

    >>> from nids.metrics.significance import compare
    >>> result = compare([0.91, 0.93, 0.92], [0.88, 0.91, 0.90], training_rows=4000, validation_rows=2000)
    >>> f"{result.difference:+.3f} ({result.low:+.3f} to {result.high:+.3f}), p = {result.p:.3f}"
    '+0.023 (+0.001 to +0.046), p = 0.047'

    The plain paired t-test takes the folds for independent, but their training parts overlap, and it finds differences
    where there are none. The correction puts 1 / folds + validation rows / training rows in the place of 1 / folds as
    the factor of the variance (C. Nadeau, Y. Bengio, Inference for the generalization error, Machine Learning 52,
    2003). It is made for repeated random splits and is an approximation for the folds of one cross-validation, for
    which no unbiased estimate of the variance exists.

    Args:
        ours: Our figure on each fold, float of shape (folds,).
        theirs: Theirs, in the same order of folds.
        training_rows: Rows that each fold trains on, int of shape (folds,), before resampling: synthetic rows carry no
            information of their own. One number stands for all folds; only the mean counts.
        validation_rows: Rows that each fold validates on, likewise.

    Raises:
        UserError: The methods have different numbers of folds, or none.
    """
    first, second = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1 or first.size == 0:
        raise UserError(
            f"found figures of {first.size} folds on one side and of {second.size} on the other: a comparison needs "
            "one figure of each method for each fold, and at least one fold. Evaluate both on the same folds."
        )
    folds, differences = len(first), first - second
    # Differences of rounded figures are themselves rounded: equal ones may differ in their last digits.
    rounding = 4 * np.finfo(np.float64).eps * max(np.abs(first).max(), np.abs(second).max())
    mean = float(differences.mean())
    if abs(mean) <= rounding and np.ptp(differences) <= rounding:
        mean = 0.0
    if folds == 1:
        return Comparison(1, mean, math.nan, 0, math.nan, math.nan, math.nan)
    if np.ptp(differences) <= rounding:
        t, p = (math.copysign(math.inf, mean), 0.0) if mean else (0.0, 1.0)
        return Comparison(folds, mean, t, folds - 1, p, mean, mean)
    share = np.asarray(validation_rows, dtype=np.float64).mean() / np.asarray(training_rows, dtype=np.float64).mean()
    factor = 1 / folds + share
    error = math.sqrt(factor * differences.var(ddof=1))
    t = mean / error
    half = float(student_t.ppf((1 + CONFIDENCE) / 2, folds - 1)) * error
    p = 2 * float(student_t.sf(abs(t), folds - 1))
    return Comparison(folds, mean, t, folds - 1, p, mean - half, mean + half)


def is_significant(comparison: Comparison) -> bool:
    """Return whether a difference is more than other folds of the same data would explain."""
    return comparison.folds > 1 and comparison.p < 1 - CONFIDENCE and comparison.difference != 0
