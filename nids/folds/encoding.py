"""Rows to numbers: what is learned from training rows, and nothing else."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nids.datasets.fingerprints import fingerprints

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nids.datasets.column import Transform
    from nids.datasets.schema import DatasetSpec

# Categories with fewer training rows than this share the column of unknown ones: a column that no training row ever
# sets would send an unknown value through weights that were never trained.
MIN_ROWS_OF_CATEGORY = 5

_TRANSFORMS: Mapping[Transform, Callable[[np.ndarray], np.ndarray]] = {"log1p": np.log1p, "arcsinh": np.arcsinh}


@dataclass(frozen=True, eq=False)
class CompactRows:
    """Feature rows in the compact form that all folds share, before anything is learned from them.

    Attributes:
        numeric: float32 of shape (rows, encoded numbers), in the data set's order; those that span orders of
            magnitude are transformed as their column says, because min-max scaling alone would squeeze nearly all rows
            to 0. Missing ones are NaN; of columns in which some may be, 1 or 0 for whether they are follows at the end.
        codes: int32 of shape (rows, categorical features): positions in ``vocabularies``.
        vocabularies: For each categorical feature, every value that occurs, sorted.
    """

    numeric: np.ndarray
    codes: np.ndarray
    vocabularies: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.numeric)

    @cached_property
    def fingerprints(self) -> np.ndarray:
        """A hash of each row, uint64 of shape (rows,): rows of one data set with equal features have equal ones."""
        columns = dict(zip(map(str, range(self.numeric.shape[1])), self.numeric.T, strict=True))
        categories = {
            f"category {i}": pd.Categorical.from_codes(self.codes[:, i], categories=pd.Index(vocabulary))
            for i, vocabulary in enumerate(self.vocabularies)
        }
        return fingerprints({**columns, **categories})


def compact(features: pd.DataFrame, dataset: DatasetSpec) -> CompactRows:
    """Return the compact form of ``features``, a table with the data set's columns."""
    numeric = np.empty((len(features), len(dataset.encoded_numbers)), dtype=np.float32)
    indicator = len(dataset.numeric)
    for i, column in enumerate(dataset.numeric):
        values = features[column.name].to_numpy(dtype=np.float64)
        numeric[:, i] = _TRANSFORMS[column.transform](values) if column.transform else values
        if column.missing:
            numeric[:, indicator] = np.isnan(values)
            indicator += 1
    codes = np.empty((len(features), len(dataset.categorical)), dtype=np.int32)
    vocabularies = []
    for i, column in enumerate(dataset.categorical):
        categories = pd.Categorical(features[column.name])
        codes[:, i] = categories.codes
        vocabularies.append(tuple(map(str, categories.categories)))
    return CompactRows(numeric, codes, tuple(vocabularies))


