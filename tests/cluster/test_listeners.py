from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from nids.cluster import listeners
from nids.cluster.listeners import owners

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who listens")


@pytest.mark.parametrize(
    ("family", "at", "asked", "others"),
    [
        (socket.AF_INET, "127.0.0.1", ["127.0.0.1"], ["127.0.0.2", "::1"]),
        (socket.AF_INET, "0.0.0.0", ["127.0.0.1", "127.0.0.2"], []),
        (socket.AF_INET6, "::1", ["::1"], ["127.0.0.1"]),
        (socket.AF_INET6, "::", ["::1", "127.0.0.1"], []),
        (socket.AF_INET6, "::ffff:127.0.0.1", ["127.0.0.1"], ["::1"]),
    ],
)
def test_who_listens_is_told(family: socket.AddressFamily, at: str, asked: list[str], others: list[str]) -> None:
    with socket.socket(family) as listener:
        try:
            listener.bind((at, 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
        port = listener.getsockname()[1]
        assert [owners(each, port) for each in asked] == [set() for _ in asked]  # not yet
        listener.listen()
        assert [owners(each, port) for each in asked] == [{os.geteuid()} for _ in asked]
        assert [owners(each, port) for each in others] == [set() for _ in others]


def test_who_names_the_address_takes_the_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = "0A 00000000:00000000 00:00000000 00000000"
    number = "{:08X}".format(int.from_bytes(socket.inet_aton("127.0.0.1"), sys.byteorder))
    lines = [
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
        f"   0: 00000000:2049 00000000:0000 {columns}  1001        0 1 1 0 100 0 0 10 0",
        f"   1: {number}:2049 00000000:0000 {columns}  1002        0 2 1 0 100 0 0 10 0",
    ]
    (tmp_path / "tcp").write_text("\n".join(lines))
    monkeypatch.setattr(listeners, "TABLES", (tmp_path / "tcp", tmp_path / "tcp6"))
    assert (owners("127.0.0.1", 0x2049), owners("127.0.0.2", 0x2049), owners("127.0.0.1", 80)) == (
        {1002},
        {1001},
        set(),
    )
