"""What a search decides, interrupted after numbers of trials that chance draws and resumed each time."""

from __future__ import annotations

import io
import random
import signal
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from rich.console import Console

from nids import job_file
from nids.bench.many_trials import EPOCHS, Stub
from nids.config import SAMPLERS
from nids.results import Run, ranking
from nids.results.gaps import gaps_at_rest
from nids.results.writer import JOURNAL
from nids.search import driver, prepare
from nids.search.callback import RunStoreCallback
from nids.search.interruption import ending_gracefully
from nids.search.known_points import DUPLICATE_OF

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from nids.config import Job
    from nids.datasets.traffic import Traffic

MOST_DRIVERS = 30
OPTIONS: dict[str, dict[str, Any]] = {"nsga2": {"population_size": 4}, "nsga3": {"population_size": 4}}
TWELVE = {
    "dropout": {"choices": [0.0, 0.125, 0.25, 0.5]},
    "learning_rate": {"choices": [0.001, 0.002, 0.004]},
}
POINTS = [{"dropout": 0.5, "learning_rate": 0.01}, {"dropout": 0.25, "learning_rate": 0.001}]


class Quick(Stub):
    """Trials of the multi-layer perceptron that compute nothing; all of their measures have one value."""

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        searched = new_config["hyperparameters"]
        return super().reset_config(
            {"hyperparameters": {"gru_dropout": searched["dropout"], "conv_dropout": searched["learning_rate"]}}
        )


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> list[int]:
    """Interrupt each driver, as Ctrl-C does, after so many trials as chance draws; the list has these numbers."""
    chance = random.Random(request.node.name)
    numbers: list[int] = []

    class Interrupted(RunStoreCallback):
        def _end(self, record: Any, state: str) -> None:
            super()._end(record, state)
            numbers[-1] -= 1
            if numbers[-1] == 0:
                signal.raise_signal(signal.SIGINT)

    def run(*arguments: Any) -> Run:
        numbers.append(chance.randint(1, 6))
        with ending_gracefully(Console(file=io.StringIO())):
            return whole(*arguments)

    whole = driver.run
    monkeypatch.setattr(driver, "RunStoreCallback", Interrupted)
    monkeypatch.setattr(driver, "run", run)
    return numbers


@pytest.fixture
def searched(
    tmp_path: Path, traffic: Traffic, make_job: Callable[..., Job], drawn: list[int]
) -> Callable[..., tuple[Run, pd.DataFrame]]:
    """Return a function that brings a search to its end, with as many drivers as that takes.

    It takes what to ask for after each end, and the keys of ``search``; it returns the run and its trials.
    """
    console = Console(file=io.StringIO(), width=200)

    def search(
        name: str = "a-run", space: Any = None, more: tuple[int, ...] = (), scheduler: str = "none", **keys: Any
    ) -> Any:
        continuous = {"dropout": {"low": 0.0, "high": 0.5}, "learning_rate": {"low": 0.001, "high": 0.01, "log": True}}
        job = make_job(
            training={"epochs": EPOCHS},
            search={"startup_trials": 4, "start_from_paper": False, **keys},
            scheduler={"kind": scheduler},
            space=space or continuous,
        )
        run = driver.run(prepare.prepare(job, traffic, str(tmp_path), name, console.print), console, Quick)
        for trials in (None, *more):
            if trials is not None:
                job = job_file.extended(run.manifest.job, trials, None)
                run = driver.run(
                    prepare.prepare_again(run, str(tmp_path), None, console.print, job=job), console, Quick
                )
            while run.state != "finished":
                assert len(drawn) < MOST_DRIVERS
                run = driver.run(prepare.prepare_again(run, str(tmp_path), None, console.print), console, Quick)
        assert len(drawn) > 1
        return run, whole_tables(run)

    return search


