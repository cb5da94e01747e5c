"""The cells of the summary as text, the same in the terminal and on the page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from nids.analysis.summary import CLASS_MEASURES
from nids.metrics.formatting import NONE, duration, interval, mean_and_spread, setting, value
from nids.metrics.measures import HEADLINE, label

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

    from nids.analysis.summary import RunSummary

Rows = list[tuple[str, ...]]


def metrics(summary: RunSummary) -> Rows:
    """Return measure, mean ± spread, the paper's, the majority class's; * marks what it leaves unnamed."""
    rows: Rows = []
    for name, row in summary.metrics.iterrows():
        measure = str(name)
        published = value(measure, row["paper"]) + (" *" if measure == "log_loss" else "")
        if measure == "log_loss" and summary.metric != "log_loss":
            published = NONE  # the paper's best value may be a loss, but surely is not this run's other measure
        rows.append(
            (
                label(measure),
                mean_and_spread(measure, row["mean"], row["std"]),
                published,
                value(measure, row["baseline"]),
            )
        )
    return rows


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
    """Return attack type, its class, whether it was withheld from training, rows, shares flagged and recognized.

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
            value("unseen_detection_rate", row["flagged"]),
            value("unseen_recall", row["recognized"]),
        )
        for name, row in summary.attacks.iterrows()
    ]


def ranges(summary: RunSummary) -> Rows:
    """Return measure, its range over all classes and folds, the paper's range."""
    return [
        (
            label(str(name)),
            interval(str(name), row["low"], row["high"]),
            interval(str(name), row["paper_low"], row["paper_high"]),
        )
        for name, row in summary.ranges.iterrows()
    ]


def hyperparameters(summary: RunSummary) -> Rows:
    """Return hyperparameter, the best trial's, the paper's, the values searched."""
    return [
        (str(name), setting(row["best"]), setting(row["paper"]), _domain(row["searched"]))
        for name, row in summary.hyperparameters.iterrows()
    ]


def trials(summary: RunSummary) -> tuple[tuple[str, ...], Rows]:
    """Return the headings and rows of the table of trials."""
    table = summary.trials
    parameters = [str(column) for column in table.columns if str(column).startswith("params_")]
    measures = list(dict.fromkeys((summary.metric, *(name for name in HEADLINE if name in table))))
    head = ("trial", "state", *map(label, measures), "best epoch", "epochs", "time")
    return (*head, *(name.removeprefix("params_") for name in parameters)), [
        (
            str(row["trial"]),
            str(row["state"]),
            *(mean_and_spread(name, row[name], row.get(f"{name}_std", math.nan)) for name in measures),
            _count(row["best_epoch"]),
            _count(row["epochs"]),
            duration(row["seconds"]),
            *(setting(row[name]) for name in parameters),
        )
        for _, row in table.iterrows()
    ]


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
