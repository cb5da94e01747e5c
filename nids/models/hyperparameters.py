"""The hyperparameters that every model has: how its weights are learned, from which rows, and how it reads them."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

# In the order of the memory that they take.
Optimizer = Literal["rmsprop", "nadam", "adam", "adamw"]
InputForm = Literal["values", "piecewise-linear"]

Dropout = Annotated[float, Field(ge=0, lt=1)]
Units = Annotated[int, Field(ge=1, le=4096)]

# What ``nids.models.base.ModelSpec`` says of it, for every model.
WITHOUT_EFFECT: dict[str, tuple[str, object]] = {
    "input_knots": ("input_form", "values"),
    "input_channels": ("input_form", "values"),
}


class CompileOptions(NamedTuple):
    """The hyperparameters that are compiled into a network for its training, whatever its architecture.

    Attributes:
        optimizer: Name of the optimizer.
        focal_gamma: Focusing parameter of the focal loss; 0 is the cross-entropy.
    """

    optimizer: Optimizer
    focal_gamma: float


class TrainingHyperparameters(BaseModel):
    """One point of a search space, without what a model adds for its network in a class derived from this one.

    Where a hyperparameter is one of several words (``Literal``), they stand in the order of the memory that they take.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.002
    optimizer: Optimizer = "adam"
    batch_size: Annotated[int, Field(ge=1, le=65536)] = 512
    # Focusing parameter of the focal loss; 0 is the cross-entropy.
    focal_gamma: Annotated[float, Field(ge=0, le=10)] = 0.0
    # Share of the synthetic rows of the run's folds that the trial trains on, class by class: 0 none, 1 all.
    resampling_ratio: Annotated[float, Field(ge=0, le=1)] = 1.0
    # Share of a row's encoded columns of which nothing is known in training, drawn anew for each row and step.
    feature_dropout: Dropout = 0.0
    # Scaled values alone, or beside them learned functions of each, piecewise linear between knots.
    input_form: InputForm = "values"
    input_knots: Annotated[int, Field(ge=3, le=1024)] = 64
    input_channels: Annotated[int, Field(ge=1, le=64)] = 4
    # Exponent of the balancing class weights: 0 weighs all rows alike, 1 all classes alike.
    class_weight_power: Annotated[float, Field(ge=0, le=1)] = 0.0
    # The same for the attack types of a class: 0 weighs its rows alike, 1 its types alike.
    type_weight_power: Annotated[float, Field(ge=0, le=1)] = 0.0

    @property
    def compile_options(self) -> CompileOptions:
        """What a network is compiled with for its training."""
        return CompileOptions(self.optimizer, self.focal_gamma)

    @property
    def drops_features(self) -> bool:
        """Whether a network has the layer that ``feature_dropout`` is the rate of."""
        return self.feature_dropout > 0