def whole_tables(run: Run) -> pd.DataFrame:
    """Return the trials of a run that has ended, whose status, tables and study say the same of them."""
    trials = run.trials().sort_values("trial").set_index("trial")
    assert trials.index.tolist() == [*range(len(trials))]
    assert {*trials["state"]} <= {"COMPLETE", "PRUNED"}
    counts = run.status.trials
    assert (counts.complete + counts.pruned, counts.running) == (len(trials), 0)
    assert counts.duplicates == trials["duplicate_of"].notna().sum()
    assert not gaps_at_rest(run)
    study = optuna.load_study(study_name=None, storage=JournalStorage(JournalFileBackend(f"{run.uri}/{JOURNAL}")))
    own = [trial for trial in study.trials if "learned_from" not in trial.user_attrs]
    assert [trial.state.name for trial in own] == trials["state"].tolist()
    is_complete = trials["state"] == "COMPLETE"
    assert [trial.values[0] for trial in own if trial.state.name == "COMPLETE"] == trials["value"][is_complete].tolist()
    for name in ("dropout", "learning_rate"):
        assert [trial.params[name] for trial in own] == trials[f"params_{name}"].tolist()
    return trials


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize(
    ("keys", "ends"),
    [
        pytest.param({"trials": 10, "more": (13, 21)}, 21, id="extended twice"),
        pytest.param({"trials": 60, "patience": 8}, None, id="patience", marks=pytest.mark.long),
        *(
            pytest.param(
                {"trials": 14, "sampler": name, "sampler_options": OPTIONS.get(name, {})},
                14,
                id=name,
                marks=pytest.mark.long,
            )
            for name in SAMPLERS
        ),
    ],
)
def test_a_search_ends_when_it_is_to(searched: Callable[..., Any], keys: dict[str, Any], ends: int | None) -> None:
    run, trials = searched(**keys)
    if ends is not None:
        assert len(trials) == run.status.trials.total == ends
    else:
        best = trials["value"].cummin()
        assert run.status.message.endswith(" trials in a row were no better (search.patience = 8)")
        # As many trials as run at once can end after it.
        assert best.iloc[-9] == best.iloc[-1]
        assert len(trials) < 60


@pytest.mark.usefixtures("cluster")
def test_no_point_is_trained_twice(searched: Callable[..., Any]) -> None:
    _, trials = searched(trials=24, space=TWELVE)
    points = list(zip(trials["params_dropout"], trials["params_learning_rate"], strict=True))
    trained = trials["duplicate_of"].isna().to_numpy()
    assert len({point for point, own in zip(points, trained, strict=True) if own}) == trained.sum() <= 12
    for number, original in trials["duplicate_of"].dropna().items():
        assert points[int(number)] == points[int(original)]
        assert trials["value"][number] == trials["value"][original]


@pytest.mark.long
@pytest.mark.usefixtures("cluster")
def test_starting_points_come_first_and_once(searched: Callable[..., Any]) -> None:
    _, trials = searched(trials=12, starting_points=POINTS)
    points = list(zip(trials["params_dropout"], trials["params_learning_rate"], strict=True))
    assert points[:2] == [tuple(point.values()) for point in POINTS]
    assert len(set(points)) == 12


@pytest.mark.usefixtures("cluster")
def test_objectives_and_constraints_of_which_some_trials_are_stopped(searched: Callable[..., Any]) -> None:
    objectives = ["macro_f1:max", "log_loss:min"]
    _, trials = searched(trials=24, scheduler="median", objectives=objectives, constraints=["accuracy <= 0.35"])
    assert {*trials["state"]} == {"COMPLETE", "PRUNED"}
    np.testing.assert_array_equal(trials["feasible"], trials["accuracy"] <= 0.35)
    # All measures of these trials have one value, so that none of them is better than another in both.
    front = ranking.front(trials, ["macro_f1", "log_loss"])
    np.testing.assert_array_equal(front, trials["feasible"] & (trials["state"] == "COMPLETE"))
    assert front.any()
    picked = ranking.pick(trials.reset_index(), ranking.Rule.from_text("log_loss <= 0.34, then max macro_f1"))
    assert picked["log_loss"] == trials["log_loss"][front & (trials["log_loss"] <= 0.34)].max()


@pytest.mark.long
@pytest.mark.usefixtures("cluster")
def test_what_was_learned(searched: Callable[..., Any]) -> None:
    _, earlier = searched("earlier", trials=8)
    run, trials = searched("later", trials=8, learn_from=["earlier"])
    assert not set(earlier["params_dropout"]) & set(trials["params_dropout"])
    study = optuna.load_study(study_name=None, storage=JournalStorage(JournalFileBackend(f"{run.uri}/{JOURNAL}")))
    assert {trial.value for trial in study.trials[:8]} == {*earlier["value"]}
    assert not any(DUPLICATE_OF in trial.user_attrs for trial in study.trials)
