"""The cells of the summary as text, the same in the terminal and on the page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from nids.analysis.class_results import CLASS_MEASURES
from nids.metrics.formatting import NONE, duration, interval, mean_and_spread, setting, value
from nids.metrics.measures import HEADLINE, UNSEEN_HEADLINE, label

if TYPE_CHECKING:
    from collections.abc import Iterable

    from optuna.distributions import BaseDistribution

    from nids.analysis.summary import RunSummary
    from nids.datasets.published import PublishedResult

Rows = list[tuple[str, ...]]
Table = tuple[tuple[str, ...], Rows]  # headings, rows


def metrics(summary: RunSummary) -> Table:
    """Return headings and rows: measure, mean ± spread, what others have published, the majority class's.

    A published figure whose meaning is not certain has a star; see ``notes``.
    """
    rows = []
    for name, row in summary.metrics.iterrows():
        measure = str(name)
        published = (
            value(measure, result.figures.get(measure)) + (" *" if measure in _uncertain(result) else "")
            for result in summary.published
        )
        spread = mean_and_spread(measure, row["mean"], row["std"])
        rows.append((label(measure), spread, *published, value(measure, row["majority"])))
    return ("", "best trial", *_short_names(summary.published), "majority class"), rows


def notes(summary: RunSummary) -> list[str]:
    """Return what the stars of ``metrics`` mean."""
    return [result.notes[name] for result in summary.published for name in _uncertain(result)]


def _uncertain(result: PublishedResult) -> list[str]:
    return [name for name in result.figures if name in result.notes]


def _short_names(published: Iterable[PublishedResult]) -> tuple[str, ...]:
    return tuple(result.short_name for result in published)


def classes(summary: RunSummary) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return for each class its name, its rows, and for each of its measures mean ± spread and range."""
    return [
        (
            str(name),
            f"{int(row['support']):,}",
            [
                (
                    mean_and_spread(measure, row[f"{measure}_mean"], row[f"{measure}_std"]),
                    interval(*(measure, *row[[f"{measure}_min", f"{measure}_max", f"{measure}_std"]]))
                    if summary.folds > 1
                    else "",
                )
                for measure in CLASS_MEASURES
            ],
        )
        for name, row in summary.classes.iterrows()
    ]


def attacks(summary: RunSummary) -> Rows:
    """Return attack type, its class, whether it was withheld from training, rows, shares detected and correct.

    Nothing where no type was withheld: each is then known, and its class says as much.
    """
    if not summary.attacks["unseen"].any():
        return []
    return [
        (
            str(name),
            str(row["class"]),
            "unseen" if row["unseen"] else "known",
            f"{row['rows']:,}",
            value("unseen_detection_rate", row["detected"]),
            value("unseen_recall", row["correct"]),
        )
        for name, row in summary.attacks.iterrows()
    ]


def ranges(summary: RunSummary) -> Table | None:
    """Return headings and rows: measure, its range over all classes and folds, published ranges; None without these."""
    published = [result for result in summary.published if result.ranges]
    rows = [
        (
            label(str(name)),
            interval(str(name), row["low"], row["high"]),
            *(interval(str(name), *result.ranges.get(str(name), (math.nan, math.nan))) for result in published),
        )
        for name, row in summary.ranges.iterrows()
    ]
    return (("", "lowest–highest", *_short_names(published)), rows) if rows else None


def notes_on_ranges(summary: RunSummary) -> list[str]:
    """Return what is uncertain about published ranges, each once."""
    notes = (result.notes.get(name) for result in summary.published for name in result.ranges)
    return [note for note in dict.fromkeys(notes) if note]


