from __future__ import annotations

import socket

import pytest

from nids.cluster.local import Size, head_command, running, worker_command
from nids.errors import UserError


def test_the_commands_of_its_nodes() -> None:
    assert " ".join(head_command(6379, 8265)) == (
        "ray start --head --port=6379 --dashboard-host=127.0.0.1 --dashboard-port=8265 --disable-usage-stats --block"
    )
    assert " ".join(worker_command("10.0.0.1:6379")) == (
        "ray start --address=10.0.0.1:6379 --disable-usage-stats --block"
    )


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(
                UserError, match=f"port {port} is in use on this machine: name another with --dashboard-port."
            ),
            running(Size(1, 1, 0), print, port),
        ):
            pytest.fail("it has no port")
