"""What synthetic rows are drawn from: a few distributions, written as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Distribution(Protocol):
    """Something to draw values from."""

    def draw(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """Return float64 values of shape (size,)."""


@dataclass(frozen=True)
class Fixed:
    """Always the same value."""

    value: float

    def draw(self, rng: np.random.Generator, size: int) -> np.ndarray:  # noqa: ARG002
        """Return float64 values of shape (size,)."""
        return np.full(size, self.value)


@dataclass(frozen=True)
class Between:
    """Whole numbers, all equally likely, both ends included."""

    low: int
    high: int

    def draw(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """Return float64 values of shape (size,)."""
        return rng.integers(self.low, self.high, size, endpoint=True).astype(np.float64)


@dataclass(frozen=True)
class Around:
    """Whole numbers, log-normal: two thirds within a factor of exp(``spread``) of the median."""

    median: float
    spread: float

    def draw(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """Return float64 values of shape (size,)."""
        return np.rint(self.median * np.exp(self.spread * rng.standard_normal(size)))


@dataclass(frozen=True)
class Rate:
    """Multiples of 0.01 from 0 to 1, beta distributed."""

    mean: float

    def draw(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """Return float64 values of shape (size,)."""
        concentration = 4
        return np.round(rng.beta(concentration * self.mean, concentration * (1 - self.mean), size), 2)


@dataclass(frozen=True)
class Sometimes:
    """0, and with some probability a value of another distribution."""

    probability: float
    values: Distribution

    def draw(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """Return float64 values of shape (size,)."""
        return np.where(rng.random(size) < self.probability, self.values.draw(rng, size), 0)
