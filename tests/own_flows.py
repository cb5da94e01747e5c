"""Flow records with all that is odd in the files that people have."""

from __future__ import annotations

import numpy as np
import pandas as pd

CLASSES = ("BENIGN", "Bot", "DDoS", "Heartbleed", "PortScan", "Web Attack", "XSS")
ROWS = 700


def table() -> pd.DataFrame:
    """Return flows of seven classes, in turn."""
    random = np.random.default_rng(0)
    label = np.arange(ROWS) % len(CLASSES)
    rates = random.exponential(100.0, ROWS).astype(str)
    rates[::50], rates[1::50] = "Infinity", "NaN"
    return pd.DataFrame(
        {
            "Flow ID": [f"10.0.0.{i}" for i in range(ROWS)],
            " Timestamp": pd.date_range("2024-01-01", periods=ROWS, freq="s").astype(str),
            "number": np.arange(ROWS) + 7,
            " Protocol": np.array(["tcp", "udp", ""])[random.integers(0, 3, ROWS)],
            "Bytes/s ": rates,
            "Window": random.integers(-1, 9, ROWS),
            "Offset": random.normal(0, 1e4, ROWS),
            "Syn": random.integers(0, 2, ROWS),
            "Share": random.random(ROWS),
            "hint": label * 10 + random.random(ROWS),
            "Label": np.array(CLASSES)[label],
        }
    )
