from __future__ import annotations

import socket
from typing import Any

import pytest

from nids.cluster.connection import connect
from nids.errors import UserError


def test_a_cluster_of_two_nodes_that_the_environment_names(two_nodes: dict[str, Any]) -> None:
    description = two_nodes["description"]
    assert (description["nodes"], description["cpus"], description["gpus"]) == (2, 19, 2)
    assert description["platform"]
    nodes = sorted(two_nodes["nodes"], key=lambda node: node["cpus"])
    assert len({node["name"] for node in nodes}) == 2
    assert [{key: value for key, value in node.items() if key != "name"} for node in nodes] == [
        {"alive": True, "cpus": 3, "gpus": 0, "cpus_used": 0, "gpus_used": 0},
        {"alive": True, "cpus": 16, "gpus": 2, "cpus_used": 2, "gpus_used": 0.5},
    ]


def test_sigterm_does_what_it_did_before_the_connection(two_nodes: dict[str, Any]) -> None:
    assert two_nodes["sigterm"] is True


def test_an_address_where_nobody_listens_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # a port that is nobody else's, and on which nothing is listened to
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(UserError) as caught:
            connect(address)
    assert str(caught.value) == (
        f"no Ray cluster can be reached at {address}, which --address or RAY_ADDRESS names ([Errno 111] Connection "
        "refused). Without either, a cluster is started on this machine."
    )


def test_a_machine_too_busy_for_ray_to_start_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def init(*_: object, **__: object) -> None:
        raise Exception("The current node timed out during startup. This could happen because ...")

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr("ray.init", init)
    with pytest.raises(UserError, match="Ray did not start on this machine in time: it is too busy"):
        connect()
