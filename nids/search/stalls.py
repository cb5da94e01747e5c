"""Trials that make no progress: their process is ended, so that they do not hold their slot for ever."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ray
from ray import tune

from nids.metrics.formatting import duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from ray.tune.experiment import Trial

# A trial hangs when an epoch takes so many times as long as the longest one so far, and no less than so many seconds.
TIMES_THE_LONGEST, AT_LEAST = 10, 300.0
# A driver that was held up itself has not seen what its trials did meanwhile: that time is not theirs.
LONGEST_GLANCE = 5.0
# Times that a trial is started again from its last checkpoint: what hung may have been the machine.
CHANCES = 1


@dataclass
class _Epoch:
    """The epoch that a trial is in: how long it has been seen to take, in seconds."""

    trial: Trial
    number: int = 1
    seconds: float = 0.0


class Stalls(tune.Callback):
    """Ends the processes of trials that hang; a trial that hangs again fails.

    Args:
        deadline: Seconds that an epoch may take. By default, they follow from the trial's longest epoch so far or, in
            its first one, from the longest of all trials; the very first may take any time.
        say: Called with a line of text when a trial is started again.
    """

    def __init__(self, deadline: float | None = None, say: Callable[[str], object] = lambda _: None) -> None:
        self._deadline = deadline
        self._say = say
        self._epochs: dict[str, _Epoch] = {}
        self._longest: dict[str, float] = {}  # of each trial that has had an epoch, and of all
        self._chances: dict[str, int] = {}
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
        for key in (trial.trial_id, ""):
            self._longest[key] = max(self._longest.get(key, 0.0), epoch.seconds)
        self._epochs[trial.trial_id] = _Epoch(trial, result["epoch"] + 1)

    def on_trial_recover(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Watch no more, until it is started again."""
        self._epochs.pop(trial.trial_id, None)

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Forget the trial."""
        for known in (self._epochs, self._longest, self._chances):
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
            if epoch.seconds > self._allowed(epoch.trial.trial_id):
                self._end(epoch)

    def _allowed(self, trial_id: str) -> float:
        if self._deadline is not None:
            return self._deadline
        longest = self._longest.get(trial_id, self._longest.get("", float("inf")))
        return max(AT_LEAST, TIMES_THE_LONGEST * longest)

    def _end(self, epoch: _Epoch) -> None:
        trial = epoch.trial
        used = self._chances.get(trial.trial_id, 0)
        found = f"no progress for {duration(epoch.seconds)} in epoch {epoch.number}"
        if used < CHANCES:
            self._chances[trial.trial_id] = used + 1
            self._say(f"trial {trial.config['number']}: {found}; its process is ended")
        else:
            self._reasons[trial.trial_id] = f"{found}, when it was started again too"
            trial.max_failures = 0
        del self._epochs[trial.trial_id]
        ray.kill(trial.temporary_state.ray_actor)
