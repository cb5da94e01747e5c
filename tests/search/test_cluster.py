from __future__ import annotations

import json
import socket
import subprocess
import sys

import pytest

from nids.config import Resources
from nids.errors import UserError
from nids.search.cluster import connect, slots

# Ray holds one cluster in a process, so that one with GPUs, which are a number to Ray, has a process of its own.
NODES = """
import json, os, sys
from ray.cluster_utils import Cluster
from nids.config import Resources
from nids.errors import UserError
from nids.search import cluster

made = Cluster(initialize_head=True, head_node_args={"num_cpus": 16, "num_gpus": 2, "include_dashboard": False})
made.add_node(num_cpus=3)
os.environ["RAY_ADDRESS"] = made.address
cluster.connect()

def tried(resources):
    try:
        return cluster.slots(Resources(**resources))
    except UserError as error:
        return str(error)

wanted = json.loads(sys.argv[1])
print(json.dumps({"about": cluster.describe(), "slots": [tried(resources) for resources in wanted]}))
"""

EXPECTED = [
    ({"cpus_per_trial": 1}, 19),
    ({"cpus_per_trial": 2}, 9),  # eight on the one node, one on the other: its last CPU is of no use
    ({"cpus_per_trial": 2, "max_concurrent": 4}, 4),
    ({"gpus_per_trial": 0.25}, 8),
    ({"gpus_per_trial": 0.3}, 6),  # three on a card: what is left of both is no third of a card
    ({"gpus_per_trial": 0.25, "cpus_per_trial": 4}, 4),
    ({"gpus_per_trial": 0.1}, 16),  # ten on a card, but there are only sixteen CPUs
    ({"gpus_per_trial": 2.0}, 1),
    (
        {"gpus_per_trial": 3.0},
        "a trial asks for 1 CPUs and 3 GPUs, but no node of the cluster has that much. Its nodes: {nodes}. Lower "
        "resources.cpus_per_trial or resources.gpus_per_trial.",
    ),
]


def test_a_cluster_of_two_nodes_that_the_environment_names() -> None:
    wanted = json.dumps([resources for resources, _ in EXPECTED])
    result = subprocess.run([sys.executable, "-c", NODES, wanted], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    *numbers, refusal = found["slots"]
    *expected, sentence = (expected for _, expected in EXPECTED)
    assert numbers == expected
    # Ray names its nodes in no order.
    nodes = ["16 CPUs and 2 GPUs", "3 CPUs and 0 GPUs"]
    assert refusal in {sentence.format(nodes="; ".join(order)) for order in (nodes, nodes[::-1])}
    about = found["about"]
    assert (about["nodes"], about["cpus"], about["gpus"]) == (2, 19, 2)
    assert about["platform"]


@pytest.mark.usefixtures("cluster")
def test_this_machine() -> None:
    assert slots(Resources()) == 2
    assert slots(Resources(max_concurrent=1)) == 1
    with pytest.raises(UserError, match=r"a trial asks for 3 CPUs and 0 GPUs.*Its nodes: 2 CPUs and 0 GPUs\. Lower"):
        slots(Resources(cpus_per_trial=3))


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
