"""Columns that alone give the label away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.tree import DecisionTreeClassifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

# A column is named from this balanced accuracy on.
TELLING = 0.99
_FEWEST = 10  # rows of a class that is looked at
_FOLDS = 3
_LEAVES = 64
_LARGEST = 1e30


def leaks(rows: pa.Table, columns: Sequence[str], numeric: Sequence[str], label: str) -> dict[str, float]:
    """Return the columns by which alone a small decision tree tells the classes apart, with its balanced accuracy.

    It is that of rows that the tree was not grown on, the mean over the classes with enough rows.

    Args:
        rows: A sample of rows, all values as text.
        columns: Names of the columns to look at.
        numeric: Those of them that hold numbers.
        label: Name of the column of labels.
    """
    labels = rows[label].to_pandas().str.strip()
    frequent = labels.isin(labels.value_counts().loc[lambda counts: counts >= _FEWEST].index)
    labels = labels[frequent].to_numpy(str)
    if len(np.unique(labels)) < 2:
        return {}
    found = {}
    for column in columns:
        values = rows[column].to_pandas()[frequent]
        codes = pd.to_numeric(values, errors="coerce") if column in numeric else pd.Series(pd.factorize(values)[0])
        # As a tree takes them: single precision, without gaps.
        feature = np.nan_to_num(codes.to_numpy(np.float64), nan=-_LARGEST).clip(-_LARGEST, _LARGEST)[:, None]
        tree = DecisionTreeClassifier(max_leaf_nodes=_LEAVES, class_weight="balanced", random_state=0)
        folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
        accuracy = balanced_accuracy_score(labels, cross_val_predict(tree, feature, labels, cv=folds))
        if accuracy >= TELLING:
            found[column] = float(accuracy)
    return found
