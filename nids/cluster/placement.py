"""Where a cluster can hold trials, and how many of them at once."""

from __future__ import annotations

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
        capacity: Trials that all of its nodes hold at once.
        avoided: The ids of nodes that its trials are kept from.
        waiting: How many of its trials are for nodes that are still to be started.
    """

    cpus: int
    gpus: float
    capacity: int
    avoided: tuple[str, ...] = ()
    waiting: int = 0

    def request(self) -> PlacementGroupFactory:
        """Return what a trial asks Ray for."""
        bundle = {"CPU": self.cpus, **({"GPU": self.gpus} if self.gpus else {})}
        if not self.avoided:
            return PlacementGroupFactory([bundle])
        selector = {"ray.io/node-id": f"!in({','.join(self.avoided)})"}
        return PlacementGroupFactory([bundle], bundle_label_selector=[selector])


def node_pools(resources: Resources) -> list[NodePool]:
    """Return where trials fit on the connected cluster, GPUs first.

    Raises:
        UserError: They fit nowhere.
    """
    nodes = {node["NodeID"]: node["Resources"] for node in ray.nodes() if node["Alive"]}
    fitting = sum(_fit(node, resources.cpus_per_trial, resources.gpus) for node in nodes.values())
    waiting = max(0, (resources.autoscale_to or 0) - fitting)
    pools = [NodePool(resources.cpus_per_trial, resources.gpus, fitting + waiting, waiting=waiting)]
    if resources.cpu_nodes:
        with_gpu = tuple(sorted(node_id for node_id, node in nodes.items() if node.get("GPU")))
        capacity = sum(_fit(node, resources.cpus_per_trial, 0) for node in nodes.values() if not node.get("GPU"))
        # Named by the others, as a node that is started anew has another id.
        pools.append(NodePool(resources.cpus_per_trial, 0.0, capacity, with_gpu))
    pools = [pool for pool in pools if pool.capacity]
    if not pools:
        held = "; ".join(f"{node.get('CPU', 0):g} CPUs and {node.get('GPU', 0):g} GPUs" for node in nodes.values())
        raise UserError(
            f"a trial asks for {resources.cpus_per_trial} CPUs and {resources.gpus:g} GPUs, but no node of the cluster "
            f"has that much. Its nodes: {held}. Lower resources.cpus_per_trial or resources.gpus_per_trial; if the "
            "cluster starts such nodes when they are asked for, say with resources.autoscale_to up to how many trials."
        )
    return pools


def slots(node_pools: Sequence[NodePool], resources: Resources) -> int:
    """Return how many trials run at once: as many as fit, or as are allowed."""
    capacity = sum(pool.capacity for pool in node_pools)
    return min(capacity, resources.max_concurrent or capacity)


def _fit(node: dict[str, float], cpus: int, gpus: float) -> int:
    by_cpu = int(node.get("CPU", 0) // cpus)
    if gpus == 0:
        return by_cpu
    # A fraction must lie on one card: what is left over on each of them cannot be put together.
    if gpus < 1:
        return min(by_cpu, int(node.get("GPU", 0)) * int(1 / gpus + 1e-9))
    return min(by_cpu, int(node.get("GPU", 0) // gpus))
