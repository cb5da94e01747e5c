"""One feature of a data set: which values it may have, and what a model sees of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from nids.errors import excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["categorical", "binary", "count", "integer", "port", "rate", "real"]
Transform = Literal["log1p", "arcsinh"]

WHOLE = ("binary", "count", "integer", "port")
# Of TCP and UDP (RFC 9293, RFC 768): a number of 16 bits.
LARGEST_PORT = (1 << 16) - 1
# Features are kept in single precision.
_LARGEST = float(np.finfo(np.float32).max)
_RULES: Mapping[Kind, str] = {
    "categorical": "categories are not empty",
    "binary": "flags are 0 or 1",
    "count": "counts are whole numbers >= 0",
    "port": f"ports are whole numbers from 0 to {LARGEST_PORT}",
    "rate": "rates lie between 0 and 1",
}


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Column:
    """One feature of a data set.

    Attributes:
        name: Name of the column.
        kind: "categorical", or of numbers "binary", "count" (whole, >= 0), "integer" (whole), "port" (0 to
            65535), "rate" (0 to 1) or "real".
        transform: What a model sees in place of the value where values span orders of magnitude: "log1p", log(1 + x),
            for values >= 0; "arcsinh", which is as the logarithm of 2x for large values, for those of both signs.
        minimum: Least value of an "integer" or "real" column; ``None``: any.
        maximum: Largest value of such a column; ``None``: any.
        missing: Spellings that stand for no value in a column of numbers, such as "", "NaN", "Infinity" or "-1";
            numbers among them however they are spelled. Where there is one, a model sees the training part's median,
            and in a column of its own that the value is missing. Of categories only an
            empty text can be missing, and is one of them then. Empty: every row must have a value.
    """

    name: str
    kind: Kind
    transform: Transform | None = None
    minimum: float | None = None
    maximum: float | None = None
    missing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in ("integer", "real") and (self.minimum, self.maximum) != (None, None):
            raise ValueError(f"column {excerpt(self.name)} has bounds, but those of a {self.kind} column are fixed")
        if self.kind == "categorical" and self.transform:
            raise ValueError(
                f"column {excerpt(self.name)} is categorical, so {excerpt(self.transform)} cannot be applied"
            )
        if self.kind == "categorical" and set(self.missing) - {""}:
            raise ValueError(
                f"column {excerpt(self.name)} is categorical: any text but an empty one is a category by itself"
            )
        if self.transform == "log1p" and self.bounds[0] < 0:
            raise ValueError(
                f"column {excerpt(self.name)} may be negative: 'log1p' needs minimum = 0; 'arcsinh' does not"
            )

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and largest value of a column of numbers."""
        if self.kind in ("integer", "real"):
            return (
                -_LARGEST if self.minimum is None else self.minimum,
                _LARGEST if self.maximum is None else self.maximum,
            )
        return 0, {"rate": 1, "port": LARGEST_PORT}.get(self.kind, _LARGEST)

    @property
    def rule(self) -> str:
        """What every value must be, in words."""
        if self.kind in _RULES:
            return _RULES[self.kind]
        ends = [f"{sign} {end:g}" for sign, end in ((">=", self.minimum), ("<=", self.maximum)) if end is not None]
        numbers = "whole numbers" if self.kind == "integer" else "numbers"
        return f"this column holds {numbers} {' and '.join(ends) or 'below 3.4e38'}"

    def allows(self, values: np.ndarray) -> np.ndarray:
        """Return which values of a column of numbers may be read, bool of the shape of ``values``.

        A flag above 1 is readable, since NSL-KDD itself holds some; ``nids.datasets.describe`` reports it.
        """
        low, high = self.bounds
        within: np.ndarray = (values >= low) & (values <= high)
        return within & (values == np.floor(values)) if self.kind in WHOLE else within
