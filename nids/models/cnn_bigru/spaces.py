"""The search spaces of the CNN-BiGRU, and the published point that a search begins with."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from nids.datasets.catalog.nsl_kdd.published import PAPER as PAPER_RESULT

if TYPE_CHECKING:
    from collections.abc import Mapping

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

# The best point of Benchama & Zebbara (2024).
PUBLISHED: Mapping[str, Any] = MappingProxyType(PAPER_RESULT.hyperparameters)
