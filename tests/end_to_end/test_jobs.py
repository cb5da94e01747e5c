"""Searches as jobs of a real cluster: submitted, followed, stopped and gone on with, by the commands."""

from __future__ import annotations

import json
import re
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Nodes


def submitted(said: str) -> str:
    found = re.match(r"(raysubmit_\w+): run ", said)
    assert found is not None, said
    return found[1]


def wait_for(nodes: Nodes, job_id: str, *states: str) -> str:
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        said = nodes.nids("jobs", "status", job_id, "--address", nodes.dashboard).stdout
        found = re.match(r"state\s+(\w+)", said)
        assert found is not None, said
        if found[1] in states:
            return found[1]
        time.sleep(1)
    pytest.fail(f"{job_id} was never {' or '.join(states)}: {said}")


@pytest.mark.timeout(900)
def test_submit_follow_stop_and_resume(three_nodes: Nodes, tmp_path: Path, job: Path) -> None:
    to = ("--address", three_nodes.dashboard)
    storage = str(tmp_path / "runs")

    followed = three_nodes.nids("submit", str(job), *to, "--storage", storage, "--name", "one", "--follow")
    assert followed.returncode == 0, followed.stdout + followed.stderr
    first = submitted(followed.stdout)
    for said in ("one: 4 trials on nsl-kdd-sample", "one (finished)", f"{first} succeeded"):
        assert followed.stdout.count(said) == 1
    assert len(pd.read_parquet(f"{storage}/one/trials")) == 4

    # Epochs without end: it is stopped while trials run.
    long = ("--set", "training.epochs=10000", "--set", "training.patience=10000")
    begun = three_nodes.nids("submit", str(job), *to, "--storage", storage, "--name", "two", *long)
    second = submitted(begun.stdout)
    trials = Path(storage) / "two" / "curves"
    deadline = time.monotonic() + 200
    while not trials.exists() and time.monotonic() < deadline:
        time.sleep(0.5)
    stopped = three_nodes.nids("jobs", "stop", second, *to)
    assert f"nids submit --resume two --storage {storage} --address {three_nodes.dashboard}" in stopped.stdout
    assert wait_for(three_nodes, second, "stopped", "failed", "succeeded") == "stopped"
    status = json.loads((Path(storage) / "two" / "status.json").read_text())
    assert status["state"] == "interrupted"
    owner = status["owner"]
    assert three_nodes.nids("jobs", "stop", second, *to).stdout == f"{second} has ended already: stopped.\n"
    before = pd.read_parquet(f"{storage}/two/trials").set_index("trial").sort_index()
    assert set(before["state"]) == {"RUNNING"}

    # What is left of it goes on as another job. It would never end either.
    resumed = submitted(three_nodes.nids("submit", "--resume", "two", *to, "--storage", storage).stdout)
    wait_for(three_nodes, resumed, "running")
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        status = json.loads((Path(storage) / "two" / "status.json").read_text())
        if status["state"] == "running" and status["trials"]["running"] == 2 and status["owner"] != owner:
            break
        time.sleep(0.5)
    else:
        pytest.fail(f"it was never resumed: {status}")
    after = pd.read_parquet(f"{storage}/two/trials").set_index("trial").sort_index()
    hyperparameters = [name for name in before if str(name).startswith("params_")]
    pd.testing.assert_frame_equal(after.loc[before.index, hyperparameters], before[hyperparameters])
    three_nodes.nids("jobs", "stop", resumed, *to)
    wait_for(three_nodes, resumed, "stopped")

    listed = three_nodes.nids("jobs", "list", *to).stdout
    rows = [line.split()[:3] for line in listed.splitlines()[1:]]
    assert rows == [[resumed, "two", "stopped"], [second, "two", "stopped"], [first, "one", "succeeded"]]
    assert "one (finished)" in three_nodes.nids("jobs", "logs", first, *to).stdout


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param(
            {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "wrong"},
            "does not accept the token that was given",
            id="a wrong token",
        ),
        pytest.param({"RAY_AUTH_MODE": "disabled"}, "asks for a token, and none was given", id="no token"),
    ],
)
def test_who_has_no_token_is_refused(three_nodes: Nodes, job: Path, changed: dict[str, str], said: str) -> None:
    to = ("--address", three_nodes.dashboard)
    for command in (["jobs", "list"], ["submit", str(job), "--storage", "/runs"]):
        refused = three_nodes.nids(*command, *to, **changed)
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
    token = Path(three_nodes.environment["HOME"]) / ".ray" / "auth_token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(
            ["jobs", "status", "raysubmit_none"], "Job raysubmit_none does not exist", id="a job that is not there"
        ),
        pytest.param(
            ["submit", "--resume", "one", "--storage", "runs"],
            "--storage is 'runs', which is relative",
            id="a relative storage",
        ),
        pytest.param(["submit", "--resume", "one"], "--storage is missing", id="no storage"),
        pytest.param(["submit", "--storage", "/runs"], "either a job file is needed", id="nothing to run"),
    ],
)
def test_what_cannot_be_is_said_at_once(three_nodes: Nodes, arguments: list[str], said: str) -> None:
    refused = three_nodes.nids(*arguments, "--address", three_nodes.dashboard)
    assert refused.returncode == 2
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_wrong_job_is_refused_before_it_is_sent(three_nodes: Nodes, job: Path) -> None:
    to = ("--address", three_nodes.dashboard, "--storage", "/runs")
    refused = three_nodes.nids("submit", str(job), *to, "--set", "search.trails=3")
    assert refused.returncode == 2
    assert "search.trails = 3: there is no such key (did you mean trials?)" in refused.stderr


def test_nobody_takes_jobs_there(user: dict[str, str], three_nodes: Nodes) -> None:
    refused = three_nodes.nids("jobs", "list", "--address", "http://127.0.0.1:9")
    assert refused.returncode == 2
    assert refused.stderr.startswith("Error: no Ray cluster takes jobs at http://127.0.0.1:9 (")
