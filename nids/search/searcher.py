"""Optuna as Ray Tune's search algorithm."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from optuna.trial import Trial, TrialState
from ray.tune.search import Searcher

if TYPE_CHECKING:
    from collections.abc import Sequence

    import optuna

    from nids.cluster.placement import NodePool
    from nids.search_space import Space


class StudySearcher(Searcher):
    """Asks a study for points and tells it what became of them.

    Ray's own ``OptunaSearch`` cannot be used: it tells Optuna that a trial which the scheduler stopped is complete,
    leaves one whose value is not a number running for ever, and cannot take a stored study over after a crash without
    running finished trials again. This goes through the public ask-and-tell interface alone, and keeps no state of
    its own that would have to survive: the run store holds it.

    Args:
        study: Where points come from; its waiting trials come first.
        space: What is suggested.
        pools: Where trials run: each is given the first one that has room. No more trials are ever asked for than
            all of them hold.
    """

    def __init__(self, study: optuna.Study, space: Space, pools: Sequence[NodePool]) -> None:
        super().__init__(metric="value", mode="min" if study.direction.name == "MINIMIZE" else "max")
        self._study = study
        self._space = space
        self._pools = pools
        self._pool_of: dict[str, int] = {}
        self._asked: dict[str, Trial] = {}
        self._epochs: dict[str, int] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Return nothing: Tune pickles its search algorithm for a restore that is never made of it."""
        return {}

    def suggest(self, trial_id: str) -> dict[str, Any]:
        """Return the next trial's number in the study, its hyperparameters, and the position of its pool."""
        trial = self._asked[trial_id] = self._study.ask(self._space)
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
        if error or result is None or result.get("failed"):
            if result and result.get("failed"):
                self._asked[trial_id].set_user_attr("error", result["failed"])
            self._study.tell(self._asked[trial_id], state=TrialState.FAIL)
        else:
            # The result at which the scheduler stopped the trial reaches the searcher here and nowhere else.
            self._report(trial_id, result)
            if result["finished"]:
                self._study.tell(self._asked[trial_id], result["value"])
            else:
                self._study.tell(self._asked[trial_id], state=TrialState.PRUNED)
        del self._asked[trial_id], self._pool_of[trial_id]
        self._epochs.pop(trial_id, None)

    def _report(self, trial_id: str, result: dict[str, Any]) -> None:
        # A trial that was started again after a fault goes through the same epochs once more.
        if result["epoch"] > self._epochs.get(trial_id, 0):
            self._asked[trial_id].report(result["value"], result["epoch"])
            self._epochs[trial_id] = result["epoch"]

    def save(self, checkpoint_path: str) -> None:
        """Save nothing: an interrupted search goes on from the run store."""

    def restore(self, checkpoint_path: str) -> None:
        """Restore nothing, as ``save`` says."""
