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


def test_tags_are_a_column_where_a_run_has_any(page: Callable[..., AppTest], storage: Path) -> None:
    assert "tags" not in page("runs").dataframe[0].value
    (storage / "large/notes.json").write_text('{"tags": ["baseline", "old"]}')
    try:
        assert page("runs").dataframe[0].value["tags"].tolist() == ["baseline old"]
    finally:
        (storage / "large/notes.json").unlink()
