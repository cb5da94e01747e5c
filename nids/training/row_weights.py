"""How much each training row counts in the loss."""

from __future__ import annotations

import numpy as np

# Type of the rows that have none.
NO_TYPE = -1
# What ``row_weights`` calls class_power and type_power, by the names of the hyperparameters.
WEIGHT_POWERS = ("class_weight_power", "type_weight_power")


def row_weights(labels: np.ndarray, types: np.ndarray, class_power: float, type_power: float) -> np.ndarray:
    """Return the weight of each row in the loss, float32 of shape (rows,).

    A row has the weight of its class times that of its type. Both are "balanced" as scikit-learn defines it, rows /
    (classes × rows of the class), to the power asked for. Those of types are balanced within a class, and scaled so
    that the class weighs what it would without them.

    Args:
        labels: Class of each row, int of shape (rows,).
        types: Its attack type, int of shape (rows,); a type belongs to one class. Rows of ``NO_TYPE``, such as
            synthetic ones, have the weight of their class.
        class_power: 0 weighs all rows alike, 1 all classes alike.
        type_power: 0 weighs all rows of a class alike, 1 all its types alike.
    """
    weights = _balanced(labels)[labels] ** class_power
    if type_power:
        for label in np.unique(labels):
            of_class = np.flatnonzero((labels == label) & (types != NO_TYPE))
            of_type = _balanced(types[of_class])[types[of_class]] ** type_power
            weights[of_class] *= of_type * len(of_type) / max(of_type.sum(), 1)
    return weights.astype(np.float32)


def _balanced(groups: np.ndarray) -> np.ndarray:
    """Return the weight of each group of rows, which are numbered from 0, that makes all groups weigh alike."""
    counts = np.bincount(groups)
    balanced: np.ndarray = len(groups) / (max(np.count_nonzero(counts), 1) * np.maximum(counts, 1))
    return balanced
