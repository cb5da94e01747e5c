from __future__ import annotations

import os
import socket
import stat
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest
import ray

from nids.cluster.connection import connect
from nids.errors import UserError
from tests.exposure import answered, is_loopback, listening, written_by_others


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


@pytest.mark.parametrize("port", ["99999", "9" * 5000], ids=["99999", "5,000 digits"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(UserError, match=f"no Ray cluster can be reached at 127.0.0.1:{port}, which --address"):
        connect(f"127.0.0.1:{port}")


def test_a_machine_too_busy_for_ray_to_start_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def init(*_: object, **__: object) -> None:
        raise Exception("The current node timed out during startup. This could happen because ...")

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr("ray.init", init)
    monkeypatch.setattr("nids.cluster.auth.for_new_cluster", lambda _: {})  # another test's cluster keeps its token
    with pytest.raises(UserError, match="Ray did not start on this machine in time: it is too busy"):
        connect()


def session_folder() -> Path:
    """Return the folder of the cluster that this process is connected to."""
    return Path(ray.get_runtime_context().get_temp_dir()).parent


@pytest.mark.usefixtures("cluster")
def test_no_other_user_can_write_to_what_a_cluster_keeps() -> None:
    folder = session_folder()
    kept = [*folder.rglob("*")]
    assert {"raylet", "plasma_store"} <= {path.name for path in kept if path.is_socket()}
    # What it is that others are kept from: Ray has let them write.
    assert [path for path in kept if path.is_dir() and path.stat().st_mode & stat.S_IWOTH] != []
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.lstat().st_uid for path in (folder, *folder.rglob("*"))} == {os.geteuid()}
    assert written_by_others(folder) == []


@pytest.mark.usefixtures("cluster")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("test", ["-x", "-r", "-w"])
def test_another_user_cannot_enter_what_a_cluster_keeps(test: str) -> None:
    other = {"user": 65534, "group": 65534, "extra_groups": []}
    folder = session_folder()
    inside = next(path for path in folder.rglob("*") if path.is_socket()).parent
    assert subprocess.run(["test", test, str(inside)], check=False).returncode == 0
    assert subprocess.run(["test", test, str(inside)], check=False, **other).returncode == 1  # type: ignore[call-overload]


@pytest.mark.usefixtures("cluster")
def test_no_other_machine_reaches_a_cluster() -> None:
    ray.get(ray.remote(lambda: None).remote())
    own = psutil.Process()
    found = listening([own.pid, *(process.pid for process in own.children(recursive=True))])
    assert {"gcs_server", "raylet", "ray::DashboardAgent", "ray::RuntimeEnvAgent", "ray::IDLE"} <= set(found)
    assert [address for addresses in found.values() for address, _ in addresses if not is_loopback(address)] == []
    # Ray would serve metrics without a token: each node, and the head on two more ports.
    statuses = answered((port for addresses in found.values() for _, port in addresses), "/metrics")
    assert set(statuses.values()) == {401}
