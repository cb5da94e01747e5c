from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nids.cluster import auth
from nids.cluster.announcements import announce, withdraw
from nids.cluster.session_folder import SessionFolder
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a user without settings of Ray."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (auth.MODE, auth.TOKEN, auth.TOKEN_PATH):
        monkeypatch.setenv(name, "to be restored")
        monkeypatch.delenv(name)
    monkeypatch.setattr(auth, "_former", [])
    return tmp_path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionFolder]:
    """The folder of a cluster."""
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path / "tmp"))
    made = SessionFolder()
    yield made
    made.remove()


@pytest.fixture
def own(home: Path) -> str:
    """The user's own token, for clusters on other machines."""
    (home / ".ray").mkdir()
    (home / ".ray" / "auth_token").write_text("the-users\n")
    return "the-users"


def test_without_a_token_none_is_sent() -> None:
    assert auth.token_for("http://127.0.0.1:8265") is None
    assert auth.for_driver("127.0.0.1:6379") == auth.for_driver("127.0.0.1:6379", found=True) == {}
    assert not auth.is_sent()


def test_a_new_cluster_has_a_token_for_itself_that_nobody_else_can_read(folder: SessionFolder, home: Path) -> None:
    former = os.umask(0)
    try:
        environment = auth.for_new_cluster(folder.path)
    finally:
        os.umask(former)
    path = folder.path / "auth_token"
    assert environment == {auth.MODE: "token", auth.TOKEN_PATH: str(path)}
    assert (len(path.read_text()), stat.S_IMODE(path.stat().st_mode)) == (64, 0o600)
    assert not (home / ".ray").exists()


def test_two_clusters_have_two_tokens(folder: SessionFolder) -> None:
    other = SessionFolder()
    made = [Path(auth.for_new_cluster(each.path)[auth.TOKEN_PATH]) for each in (folder, other)]
    assert len({path.read_text() for path in made}) == 2
    other.remove()


def test_the_token_of_a_local_cluster_goes_to_its_addresses_alone(folder: SessionFolder, own: str) -> None:
    path = auth.for_new_cluster(folder.path)[auth.TOKEN_PATH]
    token = (folder.path / "auth_token").read_text()
    addresses = ("127.0.0.1:20001", "127.0.0.1:8265")
    announce(folder.path / "auth_token", *addresses)
    asked = ["http://127.0.0.1:8265", "http://localhost:8265", "127.0.0.1:20001"]
    others = ["http://127.0.0.1:8266", "https://ray.example.org", "http://192.0.2.7:8265", "https://127.0.0.1"]
    assert [auth.token_for(address) for address in asked] == [token] * 3
    assert [auth.token_for(address) for address in others] == [own] * 4
    assert auth.for_driver("127.0.0.1:20001") == {auth.MODE: "token", auth.TOKEN_PATH: path}
    assert auth.for_driver("192.0.2.7:20001") == {}
    withdraw(folder.path / "auth_token", *addresses)
    assert [auth.token_for(address) for address in asked] == [own] * 3


def test_the_token_of_a_cluster_that_was_killed_goes_nowhere(folder: SessionFolder, own: str) -> None:
    auth.for_new_cluster(folder.path)
    announce(folder.path / "auth_token", "127.0.0.1:8265")
    os.close(folder.locks.pop())
    assert auth.token_for("http://127.0.0.1:8265") == own


def test_a_cluster_at_the_address_of_an_earlier_one_takes_its_place(folder: SessionFolder) -> None:
    other = SessionFolder()
    for each in (other, folder):
        auth.for_new_cluster(each.path)
        announce(each.path / "auth_token", "127.0.0.1:8265")
    withdraw(other.path / "auth_token", "127.0.0.1:8265")
    assert auth.token_for("127.0.0.1:8265") == (folder.path / "auth_token").read_text()
    other.remove()


