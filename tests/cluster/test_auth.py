from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from nids.cluster import auth

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a user without settings of Ray."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (auth.MODE, auth.TOKEN, auth.TOKEN_PATH):
        monkeypatch.setenv(name, "to be restored")
        monkeypatch.delenv(name)
    return tmp_path


def test_without_a_token_none_is_sent() -> None:
    auth.use_token()
    assert (auth.token(), os.environ.get(auth.MODE)) == (None, None)


def test_a_token_is_made_for_a_new_cluster_and_is_the_users_alone(home: Path) -> None:
    auth.make_token()
    path = home / ".ray" / "auth_token"
    made = path.read_text()
    assert (auth.default_path(), stat.S_IMODE(path.stat().st_mode)) == (path, 0o600)
    assert len(made) == 64
    auth.make_token()
    assert path.read_text() == made
    assert auth.MODE not in os.environ
    auth.use_token()
    assert os.environ[auth.MODE] == "token"


@pytest.mark.parametrize("name", [auth.TOKEN, auth.TOKEN_PATH])
def test_a_token_that_a_variable_names_is_used(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").write_text("a-token\n")
    monkeypatch.setenv(name, {auth.TOKEN: "a-token", auth.TOKEN_PATH: str(tmp_path / "mine")}[name])
    auth.make_token()
    auth.use_token()
    assert (auth.token(), os.environ[auth.MODE]) == ("a-token", "token")
    assert not auth.default_path().exists()


def test_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(auth.MODE, "disabled")
    auth.make_token()
    auth.use_token()
    assert os.environ[auth.MODE] == "disabled"
    assert auth.token() is None
