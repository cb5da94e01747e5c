"""Whether the best trial of a run is really better: than the next one, than other models on the same folds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nids.analysis import baselines
from nids.metrics.formatting import mean_and_spread
from nids.metrics.measure import is_better
from nids.metrics.measures import described
from nids.metrics.significance import compare, is_significant
from nids.results import ranking

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from nids.analysis.summary import BestTrial
    from nids.metrics.significance import Comparison
    from nids.results import Run

BETTER, WORSE, ALIKE, UNKNOWN = "better", "worse", "no significant difference", "not comparable"


@dataclass(frozen=True)
class Contest:
    """Two models on the same folds.

    Attributes:
        metric: One of ``nids.metrics.measures.ON_FOLDS``.
        names: What ours and theirs are called.
        ours: Our figure, indexed by fold.
        theirs: Theirs.
        test: What they say about the difference, None if there is no fold that both have.
    """

    metric: str
    names: tuple[str, str]
    ours: pd.Series
    theirs: pd.Series
    test: Comparison | None

    @property
    def outcome(self) -> str:
        """``BETTER``, ``WORSE``, ``ALIKE`` or, with fewer than two folds in common, ``UNKNOWN``."""
        if self.test is None or not math.isfinite(self.test.p):
            return UNKNOWN
        if not is_significant(self.test):
            return ALIKE
        return BETTER if is_better(self.test.difference, 0, described(self.metric).direction) else WORSE

    @property
    def figures(self) -> tuple[str, str]:
        """Mean and spread of both, ours first."""
        first, second = (
            mean_and_spread(self.metric, side.mean(), side.std(ddof=1)) for side in (self.ours, self.theirs)
        )
        return first, second


def contest(
    metric: str,
    names: tuple[str, str],
    ours: pd.Series,
    theirs: pd.Series,
    training_rows: Sequence[int],
    validation_rows: Sequence[int],
) -> Contest:
    """Return two models' figures and the corrected resampled t-test of them.

    Args:
        metric: One of ``nids.metrics.measures.ON_FOLDS``.
        names: What to call ours and theirs.
        ours: Our figure, indexed by fold.
        theirs: Theirs.
        training_rows: Of each fold.
        validation_rows: Of each fold, those that the figure is of.
    """
    common = ours.dropna().index.intersection(theirs.dropna().index)
    test = compare(ours[common], theirs[common], training_rows, validation_rows) if len(common) else None
    return Contest(metric, names, ours, theirs, test)


def by_fold(curves: pd.DataFrame, epoch: int, metric: str) -> pd.Series:
    """Return a trial's figure at an epoch, indexed by fold.

    Args:
        curves: The trial's rows of the run store's curves.
        epoch: The epoch.
        metric: One of ``nids.metrics.measures.ON_FOLDS``.
    """
    return curves[curves["epoch"] == epoch].set_index("fold")[metric].sort_index()


def against_next(run: Run, trials: pd.DataFrame, best: BestTrial, metric: str) -> Contest | None:
    """Return how the best trial compares against the runner-up, None if there is none."""
    second = ranking.runner_up(trials, run.direction)
    if second is None:
        return None
    number = int(second["trial"])
    of_best = by_fold(run.table("curves", best.trial), best.epoch, metric)
    of_second = by_fold(run.table("curves", number), int(second["best_epoch"]), metric)
    names = (f"trial {best.trial}", f"the runner-up (trial {number})")
    training_rows = run.manifest.folds.training_rows
    return contest(metric, names, of_best, of_second, training_rows, validation_rows(run, best, metric))


def validation_rows(run: Run, best: BestTrial, metric: str) -> Sequence[int]:
    """Return the rows of each fold that a metric is of: most leave out withheld attack types."""
    attacks = run.table("attacks", best.trial)
    if described(metric).needs_unseen or attacks.empty:
        return run.manifest.folds.validation_rows
    known = attacks[~attacks["unseen"]].groupby("fold")["rows"].sum().sort_index()
    return tuple(known)


def against_baselines(figures: pd.DataFrame, best: int) -> list[Contest]:
    """Return how the detector, or else the best trial, compares with the best baseline in each measure.

    Args:
        figures: As ``nids.analysis.baselines.figures_by_fold`` returns them; empty if the run has no baselines.
        best: Number of the best trial.
    """
    if not _has_both_sides(figures):
        return []
    rivals = ((metric, baselines.best_in(figures, metric)) for metric in baselines.TESTED)
    return [_against(figures, best, metric, rival, f"the best baseline ({rival})") for metric, rival in rivals if rival]


def against_tuned(figures: pd.DataFrame, best: int) -> list[list[Contest]]:
    """Return how the detector, or else the best trial, compares with each tuned baseline, in each measure.

    Arguments are those of ``against_baselines``.
    """
    if not _has_both_sides(figures):
        return []
    methods = figures.loc[figures["method"].str.startswith(baselines.TUNED), "method"].unique()
    return [
        [
            _against(figures, best, metric, rival, rival)
            for metric in baselines.TESTED
            if figures.loc[figures["method"] == rival, metric].notna().any()
        ]
        for rival in methods
    ]


def _has_both_sides(figures: pd.DataFrame) -> bool:
    return not figures.empty and bool(figures["ours"].any())


def _against(figures: pd.DataFrame, best: int, metric: str, rival: str, called: str) -> Contest:
    own_name = str(figures.loc[figures["ours"], "method"].iloc[-1])
    own, others = (figures[figures["method"] == name].set_index("fold") for name in (own_name, rival))
    judging = own["validation_rows" if described(metric).needs_unseen else "known_rows"]
    name = f"trial {best}" if own_name == baselines.BEST else f"the {own_name}"
    sides = [side[metric].astype(float).sort_index() for side in (own, others)]
    return contest(metric, (name, called), sides[0], sides[1], tuple(own["training_rows"]), tuple(judging))
