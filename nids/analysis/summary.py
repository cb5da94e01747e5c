"""What a report says: read from a run once, then shown on terminal, page and dashboard."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from nids.analysis.class_results import CLASS_MEASURES, attack_summary, class_summary
from nids.analysis.feasibility import Feasibility, feasibility
from nids.analysis.importances import importances
from nids.analysis.majority_class import majority_class
from nids.analysis.published import differences, published_for, ranges_of
from nids.charts.trial_states import STATES
from nids.metrics.measures import ON_FOLDS, described
from nids.results import ranking
from nids.search_space import params_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nids.datasets.published import PublishedResult
    from nids.metrics.measure import Direction
    from nids.results import Run, RunManifest
    from nids.search_space import Space

SHOWN_TRIALS = 200


@dataclass(frozen=True)
class BestTrial:
    """The complete trial with the best value."""

    trial: int
    value: float
    std: float  # of the value over folds; NaN with one fold
    epoch: int


@dataclass(frozen=True)
class RunSummary:
    """The data of a report. Shares are fractions; a figure that does not exist is NaN.

    Attributes:
        run: The run's name.
        state: "running", "finished", "interrupted" or "failed".
        message: What the run says of its state.
        metric: What ranks, one of the run's measures: the objective or, of several, the first one.
        direction: Whether less of it is better, or more.
        objectives: What is optimized: the metric, or two and more measures.
        epoch_metric: What decides on a trial's best epoch.
        synthetic: Whether the rows were generated.
        folds: Number of folds that each trial was validated on.
        published: Published results of the same data set; none for generated rows.
        unlike: For each of these, why its figures cannot be compared like for like; empty if they can.
        best: The best trial, None as long as none is complete.
        metrics: Index the run's measures, those of unseen attacks only where attack types are withheld; columns mean,
            std (both over the best trial's folds) and majority, what the majority class reaches.
        hyperparameters: Index their names; columns best, of mixed types, and searched, Optuna's distribution;
            None where there is none.
        classes: Index the classes; a column support (validation rows, all folds), and for each of
            ``CLASS_MEASURES`` the columns <measure>_mean, _std, _min, _max over the best trial's folds.
        attacks: Index the attack types of the best trial's validation rows, each class's together; columns class,
            unseen, rows, detected and correct, shares of the rows, over all folds. A type that was withheld in one
            fold stands there twice, once as a known one.
        ranges: Index the measures of classes that published results give a range of; columns low and high, over all
            classes and folds.
        front: The trials on the Pareto front of several objectives, the best in the first one first.
        hypervolumes: That of the trials up to each one, 0 to 1, by its number; see ``ranking.hypervolumes``. Empty with
            one objective.
        feasibility: How many trials keep the job's constraints; None without these.
        states: Number of trials in each of ``nids.charts.trial_states.STATES``.
        duplicates: How many of them were not trained, since the result at their point was known.
        failures: Columns reason, count, trials (the first numbers); the most frequent first.
        importances: Hyperparameter → share; empty if there is nothing to tell.
        importances_note: What they rest on, or why there are none.
        trials: All trials, or the best ``SHOWN_TRIALS``.
        all_trials: Number of trials that the run has.
    """

    run: str
    state: str
    message: str
    metric: str
    direction: Direction
    objectives: tuple[str, ...]
    epoch_metric: str
    synthetic: bool
    folds: int
    published: tuple[PublishedResult, ...]
    unlike: tuple[tuple[str, ...], ...]
    best: BestTrial | None
    metrics: pd.DataFrame
    hyperparameters: pd.DataFrame
    classes: pd.DataFrame
    attacks: pd.DataFrame
    ranges: pd.DataFrame
    front: pd.DataFrame
    hypervolumes: pd.Series
    feasibility: Feasibility | None
    states: Mapping[str, int]
    duplicates: int
    failures: pd.DataFrame
    importances: Mapping[str, float]
    importances_note: str
    trials: pd.DataFrame
    all_trials: int


def summarize(run: Run, trials: pd.DataFrame | None = None, *, rank: bool = True) -> RunSummary:
    """Return what there is to say about a run, in whatever state it is.

    Args:
        run: The run.
        trials: Its trials, where they have been read already.
        rank: Whether to ask for the importances, which takes seconds with thousands of trials.
    """
    manifest = run.manifest
    trials = (run.trials() if trials is None else trials).sort_values("trial", ignore_index=True)
    search, metric, direction, space = manifest.job.search, manifest.metric, manifest.direction, manifest.space
    several = len(search.measures) > 1
    if len(manifest.folds.used) == 1:
        # One fold has no spread; the zero that is stored would read as certainty.
        trials = trials.assign(**{f"{name}_std": math.nan for name in manifest.measures})
    row = ranking.best(trials, direction)
    best = None if row is None else _best(row, metric)
    of_best = {name: run.table(name, best.trial if best else -1) for name in ("classes", "attacks")}
    classes = class_summary(of_best["classes"], manifest.data.classes)
    shares, note = importances(trials, space, direction) if rank else ({}, "")
    published = published_for(manifest)
    states = trials["state"].value_counts()
    return RunSummary(
        run=manifest.run,
        state=run.state,
        message=run.status.message,
        metric=metric,
        direction=direction,
        objectives=search.measures,
        epoch_metric=search.metric,
        synthetic=manifest.data.synthetic,
        folds=len(manifest.folds.used),
        published=published,
        unlike=tuple(differences(manifest, result) for result in published),
        best=best,
        metrics=_metrics(row, manifest),
        hyperparameters=_hyperparameters(row, space, manifest.job.hyperparameters, published),
        classes=classes,
        attacks=attack_summary(of_best["attacks"], manifest.data.classes),
        ranges=_ranges(classes, published),
        front=_front(trials, search.measures, direction) if several else trials[:0],
        hypervolumes=ranking.hypervolumes(trials.set_index("trial"), search.measures)
        if several
        else pd.Series(dtype=float),
        feasibility=feasibility(trials, search.limits),
        states={state: int(states.get(state, 0)) for state in STATES},
        duplicates=int((~ranking.trained(trials)).sum()),
        failures=_failures(trials),
        importances=shares,
        importances_note=note,
        trials=_shown(trials, direction),
        all_trials=len(trials),
    )


def _best(row: pd.Series, metric: str) -> BestTrial:
    return BestTrial(
        int(row["trial"]),
        float(row["value"]),
        float(row.get(f"{metric}_std", math.nan)),
        int(row["best_epoch"]),
    )


def _front(trials: pd.DataFrame, objectives: Sequence[str], direction: Direction) -> pd.DataFrame:
    front = trials[ranking.front(trials, objectives)]
    return ranking.ordered(front, direction, as_searched=True).reset_index(drop=True)


def _metrics(row: pd.Series | None, manifest: RunManifest) -> pd.DataFrame:
    figures: Mapping[Any, Any] = {} if row is None else row.to_dict()
    majority = majority_class(manifest.data.class_counts)
    unseen = manifest.job.folds.scheme == "unseen-attacks"
    names = [name for name in dict.fromkeys((*ON_FOLDS, *manifest.measures)) if name in manifest.measures]
    asked = manifest.job.search.on_demand
    names = [name for name in names if unseen or name in asked or not described(name).needs_unseen]
    return pd.DataFrame(
        {
            "mean": [figures.get(name, math.nan) for name in names],
            "std": [figures.get(f"{name}_std", math.nan) for name in names],
            "majority": [majority.get(name, math.nan) for name in names],
        },
        index=pd.Index(names, name="measure"),
        dtype=float,
    )


def _hyperparameters(
    row: pd.Series | None, space: Space, fixed: Mapping[str, Any], published: Sequence[PublishedResult]
) -> pd.DataFrame:
    names = [*space, *fixed]
    # In the order of what they are compared with.
    first = [name for result in published for name in result.hyperparameters if name in names]
    names = list(dict.fromkeys([*first, *names]))
    best = {} if row is None else {**fixed, **params_of(dict(row), space)}
    return pd.DataFrame(
        {column: [values.get(name) for name in names] for column, values in (("best", best), ("searched", space))},
        index=pd.Index(names, name="hyperparameter"),
        dtype=object,
    )


def _ranges(classes: pd.DataFrame, published: Sequence[PublishedResult]) -> pd.DataFrame:
    names = [name for name in ranges_of(published) if name in CLASS_MEASURES]
    rows = {name: (classes[f"{name}_min"].min(), classes[f"{name}_max"].max()) for name in names}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["low", "high"]).astype(float).rename_axis("measure")


def _failures(trials: pd.DataFrame) -> pd.DataFrame:
    failed = trials[trials["state"] == "FAIL"]
    reasons = failed["error"].fillna("no reason was given").groupby(failed["error"].fillna("no reason was given"))
    rows = [
        (reason, len(members), ", ".join(map(str, failed.loc[members.index, "trial"].head(10))))
        for reason, members in reasons
    ]
    rows.sort(key=lambda row: -row[1])
    return pd.DataFrame(rows, columns=["reason", "count", "trials"])


def _shown(trials: pd.DataFrame, direction: Direction) -> pd.DataFrame:
    if len(trials) <= SHOWN_TRIALS:
        return trials
    return ranking.ordered(trials, direction).head(SHOWN_TRIALS).reset_index(drop=True)
