"""The table of measures. Nothing else in the project knows that a log-loss is minimised, in nats, or logarithmic.

Each module of this package holds ``MEASURES``, a tuple of ``nids.metrics.measure.Measure``. A new measure is a new
module: it is then computed on every fold, stored in the run store, shown in report and dashboard, and may be a job's
``search.metric``.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import MappingProxyType
from typing import TYPE_CHECKING

from nids.metrics.measure import Measure
from nids.metrics.on_demand import described_on_demand

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nids.metrics.judged_rows import JudgedRows


def _scan() -> Iterator[Measure]:
    for module in pkgutil.iter_modules(__path__):
        yield from importlib.import_module(f"{__name__}.{module.name}").MEASURES


MEASURES: Mapping[str, Measure] = MappingProxyType({measure.name: measure for measure in _scan()})
# Names of those that are computed on every fold, in the order in which tables show them.
ON_FOLDS = tuple(measure.name for measure in MEASURES.values() if measure.compute)
# Of these, the names of those for short tables, of rows of known attack types and of unseen ones.
HEADLINE = tuple(name for name in ON_FOLDS if MEASURES[name].headline and not MEASURES[name].needs_unseen)
UNSEEN_HEADLINE = tuple(name for name in ON_FOLDS if MEASURES[name].headline and MEASURES[name].needs_unseen)
# Of these, the names of those that a search may optimise.
OBJECTIVES = tuple(name for name in ON_FOLDS if MEASURES[name].objective)


def described(name: str) -> Measure:
    """Return a measure, of the table or of those on demand; another one, as of another version, counts as a share."""
    return MEASURES.get(name) or described_on_demand(name) or Measure(name, name.replace("_", " "))


def label(name: str) -> str:
    """Return the words for a column of the run store: "macro-F1" for ``macro_f1``."""
    return described(name).label


def applicable(*, unseen: bool) -> tuple[str, ...]:
    """Return those of ``ON_FOLDS`` that exist for rows with, or without, withheld attack types."""
    return tuple(name for name in ON_FOLDS if unseen or not MEASURES[name].needs_unseen)


def figures_of(rows: JudgedRows) -> dict[str, float]:
    """Return each measure that exists for some rows, by its name."""
    computes = {name: MEASURES[name].compute for name in applicable(unseen=bool(rows.unseen.any()))}
    return {name: compute(rows) for name, compute in computes.items() if compute}
