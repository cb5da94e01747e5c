"""The sentences of a report: the verdict, what to be careful about, and how the figures were made."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nids.analysis.baselines import best_other
from nids.datasets.catalog.nsl_kdd import published
from nids.metrics.formatting import mean_and_spread, value
from nids.metrics.measures import label
from nids.results import ranking

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from nids.analysis.summary import RunSummary
    from nids.results.ranking import Axes

SYNTHETIC = (
    "SYNTHETIC DATA: these rows were generated. The figures show that the search works; "
    "they say nothing about real traffic."
)
UNNAMED = "The paper's best value, 0.0281, is of a quantity that it does not name: a loss, or 1 − accuracy."
# Optuna's running trials may be of a search that no longer runs.
STATES = {"COMPLETE": "complete", "PRUNED": "pruned", "RUNNING": "unfinished", "FAIL": "failed"}


def headline(summary: RunSummary, figures: pd.DataFrame) -> str:
    """Return ``verdict`` and, if there are baselines, which of them is the best.

    Args:
        summary: What is known of the run.
        figures: As ``nids.analysis.baselines.figures_by_fold`` returns them.
    """
    beside = "" if figures.empty else best_other(figures)
    return f"{verdict(summary)} {beside}".strip()


def verdict(summary: RunSummary) -> str:
    """Return the run's outcome in one sentence."""
    if summary.best is None:
        return _no_verdict(summary)
    rows = summary.metrics.to_dict("index")
    accuracy = rows["accuracy"]
    found = mean_and_spread("accuracy", accuracy["mean"], accuracy["std"])
    if "unseen_detection_rate" in rows:
        sentence = _of_unseen(summary.best.trial, rows, found)
    else:
        sentence = _beside_others(summary, accuracy, found)
    if not summary.classes.empty:
        weakest = str(summary.classes["f1_mean"].idxmin())
        scores = summary.classes.to_dict("index")[weakest]
        f1 = mean_and_spread("f1", scores["f1_mean"], scores["f1_std"])
        sentence += f"; it is weakest on {weakest}, with an F1 of {f1}"
    return f"{'So far the' if summary.state == 'running' else 'The'} {sentence}."


def _of_unseen(trial: int, rows: Mapping[Any, Any], accuracy: str) -> str:
    """Return what folds say that withhold attack types: neither the paper nor the majority class was asked that."""
    flagged, alarms = (
        mean_and_spread(name, rows[name]["mean"], rows[name]["std"])
        for name in ("unseen_detection_rate", "false_alarm_rate")
    )
    return (
        f"best trial ({trial}) flags {flagged} of the attacks whose type was withheld from its training, with {alarms} "
        f"of the benign rows flagged too, and puts {accuracy} of the rows of known types in the right class"
    )


def _beside_others(summary: RunSummary, accuracy: Mapping[Any, Any], found: str) -> str:
    assert summary.best is not None
    others = {"the paper's": "paper", "the majority class's": "baseline"}
    if summary.synthetic:
        del others["the paper's"]
    relations: dict[str, list[str]] = {}
    for owner, column in others.items():
        relation = _relation(accuracy["mean"], accuracy["std"], accuracy[column])
        relations.setdefault(relation, []).append(f"{owner} {value('accuracy', accuracy[column])}")
    comparisons = " and ".join(f"{relation} {' and '.join(words)}" for relation, words in relations.items())
    return f"best trial ({summary.best.trial}) puts {found} of the validation rows in the right class, {comparisons}"


def comparison(summary: RunSummary) -> str:
    """Return how far the figures beside the paper's can be compared with them."""
    if summary.unlike:
        return f"The comparison with the paper is not like for like: {'; '.join(summary.unlike)}."
    return (
        "The paper names neither its number of folds nor its epochs, batch size or resampling strategy, so "
        "the comparison is with what it reports, not with a repetition of it."
    )


def trade_off(trials: pd.DataFrame, axes: Axes) -> str:
    """Return how many of a run's trials are on the Pareto front of two measures, in a sentence."""
    weighable, on_front = ranking.weighable(trials, axes), ranking.front(trials, axes)
    count, names = int(on_front.sum()), f"{label(axes.vertical)} and {label(axes.horizontal)}"
    if len(weighable) < 2:
        return f"{'Only one' if len(weighable) else 'No'} complete trial has {names}: there is nothing to compare yet."
    if count == 1:
        number = int(trials.loc[on_front, "trial"].iloc[0])
        return f"No trade-off: of {len(weighable):,} complete trials, trial {number} is the best in both {names}."
    return (
        f"{count:,} of {len(weighable):,} complete trials are on the Pareto front of {names}: no other trial is better "
        "in one of these without being worse in the other."
    )


