from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import StratifiedGroupKFold

from nids.config import Folds
from nids.errors import UserError
from nids.folds.group_folds import parts_by_group
from nids.folds.split import split
from tests.timed_flows import ROWS, loaded

if TYPE_CHECKING:
    from pathlib import Path

    from nids.datasets.traffic import Traffic


@pytest.fixture
def flows(tmp_path: Path) -> Traffic:
    return loaded(tmp_path)


@pytest.mark.parametrize("count", [2, 3, 6])
def test_no_group_is_on_both_sides(flows: Traffic, count: int) -> None:
    assert flows.group is not None
    splits = split(flows, Folds(count=count, scheme="group", resampling="none"), seed=0)
    assert len(splits) == count
    for sides in splits:
        assert {*flows.group[sides.training]}.isdisjoint(flows.group[sides.validation])
        np.testing.assert_array_equal(np.sort(np.concatenate([sides.training, sides.validation])), np.arange(ROWS))
    np.testing.assert_array_equal(np.sort(np.concatenate([sides.validation for sides in splits])), np.arange(ROWS))


def test_the_folds_are_those_of_scikit_learn(flows: Traffic) -> None:
    parts = parts_by_group(flows, 3, seed=7)
    theirs = StratifiedGroupKFold(3, shuffle=True, random_state=7).split(flows.label, flows.label, flows.group)
    for number, (_, validation) in enumerate(theirs):
        np.testing.assert_array_equal(np.flatnonzero(parts == number), validation)


def test_the_seed_decides_among_groups_that_are_alike(flows: Traffic) -> None:
    number = np.arange(ROWS)
    alike = replace(flows, group=pd.Series(number % 12).astype(str), label=(number // 12 % 2).astype(np.int8))
    first, again, other = (parts_by_group(alike, 3, seed).tolist() for seed in (7, 7, 8))
    assert first == again != other


@pytest.mark.parametrize(
    ("group", "message"),
    [
        pytest.param(
            ["a", "b"], r"^found 2 groups in flows.csv \(host\), but 3 folds \(folds.count\) need at least 3\."
        ),
        pytest.param([""], r"^found 1 group in flows.csv \(host\)"),
    ],
    ids=["two", "empty"],
)
def test_too_few_groups_are_refused(flows: Traffic, group: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        parts_by_group(replace(flows, group=pd.Series(np.resize(group, ROWS))), 3, seed=0)


def test_fewer_rows_of_each_class_than_folds_are_refused(flows: Traffic) -> None:
    few = replace(flows, label=flows.label[:4] % 2, group=pd.Series([*"abcd"]))
    with pytest.raises(UserError, match=r"^found at most [23] rows of a class in flows.csv .*, but 4 folds"):
        parts_by_group(few, 4, seed=0)


def test_a_data_set_without_groups_is_refused(traffic: Traffic) -> None:
    with pytest.raises(UserError, match=r'^folds.scheme = "group" needs to know what each row belongs to, but nsl-kdd'):
        parts_by_group(traffic, 3, seed=0)
