from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from rich.console import Console

from nids.errors import UserError
from nids.results import SECONDS
from nids.results.reopen import FOLDS
from nids.search import driver, prepare

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nids.config import Job
    from nids.datasets.traffic import Traffic
    from nids.results import Run


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
        resources={"max_concurrent": 1},
        hyperparameters={"conv_kernel_size": 8},
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
def test_a_trial_that_fits_nowhere_is_refused_before_a_run_is_written(
    tmp_path: Path, traffic: Traffic, make_job: Callable[..., Job], console: Console
) -> None:
    job = make_job(resources={"cpus_per_trial": 4096})
    with pytest.raises(UserError, match="a trial asks for 4096 CPUs and 0 GPUs"):
        start(job, traffic, str(tmp_path), "a-run", console)
    assert [path.name for path in tmp_path.iterdir()] == [FOLDS]
