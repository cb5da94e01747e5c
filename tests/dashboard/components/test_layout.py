from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nids.bench import synthetic_run
from nids.dashboard.data import cache
from nids.dashboard.serving.settings import STORAGE
from nids.storage import Folder
from tests.dashboard.conftest import words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest


def test_texts_of_a_run_are_no_markup(page: Callable[..., AppTest], storage: Path) -> None:
    (storage / "large").rename(storage / "<b>x $y$ [z](http:w)")
    shown = page("overview")
    assert shown.subheader[0].value == r"\<b\>x \$y\$ \[z\]\(http\:w\)"


def test_an_unknown_run_in_the_address_is_said_to_be_unknown(page: Callable[..., AppTest], storage: Path) -> None:
    shown = page("overview", run="gone")
    assert "There is no run named gone in" in words(shown)
    assert not shown.metric  # of another run, nothing is shown unasked
    shown.selectbox[0].select("large").run()
    assert shown.subheader[0].value == "large"
    assert shown.query_params["run"] in ("large", ["large"])


@pytest.mark.slow
def test_the_demonstration_gives_way_to_the_first_run(
    page: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORAGE, str(tmp_path))
    shown = page("overview")
    assert shown.subheader[0].value == "demonstration"
    synthetic_run.write(Folder.from_uri(str(tmp_path)).folder("mine"), 2)
    cache.names.clear()
    assert shown.run().subheader[0].value == "mine"
    notice = "You have runs now, so the demonstration is gone. This is your latest run."
    assert notice in words(shown)
    assert notice not in words(shown.run())
