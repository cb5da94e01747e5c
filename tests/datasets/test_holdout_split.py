from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from nids import datasets
from nids.config import Data
from nids.datasets.holdout_split import held_out_in_words, held_out_rows
from nids.datasets.traffic import only
from nids.errors import UserError
from nids.evaluation.held_out import read_held_out
from tests.timed_flows import HOSTS, ROWS, described, loaded, table

if TYPE_CHECKING:
    from pathlib import Path

    from nids.datasets.schema import HoldOutBy
    from nids.datasets.traffic import Traffic


@pytest.fixture
def flows(tmp_path: Path) -> Traffic:
    return loaded(tmp_path)


def held_out_by(flows: Traffic, by: HoldOutBy, share: float = 0.25) -> Traffic:
    return replace(flows, dataset=replace(flows.dataset, hold_out=share, hold_out_by=by))


def test_whole_groups_are_held_out_by_their_names_alone(flows: Traffic) -> None:
    assert flows.group is not None
    chosen = held_out_rows(held_out_by(flows, "group"))
    groups = {*flows.group[chosen]}
    assert 0 < len(groups) < HOSTS
    assert groups.isdisjoint(flows.group[~chosen])
    # Beside other rows, too.
    part = only(held_out_by(flows, "group"), flows.group.isin([*groups, "10.0.0.7", "10.0.0.8"]).to_numpy(), "part")
    assert part.group is not None
    assert {*part.group[held_out_rows(part)]} == groups


def test_the_last_rows_in_time_are_held_out_and_those_of_one_time_stay_together(flows: Traffic) -> None:
    assert flows.time is not None
    for share, rows in ((0.25, 60), (0.2541, 62), (0.2542, 62), (0.001, 2), (0.999, ROWS - 2)):  # two a minute
        chosen = held_out_rows(held_out_by(flows, "time", share))
        assert chosen.sum() == rows
        assert flows.time[~chosen].max() < flows.time[chosen].min()


@pytest.mark.parametrize("by", ["rows", "group", "time"])
def test_the_order_of_the_rows_decides_nothing(tmp_path: Path, by: str) -> None:
    parts = []
    for order in (table(), table().sort_values("bytes"), table().iloc[::-1]):
        path = described(tmp_path, ("[files]", f'hold_out = 0.25\nhold_out_by = "{by}"\n\n[files]'), rows=order)
        data, dataset = Data(dataset=path), datasets.get(path)
        searched = datasets.load_for(data, seed=0)
        (held_out,) = read_held_out(dataset, data, 0, "a test", lambda access: None)
        assert 0 < len(held_out.label) < ROWS
        assert len(held_out.label) + len(searched.label) == ROWS
        parts.append([counted_rows(searched), counted_rows(held_out)])
    assert parts[0] == parts[1] == parts[2]


def counted_rows(traffic: Traffic) -> dict[object, int]:
    assert traffic.time is not None
    assert traffic.group is not None
    columns = [*(traffic.features[name] for name in traffic.features), pd.Series(traffic.time), traffic.group]
    return pd.concat([*columns, traffic.attack], axis=1).value_counts().sort_index().to_dict()


def test_only_keeps_time_and_group_beside_their_rows(flows: Traffic) -> None:
    assert flows.time is not None
    assert flows.group is not None
    rows = np.arange(ROWS) % 3 == 0
    part = only(flows, rows, "a third")
    assert part.time is not None
    assert part.group is not None
    np.testing.assert_array_equal(part.time, flows.time[rows])
    pd.testing.assert_series_equal(part.group, flows.group[rows].reset_index(drop=True))


def test_groups_that_fall_on_one_side_are_refused_with_the_shares_that_part_them(flows: Traffic) -> None:
    with pytest.raises(
        UserError, match=r"^flows.csv: hold_out = 0.001 by group holds out none of the 12 groups "
    ) as no:
        held_out_rows(held_out_by(flows, "group", 0.001))
    above, below = (
        float(word) for word in str(no.value).rstrip(".").split() if word.startswith("0.") and len(word) > 5
    )
    for share in (above + 1e-4, below - 1e-4):
        assert 0 < held_out_rows(held_out_by(flows, "group", share)).sum() < ROWS
    with pytest.raises(UserError, match=r"holds out all of the 12 groups \(host\), as the hashes of their names fall"):
        held_out_rows(held_out_by(flows, "group", 0.9999))


def test_times_that_are_all_alike_are_refused(flows: Traffic) -> None:
    alike = replace(held_out_by(flows, "time"), time=np.ones(ROWS))
    with pytest.raises(
        UserError, match=r'^flows.csv: hold_out_by is "time", but all rows have the same \(time\)\. Use '
    ):
        held_out_rows(alike)


def test_held_out_in_words(flows: Traffic) -> None:
    assert [held_out_in_words(held_out_by(flows, by).dataset, "flows.csv") for by in ("rows", "group", "time")] == [
        "25 % of flows.csv",
        "25 % of the groups of flows.csv",
        "the last 25 % of flows.csv",
    ]
