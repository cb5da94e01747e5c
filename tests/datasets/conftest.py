from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nids.datasets.catalog.nsl_kdd import DATASET

if TYPE_CHECKING:
    from collections.abc import Callable

# Read before the fixture below hides it.
_REAL_DATA = os.environ.get("NIDS_DATA_DIR")


@pytest.fixture(autouse=True)
def _nothing_on_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Hide the data files and the user's cache of the machine that the tests run on."""
    home = tmp_path_factory.mktemp("home")
    for variable in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(home))
    monkeypatch.delenv("NIDS_DATA_DIR", raising=False)


@pytest.fixture
def real_data() -> Path:
    if not _REAL_DATA:
        pytest.skip("NIDS_DATA_DIR does not name a folder with the real files")
    return Path(_REAL_DATA)


@pytest.fixture
def line() -> Callable[..., str]:
    """Return the maker of a valid NSL-KDD line, in which columns can be given other values."""

    def make(**values: str) -> str:
        columns = {column.name: "0" for column in DATASET.columns}
        columns |= {
            "protocol_type": "tcp",
            "service": "http",
            "flag": "SF",
            "attack": "normal",
            "difficulty": "21",
        }
        return ",".join((columns | values).values())

    return make
