from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest


def test_foreign_files_are_no_runs(page: Callable[..., AppTest], storage: Path) -> None:
    (storage / "notes.txt").write_text("not a run")
    (storage / "empty").mkdir()
    shown = page("runs")
    assert shown.dataframe[0].value["run"].tolist() == ["large"]
