"""Limits of measures, as people write them: ``false_alarm_rate <= 0.5 %``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

_TEXT = re.compile(r"(.+?)\s*(<=|>=)\s*([0-9.]+(?:e[+-]?\d+)?)\s*(%?)", re.IGNORECASE)


class Limit(NamedTuple):
    """The least or the largest value of a measure that a trial may have."""

    name: str
    is_most: bool
    value: float

    def __str__(self) -> str:
        return f"{self.name} {'<=' if self.is_most else '>='} {self.value:.12g}"

    @classmethod
    def from_text(cls, text: str) -> Limit:
        """Return the limit that a text such as ``false_alarm_rate <= 0.5 %`` gives, whatever its measure is.

        Raises:
            ValueError: It is no such text.
        """
        limit = _TEXT.fullmatch(text.strip())
        try:
            if not limit:
                raise ValueError
            name, relation, number, per_cent = limit.groups()
            value = float(number) / (100 if per_cent else 1)
        except ValueError:
            raise ValueError(f"{text!r} is not a limit: it must be a measure, <= or >=, and a number") from None
        return cls(name, relation == "<=", value)

    def excess(self, value: float) -> float:
        """Return by how much a value is beyond the limit, in units of that; 0 or less if it is within.

        So Optuna takes constraints. It adds up those of all limits, so that seconds and shares have to be on a par.
        """
        beyond = value - self.value if self.is_most else self.value - value
        return beyond / self.value if self.value else beyond

    def holds(self, values: pd.Series) -> pd.Series:
        """Return which values are within the limit, bool with their index; NaN is not."""
        return values <= self.value if self.is_most else values >= self.value
