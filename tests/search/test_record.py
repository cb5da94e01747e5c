from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nids.metrics.measures import applicable
from nids.results import SECONDS
from nids.search.record import Record

CLASSES = ("Normal", "DoS")
STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TIMES = {name: 1.0 + i for i, name in enumerate(SECONDS)}
ATTACK = {"attack": "neptune", "class": "DoS", "unseen": True, "rows": 8, "detected": 6, "correct": 5}
RIGHT, WRONG = [[6, 2], [0, 8]], [[0, 8], [8, 0]]


def report(
    epoch: int, *, best_epoch: int, value: float, finished: bool = False, confusion: list[list[int]] = WRONG
) -> dict[str, Any]:
    """Return what a trial of one fold reports; each figure is the epoch's number and a bit."""
    figures = {name: epoch + i / 8 for i, name in enumerate(applicable(unseen=False))}
    fold = {"fold": 0, "training_loss": 0.5, **TIMES, **figures, "confusion": confusion, "attacks": [ATTACK]}
    spread = {f"{name}_std": 0.0 for name in applicable(unseen=False)}
    return {
        "epoch": epoch,
        "finished": finished,
        "value": value,
        "best_epoch": best_epoch,
        **figures,
        **spread,
        "folds": [fold],
    }


def test_record_rows() -> None:
    record = Record(3, {"learning_rate": 0.5}, STARTED)
    record.add(report(1, best_epoch=1, value=4.0, confusion=RIGHT))
    record.add(report(2, best_epoch=1, value=4.0, finished=True))
    record.state, record.ended = "COMPLETE", STARTED + timedelta(seconds=90)
    record.system_attrs = {"noted": 1}
    first, second = ({name: epoch + i / 8 for i, name in enumerate(applicable(unseen=False))} for epoch in (1, 2))
    curve = {"trial": 3, "fold": 0, "training_loss": 0.5, **TIMES}
    key = {"trial": 3, "fold": 0}
    assert record.rows(CLASSES) == {
        "trials": [
            {
                "trial": 3,
                "state": "COMPLETE",
                "value": 4.0,
                "best_epoch": 1,
                "epochs": 2,
                "started": STARTED,
                "ended": STARTED + timedelta(seconds=90),
                "seconds": 90.0,
                "error": None,
                "duplicate_of": None,
                "system_attrs": '{"noted": 1}',
                "params_learning_rate": 0.5,
                **first,
                **{f"{name}_std": 0.0 for name in applicable(unseen=False)},
            }
        ],
        "curves": [{**curve, "epoch": 1, **first}, {**curve, "epoch": 2, **second}],
        "attacks": [{**key, **ATTACK}],
        # Those of the best epoch, not of the last one.
        "classes": [
            {
                **key,
                "class": "Normal",
                "precision": 1.0,
                "recall": 0.75,
                "f1": pytest.approx(6 / 7),
                "false_positive_rate": 0.0,
                "support": 8,
            },
            {
                **key,
                "class": "DoS",
                "precision": 0.8,
                "recall": 1.0,
                "f1": pytest.approx(8 / 9),
                "false_positive_rate": 0.25,
                "support": 8,
            },
        ],
        "confusions": [
            {**key, "actual": "Normal", "predicted": "Normal", "count": 6},
            {**key, "actual": "Normal", "predicted": "DoS", "count": 2},
            {**key, "actual": "DoS", "predicted": "Normal", "count": 0},
            {**key, "actual": "DoS", "predicted": "DoS", "count": 8},
        ],
    }


def test_record_rows_before_the_first_report() -> None:
    rows = Record(0, {"learning_rate": 0.5}, STARTED).rows(CLASSES)
    (trial,) = rows.pop("trials")
    assert rows == {"classes": [], "confusions": [], "attacks": [], "curves": []}
    assert trial.pop("seconds") > 0
    assert trial == {
        "trial": 0,
        "state": "RUNNING",
        "value": None,
        "best_epoch": None,
        "epochs": 0,
        "started": STARTED,
        "ended": None,
        "error": None,
        "duplicate_of": None,
        "system_attrs": None,
        "params_learning_rate": 0.5,
    }


def test_record_add_of_a_second_start_begins_the_curve_anew() -> None:
    record = Record(0, {}, STARTED)
    for epoch, best_epoch in [(1, 1), (2, 2), (1, 1), (2, 1)]:
        record.add(report(epoch, best_epoch=best_epoch, value=1.0))
    rows = record.rows(CLASSES)
    assert [row["epoch"] for row in rows["curves"]] == [1, 2]
    assert (rows["trials"][0]["epochs"], rows["trials"][0]["best_epoch"]) == (2, 1)


def test_record_counts_the_time_before_a_second_start() -> None:
    record = Record(0, {}, STARTED, ended=STARTED + timedelta(seconds=1.5))
    assert record.rows(CLASSES)["trials"][0]["seconds"] == 1.5
    for epoch in (1, 2):
        record.add(report(epoch, best_epoch=1, value=1.0))
    assert record.rows(CLASSES)["trials"][0]["seconds"] == 2 * TIMES["seconds"] == 2.0
