"""The sentences of a report: the verdict, what to be careful about, and how the figures were made."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nids.analysis.class_results import CLASS_MEASURES
from nids.charts.trial_states import STATES
from nids.datasets import small_classes
from nids.metrics.formatting import mean_and_spread, value
from nids.metrics.measures import HEADLINE, applicable, described, label
from nids.report import objectives, significance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from nids.analysis.summary import RunSummary
    from nids.datasets.published import PublishedResult
    from nids.results import RunManifest

SYNTHETIC = (
    "SYNTHETIC DATA: these rows were generated. The results show that the search works; "
    "they say nothing about real traffic."
)


def headline(summary: RunSummary, figures: pd.DataFrame) -> str:
    """Return ``verdict`` and, if there are baselines, which of them is the best.

    Args:
        summary: What is known of the run.
        figures: As ``nids.analysis.baselines.figures_by_fold`` returns them.
    """
    baseline = "" if figures.empty else significance.best_baseline(figures)
    return f"{verdict(summary)} {baseline}".strip()


def verdict(summary: RunSummary) -> str:
    """Return the run's outcome in one sentence."""
    if summary.best is None:
        return _no_verdict(summary)
    rows = summary.metrics.to_dict("index")
    trial = f"{'So far, trial' if summary.state == 'running' else 'Trial'} {summary.best.trial} is the best"
    if len(summary.objectives) > 1:
        first = f"{trial} in the first objective: {objectives.of_best(summary)}"
        if "accuracy" not in summary.objectives:
            first += f"; accuracy {_of_accuracy(summary)}"
        return f"{first}{_weakest_class(summary)}."
    if "unseen_detection_rate" in rows:
        return f"{trial}: {_of_unseen(rows)}{_weakest_class(summary)}."
    return f"{trial}: accuracy {_of_accuracy(summary)}{_weakest_class(summary)}."


def _weakest_class(summary: RunSummary) -> str:
    if summary.classes.empty:
        return ""
    weakest = str(summary.classes["f1_mean"].idxmin())
    scores = summary.classes.to_dict("index")[weakest]
    return f"; weakest class: {weakest}, F1 {mean_and_spread('f1', scores['f1_mean'], scores['f1_std'])}"


def _of_unseen(rows: Mapping[Any, Any]) -> str:
    """Return what folds say that withhold attack types: no published result and no majority class was asked that."""
    detected, alarms, accuracy = (
        mean_and_spread(name, rows[name]["mean"], rows[name]["std"])
        for name in ("unseen_detection_rate", "false_alarm_rate", "accuracy")
    )
    return (
        f"it detects {detected} of the attacks of types withheld from its training, at a false-alarm rate of {alarms}; "
        f"accuracy on known types {accuracy}"
    )


def _of_accuracy(summary: RunSummary) -> str:
    """Return "99.0 ± 0.1 %, above the 98.8 % of A and the 80 % of the majority class"."""
    accuracy = summary.metrics.to_dict("index")["accuracy"]
    others = {
        _with_caveat(result.label) if unlike else result.label: result.figures["accuracy"]
        for result, unlike in zip(summary.published, summary.unlike, strict=True)
        if "accuracy" in result.figures
    }
    relations: dict[str, list[str]] = {}
    for name, figure in {**others, "the majority class": accuracy["majority"]}.items():
        relation = _relation(accuracy["mean"], accuracy["std"], figure)
        relations.setdefault(relation, []).append(f"the {value('accuracy', figure)} of {name}")
    comparisons = " and ".join(f"{relation} {' and '.join(names)}" for relation, names in relations.items())
    return f"{mean_and_spread('accuracy', accuracy['mean'], accuracy['std'])}, {comparisons}"


def _with_caveat(label: str) -> str:
    """Return "A & B (2024, not like for like)"."""
    return f"{label.removesuffix(')')}{', ' if label.endswith(')') else ' ('}not like for like)"


def comparison(result: PublishedResult, unlike: Sequence[str]) -> str:
    """Return how far a run's figures can be compared with published ones.

    Args:
        result: The published result.
        unlike: Why they cannot be compared like for like, as ``RunSummary.unlike`` has it.
    """
    if unlike:
        return f"The comparison with {result.label} is not like for like: {'; '.join(unlike)}."
    return result.remarks


def published(summary: RunSummary) -> list[tuple[str, bool]]:
    """Return for each published result how far the run can be compared with it, and whether that is like for like."""
    pairs = zip(summary.published, summary.unlike, strict=True)
    return [(text, not unlike) for result, unlike in pairs if (text := comparison(result, unlike))]


