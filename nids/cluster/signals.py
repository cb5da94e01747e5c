"""Handlers of signals that a library replaces."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def handler_kept(number: signal.Signals) -> Iterator[None]:
    """Restore the handler of a signal after a block that replaces it; outside the main thread, nothing is changed."""
    former = signal.getsignal(number)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(number, former)
