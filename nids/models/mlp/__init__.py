"""A multi-layer perceptron: the baseline that says whether a deeper network earns its cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from pydantic import Field

from nids.models.base import ModelSpec
from nids.models.hyperparameters import WITHOUT_EFFECT, Dropout, InputForm, TrainingHyperparameters, Units

if TYPE_CHECKING:
    from nids.search_space import Space

Activation = Literal["relu", "gelu", "silu", "tanh"]


class Hyperparameters(TrainingHyperparameters):
    """One point of a search space; all hidden layers are alike."""

    layers: Annotated[int, Field(ge=1, le=32)] = 2
    units: Units = 256
    dropout: Dropout = 0.1
    activation: Activation = "relu"
    batch_norm: bool = True
    # As for the CNN-BiGRU: Keras's default is too slow for the first epochs' validation.
    batch_norm_momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9


@dataclass(frozen=True)
class Architecture:
    """What a traced network cannot change any more; each is the hyperparameter of that name."""

    drops_features: bool
    input_form: InputForm
    input_knots: int
    input_channels: int
    layers: int
    units: int
    activation: Activation
    batch_norm: bool


# Called as the CNN-BiGRU's spaces are, so that a job can name either model.
PAPER: Space = {
    "layers": IntDistribution(1, 4),
    "units": CategoricalDistribution([64, 128, 256, 512]),
    "dropout": FloatDistribution(0.0, 0.6),
    "learning_rate": FloatDistribution(2e-4, 1e-2, log=True),
}

WIDE: Space = {
    **PAPER,
    "activation": CategoricalDistribution(["relu", "gelu", "silu", "tanh"]),
    "batch_norm": CategoricalDistribution([True, False]),
    "batch_norm_momentum": FloatDistribution(0.8, 0.99),
    "optimizer": CategoricalDistribution(["adam", "adamw", "nadam", "rmsprop"]),
    "batch_size": CategoricalDistribution([256, 512, 1024, 2048]),
    "resampling_ratio": FloatDistribution(0.0, 1.0),
    "class_weight_power": FloatDistribution(0.0, 1.0),
}

MODEL = ModelSpec(
    name="mlp",
    title="Multi-layer perceptron",
    hyperparameters=Hyperparameters,
    architecture=Architecture,
    spaces={"paper": PAPER, "wide": WIDE},
    network="nids.models.mlp.network",
    without_effect=WITHOUT_EFFECT,
)
