"""The tuning of strong baselines on a run's folds, by the run's sampler and at no larger a budget than it had."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna
import pandas as pd
from optuna.trial import FrozenTrial, TrialState, create_trial

from nids.cluster.parallel import cluster_cpus, parallel_map
from nids.errors import UserError
from nids.evaluation.baseline_models import Baseline, fit
from nids.evaluation.tuned_models import FROM_EXTRA, TUNED_MODELS
from nids.metrics import formatting
from nids.metrics.formatting import counted
from nids.metrics.measures import described
from nids.progress import ProgressDisplay
from nids.results import write_table
from nids.results.run import TUNING
from nids.search.budget import SECONDS_AN_HOUR
from nids.search.sampler import sampler_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console

    from nids.config import Job, Search
    from nids.evaluation.tuned_models import TunedModel
    from nids.folds.fold import Fold, TrainingSet
    from nids.results import Run

_SECONDS = "seconds"


@dataclass(frozen=True)
class TuningBudget:
    """What the tuning of one model may take.

    Attributes:
        trials: Points that are tried, at most.
        hours: Hours of one CPU after which no further point is tried.
    """

    trials: int
    hours: float

    @classmethod
    def of(cls, run: Run, trials: int | None = None, hours: float | None = None) -> TuningBudget:
        """Return what the search of a run has taken, unless something else is asked for."""
        found = run.trials()
        spent = float(found["seconds"].sum()) * run.manifest.job.resources.cpus_per_trial / SECONDS_AN_HOUR
        return cls(trials or max(1, len(found)), hours or spent)


def tune(
    run: Run, job: Job, training_set: TrainingSet, folds: Sequence[Fold], budget: TuningBudget, console: Console
) -> list[Baseline]:
    """Return each tuned model at the best point that its tuning has found; a cluster must be connected.

    What optimizes is ``search.metric``, by its mean over the folds. Ended trials are kept in the run: if this is
    interrupted, it goes on from them.

    Raises:
        UserError: None of a model's trials has a finite value, or a task was lost.
    """
    models = {name: model.weighted_like(run.manifest.space) for name, model in TUNED_MODELS.items()}
    missing = [name for name, model in models.items() if not model.is_installed]
    if missing:
        console.print(f"Not installed, and left out: {', '.join(missing)}. They come with {FROM_EXTRA}")
    studies = {name: _study(run, model, job.search) for name, model in models.items() if model.is_installed}
    rows, found = (training_set, tuple(folds)), []
    for name, study in studies.items():
        _optimize(study, models[name], rows, job.search, budget, console, lambda: _write(run, studies))
        found.append(Baseline(name, resampled=False, hyperparameters=_best(study, name).params))
    return found


def _study(run: Run, model: TunedModel, search: Search) -> optuna.Study:
    """Return the study of a model, with the trials of an earlier tuning on the same folds that was interrupted."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # the progress display tells of each trial
    study = optuna.create_study(
        direction="minimize" if search.metric_direction == "min" else "maximize",
        sampler=sampler_of(search.model_copy(update={"objectives": []}), search.seed),
    )
    study.add_trials(_former_trials(run.tuning(), model))
    if not study.trials:
        study.enqueue_trial(dict(model.start))
    return study


def _former_trials(table: pd.DataFrame, model: TunedModel) -> Iterator[FrozenTrial]:
    for row in table[table["model"] == model.name].to_dict("records"):
        # A former version of the program may have had another space.
        if (point := model.point_in(row["hyperparameters"])) is not None:
            finite = math.isfinite(row["value"])
            yield create_trial(
                state=TrialState.COMPLETE if finite else TrialState.FAIL,
                value=row["value"] if finite else None,
                params=point,
                distributions=model.space,
                user_attrs={_SECONDS: row["seconds"]},
            )


def _optimize(
    study: optuna.Study,
    model: TunedModel,
    rows: tuple[TrainingSet, tuple[Fold, ...]],
    search: Search,
    budget: TuningBudget,
    console: Console,
    write: Callable[[], object],
) -> None:
    asked: list[optuna.Trial] = []

    def points() -> Iterator[tuple[Any, ...]]:
        while _may_go_on(study, budget):
            asked.append(study.ask(model.space))
            yield (Baseline(model.name, resampled=False, hyperparameters=asked[-1].params), *rows, search)

    def tell(number: int, result: tuple[float, float]) -> None:
        value, seconds = result
        trial = asked[number]
        trial.set_user_attr(_SECONDS, seconds)
        if math.isfinite(value):
            study.tell(trial, value)
        else:
            study.tell(trial, state=TrialState.FAIL)
        write()
        figure = f"{described(search.metric).label} {formatting.value(search.metric, value)}"
        display.print(f"{model.name}, trial {trial.number}, {seconds:.0f} s: {figure}")
        display.update(len(_ended(study)))

    with ProgressDisplay(console, budget.trials, f"trials of {model.name}", time_left=False) as display:
        display.update(len(_ended(study)))
        parallel_map(_fit_on_folds, points(), at_once=cluster_cpus(), on_result=tell)


def _may_go_on(study: optuna.Study, budget: TuningBudget) -> bool:
    ended = _ended(study)
    begun = len(ended) + len(study.get_trials(deepcopy=False, states=[TrialState.RUNNING]))
    spent = sum(trial.user_attrs[_SECONDS] for trial in ended)
    return begun < budget.trials and spent < budget.hours * SECONDS_AN_HOUR


def _fit_on_folds(
    baseline: Baseline, training_set: TrainingSet, folds: Sequence[Fold], search: Search
) -> Iterator[tuple[float, float]]:
    """Yield the mean over the folds of what is optimized, and the seconds that training took."""
    fitted = [fit(baseline, training_set, fold, search.seed) for fold in folds]
    value = float(np.mean([entry.figures[search.metric] for entry in fitted]))
    yield value, sum(entry.seconds for entry in fitted)


def _ended(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=[TrialState.COMPLETE, TrialState.FAIL])


def _best(study: optuna.Study, name: str) -> FrozenTrial:
    try:
        return study.best_trial
    except ValueError:
        raise UserError(
            f"{name}: none of its {counted(len(study.trials), 'trial')} has a value that is a finite number."
        ) from None


def _write(run: Run, studies: dict[str, optuna.Study]) -> None:
    rows = [
        {
            "model": name,
            "trial": number,
            "value": math.nan if trial.value is None else trial.value,
            "seconds": trial.user_attrs[_SECONDS],
            "hyperparameters": json.dumps(trial.params),
        }
        for name, study in studies.items()
        for number, trial in enumerate(_ended(study))
    ]
    folder, name = TUNING.rsplit("/", 1)
    write_table(run.folder.folder(folder), name, pd.DataFrame(rows))
