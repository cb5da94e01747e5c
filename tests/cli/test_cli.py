from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from nids import datasets, job_file
from nids.config import Search
from nids.results import Run, RunWriter, open_run
from nids.results.status import Owner
from nids.storage import Folder
from tests.manifests import NO_TRIALS, a_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.conftest import Outcome

    Nids = Callable[..., Outcome]

ROOT = Path(__file__).parents[2]
TINY = [
    *("--set", "data.dataset=nsl-kdd-sample", "--set", "data.rows=600", "--set", "folds.count=2"),
    *("--set", "training.epochs=1", "--set", "search.trials=4", "--set", "scheduler.kind=none"),
    *("--set", "folds.targets={R2L=30, U2R=20}", "--set", "resources.max_concurrent=1"),
    *("--set", "hyperparameters={layers=1, units=8, batch_size=256}"),
]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param([], ["search", "resume", "report", "runs", "data"], id="nids"),
        pytest.param(["search"], ["--set", "--data", "--storage", "--name", "--address"], id="search"),
        pytest.param(["resume"], ["--data", "--storage", "--address"], id="resume"),
        pytest.param(["report"], ["--storage", "--base-rate"], id="report"),
        pytest.param(["runs"], ["--storage"], id="runs"),
        pytest.param(["finalize"], ["--trial", "--seeds", "--set", "--again", "--data", "--address"], id="finalize"),
        pytest.param(["baselines"], ["--again", "--data", "--storage", "--address"], id="baselines"),
        pytest.param(["correlate"], ["runs...", "--seeds", "--set", "--again", "--address"], id="correlate"),
        pytest.param(["score"], ["--out", "--fpr", "--rejects", "--overwrite", "--ray"], id="score"),
        pytest.param(["leakage"], ["--dataset", "--file", "--folds", "--seed"], id="leakage"),
        pytest.param(["dashboard"], ["--storage", "--address", "--port"], id="dashboard"),
        pytest.param(["bench"], ["against-plain-loop", "growth", "--rounds"], id="bench"),
        pytest.param(["data", "fetch"], ["--from"], id="fetch"),
        pytest.param(["data", "check"], ["--dataset", "--class-map"], id="check"),
    ],
)
def test_help_names_every_option(nids: Nids, arguments: Sequence[str], words: Sequence[str]) -> None:
    result = nids(*arguments, "--help")
    assert (result.returncode, [word for word in words if word not in result.stdout]) == (0, [])


