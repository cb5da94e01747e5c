from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from nids.models.gpu_cards import cards

# What a trial asks for on the two nodes, and what is expected: how many run at once; of each pool a trial's GPUs, its
# capacity, and how many nodes it avoids.
PLACEMENTS: list[tuple[dict[str, Any], Any]] = [
    ({"cpus_per_trial": 1}, [19, [[0, 19, 0]]]),
    ({"cpus_per_trial": 2}, [9, [[0, 9, 0]]]),  # eight on the one node, one on the other: its last CPU is of no use
    ({"memory_per_trial": 1.5}, [7, [[0, 7, 0]]]),  # six on the one node, with 10 GiB, one on the other, with 2
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
]
NOWHERE = {"gpus_per_trial": 3.0}


@pytest.fixture(scope="session")
def two_nodes(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> dict[str, Any]:
    """What is found on a cluster of two nodes: 16 CPUs and 2 GPUs, 3 CPUs; see ``two_nodes.py``.

    Of the processes that share the tests, the first that asks finds it out for all.
    """
    folder = tmp_path_factory.getbasetemp()
    shared = (folder if worker_id == "master" else folder.parent) / "two_nodes.json"
    with FileLock(f"{shared}.lock"):
        if not shared.exists():
            shared.write_text(_found_on_two_nodes(), encoding="utf-8")
        found: dict[str, Any] = json.loads(shared.read_text(encoding="utf-8"))
    return found


def _found_on_two_nodes() -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment["RAY_prestart_worker_first_driver"] = "0"  # no process for each CPU, ahead of its use
    wanted = json.dumps([*(resources for resources, _ in PLACEMENTS), NOWHERE])
    command = [sys.executable, str(Path(__file__).parent / "two_nodes.py"), wanted, "1000" if cards() else "3"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return ended.stdout.splitlines()[-1]
