"""Folds in the order of time: what is validated on comes after all that was trained on.

Random folds mix the rows of one attack, which resemble each other, over both sides. In use, a detector meets what came
after its training.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from sklearn.model_selection import TimeSeriesSplit

from nids.datasets.times import between_times
from nids.errors import UserError

if TYPE_CHECKING:
    from nids.datasets.traffic import Traffic


def blocks_in_time(traffic: Traffic, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return for each fold which rows are before its point in time, and which are in the block after it.

    The points are those of scikit-learn's ``TimeSeriesSplit`` on the rows in the order of time: blocks of rows /
    (count + 1), all rows before a block to train on. Where one would part rows of the same time, it is at their nearer
    end.

    Args:
        traffic: The rows, with their times.
        count: Number of folds.

    Returns:
        Training and validation side of each fold, bool of shape (rows,) each.

    Raises:
        UserError: The data set tells no time, or so many rows have the same that a side has none.
    """
    time = traffic.time
    if time is None:
        raise UserError(
            f'folds.scheme = "time" needs to know when each row was, but {traffic.dataset.name} does not say it. Name '
            'the column in its description, time_column = "…", or use another scheme.'
        )
    ordered = np.sort(time)
    starts = []
    if len(ordered) > count:
        blocks = [block for _, block in TimeSeriesSplit(count).split(ordered)]
        starts = sorted({between_times(ordered, int(block[0])) for block in blocks} - {0})
    if len(starts) < count:
        raise UserError(
            f'folds.scheme = "time": the {len(ordered):,} rows of {traffic.source} have {len(np.unique(time)):,} '
            f"different times ({traffic.dataset.time_column}), spread so that {count} folds (folds.count) leave a part "
            "without rows, as all rows of one time are on one side. Use fewer folds, or another scheme."
        )
    points = [*ordered[starts], np.inf]
    return [(time < start, (time >= start) & (time < end)) for start, end in pairwise(points)]
