"""Whether reports that were kept can be a trial's: somebody else may have written them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nids.metrics.measures import ON_FOLDS, applicable
from nids.training.timer import PARTS

if TYPE_CHECKING:
    from collections.abc import Sequence

_LARGEST = 1 << 63  # what tables hold
_NEEDED = {*applicable(unseen=False)}
_OF_FOLD = {"fold", "training_loss", "confusion", "attacks", "seconds", *(f"{part}_seconds" for part in PARTS)}
_OF_ATTACK = {"attack": str, "class": str, "unseen": bool, "rows": int, "detected": int, "correct": int}


def are_reports(reports: Sequence[Any], folds: Sequence[int], classes: int, on_demand: Sequence[str] = ()) -> bool:
    """Return whether these can be the reports of a trial's first epochs, after which it goes on.

    Args:
        reports: As ``nids.training.trial.run_trial`` yields them.
        folds: The numbers of the trial's folds.
        classes: Number of classes.
        on_demand: The measures that the search asked for.
    """
    return all(_is_report(report, epoch, folds, classes, {*on_demand}) for epoch, report in enumerate(reports, 1))


def _is_report(report: Any, epoch: int, folds: Sequence[int], classes: int, on_demand: set[str]) -> bool:
    if not isinstance(report, dict):
        return False
    figures = {name: report[name] for name in report.keys() - {"epoch", "finished", "best_epoch", "folds"}}
    names = figures.keys() & {*ON_FOLDS, *on_demand}
    kept = report.get("folds")
    return (
        _is_count(report.get("epoch"))
        and report["epoch"] == epoch
        and report.get("finished") is False
        and _is_count(report.get("best_epoch"))
        and 1 <= report["best_epoch"] <= epoch
        and names >= _NEEDED | on_demand
        and figures.keys() == {"value", *names, *(f"{name}_std" for name in names)}
        and all(map(_is_figure, figures.values()))
        and isinstance(kept, list)
        and len(kept) == len(folds)
        and all(_is_fold(each, number, names, classes) for each, number in zip(kept, folds, strict=True))
    )


def _is_fold(fold: Any, number: int, names: set[str], classes: int) -> bool:
    if not isinstance(fold, dict) or not fold.keys() >= _OF_FOLD | names:
        return False
    figures = fold.keys() - _OF_FOLD  # one without unseen attacks has fewer than another
    confusion, attacks = fold["confusion"], fold["attacks"]
    return (
        _is_count(fold["fold"])
        and fold["fold"] == number
        and figures <= {*ON_FOLDS, *names}
        and all(_is_figure(fold[name]) for name in figures)
        and all(
            _is_figure(fold[name]) and not math.isnan(fold[name])
            for name in _OF_FOLD - {"fold", "confusion", "attacks"}
        )
        and isinstance(confusion, list)
        and len(confusion) == classes
        and all(isinstance(row, list) and len(row) == classes and all(map(_is_count, row)) for row in confusion)
        and isinstance(attacks, list)
        and all(map(_is_attack, attacks))
    )


def _is_attack(attack: Any) -> bool:
    return (
        isinstance(attack, dict)
        and attack.keys() == _OF_ATTACK.keys()
        and all(
            _is_count(attack[name]) if kind is int else isinstance(attack[name], kind)
            for name, kind in _OF_ATTACK.items()
        )
    )


def _is_figure(value: Any) -> bool:
    """Return whether it is a number; NaN is a figure that does not exist for some rows."""
    return (isinstance(value, float) and not math.isinf(value)) or _is_count(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST
