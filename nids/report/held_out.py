"""The results on the held-out files: the finalized trial, and the baselines for comparison."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from nids.analysis.baselines import TUNED, name_of
from nids.charts.roc_curve import OURS
from nids.datasets import small_classes
from nids.metrics.detection import precision_at
from nids.metrics.formatting import NONE, interval, mean_and_spread, value
from nids.metrics.measures import label
from nids.report import label_maps
from nids.results import ranking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nids.metrics.evaluation import AttackTypeResult, Evaluation, ThresholdResult
    from nids.results import Run
    from nids.results.evaluation import BaselineEvaluation, ComponentEvaluation, DetectorEvaluation

HEAD = (
    *("", "accuracy", "macro-F1"),
    *("detection rate, known types", "detection rate, unseen types", "false-alarm rate", "ROC-AUC"),
)
CLASS_HEAD = ("", "rows", "precision", "recall", "F1", "false-positive rate", "ROC-AUC", "PR-AUC")
# Share of attacks in the traffic for which alerts are judged: held-out files have far more than a network has.
BASE_RATE = 0.01
# A threshold whose false-alarm rate is so many times its target misses it.
MISSED = 2


@dataclass(frozen=True)
class HeldOut:
    """One held-out file.

    Attributes:
        file: Its name.
        rows: Of ``HEAD``: the finalized trial, then the baselines.
        not_judged: How many rows of which dropped classes are not judged, in a sentence; empty if none.
        notes: What the results are based on.
        classes: Of ``CLASS_HEAD``: the finalized trial's figures of each class, then their macro and weighted averages.
        attacks: Attack type, class, whether training had it, rows, detection rate and recall.
        alerts: Of ``alerts_head``: target and measured false-alarm rate, detection rate of all, of known and of unseen
            attacks, accuracy and macro-F1 of the classes that go with the alerts, and the share of the alerts that are
            attacks at a base rate.
        ours: What it says of the finalized trial, None if there is none.
        baselines: Name of each baseline, and what it says of that.
    """

    file: str
    rows: list[tuple[str, ...]]
    not_judged: str
    notes: list[str]
    classes: list[tuple[str, ...]]
    attacks: list[tuple[str, ...]]
    alerts: list[tuple[str, ...]]
    ours: DetectorEvaluation | None
    baselines: list[tuple[str, BaselineEvaluation]]


def in_words(run: Run, trials: pd.DataFrame) -> list[str]:
    """Return which rule picked the trial that was finalized, and a sentence for each held-out file on its detector.

    Args:
        run: The run.
        trials: Its trials.
    """
    final = run.final_evaluation()
    sentences, whose = [], "its detector"
    if final is not None and final.picked_by:
        sentences.append(f"Trial {final.trial} was finalized, picked by “{final.picked_by}”.")
    if final is not None and final.components:
        sentences.append(composition(final.components, run.manifest.job.search.metric))
    if final is not None:
        best = ranking.best(trials, run.direction)
        if not final.components and (best is None or best["trial"] != final.trial):
            whose = f"the detector of trial {final.trial}, which was finalized,"
    for file, evaluation in final.held_out.items() if final else ():
        detected = by_kind("of the attacks", evaluation.seen.detection_rate, evaluation.unseen.detection_rate)
        figures = evaluation.figures
        sentences.append(
            f"On the held-out {file}, {whose} has an accuracy of {value('accuracy', figures['accuracy'])} and a "
            f"macro-F1 of {value('macro_f1', figures['macro_f1'])}; it detects {detected or 'no attacks'}, at a "
            f"false-alarm rate of {value('false_positive_rate', figures['false_positive_rate'])}."
            f"{_without_twins(evaluation)}{_spaced(_not_judged(evaluation))}"
        )
    return sentences


def composition(components: Sequence[ComponentEvaluation], metric: str) -> str:
    """Return the share of each candidate in the detector, and what it is by the folds alone, in a sentence or two."""
    figures = {component.name: value(metric, component.figures[metric]) for component in components}
    chosen = [
        f"{100 * component.weight:.0f} % {component.name} (alone {figures[component.name]})"
        for component in components
        if component.weight
    ]
    left_out = [f"{component.name} ({figures[component.name]})" for component in components if not component.weight]
    unused = f" It does without {', '.join(left_out)}." if left_out else ""
    return f"By {label(metric)} on the folds, the detector is a mean of {', '.join(chosen)}.{unused}"


def _without_twins(evaluation: Evaluation) -> str:
    """Return " To a model, 664 of its rows are …" where some do; the sentence follows another one."""
    twins = evaluation.twins
    if twins is None or not twins.rows:
        return ""
    if not twins.figures:
        return " To a model, each of its rows is the same as a training row."
    verb, them = ("is", "it") if twins.rows == 1 else ("are", "them")
    accuracy, f1 = (value(name, twins.figures[name]) for name in ("accuracy", "macro_f1"))
    return (
        f" To a model, {twins.rows:,} of its {evaluation.rows:,} rows {verb} the same as a training row: without "
        f"{them}, the accuracy is {accuracy} and the macro-F1 {f1}."
    )


def _not_judged(evaluation: Evaluation) -> str:
    """Return "Not judged: rows of classes that the search dropped, Worms (44 rows).", or nothing."""
    dropped = evaluation.dropped
    if not dropped:
        return ""
    return f"Not judged: rows of classes that the search dropped, {small_classes.in_words(dropped)}."


def _spaced(sentence: str) -> str:
    return sentence and f" {sentence}"


def by_kind(words: str, known: float | None, unseen: float | None) -> str:
    """Return "98.00 % of the attacks of known types and 40.00 % …", where there are any; ``words`` follow each rate."""
    rates = {"known": known, "unseen": unseen}
    return " and ".join(
        f"{value('detection_rate', rate)} {words} of {kind} types"
        for kind, rate in rates.items()
        if rate is not None and math.isfinite(rate)
    )


def alerts_head(base_rate: float) -> tuple[str, ...]:
    """Return the headings of a file's alerts."""
    return (
        "target false-alarm rate",
        "measured",
        "detection rate",
        "known types",
        "unseen types",
        "accuracy",
        "macro-F1",
        f"alert precision at {100 * base_rate:g} % attacks",
    )


