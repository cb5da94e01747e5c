from __future__ import annotations

from typing import TYPE_CHECKING

from tests.dashboard.conftest import sound, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest


def test_lost_confusions_are_not_mentioned_in_words(page: Callable[..., AppTest], storage: Path) -> None:
    (storage / "large" / "confusions" / "part-00000.parquet").write_bytes(b"PAR1")
    shown = page("classes", run="large", trial="3")
    assert sound(shown)
    found = words(shown).replace("\\", "")
    assert "Weakest class of trial 3: R2L, with an F1 of" in found
    assert "rows are recognized" not in found
    assert "The confusion matrix of trial 3 cannot be read." in found


def test_a_trial_is_compared_with_another(page: Callable[..., AppTest], storage: Path) -> None:
    shown = page("classes", run="large", trial="3", **{"with": "trial 6"})
    table = shown.dataframe[0].value
    assert table[["model", "class"]].head(4).to_numpy().tolist() == [
        ["trial 3", "Normal"],
        ["trial 6", "Normal"],
        ["trial 3", "DoS"],
        ["trial 6", "DoS"],
    ]
