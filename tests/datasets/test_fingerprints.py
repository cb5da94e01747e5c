from __future__ import annotations

import numpy as np
import pandas as pd

from nids.datasets.fingerprints import fingerprints

TABLE = pd.DataFrame({"bytes": [0.0, 1.5, 1e9, 1.5], "service": ["http", "ftp", "http", "ftp"]})


def test_equal_rows_have_equal_fingerprints_and_others_do_not() -> None:
    first, second, third, fourth = fingerprints(TABLE)
    assert second == fourth
    assert len({first, second, third}) == 3
    assert fingerprints(TABLE[::-1]).tolist() == [fourth, third, second, first]


def test_how_values_are_stored_makes_no_difference() -> None:
    stored: dict[str, np.ndarray | pd.Categorical] = {
        "another name": np.array([-0.0, 1.5, 1e9, 1.5], dtype=np.float32),
        "service": pd.Categorical(TABLE["service"]),
    }
    assert fingerprints(stored).tolist() == fingerprints(TABLE).tolist()
    whole = pd.DataFrame({"a": [0, 7]})
    assert fingerprints(whole).tolist() == fingerprints(whole.astype(float)).tolist()


def test_columns_are_told_apart() -> None:
    swapped = pd.DataFrame({"a": [1.0], "b": [2.0]})
    assert fingerprints(swapped) != fingerprints(swapped[["b", "a"]])
