"""Prints what the product says of a cluster of two nodes, of which one has GPUs, as JSON.

Arguments: resources of trials, as JSON lists of keys for each case; the most trials that may share a GPU. GPUs are
numbers to Ray, so that there need be none. Ray holds one cluster in a process: this one has a process of its own.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any

import ray
from ray.cluster_utils import Cluster

from nids import job_file
from nids.cluster import connection, gpu_probe, memory_probe
from nids.cluster.placement import node_pools, slots
from nids.config import Resources
from nids.errors import UserError
from nids.search.space import space_of


@ray.remote(num_cpus=2, num_gpus=0.5)
class Busy:
    def ready(self) -> None:
        pass


def placement(resources: dict[str, Any]) -> list[Any] | str:
    """Return the trials at once and the pools of some resources, or why there is no place for them."""
    wanted = Resources(**resources)
    try:
        pools = node_pools(wanted)
    except UserError as error:
        return str(error)
    return [slots(pools, wanted), [[pool.gpus, pool.capacity, len(pool.avoided)] for pool in pools]]


def share(most: int) -> dict[str, Any]:
    """Return the measured share of a GPU, what was printed meanwhile, and the capacity of each pool with it."""
    lines: list[str] = []
    resources = {"gpus_per_trial": "auto", "max_trials_per_gpu": most}
    job = job_file.make({"name": "a-test", "resources": resources}, source="a test")
    job = gpu_probe.with_share(job, space_of(job), 122, 5, lines.append)
    capacities = [pool.capacity for pool in node_pools(job.resources)]
    return {"gpus": job.resources.gpus, "lines": lines, "capacities": capacities}


def memory(batch_size: int) -> dict[str, Any]:
    """Return the measured memory of a trial in GiB, what was printed meanwhile, and the trials at once with it."""
    lines: list[str] = []
    content = {"name": "a-test", "model": {"name": "mlp"}, "hyperparameters": {"batch_size": batch_size}}
    job = job_file.make(content, source="a test")
    job = memory_probe.with_memory(job, space_of(job), 122, 5, lines.append)
    return {
        "gib": job.resources.memory_per_trial,
        "lines": lines,
        "slots": slots(node_pools(job.resources), job.resources),
    }


def ended_by_sigterm() -> bool:
    """Return whether SIGTERM, sent to this process, raises what its own handler raises."""
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)
    except KeyboardInterrupt:
        return True
    return False


def main() -> None:
    cases, most = sys.argv[1:]
    head = {"num_cpus": 16, "num_gpus": 2, "memory": 10 * 2**30, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    cluster.add_node(num_cpus=3, memory=2 * 2**30)
    os.environ["RAY_ADDRESS"] = cluster.address
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    connection.connect()
    found: dict[str, Any] = {"placements": [placement(resources) for resources in json.loads(cases)]}
    found["share"] = share(int(most))
    found["memory"] = memory(512)
    busy = Busy.remote()  # type: ignore[attr-defined]
    ray.get(busy.ready.remote())
    # What a node has left is reported with a delay.
    while sum(node.cpus_used for node in connection.nodes()) != 2:
        pass
    found |= {"description": dict(connection.describe()), "nodes": [dict(node) for node in connection.nodes()]}
    found["sigterm"] = ended_by_sigterm()
    print(json.dumps(found))
    ray.shutdown()


main()
