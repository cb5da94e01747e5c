"""The Ray cluster that a search runs on: this machine, unless another one is named."""

from __future__ import annotations

import atexit
import os
import platform
import re
import socket
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import joblib

from nids.cluster import addresses, auth, loopback, machine, ray_metrics, signals
from nids.cluster.session_folder import SessionFolder
from nids.errors import UserError
from nids.interruption import held_back, undone
from nids.memory import usable_memory
from nids.models import backend
from nids.results.manifest import Machine
from nids.results.status import Node

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECTION_SECONDS = 10.0


def connect(address: str | None = None, cpus_per_trial: int = 1) -> None:
    """Connect to a cluster, or start one on this machine.

    Args:
        address: As for ``ray.init``; without it, ``RAY_ADDRESS`` decides, and without that a cluster is started that
            ends with this process.
        cpus_per_trial: CPUs of each trial, or other task, that a cluster started here is for: it has CPUs for as many
            as its memory holds.

    Raises:
        UserError: There is no such cluster, or this machine has no room for a trial.
    """
    # Nothing is sent to anybody, and no setting of the user's is overruled.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # In a cluster started here, a trial that asks for no GPU is to see none; later versions of Ray do so by default.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "1")
    # Here, as what a process is to run may import TensorFlow before it can say anything.
    backend.before_import()
    signals.before_import()
    address = address_of(address)
    refuse_if_unreachable(address)
    if not address:
        start(**_within_this_machine(cpus_per_trial))
        return
    # A cluster started here passes on this process's environment by itself, and to processes that already wait.
    names = {"TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS", "KERAS_BACKEND", "PYTHONWARNINGS"} & set(os.environ)
    head = addresses.of_head(address)
    token = auth.for_driver(head, found=address == "auto")
    try:
        _init(head, token, runtime_env={"env_vars": {name: os.environ[name] for name in sorted(names)}})
    except (ConnectionError, ValueError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        raise _unreachable(
            address, f"{reason}; one that asks for a token wants RAY_AUTH_MODE=token and its own in RAY_AUTH_TOKEN"
        ) from None


def start(**options: Any) -> None:
    """Start a cluster on this machine that ends with this process, and connect to it.

    Only processes of this machine reach it, and only this user reaches its files.

    Args:
        **options: Of ``ray.init``.

    Raises:
        UserError: It cannot be started.
    """
    atexit.unregister(disconnect)
    atexit.register(disconnect)
    folder = SessionFolder()
    _to_be_removed.enter_context(undone(folder.remove))
    _to_be_removed.callback(folder.remove)
    try:
        _init(
            "local",
            {**auth.for_new_cluster(folder.path), **ray_metrics.OFF},
            include_dashboard=False,
            _node_ip_address=loopback.ADDRESS,
            # Ray lets everybody read and write what it makes, this folder below that of the user included.
            _temp_dir=str(folder.path / "ray"),
            _system_config={"enable_metrics_collection": False},
            **options,
        )
    except OSError as error:
        if "AF_UNIX path length" not in str(error):
            raise
        raise UserError(
            "the folder for temporary files has too long a name for Ray's sockets, whose paths have at most 107 "
            "characters. Set RAY_TMPDIR to a shorter one, such as /tmp."
        ) from None
    except Exception as error:  # Ray has no class of its own for it
        if "timed out during startup" not in str(error):
            raise
        raise UserError(
            "Ray did not start on this machine in time: it is too busy with other work. Try again when there is less."
        ) from None


_to_be_removed = ExitStack()  # with the connection


def _init(address: str, environment: dict[str, str], **options: Any) -> None:
    auth.use(environment)  # before Ray is imported, if it is not yet
    import ray

    is_connected = False
    try:
        # An interruption could be lost in a lock of Ray's.
        with held_back(), signals.handlers_of_ray_left_out(), loopback.taken_as_it_is():
            ray.init(address, log_to_driver=False, logging_level="ERROR", **options)
            is_connected = True
    except BaseException:
        with held_back():
            if is_connected:  # that was the interruption, and Ray's threads need the token until they end
                _shut_down()
            auth.forget()
        raise


def _within_this_machine(cpus_per_trial: int) -> dict[str, Any]:
    """Return what a cluster that is started here may have: Ray itself counts CPUs and memory that others were given.

    Ray schedules by CPUs, so that it is given no more of them than for the trials that the memory holds.

    Raises:
        UserError: The memory has no room for a single trial.
    """
    memory = usable_memory()
    fitting = machine.trials_that_fit(memory)
    if fitting == 0:
        needed = (machine.SEARCH_BYTES + machine.TRIAL_BYTES) / 2**30
        raise UserError(
            f"this process may use {memory / 2**30:.1f} GiB of memory, but training needs about {needed:.1f} GiB. Give "
            "it more, or name a cluster with --address."
        )
    cpus = {"num_cpus": min(int(joblib.cpu_count()), fitting * cpus_per_trial)}
    # Otherwise Ray knows best, /dev/shm included.
    return cpus | ({"object_store_memory": machine.object_store_bytes()} if machine.is_limited() else {})


def address_of(address: str | None) -> str | None:
    """Return the address of the cluster that ``connect`` would connect to, None if it would start one."""
    named = address or os.environ.get("RAY_ADDRESS")
    return None if named == "local" else named


def refuse_if_unreachable(address: str | None) -> None:
    """Raise a UserError if there is an address of a cluster that is none for a driver, or nobody listens there."""
    if address and not re.fullmatch(r"auto|ray://.+|.+:\d+", address):
        raise _unreachable(address, "an address is HOST:PORT")
    if address and address.startswith("ray://"):
        raise UserError(
            f"{address}: a driver has to be a part of its cluster, which Ray's client is not. Run it there with "
            "`nids submit`, which takes the address of the dashboard."
        )
    if address:
        _refuse_if_nobody_listens(address)
        addresses.of_head(address)


@contextmanager
def connected(address: str | None = None, cpus_per_trial: int = 1) -> Iterator[None]:
    """Connect for as long as a block runs; a connection that this process has already is used, and stays.

    The arguments, and the errors, are those of ``connect``.
    """
    import ray

    if ray.is_initialized():
        yield
        return
    connect(address, cpus_per_trial)
    try:
        yield
    finally:
        disconnect()


def disconnect() -> None:
    """Undo ``connect``; signals do afterwards what they did before."""
    # Where Ray was imported before, its code in C++ resets the handler of SIGTERM here.
    with held_back():
        _shut_down()
        auth.forget()
        _to_be_removed.close()


def _shut_down() -> None:
    import ray

    former = threading.excepthook

    def hook(error: threading.ExceptHookArgs) -> None:
        # One that listens to the cluster may just have begun with that, and lose it now.
        if error.thread is None or error.thread.name != "ray_listen_error_messages":
            former(error)

    threading.excepthook = hook
    try:
        ray.shutdown()  # which waits for its threads
    finally:
        threading.excepthook = former


def _refuse_if_nobody_listens(address: str) -> None:
    """Ray itself goes on trying for minutes."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdecimal():
        try:
            socket.create_connection((host, int(port)), timeout=CONNECTION_SECONDS).close()
        except (OSError, OverflowError, ValueError) as error:  # the latter two of a port that is none
            raise _unreachable(address, str(error)) from None


def _unreachable(address: str, reason: str) -> UserError:
    return UserError(
        f"no Ray cluster can be reached at {address}, which --address or RAY_ADDRESS names ({reason}). "
        "Without either, a cluster is started on this machine."
    )


def describe() -> Machine:
    """Return what the cluster has, and what this machine is, for the manifest."""
    import ray

    total = ray.cluster_resources()
    return Machine(
        nodes=sum(node["Alive"] for node in ray.nodes()),
        cpus=total.get("CPU", 0),
        gpus=total.get("GPU", 0),
        platform=platform.platform(),
        processor=processor(),
    )


def nodes() -> list[Node]:
    """Return each node of the connected cluster: its name, whether it is alive, what it has and what is taken."""
    import ray
    from ray._private.state import available_resources_per_node  # Ray tells it in no public way

    free = available_resources_per_node()
    described = []
    for node in sorted(ray.nodes(), key=lambda node: (node["NodeManagerAddress"], node["NodeID"])):
        has, left = node["Resources"], free.get(node["NodeID"], {})
        described.append(
            Node(
                name=f"{node['NodeManagerHostname']} ({node['NodeID'][:8]})",
                alive=node["Alive"],
                cpus=has.get("CPU", 0.0),
                gpus=has.get("GPU", 0.0),
                cpus_used=has.get("CPU", 0.0) - left.get("CPU", 0.0),
                gpus_used=has.get("GPU", 0.0) - left.get("GPU", 0.0),
            )
        )
    return described


def processor() -> str:
    """Return the name of this machine's processor."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
