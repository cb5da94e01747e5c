from __future__ import annotations

import json
import socket
import subprocess
import sys

import pytest

from nids.cluster.connection import connect
from nids.errors import UserError

# Ray holds one cluster in a process, so that this one has a process of its own.
NODES = """
import json, os
from ray.cluster_utils import Cluster
from nids.cluster import connection

made = Cluster(initialize_head=True, head_node_args={"num_cpus": 16, "num_gpus": 2, "include_dashboard": False})
made.add_node(num_cpus=3)
os.environ["RAY_ADDRESS"] = made.address
connection.connect()
import ray

@ray.remote(num_cpus=2, num_gpus=0.5)
class Busy:
    def ready(self):
        pass

busy = Busy.remote()
ray.get(busy.ready.remote())
# What a node has left is told with a delay.
while not any(node.cpus_used for node in connection.nodes()):
    pass
print(json.dumps({"about": dict(connection.describe()), "nodes": [dict(node) for node in connection.nodes()]}))
"""


def test_a_cluster_of_two_nodes_that_the_environment_names() -> None:
    result = subprocess.run([sys.executable, "-c", NODES], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    about = found["about"]
    assert (about["nodes"], about["cpus"], about["gpus"]) == (2, 19, 2)
    assert about["platform"]
    assert len({node.pop("name") for node in found["nodes"]}) == 2
    assert sorted(found["nodes"], key=lambda node: node["cpus"]) == [
        {"alive": True, "cpus": 3, "gpus": 0, "cpus_used": 0, "gpus_used": 0},
        {"alive": True, "cpus": 16, "gpus": 2, "cpus_used": 2, "gpus_used": 0.5},
    ]


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
