"""Where the time of a trial goes."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Building and tracing networks, gathering batches, training steps, validation steps.
PARTS = ("tracing", "data", "training", "validation")


class Timer:
    """Adds up the seconds of each of ``PARTS``."""

    def __init__(self) -> None:
        self._seconds = dict.fromkeys(PARTS, 0.0)

    @contextmanager
    def running(self, part: str) -> Iterator[None]:
        """Count the time inside for one of ``PARTS``."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[part] += time.perf_counter() - started

    def take(self) -> dict[str, float]:
        """Return the seconds since the last call, by part, as ``…_seconds``."""
        taken = {f"{part}_seconds": seconds for part, seconds in self._seconds.items()}
        self._seconds = dict.fromkeys(PARTS, 0.0)
        return taken
