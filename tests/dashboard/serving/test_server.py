from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from nids.dashboard.serving.server import check_free, options, serve
from nids.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path


def test_it_listens_where_it_is_told_and_sends_nothing_to_anybody() -> None:
    found = options("127.0.0.1", 8501)
    assert found["server.address"] == "127.0.0.1"
    assert found["server.port"] == 8501
    assert found["browser.gatherUsageStats"] is False
    assert found["client.allowedOrigins"] == []


def test_tables_are_exported_by_our_own_buttons_alone() -> None:
    assert options("127.0.0.1", 8501)["client.disableDataExport"] is True


def test_nobody_is_asked_for_the_address_of_this_machine() -> None:
    assert options("0.0.0.0", 8501)["browser.serverAddress"] == socket.gethostname()
    assert options("127.0.0.1", 8501)["browser.serverAddress"] == "127.0.0.1"


def test_a_login_that_lets_everybody_in_is_refused_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "login.toml").write_text("[auth]\n")
    with pytest.raises(UserError, match="lacks redirect_uri"):
        serve(str(tmp_path), "127.0.0.1", 0, str(tmp_path / "login.toml"))


def test_a_port_in_use_is_said_to_be_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"--port {port}: cannot listen there"):
            check_free("127.0.0.1", port)


def test_a_storage_of_an_unknown_kind_is_refused_before_anything_starts() -> None:
    with pytest.raises(UserError, match="cannot be used as storage"):
        serve("gopher://x/runs", "127.0.0.1", 8501)