@dataclass(frozen=True)
class Encoding:
    """The fitted step from compact rows to the model's input: min-max scaling and one-hot.

    Attributes:
        numeric: Names of the numbers.
        minimum: Least training value of each, after the transform of its column.
        maximum: Largest training value of each.
        categorical: Names of the categorical features.
        categories: For each of them, the values with a column of their own, sorted. One more column follows them, for
            every other value: those that training did not have, and those that it had in fewer than
            ``MIN_ROWS_OF_CATEGORY`` rows.
        median: What takes the place of a missing number: the training median of its column, after the transform; 0 for
            columns without a value, and for those in which none can be missing. Empty if that is so in all columns.
    """

    numeric: tuple[str, ...]
    minimum: tuple[float, ...]
    maximum: tuple[float, ...]
    categorical: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...]
    median: tuple[float, ...] = ()

    @classmethod
    def fit(cls, rows: CompactRows, training: np.ndarray, dataset: DatasetSpec) -> Encoding:
        """Return the encoding learned from the row numbers ``training`` (int, shape (training rows,)) alone."""
        numeric, median = rows.numeric[training], np.empty(0)
        if len(dataset.encoded_numbers) > len(dataset.numeric):
            median = np.zeros(numeric.shape[1], dtype=np.float32)  # also of a column without any value
            numeric = numeric.copy()
            for i, number in enumerate(dataset.numeric):
                if number.missing:
                    gone = np.isnan(numeric[:, i])
                    if not gone.all():
                        median[i] = np.median(numeric[~gone, i])
                    numeric[gone, i] = median[i]
        categories = []
        for column, vocabulary in enumerate(rows.vocabularies):
            counts = np.bincount(rows.codes[training, column], minlength=len(vocabulary))
            categories.append(tuple(np.array(vocabulary)[counts >= MIN_ROWS_OF_CATEGORY].tolist()))
        return cls(
            numeric=dataset.encoded_numbers,
            minimum=tuple(numeric.min(axis=0).tolist()),
            maximum=tuple(numeric.max(axis=0).tolist()),
            categorical=tuple(column.name for column in dataset.categorical),
            categories=tuple(categories),
            median=tuple(median.tolist()),
        )

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """Name of each encoded column; the column of other values is called ``feature=*``."""
        one_hot = (
            f"{name}={value}"
            for name, values in zip(self.categorical, self.categories, strict=True)
            for value in (*values, "*")
        )
        return (*self.numeric, *one_hot)

    @property
    def width(self) -> int:
        """Number of encoded columns."""
        return len(self.feature_names)

    def positions(self, rows: CompactRows, numbers: np.ndarray) -> np.ndarray:
        """Return, for each categorical feature of the numbered rows, which of the feature's columns is set.

        The result is int64 of shape (len(numbers), categorical features); the last one is that of other values.
        """
        result = np.empty((len(numbers), len(self.categories)), dtype=np.int64)
        for column, (values, vocabulary) in enumerate(zip(self.categories, rows.vocabularies, strict=True)):
            position = {value: i for i, value in enumerate(values)}
            lookup = np.array([position.get(value, len(values)) for value in vocabulary], dtype=np.int64)
            result[:, column] = lookup[rows.codes[numbers, column]]
        return result

    def scale(self, rows: CompactRows, numbers: np.ndarray) -> np.ndarray:
        """Return the numeric features of the numbered rows, float32 of shape (len(numbers), numeric features).

        The training rows' range becomes [0, 1]; what lies outside is clipped, so that one extreme value of new
        traffic cannot drown a row's other features. A feature that is constant in training becomes 0.
        """
        low = np.array(self.minimum, dtype=np.float32)
        span = np.array(self.maximum, dtype=np.float32) - low
        values = rows.numeric[numbers]
        if self.median:
            values = np.where(np.isnan(values), np.array(self.median, dtype=np.float32), values)
        scaled = (values - low) / np.where(span > 0, span, np.float32(1))
        return np.where(span > 0, np.clip(scaled, 0, 1), np.float32(0))

    def transform(self, rows: CompactRows, numbers: np.ndarray) -> np.ndarray:
        """Return the numbered rows encoded, float32 of shape (len(numbers), width)."""
        return self.one_hot(self.scale(rows, numbers), self.positions(rows, numbers))

    def one_hot(self, scaled: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """Return scaled numeric features and categorical positions as one matrix, float32 of shape (rows, width)."""
        encoded = np.zeros((len(scaled), self.width), dtype=np.float32)
        encoded[:, : len(self.numeric)] = scaled
        sizes = [len(values) + 1 for values in self.categories]
        starts = len(self.numeric) + np.cumsum([0, *sizes])[:-1]
        np.put_along_axis(encoded, positions + starts, np.float32(1), axis=1)
        return encoded

    def to_json(self) -> str:
        """Return the encoding as JSON, exact to the last bit."""
        values = asdict(self)
        if not self.median:
            del values["median"]  # so that earlier versions read what they can
        return json.dumps(values)

    @classmethod
    def from_json(cls, text: str) -> Encoding:
        """Return the encoding that ``to_json`` wrote."""
        return cls._of(json.loads(text))

    @classmethod
    def _of(cls, values: dict[str, Any]) -> Encoding:
        categories = tuple(map(tuple, values["categories"]))
        others = {name: tuple(value) for name, value in values.items() if name != "categories"}
        return cls(**others, categories=categories)

    @classmethod
    def checked(cls, values: Any, dataset: DatasetSpec) -> Encoding:
        """Return the encoding whose JSON, read, is ``values``: one that somebody else may have written.

        Raises:
            ValueError: It is none, or not of the columns of ``dataset``; the message says why.
        """
        try:
            encoding = cls._of(values)
            ends = [*encoding.minimum, *encoding.maximum, *encoding.median]
            some_are_missing = len(dataset.encoded_numbers) > len(dataset.numeric)
            sound = (
                len(encoding.minimum) == len(encoding.maximum) == len(encoding.numeric)
                and len(encoding.median) == (len(encoding.numeric) if some_are_missing else 0)
                and len(encoding.categories) == len(encoding.categorical)
                and all(isinstance(end, float) and math.isfinite(end) for end in ends)
                and all(isinstance(value, str) for values in encoding.categories for value in values)
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"it is not an encoding ({error})") from None
        if not sound:
            raise ValueError("it is not an encoding: its parts do not fit together")
        features = dataset.encoded_numbers, tuple(column.name for column in dataset.categorical)
        if (encoding.numeric, encoding.categorical) != features:
            raise ValueError(f"its features are not those of {dataset.name}")
        return encoding
