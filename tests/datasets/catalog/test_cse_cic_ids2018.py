"""Rows are made here: none of the published ones is at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from nids import datasets
from nids.datasets.io.stream import stream

if TYPE_CHECKING:
    from pathlib import Path

DATASET = datasets.get("cse-cic-ids2018")


def test_columns_are_those_of_the_earlier_data_set_and_the_protocol() -> None:
    earlier = datasets.get("cic-ids2017").columns
    later = [column for column in DATASET.columns if column.name != "Protocol"]
    assert [(each.kind, each.transform, each.missing) for each in later] == [
        (each.kind, each.transform, each.missing) for each in earlier
    ]
    assert [each.name for each in DATASET.columns[:5]] == [
        "Dst Port",
        "Protocol",
        "Flow Duration",
        "Tot Fwd Pkts",
        "Tot Bwd Pkts",
    ]


def test_rows_are_read_without_time_addresses_and_headers_in_the_middle(tmp_path: Path) -> None:
    rows = pd.DataFrame({column.name: ["1"] * 3 for column in DATASET.columns})
    rows["Flow Byts/s"] = ["Infinity", "NaN", "2.5"]
    rows["Init Fwd Win Byts"] = ["-1", "8192", "0"]
    rows.insert(2, "Timestamp", "14/02/2018 08:31:01")
    rows["Label"] = ["Benign", "Infilteration", "DDOS attack-HOIC"]
    header, *lines = rows.to_csv(index=False).splitlines()
    path = tmp_path / "Wednesday-14-02-2018_TrafficForML_CICFlowMeter.csv"
    path.write_text("\n".join([header, lines[0], header, lines[1], header, lines[2], ""]), encoding="utf-8")
    (chunk,) = stream(path, DATASET.labelled_by("grouped"), labelled=True)
    assert chunk.rejects == ()
    assert chunk.numbers.tolist() == [2, 4, 6]
    assert chunk.unused == ("Timestamp",)
    assert chunk.table["Label"].tolist() == ["Benign", "Infilteration", "DDOS attack-HOIC"]
    assert chunk.table[["Flow Byts/s", "Init Fwd Win Byts"]].isna().to_numpy().tolist() == [
        [True, True],
        [True, False],
        [False, False],
    ]
