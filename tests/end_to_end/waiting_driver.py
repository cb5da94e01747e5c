"""Runs a search whose trials wait until so many are there at once, and prints where each of them was.

Arguments: the cluster's address, or "mixed" for one of a node with GPUs and a node without; how many trials are to
meet; trials in all; the keys of the job's resources, as JSON.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import sys
import tempfile
from typing import Any

import ray
from rich.console import Console

from nids import datasets, job_file
from nids.bench.many_trials import EPOCHS, Stub
from nids.cluster import connection
from nids.cluster.object_store import SharedFolds
from nids.search import driver, prepare

PATIENCE = 120.0


@ray.remote(num_cpus=0)
class Meeting:
    """Where trials wait for one another."""

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.here: set[int] = set()
        self.most = 0
        self.seen: list[dict[str, Any]] = []
        self.all_there = asyncio.Event()

    async def arrive(self, seen: dict[str, Any]) -> None:
        self.seen.append(seen)
        self.here.add(seen["trial"])
        self.most = max(self.most, len(self.here))
        if len(self.here) >= self.expected:
            self.all_there.set()
        try:
            await asyncio.wait_for(self.all_there.wait(), PATIENCE)
        except TimeoutError:
            self.all_there.set()  # what is printed says that they never were

    async def leave(self, trial: int) -> None:
        self.here.discard(trial)

    async def found(self) -> dict[str, Any]:
        return {"most": self.most, "seen": self.seen}


class Waiting(Stub):
    """A trial that waits for the others in its first epoch, and reads the folds."""

    def setup(self, config: dict[str, Any], shared: SharedFolds, job: Any, pools: Any, checkpoints: Any = None) -> None:
        self._training_set, self._folds = shared.get()
        self._meeting = ray.get_actor("meeting")
        super().setup(config, shared, job, pools, checkpoints)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._number = new_config["number"]
        return super().reset_config(new_config)

    def step(self) -> dict[str, Any]:
        result = super().step()
        if self._epoch == 1:
            node = ray.get_runtime_context().get_node_id()
            seen = {
                "trial": self._number,
                "node": node,
                "cards": os.environ.get("CUDA_VISIBLE_DEVICES", ""),
                "rows": len(self._training_set.rows),
                "read_only": not self._training_set.rows.numeric.flags.writeable,
            }
            ray.get(self._meeting.arrive.remote(seen))
        if self._epoch == EPOCHS:
            ray.get(self._meeting.leave.remote(self._number))
        return result


def main() -> None:
    address, expected, trials, resources = sys.argv[1:]
    if address == "mixed":
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 2, "num_gpus": 1, "include_dashboard": False}
        made = Cluster(initialize_head=True, head_node_args=head)
        made.add_node(num_cpus=1)
        address = made.address
    connection.connect(address)
    meeting = Meeting.options(name="meeting").remote(int(expected))  # type: ignore[attr-defined]
    job = job_file.make(
        {
            "name": "waiting",
            "data": {"dataset": "nsl-kdd-sample", "rows": 6000},
            "folds": {"count": 2, "targets": {"R2L": 100, "U2R": 100}},
            "training": {"epochs": EPOCHS},
            "search": {"trials": int(trials)},
            "scheduler": {"kind": "none"},
            "resources": json.loads(resources),
        },
        source=__file__,
    )
    puts = []
    put = SharedFolds.put

    def keeping(*arguments: Any) -> SharedFolds:
        puts.append(put(*arguments))
        return puts[-1]

    SharedFolds.put = keeping  # type: ignore[method-assign, assignment]
    traffic = datasets.load_training("nsl-kdd-sample", rows=6000)
    with tempfile.TemporaryDirectory() as storage:
        prepared = prepare.prepare(job, traffic, storage, "waiting", lambda _: None)
        printed = io.StringIO()
        run = driver.run(prepared, Console(file=printed), Waiting)
        states = run.trials()["state"].tolist()
    (shared,) = puts
    locations = ray.experimental.get_object_locations([shared.training_set, *shared.folds])
    nodes = {node["NodeID"]: node["Resources"].get("GPU", 0) for node in ray.nodes()}
    holding = [sorted(location["node_ids"]) for location in locations.values()]
    ended = [int(number) for number in re.findall(r"^trial (\d+) complete", printed.getvalue(), re.MULTILINE)]
    found = {
        **ray.get(meeting.found.remote()),
        "states": states,
        "ended": ended,
        "nodes": nodes,
        "holding": holding,
    }
    print(json.dumps(found), flush=True)
    ray.shutdown()


main()
