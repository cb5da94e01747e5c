"""Which folds predict held-out results: the same trials under several schemes of folds, and on the held-out rows.

Of each trial there are, for each search, the figures of its last epoch, and those of a model of all rows on the
held-out rows. Their rank correlations say which of the figures is worth searching by.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import permutation_test, rankdata

from nids.errors import UserError
from nids.metrics.measures import described

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nids.metrics.evaluation import Evaluation
    from nids.models.hyperparameters import TrainingHyperparameters
    from nids.results import Run

# Keys of the job in which searches may differ, apart from what they run on.
MAY_DIFFER = frozenset({"folds.scheme", "search.metric"})
LEAST = 4  # Of three trials, one order in six is the right one by chance.

# What is compared, by the scheme of folds; fixed before anything was looked at.
OF_SCHEME: Mapping[str, tuple[str, ...]] = {
    "random": ("macro_f1", "accuracy", "log_loss"),
    "unseen-attacks": ("unseen_macro_f1", "unseen_recall", "unseen_detection_rate", "false_alarm_rate"),
}
HELD_OUT = ("macro_f1", "accuracy", "unseen_detection_rate", "false_positive_rate")


@dataclass(frozen=True)
class Configuration:
    """One trial, as it stands in each search.

    Attributes:
        number: Its position among those compared, from 0.
        hyperparameters: Its hyperparameters, the same in all searches.
        trials: Its number in each search, in their order.
    """

    number: int
    hyperparameters: TrainingHyperparameters
    trials: tuple[int, ...]


def shared(runs: Sequence[Run]) -> list[Configuration]:
    """Return the trials that all searches have run to the same last epoch.

    Raises:
        UserError: The searches are of different rows or lengths, two have the same scheme, or share too few trials.
    """
    if len({run.name for run in runs}) < 2 or len({run.name for run in runs}) < len(runs):
        raise UserError(
            f"found {', '.join(run.name for run in runs)}: name at least two searches, each once, of the same job "
            'under different folds.scheme ("random", "unseen-attacks").'
        )
    first, *others = runs
    for run in others:
        if run.manifest.data.sha256 != first.manifest.data.sha256:
            raise UserError(
                f"{first.name} searched {first.manifest.data.source}, {run.name} {run.manifest.data.source}: trials "
                "can be compared on the same rows only."
            )
        expected, settings = _compared(first), _compared(run)
        for key in sorted(expected.keys() | settings.keys()):
            if expected.get(key) != settings.get(key):
                raise UserError(
                    f"{key} is {expected.get(key)!r} in {first.name}, but {settings.get(key)!r} in {run.name}: "
                    f"searches can be compared that differ in {', '.join(sorted(MAY_DIFFER))} alone."
                )
    schemes = [_scheme(run) for run in runs]
    if len(set(schemes)) < len(schemes):
        raise UserError(
            f"{', '.join(f'{run.name} has {_scheme(run)} folds' for run in runs)}: each search must have a different "
            "scheme (folds.scheme)."
        )
    if others_than := sorted({*schemes} - {*OF_SCHEME}):
        raise UserError(
            f'found folds.scheme = "{others_than[0]}", but searches can be compared under {", ".join(OF_SCHEME)} alone.'
        )
    complete = [_complete(run) for run in runs]
    same = [hp for hp in complete[0] if all(hp in trials for trials in complete)]
    if len(same) < LEAST:
        raise UserError(
            f"{', '.join(run.name for run in runs)} share {len(same)} trials that ran to their last epoch, "
            f"{_epochs(first)}: a rank correlation needs at least {LEAST}. Run the same job under each scheme, with "
            'the same search.seed, search.startup_trials = search.trials and scheduler.kind = "none".'
        )
    return [Configuration(i, hp, tuple(trials[hp] for trials in complete)) for i, hp in enumerate(same)]


def validation(runs: Sequence[Run], configurations: Sequence[Configuration]) -> pd.DataFrame:
    """Return what the folds say of each configuration after the last epoch.

    Columns: configuration, and for each scheme of ``runs`` and each of its ``OF_SCHEME`` the mean over the folds as
    <scheme>: <figure> and the standard deviation as <scheme>: <figure>_std.
    """
    table = pd.DataFrame({"configuration": [configuration.number for configuration in configurations]})
    for i, run in enumerate(runs):
        curves = run.curves()
        last = curves[curves["epoch"] == _epochs(run)].groupby("trial")
        trials = [configuration.trials[i] for configuration in configurations]
        for name in OF_SCHEME[_scheme(run)]:
            table[f"{_scheme(run)}: {name}"] = last[name].mean().loc[trials].to_numpy()
            table[f"{_scheme(run)}: {name}_std"] = last[name].std(ddof=1).loc[trials].to_numpy()
    return table


def held_out(evaluations: Sequence[Evaluation]) -> pd.DataFrame:
    """Return the figures ``HELD_OUT`` of each configuration on one held-out file, a column each.

    Args:
        evaluations: What ``nids.evaluation.evaluate.evaluate_detector`` says of each configuration.
    """
    figures = [each.figures | {"unseen_detection_rate": each.unseen.detection_rate} for each in evaluations]
    return pd.DataFrame([{name: entry[name] for name in HELD_OUT} for entry in figures])


def correlations(validated: pd.DataFrame, on_held_out: pd.DataFrame) -> pd.DataFrame:
    """Return Spearman's rank correlation of each figure of the folds with each of a held-out file.

    Of a loss the sign is turned, so that more is better in it too.

    Args:
        validated: As ``validation`` returns it.
        on_held_out: As ``held_out`` returns it, the same configurations in the same order.

    Returns:
        Columns validation, held_out, rho (−1 to 1) and p (two-sided, by permutation); both NaN if a side is constant.
    """
    rows = []
    for column in validated.columns.drop("configuration"):
        if column.endswith("_std"):
            continue
        on_folds = validated[column] * (-1 if is_sign_turned(column.rpartition(": ")[2]) else 1)
        for name in HELD_OUT:
            rho, p = _spearman(on_folds, on_held_out[name])
            rows.append({"validation": column, "held_out": name, "rho": rho, "p": p})
    return pd.DataFrame(rows)


def is_sign_turned(name: str) -> bool:
    """Return whether ``correlations`` turns the sign of a measure of the folds.

    It does so for losses. A rate of which less is better keeps its sign: its counterpart on held-out rows is one too.
    """
    measure = described(name)
    return measure.direction == "min" and measure.unit != "share"


def _spearman(of_folds: pd.Series, of_held_out: pd.Series) -> tuple[float, float]:
    """Return Spearman's ρ and its p by permutation, exact for few pairs: the usual t is far off for them."""
    if of_folds.nunique() < 2 or of_held_out.nunique() < 2:
        return math.nan, math.nan
    ranks, others = rankdata(of_folds), rankdata(of_held_out)
    centred = (others - others.mean()) / others.std()

    def rho(permuted: np.ndarray, axis: int = -1) -> np.ndarray:
        rho: np.ndarray = ((permuted - ranks.mean()) / ranks.std() * centred).mean(axis=axis)
        return rho

    test = permutation_test(
        (ranks,), rho, permutation_type="pairings", vectorized=True, n_resamples=9999, rng=np.random.default_rng(0)
    )
    return float(test.statistic), float(test.pvalue)


def _complete(run: Run) -> dict[TrainingHyperparameters, int]:
    curves = run.curves()
    last = set(curves.loc[curves["epoch"] == _epochs(run), "trial"])
    return {
        run.manifest.hyperparameters_of(row): row["trial"]
        for row in run.arrow("trials").sort_by("trial").to_pylist()
        if row["state"] == "COMPLETE" and row["trial"] in last
    }


def _compared(run: Run) -> dict[str, Any]:
    """Return the settings that must be alike, by their keys."""
    job = run.manifest.job.model_dump()
    sections = {name: entries for name, entries in job.items() if name not in {"name", "resources"}}
    flat = {f"{name}.{key}": value for name, entries in sections.items() for key, value in entries.items()}
    flat["data.class_map"] = run.manifest.dataset.label_maps[0].name  # earlier versions wrote the default's name
    return {key: value for key, value in flat.items() if key not in MAY_DIFFER}


def _epochs(run: Run) -> int:
    return run.manifest.job.training.epochs


def _scheme(run: Run) -> str:
    return run.manifest.job.folds.scheme
