"""Trials that take their time and keep a log, for a search under faults."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from nids.search.trainable import TrialProcess

# Where the log is: in the environment, as trials' processes are far from whoever decides it.
LOG = "NIDS_CHAOS_LOG"
# What each epoch takes beside its training, so that a fault finds many in the middle of one.
PAUSE = 2.5


class Logged(TrialProcess):
    """A real trial whose epochs are written down as they begin and end."""

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Begin the next trial."""
        done = super().reset_config(new_config)
        self._number = new_config["number"]
        self._log("begins", 0)
        return done

    def step(self) -> dict[str, Any]:
        """Return the report of one more epoch."""
        result = super().step()
        for report in result.get("report", ()):  # a trial that failed has none
            if not report.get("replayed"):
                time.sleep(PAUSE)
                self._log("ended", report["epoch"])
        return result

    def _log(self, event: str, epoch: int) -> None:
        entry = {"time": time.time(), "pid": os.getpid(), "trial": self._number, "event": event, "epoch": epoch}
        # Lines of several processes: each is written at once, at the end of the file.
        with open(os.environ[LOG], "ab", buffering=0) as log:  # noqa: PTH123 - a pathlib.Path would add nothing
            log.write(f"{json.dumps(entry)}\n".encode())
