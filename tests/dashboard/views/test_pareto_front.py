from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from tests.dashboard.conftest import sound, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param({"y": "accuracy", "x": "accuracy"}, "Choose two different metrics.", id="the-same"),
        pytest.param({"state": "failed"}, "None of the trials that pass the filters has both metrics.", id="filtered"),
        pytest.param({"state": "pruned"}, "No trial on the front passes the filters.", id="the-front-filtered"),
    ],
)
def test_why_there_is_no_front(
    address: dict[str, str], expected: str, page: Callable[..., AppTest], storage: Path
) -> None:
    shown = page("trials", run="large", view="Pareto front", **address)
    assert sound(shown)
    assert expected in words(shown).replace("\\", "")


def test_without_a_complete_trial_there_is_nothing_to_weigh(page: Callable[..., AppTest], storage: Path) -> None:
    part = storage / "large" / "trials" / "part-00000.parquet"
    table = pd.read_parquet(part)
    table.assign(state=table["state"].replace("COMPLETE", "PRUNED")).to_parquet(part)
    shown = page("trials", run="large", view="Pareto front")
    assert sound(shown)
    assert "There is no complete trial yet, and only complete trials can be on the Pareto front." in words(shown)
