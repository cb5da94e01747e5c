from __future__ import annotations

import io
import os
import signal
import threading

import pytest
from ray.tune.tune import _setup_signal_catching
from rich.console import Console

from nids.interruption import ENDING
from nids.search.interruption import ENDS_TUNE, ending_gracefully

STOPPING = (
    "Stopping: waiting for the processes of running trials to end; results so far are kept. Press Ctrl-C again to stop "
    "at once.\n"
)


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


@pytest.fixture(autouse=True)
def _as_in_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNE_DISABLE_SIGINT_HANDLER", "1")


def handlers() -> list[object]:
    return [signal.getsignal(number) for number in (*ENDING, ENDS_TUNE)]


@pytest.mark.parametrize("second", ENDING)
@pytest.mark.parametrize("first", ENDING)
def test_the_first_signal_ends_tune_and_says_so_and_the_second_interrupts(
    first: signal.Signals, second: signal.Signals, console: Console
) -> None:
    before = handlers()
    with ending_gracefully(console):
        interrupted = _setup_signal_catching()  # Tune's own
        signal.raise_signal(first)
        assert interrupted.is_set()
        assert console.file.getvalue() == STOPPING  # type: ignore[attr-defined]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(second)
    assert handlers() == before
    assert console.file.getvalue() == STOPPING  # type: ignore[attr-defined]


def test_tune_ends_though_nobody_reads_the_output_any_more() -> None:
    """``nids search | tee log``: Ctrl-C ends both."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe, ending_gracefully(Console(file=pipe)):
        interrupted = _setup_signal_catching()
        signal.raise_signal(signal.SIGINT)
        assert interrupted.is_set()
        with pytest.raises(BrokenPipeError):
            pipe.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), pipe.fileno())  # what is left of the message goes there


def test_before_tune_runs_a_signal_interrupts(console: Console) -> None:
    before = handlers()
    with pytest.raises(KeyboardInterrupt), ending_gracefully(console):
        signal.raise_signal(signal.SIGINT)
    assert handlers() == before
    assert console.file.getvalue() == ""  # type: ignore[attr-defined]


def test_another_thread_gets_no_signals_and_changes_nothing(console: Console) -> None:
    before, during = handlers(), []

    def run() -> None:
        with ending_gracefully(console):
            during.append(handlers())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert during == [before]
