"""The Ray cluster that a search runs on: this machine, unless another one is named."""

from __future__ import annotations

import os
import platform
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nids import device
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nids.config import Resources

CONNECTION_SECONDS = 10.0


def connect(address: str | None = None) -> None:
    """Connect to a cluster, or start one on this machine.

    Args:
        address: As for ``ray.init``; without it, ``RAY_ADDRESS`` decides, and without that a cluster is started that
            ends with this process.
    """
    # Nothing is sent to anybody, and no setting of the user's is overruled.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # In a cluster started here, a trial that asks for no GPU is to see none; later versions of Ray do so by default.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "1")
    # Here, as what a process is to run may import TensorFlow before it can say anything.
    device.before_tensorflow()
    import ray

    address = address or os.environ.get("RAY_ADDRESS")
    if address:
        _refuse_if_nobody_listens(address)
    options: dict[str, Any] = {"include_dashboard": False}
    if address:
        # A cluster started here passes on this process's environment by itself, and to processes that already wait.
        names = {"TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS", "KERAS_BACKEND", "PYTHONWARNINGS"} & set(os.environ)
        options = {"runtime_env": {"env_vars": {name: os.environ[name] for name in sorted(names)}}}
    try:
        ray.init(address or "local", log_to_driver=False, logging_level="ERROR", **options)
    except (ConnectionError, ValueError, RuntimeError) as error:
        if not address:
            raise
        raise _unreachable(address, str(error).strip().partition("\n")[0]) from None


@contextmanager
def connected(address: str | None = None) -> Iterator[None]:
    """Connect for as long as a block runs; a connection that this process has already is used, and stays."""
    import ray

    if ray.is_initialized():
        yield
        return
    connect(address)
    try:
        yield
    finally:
        ray.shutdown()


def _refuse_if_nobody_listens(address: str) -> None:
    """Ray itself goes on trying for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdecimal():
        try:
            socket.create_connection((host, int(port)), timeout=CONNECTION_SECONDS).close()
        except OSError as error:
            raise _unreachable(address, str(error)) from None


def _unreachable(address: str, reason: str) -> UserError:
    return UserError(
        f"no Ray cluster can be reached at {address}, which --address or RAY_ADDRESS names ({reason}). "
        "Without either, a cluster is started on this machine."
    )


def slots(resources: Resources) -> int:
    """Return how many trials the cluster can hold at once.

    Raises:
        UserError: No node can hold even one.
    """
    import ray

    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    found = sum(_fit(node, resources) for node in nodes)
    if found == 0:
        held = "; ".join(f"{node.get('CPU', 0):g} CPUs and {node.get('GPU', 0):g} GPUs" for node in nodes)
        raise UserError(
            f"a trial asks for {resources.cpus_per_trial} CPUs and {resources.gpus_per_trial:g} GPUs, but no "
            f"node of the cluster has that much. Its nodes: {held}. Lower resources.cpus_per_trial or "
            "resources.gpus_per_trial."
        )
    return min(found, resources.max_concurrent or found)


def describe() -> dict[str, Any]:
    """Return what the cluster has, and what this machine is, for the manifest."""
    import ray

    total = ray.cluster_resources()
    return {
        "nodes": sum(node["Alive"] for node in ray.nodes()),
        "cpus": total.get("CPU", 0),
        "gpus": total.get("GPU", 0),
        "platform": platform.platform(),
        "processor": processor(),
    }


def _fit(node: dict[str, float], resources: Resources) -> int:
    by_cpu = int(node.get("CPU", 0) // resources.cpus_per_trial)
    if resources.gpus_per_trial == 0:
        return by_cpu
    gpus = node.get("GPU", 0)
    # A fraction must lie on one card: what is left over on each of them cannot be put together.
    if resources.gpus_per_trial < 1:
        return min(by_cpu, int(gpus) * int(1 / resources.gpus_per_trial + 1e-9))
    return min(by_cpu, int(gpus // resources.gpus_per_trial))


def processor() -> str:
    """Return the name of this machine's processor."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