@pytest.mark.parametrize("name", [auth.TOKEN, auth.TOKEN_PATH])
def test_a_token_that_a_variable_names_is_used(
    name: str, tmp_path: Path, folder: SessionFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").write_text("a-token\n")
    monkeypatch.setenv(name, {auth.TOKEN: "a-token", auth.TOKEN_PATH: str(tmp_path / "mine")}[name])
    assert auth.for_new_cluster(folder.path) == {auth.MODE: "token"}
    assert auth.token_for("https://ray.example.org") == "a-token"
    assert auth.for_driver("127.0.0.1:6379") == {}
    assert not auth.default_path().exists()


def test_what_the_user_has_set_stays(own: str, folder: SessionFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(auth.MODE, "disabled")
    assert auth.for_new_cluster(folder.path) == auth.for_driver("127.0.0.1:6379", found=True) == {}
    assert auth.token_for("http://127.0.0.1:8265") is None
    assert not auth.is_sent()
    monkeypatch.setenv(auth.MODE, "token")
    assert auth.token_for("http://127.0.0.1:8265") == own
    assert auth.is_sent()


@pytest.mark.parametrize(("mode", "sent"), [("TOKEN", True), ("Token", True), ("DISABLED", False), ("", False)])
def test_the_mode_is_read_as_ray_reads_it(
    mode: str, sent: bool, own: str, folder: SessionFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(auth.MODE, mode)
    assert auth.is_sent() is sent
    path = str(folder.path / "auth_token")
    # That none is named is no wish to have none.
    expected = own if sent or not mode else None
    assert auth.token_for("http://127.0.0.1:8265") == expected
    assert auth.for_driver("127.0.0.1:6379", found=True) == ({auth.MODE: "token"} if expected else {})
    environment = {auth.MODE: "token", auth.TOKEN_PATH: path} if expected else {}
    assert auth.for_new_cluster(folder.path) == environment


@pytest.mark.parametrize("mode", ["disabled", "DISABLED"])
def test_a_set_mode_is_not_overruled_for_a_local_cluster(
    mode: str, folder: SessionFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth.for_new_cluster(folder.path)
    announce(folder.path / "auth_token", "127.0.0.1:20001")
    monkeypatch.setenv(auth.MODE, mode)
    assert auth.for_driver("127.0.0.1:20001") == {}
    monkeypatch.delenv(auth.MODE)
    assert auth.for_driver("127.0.0.1:20001") != {}


def test_a_cluster_that_was_found_on_this_machine_gets_the_users_token(own: str) -> None:
    assert auth.for_driver("127.0.0.1:6379", found=True) == {auth.MODE: "token"}
    assert auth.token() == own


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("reason", ["Is a directory", "Too many levels of symbolic links", "it is no text in UTF-8"])
def test_a_token_that_cannot_be_read_is_named(
    reason: str, named: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine" if named else auth.default_path()
    path.parent.mkdir(exist_ok=True)
    if named:
        monkeypatch.setenv(auth.TOKEN_PATH, str(path))
    if "directory" in reason:
        path.mkdir()
    elif "links" in reason:
        path.symlink_to(path)
    else:
        path.write_bytes(b"\xff\xfe")
    with pytest.raises(UserError) as caught:
        auth.token_for("https://ray.example.org")
    assert str(caught.value) == (
        f"{path}: the token for Ray's clusters cannot be read from this file ({reason}). Put there a file with the "
        "token alone, or name another one with RAY_AUTH_TOKEN_PATH."
    )


SENDING = """
import os
from ray._raylet import AuthenticationTokenLoader
from nids.cluster import auth

def sent():
    return AuthenticationTokenLoader.instance().get_token_for_http_header()

before = dict(os.environ)
assert sent() == {}
auth.use({"RAY_AUTH_MODE": "token"})
assert sent() == {"authorization": "Bearer the-users"}
auth.use({"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "of-a-cluster"})
assert sent() == {"authorization": "Bearer of-a-cluster"}
# To another address it does not go.
assert auth.token_for("https://ray.example.org") == "the-users"
auth.forget()
assert sent() == {"authorization": "Bearer the-users"}
for _ in range(2):
    auth.forget()
    assert (sent(), dict(os.environ)) == ({}, before)
"""


@pytest.mark.usefixtures("own")
def test_ray_sends_what_it_is_told_and_for_so_long() -> None:
    """In another process, as this one may be connected to a cluster."""
    ended = subprocess.run([sys.executable, "-c", SENDING], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
