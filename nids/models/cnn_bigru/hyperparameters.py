"""The hyperparameters of the CNN-BiGRU's network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from nids.models import hyperparameters
from nids.models.hyperparameters import Dropout, InputForm, TrainingHyperparameters, Units

# In the order of the memory that they take.
Attention = Literal["none", "dot", "additive", "multi-head"]

# Kernels of the convolution share a traced network with all those that are shorter by less than this.
KERNEL_ROOM = 8


WITHOUT_EFFECT = {
    **hyperparameters.WITHOUT_EFFECT,
    **dict.fromkeys(("conv_filters", "conv_kernel_size"), ("convolution", False)),
    **dict.fromkeys(
        ("sequence_gru_units", "attention", "attention_dropout", "shortcut"),
        ("sequence_bigru", False),
    ),
    **dict.fromkeys(("perceptron_units", "perceptron_dropout"), ("perceptron_layers", 0)),
}


class Hyperparameters(TrainingHyperparameters):
    """One point of a search space.

    The first four are those of its network that the paper tuned; the others have the values of the public code that
    the paper builds on, or, where neither says anything, the value that the comment beside them gives a reason for.
    """

    conv_kernel_size: Annotated[int, Field(ge=1, le=128)] = 24
    conv_dropout: Dropout = 0.2
    gru_dropout: Dropout = 0.1
    attention_dropout: Dropout = 0.1

    conv_filters: Units = 64
    gru_units: Units = 64
    sequence_gru_units: Units = 128
    # With "none", the mean of the steps takes its place.
    attention: Attention = "dot"
    # Parts that an ablation leaves out; without the second BiGRU there is nothing to attend to.
    convolution: bool = True
    sequence_bigru: bool = True
    # Whether the classifier also sees the first BiGRU's summary, of which pooling leaves a fifth to the second one.
    shortcut: bool = False
    # Hidden layers of a perceptron beside it, whose probabilities are averaged with its own; 0 for none.
    perceptron_layers: Annotated[int, Field(ge=0, le=32)] = 0
    perceptron_units: Units = 256
    perceptron_dropout: Dropout = 0.1
    # Keras's default of 0.99 needs hundreds of steps before its running averages resemble the data: on small data the
    # first epochs' validation is absurd, and a pruner would judge by it.
    batch_norm_momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9

    @property
    def conv_kernel_room(self) -> int:
        """Length of the kernel that is traced, of which ``conv_kernel_size`` is in use."""
        return -(-self.conv_kernel_size // KERNEL_ROOM) * KERNEL_ROOM


@dataclass(frozen=True)
class Architecture:
    """What a traced network cannot change any more; each is the hyperparameter of that name."""

    drops_features: bool
    conv_kernel_room: int
    conv_filters: int
    gru_units: int
    sequence_gru_units: int
    attention: Attention
    convolution: bool
    sequence_bigru: bool
    shortcut: bool
    perceptron_layers: int
    perceptron_units: int
    input_form: InputForm
    input_knots: int
    input_channels: int
