"""A Ray cluster of several nodes on this machine, brought up as on several machines: for trying, and for tests."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.error import URLError

import psutil

from nids.cluster import announcements, auth, loopback, machine, proxies, ray_metrics
from nids.cluster.session_folder import SessionFolder
from nids.errors import UserError
from nids.interruption import undone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START_SECONDS = 120.0
STOP_SECONDS = 15.0


@dataclass(frozen=True)
class Size:
    """What a cluster has: nodes, the head among them, and each one's CPUs and GPUs.

    Where there are fewer cards, GPUs are logical ones: trials are placed as if they were there, and compute on CPUs.
    """

    nodes: int
    cpus: int
    gpus: int


@dataclass
class LocalCluster:
    """A running cluster.

    Attributes:
        address: For drivers: ``nids search --address``.
        dashboard: For jobs: ``nids submit --address``.
        folder: Holds the nodes' files, a folder for each; nobody else can enter it.
        size: What it has.
        environment: Variables of its nodes that tell them its token.
        processes: One a node, the head's first; with it ends the node.
    """

    address: str
    dashboard: str
    folder: SessionFolder
    size: Size
    environment: dict[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def add_node(self) -> None:
        """Start one more node; it joins the cluster when it is up."""
        _start(self, worker_command(self.address))

    def kill_node(self, number: int) -> None:
        """Kill all processes of a node at once, as where a machine loses its power."""
        node = self.processes[number]
        with suppress(psutil.NoSuchProcess):
            processes = [psutil.Process(node.pid), *psutil.Process(node.pid).children(recursive=True)]
            for process in processes:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        node.wait()

    def watch(self) -> NoReturn:
        """Wait until a node ends, which nobody asked for.

        Raises:
            UserError: It has ended.
        """
        while True:
            self.refuse_if_one_ended()
            time.sleep(0.5)

    def refuse_if_one_ended(self) -> None:
        """Raise a UserError, with the end of its log, if a node has ended by itself."""
        for number, process in enumerate(self.processes):
            if process.poll() is not None:
                log = self.log(number).read_text(encoding="utf-8", errors="replace").strip().splitlines()
                raise UserError(
                    f"node {number} of the cluster ended by itself (exit status {process.returncode}). "
                    f"It said: {log[-1] if log else 'nothing'}"
                )

    def log(self, number: int) -> Path:
        """Return the file of what a node prints."""
        return self.folder.path / f"{number}.log"


def head_command(port: int, dashboard_port: int) -> list[str]:
    """Return the command of a cluster's head, as the files in ``cluster/`` have it."""
    return [
        *("ray", "start", "--head", f"--port={port}", "--dashboard-host=127.0.0.1"),
        *(f"--dashboard-port={dashboard_port}", "--disable-usage-stats", "--block"),
    ]


def worker_command(head: str) -> list[str]:
    """Return the command of each other node, as the files in ``cluster/`` have it; ``head`` is host and port."""
    return ["ray", "start", f"--address={head}", "--disable-usage-stats", "--block"]


@contextmanager
def running(size: Size, progress: Callable[[str], object], dashboard_port: int | None = None) -> Iterator[LocalCluster]:
    """Run a cluster for as long as a block runs; nothing of it is left behind.

    Args:
        size: What it has.
        progress: Called with a line of text when a node is up.
        dashboard_port: Where jobs are submitted; by default 8265, or another one if that is taken.

    Raises:
        UserError: It cannot be started.
    """
    port = _free_port()
    dashboard_port = dashboard_port or (_free_port() if _taken(8265) else 8265)
    if _taken(dashboard_port):
        raise UserError(f"port {dashboard_port} is in use on this machine: name another with --dashboard-port.")
    proxies.bypass_for_this_machine()
    folder = SessionFolder()
    cluster = LocalCluster(f"{loopback.ADDRESS}:{port}", f"http://{loopback.ADDRESS}:{dashboard_port}", folder, size)
    cluster.environment = auth.for_new_cluster(folder.path)
    announced = (folder.path / auth.FILE, cluster.address, f"{loopback.ADDRESS}:{dashboard_port}")
    with undone(folder.remove):
        try:
            if auth.TOKEN_PATH in cluster.environment and (words := announcements.announce(*announced)):
                progress(words)
            head = [*head_command(port, dashboard_port), f"--ray-client-server-port={_free_port()}"]
            _start(cluster, head)
            _await(cluster, 1)
            progress(f"head: {cluster.dashboard}")
            for _ in range(size.nodes - 1):
                cluster.add_node()
            _await(cluster, size.nodes)
            progress(f"{size.nodes} nodes, {size.nodes * size.cpus} CPUs, {size.nodes * size.gpus} GPUs")
            yield cluster
        finally:
            _stop(cluster)
            announcements.withdraw(*announced)
            folder.remove()


