"""Optuna's samplers by the names that a job gives them, and the options that each of them has.

A sampler that is added here has to pass ``tests/search/test_sampler.py``: a search with it can be interrupted and
resumed. Missing are ``CmaEsSampler``, which keeps a pickle in the study, and ``GPSampler``, which needs PyTorch.
"""

from __future__ import annotations

import inspect
import re
from functools import reduce
from operator import or_
from types import MappingProxyType, NoneType
from typing import TYPE_CHECKING, Any

from optuna.samplers import NSGAIIISampler, NSGAIISampler, QMCSampler, RandomSampler, TPESampler
from pydantic import TypeAdapter, ValidationError

from nids.errors import beginning, did_you_mean, excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna.samplers import BaseSampler

SAMPLERS: Mapping[str, type[BaseSampler]] = MappingProxyType(
    {"tpe": TPESampler, "random": RandomSampler, "qmc": QMCSampler, "nsga2": NSGAIISampler, "nsga3": NSGAIIISampler}
)
# Of Optuna's options, those that other keys of a job or a resume decide, and those on what is logged.
_SET_ELSEWHERE = {"seed", "n_startup_trials", "scramble", "warn_asynchronous_seeding", "warn_independent_sampling"}
_TYPES = {"bool": bool, "int": int, "float": float, "str": str, "None": NoneType}


def random_points(sampler: str, options: Mapping[str, Any]) -> int:
    """Return how many points a genetic algorithm draws at random, its first generation; 0 for other samplers."""
    population = inspect.signature(SAMPLERS[sampler]).parameters.get("population_size")
    return 0 if population is None else int(options.get("population_size", population.default))


def options_of(sampler: str) -> dict[str, Any]:
    """Return the type of each option that a job can set for a sampler: those of its own that are plain values."""
    types = {}
    for name, parameter in inspect.signature(SAMPLERS[sampler]).parameters.items():
        names = re.findall(r"\w+", str(parameter.annotation))
        if name not in _SET_ELSEWHERE and _TYPES.keys() >= {*names}:
            types[name] = reduce(or_, (_TYPES[each] for each in names))
    return types


def check_options(sampler: str, options: Mapping[str, Any]) -> None:
    """Raise a ValueError for an option that a sampler does not have, or that has another type there."""
    types = options_of(sampler)
    for name, value in options.items():
        if name not in types:
            known = f"Known: {', '.join(types)}" if types else "It has none"
            raise ValueError(f"{beginning(name)} is not an option of {sampler}{did_you_mean(name, types)}. {known}")
        try:
            TypeAdapter(types[name]).validate_python(value, strict=True)
        except ValidationError as error:
            message = error.errors()[0]["msg"].removeprefix("Input ")
            raise ValueError(f"{name} is {excerpt(value)}, but {message}") from None
