"""What a job searches, as Optuna distributions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from pydantic import ValidationError

from nids import models
from nids.errors import UserError

if TYPE_CHECKING:
    from nids.config import Domain, Job
    from nids.models.hyperparameters import TrainingHyperparameters
    from nids.search_space import Space


def space_of(job: Job) -> Space:
    """Return what the job searches: its named space, its own ranges in place, less what is fixed or decides nothing.

    Raises:
        UserError: A range is not one of that hyperparameter, or nothing is left to search.
    """
    model = models.get(job.model.name)
    space = {name: domain for name, domain in model.spaces[job.search.space].items() if name not in job.hyperparameters}
    for name, domain in job.space.items():
        space[name] = _distribution(name, domain, model.hyperparameters)
    for name in job.idle:
        space.pop(name, None)
    if not space:
        idle = "".join(f"; {name} has no effect ({reason})" for name, reason in job.idle.items() if name in job.space)
        raise UserError(f"all hyperparameters are fixed ([hyperparameters]){idle}: leave at least one to be searched.")
    return space


def _distribution(name: str, domain: Domain, known: type[TrainingHyperparameters]) -> BaseDistribution:
    whole = known.model_fields[name].annotation is int
    if domain.choices is not None:
        for choice in domain.choices:
            _check(name, choice, known)
        return CategoricalDistribution(domain.choices)
    assert domain.low is not None
    assert domain.high is not None
    low, high = (int(end) if whole and end.is_integer() else end for end in (domain.low, domain.high))
    for end in (low, high):
        _check(name, end, known)
    if whole:
        if domain.step is not None and not domain.step.is_integer():
            raise UserError(f"space.{name}: step is {domain.step}, but {name} is a whole number: so must the step be.")
        return IntDistribution(int(low), int(high), log=domain.log, step=int(domain.step or 1))
    return FloatDistribution(low, high, log=domain.log, step=domain.step)


def _check(name: str, value: object, known: type[TrainingHyperparameters]) -> None:
    try:
        known.model_validate({name: value})
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Input ")
        raise UserError(f"space.{name}: {value!r} {message}.") from None
