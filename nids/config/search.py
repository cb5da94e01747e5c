"""The sections of a job on its search: what is searched for, among what, and how long."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from nids.config.samplers import check_options
from nids.config.section import NAME, Section
from nids.errors import beginning, did_you_mean, excerpt
from nids.metrics.formatting import counted
from nids.metrics.limit import Limit
from nids.metrics.measures import OBJECTIVES, ON_FOLDS, described
from nids.metrics.on_demand import NAMES as ON_DEMAND
from nids.metrics.on_demand import is_on_demand

if TYPE_CHECKING:
    from nids.metrics.measure import Direction

# More than any search has: what is counted, listed and walked through stays so within seconds.
MOST_TRIALS = 1_000_000
Scalar = str | bool | int | float


def _metric(value: str) -> str:
    if value not in OBJECTIVES:
        raise ValueError(f"is {excerpt(value)}, but must be one of {', '.join(OBJECTIVES)}")
    return value


def _measured(name: str) -> None:
    """Raise a ValueError if a search computes no measure of a name."""
    if name not in ON_FOLDS and not is_on_demand(name):
        known = tuple(dict.fromkeys((*ON_FOLDS, *ON_DEMAND)))
        raise ValueError(f"{beginning(name)} is not a measure{did_you_mean(name, known)}. Known: {', '.join(known)}")


def _objective(text: str) -> str:
    name, colon, direction = text.rpartition(":")
    name, direction = (name.strip(), direction.strip()) if colon else (text.strip(), "")
    _measured(name)
    expected = described(name).direction
    if direction not in ("", expected):
        raise ValueError(f'{beginning(text)} would look for the worst: write "{name}:{expected}"')
    return f"{name}:{expected}"


def _constraint(text: str) -> str:
    limit = Limit.from_text(text)
    _measured(limit.name)
    return str(limit)


def _run_name(text: str) -> str:
    if not re.fullmatch(NAME, text):
        raise ValueError(f"{excerpt(text)} is not the name of a run (for one trial: --start-from RUN:TRIAL)")
    return text


class Search(Section):
    """What is searched for, and how long."""

    # One of those that the model names.
    space: str = "paper"
    trials: Annotated[int, Field(ge=1, le=MOST_TRIALS)] = 15
    # Hours of searching after which no further trial begins; those that run go on to their end.
    hours: Annotated[float, Field(gt=0)] | None = None
    # Trials in a row that are no better than the best before them, after which no further trial begins.
    patience: Annotated[int, Field(ge=1)] | None = None
    # By how much of the metric a trial has to be better for that.
    min_improvement: Annotated[float, Field(ge=0)] = 0.0
    # Which of Optuna's samplers suggests points; see `nids/config/samplers.py`.
    sampler: Literal["tpe", "random", "qmc", "nsga2", "nsga3"] = "tpe"
    # Its own options, as Optuna calls them.
    sampler_options: dict[str, Scalar] = {}
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    # What is optimized and, where there are several objectives, still decides on the best epoch and on pruning.
    metric: Annotated[str, AfterValidator(_metric)] = "log_loss"
    # Two or more measures to optimize together, such as "macro_f1:max"; the first one ranks where one has to.
    objectives: Annotated[list[Annotated[str, AfterValidator(_objective)]], Field(max_length=4)] = []
    # Limits that a trial has to keep to be feasible, such as "scoring_seconds <= 60".
    constraints: Annotated[list[Annotated[str, AfterValidator(_constraint)]], Field(max_length=8)] = []
    # Trials at random points before the sampler begins to model the results.
    startup_trials: Annotated[int, Field(ge=1)] = 10
    # Whether the first trial is the model's published point, or its defaults where it has none.
    start_from_paper: bool = True
    # How often the best trials are trained again when the search has ended, with other seeds and on other folds.
    repeats: Annotated[int, Field(ge=0, le=100)] = 0
    # How many of the best trials.
    repeat_best: Annotated[int, Field(ge=1, le=100)] = 5
    # Names of runs in the same storage from whose trials the search learns.
    learn_from: list[Annotated[str, AfterValidator(_run_name)]] = []
    # Points that come next: hyperparameter → value; the sampler chooses those that a point lacks.
    starting_points: list[Annotated[dict[str, Scalar], Field(min_length=1)]] = []

    @model_validator(mode="before")
    @classmethod
    def _has_no_other_end(cls, values: Any) -> Any:
        # Who names hours or patience wants these to end the search.
        if isinstance(values, dict) and "trials" not in values and {"hours", "patience"} & values.keys():
            return {**values, "trials": MOST_TRIALS}
        return values

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len({*self.measures}) < len(self.measures) or len(self.objectives) == 1:
            raise ValueError(
                f"objectives: found {', '.join(self.objectives)}, but two or more different measures are needed. To "
                "optimize one, name it as metric"
            )
        if self.objectives and self.min_improvement:
            raise ValueError(
                f"min_improvement is {self.min_improvement:g}, but each objective has a unit of its own. Leave it "
                "out: a trial is better if no other is at least as good in all of them"
            )
        try:
            check_options(self.sampler, self.sampler_options)
        except ValueError as error:
            raise ValueError(f"sampler_options: {error}") from None
        return self

    @property
    def most_trials(self) -> int | None:
        """The number of trials; None if its hours or its patience alone end the search."""
        return None if self.trials == MOST_TRIALS and (self.hours or self.patience) else self.trials

    @property
    def extent(self) -> str:
        """How long the search goes on, in words: "15 trials", "trials for 2 h", "at most 40 trials in 2 h"."""
        most, hours = self.most_trials, f"{self.hours:g} h" if self.hours else ""
        words = counted(most, "trial") if most else "trials"
        if hours:
            words = f"at most {words} in {hours}" if most else f"{words} for {hours}"
        return f"{words}, until {self.patience} in a row are no better" if self.patience else words

    @property
    def measures(self) -> tuple[str, ...]:
        """What is optimized: the objectives or, without any, the metric. The first one ranks where one has to."""
        return tuple(text.rpartition(":")[0] for text in self.objectives) or (self.metric,)

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Whether less of each of ``measures`` is better, or more."""
        return tuple(described(name).direction for name in self.measures)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The constraints."""
        return tuple(map(Limit.from_text, self.constraints))

    @property
    def on_demand(self) -> tuple[str, ...]:
        """The measures that are computed on the folds for this search alone."""
        asked = dict.fromkeys((*self.measures, *(limit.name for limit in self.limits)))
        return tuple(name for name in asked if is_on_demand(name))

    @property
    def direction(self) -> Direction:
        """Whether less of what ranks is better, or more."""
        return self.directions[0]

    @property
    def metric_direction(self) -> Direction:
        """Whether less of the metric is better, or more."""
        return described(self.metric).direction


class Scheduler(Section):
    """When a trial is given up."""

    # "asha": asynchronous successive halving, "hyperband": the same in brackets that begin later, "median": a trial
    # worse than the median of the others, "none": never.
    kind: Literal["asha", "hyperband", "median", "none"] = "asha"
    # Epochs before a trial may be stopped. Below two, a trial is judged while batch normalisation's running averages
    # still hold their initial values, which is noise.
    grace_period: Annotated[int, Field(ge=1)] = 2
    # One in so many trials goes on at each rung.
    reduction_factor: Annotated[int, Field(ge=2)] = 3
    # Brackets of Hyperband: a trial of the second one is first judged a rung later, and so on.
    brackets: Annotated[int, Field(ge=2, le=10)] = 3
    # Other trials that have come as far, below which the median is not asked for.
    min_samples: Annotated[int, Field(ge=1)] = 3


class Domain(Section):
    """The values that a hyperparameter is searched among: an interval with both ends, or a list of choices."""

    low: float | None = None
    high: float | None = None
    log: bool = False
    step: Annotated[float, Field(gt=0)] | None = None
    choices: Annotated[list[Scalar], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        interval = (self.low, self.high)
        if (self.choices is None) != all(end is not None for end in interval) or (
            self.choices is not None and interval != (None, None)
        ):
            raise ValueError("either low and high are needed, or choices")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low is {self.low}, above high, which is {self.high}")
        if self.log and (self.step is not None or (self.low is not None and self.low <= 0)):
            raise ValueError("a logarithmic range needs a low above 0, and no step")
        if self.step is not None and self.low is not None and self.high is not None:
            steps = (self.high - self.low) / self.step
            if not math.isclose(steps, round(steps)):
                raise ValueError(f"high is {self.high}, which steps of {self.step} from low, {self.low}, do not reach")
        return self
