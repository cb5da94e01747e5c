"""The results on the held-out files: the finalized trial, and the baselines for comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nids.analysis.baselines import name_of
from nids.charts.held_out import OURS
from nids.metrics.detection import precision_at
from nids.metrics.formatting import NONE, interval, mean_and_spread, value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nids.results import Run

HEAD = (
    *("", "accuracy", "macro-F1"),
    *("detection rate, known types", "detection rate, unseen types", "false-alarm rate", "ROC-AUC"),
)
CLASS_HEAD = ("", "rows", "precision", "recall", "F1", "false-positive rate", "ROC-AUC", "PR-AUC")
# Share of attacks in the traffic for which alerts are judged: held-out files have far more than a network has.
BASE_RATE = 0.01


@dataclass(frozen=True)
class HeldOut:
    """One held-out file.

    Attributes:
        file: Its name.
        rows: Of ``HEAD``: the finalized trial, then the baselines.
        notes: What the results are based on.
        classes: Of ``CLASS_HEAD``: the finalized trial's figures of each class, then their macro and weighted averages.
        attacks: Attack type, class, whether training had it, rows, shares flagged and given their class.
        alerts: Of ``alerts_head``: target and measured false-alarm rate, detection rate of all, of known and of unseen
            attacks, and the share of the alerts that are attacks at a base rate.
        ours: What ``nids.metrics.evaluation.evaluate_detector`` says of the finalized trial, None if there is none.
        baselines: Name of each baseline, and what it says of that.
    """

    file: str
    rows: list[tuple[str, ...]]
    notes: list[str]
    classes: list[tuple[str, ...]]
    attacks: list[tuple[str, ...]]
    alerts: list[tuple[str, ...]]
    ours: Mapping[str, Any] | None
    baselines: list[tuple[str, Mapping[str, Any]]]


def alerts_head(base_rate: float) -> tuple[str, ...]:
    """Return the headings of a file's alerts."""
    return (
        "target false-alarm rate",
        "measured",
        "detection rate",
        "known types",
        "unseen types",
        f"alert precision at {100 * base_rate:g} % attacks",
    )


def held_out(run: Run, base_rate: float = BASE_RATE) -> list[HeldOut]:
    """Return what each held-out file says; nothing as long as the run has neither been finalized nor has baselines.

    Args:
        run: The run.
        base_rate: Share of attacks in the traffic for which the precision of alerts is told, 0 to 1.
    """
    final, baselines = run.evaluation("final"), run.evaluation("baselines")
    judged: Mapping[str, Any] = final["held_out"] if final else {}
    others = baselines["held_out"] if baselines else []
    files = list(dict.fromkeys([*judged, *(entry["file"] for entry in others)]))
    return [
        _of_file(file, judged.get(file), [entry for entry in others if entry["file"] == file], base_rate)
        for file in files
    ]


def looks(run: Run) -> str:
    """Return how often models were evaluated on the held-out files; empty if never."""
    accesses = run.manifest.test_set_accesses
    if not accesses:
        return ""
    listed = "; ".join(f"{access.time:%Y-%m-%d %H:%M}, {access.purpose}" for access in accesses)
    return f"Evaluations on the held-out files: {len(accesses)} ({listed})."


def _of_file(file: str, ours: Mapping[str, Any] | None, others: list[Mapping[str, Any]], base_rate: float) -> HeldOut:
    rows = [_row(OURS, ours)] if ours else []
    baselines = [(name_of(entry["model"], entry["resampled"]), entry) for entry in others]
    rows += [_row(name, entry) for name, entry in baselines]
    return HeldOut(
        file,
        rows,
        _notes(ours) if ours else [],
        _classes(ours) if ours else [],
        [_attack(entry) for entry in sorted(ours["attacks"], key=_order)] if ours else [],
        [_alert(rate, found, base_rate) for rate, found in ours["detection"].items()] if ours else [],
        ours,
        baselines,
    )


def _row(name: str, found: Mapping[str, Any]) -> tuple[str, ...]:
    figures = found["figures"]
    return (
        name,
        value("accuracy", figures["accuracy"]),
        value("macro_f1", figures["macro_f1"]),
        value("flagged", found["seen"]["flagged"]),
        value("flagged", found["unseen"]["flagged"]),
        value("false_positive_rate", figures["false_positive_rate"]),
        value("roc_auc", figures["roc_auc"]),
    )


def _notes(ours: Mapping[str, Any]) -> list[str]:
    members = {name: [member[name] for member in ours["members"]] for name in ("accuracy", "macro_f1")}
    ends = {name: interval(name, *ours["intervals"][name]) for name in members}
    notes = [
        f"{ours['rows']:,} rows: {ours['seen']['rows']:,} attacks of known types, {ours['unseen']['rows']:,} of unseen "
        f"types. 95 % bootstrap intervals: accuracy {ends['accuracy']}, macro-F1 {ends['macro_f1']}.",
    ]
    if len(ours["members"]) > 1:
        accuracy, f1 = (
            mean_and_spread(name, float(np.mean(values)), float(np.std(values, ddof=1)))
            for name, values in members.items()
        )
        notes.append(
            f"The detector averages {len(ours['members'])} models. Individually, they reach an accuracy of {accuracy} "
            f"and a macro-F1 of {f1}."
        )
    kinds = ours["calibrated"]
    errors = ", ".join(f"{kind} {value('log_loss', found['log_loss'])}" for kind, found in kinds.items())
    notes.append(f"Log-loss of its probabilities by calibration: {errors}.")
    return notes


def _classes(ours: Mapping[str, Any]) -> list[tuple[str, ...]]:
    rows = [
        (
            found["class"],
            f"{sum(counts):,}",
            *(value(name, found[name]) for name in ("precision", "recall", "f1", "false_positive_rate")),
            *(value(name, found[name]) for name in ("roc_auc", "pr_auc")),
        )
        for found, counts in zip(ours["classes"], ours["confusion"], strict=True)
    ]
    figures = ours["figures"]
    for average in ("macro", "weighted"):
        means = (value(name, figures[f"{average}_{name}"]) for name in ("precision", "recall", "f1"))
        area = value("roc_auc", figures["macro_roc_auc"]) if average == "macro" else NONE
        rows.append((f"{average} average", f"{ours['rows']:,}", *means, NONE, area, NONE))
    return rows


def _order(entry: Mapping[str, Any]) -> tuple[bool, int]:
    return entry["seen"], -entry["rows"]


def _attack(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        entry["attack"],
        entry["class"],
        "known" if entry["seen"] else "unseen",
        f"{entry['rows']:,}",
        value("flagged", entry["flagged"]),
        value("recognized", entry["recognized"]),
    )


def _alert(rate: str, found: Mapping[str, Any], base_rate: float) -> tuple[str, ...]:
    aimed = f"{100 * float(rate):g} %"
    names = ("false_positive_rate", "detection_rate", "seen", "unseen")
    known = found["detection_rate"] is not None and found["false_positive_rate"] is not None
    precision = precision_at(found["detection_rate"], found["false_positive_rate"], base_rate) if known else None
    return (aimed, *(value(name, found[name]) for name in names), value("precision", precision))
