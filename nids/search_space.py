"""A search space as plain values: in the manifest of a run, and back."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
    json_to_distribution,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Space = dict[str, BaseDistribution]


def describe(space: Space) -> dict[str, Any]:
    """Return the space as plain values, each distribution as Optuna's own JSON form has it."""
    return {name: json.loads(distribution_to_json(distribution)) for name, distribution in space.items()}


def space_from(description: Mapping[str, Any]) -> Space:
    """Return the space that ``describe`` described.

    Raises:
        KeyError, TypeError, AttributeError, ArithmeticError, ValueError: It did not.
    """
    for values in description.values():
        choices = values["attributes"].get("choices", ())
        for choice in choices:
            if not isinstance(choice, str | int | float | None):
                raise TypeError(f"{choice!r} is no choice: neither text nor a number")
        pa.array(choices)  # as a column of the run store has them: all of one kind
    return {name: json_to_distribution(json.dumps(values)) for name, values in description.items()}


def params_of(row: Mapping[str, Any], space: Space) -> dict[str, Any]:
    """Return the hyperparameters in a row of the run store's ``trials``, with the types of the space."""
    params = {}
    for name, distribution in space.items():
        internal = distribution.to_internal_repr(row[f"params_{name}"])
        params[name] = distribution.to_external_repr(internal)
    return params


def all_held(distribution: BaseDistribution, values: pa.ChunkedArray) -> bool:
    """Return whether a distribution can suggest all values of a column of the run store's ``trials``."""
    if isinstance(distribution, CategoricalDistribution):
        held = pc.is_in(values, pa.array(distribution.choices, values.type))
    elif isinstance(distribution, FloatDistribution) and distribution.step is None:
        held = pc.and_(pc.greater_equal(values, distribution.low), pc.less_equal(values, distribution.high))
    else:
        held = pa.array([value is not None and holds(distribution, value) for value in values.unique().to_pylist()])
    return bool(pc.all(pc.fill_null(held, False), min_count=0).as_py())


def holds(distribution: BaseDistribution, value: Any) -> bool:
    """Return whether a value is one that the distribution can suggest."""
    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    steps = (value - distribution.low) / (distribution.step or 1)
    on_grid = distribution.step is None or math.isclose(steps, round(steps), abs_tol=1e-9)
    return distribution.low <= value <= distribution.high and on_grid