def _start(cluster: LocalCluster, command: list[str]) -> None:
    number, size = len(cluster.processes), cluster.size
    of_one_machine = [
        f"--num-cpus={size.cpus}",
        f"--num-gpus={size.gpus}",
        f"--object-store-memory={machine.object_store_bytes(size.nodes)}",
        f"--temp-dir={cluster.folder.path}/{number}",
        f"--node-ip-address={loopback.ADDRESS}",
        # Ranges of fixed ports would be those of the other nodes too.
        "--min-worker-port=0",
        "--max-worker-port=0",
        "--dashboard-agent-listen-port=0",
    ]
    # The commands and the python of this environment, whatever the user's path is.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    environment = {
        **os.environ,
        **cluster.environment,
        "PATH": path,
        "TMPDIR": str(
            cluster.folder.temporary()
        ),  # Ray's processes are killed at the end, and leave there what they made
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",
        # Seconds that a node waits for its work to move to another one; here all of them end.
        "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0",
        **ray_metrics.OFF,
    }
    environment.pop("RAY_ADDRESS", None)
    program = [sys.executable, "-P", loopback.__file__]  # the command that is called `ray`, on loopback
    with cluster.log(number).open("wb") as log:
        process = subprocess.Popen(
            [*program, *command[1:], *of_one_machine],
            env=environment,
            pass_fds=cluster.folder.locks,  # what outlives this process keeps the folder
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the one who stops them all, in order
        )
    cluster.processes.append(process)


def _await(cluster: LocalCluster, nodes: int) -> None:
    """Wait until so many nodes are up."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        cluster.refuse_if_one_ended()
        with suppress(URLError, ConnectionError, TimeoutError, json.JSONDecodeError):
            if _alive(cluster) >= nodes:
                return
        time.sleep(0.2)
    raise UserError(
        f"the cluster's nodes did not start within {START_SECONDS:g} s: the machine is too busy with other work. Try "
        "again when there is less, or with fewer --nodes."
    )


def _alive(cluster: LocalCluster) -> int:
    own = cluster.environment.get(auth.TOKEN_PATH)
    token = Path(own).read_text("ascii") if own else auth.token_for(cluster.dashboard)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(f"{cluster.dashboard}/api/v0/nodes", headers=headers)
    with urllib.request.urlopen(request, timeout=5) as answer:
        nodes = json.load(answer)["data"]["result"]["result"]
    return sum(node["state"] == "ALIVE" for node in nodes)


def _stop(cluster: LocalCluster) -> None:
    """End all nodes, the head last, and whatever they have started."""
    started = []
    for process in cluster.processes:
        with suppress(psutil.NoSuchProcess):
            started += [*psutil.Process(process.pid).children(recursive=True)]
    for together in (cluster.processes[1:], cluster.processes[:1]):
        for process in together:
            process.send_signal(signal.SIGTERM)
        for process in together:
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
    _, left = psutil.wait_procs(started, timeout=STOP_SECONDS)
    for straggler in left:
        with suppress(psutil.NoSuchProcess):
            straggler.kill()
    for process in cluster.processes:
        process.kill()
        process.wait()


def _free_port() -> int:
    # Below the range from which the system gives out ports for connections: it could give this one out meanwhile.
    for port in range(20000 + os.getpid() % 5000, 32000):
        if not _taken(port) and port not in _given:
            _given.add(port)
            return port
    raise UserError("no port between 20000 and 32000 is free on this machine.")


_given: set[int] = set()


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return True
    return False
