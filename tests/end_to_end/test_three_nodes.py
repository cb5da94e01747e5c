"""What only a real cluster of three nodes shows: jobs by the commands, the token, and where trials run."""

from __future__ import annotations

import json
import re
import stat
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import psutil
import pytest

from tests.end_to_end.conftest import NODES, output_of, wait_until
from tests.exposure import answered, is_loopback, listening, written_by_others

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Nodes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def submitted(printed: str) -> str:
    match = re.match(r"(raysubmit_\w+): run ", printed)
    assert match is not None, printed
    return match[1]


def test_submit_follow_stop_and_resume(three_nodes: Nodes, tmp_path: Path, job: Path) -> None:
    to = ("--address", three_nodes.dashboard)
    storage = str(tmp_path / "runs")

    followed = three_nodes.nids("submit", str(job), *to, "--storage", storage, "--name", "one", "--follow")
    assert followed.returncode == 0, followed.stdout + followed.stderr
    first = submitted(followed.stdout)
    for words in ("one: 2 trials on nsl-kdd-sample", "one (finished)", f"{first} succeeded"):
        assert followed.stdout.count(words) == 1
    assert len(pd.read_parquet(f"{storage}/one/trials")) == 2

    # Epochs without end: it is stopped while a trial runs.
    long = ("--set", "training.epochs=10000", "--set", "training.patience=10000")
    begun = three_nodes.nids("submit", str(job), *to, "--storage", storage, "--name", "two", *long)
    second = submitted(begun.stdout)
    folder = Path(storage) / "two"
    wait_until((folder / "curves").exists)
    stopped = three_nodes.nids("jobs", "stop", second, *to)
    assert f"nids submit --resume two --storage {storage} --address {three_nodes.dashboard}" in stopped.stdout
    wait_until(lambda: three_nodes.state(second) != "running")
    assert re.match(r"state +stopped\n", three_nodes.nids("jobs", "status", second, *to).stdout)
    interrupted = json.loads((folder / "status.json").read_text())
    assert interrupted["state"] == "interrupted"
    assert three_nodes.nids("jobs", "stop", second, *to).stdout == f"{second} has ended already: stopped.\n"
    before = pd.read_parquet(folder / "trials").set_index("trial").sort_index()
    assert set(before["state"]) == {"RUNNING"}

    # What is left of it continues as another job. It would never end either.
    resumed = submitted(three_nodes.nids("submit", "--resume", "two", *to, "--storage", storage).stdout)

    def runs_again() -> bool:
        status = json.loads((folder / "status.json").read_text())
        assert three_nodes.state(resumed) in {"pending", "running"}
        return (status["state"], status["trials"]["running"]) == ("running", 1) and status["owner"] != interrupted[
            "owner"
        ]

    wait_until(runs_again)
    after = pd.read_parquet(folder / "trials").set_index("trial").sort_index()
    hyperparameters = [name for name in before.columns if name.startswith("params_")]
    pd.testing.assert_frame_equal(after.loc[before.index, hyperparameters], before[hyperparameters])
    three_nodes.nids("jobs", "stop", resumed, *to)
    wait_until(lambda: three_nodes.state(resumed) == "stopped")

    listed = three_nodes.nids("jobs", "list", *to).stdout
    rows = [line.split()[:3] for line in listed.splitlines()[1:]]
    assert rows == [[resumed, "two", "stopped"], [second, "two", "stopped"], [first, "one", "succeeded"]]
    assert "one (finished)" in three_nodes.nids("jobs", "logs", first, *to).stdout


@pytest.mark.parametrize(
    ("command", "changed", "said"),
    [
        pytest.param(
            ["jobs", "list"],
            {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "wrong"},
            "does not accept the token that was given",
            id="a wrong token",
        ),
        pytest.param(
            ["submit", "--resume", "one", "--storage", "/runs"],
            {"RAY_AUTH_MODE": "disabled"},
            "asks for a token, and none was given",
            id="no token",
        ),
    ],
)
def test_who_has_no_token_is_refused(
    three_nodes: Nodes, command: list[str], changed: dict[str, str], said: str
) -> None:
    refused = three_nodes.nids(*command, "--address", three_nodes.dashboard, **changed)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"Error: {three_nodes.dashboard} {said}.")
    assert "Traceback" not in refused.stderr


