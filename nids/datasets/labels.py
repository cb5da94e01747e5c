"""Which label of a row stands for which class."""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from nids.errors import excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping

# Labels are kept in one byte with a sign.
MOST_CLASSES = 127
_BETWEEN = re.compile(r"[^a-z0-9]+")


def loose_form(label: str) -> str:
    """Return what a label has in common with its other spellings: its ASCII letters and digits, in small letters."""
    return _BETWEEN.sub("", label.lower())


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class LabelMap:
    """One way to classify the rows of a data set.

    Attributes:
        name: The name that a job gives, such as "binary".
        classes: Names of the classes; a label is a position in them.
        benign: The class of traffic that is no attack.
        class_of: The class of each value of the label column; ``None`` where the values are the classes.
        dropped: The former class of each value whose rows are left out, which is none of the classes; ``None``: no row
            is.
    """

    name: str
    classes: tuple[str, ...]
    benign: str
    class_of: dict[str, str] | None = field(default=None, hash=False)
    dropped: dict[str, str] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError(f"label map {excerpt(self.name)} has a class twice: {excerpt(self.classes)}")
        if len(self.classes) > MOST_CLASSES:
            raise ValueError(
                f"label map {excerpt(self.name)} has {len(self.classes)} classes, but can have {MOST_CLASSES}"
            )
        if self.benign not in self.classes:
            raise ValueError(
                f"{excerpt(self.benign)}, the benign class of label map {excerpt(self.name)}, is none of "
                f"{excerpt(self.classes)}"
            )
        if unknown := set((self.class_of or {}).values()) - set(self.classes):
            raise ValueError(
                f"label map {excerpt(self.name)} leads to {excerpt(sorted(unknown))}, which are none of "
                f"{excerpt(self.classes)}"
            )
        if both := set(self.dropped or {}) & set(self.class_of_label):
            raise ValueError(f"label map {excerpt(self.name)} both has and drops {excerpt(sorted(both))}")

    def refuse_alike(self) -> None:
        """Raise a ValueError if two labels have the same loose form, or one has none."""
        forms = [loose_form(label) for label in self.class_of_label]
        for label, form in zip(self.class_of_label, forms, strict=True):
            if not form or forms.count(form) > 1:
                raise ValueError(
                    f"{excerpt(label)} of label map {excerpt(self.name)} cannot be told by its letters and digits alone"
                )

    @property
    def benign_label(self) -> int:
        """Position of the benign class among the classes."""
        return self.classes.index(self.benign)

    @property
    def class_of_label(self) -> Mapping[str, str]:
        """The class of each value of the label column."""
        return {name: name for name in self.classes} if self.class_of is None else self.class_of

    @property
    def dropped_classes(self) -> tuple[str, ...]:
        """The former classes whose rows are left out."""
        return tuple(dict.fromkeys((self.dropped or {}).values()))

    @property
    def positions(self) -> Mapping[str, int]:
        """The position of the class of each value of the label column; of a dropped one, -1 and below."""
        dropped = self.dropped_classes
        return {
            **{value: self.classes.index(name) for value, name in self.class_of_label.items()},
            **{value: -1 - dropped.index(name) for value, name in (self.dropped or {}).items()},
        }
