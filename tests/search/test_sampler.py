from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState

from nids.config import SAMPLERS, Search
from nids.errors import UserError
from nids.results import Run, RunWriter
from nids.results.writer import JOURNAL
from nids.search.sampler import sampler_of
from nids.search.study import new_study, resumed_study
from nids.search_space import describe
from nids.storage import Folder
from tests.manifests import a_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from optuna.trial import FrozenTrial

NAMES = get_args(Search.model_fields["sampler"].annotation)
OPTIONS: dict[str, dict[str, Any]] = {"nsga2": {"population_size": 4}, "nsga3": {"population_size": 4}}
SPACE = {
    "learning_rate": FloatDistribution(1e-4, 1e-2, log=True),
    "attention": CategoricalDistribution(["dot", "additive"]),
}
NOW = datetime(2024, 5, 6, tzinfo=UTC)


def value(params: dict[str, Any]) -> float:
    return float(abs(params["learning_rate"] - 0.003))


def go_on(study: optuna.Study, trials: int) -> list[FrozenTrial]:
    """Ask a study for some trials and tell it their values; one in four is pruned."""
    told = []
    for _ in range(trials):
        trial = study.ask(SPACE)
        trial.report(value(trial.params), 1)
        if trial.number % 4 == 3:
            told.append(study.tell(trial, state=TrialState.PRUNED))
        else:
            told.append(study.tell(trial, value(trial.params)))
    return told


def record(writer: RunWriter, trials: list[FrozenTrial]) -> None:
    for trial in trials:
        row = {
            "trial": trial.number,
            "state": trial.state.name,
            "value": value(trial.params),
            "started": NOW,
            "ended": NOW,
            "system_attrs": json.dumps(dict(trial.system_attrs)),
            **{f"params_{name}": chosen for name, chosen in trial.params.items()},
        }
        curve = {"trial": trial.number, "fold": 0, "epoch": 1, "log_loss": value(trial.params)}
        writer.put(trial.number, {"trials": [row], "classes": [], "confusions": [], "attacks": [], "curves": [curve]})
        writer.flush(trial.number)


@pytest.mark.parametrize("name", NAMES)
def test_sampler_of_suggests_and_goes_on_after_a_resume(name: str, tmp_path: Path) -> None:
    search = Search(sampler=name, sampler_options=OPTIONS.get(name, {}), trials=20, startup_trials=4)  # type: ignore[arg-type]
    writer = RunWriter(Folder.from_uri(str(tmp_path / "a-run")), a_manifest(space=describe(SPACE)))
    before = go_on(new_study("a-run", search, tmp_path / JOURNAL), 10)
    record(writer, before)

    study, _ = resumed_study(Run(writer.folder), search, tmp_path / "again.journal")
    assert [(t.number, t.state, t.params, t.system_attrs) for t in study.trials] == [
        (t.number, t.state, t.params, t.system_attrs) for t in before
    ]
    after = go_on(study, 10)
    assert [trial.number for trial in study.trials] == list(range(20))
    points = [tuple(trial.params.values()) for trial in [*before, *after]]
    # Genetic algorithms pass points on as they are, now and then.
    assert len(set(points)) == 20 if name not in OPTIONS else len(set(points)) > 10
    assert all(SPACE["learning_rate"]._contains(rate) for rate, _ in points)


def test_sampler_of_every_name_that_is_known() -> None:
    assert set(NAMES) == SAMPLERS.keys()


def test_sampler_of_takes_the_options_of_optuna() -> None:
    search = Search(sampler="tpe", sampler_options={"multivariate": True, "n_ei_candidates": 7})
    assert vars(sampler_of(search, 1))["_n_ei_candidates"] == 7
    with pytest.raises(UserError, match="sampler_options: nsga2 refuses them: `population_size` must be greater"):
        sampler_of(Search(sampler="nsga2", sampler_options={"population_size": 1}), 1)


@pytest.mark.slow
def test_sampler_of_a_model_learns_from_the_trials_before_a_resume(tmp_path: Path) -> None:
    search = Search(sampler="tpe", trials=60, startup_trials=10)
    writer = RunWriter(Folder.from_uri(str(tmp_path / "a-run")), a_manifest(space=describe(SPACE)))
    before = go_on(new_study("a-run", search, tmp_path / JOURNAL), 40)
    assert any("tpe:relative_params:0" in trial.system_attrs for trial in before)
    record(writer, before)
    study, _ = resumed_study(Run(writer.folder), search, tmp_path / "again.journal")
    assert sorted(value(trial.params) for trial in go_on(study, 20))[10] < 0.001


def test_sampler_of_tpe_suggests_what_optuna_does(tmp_path: Path) -> None:
    search = Search(sampler="tpe", seed=3, startup_trials=5)
    plain = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=3, n_startup_trials=5))
    study = new_study("a-run", search, tmp_path / JOURNAL)
    assert [t.params for t in go_on(study, 60)] == [t.params for t in go_on(plain, 60)]


def test_sampler_of_random_learns_nothing() -> None:
    studies = [optuna.create_study(sampler=sampler_of(Search(sampler="random"), seed=7)) for _ in range(2)]
    points = []
    for sign, study in zip((1, -1), studies, strict=True):
        for _ in range(15):
            trial = study.ask(SPACE)
            study.tell(trial, sign * value(trial.params))
        points.append([trial.params for trial in study.trials])
    assert points[0] == points[1]
