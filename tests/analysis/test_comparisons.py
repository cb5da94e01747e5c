from __future__ import annotations

import pandas as pd
import pytest

from nids.analysis.comparisons import ALIKE, BETTER, UNKNOWN, WORSE, by_fold, contest

# Of each fold.
ROWS = ((200, 200, 200), (100, 100, 100))


@pytest.mark.parametrize(
    ("metric", "ours", "theirs", "outcome"),
    [
        pytest.param("log_loss", [0.10, 0.11, 0.12], [0.50, 0.51, 0.52], BETTER, id="less-loss"),
        pytest.param("accuracy", [0.10, 0.11, 0.12], [0.50, 0.51, 0.52], WORSE, id="less-accuracy"),
        pytest.param("accuracy", [0.10, 0.50, 0.90], [0.50, 0.90, 0.10], ALIKE, id="within-the-spread"),
        pytest.param("accuracy", [0.10, 0.11, 0.12], [0.10, 0.11, 0.12], ALIKE, id="equal"),
        pytest.param("accuracy", [0.10], [0.50], UNKNOWN, id="one-fold"),
        pytest.param("accuracy", [], [], UNKNOWN, id="no-fold"),
    ],
)
def test_a_contest_has_an_outcome(metric: str, ours: list[float], theirs: list[float], outcome: str) -> None:
    sides = [pd.Series(side, dtype=float) for side in (ours, theirs)]
    found = contest(metric, ("a", "b"), sides[0], sides[1], *ROWS)
    assert found.outcome == outcome


def test_a_contest_has_figures_with_their_spread() -> None:
    found = contest("accuracy", ("a", "b"), pd.Series([0.9, 0.92]), pd.Series([0.5, 0.52]), *ROWS)
    assert found.figures == ("91.0 ± 1.4 %", "51.0 ± 1.4 %")


def test_figures_are_those_of_the_epoch() -> None:
    curves = pd.DataFrame({"fold": [1, 0, 0], "epoch": [2, 2, 1], "accuracy": [0.9, 0.8, 0.1]})
    assert by_fold(curves, 2, "accuracy").to_dict() == {0: 0.8, 1: 0.9}
