"""Columns of time and group, read where rows have labels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from nids import datasets
from nids.datasets.io.load import load
from nids.datasets.io.stream import stream
from nids.errors import UserError
from tests.timed_flows import described, table

if TYPE_CHECKING:
    from pathlib import Path

    from nids.datasets.schema import DatasetSpec


@pytest.fixture
def spec(tmp_path: Path) -> DatasetSpec:
    return datasets.get(described(tmp_path))


def test_time_and_group_are_read_beside_labels(spec: DatasetSpec, tmp_path: Path) -> None:
    found, rows = load(tmp_path / "flows.csv", spec), table()
    assert found.time is not None
    assert found.group is not None
    assert [*found.features] == ["bytes", "rate"]
    np.testing.assert_array_equal(found.time, pd.to_datetime(rows["time"]).astype("datetime64[s]").astype("int64"))
    assert found.group.tolist() == rows["host"].tolist()


def test_every_form_of_a_file_gives_the_same(spec: DatasetSpec, tmp_path: Path) -> None:
    expected = load(tmp_path / "flows.csv", spec)
    assert expected.time is not None
    assert expected.group is not None
    times = pd.to_datetime(table()["time"])
    for time in (table()["time"], times, times.dt.tz_localize("UTC"), times.astype("datetime64[s]").astype("int64")):
        for name, write in (("flows.parquet", pd.DataFrame.to_parquet), ("again.csv", pd.DataFrame.to_csv)):
            write(table().assign(time=time), tmp_path / name, index=False)
            found = load(tmp_path / name, spec)
            np.testing.assert_array_equal(found.time, expected.time)
            assert found.group is not None
            pd.testing.assert_series_equal(found.group, expected.group)


def test_a_group_may_be_a_number_or_unknown(spec: DatasetSpec, tmp_path: Path) -> None:
    for hosts, expected in (([7, 8], ["7", "8"]), (["", " a "], ["", "a"])):
        rows = table().assign(host=np.resize(np.array(hosts, dtype=object), len(table())))
        rows = rows.assign(host=rows["host"].infer_objects())
        rows.to_csv(tmp_path / "flows.csv", index=False)
        rows.to_parquet(tmp_path / "flows.parquet", index=False)
        for name in ("flows.csv", "flows.parquet"):
            group = load(tmp_path / name, spec).group
            assert group is not None
            assert group.tolist() == np.resize(expected, len(table())).tolist()


def test_features_may_tell_time_and_group(spec: DatasetSpec, tmp_path: Path) -> None:
    found = load(tmp_path / "flows.csv", replace(spec, time_column="rate", group_column=None))
    assert found.time is not None
    assert found.group is None
    assert found.time.tolist() == found.features["rate"].tolist()


def test_what_is_scored_needs_neither(spec: DatasetSpec, tmp_path: Path) -> None:
    table()[["bytes", "rate"]].to_csv(tmp_path / "unlabelled.csv", index=False)
    (chunk,) = stream(tmp_path / "unlabelled.csv", spec)
    assert [*chunk.table] == ["bytes", "rate"]
    table().drop(columns="time").to_csv(tmp_path / "flows.csv", index=False)
    with pytest.raises(UserError) as refusal:
        load(tmp_path / "flows.csv", spec)
    assert str(refusal.value).startswith(
        "flows.csv, line 1: the columns do not include time, but all 2 features of mine and its labels (label) and "
        "what tells time or group (time, host) are needed."
    )


@pytest.mark.parametrize(
    ("value", "time_format", "expected"),
    [
        pytest.param(
            "3/7/2017 8:42",
            (),
            "times are numbers of seconds or ISO 8601 text, such as 2017-07-03 08:55:58; others need a time_format",
            id="no format",
        ),
        pytest.param("", (), "times are numbers of seconds or ISO 8601 text", id="empty"),
        pytest.param("x", ("%Y-%m-%d %H:%M:%S",), "times here have the form %Y-%m-%d %H:%M:%S (time_fo", id="format"),
    ],
)
def test_a_value_that_is_no_time_is_named(
    spec: DatasetSpec, tmp_path: Path, value: str, time_format: tuple[str, ...], expected: str
) -> None:
    rows = table()
    rows.iloc[6, 0] = value
    rows.to_csv(tmp_path / "flows.csv", index=False)
    rows.to_parquet(tmp_path / "flows.parquet", index=False)
    for name, place in (("flows.csv", "line 8"), ("flows.parquet", "row 7")):
        with pytest.raises(UserError) as refusal:
            load(tmp_path / name, replace(spec, time_format=time_format))
        assert str(refusal.value).startswith(f"{name}, {place}, column 1 (time): found {value!r}, but {expected}")


def test_a_type_that_is_no_text_is_refused(spec: DatasetSpec, tmp_path: Path) -> None:
    table().assign(host=pd.Timedelta(3, "s")).to_parquet(tmp_path / "flows.parquet", index=False)
    with pytest.raises(
        UserError, match=r"flows.parquet: column host is of type duration.*holds text, numbers or dates"
    ):
        load(tmp_path / "flows.parquet", spec)
