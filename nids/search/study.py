"""The Optuna study of a run: made for a new search, or made again from what the run store holds."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState, create_trial

from nids import foreign_json
from nids.search.known_points import DUPLICATE_OF
from nids.search.learned import LEARNED_FROM
from nids.search.sampler import sampler_of
from nids.search_space import params_of
from nids.seeding import derived_seed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from nids.config import Search
    from nids.results import Run
    from nids.search_space import Space

# What a trial says of itself that had begun when the search was interrupted.
INTERRUPTED = "interrupted"
# What a study's trial says of itself; columns of the run store have the same names.
_ATTRIBUTES = ("error", DUPLICATE_OF)


def new_study(
    name: str,
    search: Search,
    journal: Path,
    starting_points: Sequence[Mapping[str, Any]] = (),
    learned: Iterable[FrozenTrial] = (),
) -> optuna.Study:
    """Return a study that keeps itself in the file ``journal``; its first trials are at the starting points.

    Before its own trials, it has those of earlier searches that it learns from: see ``first_number``.
    """
    study = _create(name, search, journal)
    study.add_trials(learned)
    for point in starting_points:
        study.enqueue_trial(dict(point))
    return study


def resumed_study(
    run: Run,
    search: Search,
    journal: Path,
    starting_points: Sequence[Mapping[str, Any]] = (),
    learned: Iterable[FrozenTrial] = (),
) -> tuple[optuna.Study, list[FrozenTrial]]:
    """Return the study of an interrupted run, and its ended trials.

    Both are made again from the run store, which alone says what has happened. The ended trials have the metric's
    running values, by which the scheduler judges, whatever the study takes of them.

    Trials keep their numbers, and what the sampler noted of them (Optuna's ``system_attrs``). One that had not ended
    waits to be asked for again, with the same hyperparameters. The journal left by the former driver is not looked at:
    it may know of results that the store never received.
    """
    space = run.manifest.space
    rows = {row["trial"]: row for row in run.arrow("trials").to_pylist()}
    ended = ended_trials(run, search)
    study = _create(run.name, search, journal, drawn=len(rows))
    study.add_trials(learned)
    begun = max(rows, default=-1) + 1
    for number in range(max(begun, len(starting_points))):
        if number in ended:
            # As while it ran: of several objectives, a study takes no intermediate values.
            study.add_trial(_without_intermediate_values(ended[number]) if search.objectives else ended[number])
        elif number in rows:
            study.enqueue_trial(params_of(rows[number], space), {INTERRUPTED: True})
        else:
            # Never heard of: but for a starting point, any point will do, but its number must not be another's.
            point = dict(starting_points[number]) if number < len(starting_points) else {}
            study.enqueue_trial(point, {INTERRUPTED: True} if number < begun else None)
    return study, list(ended.values())


def ended_trials(run: Run, search: Search) -> dict[int, FrozenTrial]:
    """Return the ended trials of a run by their numbers, in that order, with the metric's running values."""
    space = run.manifest.space
    values = running_values(run.curves(), search)
    rows = {row["trial"]: row for row in run.arrow("trials").to_pylist()}
    ended = {}
    for number, row in sorted(rows.items()):
        if row["state"] != "RUNNING":
            trained = number if row["duplicate_of"] is None else row["duplicate_of"]
            ended[number] = _frozen(row, space, values.get(trained, {}), _values(rows.get(trained, row), search))
    return ended


def first_number(study: optuna.Study) -> int:
    """Return the number that a study gives to the first trial of its run; those before it are of earlier searches."""
    return sum(LEARNED_FROM in trial.user_attrs for trial in study.get_trials(deepcopy=False))


def running_values(curves: pd.DataFrame, search: Search) -> dict[int, dict[int, float]]:
    """Return for each trial and epoch the best mean over folds of the metric so far: what the scheduler judged by."""
    means = curves.groupby(["trial", "epoch"])[search.metric].mean()
    best = means.groupby("trial").cummin() if search.metric_direction == "min" else means.groupby("trial").cummax()
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
        storage=JournalStorage(JournalFileBackend(str(journal))),
        directions=["minimize" if direction == "min" else "maximize" for direction in search.directions],
        sampler=sampler_of(search, seed),
    )


def _values(row: Mapping[str, Any], search: Search) -> list[float]:
    return [row[name] for name in search.measures] if search.objectives else [row["value"]]


def _frozen(
    row: dict[str, Any], space: Space, intermediate_values: dict[int, float], values: list[float]
) -> FrozenTrial:
    state = TrialState[row["state"]]
    trial = create_trial(
        state=state,
        values=values if state == TrialState.COMPLETE else None,
        params=params_of(row, space),
        distributions=space,
        intermediate_values=intermediate_values,
        user_attrs={name: row[name] for name in _ATTRIBUTES if row[name] is not None},
        system_attrs=_noted(row["system_attrs"] or "{}"),
    )
    trial.number = row["trial"]  # which a study sets in its own copy alone
    # Optuna keeps times without a zone, in that of the machine.
    trial.datetime_start = row["started"].astimezone().replace(tzinfo=None)
    trial.datetime_complete = row["ended"].astimezone().replace(tzinfo=None)
    return trial


def _without_intermediate_values(trial: FrozenTrial) -> FrozenTrial:
    alike = copy.copy(trial)
    alike.intermediate_values = {}
    return alike


def _noted(text: str) -> dict[str, Any]:
    """Return what the sampler noted of a trial; nothing where somebody else has left something else."""
    try:
        noted = foreign_json.parsed(text.encode())
    except ValueError:
        return {}
    return noted if isinstance(noted, dict) else {}
