"""What a single value must be, and how a message names one that is not."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np

from nids.datasets.schema import RULES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nids.datasets.schema import Feature

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?(nan|inf|infinity)", re.IGNORECASE | re.ASCII)
_LONGEST_VALUE = 40


def broken_rule(feature: Feature, value: str) -> str | None:
    """Return the rule that a feature's value breaks, in words; ``None`` if it breaks none."""
    if feature.kind == "categorical":
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            return "text must be UTF-8"
        return None if value.strip() else RULES["categorical"]
    broken = broken_rule_of_numbers(value)
    return broken or (None if feature.allows(np.array(float(value))) else RULES[feature.kind])


def broken_rule_of_numbers(value: str) -> str | None:
    """Return the rule that a value breaks where any finite number may stand; ``None`` if it breaks none."""
    if not _NUMBER.fullmatch(value.strip()):
        return "this column holds numbers"
    return None if math.isfinite(float(value)) else "numbers must be finite"


def shown(value: str) -> str:
    """Return a value in quotes, cut off if it is long."""
    return repr(value if len(value) <= _LONGEST_VALUE else value[:_LONGEST_VALUE] + "…")


def column_count(values: Sequence[str]) -> str:
    """Return "3 columns" for three values."""
    return "1 column" if len(values) == 1 else f"{len(values)} columns"
