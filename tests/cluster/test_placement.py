from __future__ import annotations

from typing import Any

import pytest

from nids.cluster.placement import NodePool, node_pools, slots
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
    assert node_pools(Resources()) == [NodePool(cpus=1, gpus=0.0, capacity=2)]
    assert slots(node_pools(Resources()), Resources(max_concurrent=1)) == 1
    with pytest.raises(UserError, match=r"a trial asks for 3 CPUs and 0 GPUs.*Its nodes: 2 CPUs and 0 GPUs\. Lower"):
        node_pools(Resources(cpus_per_trial=3))
