from __future__ import annotations

import io
import threading
import time
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from rich.console import Console

from nids.errors import LostRunError, UserError
from nids.results import SECONDS, Run, RunWriter
from nids.results.manifest import HeldOutAccess
from nids.results.ownership import Ownership, token_in
from nids.results.reopen import FOLDS
from nids.results.writer import record_test_access
from nids.search import driver, prepare
from nids.search.prepare import PreparedSearch
from nids.storage import Folder
from tests.manifests import CREATED, NO_TRIALS, OWNER, a_manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nids.config import Job
    from nids.datasets.traffic import Traffic


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def start(job: Job, traffic: Traffic, storage: str, name: str, console: Console) -> Run:
    return driver.run(prepare.prepare(job, traffic, storage, name, console.print), console)


@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("cluster")
def test_the_same_seed_gives_the_same_search(
    tmp_path: Path, traffic: Traffic, make_job: Callable[..., Job], console: Console
) -> None:
    """With one trial at a time: of several, the order in which they end is the machine's."""
    job = make_job(
        search={"trials": 2, "startup_trials": 1},
        scheduler={"kind": "none"},
        resources={"max_concurrent": 1},
    )
    one, two = (start(job, traffic, str(tmp_path), name, console) for name in ("one", "two"))
    times = ["started", "ended", *SECONDS]
    for table in ("trials", "classes", "confusions", "curves"):
        pd.testing.assert_frame_equal(*(run.table(table).drop(columns=times, errors="ignore") for run in (one, two)))  # type: ignore[arg-type]
    assert one.trials()["state"].tolist() == ["COMPLETE", "COMPLETE"]
    assert one.manifest.folds == two.manifest.folds
    console.file.seek(0)
    assert console.file.read().count("2 folds read from the cache") == 1


@pytest.mark.usefixtures("cluster")
def test_a_search_whose_run_is_taken_ends_and_writes_nothing_more(
    tmp_path: Path, traffic: Traffic, make_job: Callable[..., Job], console: Console
) -> None:
    folder = Folder.from_uri(str(tmp_path / "a-run"))
    left: dict[str, tuple[int, int]] = {}

    def take() -> None:
        ends = time.monotonic() + 300
        while not folder.exists("trials/part-00000.parquet") and time.monotonic() < ends:
            time.sleep(0.05)
        Ownership(folder)
        left.update(folder.versions())

    other = threading.Thread(target=take, daemon=True)
    other.start()
    job = make_job(model={"name": "mlp"}, search={"trials": 50}, hyperparameters={"layers": 1, "units": 8})
    with pytest.raises(LostRunError, match="another process goes on with this run"):
        start(job, traffic, str(tmp_path), "a-run", console)
    other.join()
    assert folder.versions() == left
    assert Run(folder).status.state == "running"


def test_run_keeps_a_held_out_access_of_the_time_that_a_probe_takes(
    tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder.from_uri(str(tmp_path / "a-run"))
    manifest = a_manifest()
    RunWriter(folder, manifest).write_status("interrupted", NO_TRIALS, OWNER)
    access = HeldOutAccess(time=CREATED, purpose="finalize trial 0", files=("KDDTest+",))

    def probe(job: Job, *_: object) -> Job:
        record_test_access(folder, access)
        return job

    monkeypatch.setattr("nids.cluster.gpu_probe.with_share", probe)
    monkeypatch.setattr(driver, "node_pools", lambda resources: [])
    monkeypatch.setattr("nids.cluster.object_store.SharedFolds.put", lambda training_set, folds: None)
    monkeypatch.setattr(driver, "resumed_study", lambda *_: (None, []))
    monkeypatch.setattr(driver, "_run", lambda search, console: None)
    nothing: Any = None
    prepared = PreparedSearch(manifest.job, {}, folder, manifest, nothing, [], Run(folder), token_in(folder))
    assert driver.run(prepared, console).manifest.test_set_accesses == (access,)


@pytest.mark.usefixtures("cluster")
def test_a_trial_that_fits_nowhere_is_refused_before_a_run_is_written(
    tmp_path: Path, traffic: Traffic, make_job: Callable[..., Job], console: Console
) -> None:
    job = make_job(resources={"cpus_per_trial": 4096})
    with pytest.raises(UserError, match="a trial asks for 4096 CPUs and 0 GPUs"):
        start(job, traffic, str(tmp_path), "a-run", console)
    assert [path.name for path in tmp_path.iterdir()] == [FOLDS]
