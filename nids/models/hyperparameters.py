"""What a trial may be asked to vary: every hyperparameter of the model, its optimiser and its training rows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Attention = Literal["dot", "additive", "multi-head"]
Optimizer = Literal["adam", "adamw", "nadam", "rmsprop"]

Dropout = Annotated[float, Field(ge=0, lt=1)]
Units = Annotated[int, Field(ge=1, le=4096)]


class Hyperparameters(BaseModel):
    """One point of a search space.

    The first five are those that the paper tuned; the others have the values of the public code that the
    paper builds on, or, where neither says anything, the value that the comment beside them gives a reason for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    conv_kernel_size: Annotated[int, Field(ge=1, le=128)] = 24
    conv_dropout: Dropout = 0.2
    gru_dropout: Dropout = 0.1
    attention_dropout: Dropout = 0.1
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.002

    conv_filters: Units = 64
    gru_units: Units = 64
    sequence_gru_units: Units = 128
    attention: Attention = "dot"
    # Keras's default of 0.99 needs hundreds of steps before its running averages resemble the data: on small data the
    # first epochs' validation is absurd, and a pruner would judge by it.
    batch_norm_momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    optimizer: Optimizer = "adam"
    batch_size: Annotated[int, Field(ge=1, le=65536)] = 512
    # Share of the synthetic rows of the run's folds that the trial trains on, class by class: 0 none, 1 all.
    resampling_ratio: Annotated[float, Field(ge=0, le=1)] = 1.0
    # Exponent of the balancing class weights: 0 weighs all rows alike, 1 all classes alike.
    class_weight_power: Annotated[float, Field(ge=0, le=1)] = 0.0
