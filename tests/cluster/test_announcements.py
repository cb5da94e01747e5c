from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nids.cluster import announcements
from nids.cluster.announcements import announce, announced, withdraw
from nids.cluster.session_folder import SessionFolder, is_in_use

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path / "tmp"))
    return tmp_path


@pytest.fixture
def token() -> Iterator[Path]:
    """The token's file of a cluster that runs."""
    made = SessionFolder()
    yield made.path / "auth_token"
    made.remove()


def links() -> list[str]:
    return sorted(path.name for path in announcements.folder().iterdir())


def test_what_is_announced_is_found_until_it_is_withdrawn(token: Path) -> None:
    assert announced("127.0.0.1:8265") is None
    assert announce(token, "127.0.0.1:20001", "127.0.0.1:8265") == ""
    assert [announced(each) for each in ("http://localhost:8265", "127.0.0.1:20001")] == [token, token]
    assert announced("127.0.0.1:8266") is None
    withdraw(token, "127.0.0.1:20001", "127.0.0.1:8265")
    assert announced("127.0.0.1:8265") is None
    assert links() == []


def test_what_a_cluster_left_that_was_killed_is_deleted_by_the_next_one(token: Path, home: Path) -> None:
    announce(home / "gone" / "auth_token", "127.0.0.1:8265")
    assert announced("127.0.0.1:8265") is None
    announce(token, "127.0.0.1:8266")
    assert links() == ["127.0.0.1:8266"]


@pytest.mark.parametrize("neighbour", ["deletes", "renews"])
def test_two_processes_announce_at_once(
    neighbour: str, token: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one comes between what this one reads of the links and what it deletes."""
    addresses = ("127.0.0.1:20001", "127.0.0.1:20002")
    announce(home / "dead" / "auth_token", *addresses)
    (announcements.folder() / "no link").touch()

    def meanwhile(asked: Path) -> bool:
        for address in addresses:
            (announcements.folder() / address).unlink(missing_ok=True)
            if neighbour == "renews":
                (announcements.folder() / address).symlink_to(token)
        return is_in_use(asked)

    monkeypatch.setattr(announcements, "is_in_use", meanwhile)
    announce(token, "127.0.0.1:8265")
    kept = {*addresses} if neighbour == "renews" else set()
    assert {*links()} == {"no link", "127.0.0.1:8265", *kept}


def test_where_nothing_can_be_announced_it_is_told_how_the_token_is_found(token: Path, home: Path) -> None:
    (home / ".ray").touch()  # no folder, so that root cannot write there either
    assert announce(token, "127.0.0.1:8265") == (
        f"{announcements.folder()}: the cluster's token cannot be announced there (Not a directory), so other commands "
        f"do not find it. Begin them with RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH={token}"
    )
    withdraw(token, "127.0.0.1:8265")
    assert announced("127.0.0.1:8265") is None