def notes_on_rows(manifest: RunManifest) -> list[str]:
    """Return what was adapted in the rows and their folds, a sentence each."""
    dropped = manifest.data.dropped
    first = [f"dropped as small classes: {small_classes.in_words(dropped)}"] if dropped else []
    return [*first, *manifest.folds.notes]


def states(summary: RunSummary) -> str:
    """Return "9 complete, 5 pruned, 1 running"; states without trials are left out.

    What follows is said of complete trials that are beyond a limit, and of those that were not trained.
    """
    # Those of a search that no longer runs are unfinished.
    words = {state: each.words for state, each in STATES.items()} | (
        {"RUNNING": "running"} if summary.state == "running" else {}
    )
    words["COMPLETE"] += objectives.infeasible(summary)
    counts = [f"{count} {words[state]}" for state, count in summary.states.items() if count]
    return (", ".join(counts) or "no trials yet") + objectives.duplicates(summary)


def shown_trials(summary: RunSummary) -> str:
    """Return which of the run's trials a table shows."""
    if len(summary.trials) == summary.all_trials:
        return f"All {summary.all_trials} trials." if summary.all_trials > 1 else ""
    return f"The best {len(summary.trials)} of {summary.all_trials} trials, the complete ones first."


def seen_first(summary: RunSummary) -> tuple[str, ...]:
    """Return the measures that are seen first, in large figures: those of every run, after what was optimized."""
    several = summary.objectives if len(summary.objectives) > 1 else ()
    return tuple(dict.fromkeys((*several, *HEADLINE)))[: max(len(several), len(HEADLINE))]


def definitions(summary: RunSummary) -> list[tuple[str, str]]:
    """Return terms and what they mean here."""
    metric, folds = label(summary.epoch_metric), summary.folds
    feasible = "feasible" if summary.feasibility else "complete"
    first = ", the first of the objectives" if len(summary.objectives) > 1 else ""
    pairs = zip(summary.published, summary.unlike, strict=True)
    spread = (
        f"Standard deviation of the {folds} folds' values (with {folds} − 1 in the denominator). It tells "
        "how much a figure depends on which rows are validated on; it is not a confidence interval."
        if folds > 1
        else "One fold has no spread, so none is given: how much a figure depends on the rows is unknown."
    )
    on_folds = applicable(unseen="unseen_detection_rate" in summary.metrics.index)
    asked = (str(name) for name in summary.metrics.index)
    names = dict.fromkeys((*on_folds, "training_loss", *CLASS_MEASURES, *asked))
    measures = [(label(name), described(name).definition) for name in names if described(name).definition]
    return [
        ("±", spread),
        ("validation rows", "The part of each fold that the model was not trained on, never resampled."),
        *measures,
        *objectives.definitions(summary),
        (
            "weighted …",
            "Mean over the classes, each weighing as much as it has rows. Weighted recall is accuracy.",
        ),
        (
            "majority class",
            "What is reached without looking at a row's features: every row gets the shares of the classes "
            "in the data as its probabilities, and so the most frequent class.",
        ),
        (
            "best",
            f"The {feasible} trial with the best {label(summary.metric)}{first}, at the epoch whose mean validation "
            f"{metric} over the folds is best, the same epoch for all folds. Trial and epoch are chosen on the rows "
            "that are then scored, so these results are slightly optimistic.",
        ),
        (
            "held-out files",
            "None of their rows takes part in a search. Random folds test attack types seen in training only; these "
            "files show how a model does on other types. `nids finalize` and `nids baselines` evaluate them, and each "
            "such access is recorded.",
        ),
        ("significant", significance.MEANING),
        *((result.short_name, _about(result, unlike)) for result, unlike in pairs),
    ]


def _about(result: PublishedResult, unlike: Sequence[str]) -> str:
    trials = "" if result.trials is None else f", {result.trials} trials"
    notes = [note for name, note in result.notes.items() if name in result.figures]
    return " ".join([f"{result.label}, on {result.training_file}{trials}.", *notes, comparison(result, unlike)]).strip()


def _relation(mean: float, std: float, other: float) -> str:
    spread = std if math.isfinite(std) else 0.0
    if abs(mean - other) <= spread:
        return "within the spread of"
    return "above" if mean > other else "below"


def _no_verdict(summary: RunSummary) -> str:
    failed = summary.states["FAIL"]
    if summary.all_trials == 0:
        return "No trial has started yet." if summary.state == "running" else "The run has no trials."
    if failed == summary.all_trials:
        return f"All {failed} trials failed; the reasons are below." if failed > 1 else "The only trial failed."
    if summary.feasibility and summary.feasibility.complete:
        return objectives.feasible(summary.feasibility)
    yet = " yet" if summary.state == "running" else ""
    return f"No trial is complete{yet}: {states(summary)}."
