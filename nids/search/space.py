"""Search spaces, as Optuna distributions."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
    json_to_distribution,
)
from pydantic import ValidationError

from nids.datasets.nsl_kdd import published
from nids.errors import UserError
from nids.models.hyperparameters import Hyperparameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nids.config import Domain, Job

Space = dict[str, BaseDistribution]

# The five hyperparameters that the paper tuned. It does not publish their ranges: these are wide around its best point.
PAPER: Space = {
    "conv_kernel_size": IntDistribution(3, 48),
    "conv_dropout": FloatDistribution(0.0, 0.6),
    "gru_dropout": FloatDistribution(0.0, 0.6),
    "attention_dropout": FloatDistribution(0.0, 0.6),
    "learning_rate": FloatDistribution(2e-4, 1e-2, log=True),
}

WIDE: Space = {
    **PAPER,
    "conv_filters": CategoricalDistribution([32, 64, 96, 128]),
    "gru_units": CategoricalDistribution([32, 64, 96, 128]),
    "sequence_gru_units": CategoricalDistribution([32, 64, 128, 192]),
    "attention": CategoricalDistribution(["dot", "additive", "multi-head"]),
    "batch_norm_momentum": FloatDistribution(0.8, 0.99),
    "optimizer": CategoricalDistribution(["adam", "adamw", "nadam", "rmsprop"]),
    "batch_size": CategoricalDistribution([256, 512, 1024, 2048]),
    "resampling_ratio": FloatDistribution(0.0, 1.0),
    "class_weight_power": FloatDistribution(0.0, 1.0),
}


def space_of(job: Job) -> Space:
    """Return what the job searches: its named space, less what it fixes, with its own ranges in place.

    Raises:
        UserError: A range is not one of that hyperparameter, or nothing is left to search.
    """
    space = dict(PAPER if job.search.space == "paper" else WIDE)
    if job.folds.resampling == "none":
        space.pop("resampling_ratio", None)  # there are no synthetic rows of which to take a share
    for name in job.hyperparameters:
        space.pop(name, None)
    for name, domain in job.space.items():
        space[name] = _distribution(name, domain)
    if not space:
        raise UserError("all hyperparameters are fixed ([hyperparameters]): leave at least one to be searched.")
    return space


def first_point(space: Space) -> dict[str, Any]:
    """Return the paper's best point, with the default of each hyperparameter that the paper did not tune.

    A value outside the space is left out: the sampler then chooses it.
    """
    known = {**Hyperparameters().model_dump(), **published.BEST_HYPERPARAMETERS}
    return {name: known[name] for name, distribution in space.items() if _holds(distribution, known[name])}


def largest_point(space: Space) -> dict[str, Any]:
    """Return the point whose network takes the most memory: of each hyperparameter the value that takes most."""
    return {
        name: max(distribution.choices, key=_size)
        if isinstance(distribution, CategoricalDistribution)
        else distribution.high  # type: ignore[attr-defined]
        for name, distribution in space.items()
    }


def describe(space: Space) -> dict[str, Any]:
    """Return the space as plain values, each distribution as Optuna's own JSON form has it."""
    return {name: json.loads(distribution_to_json(distribution)) for name, distribution in space.items()}


def space_from(description: Mapping[str, Any]) -> Space:
    """Return the space that ``describe`` described."""
    return {name: json_to_distribution(json.dumps(values)) for name, values in description.items()}


def _size(choice: Any) -> float:
    # Of kinds of attention and of optimizers, the later ones here keep as much as the earlier ones, or more.
    kinds: tuple[str, ...] = ("dot", "additive", "multi-head", "rmsprop", "nadam", "adam", "adamw")
    return kinds.index(choice) if isinstance(choice, str) else choice


def _holds(distribution: BaseDistribution, value: Any) -> bool:
    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    steps = (value - distribution.low) / (distribution.step or 1)
    on_grid = distribution.step is None or math.isclose(steps, round(steps), abs_tol=1e-9)
    return distribution.low <= value <= distribution.high and on_grid


def _distribution(name: str, domain: Domain) -> BaseDistribution:
    whole = Hyperparameters.model_fields[name].annotation is int
    if domain.choices is not None:
        for choice in domain.choices:
            _check(name, choice)
        return CategoricalDistribution(domain.choices)
    assert domain.low is not None
    assert domain.high is not None
    low, high = (int(end) if whole and end.is_integer() else end for end in (domain.low, domain.high))
    for end in (low, high):
        _check(name, end)
    if whole:
        if domain.step is not None and not domain.step.is_integer():
            raise UserError(f"space.{name}: step is {domain.step}, but {name} is a whole number: so must the step be.")
        return IntDistribution(int(low), int(high), log=domain.log, step=int(domain.step or 1))
    return FloatDistribution(low, high, log=domain.log, step=domain.step)


def _check(name: str, value: object) -> None:
    try:
        Hyperparameters.model_validate({name: value})
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Input ")
        raise UserError(f"space.{name}: {value!r} {message}.") from None
