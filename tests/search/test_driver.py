from __future__ import annotations

import io
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna
import pandas as pd
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from rich.console import Console

from nids import job_file
from nids.bench.many_trials import EPOCHS, Stub
from nids.errors import LostRunError, UserError
from nids.results import SECONDS, Run, RunWriter
from nids.results.gaps import gaps_at_rest
from nids.results.manifest import HeldOutAccess
from nids.results.ownership import Ownership, token_in
from nids.results.reopen import FOLDS
from nids.results.writer import JOURNAL, record_test_access
from nids.search import driver, prepare, repair, session
from nids.search.known_points import DUPLICATE_OF
from nids.search.prepare import PreparedSearch
from nids.storage import Folder
from tests.manifests import CREATED, NO_TRIALS, OWNER, a_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

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

    monkeypatch.setattr("nids.cluster.probes.with_needs", probe)
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


class Quick(Stub):
    """Trials of the multi-layer perceptron that compute nothing."""

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        searched = new_config["hyperparameters"]
        return super().reset_config(
            {"hyperparameters": {"gru_dropout": searched["dropout"], "conv_dropout": searched["learning_rate"]}}
        )


class Unhurried(Quick):
    """The same, each of which takes half a second."""

    def step(self) -> dict[str, Any]:
        time.sleep(0.5 / EPOCHS)
        return super().step()


@pytest.fixture
def twelve_points(make_job: Callable[..., Job]) -> Callable[..., Job]:
    """Return a maker of jobs whose space has twelve points."""

    def make(**search: Any) -> Job:
        return make_job(
            training={"epochs": EPOCHS},
            search={"startup_trials": 4, **search},
            scheduler={"kind": "none", "grace_period": 2},
            space={
                "dropout": {"choices": [0.0, 0.125, 0.25, 0.5]},
                "learning_rate": {"choices": [0.001, 0.002, 0.004]},
            },
        )

    return make


def go_on(run: Run, job: Job, console: Console, trainable: type[Stub]) -> Run:
    storage = str(Path(run.uri).parent)
    return driver.run(prepare.prepare_again(run, storage, None, console.print, job=job), console, trainable)


def points_of(run: Run) -> pd.DataFrame:
    trials = run.trials().sort_values("trial").set_index("trial")
    return trials.assign(point=trials["params_dropout"].astype(str) + trials["params_learning_rate"].astype(str))


@pytest.mark.usefixtures("cluster")
def test_no_point_is_trained_twice_and_a_finished_search_can_be_extended(
    tmp_path: Path, traffic: Traffic, twelve_points: Callable[..., Job], console: Console
) -> None:
    job = twelve_points(trials=15)
    run = driver.run(prepare.prepare(job, traffic, str(tmp_path), "a-run", console.print), console, Quick)
    first = points_of(run)
    run = go_on(run, job_file.extended(job, 30, None), console, Quick)
    trials = points_of(run)
    assert trials.index.tolist() == [*range(30)]
    assert set(trials["state"]) == {"COMPLETE"}
    pd.testing.assert_frame_equal(trials[:15], first)  # what was there is not run again
    trained = trials[trials["duplicate_of"].isna()]
    assert trained["point"].is_unique
    repeated = trials[trials["duplicate_of"].notna()]
    originals = trained.loc[repeated["duplicate_of"].astype(int)]
    assert repeated["point"].tolist() == originals["point"].tolist()
    assert repeated["value"].tolist() == originals["value"].tolist()
    assert len(repeated) >= 18
    counts = run.status.trials
    assert (run.state, counts.total, counts.complete, counts.duplicates) == ("finished", 30, 30, len(repeated))
    assert run.manifest.job.search.trials == 30
    assert not gaps_at_rest(run)
    study = optuna.load_study(study_name=None, storage=JournalStorage(JournalFileBackend(f"{run.uri}/{JOURNAL}")))
    assert [trial.value for trial in study.trials] == trials["value"].tolist()
    assert [trial.user_attrs.get(DUPLICATE_OF) for trial in study.trials] == [
        None if pd.isna(number) else number for number in trials["duplicate_of"]
    ]


