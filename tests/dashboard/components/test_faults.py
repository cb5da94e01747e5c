from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from nids.bench import synthetic_run
from nids.storage import Folder
from tests.dashboard.conftest import change, sound, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest


@pytest.mark.slow
def test_of_damaged_runs_the_others_are_shown(page: Callable[..., AppTest], storage: Path) -> None:
    synthetic_run.write(Folder.from_uri(str(storage)).folder("other"), 12)
    for i in range(3):
        shutil.copytree(storage / "other", storage / f"damaged-{i}")
        change(storage / f"damaged-{i}" / "manifest.json", run=None)
    for name in ("runs", "compare"):
        shown = page(name)
        assert sound(shown)
        assert words(shown).count("is damaged and was skipped") == 3
    assert page("compare").multiselect(key="runs").value == ["large", "other"]
