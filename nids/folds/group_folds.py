"""Folds that keep a group together: a host, a scenario or a day is trained on or validated on, never both.

Rows of one host resemble each other, and a model that knows the host need not know the attack.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from nids.errors import UserError
from nids.metrics.formatting import counted

if TYPE_CHECKING:
    from nids.datasets.traffic import Traffic


def parts_by_group(traffic: Traffic, count: int, seed: int) -> np.ndarray:
    """Return the number of the fold that each row is validated in, int of shape (rows,).

    The folds are those of scikit-learn's ``StratifiedGroupKFold``: all rows of a group in one, and the classes' shares
    in each as near to those of all rows as that allows.

    Args:
        traffic: The rows, with their groups.
        count: Number of folds.
        seed: Decides among groups that are alike.

    Raises:
        UserError: The data set tells no groups, or there are fewer groups, or rows of each class, than folds.
    """
    if traffic.group is None:
        raise UserError(
            f'folds.scheme = "group" needs to know what each row belongs to, but {traffic.dataset.name} does not say '
            'it. Name the column in its description, group_column = "…", or use another scheme.'
        )
    codes, names = pd.factorize(traffic.group)
    largest = int(np.bincount(traffic.label).max())
    if len(names) < count or largest < count:
        found = counted(len(names), "group") if len(names) < count else f"at most {counted(largest, 'row')} of a class"
        raise UserError(
            f"found {found} in {traffic.source} ({traffic.dataset.group_column}), but {count} folds (folds.count) need "
            f"at least {count}. Use fewer folds, or another scheme."
        )
    parts = np.empty(len(codes), dtype=np.int64)
    drawing = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # Of a class with fewer rows than folds: the notes of the folds tell it.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        for number, (_, validation) in enumerate(drawing.split(codes, traffic.label, codes)):
            parts[validation] = number
    if len(np.unique(parts)) < count:
        raise UserError(
            f"the {counted(len(names), 'group')} in {traffic.source} ({traffic.dataset.group_column}) are of such "
            f"sizes that one of {count} folds (folds.count) has no row. Use fewer folds, or another scheme."
        )
    return parts
