"""The forms in which networks read a row, and what they do not read of it in training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from nids.models.dynamic_layers import FeatureDropout
from nids.models.piecewise_linear import PiecewiseLinear

if TYPE_CHECKING:
    from keras import KerasTensor as Tensor

    from nids.models.hyperparameters import InputForm


class InputArchitecture(Protocol):
    """What an architecture says of its input: the hyperparameters of these names."""

    @property
    def drops_features(self) -> bool: ...  # noqa: D102 - as they are called there
    @property
    def input_form(self) -> InputForm: ...  # noqa: D102
    @property
    def input_knots(self) -> int: ...  # noqa: D102
    @property
    def input_channels(self) -> int: ...  # noqa: D102


def channels_of(row: Tensor, architecture: InputArchitecture, prefix: str = "") -> Tensor:
    """Return a row in its input form, of shape (batch, width, channels); in training, some columns are dropped.

    Args:
        row: Of shape (batch, width, 1).
        architecture: That of the network.
        prefix: Begins the names of the layers. What reads the same row under another prefix learns functions of its
            own, and drops other columns.
    """
    x = row
    if architecture.input_form == "piecewise-linear":
        x = PiecewiseLinear(architecture.input_knots, architecture.input_channels, prefix)(x)
    # After the functions: one of 0 is seldom 0, so that a dropped column is not taken for one that is 0.
    return FeatureDropout(name=f"{prefix}feature_dropout")(x) if architecture.drops_features else x
