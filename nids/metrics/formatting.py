"""Numbers as text, with no more digits than their spread supports."""

from __future__ import annotations

import math
from typing import Any

from nids.metrics.measures import described

NONE = "–"
# Factor, unit, and the most decimals: two folds may agree by chance to more than their rows can tell.
_PER_CENT, _PLAIN = (100, " %", 3), (1, "", 5)


def value(measure: str, number: float | None) -> str:
    """Return a measure that has no spread: "99.31 %", an area "0.9940", or "0.0281", three digits."""
    if number is None or not math.isfinite(number):
        return NONE
    if described(measure).unit == "area":
        return f"{number:.4f}"
    if described(measure).unit == "count":
        return f"{number:,.0f}"
    return f"{100 * number:.2f} %" if described(measure).unit == "share" else f"{number:.3g}"


def mean_and_spread(measure: str, mean: float, std: float) -> str:
    """Return "99.31 ± 0.04 %": the spread to one digit (two if it begins with 1), the mean as fine as that.

    Args:
        measure: The measure's name, which decides on per cent.
        mean: Mean over folds; a fraction for shares.
        std: Standard deviation over folds, in the mean's unit; NaN for one fold, which shows no spread.
    """
    if not math.isfinite(mean) or not _shows(std):
        return value(measure, mean)
    scale, unit, most = _PER_CENT if described(measure).unit == "share" else _PLAIN
    decimals = min(_decimals(scale * std), most)
    return f"{scale * mean:.{decimals}f} ± {scale * std:.{decimals}f}{unit}"


def interval(measure: str, low: float | None, high: float | None, std: float = math.nan) -> str:
    """Return "92.30–99.88 %", as fine as the spread ``std`` supports; "–" if an end does not exist."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return NONE
    if not _shows(std):
        return f"{value(measure, low).removesuffix(' %')}–{value(measure, high)}"
    scale, unit, most = _PER_CENT if described(measure).unit == "share" else _PLAIN
    decimals = min(_decimals(scale * std), most)
    return f"{scale * low:.{decimals}f}–{scale * high:.{decimals}f}{unit}"


def share(part: float, whole: float) -> str:
    """Return "43.08 %"; "–" of nothing."""
    return f"{100 * part / whole:.2f} %" if whole else NONE


def counted(number: int, noun: str) -> str:
    """Return "1 row", "2 rows" or "1,200 rows"; the noun forms its plural with an s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def signed(number: float, spec: str = ".3g") -> str:
    """Return "+0.021" or "−0.021"; "–" for NaN."""
    return f"{number:+{spec}}".replace("-", "−") if math.isfinite(number) else NONE


def difference(measure: str, number: float) -> str:
    """Return the difference of two figures with its sign: "+2.1 points" for shares, "−0.012" for others."""
    return f"{signed(100 * number)} points" if described(measure).unit == "share" else signed(number)


def p_value(p: float) -> str:
    """Return "p = 0.42" or "p < 0.001"."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def _shows(std: float) -> bool:
    return math.isfinite(std) and std > 0


def _decimals(std: float) -> int:
    # Formatted first, so that 0.096 counts as the 0.10 that it is shown as.
    first, exponent = f"{std:.0e}".split("e")
    return max((first == "1") - int(exponent), 0)


def setting(entry: Any) -> str:
    """Return a hyperparameter or a configuration's value: fractions with four digits, the rest as it is."""
    if entry is None or (isinstance(entry, float) and math.isnan(entry)):
        return NONE
    if isinstance(entry, bool):
        return str(entry).lower()
    if isinstance(entry, float):
        return f"{entry:.4g}"
    if isinstance(entry, (list, tuple)):
        return ", ".join(map(setting, entry))
    return str(entry)


def duration(seconds: float) -> str:
    """Return "42 s", "12 min 5 s" or "3 h 20 min"."""
    if not math.isfinite(seconds):
        return NONE
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
