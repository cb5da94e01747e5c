from __future__ import annotations

import math
from typing import Any

import pytest

from nids.cluster.placement import NodePool, largest_memory, memory_of_a_slot, node_pools, slots
from nids.config import Resources
from nids.errors import UserError
from tests.cluster.conftest import PLACEMENTS


def test_a_cluster_of_two_nodes_of_which_one_has_gpus(two_nodes: dict[str, Any]) -> None:
    *placements, refusal = two_nodes["placements"]
    assert placements == [expected for _, expected in PLACEMENTS]
    # Ray names its nodes in no order.
    nodes = ["16 CPUs and 2 GPUs", "3 CPUs and 0 GPUs"]
    assert refusal in {
        "a trial asks for 1 CPUs and 3 GPUs, but no node of the cluster has that much. "
        f"Its nodes: {'; '.join(order)}. Lower resources.cpus_per_trial or resources.gpus_per_trial; if the cluster "
        "starts such nodes when they are asked for, say with resources.autoscale_to up to how many trials."
        for order in (nodes, nodes[::-1])
    }


@pytest.mark.usefixtures("cluster")
def test_this_machine() -> None:
    assert node_pools(Resources()) == [NodePool(cpus=1, gpus=0.0, memory=0, capacity=2)]
    assert slots(node_pools(Resources()), Resources(max_concurrent=1)) == 1
    with pytest.raises(
        UserError, match=r"a trial asks for 1 CPUs, 0 GPUs and 4096\.0 GiB of memory, .* or resources\.memory_per_t"
    ):
        node_pools(Resources(memory_per_trial=4096))
    with pytest.raises(UserError, match=r"a trial asks for 3 CPUs and 0 GPUs.*Its nodes: 2 CPUs and 0 GPUs\. Lower"):
        node_pools(Resources(cpus_per_trial=3))


def test_memory_is_asked_for_if_it_is_known(cluster: None) -> None:
    (pool,) = node_pools(Resources(memory_per_trial=0.25))
    assert pool.request().bundles == [{"CPU": 1.0, "memory": 2**28}]
    (pool,) = node_pools(Resources())
    assert pool.request().bundles == [{"CPU": 1.0}]


def test_memory_of_a_slot(cluster: None) -> None:
    alone = memory_of_a_slot(Resources(max_concurrent=1))
    assert memory_of_a_slot(Resources()) == alone / 2
    assert alone == largest_memory()
    assert memory_of_a_slot(Resources(cpus_per_trial=3)) == math.inf
