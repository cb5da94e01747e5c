"""Trials that make no progress: their process is ended, so that they do not hold their slot for ever."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ray
from ray import tune

from nids.metrics.formatting import duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from ray.tune.experiment import Trial

# A trial hangs when an epoch takes so many times as long as its longest one so far, and no less than so many seconds.
TIMES_ITS_LONGEST, AT_LEAST = 10, 300.0
# In its first one, it hangs after so many times the longest one of other trials, whose networks may be far smaller.
TIMES_THE_LONGEST_OF_OTHERS, AT_LEAST_AT_FIRST = 100, 1800.0
# A driver that was held up itself has not seen what its trials did meanwhile: that time is not theirs.
LONGEST_GLANCE = 5.0


@dataclass
class _Epoch:
    """The epoch that a trial is in: how long it has been seen to take, in seconds."""

    trial: Trial
    number: int = 1
    seconds: float = 0.0


class Stalls(tune.Callback):
    """Ends the processes of trials that hang; one that hangs twice in the same epoch, or beyond its minutes, fails.

    What hung may have been the machine, so that a trial is started again, from its last checkpoint.

    Args:
        deadline: Seconds that an epoch may take. By default, they follow from the trial's longest epoch so far or, in
            its first one, from the longest of the trials in the same pool of nodes; the very first may take any time.
        say: Called with a line of text when a trial is started again.
        minutes: The most that a trial may take. It looks at the time itself, after each epoch, so that one which is
            seen here is an epoch that takes longer by itself.
    """

    def __init__(
        self,
        deadline: float | None = None,
        say: Callable[[str], object] = lambda _: None,
        minutes: float | None = None,
    ) -> None:
        self._deadline = deadline
        self._most = math.inf if minutes is None else 60 * minutes
        self._say = say
        self._epochs: dict[str, _Epoch] = {}
        self._longest: dict[str, float] = {}  # of each trial that has had an epoch
        self._longest_in_pool: dict[int, float] = {}
        self._hung_in: dict[str, int] = {}  # the epoch
        self._reasons: dict[str, str] = {}
        self._looked = time.monotonic()

    def __getstate__(self) -> dict[str, Any]:
        """Return nothing: Tune pickles its callbacks for a restore that is never made of them."""
        return {}

    def reason(self, trial_id: str) -> str | None:
        """Return why a trial was given up; None if it was not."""
        return self._reasons.get(trial_id)

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Begin to watch."""
        self._epochs[trial.trial_id] = _Epoch(trial)

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **info: Any
    ) -> None:
        """Note how long the epoch took."""
        epoch = self._epochs.get(trial.trial_id)
        if epoch is None:
            return  # it came too late: its process is being ended
        # What comes from a checkpoint comes at once, but says what it took.
        (report,) = result.get("report", [{"folds": []}])
        seconds = max(epoch.seconds, sum(fold["seconds"] for fold in report["folds"]))
        self._longest[trial.trial_id] = max(self._longest.get(trial.trial_id, 0.0), seconds)
        pool = trial.config["pool"]
        self._longest_in_pool[pool] = max(self._longest_in_pool.get(pool, 0.0), seconds)
        self._epochs[trial.trial_id] = _Epoch(trial, result["epoch"] + 1)

    def on_trial_recover(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Watch no more, until it is started again."""
        self._epochs.pop(trial.trial_id, None)

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Forget the trial."""
        for known in (self._epochs, self._longest, self._hung_in):
            known.pop(trial.trial_id, None)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Forget the trial."""
        self.on_trial_complete(iteration, trials, trial)

    def on_step_end(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        """End the processes of trials whose epoch takes too long."""
        now = time.monotonic()
        glance, self._looked = min(now - self._looked, LONGEST_GLANCE), now
        for epoch in list(self._epochs.values()):
            epoch.seconds += glance
            if epoch.seconds > self._allowed(epoch.trial):
                self._end(epoch)

    def _allowed(self, trial: Trial) -> float:
        return min(self._allowed_by_others(trial), self._most)

    def _allowed_by_others(self, trial: Trial) -> float:
        if self._deadline is not None:
            return self._deadline
        if trial.trial_id in self._longest:
            return max(AT_LEAST, TIMES_ITS_LONGEST * self._longest[trial.trial_id])
        of_others = self._longest_in_pool.get(trial.config["pool"], float("inf"))
        return max(AT_LEAST_AT_FIRST, TIMES_THE_LONGEST_OF_OTHERS * of_others)

    def _end(self, epoch: _Epoch) -> None:
        trial = epoch.trial
        found = f"no progress for {duration(epoch.seconds)} in epoch {epoch.number}"
        if self._allowed(trial) == self._most:
            # It would take as long again.
            self._reasons[trial.trial_id] = f"{found}, longer than a trial may take (training.minutes)"
            trial.max_failures = 0
        elif self._hung_in.get(trial.trial_id) != epoch.number:
            self._hung_in[trial.trial_id] = epoch.number
            self._say(f"trial {trial.config['number']}: {found}; its process is ended")
        else:
            self._reasons[trial.trial_id] = f"{found}, when it was started again too"
            trial.max_failures = 0
        del self._epochs[trial.trial_id]
        ray.kill(trial.temporary_state.ray_actor)
