from __future__ import annotations

import io
import signal
import threading

import pytest
from rich.console import Console

from nids.search.interruption import ENDING, ENDS_TUNE, ending_in_good_order

STOPPING = (
    "Stopping: waiting for the processes of running trials to end; results so far are kept. Press Ctrl-C again to stop "
    "at once.\n"
)


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def handlers() -> list[object]:
    return [signal.getsignal(number) for number in (*ENDING, ENDS_TUNE)]


@pytest.mark.parametrize("number", ENDING)
def test_the_first_signal_ends_tune_and_says_so_and_the_second_interrupts(
    number: signal.Signals, console: Console
) -> None:
    before, ended = handlers(), []
    with ending_in_good_order(console):
        signal.signal(ENDS_TUNE, lambda *_: ended.append(True))  # as Tune does
        signal.raise_signal(number)
        assert console.file.getvalue() == STOPPING  # type: ignore[attr-defined]
        assert ended == [True]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert handlers() == before
    assert console.file.getvalue() == STOPPING  # type: ignore[attr-defined]


def test_before_tune_runs_a_signal_interrupts(console: Console) -> None:
    before = handlers()
    with pytest.raises(KeyboardInterrupt), ending_in_good_order(console):
        signal.raise_signal(signal.SIGINT)
    assert handlers() == before


def test_another_thread_gets_no_signals_and_changes_nothing(console: Console) -> None:
    before, during = handlers(), []

    def run() -> None:
        with ending_in_good_order(console):
            during.append(handlers())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert during == [before]
