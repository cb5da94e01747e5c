from __future__ import annotations

from typing import TYPE_CHECKING, Any

import optuna
import pandas as pd
import psutil
import pytest
import ray
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from rich.console import Console

from nids.errors import UserError
from nids.results import open_run
from nids.search import driver, recorder
from nids.study import JOURNAL

if TYPE_CHECKING:
    from pathlib import Path

    from nids.datasets.schema import Traffic
    from nids.results import Run

pytestmark = pytest.mark.usefixtures("cluster")


def states_in_study(run: Run) -> list[tuple[int, str]]:
    storage = JournalStorage(JournalFileBackend(f"{run.path}/{JOURNAL}"))
    return [(t.number, t.state.name) for t in optuna.load_study(study_name=run.name, storage=storage).trials]


def states_in_store(run: Run) -> list[tuple[int, str]]:
    trials = run.trials()
    return list(zip(trials["trial"].tolist(), trials["state"].tolist(), strict=True))


def test_forty_trials(tmp_path: Path, traffic: Traffic, make_job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    memory: list[int] = []
    stored: list[float] = []
    held = ray.cluster_resources()["object_store_memory"]
    end = recorder.Recorder.on_trial_complete

    def measure(self: Any, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        memory.append(psutil.Process(trial.last_result["pid"]).memory_info().rss)
        stored.append(held - ray.available_resources().get("object_store_memory", held))
        end(self, iteration, trials, trial, **info)

    monkeypatch.setattr(recorder.Recorder, "on_trial_complete", measure)
    job = make_job(search={"trials": 40}, training={"epochs": 2}, folds={"count": 2})
    run = driver.start(job, traffic, str(tmp_path), "forty", Console())

    assert run.status["trials"] == {**run.status["trials"], "total": 40, "failed": 0, "running": 0}
    assert run.state == "finished"
    trials = run.trials()
    assert trials["trial"].tolist() == list(range(40))
    stopped = trials["epochs"] < 2
    assert trials.loc[stopped, "state"].eq("PRUNED").all()
    assert trials.loc[~stopped, "state"].eq("COMPLETE").all()
    assert 0 < stopped.sum() < 40
    assert states_in_study(run) == states_in_store(run)
    # Each process ran one trial, so the last ones are no larger than the first: a model kept from each of the trials
    # before would be 20 MB a trial.
    early, late = pd.Series(memory[:10]).median(), pd.Series(memory[-10:]).median()
    assert abs(late - early) < 60e6
    # The folds of 600 rows are small: what the store holds does not grow with the trials that read them.
    assert max(stored[-5:]) <= max(stored[:5]) + 1e6


def test_the_same_seed_gives_the_same_search(tmp_path: Path, traffic: Traffic, make_job: Any) -> None:
    job = make_job(search={"trials": 3, "startup_trials": 1}, training={"epochs": 1}, resources={"max_concurrent": 1})
    runs = [driver.start(job, traffic, str(tmp_path), name, Console()) for name in ("one", "two")]
    times = ["started", "ended", "seconds"]
    pd.testing.assert_frame_equal(*(run.trials().drop(columns=times) for run in runs))
    pd.testing.assert_frame_equal(*(run.confusions() for run in runs))
    with pytest.raises(UserError, match=r"already holds a run\. Go on with it by `nids resume one`"):
        driver.start(job, traffic, str(tmp_path), "one", Console())


def test_a_trial_that_diverges_fails_alone(tmp_path: Path, traffic: Traffic, make_job: Any) -> None:
    traffic.features.loc[:, "src_bytes"] = traffic.features["src_bytes"]
    job = make_job(
        search={"trials": 2, "start_from_paper": False},
        training={"epochs": 2, "learning_rate_schedule": "constant"},
        scheduler={"kind": "none"},
        hyperparameters={"optimizer": "rmsprop", "batch_norm_momentum": 0.0},
    )
    real = driver.train

    def poisoned(config: dict[str, Any], shared: Any, job: Any) -> None:
        from nids import learner

        fresh = learner.Learner.fresh
        if config["number"] == 0:
            learner.Learner.fresh = lambda self, seed: [
                value * float("nan") if value.dtype.kind == "f" else value for value in fresh(self, seed)
            ]
        real(config, shared, job)

    driver.train, keep = poisoned, driver.train
    try:
        run = driver.start(job, traffic, str(tmp_path), "poisoned", Console())
    finally:
        driver.train = keep
    trials = run.trials().set_index("trial")
    assert trials["state"].to_dict() == {0: "FAIL", 1: "COMPLETE"}
    assert trials.loc[0, "error"] == "the training loss became nan in epoch 1 of fold 0"
    assert states_in_study(run) == [(0, "FAIL"), (1, "COMPLETE")]


def test_a_resumed_scheduler_knows_the_earlier_rungs(tmp_path: Path, make_job: Any) -> None:
    from nids.space import PAPER
    from nids.study import new_study

    job = make_job()
    study = new_study("a", job.search, PAPER, tmp_path / JOURNAL)
    for value in (0.1, 0.2, 0.3):
        trial = study.ask(PAPER)
        trial.report(value, 1)
        study.tell(trial, value)
    scheduler = driver._scheduler(job, study)
    rung = dict(scheduler._brackets[0]._rungs)[1]
    assert sorted(rung.values()) == [-0.3, -0.2, -0.1]


def test_a_run_whose_driver_lives_is_not_resumed(tmp_path: Path, traffic: Traffic, make_job: Any) -> None:
    job = make_job(search={"trials": 1}, training={"epochs": 1})
    run = driver.start(job, traffic, str(tmp_path), "a", Console())
    writer = driver.RunWriter(run.folder, run.manifest)
    writer.write_status("running", {}, {"host": "elsewhere", "pid": 1})
    with pytest.raises(UserError, match=r"a is being run by process 1 on elsewhere"):
        driver.resume(open_run(str(tmp_path), "a"), lambda _: traffic, str(tmp_path), Console())