def test_a_driver_without_the_token_is_refused(three_nodes: Nodes, job: Path, tmp_path: Path) -> None:
    refused = three_nodes.nids(
        *("search", str(job), "--address", three_nodes.address, "--storage", str(tmp_path / "runs")),
        RAY_AUTH_MODE="token",
        RAY_AUTH_TOKEN="wrong",
    )
    assert refused.returncode == 2
    assert f"Error: no Ray cluster can be reached at {three_nodes.address}" in refused.stderr
    assert "RAY_AUTH_TOKEN" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_token_can_be_read_by_nobody_else(three_nodes: Nodes) -> None:
    assert stat.S_IMODE(three_nodes.token().stat().st_mode) == 0o600
    assert written_by_others(three_nodes.token().resolve()) == []


def test_the_token_is_that_of_this_cluster_alone(three_nodes: Nodes) -> None:
    assert [path.name for path in (Path(three_nodes.environment["HOME"]) / ".ray").iterdir()] == ["local_tokens"]
    of_cluster = {three_nodes.address, three_nodes.dashboard.removeprefix("http://")}
    assert {path.name for path in three_nodes.token().parent.iterdir()} == of_cluster


def test_no_other_user_can_write_to_what_the_nodes_keep(three_nodes: Nodes) -> None:
    """The packages of jobs among it, which are unpacked there and run."""
    nodes = psutil.Process(three_nodes.process).children()
    options = [part.partition("=") for node in nodes for part in node.cmdline()]
    folders = {Path(value) for option, _, value in options if option == "--temp-dir"}
    assert len(folders) == NODES
    for folder in folders:
        assert [*folder.glob("session_*/sockets/plasma_store")] != []
        assert written_by_others(folder) == []


def test_no_other_machine_reaches_the_nodes(three_nodes: Nodes) -> None:
    processes = psutil.Process(three_nodes.process).children(recursive=True)
    found = listening(process.pid for process in processes)
    assert {"gcs_server", "raylet", "ray::DashboardAgent", "ray::RuntimeEnvAgent"} <= set(found)
    assert [address for addresses in found.values() for address, _ in addresses if not is_loopback(address)] == []
    # Ray would serve metrics without a token: each node, and the head on two more ports.
    statuses = answered((port for addresses in found.values() for _, port in addresses), "/metrics")
    assert set(statuses.values()) == {401}


def test_a_job_that_is_not_there_is_said(three_nodes: Nodes) -> None:
    refused = three_nodes.nids("jobs", "status", "raysubmit_none", "--address", three_nodes.dashboard)
    assert refused.returncode == 2
    assert "Job raysubmit_none does not exist" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_hundreds_of_trials_on_shared_gpus_of_which_none_is_lost_and_none_is_run_twice(three_nodes: Nodes) -> None:
    slots, trials = 12, 200
    resources = json.dumps({"gpus_per_trial": 0.5})
    printed = three_nodes.script("waiting_driver.py", three_nodes.address, str(slots), str(trials), resources)
    found: dict[str, Any] = json.loads(printed)
    assert found["states"] == ["COMPLETE"] * trials
    assert sorted(found["ended"]) == list(range(trials))
    assert sorted(seen["trial"] for seen in found["seen"]) == list(range(trials))
    # All slots of the cluster were taken at once, and never more than those.
    assert found["most"] == slots
    first = found["seen"][:slots]
    assert Counter(seen["node"] for seen in first) == dict.fromkeys(found["nodes"], 4)
    # Each is bound to one of its node's two cards, two to each.
    assert Counter((seen["node"], seen["cards"]) for seen in first) == {
        (node, card): 2 for node in found["nodes"] for card in ("0", "1")
    }
    # The rows were put once; each node holds one copy, which its trials read in place.
    assert found["holding"] == [sorted(found["nodes"])] * 3  # the training set and two folds
    assert {(seen["rows"], seen["read_only"]) for seen in found["seen"]} == {(6000, True)}


def test_nodes_without_a_gpu_take_trials_too_if_they_may(user: dict[str, str]) -> None:
    """On another cluster, as the nodes of the one are alike."""
    resources = json.dumps({"gpus_per_trial": 1, "cpu_nodes": True})
    found = json.loads(output_of("waiting_driver.py", "mixed", "2", "3", resources, environment=user))
    assert found["states"] == ["COMPLETE"] * 3
    assert found["most"] == 2
    # The node with the card has a second CPU, which stays free: the others have a node of their own.
    assert Counter((found["nodes"][seen["node"]], seen["cards"]) for seen in found["seen"][:2]) == {
        (1.0, "0"): 1,
        (0, ""): 1,
    }
