"""Where the trials of a search are, on a real cluster of several nodes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Nodes


def test_eight_quarters_of_a_gpu_to_a_node_at_once(three_nodes: Nodes) -> None:
    resources = json.dumps({"gpus_per_trial": 0.25})
    found: dict[str, Any] = json.loads(
        three_nodes.script("waiting_driver.py", three_nodes.address, "24", "30", resources)
    )
    assert found["states"] == ["COMPLETE"] * 30
    # All slots of the cluster were taken at once, and never more than those.
    assert found["most"] == 24
    first = found["seen"][:24]
    assert Counter(seen["node"] for seen in first) == dict.fromkeys(found["nodes"], 8)
    # Each is bound to one of its node's two cards, four to each.
    assert Counter((seen["node"], seen["cards"]) for seen in first) == {
        (node, card): 4 for node in found["nodes"] for card in ("0", "1")
    }
    # The rows were put once; each node holds one copy, which its trials read in place.
    assert found["holding"] == [sorted(found["nodes"])] * 3  # training_set and two folds
    assert {(seen["rows"], seen["read_only"]) for seen in found["seen"]} == {(6000, True)}


def test_hundreds_of_trials_of_which_none_is_lost_and_none_is_run_twice(three_nodes: Nodes) -> None:
    """``nids.bench.many_trials`` checks the driver's own account, and fails if a trial is lost or ends twice."""
    said = three_nodes.module("nids.bench.many_trials", three_nodes.address, "0.25", "10", "300")
    assert [line.split("\t")[0] for line in said.splitlines()] == ["trials 1 to 10", "trials 11 to 300"]


def test_nodes_without_a_gpu_take_trials_too_if_they_may() -> None:
    resources = json.dumps({"gpus_per_trial": 0.5, "cpu_nodes": True})
    script = Path(__file__).parent / "waiting_driver.py"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    ended = subprocess.run(
        [sys.executable, str(script), "mixed", "4", "6", resources],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    found = json.loads(ended.stdout.splitlines()[-1])
    assert found["states"] == ["COMPLETE"] * 6
    assert found["most"] == 4
    # The node with the card has a third CPU, which stays free: the others have a node of their own.
    assert Counter((found["nodes"][seen["node"]], seen["cards"]) for seen in found["seen"][:4]) == {
        (1.0, "0"): 2,
        (0, ""): 2,
    }
