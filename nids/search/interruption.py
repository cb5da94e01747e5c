"""Ctrl-C and SIGTERM during a search: the first ends it gracefully, a second one at once."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from nids.interruption import ENDING, interrupt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

# Tune ends its trials gracefully on this signal as on SIGINT, whose own handler of Tune's says so in its own words.
ENDS_TUNE = signal.SIGUSR1


@contextmanager
def ending_gracefully(console: Console) -> Iterator[None]:
    """End a search gracefully on the first SIGINT (Ctrl-C) or SIGTERM (of a job server), and say what that takes.

    While Tune runs, its trials are ended and their results written. Before and after, and on a second signal, a
    ``KeyboardInterrupt`` is raised. Outside the main thread, which alone gets signals, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: int = signal.SIGINT

    def end_at_once(*_: object) -> None:
        interrupt(received)

    former = {number: signal.getsignal(number) for number in (*ENDING, ENDS_TUNE)}

    def end(number: int, _frame: object) -> None:
        nonlocal received
        received = number
        # First of all: nothing may keep it from Tune, and Tune restores the handler of SIGINT that it found.
        signal.raise_signal(ENDS_TUNE)
        for ending in ENDING:
            signal.signal(ending, interrupt)
        # Whoever reads the output may have got the signal too, and be gone.
        with suppress(OSError, RuntimeError, SystemExit):
            console.print(
                "Stopping: waiting for the processes of running trials to end; results so far are kept. Press Ctrl-C "
                "again to stop at once.",
                highlight=False,
                soft_wrap=True,
            )

    signal.signal(ENDS_TUNE, end_at_once)  # until Tune takes it over
    for number in ENDING:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
