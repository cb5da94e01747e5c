"""What a report says, as summary: read from a run once, then shown on terminal, page and dashboard."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from nids.analysis.importances import importances
from nids.datasets.catalog.nsl_kdd import published as paper
from nids.metrics.measures import ON_FOLDS, described
from nids.results import ranking
from nids.search_space import params_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nids.metrics.measure import Direction
    from nids.results import Run, RunManifest
    from nids.search_space import Space

CLASS_MEASURES = ("precision", "recall", "f1", "false_positive_rate")
SHOWN_TRIALS = 200
STATES = ("COMPLETE", "PRUNED", "RUNNING", "FAIL")


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
        metric: The objective, a name of ``nids.charts.LABELS``.
        direction: Whether less of it is better, or more.
        synthetic: Whether the rows were generated.
        folds: Number of folds that each trial was validated on.
        unlike: Why figures cannot be compared with the paper's like for like; empty if they can.
        best: The best trial, None as long as none is complete.
        metrics: Index the run's measures, those of unseen attacks only where attack types are withheld; columns mean,
            std (both over the best trial's folds), paper and baseline. The paper's log-loss is its best value, of which
            it does not say what it is.
        hyperparameters: Index their names; columns best and paper, of mixed types, and searched, Optuna's
            distribution; None where there is none.
        classes: Index the classes; a column support (validation rows, all folds), and for each of
            ``CLASS_MEASURES`` the columns <measure>_mean, _std, _min, _max over the best trial's folds.
        attacks: Index the attack types of the best trial's validation rows, each class's together; columns class,
            unseen, rows, flagged and recognized, shares of the rows, over all folds. A type that was withheld in one
            fold stands there twice, once as a known one.
        ranges: Index recall and false_positive_rate; columns low, high (over all classes and folds),
            paper_low, paper_high.
        states: Number of trials in each of ``STATES``.
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
    synthetic: bool
    folds: int
    unlike: tuple[str, ...]
    best: BestTrial | None
    metrics: pd.DataFrame
    hyperparameters: pd.DataFrame
    classes: pd.DataFrame
    attacks: pd.DataFrame
    ranges: pd.DataFrame
    states: Mapping[str, int]
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
    metric, direction, space = manifest.job.search.metric, manifest.direction, manifest.space
    if len(manifest.folds.used) == 1:
        # One fold has no spread; the zero that is stored would read as certainty.
        trials = trials.assign(**{f"{name}_std": math.nan for name in manifest.measures})
    row = ranking.best(trials, direction)
    best = None if row is None else _best(row, metric)
    of_best = {name: run.table(name, best.trial if best else -1) for name in ("classes", "attacks")}
    classes = class_summary(of_best["classes"], manifest.data.classes)
    found, note = importances(trials, space, direction) if rank else ({}, "")
    states = trials["state"].value_counts()
    return RunSummary(
        run=manifest.run,
        state=run.state,
        message=run.status.message,
        metric=metric,
        direction=direction,
        synthetic=manifest.data.synthetic,
        folds=len(manifest.folds.used),
        unlike=_unlike(manifest),
        best=best,
        metrics=_metrics(row, manifest),
        hyperparameters=_hyperparameters(row, space, manifest.job.hyperparameters),
        classes=classes,
        attacks=attack_summary(of_best["attacks"], manifest.data.classes),
        ranges=_ranges(classes),
        states={state: int(states.get(state, 0)) for state in STATES},
        failures=_failures(trials),
        importances=found,
        importances_note=note,
        trials=_shown(trials, direction),
        all_trials=len(trials),
    )


def majority_baseline(class_counts: Mapping[str, int]) -> dict[str, float]:
    """Return the measures of the classifier that answers every row with the shares p of the classes.

    Its class is always the largest one, of share q. So its accuracy is q, that class has precision q,
    recall 1 and F1 2q / (1 + q), the others have 0 of each, and its log-loss is the entropy −Σ p ln p, in
    nats. As everywhere here, macro-F1 is the mean over the classes that occur.
    """
    rows = sum(class_counts.values())
    if rows == 0:
        return {}
    shares = [count / rows for count in class_counts.values() if count > 0]
    q = max(shares)
    f1 = 2 * q / (1 + q)
    return {
        "accuracy": q,
        "macro_f1": f1 / len(shares),
        "log_loss": -sum(p * math.log(p) for p in shares),
        "weighted_precision": q * q,
        "weighted_recall": q,
        "weighted_f1": q * f1,
    }


def _best(row: pd.Series, metric: str) -> BestTrial:
    return BestTrial(
        int(row["trial"]),
        float(row["value"]),
        float(row.get(f"{metric}_std", math.nan)),
        int(row["best_epoch"]),
    )


def _metrics(row: pd.Series | None, manifest: RunManifest) -> pd.DataFrame:
    figures: Mapping[Any, Any] = {} if row is None else row.to_dict()
    published = {**paper.METRICS, "log_loss": paper.BEST_VALUE}
    # Who finds every row benign flags nothing.
    baseline = {
        **majority_baseline(manifest.data.class_counts),
        "unseen_detection_rate": 0.0,
        "unseen_recall": 0.0,
        "false_alarm_rate": 0.0,
    }
    unseen = manifest.job.folds.scheme == "unseen-attacks"
    names = [name for name in dict.fromkeys((*ON_FOLDS, *manifest.measures)) if name in manifest.measures]
    names = [name for name in names if unseen or not described(name).needs_unseen]
    return pd.DataFrame(
        {
            "mean": [figures.get(name, math.nan) for name in names],
            "std": [figures.get(f"{name}_std", math.nan) for name in names],
            "paper": [published.get(name, math.nan) for name in names],
            "baseline": [baseline.get(name, math.nan) for name in names],
        },
        index=pd.Index(names, name="measure"),
        dtype=float,
    )


def _hyperparameters(row: pd.Series | None, space: Space, fixed: Mapping[str, Any]) -> pd.DataFrame:
    names = list(dict.fromkeys([*paper.BEST_HYPERPARAMETERS, *space, *fixed]))
    best = {} if row is None else {**fixed, **params_of(dict(row), space)}
    columns: dict[str, Mapping[str, Any]] = {
        "best": best,
        "paper": paper.BEST_HYPERPARAMETERS,
        "searched": space,
    }
    return pd.DataFrame(
        {column: [values.get(name) for name in names] for column, values in columns.items()},
        index=pd.Index(names, name="hyperparameter"),
        dtype=object,
    )


def class_summary(classes: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """Return ``RunSummary.classes`` of any model that was judged by folds.

    Args:
        classes: Its rows as in the run store's classes, a row a fold × class.
        order: All classes, in the order of the rows.
    """
    # A class without a row in a fold has no score there: the zero that is stored would read as a failure.
    chosen = classes.assign(**{name: classes[name].where(classes["support"] > 0) for name in CLASS_MEASURES[:3]})
    groups = chosen.groupby("class")
    columns = {"support": groups["support"].sum()}
    for measure in CLASS_MEASURES:
        for statistic in ("mean", "std", "min", "max"):
            columns[f"{measure}_{statistic}"] = groups[measure].agg(statistic)
    table = pd.DataFrame(columns)
    return table.reindex([name for name in order if name in table.index]).rename_axis("class")


def attack_summary(attacks: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """Return a row an attack type, as ``RunSummary.attacks``, of a trial's rows of the run store's attacks."""
    table = attacks.groupby(["attack", "class", "unseen"], as_index=False)[["rows", "flagged", "recognized"]].sum()
    table[["flagged", "recognized"]] = table[["flagged", "recognized"]].div(table["rows"], axis=0)
    table["class"] = pd.Categorical(table["class"], list(order))
    return table.sort_values(["class", "unseen", "rows"], ascending=[True, False, False]).set_index("attack")


def _ranges(classes: pd.DataFrame) -> pd.DataFrame:
    rows = {
        name: (classes[f"{name}_min"].min(), classes[f"{name}_max"].max(), *published)
        for name, published in paper.RANGES.items()
    }
    columns = ["low", "high", "paper_low", "paper_high"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).astype(float).rename_axis("measure")


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


def _unlike(manifest: RunManifest) -> tuple[str, ...]:
    data = manifest.data
    reasons = []
    if data.synthetic:
        reasons.append(f"the rows are synthetic ({data.source})")
    elif data.source != paper.TRAINING_FILE:
        reasons.append(f"the rows are those of {data.source}, the paper's those of {paper.TRAINING_FILE}")
    if manifest.job.folds.scheme == "unseen-attacks":
        reasons.append("each fold's training part lacks some attack types altogether, and no published one's does")
    used, count = len(manifest.folds.used), manifest.job.folds.count
    if used < count:
        reasons.append(f"the run used only {used} of {count} folds")
    return tuple(reasons)
