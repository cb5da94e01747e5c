"""The Optuna study of a run: made for a new search, or made again from what the run store holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from nids.models.hyperparameters import Hyperparameters
from nids.search.space import Space, first_point, space_from
from nids.search.study_storage import StudyJournal
from nids.seeding import derived_seed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from nids.config import Search
    from nids.results import Run

JOURNAL = "study.journal"


def new_study(name: str, search: Search, space: Space, journal: Path) -> optuna.Study:
    """Return an empty study that keeps itself in the file ``journal``, with the paper's point first if asked for."""
    study = _create(name, search, journal)
    if search.start_from_paper:
        study.enqueue_trial(first_point(space))
    return study


def resumed_study(run: Run, search: Search, journal: Path) -> tuple[optuna.Study, list[FrozenTrial]]:
    """Return the study of an interrupted run, and its ended trials.

    Both are made again from the run store, which alone says what has happened.

    Trials keep their numbers. One that had not ended waits to be asked for again, with the same hyperparameters. A
    journal left by the former driver is replaced: it may know of results that the store never received.
    """
    for leftover in journal.parent.glob(f"{journal.name}*"):
        leftover.unlink()
    space = space_from(run.manifest["space"])
    values = running_values(run.curves(), search)
    rows = {row["trial"]: row for row in run.arrow("trials").to_pylist()}
    study = _create(run.name, search, journal, drawn=len(rows))
    ended = []
    for number in range(max(rows, default=-1) + 1):
        row = rows.get(number)
        if row is None:
            study.enqueue_trial({})  # never heard of: any point will do, but its number must not be another's
        elif row["state"] == "RUNNING":
            study.enqueue_trial(params_of(row, space))
        else:
            ended.append(_frozen(row, space, values.get(number, {})))
            study.add_trial(ended[-1])
    return study, ended


def best_row(trials: pd.DataFrame, mode: str) -> pd.Series | None:
    """Return the row of the best complete trial, the first of equal ones, or None if no trial is complete.

    Args:
        trials: The run store's trials.
        mode: "min" or "max".
    """
    complete = trials[(trials["state"] == "COMPLETE") & trials["value"].notna()]
    if complete.empty:
        return None
    return complete.sort_values(["value", "trial"], ascending=[mode == "min", True]).iloc[0]


def complete_first(trials: pd.DataFrame, mode: str) -> pd.DataFrame:
    """Return trials by their value, the best first.

    A pruned trial's value is of an early epoch, so the complete ones come first whatever it is.

    Args:
        trials: The run store's trials.
        mode: "min" or "max".
    """
    order = trials.assign(complete=trials["state"] == "COMPLETE").sort_values(
        ["complete", "value", "trial"], ascending=[False, mode == "min", True]
    )
    return order.drop(columns="complete")


def params_of(row: dict[str, Any], space: Space) -> dict[str, Any]:
    """Return the hyperparameters in a row of the run store's ``trials``, with the types of the space."""
    params = {}
    for name, distribution in space.items():
        internal = distribution.to_internal_repr(row[f"params_{name}"])
        params[name] = distribution.to_external_repr(internal)
    return params


def hyperparameters_of(manifest: Mapping[str, Any], row: dict[str, Any]) -> Hyperparameters:
    """Return all hyperparameters of a trial, searched and fixed, from its run's manifest and its row there."""
    fixed = manifest["job"]["hyperparameters"]
    return Hyperparameters.model_validate({**fixed, **params_of(row, space_from(manifest["space"]))})


def running_values(curves: pd.DataFrame, search: Search) -> dict[int, dict[int, float]]:
    """Return for each trial and epoch the best mean over folds of the metric so far: what the scheduler judged by."""
    means = curves.groupby(["trial", "epoch"])[search.metric].mean()
    best = means.groupby("trial").cummin() if search.mode == "min" else means.groupby("trial").cummax()
    values: dict[int, dict[int, float]] = {}
    for trial, epoch, value in best.reset_index().itertuples(index=False):
        values.setdefault(trial, {})[epoch] = value
    return values


def _create(name: str, search: Search, journal: Path, drawn: int = 0) -> optuna.Study:
    # A sampler that begins anew with the same seed would suggest the points of the first trials a second time.
    seed = search.seed if drawn == 0 else derived_seed(search.seed, drawn)
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # the progress display tells of each trial
    return optuna.create_study(
        study_name=name,
        storage=StudyJournal(journal, maximize=search.mode == "max", latest=search.startup_trials),
        direction="minimize" if search.mode == "min" else "maximize",
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=search.startup_trials),
    )


def _frozen(row: dict[str, Any], space: Space, values: dict[int, float]) -> FrozenTrial:
    state = TrialState[row["state"]]
    trial = create_trial(
        state=state,
        value=row["value"] if state == TrialState.COMPLETE else None,
        params=params_of(row, space),
        distributions=space,
        intermediate_values=values,
        user_attrs={"error": row["error"]} if row["error"] else {},
    )
    # Optuna keeps times without a zone, in that of the machine.
    trial.datetime_start = row["started"].astimezone().replace(tzinfo=None)
    trial.datetime_complete = row["ended"].astimezone().replace(tzinfo=None)
    return trial
