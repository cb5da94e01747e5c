from __future__ import annotations

import socket

import pytest

from dashboard.server import check_free, options, serve
from nids.errors import UserError


def test_it_listens_where_it_is_told_and_sends_nothing_to_anybody() -> None:
    found = options("127.0.0.1", 8501)
    assert found["server.address"] == "127.0.0.1"
    assert found["server.port"] == 8501
    assert found["browser.gatherUsageStats"] is False


def test_a_port_in_use_is_said_to_be_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"--port {port}: nothing can listen there"):
            check_free("127.0.0.1", port)


def test_a_storage_of_an_unknown_kind_is_refused_before_anything_starts() -> None:
    with pytest.raises(UserError, match="cannot be used as storage"):
        serve("gopher://x/runs", "127.0.0.1", 8501)
