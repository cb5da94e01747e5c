"""What others have published about a data set, for comparison with a search of our own."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class PublishedResult:
    """The figures of one publication; shares are fractions, not per cent.

    Attributes:
        label: As a text cites it, such as "Benchama & Zebbara (2024)".
        short_name: As a table's heading names it, such as "paper".
        training_file: Name of the file that it searched on.
        label_map: Name of the label map that it classified by.
        trials: Number of trials of its search, if it says so.
        figures: By the name of the measure; those of its best model.
        ranges: By the name of the measure, lowest and highest.
        notes: By the name of the measure, a sentence about a figure or range whose meaning is not certain.
        hyperparameters: Those of its best model, as far as it says them.
        remarks: What limits a comparison, in sentences.
        citation: Authors, title, where and when.
    """

    label: str
    short_name: str
    training_file: str
    label_map: str
    figures: dict[str, float] = field(hash=False)
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict, hash=False)
    notes: dict[str, str] = field(default_factory=dict, hash=False)
    hyperparameters: dict[str, Any] = field(default_factory=dict, hash=False)
    trials: int | None = None
    remarks: str = ""
    citation: str = ""
