"""A job: the frozen, typed description of one search, checked when it is made."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    field_validator,
    model_validator,
)

from nids import models
from nids.errors import UserError, beginning, did_you_mean, excerpt
from nids.metrics.measures import MEASURES, OBJECTIVES

if TYPE_CHECKING:
    from nids.metrics.measure import Direction

Resampling = Literal["none", "smote", "smotenc", "borderline-smote", "adasyn", "smote-tomek", "smote-enn"]
Scheme = Literal["random", "unseen-attacks", "time", "group"]
Scalar = str | bool | int | float

# Names of jobs and of runs, which become names of folders.
NAME = r"^[A-Za-z0-9_][A-Za-z0-9._-]*$"


class _Section(BaseModel):
    """What all sections share: no unknown keys, no later changes, no silent conversions such as "4" to 4."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Data(_Section):
    """Which rows are searched on."""

    dataset: str = "nsl-kdd"
    # The training file; without it the data set's first one.
    file: str | None = None
    # Which label stands for which class; without it the data set's first label map.
    class_map: str | None = None
    # The data set to use where `dataset` cannot be had; without it the search ends with a message.
    fallback: str | None = None
    # Most rows of each class, drawn at random with the search's seed; without it, all rows are taken.
    rows_per_class: Annotated[int, Field(ge=2)] | None = None
    # Rows of a generated data set.
    rows: Annotated[int, Field(ge=100, le=10_000_000)] = 6000
    # Whether classes of attacks with few training rows are kept, merged into the class "Other attacks", or dropped with
    # their rows.
    small_classes: Literal["keep", "merge", "drop"] = "keep"
    # Training rows below which a class is small.
    smallest_class: Annotated[int, Field(ge=1)] = 50

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.rows_per_class is not None and self.small_classes != "keep":
            raise ValueError(
                "rows_per_class leaves few rows of each class, so small_classes cannot tell which are small"
            )
        return self


class Folds(_Section):
    """How the rows are split, and what is added to the training parts and taken from them."""

    # "random" asks in validation about attacks of the kinds that the model was trained on; "unseen-attacks" also about
    # whole attack types that were kept out of the fold's training part (`nids/folds/leave_attacks_out.py`); "time"
    # about what came after the training part (`time_folds.py`), "group" about groups that it has no row of
    # (`group_folds.py`).
    scheme: Scheme = "random"
    count: Annotated[int, Field(ge=2, le=100)] = 5
    # Only the first so many folds are trained and validated on.
    use: Annotated[int, Field(ge=1)] | None = None
    resampling: Resampling = "smote"
    k_neighbors: Annotated[int, Field(ge=1)] = 5
    # Rows that each named class is brought to in a fold's training part; empty: every class to the largest one.
    targets: dict[str, Annotated[int, Field(ge=1)]] = {}
    # The most rows of each named class that are left in a fold's training part before anything is added to it.
    undersample: dict[str, Annotated[int, Field(ge=1)]] = {}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.use is not None and self.use > self.count:
            raise ValueError(f"use is {self.use}, but there are only {self.count} folds (folds.count)")
        if self.targets and self.resampling == "none":
            raise ValueError('targets are given, but resampling is "none": name a method or drop the targets')
        for name, limit in self.undersample.items():
            if self.targets.get(name, 0) > limit:
                raise ValueError(
                    f"undersample.{name} is {limit}, but targets.{name} is {self.targets[name]}: rows of a class would "
                    "be removed and replaced by synthetic ones. Drop one of them"
                )
        return self

    @property
    def used(self) -> int:
        """Number of folds that are trained and validated on."""
        return self.count if self.use is None else self.use


class Model(_Section):
    """What is trained."""

    name: str = "cnn-bigru"


class Training(_Section):
    """The schedule that every trial follows, the same on every fold."""

    epochs: Annotated[int, Field(ge=1, le=10_000)] = 10
    # Epochs without a better mean over the folds before a trial ends.
    patience: Annotated[int, Field(ge=1)] = 3
    # "cosine" decays from the trial's learning rate to zero over all epochs; "constant" keeps it.
    learning_rate_schedule: Literal["constant", "cosine"] = "cosine"


def _metric(value: str) -> str:
    if value not in OBJECTIVES:
        raise ValueError(f"is {excerpt(value)}, but must be one of {', '.join(OBJECTIVES)}")
    return value


class Search(_Section):
    """What is searched for, and how long."""

    # One of those that the model names.
    space: str = "paper"
    trials: Annotated[int, Field(ge=1, le=1_000_000)] = 15
    # Optuna's sampler: "tpe" models the results so far, "random" does not.
    sampler: Literal["tpe", "random"] = "tpe"
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    metric: Annotated[str, AfterValidator(_metric)] = "log_loss"
    # Trials at random points before the sampler begins to model the results.
    startup_trials: Annotated[int, Field(ge=1)] = 10
    # Whether the first trial is the model's published point, or its defaults where it has none.
    start_from_paper: bool = True

    @property
    def direction(self) -> Direction:
        """Whether less of the metric is better, or more."""
        return MEASURES[self.metric].direction


