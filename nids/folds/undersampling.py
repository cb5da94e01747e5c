"""Fewer rows of large classes in the training part of a fold, by imbalanced-learn's random undersampling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nids.errors import UserError
from nids.metrics.formatting import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def undersample(
    training: np.ndarray, labels: np.ndarray, classes: Sequence[str], limits: Mapping[str, int], seed: int
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the rows of a training part that are left when the named classes are cut down to their limits.

    Args:
        training: Row numbers of the training part, int of shape (training rows,), ascending.
        labels: Their classes, int of shape (training rows,): positions in ``classes``.
        classes: Names of the classes.
        limits: The most rows that each named class is to have; a class with fewer stays as it is.
        seed: Decides which rows are left.

    Returns:
        Their row numbers, ascending; and a note on each limit that no row goes beyond.

    Raises:
        UserError: A limit names no class.
    """
    counts = np.bincount(labels, minlength=len(classes))
    strategy, notes = {}, []
    for name, limit in limits.items():
        if name not in classes:
            raise UserError(f"folds.undersample.{name}: there is no such class; the classes are {', '.join(classes)}.")
        label = list(classes).index(name)
        if limit < counts[label]:
            strategy[label] = limit
        else:
            notes.append(
                f"class {name} has {counted(counts[label], 'training row')} in a fold: none is left out by "
                f"folds.undersample.{name}, {limit}"
            )
    if not strategy:
        return training, tuple(notes)
    from imblearn.under_sampling import RandomUnderSampler  # a second to import, which trials need not wait for

    sampler = RandomUnderSampler(sampling_strategy=strategy, random_state=seed)
    sampler.fit_resample(training.reshape(-1, 1), labels)
    return training[np.sort(sampler.sample_indices_)], tuple(notes)
