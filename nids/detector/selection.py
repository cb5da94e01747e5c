"""Which models a detector is the mean of, and with what weights: greedy ensemble selection."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nids.metrics.measure import is_better
from nids.metrics.measures import described
from nids.training.ensemble import weighted_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nids.metrics.judged_rows import JudgedRows

# More rounds only change the weights by less than their steps of 1 in as many.
ROUNDS = 20


def select(folds: Sequence[Sequence[JudgedRows]], metric: str, rounds: int = ROUNDS) -> tuple[float, ...]:
    """Return the weight of each candidate, 0 for those that are not chosen.

    Each round adds the candidate, with replacement, whose addition makes the mean over the folds best; the weights are
    those of the best round. After R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes, Ensemble Selection from Libraries
    of Models, ICML 2004.

    Args:
        folds: For each fold, what each candidate, in the same order, makes of the validation rows.
        metric: What is optimized, a measure of ``nids.metrics.measures``.
        rounds: How many candidates are added.
    """
    candidates = len(folds[0])
    direction = described(metric).direction
    counts = np.zeros(candidates, dtype=int)
    best: tuple[float, np.ndarray] | None = None
    for _ in range(rounds):
        values = [_value(folds, metric, counts + added) for added in np.eye(candidates, dtype=int)]
        chosen = int(np.argmin(values) if direction == "min" else np.argmax(values))
        counts[chosen] += 1
        if best is None or is_better(values[chosen], best[0], direction):
            best = values[chosen], counts.copy()
    assert best is not None
    return tuple((best[1] / best[1].sum()).tolist())


def select_without_each(
    folds: Sequence[Sequence[JudgedRows]], splits: Sequence[int], metric: str
) -> list[tuple[float, ...]]:
    """Return for each fold the weights that the other folds of its split choose: what judges them has not made them.

    Where a split has a single fold, they are those that it chooses itself. Where attack types are withheld, rows of
    such a type are judged in two folds: in the one that withholds it, and in the one that they would be in anyway.

    Args:
        folds: As for ``select``.
        splits: The split that each fold is of. With repeated cross-validation, folds of two splits share rows.
        metric: As for ``select``.
    """
    weights = []
    for i, fold in enumerate(folds):
        others = [other for j, other in enumerate(folds) if j != i and splits[j] == splits[i]]
        weights.append(select(others or [fold], metric))
    return weights


def mixed(candidates: Sequence[JudgedRows], weights: Sequence[float]) -> JudgedRows:
    """Return what the weighted mean of candidates, whose weights add up to 1, makes of the rows."""
    probabilities = np.stack([rows.probabilities for rows in candidates])
    return replace(candidates[0], probabilities=weighted_mean(probabilities, weights))


def _value(folds: Sequence[Sequence[JudgedRows]], metric: str, counts: np.ndarray) -> float:
    compute = described(metric).compute
    assert compute is not None
    weights = (counts / counts.sum()).tolist()
    return float(np.mean([compute(mixed(candidates, weights)) for candidates in folds]))
