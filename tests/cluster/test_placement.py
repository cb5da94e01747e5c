from __future__ import annotations

import json
import subprocess
import sys

import pytest

from nids.cluster.placement import NodePool, node_pools, slots
from nids.config import Resources
from nids.errors import UserError

# Ray holds one cluster in a process, so that one with GPUs, which are a number to Ray, has a process of its own.
NODES = """
import json, os, sys
from ray.cluster_utils import Cluster
from nids.config import Resources
from nids.errors import UserError
from nids.cluster import connection
from nids.cluster.placement import node_pools, slots

made = Cluster(initialize_head=True, head_node_args={"num_cpus": 16, "num_gpus": 2, "include_dashboard": False})
made.add_node(num_cpus=3)
os.environ["RAY_ADDRESS"] = made.address
connection.connect()

def tried(resources):
    try:
        wanted = Resources(**resources)
        found = node_pools(wanted)
        return [slots(found, wanted), [[pool.gpus, pool.capacity, len(pool.avoided)] for pool in found]]
    except UserError as error:
        return str(error)

print(json.dumps([tried(resources) for resources in json.loads(sys.argv[1])]))
"""

# What a trial asks for; how many run at once; of each pool a trial's GPUs, its capacity, and how many nodes it avoids.
EXPECTED = [
    ({"cpus_per_trial": 1}, [19, [[0, 19, 0]]]),
    ({"cpus_per_trial": 2}, [9, [[0, 9, 0]]]),  # eight on the one node, one on the other: its last CPU is of no use
    ({"cpus_per_trial": 2, "max_concurrent": 4}, [4, [[0, 9, 0]]]),
    ({"gpus_per_trial": 0.25}, [8, [[0.25, 8, 0]]]),
    ({"gpus_per_trial": 0.3}, [6, [[0.3, 6, 0]]]),  # three on a card: what is left of both is no third of a card
    ({"gpus_per_trial": 0.25, "cpus_per_trial": 4}, [4, [[0.25, 4, 0]]]),
    ({"gpus_per_trial": 0.1}, [16, [[0.1, 16, 0]]]),  # ten on a card, but there are only sixteen CPUs
    ({"gpus_per_trial": 2.0}, [1, [[2, 1, 0]]]),
    ({"gpus_per_trial": 0.25, "cpu_nodes": True}, [11, [[0.25, 8, 0], [0, 3, 1]]]),
    ({"gpus_per_trial": 0.25, "cpus_per_trial": 4, "cpu_nodes": True}, [4, [[0.25, 4, 0]]]),
    ({"gpus_per_trial": 3.0, "cpu_nodes": True}, [3, [[0, 3, 1]]]),
    ({"gpus_per_trial": 3.0, "autoscale_to": 5}, [5, [[3, 5, 0]]]),  # no such node is up yet
    ({"gpus_per_trial": 0.25, "autoscale_to": 5}, [8, [[0.25, 8, 0]]]),
    (
        {"gpus_per_trial": 3.0},
        "a trial asks for 1 CPUs and 3 GPUs, but no node of the cluster has that much. Its nodes: {nodes}. Lower "
        "resources.cpus_per_trial or resources.gpus_per_trial; if the cluster starts such nodes when they are asked "
        "for, say with resources.autoscale_to up to how many trials.",
    ),
]


def test_a_cluster_of_two_nodes_of_which_one_has_gpus() -> None:
    wanted = json.dumps([resources for resources, _ in EXPECTED])
    result = subprocess.run([sys.executable, "-c", NODES, wanted], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    *numbers, refusal = json.loads(result.stdout.splitlines()[-1])
    *expected, sentence = (expected for _, expected in EXPECTED)
    assert numbers == expected
    # Ray names its nodes in no order.
    nodes = ["16 CPUs and 2 GPUs", "3 CPUs and 0 GPUs"]
    assert isinstance(sentence, str)
    assert refusal in {sentence.format(nodes="; ".join(order)) for order in (nodes, nodes[::-1])}


@pytest.mark.usefixtures("cluster")
def test_this_machine() -> None:
    assert node_pools(Resources()) == [NodePool(cpus=1, gpus=0.0, capacity=2)]
    assert slots(node_pools(Resources()), Resources(max_concurrent=1)) == 1
    with pytest.raises(UserError, match=r"a trial asks for 3 CPUs and 0 GPUs.*Its nodes: 2 CPUs and 0 GPUs\. Lower"):
        node_pools(Resources(cpus_per_trial=3))