def held_out(run: Run, base_rate: float = BASE_RATE) -> list[HeldOut]:
    """Return what each held-out file says; nothing as long as the run has neither been finalized nor has baselines.

    Args:
        run: The run.
        base_rate: Share of attacks in the traffic for which the precision of alerts is told, 0 to 1.
    """
    final, baselines = run.final_evaluation(), run.baselines_evaluation()
    judged, ours = (final.held_out, f"{OURS} {final.trial}") if final else ({}, OURS)
    ours = "finalized ensemble" if final and final.components else ours
    others = baselines.held_out if baselines else ()
    files = list(dict.fromkeys([*judged, *(each.file for each in others)]))
    return [
        _of_file(file, ours, judged.get(file), [each for each in others if each.file == file], base_rate)
        for file in files
    ]


def accesses(run: Run) -> str:
    """Return how often models were evaluated on the held-out files; empty if never."""
    recorded = run.manifest.test_set_accesses
    if not recorded:
        return ""
    listed = "; ".join(f"{access.time:%Y-%m-%d %H:%M}, {access.purpose}" for access in recorded)
    return f"Evaluations on the held-out files: {len(recorded)} ({listed})."


def _of_file(
    file: str, ours: str, evaluation: DetectorEvaluation | None, others: list[BaselineEvaluation], base_rate: float
) -> HeldOut:
    rows = [_row(ours, evaluation)] if evaluation else []
    baselines = [(name_of(each.model, each.resampled), each) for each in others]
    rows += [_row(name, each) for name, each in baselines]
    strong = {name: each for name, each in baselines if name.startswith(TUNED)}
    by_label_maps = label_maps.notes({**({f"the {ours}": evaluation} if evaluation else {}), **strong})
    return HeldOut(
        file,
        rows,
        _not_judged(evaluation or others[0]),
        [*(_notes(evaluation) if evaluation else []), *by_label_maps],
        _classes(evaluation) if evaluation else [],
        [_attack(each) for each in sorted(evaluation.attacks, key=_order)] if evaluation else [],
        [_alert(rate, result, base_rate) for rate, result in evaluation.detection.items()] if evaluation else [],
        evaluation,
        baselines,
    )


