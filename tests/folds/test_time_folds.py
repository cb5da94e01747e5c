from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.model_selection import TimeSeriesSplit

from nids.config import Folds
from nids.errors import UserError
from nids.folds.split import split
from nids.folds.time_folds import blocks_in_time
from tests.timed_flows import ROWS, loaded

if TYPE_CHECKING:
    from pathlib import Path

    from nids.datasets.traffic import Traffic


@pytest.fixture
def flows(tmp_path: Path) -> Traffic:
    return loaded(tmp_path)


@pytest.mark.parametrize("count", [2, 3, 5, 7])
def test_training_is_before_validation(flows: Traffic, count: int) -> None:
    assert flows.time is not None
    assert (np.diff(flows.time) < 0).any()
    splits = split(flows, Folds(count=count, scheme="time", resampling="none"), seed=0)
    assert len(splits) == count
    for sides, following in zip(splits, [*splits[1:], None], strict=True):
        assert flows.time[sides.training].max() < flows.time[sides.validation].min()
        before_the_next = np.sort(np.concatenate([sides.training, sides.validation]))
        np.testing.assert_array_equal(before_the_next, np.arange(ROWS) if following is None else following.training)


def test_without_ties_the_blocks_are_those_of_scikit_learn(flows: Traffic) -> None:
    order = np.random.default_rng(0).permutation(ROWS)
    found = blocks_in_time(replace(flows, time=np.argsort(order).astype(float)), 4)
    for (before, block), (training, validation) in zip(found, TimeSeriesSplit(4).split(order), strict=True):
        np.testing.assert_array_equal(np.flatnonzero(before), np.sort(order[training]))
        np.testing.assert_array_equal(np.flatnonzero(block), np.sort(order[validation]))


def test_rows_of_one_time_stay_together(flows: Traffic) -> None:
    time = np.repeat([0.0, 1.0, 2.0], [100, 100, 40])
    (before, block), (both, rest) = blocks_in_time(replace(flows, time=time), 2)
    assert [set(time[side]) for side in (before, block, both, rest)] == [{0.0}, {1.0}, {0.0, 1.0}, {2.0}]


@pytest.mark.parametrize(
    ("sizes", "different"),
    [
        pytest.param([240], 1, id="all alike"),
        pytest.param([90, 150], 2, id="too few"),
        pytest.param([10, 220, 10], 3, id="most alike"),
    ],
)
def test_too_few_times_are_refused(flows: Traffic, sizes: list[int], different: int) -> None:
    time = np.repeat(np.arange(len(sizes), dtype=float), sizes)
    with pytest.raises(UserError) as refusal:
        blocks_in_time(replace(flows, time=time), 3)
    assert str(refusal.value) == (
        f'folds.scheme = "time": the 240 rows of flows.csv have {different} different times (time), spread so that 3 '
        "folds (folds.count) leave a part without rows, as all rows of one time are on one side. Use fewer folds, or "
        "another scheme."
    )


def test_a_data_set_without_times_is_refused(traffic: Traffic) -> None:
    with pytest.raises(UserError, match=r'^folds.scheme = "time" needs to know when each row was, but nsl-kdd-sample '):
        blocks_in_time(traffic, 3)
