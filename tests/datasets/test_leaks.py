from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from nids.datasets.leaks import leaks


def test_columns_that_tell_the_classes_apart_alone_are_found() -> None:
    random = np.random.default_rng(0)
    label = random.integers(0, 3, 600)
    columns = {
        "noise": random.random(600).astype(str),
        "hint": (label + random.random(600) / 2).astype(str),
        "name": np.array(["b", "a", "c"])[label],
        "partly": np.where(label == 1, "yes", "no"),
        "label": np.array(["x", "y", "z"])[label],
    }
    table = pa.table({name: pa.array(values.tolist()) for name, values in columns.items()})
    found = leaks(table, ["noise", "hint", "name", "partly"], ["noise", "hint"], "label")
    assert found == {"hint": pytest.approx(1.0), "name": pytest.approx(1.0)}


def test_one_class_gives_nothing_away() -> None:
    table = pa.table({"a": ["1", "2"] * 20, "label": ["x"] * 40})
    assert leaks(table, ["a"], ["a"], "label") == {}
