"""Where a study is kept: Optuna's journal, at the same cost for the ten-thousandth trial as for the hundredth."""

from __future__ import annotations

import copy
import heapq
import random
from collections import deque
from typing import TYPE_CHECKING

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from pathlib import Path

    from optuna.trial import FrozenTrial

# A sampler sees so many of the trials that ended last, and, of those before them, so many of the best and so many of
# the others, drawn at random.
LATEST, BEST, OTHERS = 200, 50, 80


class StudyJournal(JournalStorage):
    """A journal that keeps everything and shows its study some of the trials, however many there are.

    Whatever a study does begins with a list of all trials, and TPE builds a density with a kernel for each: with
    10,000 of them, a suggestion would cost more than everything else that the driver does for a trial. TPE's "good"
    density never holds more than 25 trials, which are among the best that are shown; those drawn at random keep the
    other density from becoming that of the latest suggestions. Failed trials tell a sampler nothing and are not shown.
    Optuna's own classes read the whole study from the same file.

    Holds one study, whose only writer it is.

    Args:
        path: The file.
        maximize: Whether larger values are better.
        latest: Trials to show at least, such as those that a sampler waits for before it begins to model.
    """

    def __init__(self, path: Path, *, maximize: bool, latest: int = 0) -> None:
        super().__init__(JournalFileBackend(str(path)))
        self._sign = 1 if maximize else -1
        self._most = max(LATEST, latest)
        self._unfinished: set[int] = set()
        self._latest: deque[FrozenTrial] = deque()
        self._best: list[tuple[float, int, FrozenTrial]] = []  # a heap, the worst of them first
        self._others: list[FrozenTrial] = []
        self._passed = 0  # trials that were drawn from for ``_others``
        self._random = random.Random(0)

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Create a trial and return its id."""
        trial_id = super().create_new_trial(study_id, template_trial)
        self._unfinished.add(trial_id)
        if template_trial is not None and template_trial.state.is_finished():
            self._finish(trial_id)
        return trial_id

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """Change a trial's state; return False if it could not be started."""
        changed = super().set_trial_state_values(trial_id, state, values)
        if state.is_finished():
            self._finish(trial_id)
        return changed

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return the trials that are shown, by number; the arguments are Optuna's."""
        unfinished = [self.get_trial(trial_id) for trial_id in sorted(self._unfinished)]
        shown = [*(trial for _, _, trial in self._best), *self._others, *self._latest, *unfinished]
        chosen = [trial for trial in shown if states is None or trial.state in states]
        chosen.sort(key=lambda trial: trial.number)
        return copy.deepcopy(chosen) if deepcopy else chosen

    def _finish(self, trial_id: int) -> None:
        self._unfinished.discard(trial_id)
        trial = self.get_trial(trial_id)
        if trial.state == TrialState.FAIL:
            return
        self._latest.append(trial)
        if len(self._latest) > self._most:
            self._pass_on(self._latest.popleft())

    def _pass_on(self, trial: FrozenTrial) -> None:
        """Keep one that is no longer among the latest if it is among the best, or else if chance will have it."""
        if trial.state == TrialState.COMPLETE:
            entry = (self._sign * trial.values[0], -trial.number, trial)
            if len(self._best) < BEST:
                heapq.heappush(self._best, entry)
                return
            trial = heapq.heappushpop(self._best, entry)[2]
        # Each of those that come by here is kept with the same probability (Vitter 1985, algorithm R).
        self._passed += 1
        if len(self._others) < OTHERS:
            self._others.append(trial)
        elif (place := self._random.randrange(self._passed)) < OTHERS:
            self._others[place] = trial