def _row(name: str, evaluation: Evaluation) -> tuple[str, ...]:
    figures = evaluation.figures
    return (
        name,
        value("accuracy", figures["accuracy"]),
        value("macro_f1", figures["macro_f1"]),
        value("detection_rate", evaluation.seen.detection_rate),
        value("detection_rate", evaluation.unseen.detection_rate),
        value("false_positive_rate", figures["false_positive_rate"]),
        value("roc_auc", figures["roc_auc"]),
    )


def _notes(evaluation: DetectorEvaluation) -> list[str]:
    members = pd.DataFrame(evaluation.members)[["accuracy", "macro_f1"]].astype(float)
    ends = {name: interval(name, *evaluation.intervals[name]) for name in ("accuracy", "macro_f1")}
    notes = [
        f"{evaluation.rows:,} rows: {evaluation.seen.rows:,} attacks of known types, {evaluation.unseen.rows:,} of "
        f"unseen types. 95 % bootstrap intervals: accuracy {ends['accuracy']}, macro-F1 {ends['macro_f1']}.",
    ]
    if len(members) > 1:
        accuracy, f1 = (
            mean_and_spread(str(name), values.mean(), values.std(ddof=1)) for name, values in members.items()
        )
        notes.append(
            f"The detector averages {len(members)} models. Individually, they reach an accuracy of {accuracy} and a "
            f"macro-F1 of {f1}."
        )
    losses = {kind: value("log_loss", figures["log_loss"]) for kind, figures in evaluation.calibrated.items()}
    errors = ", ".join(f"{kind} {loss}" for kind, loss in losses.items())
    notes.append(f"Log-loss of its probabilities by calibration: {errors}.")
    missed = [
        f"{value('false_alarm_rate', result.false_positive_rate)} instead of {100 * float(rate):g} %"
        for rate, result in evaluation.detection.items()
        if (result.false_positive_rate or 0) > MISSED * float(rate)
    ]
    if missed:
        notes.append(f"Thresholds taken from the folds miss their target here: false-alarm rate {', '.join(missed)}.")
    return notes


def _classes(evaluation: Evaluation) -> list[tuple[str, ...]]:
    names = ("precision", "recall", "f1", "false_positive_rate", "roc_auc", "pr_auc")
    rows = [
        (result.class_name, f"{sum(counts):,}", *(value(name, getattr(result, name)) for name in names))
        for result, counts in zip(evaluation.classes, evaluation.confusion, strict=True)
    ]
    figures = evaluation.figures
    for average in ("macro", "weighted"):
        means = (value(name, figures[f"{average}_{name}"]) for name in ("precision", "recall", "f1"))
        area = value("roc_auc", figures["macro_roc_auc"]) if average == "macro" else NONE
        rows.append((f"{average} average", f"{evaluation.rows:,}", *means, NONE, area, NONE))
    return rows


def _order(result: AttackTypeResult) -> tuple[bool, int]:
    return result.seen, -result.rows


def _attack(result: AttackTypeResult) -> tuple[str, ...]:
    return (
        result.attack,
        result.class_name,
        "known" if result.seen else "unseen",
        f"{result.rows:,}",
        value("detection_rate", result.detection_rate),
        value("recall", result.recall),
    )


def _alert(rate: str, result: ThresholdResult, base_rate: float) -> tuple[str, ...]:
    detected, false_alarms, precision = result.detection_rate, result.false_positive_rate, None
    if detected is not None and false_alarms is not None:
        precision = precision_at(detected, false_alarms, base_rate)
    rates = (detected, result.seen_detection_rate, result.unseen_detection_rate)
    return (
        f"{100 * float(rate):g} %",
        value("false_positive_rate", false_alarms),
        *(value("detection_rate", each) for each in rates),
        value("accuracy", result.accuracy),
        value("macro_f1", result.macro_f1),
        value("precision", precision),
    )