def states(summary: RunSummary) -> str:
    """Return "9 complete, 5 pruned, 1 failed"; states without trials are left out."""
    found = [f"{count} {STATES[state]}" for state, count in summary.states.items() if count]
    return ", ".join(found) or "no trials yet"


def shown_trials(summary: RunSummary) -> str:
    """Return which of the run's trials a table shows."""
    if len(summary.trials) == summary.all_trials:
        return f"All {summary.all_trials} trials." if summary.all_trials > 1 else ""
    return f"The best {len(summary.trials)} of {summary.all_trials} trials, the complete ones first."


def definitions(summary: RunSummary) -> list[tuple[str, str]]:
    """Return terms and what they mean here."""
    metric, folds = label(summary.metric), summary.folds
    spread = (
        f"Standard deviation of the {folds} folds' figures (with {folds} − 1 in the denominator). It tells "
        "how much a figure depends on which rows are validated on; it is no confidence interval."
        if folds > 1
        else "One fold has no spread, so none is given: how much a figure depends on the rows is unknown."
    )
    unseen = [
        (
            label("unseen_macro_f1"),
            "Macro-F1 over known rows and those of attack types that the fold withheld from training, each withheld "
            "type weighing as much as the known rows of its class, times n / (n + 5) for its n rows.",
        ),
        (
            label("unseen_detection_rate"),
            "Of a withheld attack type's rows, the share that is taken for any attack: the mean over the types, "
            "weighted by n / (n + 5). All other figures are of rows of known types.",
        ),
    ]
    return [
        ("±", spread),
        *(unseen if "unseen_detection_rate" in summary.metrics.index else []),
        ("validation rows", "The part of each fold that the model was not trained on, never resampled."),
        ("accuracy", "Share of the rows whose class is right. Frequent classes decide it."),
        (
            "macro-F1",
            "Plain mean of the classes' F1, each counting alike, be it a class of thousands or of ten rows. "
            "A class that neither occurs in a fold nor is predicted there does not count.",
        ),
        (
            "log-loss",
            "Mean of −ln of the probability given to the right class, in nats a row. Lower is better.",
        ),
        (
            "weighted …",
            "Mean over the classes, each weighing as much as it has rows. Weighted recall is accuracy.",
        ),
        (
            "training loss",
            "What the optimiser saw in the epoch: with dropout and, where used, resampled rows and class "
            "weights. Its level is not that of the validation log-loss.",
        ),
        ("precision", "Of the rows put in a class, the share that belongs there."),
        ("recall", "Of a class's rows, the share that is found: its detection rate."),
        ("F1", "Harmonic mean of precision and recall."),
        ("false-positive rate", "Of the rows of all other classes, the share that is put in this class."),
        (
            "majority class",
            "What is reached without looking at a row's features: every row gets the shares of the classes "
            "in the data as its probabilities, and so the most frequent class.",
        ),
        (
            "best",
            f"The complete trial with the best {metric}, at the epoch whose mean validation {metric} over "
            "the folds is best, the same epoch for all folds. Trial and epoch are chosen on the rows that "
            "are then scored, so these figures are slightly optimistic.",
        ),
        (
            "held-out files",
            "No row of them takes part in a search. Random folds reward the recognition of attack types already seen; "
            "how a model does on types that it has not seen, these files say, once `nids finalize` and `nids "
            "baselines` have asked them. Each such look is recorded.",
        ),
        (
            "paper",
            f"{published.CITATION}, on {published.TRAINING_FILE}, {published.TRIALS} trials. "
            f"{UNNAMED} {comparison(summary)}",
        ),
    ]


def _relation(mean: float, std: float, other: float) -> str:
    spread = std if math.isfinite(std) else 0.0
    if abs(mean - other) <= spread:
        return "within the spread of"
    return "above" if mean > other else "below"


def _no_verdict(summary: RunSummary) -> str:
    failed = summary.states["FAIL"]
    if summary.all_trials == 0:
        return "No trial has started yet." if summary.state == "running" else "No trial was started."
    if failed == summary.all_trials:
        return f"All {failed} trials failed; the reasons are below." if failed > 1 else "The only trial failed."
    yet = " yet" if summary.state == "running" else ""
    return f"No trial is complete{yet}: {states(summary)}."
