"""The figures published by Benchama & Zebbara (2024), for comparison; all of them as fractions, not per cent.

The paper reports no macro averages, no number of folds, no number of epochs, no batch size and no strategy of
its SMOTE resampling. Its recall equals its accuracy, which shows that its averages are weighted by support.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from nids.datasets.published import PublishedResult

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALL_FOLDS = "The paper says “over all folds” and names no class."

BEST_HYPERPARAMETERS: Mapping[str, float] = MappingProxyType(
    {
        "conv_kernel_size": 24,
        "conv_dropout": 0.45328375223588824,
        "gru_dropout": 0.026449575992992313,
        "attention_dropout": 0.08715283056018074,
        "learning_rate": 0.0018285312453719437,
    }
)

PAPER = PublishedResult(
    label="Benchama & Zebbara (2024)",
    short_name="paper",
    training_file="KDDTrain+",
    label_map="nsl-kdd",
    trials=15,
    figures={
        "accuracy": 0.9883,
        "weighted_precision": 0.9927,
        "weighted_recall": 0.9883,
        "weighted_f1": 0.9898,
        "log_loss": 0.028093338012695312,
    },
    hyperparameters=dict(BEST_HYPERPARAMETERS),
    # "recall" is what the paper calls detection rate.
    ranges={"false_positive_rate": (0.0008, 0.0073), "recall": (0.9230, 0.9988)},
    notes={
        "log_loss": "The paper does not say what its best value, 0.0281, is of: a loss, or 1 − accuracy.",
        "false_positive_rate": _ALL_FOLDS,
        "recall": _ALL_FOLDS,
    },
    remarks=(
        "The paper names neither its number of folds nor its epochs, batch size or resampling strategy, so the "
        "comparison is with what it reports, not with a repetition of it."
    ),
)