def test_help_loads_nothing_slow(tmp_path: Path) -> None:
    code = "import sys, nids.cli; print([m for m in ('ray', 'tensorflow', 'keras', 'pandas') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ["search", "nowhere.toml"],
            "Error: nowhere.toml: no such file. Give a job file, or the name of one that comes with nids: "
            "cnn-bigru, correlate, large, objectives, own, paper, quick, reference, unseen, unsw-nb15.\n",
            id="no job file",
        ),
        pytest.param(
            ["search", "jobs/qick.toml"],
            "Error: jobs/qick.toml: no such file (did you mean quick?). Give a job file, or the name of one that comes "
            "with nids: cnn-bigru, correlate, large, objectives, own, paper, quick, reference, unseen, unsw-nb15.\n",
            id="a misspelt job file",
        ),
        pytest.param(
            ["search", "quick", "--set", "data.dataset=nsl-kdd-sample", "--set", "data.file=KDDTest+"],
            "Error: --set: data.file has no effect: nsl-kdd-sample is generated and reads no file. Remove data.file, "
            "or change what it depends on.\n",
            id="a file that would not be read",
        ),
        pytest.param(
            ["search", "quick", "--storage", "/dev/null"],
            "Error: /dev/null: cannot be used as storage (/dev/null is a file). Name another with --storage.\n",
            id="a storage that is a file",
        ),
        pytest.param(
            ["search", "quick", "--address", "127.0.0.1:9"],
            "Error: no Ray cluster can be reached at 127.0.0.1:9, which --address or RAY_ADDRESS names ([Errno 111] "
            "Connection refused). Without either, a cluster is started on this machine.\n",
            id="nobody at the address",
        ),
        pytest.param(
            ["search", str(ROOT / "jobs/quick.toml"), "--set", "search.trails=4"],
            "Error: --set:\n  search.trails = 4: there is no such key (did you mean trials?). "
            f"Allowed here: {', '.join(Search.model_fields)}.\n",
            id="typo",
        ),
        pytest.param(
            ["search", "quick", "--set", "trials=3"],
            "Error: --set:\n  trials = 3: there is no such key (did you mean search.trials?).\n",
            id="a key without its section",
        ),
        pytest.param(
            ["search", "quick", "--name", ""],
            "Error: --name '': a run's name has letters, digits and . _ - only, and does not begin with . or -.\n",
            id="an empty name",
        ),
        pytest.param(
            ["search", "quick", "--address", "nonsense:foo"],
            "Error: no Ray cluster can be reached at nonsense:foo, which --address or RAY_ADDRESS names (an address is "
            "HOST:PORT). Without either, a cluster is started on this machine.\n",
            id="no address",
        ),
        pytest.param(
            ["search", str(ROOT / "jobs/quick.toml"), "--set", "data.file=KDDTest+"],
            "Error: KDDTest+ is held out: whatever a search sees of it, its final test can no longer judge. Search "
            "on a training file.\n",
            id="held-out file",
        ),
        pytest.param(
            ["resume", "nothing"],
            "Error: runs holds no run named 'nothing'. Runs there: none. Name another storage with --storage.\n",
            id="no such run",
        ),
    ],
)
def test_what_a_user_can_cause_is_said_without_a_traceback(
    nids: Nids, arguments: Sequence[str], message: str, tmp_path: Path
) -> None:
    result = nids(*arguments)
    assert (result.returncode, result.stderr, list(tmp_path.iterdir())) == (2, message, [])


def test_a_storage_without_runs(nids: Nids) -> None:
    result = nids("runs")
    assert (result.returncode, result.stdout) == (
        0,
        "runs does not exist yet. Make a run with: nids search quick\n",
    )


def wait_until_ended(folder: Path, trials: int, process: subprocess.Popen[str]) -> pd.DataFrame:
    """Return the run's ended trials, once there are so many."""
    while process.poll() is None:
        if (folder / "manifest.json").exists():
            found = Run(Folder.from_uri(str(folder))).trials()
            ended = found[found["state"] != "RUNNING"]
            if len(ended) >= trials:
                return ended
        time.sleep(0.2)
    pytest.fail(f"the search ended by itself: {process.communicate()}")


