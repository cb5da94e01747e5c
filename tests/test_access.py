from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from nids import access

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a user without settings of Ray."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (access.MODE, access.TOKEN, access.TOKEN_PATH):
        monkeypatch.setenv(name, "to be restored")
        monkeypatch.delenv(name)
    return tmp_path


def test_without_a_token_none_is_sent() -> None:
    access.use_token()
    assert (access.token(), os.environ.get(access.MODE)) == (None, None)


def test_a_token_is_made_for_a_new_cluster_and_is_the_users_alone(home: Path) -> None:
    access.make_token()
    path = home / ".ray" / "auth_token"
    made = path.read_text()
    assert (access.default_path(), stat.S_IMODE(path.stat().st_mode)) == (path, 0o600)
    assert len(made) == 64
    access.make_token()
    assert path.read_text() == made
    assert access.MODE not in os.environ
    access.use_token()
    assert os.environ[access.MODE] == "token"


@pytest.mark.parametrize("name", [access.TOKEN, access.TOKEN_PATH])
def test_a_token_that_a_variable_names_is_used(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").write_text("a-token\n")
    monkeypatch.setenv(name, {access.TOKEN: "a-token", access.TOKEN_PATH: str(tmp_path / "mine")}[name])
    access.make_token()
    access.use_token()
    assert (access.token(), os.environ[access.MODE]) == ("a-token", "token")
    assert not access.default_path().exists()


def test_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(access.MODE, "disabled")
    access.make_token()
    access.use_token()
    assert os.environ[access.MODE] == "disabled"
    assert access.token() is None