class Scheduler(_Section):
    """When a trial is given up (asynchronous successive halving, ASHA)."""

    kind: Literal["asha", "none"] = "asha"
    # Epochs before a trial may be stopped. Below two, a trial is judged while batch normalisation's running averages
    # still hold their initial values, which is noise.
    grace_period: Annotated[int, Field(ge=1)] = 2
    # One in so many trials goes on at each rung.
    reduction_factor: Annotated[int, Field(ge=2)] = 3


def _gpus(value: object) -> float | Literal["auto"]:
    if value == "auto":
        return "auto"
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf:
        if value <= 1 or float(value).is_integer():
            return float(value)
        raise ValueError(f"is {value}, but above 1 it must be a whole number")
    expected = '"auto", a share of one GPU such as 0.25, or a whole number of GPUs'
    raise ValueError(f"is {excerpt(value)}, but must be {expected}")


class Resources(_Section):
    """What one trial occupies. How many run at once follows from the cluster."""

    cpus_per_trial: Annotated[int, Field(ge=1)] = 1
    # "auto": as small a share as the largest network of the space fits into, which one probe measures at the start.
    gpus_per_trial: Annotated[float | Literal["auto"], PlainValidator(_gpus)] = 0.0
    # The most trials that "auto" lets share a GPU: beyond some number they only slow one another down.
    max_trials_per_gpu: Annotated[int, Field(ge=1, le=1000)] = 4
    # Whether nodes without a GPU take trials too, where trials ask for GPUs; they are many times slower there.
    cpu_nodes: bool = False
    max_concurrent: Annotated[int, Field(ge=1)] | None = None
    # Trials at once that a cluster which starts nodes when they are asked for is to grow to.
    autoscale_to: Annotated[int, Field(ge=1)] | None = None
    # Seconds without an epoch after which a trial hangs; see nids.search.stalls.
    progress_deadline: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.cpu_nodes and self.gpus_per_trial == 0:
            raise ValueError("cpu_nodes is for trials that ask for GPUs (gpus_per_trial); all others run on any node")
        if self.max_concurrent and self.autoscale_to and self.autoscale_to > self.max_concurrent:
            raise ValueError(f"autoscale_to is {self.autoscale_to}, above max_concurrent, {self.max_concurrent}")
        return self

    @property
    def gpus(self) -> float:
        """GPUs of a trial, or its share of one; "auto" has to be measured first."""
        if isinstance(self.gpus_per_trial, str):
            raise TypeError('gpus_per_trial is "auto": nids.cluster.gpu_probe finds out what that is on a cluster')
        return self.gpus_per_trial


class Domain(_Section):
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


class Job(_Section):
    """One search, whole."""

    name: Annotated[str, Field(pattern=NAME)]
    data: Data = Data()
    folds: Folds = Folds()
    model: Model = Model()
    training: Training = Training()
    search: Search = Search()
    scheduler: Scheduler = Scheduler()
    resources: Resources = Resources()
    # Hyperparameters that are fixed for all trials, and therefore not searched.
    hyperparameters: dict[str, Any] = {}
    # Hyperparameters whose range differs from that of the named space, or that it does not search.
    space: dict[str, Domain] = {}

    @field_validator("model")
    @classmethod
    def _is_known(cls, model: Model) -> Model:
        try:
            models.get(model.name)
        except UserError as error:
            raise ValueError(f"name: {error}".removesuffix(".")) from None
        return model

    @field_validator("hyperparameters", "space")
    @classmethod
    def _are_of_the_model(cls, values: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if "model" in info.data:
            model = models.get(info.data["model"].name)
            known = model.hyperparameters.model_fields
            if unknown := [key for key in values if key not in known]:
                raise ValueError(
                    f"{beginning(unknown[0])} is not a hyperparameter of {model.name}{did_you_mean(unknown[0], known)}"
                )
            if info.field_name == "hyperparameters":
                model.hyperparameters.model_validate(values)  # its errors name the key within the section
        return values

    @model_validator(mode="after")
    def _check(self) -> Self:
        spaces = models.get(self.model.name).spaces
        if self.search.space not in spaces:
            raise ValueError(
                f"search.space is {excerpt(self.search.space)}, but {self.model.name} has the spaces "
                f"{', '.join(spaces)}"
            )
        if both := sorted(set(self.hyperparameters) & set(self.space)):
            raise ValueError(
                f"{both[0]} stands in [hyperparameters] and in [space]: it can be fixed or searched, not both"
            )
        if MEASURES[self.search.metric].needs_unseen and self.folds.scheme != "unseen-attacks":
            raise ValueError(
                f'search.metric is "{self.search.metric}", but {self.folds.scheme} folds hold no unseen attacks: it '
                'needs folds.scheme = "unseen-attacks"'
            )
        if self.scheduler.kind == "asha" and self.scheduler.grace_period > self.training.epochs:
            raise ValueError(
                f"scheduler.grace_period is {self.scheduler.grace_period}, but training.epochs "
                f"is {self.training.epochs}: it must be at most that"
            )
        return self

    def on_fallback(self) -> Job:
        """Return this job on the rows of its ``data.fallback``, which it must have; the file is of the other rows."""
        data = self.data.model_copy(update={"dataset": self.data.fallback, "fallback": None, "file": None})
        return self.model_copy(update={"data": data})
