"""A run that is kept in a real S3 server: written, read meanwhile, interrupted, resumed, finalized and used."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from nids import datasets
from nids.errors import UserError
from nids.results import RunWriter, open_run, run_names
from nids.results.checkpoints import CHECKPOINTS, kept_checkpoints
from nids.storage import Folder
from nids.training.checkpoint import Progress
from tests.manifests import a_manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nids.bench.s3_server import S3Server
    from tests.conftest import Outcome

STORAGE = "s3://bucket/runs"
OUT_OF_REACH = "Trying again for 5 minutes; trials go on meanwhile.\n"


def ended_trials() -> pd.DataFrame:
    if "one" not in run_names(STORAGE):
        return pd.DataFrame()
    trials = open_run(STORAGE, "one").trials()
    return trials[trials["state"] == "COMPLETE"].set_index("trial")


@pytest.mark.timeout(900)
def test_a_run_in_an_object_store(
    s3_server: S3Server, cluster: None, nids: Callable[..., Outcome], job: Path, tmp_path: Path
) -> None:
    bucket, storage = s3_server.bucket, ("--storage", STORAGE)
    command = [sys.executable, "-m", "nids", "search", str(job), *storage, "--name", "one"]
    with (tmp_path / "search.log").open("w") as log:
        search = subprocess.Popen([*command, "--set", "search.trials=5"], stdout=log, stderr=subprocess.STDOUT)
        # Cut off for a while.
        while not (bucket / "runs/one/trials").exists() and search.poll() is None:
            time.sleep(0.1)
        s3_server.kill()
        while OUT_OF_REACH not in (tmp_path / "search.log").read_text() and search.poll() is None:
            time.sleep(0.1)
        s3_server.start()
        # Read while it is written.
        while len(before := ended_trials()) < 2 and search.poll() is None:
            time.sleep(0.2)
        search.send_signal(signal.SIGKILL)
        search.wait()
    said = (tmp_path / "search.log").read_text()
    assert 2 <= len(before) < 5, said
    assert said.count(OUT_OF_REACH) == said.count("The storage can be used again, after ") == 1
    # It could not say anything any more; that it is gone is found out by those who come after it.
    assert (open_run(STORAGE, "one").status.state, open_run(STORAGE, "one").state) == ("running", "interrupted")

    resumed = nids("resume", "one", *storage)
    assert resumed.returncode == 0, resumed.stderr
    assert "one (finished)" in resumed.stdout
    after = ended_trials()
    assert after.index.sort_values().tolist() == list(range(5))
    pd.testing.assert_frame_equal(after.loc[before.index], before, check_dtype=False)
    assert f"Report: {STORAGE}/one/report.html" in resumed.stdout
    assert (bucket / "runs/one/report.html").read_bytes().startswith(b"<!doctype html>")
    assert "one" in nids("runs", *storage).stdout
    assert "5 complete" in nids("report", "one", *storage).stdout
    # Optuna's own tools open the study from there, once it is fetched.
    assert (bucket / "runs/one/study.journal").stat().st_size

    finalized = nids("finalize", "one", *storage, "--seeds", "1")
    assert finalized.returncode == 0, finalized.stderr
    rows = datasets.load_training("nsl-kdd-sample", rows=200, seed=7).features
    rows.to_parquet(tmp_path / "traffic.parquet")
    scored = nids("score", f"{STORAGE}/one/bundle", "traffic.parquet", "--out", "scores.parquet")
    assert scored.returncode == 0, scored.stderr
    assert len(pd.read_parquet(tmp_path / "scores.parquet")) == 200
    # Nothing but the objects that are meant to be there: no temporary names, no markers of folders.
    names = {path.name for path in (bucket / "runs/one").iterdir()} - {CHECKPOINTS}
    assert not any(path.stat().st_size for path in (bucket / "runs/one" / CHECKPOINTS).glob("*"))
    assert names == {
        *("attacks", "classes", "confusions", "curves", "trials", "final", "bundle"),
        *("manifest.json", "status.json", "driver.json", "report.html", "study.journal"),
    }


def test_what_a_store_holds_is_still_found_when_checkpoints_are_deleted(bucket: Path) -> None:
    folder = Folder.from_uri(f"{STORAGE}/one")
    writer = RunWriter(folder, a_manifest())
    progress = Progress([{"epoch": 1}], [[np.zeros(3)]])
    for trial in range(3):
        writer.checkpoints.of(trial, {}).save(progress)
    assert kept_checkpoints(folder) == {0, 1, 2}
    writer.delete_checkpoint(0)
    assert kept_checkpoints(folder) == {1, 2}
    writer.delete_checkpoints()
    assert kept_checkpoints(folder) == set()
    assert writer.checkpoints.of(1, {}).load(lambda _: True) is None
    assert run_names(STORAGE) == ["one"]
    assert open_run(STORAGE, "one").manifest == a_manifest()


def test_a_folder_is_the_same_in_another_process(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pickled = pickle.dumps(Folder.from_uri(f"{STORAGE}/one"))
    # As in a trial's process, which has not opened a folder by its name.
    monkeypatch.delenv("AWS_REQUEST_CHECKSUM_CALCULATION")
    folder: Folder = pickle.loads(pickled)
    folder.write("a", b"1" * 1000)
    assert (bucket / "runs/one/a").read_bytes() == folder.read("a") == b"1" * 1000


def test_a_bucket_that_is_not_there(bucket: Path) -> None:
    with pytest.raises(
        UserError, match=r"s3://none/runs: cannot be used as storage \(.*bucket.*Name another with --st"
    ):
        Folder.from_uri("s3://none/runs").write("a", b"1")


def test_wrong_credentials(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(UserError, match=r"s3://bucket/runs/one: cannot be used as storage \("):
        open_run(STORAGE, "one")