def test_an_interrupted_search_is_resumed(cluster: None, nids: Nids, tmp_path: Path) -> None:
    """By Ctrl-C; in ``tests/end_to_end``, by a job server's SIGTERM, and by SIGKILL."""
    command = [sys.executable, "-m", "nids", "search", str(ROOT / "jobs/quick.toml"), *TINY, "--name", "a"]
    # Trials that last longer than it takes to see that the first has ended.
    command += ["--set", "training.epochs=50"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        ended = wait_until_ended(tmp_path / "runs/a", 1, process)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate()
    assert (process.returncode, open_run("runs", "a").status.state) == (130, "interrupted")
    assert "\nStopping: waiting for the processes of running trials to end; results so far are kept." in output
    assert output.endswith("\nInterrupted. Resume it with: nids resume a\n")

    result = nids("resume", "a")
    assert result.returncode == 0, result.stderr
    trials = open_run("runs", "a").trials()
    assert (trials["trial"].tolist(), set(trials["state"])) == ([0, 1, 2, 3], {"COMPLETE"})
    kept = trials[trials["trial"].isin(ended["trial"])]
    # Beside a trial that still ran, whole numbers were read as floats: it had no best epoch yet.
    pd.testing.assert_frame_equal(kept.reset_index(drop=True), ended.reset_index(drop=True), check_dtype=False)

    again = nids("resume", "a")
    assert (again.returncode, again.stdout.splitlines()[0]) == (0, "a is finished: nothing is left to do.")


def test_without_the_real_rows_a_search_says_that_its_rows_are_synthetic(
    cluster: None, nids: Nids, tmp_path: Path
) -> None:
    # Every download goes through a proxy that nobody listens at, so that this is the same with and without a network.
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    away = {**nowhere, "NIDS_DATA_DIR": "", "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    tiny = [argument for argument in TINY if argument not in {"data.dataset=nsl-kdd-sample"}]
    tiny.remove("--set")
    job = str(ROOT / "jobs/quick.toml")
    result = nids("search", job, *tiny, "--set", "search.trials=1", "--name", "a", **away)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    announced = "Searching on nsl-kdd-sample instead: its rows are synthetic."
    assert "KDDTrain+.txt could not be downloaded. Tried:" in result.stdout
    assert lines[lines.index(announced) + 1] == (
        "a: 1 trial on nsl-kdd-sample (synthetic, 600 rows, seed 0), 600 rows, 2 folds"
    )
    assert "a (finished) nsl-kdd-sample (synthetic, 600 rows, seed 0)" in lines
    assert lines[-6:] == [
        f"Report: {tmp_path}/runs/a/report.html",
        "",
        "Next:",
        "  nids dashboard",
        "  nids baselines a   # is it better than a random forest, on the held-out files too?",
        "  nids finalize a   # train it on all rows, evaluate it on the held-out files, save it",
    ]
    assert "synthetic" in (tmp_path / "runs/a/report.html").read_text(encoding="utf-8")


@pytest.fixture
def interrupted(tmp_path: Path) -> Path:
    """A run's folder, left behind by a search that this process was to go on with."""
    job = job_file.read(ROOT / "jobs/quick.toml", TINY[1::2])
    folder = tmp_path / "runs/a"
    dataset = datasets.get(job.data.dataset).labelled_by()
    manifest = a_manifest(run="a", job=job.model_dump(), dataset=dataset, folds={"hash": "0" * 16})
    driver = Owner(host=socket.gethostname(), pid=1)
    RunWriter(Folder.from_uri(str(folder)), manifest).write_status("running", NO_TRIALS, driver)
    return folder


@pytest.mark.slow
def test_a_run_whose_driver_is_alive_is_left_to_it(nids: Nids, interrupted: Path) -> None:
    updated = Run(Folder.from_uri(str(interrupted))).status.updated
    before = {path.name: path.read_bytes() for path in interrupted.iterdir()}
    result = nids("resume", "a")
    assert (result.returncode, result.stderr) == (
        2,
        f"Error: a is being run by process 1 on {socket.gethostname()}, which last reported at "
        f"{updated:%Y-%m-%d %H:%M:%S} UTC. Stop it, or wait a minute if it is gone, and try again. Where it cannot be "
        "stopped, `nids resume a --take-over` takes the run from it.\n",
    )
    assert {path.name: path.read_bytes() for path in interrupted.iterdir()} == before


@pytest.mark.slow
def test_a_search_on_other_rows_is_not_gone_on_with(nids: Nids, interrupted: Path) -> None:
    status = json.loads((interrupted / "status.json").read_text(encoding="utf-8"))
    (interrupted / "status.json").write_text(json.dumps({**status, "state": "interrupted"}), encoding="utf-8")
    result = nids("resume", "a")
    assert (result.returncode, result.stderr) == (
        2,
        "Error: a was made from other rows, or with other versions of its libraries, than those at hand "
        "(nsl-kdd-sample (synthetic, 600 rows, seed 0)): its trials could not be compared. Start a new search with "
        "`nids search`.\n",
    )
