"""The figures published by Benchama & Zebbara (2024), for comparison; all of them as fractions, not per cent.

The paper reports no macro averages, no number of folds, no number of epochs, no batch size and no strategy of
its SMOTE resampling. Its recall equals its accuracy, which shows that its averages are weighted by support.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CITATION = "Benchama & Zebbara (2024)"
TRAINING_FILE = "KDDTrain+"
TRIALS = 15

# The paper does not say of what: a loss, or 1 − accuracy.
BEST_VALUE = 0.028093338012695312

BEST_HYPERPARAMETERS: Mapping[str, float] = MappingProxyType(
    {
        "conv_kernel_size": 24,
        "conv_dropout": 0.45328375223588824,
        "gru_dropout": 0.026449575992992313,
        "attention_dropout": 0.08715283056018074,
        "learning_rate": 0.0018285312453719437,
    }
)

METRICS: Mapping[str, float] = MappingProxyType(
    {"accuracy": 0.9883, "weighted_precision": 0.9927, "weighted_recall": 0.9883, "weighted_f1": 0.9898}
)

# Lowest and highest over all folds; "recall" is what the paper calls detection rate.
RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"false_positive_rate": (0.0008, 0.0073), "recall": (0.9230, 0.9988)}
)