@pytest.mark.usefixtures("cluster")
def test_hours_end_a_search_and_more_of_them_go_on_with_it(
    tmp_path: Path, traffic: Traffic, twelve_points: Callable[..., Job], console: Console
) -> None:
    job = twelve_points(trials=40, hours=1.2 / 3600)
    run = driver.run(prepare.prepare(job, traffic, str(tmp_path), "a-run", console.print), console, Unhurried)
    ended, counts = len(run.trials()), run.status.trials
    assert (run.state, run.status.message) == (
        "finished",
        "the hours of the search are over (search.hours = 0.000333333)",
    )
    assert 2 <= ended == counts.complete < 12
    assert counts.seconds > 1.2
    assert not gaps_at_rest(run)
    again = go_on(run, job, console, Unhurried)
    assert (again.state, len(again.trials())) == ("finished", ended)
    run = go_on(run, job_file.extended(job, None, hours=(counts.seconds + 2.5) / 3600), console, Unhurried)
    assert run.state == "finished"
    assert len(run.trials()) > ended


@pytest.mark.usefixtures("cluster")
def test_patience_ends_a_search(
    tmp_path: Path, traffic: Traffic, twelve_points: Callable[..., Job], console: Console
) -> None:
    job = twelve_points(trials=40, patience=5)
    run = driver.run(prepare.prepare(job, traffic, str(tmp_path), "a-run", console.print), console, Quick)
    assert run.state == "finished"
    assert run.status.message.endswith(" trials in a row were no better (search.patience = 5)")
    assert len(run.trials()) < 40
    assert not gaps_at_rest(run)
    ended = len(run.trials())
    reason = r"a-run would have nothing to run: \d+ trials in a row .* = 5\)\. Ask for more with --patience"
    with pytest.raises(UserError, match=reason):
        session.resume(run, storage=str(tmp_path), hours=1.0, console=console)
    run = go_on(run, job_file.extended(job, trials=ended + 3, patience=40), console, Quick)
    assert (run.state, len(run.trials())) == ("finished", ended + 3)
    with pytest.raises(
        UserError, match=f"nothing to run: all of its {ended + 3} trials have ended. Ask for more with --trials"
    ):
        session.resume(run, storage=str(tmp_path), hours=1.0, console=console)


def float_space(make_job: Callable[..., Job], **search: Any) -> Job:
    return make_job(
        training={"epochs": EPOCHS},
        search={"trials": 6, "startup_trials": 3, "start_from_paper": False, **search},
        scheduler={"kind": "none"},
        space={"dropout": {"low": 0.0, "high": 0.5}, "learning_rate": {"low": 0.001, "high": 0.01, "log": True}},
    )


@pytest.mark.usefixtures("cluster")
def test_a_search_learns_from_others_and_goes_on_with_what_it_has_learned(
    tmp_path: Path, traffic: Traffic, make_job: Callable[..., Job], console: Console
) -> None:
    def search(name: str, **keys: Any) -> Run:
        prepared = prepare.prepare(float_space(make_job, **keys), traffic, str(tmp_path), name, console.print)
        return driver.run(prepared, console, Quick)

    first = search("first")
    second = search("second", trials=2, learn_from=["first"])
    second = go_on(second, job_file.extended(second.manifest.job, 4, None), console, Quick)
    trials = points_of(second)
    assert trials.index.tolist() == [0, 1, 2, 3]
    assert set(trials["point"]).isdisjoint(points_of(first)["point"])
    study = optuna.load_study(study_name=None, storage=JournalStorage(JournalFileBackend(f"{second.uri}/{JOURNAL}")))
    values = {f"first:{number}": value for number, value in points_of(first)["value"].items()}
    assert {trial.user_attrs.get("learned_from"): trial.value for trial in study.trials[:6]} == values
    assert [trial.value for trial in study.trials[6:]] == trials["value"].tolist()
    assert not repair.repair(second, console.print)
    console.file.seek(0)
    assert "6 trials of first count as this search's own\n" in console.file.read()


@pytest.mark.usefixtures("cluster")
def test_of_a_search_of_other_folds_the_best_points_come_first(
    tmp_path: Path, traffic: Traffic, make_job: Callable[..., Job], console: Console
) -> None:
    def search(name: str, **keys: Any) -> Run:
        prepared = prepare.prepare(float_space(make_job, **keys), traffic, str(tmp_path), name, console.print)
        return driver.run(prepared, console, Quick)

    best = points_of(search("first", trials=8)).sort_values("value")["point"][:5].tolist()
    assert points_of(search("second", seed=1, learn_from=["first"]))["point"][:5].tolist() == best
    of_chance = search("third", sampler="random", learn_from=["first"])
    assert points_of(of_chance)["point"][:5].tolist() == best
    console.file.seek(0)
    said = console.file.read()
    assert "random learns from no other's results: the best 5 points of first come first here\n" in said
    console.file.seek(0)
    assert "first has other rows or folds: the best 5 points of first come first here\n" in console.file.read()
