"""A run that is kept in a real S3 server: written, read meanwhile, interrupted, gone on with, finalized and used."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from nids import datasets
from nids.errors import UserError
from nids.results import open_run, run_names
from nids.storage import Folder

if TYPE_CHECKING:
    from pathlib import Path

STORAGE = "s3://bucket/runs"


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "nids.cli", *arguments]


def nids(*arguments: str) -> str:
    ended = subprocess.run(command(*arguments), capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr[-3000:]
    return ended.stdout


def ended_trials() -> pd.DataFrame:
    if "one" not in run_names(STORAGE):
        return pd.DataFrame()
    trials = open_run(STORAGE, "one").trials()
    return trials[trials["state"] == "COMPLETE"].set_index("trial")


@pytest.mark.timeout(900)
def test_a_run_in_an_object_store(bucket: Path, job: Path, tmp_path: Path) -> None:
    storage = ("--storage", STORAGE)
    with (tmp_path / "search.log").open("w") as log:
        search = subprocess.Popen(
            command("search", str(job), *storage, "--name", "one", "--set", "search.trials=8"),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        # Read while it is written.
        deadline = time.monotonic() + 200
        while len(before := ended_trials()) < 2 and search.poll() is None and time.monotonic() < deadline:
            time.sleep(0.2)
        search.send_signal(signal.SIGKILL)
        search.wait()
    assert 2 <= len(before) < 8, (tmp_path / "search.log").read_text()
    assert open_run(STORAGE, "one").state == "interrupted"

    resumed = nids("resume", "one", *storage)
    assert "one (finished)" in resumed
    after = ended_trials()
    assert after.index.sort_values().tolist() == list(range(8))
    pd.testing.assert_frame_equal(after.loc[before.index], before, check_dtype=False)
    assert f"Report: {STORAGE}/one/report.html" in resumed
    assert (bucket / "runs/one/report.html").read_bytes().startswith(b"<!doctype html>")
    assert "one" in nids("runs", *storage)
    assert "8 complete" in nids("report", "one", *storage)
    # Optuna's own tools open the study from there, once it is fetched.
    assert (bucket / "runs/one/study.journal").stat().st_size

    nids("finalize", "one", *storage, "--seeds", "1")
    rows = datasets.load_training("nsl-kdd-sample", rows=200, seed=7).features
    rows.to_parquet(tmp_path / "traffic.parquet")
    scores = tmp_path / "scores.parquet"
    nids("score", f"{STORAGE}/one/bundle", str(tmp_path / "traffic.parquet"), "--out", str(scores))
    assert len(pd.read_parquet(scores)) == 200
    # Nothing but the objects that are meant to be there: no temporary names, no markers of folders.
    names = {path.name for path in (bucket / "runs/one").iterdir()}
    assert names == {
        *("attacks", "classes", "confusions", "curves", "trials", "final", "bundle"),
        *("manifest.json", "status.json", "report.html", "study.journal"),
    }


def test_a_bucket_that_is_not_there(bucket: Path) -> None:
    with pytest.raises(
        UserError, match=r"s3://none/runs: cannot be used as storage \(.*bucket.*Name another with --st"
    ):
        Folder.from_uri("s3://none/runs").write("a", b"1")


def test_wrong_credentials(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(UserError, match=r"s3://bucket/runs/one: cannot be used as storage \("):
        open_run(STORAGE, "one")
