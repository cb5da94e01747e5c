"""Where a cluster can hold trials, and how many of them at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ray
from ray.tune import PlacementGroupFactory

from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nids.config import Resources


@dataclass(frozen=True)
class NodePool:
    """A kind of node, for trials.

    Attributes:
        cpus: CPUs of a trial there.
        gpus: GPUs of a trial there, or its share of one.
        memory: Bytes of a trial there; 0 if they are not asked for.
        capacity: Trials that all of its nodes hold at once.
        avoided: The ids of nodes that its trials are kept from.
        waiting: How many of its trials are for nodes that are still to be started.
    """

    cpus: int
    gpus: float
    memory: int
    capacity: int
    avoided: tuple[str, ...] = ()
    waiting: int = 0

    def request(self) -> PlacementGroupFactory:
        """Return what a trial asks Ray for."""
        asked = {"CPU": self.cpus, "GPU": self.gpus, "memory": self.memory}
        bundle = {name: amount for name, amount in asked.items() if amount}
        if not self.avoided:
            return PlacementGroupFactory([bundle])
        selector = {"ray.io/node-id": f"!in({','.join(self.avoided)})"}
        return PlacementGroupFactory([bundle], bundle_label_selector=[selector])


def node_pools(resources: Resources) -> list[NodePool]:
    """Return where trials fit on the connected cluster, GPUs first.

    Raises:
        UserError: They fit nowhere.
    """
    nodes = _nodes()
    cpus, gpus, memory = resources.cpus_per_trial, resources.gpus, resources.memory
    fitting = sum(_fit(node, cpus, gpus, memory) for node in nodes.values())
    waiting = max(0, (resources.autoscale_to or 0) - fitting)
    pools = [NodePool(cpus, gpus, memory, fitting + waiting, waiting=waiting)]
    if resources.cpu_nodes:
        with_gpu = tuple(sorted(node_id for node_id, node in nodes.items() if node.get("GPU")))
        capacity = sum(_fit(node, cpus, 0, memory) for node in nodes.values() if not node.get("GPU"))
        # Named by the others, as a node that is started anew has another id.
        pools.append(NodePool(cpus, 0.0, memory, capacity, with_gpu))
    pools = [pool for pool in pools if pool.capacity]
    if not pools:
        held = "; ".join(
            _in_words(node.get("CPU", 0), node.get("GPU", 0), node.get("memory", 0) if memory else 0)
            for node in nodes.values()
        )
        keys = ["cpus_per_trial", "gpus_per_trial", *(["memory_per_trial"] if memory else [])]
        raise UserError(
            f"a trial asks for {_in_words(cpus, gpus, memory)}, but no node of the cluster has that much. Its nodes: "
            f"{held}. Lower {' or '.join(f'resources.{key}' for key in keys)}; if the cluster starts such nodes when "
            "they are asked for, say with resources.autoscale_to up to how many trials."
        )
    return pools


def slots(node_pools: Sequence[NodePool], resources: Resources) -> int:
    """Return how many trials run at once: as many as fit, or as are allowed."""
    capacity = sum(pool.capacity for pool in node_pools)
    return min(capacity, resources.max_concurrent or capacity)


def memory_of_a_slot(resources: Resources) -> float:
    """Return the least memory that a node has for each trial, in bytes, if as many run there as else fit.

    Ray's own account of a node's memory is taken. Infinite if no trial fits on any node yet.
    """
    cpus, gpus, most = resources.cpus_per_trial, resources.gpus, resources.max_concurrent
    room = [
        node.get("memory", math.inf) / min(trials, most or trials)
        for node in _nodes().values()
        for trials in [_fit(node, cpus, gpus) or (_fit(node, cpus, 0) if resources.cpu_nodes else 0)]
        if trials
    ]
    return min(room, default=math.inf)


def largest_memory() -> float:
    """Return the memory of the node that has most of it, in bytes; infinite if there is none yet."""
    return max((node.get("memory", math.inf) for node in _nodes().values()), default=math.inf)


def _nodes() -> dict[str, dict[str, float]]:
    """Return the resources of each node that lives, by its id."""
    return {node["NodeID"]: node["Resources"] for node in ray.nodes() if node["Alive"]}


def _fit(node: dict[str, float], cpus: int, gpus: float, memory: int = 0) -> int:
    fitting = int(node.get("CPU", 0) // cpus)
    if memory:
        fitting = min(fitting, int(node.get("memory", 0) // memory))
    if gpus == 0:
        return fitting
    # A fraction must lie on one card: what is left over on each of them cannot be put together.
    if gpus < 1:
        return min(fitting, int(node.get("GPU", 0)) * int(1 / gpus + 1e-9))
    return min(fitting, int(node.get("GPU", 0) // gpus))


def _in_words(cpus: float, gpus: float, memory: float) -> str:
    if not memory:
        return f"{cpus:g} CPUs and {gpus:g} GPUs"
    return f"{cpus:g} CPUs, {gpus:g} GPUs and {memory / 2**30:.1f} GiB of memory"
