"""Handlers of signals that a library replaces."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def before_import() -> None:
    """Have the code of Ray in C++ leave signals alone, if Ray is not imported yet.

    On SIGTERM, it prints its stack and aborts. Processes of a cluster that is started here inherit this, which costs
    their logs a stack where they crash.
    """
    os.environ.setdefault("RAY_DISABLE_FAILURE_SIGNAL_HANDLER", "1")


@contextmanager
def handlers_of_ray_left_out() -> Iterator[None]:
    """Have Ray's code in Python install no handler of SIGTERM in a block that connects to a cluster, or starts one.

    It drains the node for long, and then exits as if an error had occurred.
    """
    from ray._private import utils  # Ray asks nobody whether it may

    former = utils.set_sigterm_handler
    utils.set_sigterm_handler = lambda _handler: None
    try:
        yield
    finally:
        utils.set_sigterm_handler = former


@contextmanager
def handler_kept(number: signal.Signals) -> Iterator[None]:
    """Restore the handler of a signal after a block that replaces it; outside the main thread, nothing is changed."""
    former = signal.getsignal(number)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(number, former)
