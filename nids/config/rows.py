"""The sections of a job on its rows: which ones, and how they are split."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nids.config.section import Section

Resampling = Literal["none", "smote", "smotenc", "borderline-smote", "adasyn", "smote-tomek", "smote-enn"]
Scheme = Literal["random", "unseen-attacks", "time", "group"]


class Data(Section):
    """Which rows are searched on."""

    dataset: str = "nsl-kdd"
    # The training file; without it the data set's first one.
    file: str | None = None
    # Which label stands for which class; without it the data set's first label map.
    class_map: str | None = None
    # The data set to use where `dataset` cannot be had; without it the search ends with a message.
    fallback: str | None = None
    # Most rows of each class, drawn at random with the search's seed; without it, all rows are taken.
    rows_per_class: Annotated[int, Field(ge=2)] | None = None
    # Rows of a generated data set.
    rows: Annotated[int, Field(ge=100, le=10_000_000)] = 6000
    # Whether classes of attacks with few training rows are kept, merged into the class "Other attacks", or dropped with
    # their rows.
    small_classes: Literal["keep", "merge", "drop"] = "keep"
    # Training rows below which a class is small.
    smallest_class: Annotated[int, Field(ge=1)] = 50

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.rows_per_class is not None and self.small_classes != "keep":
            raise ValueError(
                "rows_per_class leaves few rows of each class, so small_classes cannot tell which are small"
            )
        return self


class Folds(Section):
    """How the rows are split, and what is added to the training parts and taken from them."""

    # "random" asks in validation about attacks of the kinds that the model was trained on; "unseen-attacks" also about
    # whole attack types that were kept out of the fold's training part (`nids/folds/leave_attacks_out.py`); "time"
    # about what came after the training part (`time_folds.py`), "group" about groups that it has no row of
    # (`group_folds.py`).
    scheme: Scheme = "random"
    count: Annotated[int, Field(ge=2, le=100)] = 5
    # How often the rows are split into so many folds, each time another way.
    repeats: Annotated[int, Field(ge=1, le=100)] = 1
    # Only the first so many folds are trained and validated on.
    use: Annotated[int, Field(ge=1)] | None = None
    resampling: Resampling = "smote"
    k_neighbors: Annotated[int, Field(ge=1)] = 5
    # Rows that each named class is brought to in a fold's training part; empty: every class to the largest one.
    targets: dict[str, Annotated[int, Field(ge=1)]] = {}
    # The most rows of each named class that are left in a fold's training part before anything is added to it.
    undersample: dict[str, Annotated[int, Field(ge=1)]] = {}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.use is not None and self.use > self.drawn:
            keys = "folds.count" if self.repeats == 1 else "folds.count × folds.repeats"
            raise ValueError(f"use is {self.use}, but there are only {self.drawn} folds ({keys})")
        if self.repeats > 1 and self.scheme == "time":
            raise ValueError(f'repeats is {self.repeats}, but with scheme = "time" there is one way to split the rows')
        if self.targets and self.resampling == "none":
            raise ValueError('targets are given, but resampling is "none": name a method or drop the targets')
        for name, limit in self.undersample.items():
            if self.targets.get(name, 0) > limit:
                raise ValueError(
                    f"undersample.{name} is {limit}, but targets.{name} is {self.targets[name]}: rows of a class would "
                    "be removed and replaced by synthetic ones. Drop one of them"
                )
        return self

    @property
    def drawn(self) -> int:
        """Number of folds that the rows are split into, of all repeats together."""
        return self.count * self.repeats

    @property
    def used(self) -> int:
        """Number of folds that are trained and validated on."""
        return self.drawn if self.use is None else self.use
