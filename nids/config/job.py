"""A job: the frozen, typed description of one search, checked when it is made."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from nids import models
from nids.config.resources import Resources
from nids.config.rows import Data, Folds
from nids.config.search import Domain, Scheduler, Search
from nids.config.section import NAME, Section
from nids.errors import UserError, beginning, did_you_mean, excerpt
from nids.metrics.measures import described
from nids.metrics.on_demand import is_on_demand, needs_unseen

# Why what shapes synthetic rows has no effect.
NO_RESAMPLING = 'folds.resampling is "none"'


class Model(Section):
    """What is trained."""

    name: str = "cnn-bigru"


class Training(Section):
    """The schedule that every trial follows, the same on every fold."""

    epochs: Annotated[int, Field(ge=1, le=10_000)] = 10
    # Epochs without a better mean over the folds before a trial ends.
    patience: Annotated[int, Field(ge=1)] = 3
    # "cosine" decays from the trial's learning rate to zero over all epochs; "constant" keeps it.
    learning_rate_schedule: Literal["constant", "cosine"] = "cosine"
    # Minutes after which a trial ends with the epoch that it is in, as after its last one.
    minutes: Annotated[float, Field(gt=0)] | None = None


class Job(Section):
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
        limits = [limit.name for limit in self.search.limits]
        for key, names in (
            ("metric", [self.search.metric]),
            ("objectives", self.search.measures),
            ("constraints", limits),
        ):
            without = [name for name in names if is_on_demand(name) and not needs_unseen(name)]
            unseen = [name for name in names if described(name).needs_unseen and name not in without]
            if unseen and self.folds.scheme != "unseen-attacks":
                raise ValueError(
                    f'search.{key} is "{unseen[0]}", but {self.folds.scheme} folds hold no unseen attacks: it needs '
                    'folds.scheme = "unseen-attacks"'
                )
        if self.scheduler.kind != "none" and self.scheduler.grace_period > self.training.epochs:
            raise ValueError(
                f"scheduler.grace_period is {self.scheduler.grace_period}, but training.epochs "
                f"is {self.training.epochs}: it must be at most that"
            )
        return self

    @property
    def idle(self) -> dict[str, str]:
        """The hyperparameters that decide nothing in this search, each with the reason."""
        idle = models.get(self.model.name).idle(self.search.space, self.hyperparameters, self.space)
        without_synthetic_rows = {"resampling_ratio": NO_RESAMPLING} if self.folds.resampling == "none" else {}
        return {**idle, **without_synthetic_rows}

    def on_fallback(self) -> Job:
        """Return this job on the rows of its ``data.fallback``, which it must have; the file is of the other rows."""
        data = self.data.model_copy(update={"dataset": self.data.fallback, "fallback": None, "file": None})
        return self.model_copy(update={"data": data})
