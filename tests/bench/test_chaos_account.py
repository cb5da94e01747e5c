from __future__ import annotations

from typing import Any

from nids.bench.chaos_account import lost_epochs, seconds_until_running


def entries(*told: tuple[str, int, int, int]) -> list[dict[str, Any]]:
    return [
        {"event": event, "trial": trial, "pid": pid, "epoch": epoch, "time": float(second)}
        for second, (event, trial, pid, epoch) in enumerate(told)
    ]


def test_an_epoch_is_lost_once_and_where_it_was_trained() -> None:
    trained = entries(
        ("begins", 0, 1, 0),
        ("begins", 1, 2, 0),
        ("ended", 0, 1, 1),
        ("ended", 0, 1, 2),
        ("begins", 1, 9, 0),  # it was begun, and did not train
        ("ended", 1, 2, 1),
        ("begins", 0, 3, 1),  # the second epoch was not kept
        ("begins", 0, 4, 1),  # nothing had been trained since
        ("ended", 0, 4, 2),
        ("ended", 0, 4, 3),
        ("ended", 1, 2, 2),
        ("begins", 0, 5, 3),
        ("ended", 0, 5, 4),
    )
    assert lost_epochs(trained) == [1, 0]


def test_the_time_until_a_trial_of_a_killed_node_is_begun_again() -> None:
    trained = entries(("begins", 0, 1, 0), ("begins", 1, 2, 0), ("begins", 0, 3, 0), ("begins", 0, 4, 0))
    assert sorted(seconds_until_running(trained, [(0.5, {0, 1})])) == [0.5, 1.5]
