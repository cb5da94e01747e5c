"""The search spaces of the CNN-BiGRU, and points of them that one begins with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from nids.datasets.catalog.nsl_kdd import published
from nids.models.hyperparameters import Hyperparameters

if TYPE_CHECKING:
    from nids.search_space import Space

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
