"""Flow records with a time and a host, in no order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nids import datasets

if TYPE_CHECKING:
    from pathlib import Path

    from nids.datasets.traffic import Traffic

ROWS, HOSTS = 240, 12
DESCRIPTION = """
label_column = "label"
time_column = "time"
group_column = "host"
ignored = ["time", "host"]

[files]
training = ["flows.csv"]

[label_maps.plain]
benign = "ok"
classes = ["ok", "flood", "scan"]

[columns]
bytes = { kind = "count" }
rate = { kind = "real" }
"""


def table() -> pd.DataFrame:
    """Return flows of which two each are in one minute; a scan is only among the last, and there are few bytes."""
    random = np.random.default_rng(0)
    number = np.arange(ROWS)
    label = np.where(number >= ROWS - 30, number % 3, number % 2)
    rows = pd.DataFrame(
        {
            "time": pd.date_range("2017-07-03 08:55", periods=ROWS // 2, freq="min").repeat(2).astype(str),
            "host": [f"10.0.0.{i}" for i in random.integers(0, HOSTS, ROWS)],
            "bytes": random.poisson(2, ROWS) + 4 * label,
            "rate": label / 2,
            "label": np.array(["ok", "flood", "scan"])[label],
        }
    )
    return rows.sample(frac=1, random_state=0)


def described(folder: Path, *changes: tuple[str, str], rows: pd.DataFrame | None = None) -> str:
    """Write flows and their description, and return its path."""
    (table() if rows is None else rows).to_csv(folder / "flows.csv", index=False)
    text = DESCRIPTION
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def loaded(folder: Path, *changes: tuple[str, str], rows: pd.DataFrame | None = None) -> Traffic:
    """Return the flows that a search may see."""
    return datasets.load_training(datasets.get(described(folder, *changes, rows=rows)), folder=folder)
