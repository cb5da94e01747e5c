"""Optuna as Ray Tune's search algorithm."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from optuna.trial import Trial, TrialState
from ray.tune.search import Searcher

from nids.search.known_points import REPEATS, KnownPoints, Result, result_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import optuna
    from optuna.trial import FrozenTrial

    from nids.cluster.placement import NodePool
    from nids.search.budget import Budget
    from nids.search_space import Space


class StudySearcher(Searcher):
    """Asks a study for points and tells it what became of them.

    Ray's own ``OptunaSearch`` cannot be used: it tells Optuna that a trial which the scheduler stopped is complete,
    leaves one whose value is not a number running for ever, and cannot take a stored study over after a crash without
    running finished trials again. This goes through the public ask-and-tell interface alone, and keeps no state of
    its own that would have to survive: the run store holds it.

    A point that a trial has been at is not trained again: its trial gets the known result at once. If the earlier trial
    still runs, it is waited for.

    Args:
        study: Where points come from; its waiting trials come first.
        space: What is suggested.
        pools: Where trials run: each is given the first one that has room. No more trials are ever asked for than
            all of them hold.
        budget: What ends the search. Trials that were interrupted are run to their end all the same.
        known: Points of the trials that earlier drivers have ended.
        on_repeated: Called with the trial at each point that is known, and with the result.
    """

    def __init__(
        self,
        study: optuna.Study,
        space: Space,
        pools: Sequence[NodePool],
        budget: Budget,
        known: KnownPoints,
        on_repeated: Callable[[Trial, Result], object] = lambda *_: None,
    ) -> None:
        super().__init__(metric="value", mode="min" if study.direction.name == "MINIMIZE" else "max")
        self._study = study
        self._space = space
        self._pools = pools
        self._pool_of: dict[str, int] = {}
        self._asked: dict[str, Trial] = {}
        self._epochs: dict[str, int] = {}
        self._budget = budget
        self._known = known
        self._on_repeated = on_repeated
        self._left = budget.search.trials - sum(trial.state.is_finished() for trial in study.get_trials(deepcopy=False))
        self._waiting = len(study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))
        self._repeats_to_come = 0

    def __getstate__(self) -> dict[str, Any]:
        """Return nothing: Tune pickles its search algorithm for a restore that is never made of it."""
        return {}

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """Return the next trial's number in the study, its hyperparameters, and the position of its pool.

        Returns:
            ``FINISHED`` if there are to be no more trials; None if there is none for now.
        """
        while True:
            if self._left <= 0 or (self._waiting <= 0 and self._budget.is_spent()):
                return Searcher.FINISHED
            # Beyond as many as could run, further suggestions would rest on nothing new.
            if self._repeats_to_come >= sum(pool.capacity for pool in self._pools):
                return None
            trial = self._study.ask(self._space)
            self._left -= 1
            self._waiting -= 1
            if (result := self._known.result(trial.params)) is not None:
                self._repeat(trial, result)
            elif self._known.enter(trial):
                break
            else:
                self._repeats_to_come += 1
        self._asked[trial_id] = trial
        taken = Counter(self._pool_of.values())
        room = (i for i, pool in enumerate(self._pools) if taken[i] < pool.capacity)
        self._pool_of[trial_id] = next(room)
        return {"number": trial.number, "hyperparameters": trial.params, "pool": self._pool_of[trial_id]}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Keep the value after an epoch."""
        if not result.get("failed"):
            self._report(trial_id, result)

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Tell the study how the trial ended: complete, pruned by the scheduler, or failed."""
        trial = self._asked[trial_id]
        came: Result | None = None
        if error or result is None or result.get("failed"):
            if result and result.get("failed"):
                trial.set_user_attr("error", result["failed"])
            self._study.tell(trial, state=TrialState.FAIL)
        else:
            # The result at which the scheduler stopped the trial reaches the searcher here and nowhere else.
            self._report(trial_id, result)
            ended = self._tell(trial, result["value"] if result["finished"] else None)
            came = result_of(ended)
        del self._asked[trial_id], self._pool_of[trial_id]
        self._epochs.pop(trial_id, None)
        for repeated in self._known.leave(trial.params, came):
            self._repeats_to_come -= 1
            if came is None:
                repeated.set_user_attr("error", f"trial {trial.number}, at the same point, failed")
                self._study.tell(repeated, state=TrialState.FAIL)
                self._on_repeated(repeated, Result(trial.number, TrialState.FAIL, math.nan, {}))
            else:
                self._repeat(repeated, came)

    def _tell(self, trial: Trial, value: float | None) -> FrozenTrial:
        """Tell the study that a trial is complete or, without a value, pruned."""
        self._budget.take_in(value)
        return self._study.tell(trial, value, TrialState.PRUNED if value is None else None)

    def _repeat(self, trial: Trial, known: Result) -> None:
        """Give a trial the result of the one that was at its point."""
        trial.set_user_attr(REPEATS, known.number)
        for epoch, value in known.intermediate_values.items():
            trial.report(value, epoch)
        self._tell(trial, known.value if known.state == TrialState.COMPLETE else None)
        self._on_repeated(trial, known)

    def _report(self, trial_id: str, result: dict[str, Any]) -> None:
        # A trial that was started again after a fault goes through the same epochs once more.
        if result["epoch"] > self._epochs.get(trial_id, 0):
            self._asked[trial_id].report(result["value"], result["epoch"])
            self._epochs[trial_id] = result["epoch"]

    def save(self, checkpoint_path: str) -> None:
        """Save nothing: an interrupted search goes on from the run store."""

    def restore(self, checkpoint_path: str) -> None:
        """Restore nothing, as ``save`` says."""
