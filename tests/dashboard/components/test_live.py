from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nids.dashboard.data import cache
from tests.dashboard.conftest import sound

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest


@pytest.mark.parametrize("name", ["overview", "cluster"])
def test_follow_reads_the_run_once_for_the_first_picture(
    name: str, page: Callable[..., AppTest], storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    found = cache.one
    monkeypatch.setattr(cache, "one", lambda *names: (asked.append(names), found(*names))[1])
    assert sound(page(name, run="large"))
    assert asked == [(str(storage), "large")]