def hyperparameters(summary: RunSummary) -> Table:
    """Return headings and rows: hyperparameter, the best trial's, published ones of such a model, its range."""
    table = summary.hyperparameters
    published = [result for result in summary.published if result.hyperparameters]
    published = [result for result in published if {*result.hyperparameters} <= {*table.index}]
    rows = [
        (
            name,
            setting(best),
            *(setting(result.hyperparameters.get(name)) for result in published),
            _domain(distribution),
        )
        # Row by row, pandas would take a word and a missing range for two texts.
        for name, best, distribution in zip(table.index, table["best"], table["searched"], strict=True)
    ]
    return ("", "best trial", *_short_names(published), "searched"), rows


def baselines(figures: pd.DataFrame) -> Table:
    """Return headings and rows of ``nids.analysis.baselines.figures_by_fold``: means ± spread over the folds."""
    measures = [name for name in (*HEADLINE, *UNSEEN_HEADLINE) if figures[name].notna().any()]
    rows = []
    for method, group in figures.groupby("method", sort=False):
        std = group[measures].std(ddof=1)
        rows.append((str(method), *(mean_and_spread(name, group[name].mean(), std[name]) for name in measures)))
    return ("", *map(label, measures)), rows


def repeats(table: pd.DataFrame, metric: str) -> Table:
    """Return headings and rows of ``nids.analysis.repeats.repeated_trials``."""
    head = ("trial", f"{label(metric)} in the search", "again, mean", "95 % interval", "times", "failed")
    return head, [
        (
            str(row["trial"]),
            value(metric, row["first"]),
            value(metric, row["mean"]),
            interval(metric, row["low"], row["high"], row["high"] - row["mean"]),
            str(row["repeats"]),
            str(row["failed"]),
        )
        for row in table.to_dict("records")
    ]


def trials(summary: RunSummary) -> Table:
    """Return the headings and rows of the table of trials."""
    table = summary.trials
    parameters = [str(column) for column in table.columns if str(column).startswith("params_")]
    limits = [kept.limit.name for kept in summary.feasibility.limits] if summary.feasibility else []
    measures = list(dict.fromkeys((*summary.objectives, *limits, *(name for name in HEADLINE if name in table))))
    head = ("trial", "state", *map(label, measures), "best epoch", "epochs", "time")
    return (*head, *(name.removeprefix("params_") for name in parameters)), [
        (
            str(row["trial"]),
            _state(row),
            *(mean_and_spread(name, row[name], row.get(f"{name}_std", math.nan)) for name in measures),
            _count(row["best_epoch"]),
            _count(row["epochs"]),
            duration(row["seconds"]),
            *(setting(row[name]) for name in parameters),
        )
        for _, row in table.iterrows()
    ]


def front(summary: RunSummary) -> Table:
    """Return headings and rows of the trials on the Pareto front: all objectives, and the hyperparameters."""
    table = summary.front
    parameters = [str(column) for column in table.columns if str(column).startswith("params_")]
    head = ("trial", *map(label, summary.objectives), *(name.removeprefix("params_") for name in parameters))
    return head, [
        (
            str(row["trial"]),
            *(mean_and_spread(name, row[name], row.get(f"{name}_std", math.nan)) for name in summary.objectives),
            *(setting(row[name]) for name in parameters),
        )
        for _, row in table.iterrows()
    ]


def _state(row: pd.Series) -> str:
    """Return a trial's state, whether it is beyond a limit and, of one that was not trained, whose result it has."""
    trained = row.get("duplicate_of", math.nan)
    state = str(row["state"]) if pd.isna(trained) else f"{row['state']} (as {int(trained)})"
    return f"{state}, infeasible" if row["state"] == "COMPLETE" and not row.get("feasible", True) else state


def _count(number: float) -> str:
    return str(int(number)) if number >= 1 else NONE  # NaN is not


def _domain(distribution: BaseDistribution | None) -> str:
    if distribution is None:
        return "not searched"
    if isinstance(distribution, CategoricalDistribution):
        return setting(distribution.choices)
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    low, high = setting(distribution.low), setting(distribution.high)
    return f"{low}–{high}{' (logarithmic)' if distribution.log else ''}"
