from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nids.bench import synthetic_run
from nids.storage import Folder
from tests.dashboard.conftest import words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest


@pytest.mark.slow
def test_a_trial_without_results_is_said_to_have_none(page: Callable[..., AppTest], storage: Path) -> None:
    shown = page("classes", run="large", trial="7")
    assert "Trial 7 has no results, so you see the best trial." in words(shown)


def test_a_run_is_found_as_soon_as_it_is_there(page: Callable[..., AppTest], storage: Path) -> None:
    page("overview")
    synthetic_run.write(Folder.from_uri(str(storage)).folder("new"), 2)
    assert page("overview", run="new").subheader[0].value == "new"
