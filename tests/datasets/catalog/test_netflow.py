"""Rows are made here: none of the published ones is at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from nids import datasets
from nids.datasets.io.load import load

if TYPE_CHECKING:
    from pathlib import Path


def test_the_third_version_has_times_between_packets_too() -> None:
    second, third = (datasets.get(f"netflow-{version}") for version in ("v2", "v3"))
    assert third.columns[: len(second.columns)] == second.columns
    assert [each.name for each in third.columns[len(second.columns) :]] == [
        f"{way}_IAT_{what}" for way in ("SRC_TO_DST", "DST_TO_SRC") for what in ("MIN", "MAX", "AVG", "STDDEV")
    ]
    assert second.label_maps == third.label_maps


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_rows_are_read_without_addresses_and_times(version: str, tmp_path: Path) -> None:
    dataset = datasets.get(f"netflow-{version}")
    rows = pd.DataFrame({column.name: ["1"] * 4 for column in dataset.columns})
    rows[[*dataset.ignored]] = "10.0.0.1"
    # As the two versions, and the four networks, spell them.
    rows["Attack"] = ["Benign", "scanning", "DoS attacks-Hulk", "DoS_attacks-Hulk"]
    path = tmp_path / "flows.csv"
    rows.to_csv(path, index=False)
    traffic = load(path, dataset.labelled_by("grouped"))
    assert traffic.attack.tolist() == ["Benign", "scanning", "DoS attacks-Hulk", "DoS attacks-Hulk"]
    assert [traffic.dataset.classes[label] for label in traffic.label] == ["Benign", "Reconnaissance", "DoS", "DoS"]
    assert load(path, dataset).label.tolist() == [0, 1, 1, 1]
