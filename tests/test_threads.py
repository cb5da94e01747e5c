from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from nids.threads import thread_pool

if TYPE_CHECKING:
    from concurrent.futures import Future


def test_all_work_is_done_at_the_end_of_the_block() -> None:
    with thread_pool(2) as threads:
        squares = [threads.submit(pow, number, 2) for number in range(5)]
    assert [square.done() for square in squares] == [True] * 5
    assert [square.result() for square in squares] == [0, 1, 4, 9, 16]


def test_what_ends_the_block_early_waits_for_no_thread() -> None:
    release = threading.Event()
    work: list[Future[bool]] = []

    def interrupted() -> None:
        with thread_pool(1) as threads:
            work.extend(threads.submit(release.wait) for _ in range(2))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [(one.done(), one.cancelled()) for one in work] == [(False, False), (True, True)]
    release.set()
    assert work[0].result(timeout=60)
