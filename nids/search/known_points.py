"""Points of a search space that a trial has been at: none is trained twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from optuna.trial import TrialState

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from optuna.trial import FrozenTrial, Trial

# What Optuna's trial at a known point says of it: the number of the trial that was trained.
DUPLICATE_OF = "duplicate_of"


@dataclass(frozen=True)
class Result:
    """How the trial at a point ended: complete or pruned.

    Attributes:
        number: The trial's number.
        values: What it reached in each objective; nothing if it was pruned.
        intermediate_values: The metric's best value so far after each epoch, as far as the study has them.
        constraints: Limit → by how much it is beyond that.
    """

    number: int
    values: tuple[float, ...]
    intermediate_values: Mapping[int, float]
    constraints: Mapping[str, float]


@dataclass
class _Point:
    """A point: what came of it, and the trials that are to have the same as soon as it is known."""

    result: Result | None = None
    waiting: list[Trial] = field(default_factory=list)


class KnownPoints:
    """Knows for each point whether a trial is there, or has been, and what came of it.

    All trials of a search have the same folds and seeds, so that the same point gives the same result. A trial that
    failed tells nothing of its point, since its machine may have been the cause.

    Args:
        ended: Trials that earlier drivers have ended, with the numbers that their run gives them.
    """

    def __init__(self, ended: Iterable[FrozenTrial] = ()) -> None:
        self._points: dict[Hashable, _Point] = {}
        for trial in ended:
            if trial.state != TrialState.FAIL and DUPLICATE_OF not in trial.user_attrs:
                self._points[_key(trial.params)] = _Point(result_of(trial, trial.number))

    def result(self, params: Mapping[str, Any]) -> Result | None:
        """Return what came of a point; None if nobody knows yet."""
        point = self._points.get(_key(params))
        return point.result if point else None

    def enter(self, trial: Trial) -> bool:
        """Enter a new trial, and return whether it is the first one at its point. Another one waits for its result."""
        point = self._points.get(_key(trial.params))
        if point is None:
            self._points[_key(trial.params)] = _Point()
        else:
            point.waiting.append(trial)
        return point is None

    def leave(self, params: Mapping[str, Any], result: Result | None) -> list[Trial]:
        """Note how the trial at a point ended, None if it failed; return the trials that waited for that."""
        point = self._points.pop(_key(params))
        if result is not None:
            self._points[_key(params)] = _Point(result)
        return point.waiting


def result_of(trial: FrozenTrial, number: int) -> Result:
    """Return the result of a trial that has been completed or pruned, which its run gives this number."""
    # Optuna gives a pruned trial its last intermediate value.
    values = trial.values if trial.state == TrialState.COMPLETE else ()
    return Result(number, tuple(values), trial.intermediate_values, trial.constraints)


def _key(params: Mapping[str, Any]) -> Hashable:
    return tuple(sorted(params.items()))
