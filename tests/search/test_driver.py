from __future__ import annotations

import io
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from optuna.trial import TrialState
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from rich.console import Console

from nids.errors import UserError
from nids.results import SECONDS
from nids.search import driver, preparation
from nids.space import PAPER, space_of
from nids.study import JOURNAL, new_study

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nids.config import Job
    from nids.datasets.schema import Traffic
    from nids.results import Run


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def start(job: Job, traffic: Traffic, storage: str, name: str, console: Console) -> Run:
    return driver.run(preparation.prepare(job, traffic, storage, name, console.print), console)


@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("cluster")
def test_the_same_seed_gives_the_same_search(
    tmp_path: Path, traffic: Traffic, make_job: Callable[..., Job], console: Console
) -> None:
    """With one trial at a time: of several, the order in which they end is the machine's."""
    job = make_job(search={"trials": 2, "startup_trials": 1}, resources={"max_concurrent": 1})
    one, two = (start(job, traffic, str(tmp_path), name, console) for name in ("one", "two"))
    times = ["started", "ended", *SECONDS]
    for table in ("trials", "classes", "confusions", "curves"):
        pd.testing.assert_frame_equal(*(run.table(table).drop(columns=times, errors="ignore") for run in (one, two)))
    assert one.trials()["state"].tolist() == ["COMPLETE", "COMPLETE"]
    assert one.manifest["folds"] == two.manifest["folds"]
    console.file.seek(0)
    assert console.file.read().count("2 folds read from the cache") == 1


@pytest.mark.usefixtures("cluster")
def test_a_trial_that_fits_nowhere_is_refused_before_a_run_is_written(
    tmp_path: Path, traffic: Traffic, make_job: Callable[..., Job], console: Console
) -> None:
    job = make_job(resources={"cpus_per_trial": 4096})
    with pytest.raises(UserError, match="a trial asks for 4096 CPUs and 0 GPUs"):
        start(job, traffic, str(tmp_path), "a-run", console)
    assert [path.name for path in tmp_path.iterdir()] == [preparation.FOLDS]


class TestScheduler:
    """What a scheduler made for a resumed search does with a new trial."""

    @staticmethod
    def scheduler(job: Job, path: Path, values: list[float]) -> TrialScheduler:
        """Return the scheduler for a study with ended trials that had these values in their first epoch."""
        study = new_study("a-run", job.search, space_of(job), path / JOURNAL)
        for value in values:
            trial = study.ask(PAPER)
            trial.report(value, 1)
            study.tell(trial, state=TrialState.PRUNED)
        return driver._scheduler(job, study)

    @staticmethod
    def decision(scheduler: TrialScheduler, value: float) -> str:
        trial = SimpleNamespace(trial_id="new")
        scheduler.on_trial_add(None, trial)
        return scheduler.on_trial_result(None, trial, {"epoch": 1, "value": value})

    @pytest.mark.parametrize(
        ("earlier", "value", "decision"),
        [
            pytest.param([], 0.9, "CONTINUE", id="nothing known"),
            pytest.param([0.1, 0.2, 0.3, 0.4, 0.5], 0.9, "STOP", id="worse than the best third"),
            pytest.param([0.1, 0.2, 0.3, 0.4, 0.5], 0.15, "CONTINUE", id="among the best third"),
        ],
    )
    def test_it_knows_the_rungs_of_earlier_trials(
        self, tmp_path: Path, make_job: Callable[..., Job], earlier: list[float], value: float, decision: str
    ) -> None:
        assert self.decision(self.scheduler(make_job(), tmp_path, earlier), value) == decision

    def test_more_may_be_better(self, tmp_path: Path, make_job: Callable[..., Job]) -> None:
        job = make_job(search={"metric": "macro_f1"})
        assert self.decision(self.scheduler(job, tmp_path, [0.1, 0.2, 0.3, 0.4, 0.5]), 0.9) == "CONTINUE"

    def test_it_can_be_left_out(self, tmp_path: Path, make_job: Callable[..., Job]) -> None:
        job = make_job(scheduler={"kind": "none"})
        scheduler = self.scheduler(job, tmp_path, [0.1] * 5)
        assert isinstance(scheduler, FIFOScheduler)
        assert self.decision(scheduler, 0.9) == "CONTINUE"
