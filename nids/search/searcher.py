"""Optuna as Ray Tune's search algorithm."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from optuna.trial import Trial, TrialState
from ray.tune.search import Searcher

from nids.search.known_points import DUPLICATE_OF, KnownPoints, Result, result_of
from nids.search.study import INTERRUPTED, first_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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
        on_duplicate: Called with each trial at a point that is known, when it has ended, with its number in the run and
            with the number of the one that was trained there.
    """

    def __init__(
        self,
        study: optuna.Study,
        space: Space,
        pools: Sequence[NodePool],
        budget: Budget,
        known: KnownPoints,
        on_duplicate: Callable[[FrozenTrial, int, int], object] = lambda *_: None,
    ) -> None:
        super().__init__(metric="value", mode=budget.search.metric_direction)
        self._study = study
        self._space = space
        self._pools = pools
        self._pool_of: dict[str, int] = {}
        self._asked: dict[str, Trial] = {}
        self._epochs: dict[str, int] = {}
        self._objectives = budget.search.measures if budget.search.objectives else ()
        self._limits = budget.search.limits
        self._needed = (*self._objectives, *(limit.name for limit in self._limits))
        self._best: dict[str, Mapping[str, float]] = {}  # report of the best epoch of each trial that runs
        self._budget = budget
        self._known = known
        self._on_duplicate = on_duplicate
        self._first = first_number(study)
        ended = sum(trial.state.is_finished() for trial in study.get_trials(deepcopy=False)) - self._first
        self._left = budget.search.trials - ended
        waiting = study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
        self._interrupted = sum(INTERRUPTED in trial.user_attrs for trial in waiting)
        self._waiting_duplicates = 0
        self._bereft: list[Trial] = []  # waited for a trial at their point that was lost

    def __getstate__(self) -> dict[str, Any]:
        """Return nothing: Tune pickles its search algorithm for a restore that is never made of it."""
        return {}

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """Return the next trial's number in the run, its hyperparameters, and the position of its pool.

        Returns:
            ``FINISHED`` if there are to be no more trials; None if there is none for now.
        """
        while True:
            if self._bereft:
                trial = self._bereft.pop()
                break
            if self._left <= 0 or (self._interrupted <= 0 and self._budget.is_spent()):
                return None if self._waiting_duplicates else Searcher.FINISHED
            # Beyond as many as could run, further suggestions would rest on nothing new.
            if self._waiting_duplicates >= sum(pool.capacity for pool in self._pools):
                return None
            trial = self._study.ask(self._space)
            self._left -= 1
            # They have the least numbers of those that wait, and so come first.
            self._interrupted -= INTERRUPTED in trial.user_attrs
            if (result := self._known.result(trial.params)) is not None:
                self._end_duplicate(trial, result)
            elif self._known.enter(trial):
                break
            else:
                self._waiting_duplicates += 1
        self._asked[trial_id] = trial
        taken = Counter(self._pool_of.values())
        room = (i for i, pool in enumerate(self._pools) if taken[i] < pool.capacity)
        self._pool_of[trial_id] = next(room)
        return {"number": trial.number - self._first, "hyperparameters": trial.params, "pool": self._pool_of[trial_id]}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Keep the value after an epoch."""
        if not result.get("failed"):
            self._report(trial_id, result)

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Tell the study how the trial ended: complete, pruned by the scheduler, or failed."""
        trial = self._asked[trial_id]
        if error or result is None or result.get("failed"):
            came = None
            self._fail(trial, (result or {}).get("failed"))
        else:
            # The result at which the scheduler stopped the trial reaches the searcher here and nowhere else.
            self._report(trial_id, result)
            came = self._end(trial, result, self._best.get(trial_id, {}))
        del self._asked[trial_id], self._pool_of[trial_id]
        for known in (self._epochs, self._best):
            known.pop(trial_id, None)
        number, lost = trial.number - self._first, error or result is None
        for duplicate in self._known.leave(trial.params, came):
            if came is None and lost:  # which tells nothing of its point: the first one that waited takes its place
                if self._known.enter(duplicate):
                    self._waiting_duplicates -= 1
                    self._bereft.append(duplicate)
                continue
            self._waiting_duplicates -= 1
            if came is None:
                ended = self._fail(duplicate, f"trial {number}, at the same point, failed")
                self._on_duplicate(ended, duplicate.number - self._first, number)
            else:
                self._end_duplicate(duplicate, came)

    def _end(self, trial: Trial, result: dict[str, Any], best: Mapping[str, float]) -> Result | None:
        """Tell the study what a trial has reached, and return it; None if it failed.

        Args:
            trial: The trial.
            result: Its last result.
            best: The report of its best epoch, where objectives or constraints need it.
        """
        if missing := [name for name in self._needed if math.isnan(best[name])]:
            self._fail(trial, f"{missing[0]} has no value on these folds")
            return None
        for limit in self._limits:
            trial.set_constraint(str(limit), limit.excess(best[limit.name]))
        values = [best[name] for name in self._objectives] or [result["value"]]
        return result_of(self._tell(trial, values if result["finished"] else ()), trial.number - self._first)

    def _tell(self, trial: Trial, values: Sequence[float]) -> FrozenTrial:
        """Tell the study that a trial is complete or, without values, pruned."""
        told = self._study.tell(trial, values or None, None if values else TrialState.PRUNED)
        self._budget.take_in(told)
        return told

    def _fail(self, trial: Trial, reason: str | None) -> FrozenTrial:
        if reason:
            trial.set_user_attr("error", reason)
        return self._study.tell(trial, state=TrialState.FAIL)

    def _end_duplicate(self, trial: Trial, known: Result) -> None:
        """Give a trial the result of the one that was at its point."""
        trial.set_user_attr(DUPLICATE_OF, known.number)
        for limit, excess in known.constraints.items():
            trial.set_constraint(limit, excess)
        if not self._objectives:
            for epoch, value in known.intermediate_values.items():
                trial.report(value, epoch)
        self._on_duplicate(self._tell(trial, known.values), trial.number - self._first, known.number)

    def _report(self, trial_id: str, result: dict[str, Any]) -> None:
        if self._needed:
            (report,) = result["report"]
            if report["best_epoch"] == report["epoch"]:
                self._best[trial_id] = report
        # A trial that was started again after a fault goes through the same epochs once more. Of several objectives,
        # Optuna takes no intermediate values.
        if not self._objectives and result["epoch"] > self._epochs.get(trial_id, 0):
            self._asked[trial_id].report(result["value"], result["epoch"])
            self._epochs[trial_id] = result["epoch"]

    def save(self, checkpoint_path: str) -> None:
        """Save nothing: an interrupted search goes on from the run store."""

    def restore(self, checkpoint_path: str) -> None:
        """Restore nothing, as ``save`` says."""
