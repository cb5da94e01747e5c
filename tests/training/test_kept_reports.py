from __future__ import annotations

import copy
import math
from typing import Any

import pytest

from nids.metrics.measures import applicable
from nids.training.kept_reports import are_reports
from nids.training.timer import PARTS

FIGURES = dict.fromkeys(applicable(unseen=True), 0.5)
ATTACK = {"attack": "smurf", "class": "DoS", "unseen": False, "rows": 3, "detected": 2, "correct": 1}
FOLDS = [
    {
        "fold": number,
        "training_loss": 0.5,
        **FIGURES,
        "confusion": [[1, 2], [3, 4]],
        "attacks": [ATTACK],
        "seconds": 1.5,
        **{f"{part}_seconds": 0.0 for part in PARTS},
    }
    for number in (1, 2)
]
STDS = {f"{name}_std": 0.0 for name in FIGURES}
REPORTS = [
    {"epoch": epoch, "finished": False, "value": 0.5, "best_epoch": 1, **FIGURES, **STDS, "folds": FOLDS}
    for epoch in (1, 2)
]


def changed(path: tuple[Any, ...], value: Any) -> list[Any]:
    reports: Any = copy.deepcopy(REPORTS)
    place = reports
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return list(reports)


def test_reports_of_a_trial_are_reports() -> None:
    assert are_reports(REPORTS, [1, 2], 2)
    assert are_reports([], [1, 2], 2)
    assert are_reports(changed((1, "folds", 0, "log_loss"), math.nan), [1, 2], 2)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((0,), 1),
        ((0,), {}),
        ((0, "epoch"), 2),
        ((1, "epoch"), True),
        ((1, "finished"), True),
        ((1, "best_epoch"), 3),
        ((1, "value"), "0.5"),
        ((1, "value"), math.inf),
        ((1, "log_loss_std"), None),
        ((1, "log_loss"), 10**400),
        ((1, "more"), 0.5),
        ((1, "folds"), FOLDS[:1]),
        ((1, "folds"), FOLDS[::-1]),
        ((1, "folds", 1), []),
        ((1, "folds", 1, "training_loss"), math.nan),
        ((1, "folds", 1, "seconds"), "1"),
        ((1, "folds", 1, "more"), 1),
        ((1, "folds", 1, "confusion"), [[1, 2]]),
        ((1, "folds", 1, "confusion", 0), [1, -2]),
        ((1, "folds", 1, "confusion", 0), [1, 2.5]),
        ((1, "folds", 1, "attacks"), {}),
        ((1, "folds", 1, "attacks", 0), {**ATTACK, "more": 1}),
        ((1, "folds", 1, "attacks", 0, "rows"), 1 << 63),
        ((1, "folds", 1, "attacks", 0, "unseen"), 1),
    ],
    ids=str,
)
def test_what_is_no_report_is_told_apart(path: tuple[Any, ...], value: Any) -> None:
    assert not are_reports(changed(path, value), [1, 2], 2)
