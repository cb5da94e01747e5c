"""Where a study is kept: Optuna's journal, at the same cost for the ten-thousandth trial as for the hundredth."""

from __future__ import annotations

import copy
import heapq
from collections import deque
from typing import TYPE_CHECKING

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from pathlib import Path

    from optuna.trial import FrozenTrial

# A sampler sees so many of the trials that ended last, and of those before them so many of the best.
LATEST, BEST = 300, 30


class StudyJournal(JournalStorage):
    """A journal that keeps everything and shows its study the latest trials, the best ones and the unfinished ones.

    Whatever a study does begins with a list of all trials, and TPE builds a density with a kernel for each: with
    10,000 of them, a suggestion would cost more than everything else that the driver does for a trial. TPE's "good"
    density never holds more than 25 trials, which are all among those shown; the others stand for the rest of the
    space as well by some hundreds as by thousands. Optuna's own classes read the whole study from the same file.

    Holds one study, whose only writer it is.

    Args:
        path: The file.
        maximize: Whether larger values are better.
    """

    def __init__(self, path: Path, *, maximize: bool) -> None:
        super().__init__(JournalFileBackend(str(path)))
        self._sign = 1 if maximize else -1
        self._unfinished: set[int] = set()
        self._latest: deque[FrozenTrial] = deque()
        self._best: list[tuple[float, int, FrozenTrial]] = []  # a heap, the worst of them first

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
        shown = [trial for _, _, trial in self._best] + [*self._latest, *unfinished]
        chosen = [trial for trial in shown if states is None or trial.state in states]
        chosen.sort(key=lambda trial: trial.number)
        return copy.deepcopy(chosen) if deepcopy else chosen

    def _finish(self, trial_id: int) -> None:
        self._unfinished.discard(trial_id)
        self._latest.append(self.get_trial(trial_id))
        if len(self._latest) <= LATEST:
            return
        earlier = self._latest.popleft()
        if earlier.state == TrialState.COMPLETE:
            add = heapq.heappush if len(self._best) < BEST else heapq.heappushpop
            add(self._best, (self._sign * earlier.values[0], -earlier.number, earlier))
