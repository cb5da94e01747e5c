from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nids.report import sentences
from nids.results.ranking import Axes
from tests.manifests import a_manifest


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        pytest.param(
            slice(None),
            "2 of 3 complete trials are on the Pareto front of log-loss and accuracy: no other trial is better in one "
            "of these without being worse in the other.",
            id="several",
        ),
        pytest.param(
            slice(1, 3),
            "No trade-off: of 2 complete trials, trial 101 is the best in both log-loss and accuracy.",
            id="one is best in both",
        ),
        pytest.param(
            slice(0, 1), "Only one complete trial has log-loss and accuracy: there is nothing to compare yet.", id="one"
        ),
        pytest.param(
            slice(3, 5), "No complete trial has log-loss and accuracy: there is nothing to compare yet.", id="none"
        ),
    ],
)
def test_trade_off(rows: slice, sentence: str) -> None:
    trials = pd.DataFrame(
        [
            (100, "COMPLETE", 0.3, 0.90),
            (101, "COMPLETE", 0.2, 0.80),
            (102, "COMPLETE", 0.2, 0.70),
            (103, "PRUNED", 0.1, 0.99),
            (104, "RUNNING", np.nan, np.nan),
        ],
        columns=["trial", "state", "log_loss", "accuracy"],
    )
    assert sentences.trade_off(trials.iloc[rows], Axes("log_loss", "accuracy")) == sentence


def test_notes_on_rows_begin_with_what_was_dropped() -> None:
    assert sentences.notes_on_rows(a_manifest()) == []
    manifest = a_manifest(data={"dropped": {"Worms": 44, "Shellcode": 0}}, folds={"notes": ["one", "two"]})
    first = "dropped as small classes: Worms (44 rows), Shellcode (0 rows)"
    assert sentences.notes_on_rows(manifest) == [first, "one", "two"]
