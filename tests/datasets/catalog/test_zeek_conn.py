from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from nids import datasets
from nids.datasets.io.load import load
from nids.datasets.proposal import propose

if TYPE_CHECKING:
    from pathlib import Path

DATASET = datasets.get("zeek-conn")
UNSET = ["duration", "orig_bytes", "resp_bytes"]


@pytest.fixture
def connections(real_data: Path) -> pd.DataFrame:
    lines = (real_data / "zeek" / "conn.log").read_text(encoding="utf-8").splitlines()
    fields = next(line for line in lines if line.startswith("#fields")).split("\t")[1:]
    rows = pd.DataFrame([line.split("\t") for line in lines if not line.startswith("#")], columns=fields)
    rows.loc[:8, UNSET] = "-"  # as of a connection without an answer, of which this log has none
    return rows


@pytest.mark.parametrize("form", ["label", "detailed-label"])
def test_real_connections_are_read_with_labels_of_either_name(
    connections: pd.DataFrame, form: str, tmp_path: Path
) -> None:
    attack = (connections["id.resp_p"].astype(int) == 53).to_numpy()
    malicious = {"label": "Malicious", "detailed-label": "C&C-HeartBeat"}
    path = tmp_path / "conn.csv"
    connections.assign(**{form: np.where(attack, malicious[form], "Benign" if form == "label" else "-")}).to_csv(
        path, index=False
    )
    traffic = load(path, DATASET)
    assert traffic.label.tolist() == attack.astype(int).tolist()
    assert traffic.features[UNSET].isna().all(axis=1).tolist() == [row < 9 for row in range(len(connections))]
    proposed = propose([path], "conn")
    assert proposed.remarks[0] == "This looks like zeek-conn: 12 of its 12 columns are there."
    assert proposed.remarks[1].startswith("As it is, it is read by data.dataset = 'zeek-conn', with --data FILE.")
