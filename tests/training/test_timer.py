from __future__ import annotations

import time

import pytest

from nids.training.timer import PARTS, Timer


def test_it_adds_up_each_part_until_it_is_read() -> None:
    timer = Timer()
    slept = 0.0
    for _ in range(2):
        started = time.perf_counter()
        with timer.running("data"):
            time.sleep(0.01)
        slept += time.perf_counter() - started
    taken = timer.take()
    assert list(taken) == [f"{part}_seconds" for part in PARTS]
    assert 0.02 <= taken.pop("data_seconds") <= slept
    assert set(taken.values()) == {0.0}
    assert set(timer.take().values()) == {0.0}


def test_a_part_that_ends_in_an_error_counts_too() -> None:
    timer = Timer()
    with pytest.raises(ValueError, match="stop"), timer.running("training"):
        raise ValueError("stop")
    assert timer.take()["training_seconds"] > 0


def test_only_known_parts_are_counted() -> None:
    with pytest.raises(KeyError), Timer().running("lunch"):
        pass
