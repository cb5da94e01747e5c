"""What each part of the CNN-BiGRU is worth: it without one part at a time, and a multi-layer perceptron."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from nids.analysis.comparisons import by_fold
from nids.bench.short_searches import short_searches
from nids.metrics.formatting import mean_and_spread, p_value
from nids.metrics.significance import compare

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.bench.timing import Row
    from nids.results import Run

JOB = Path(__file__).parent / "ablation.toml"
# The starting points of the job, in their order.
VARIANTS = (
    "the whole network",
    "without attention",
    "without the second BiGRU",
    "without the convolution",
    "without the shortcut",
    "scaled values as input",
    "scaled values as input, without the shortcut",
)
PERCEPTRON = "multi-layer perceptron"
OF_PERCEPTRON = (
    'model.name="mlp"',
    "search.trials=1",
    "search.starting_points=[]",
    "space={}",
    'hyperparameters={batch_size=256, optimizer="adamw", learning_rate=0.003, resampling_ratio=0.35, layers=3}',
    "search.start_from_paper=true",
)
MEASURES = ("log_loss", "accuracy", "macro_f1")


def measure(storage: str | None, progress: Callable[[str], object]) -> list[Row]:
    """Compare all variants with the whole network on the same folds, by the corrected resampled t-test."""
    with short_searches(storage, progress) as searches:
        of_parts = searches.run("ablation", job=JOB)
        of_perceptron = searches.run("ablation-mlp", *OF_PERCEPTRON, job=JOB)
    whole = figures_of(of_parts, 0)
    return [
        *(row(of_parts, number, name, whole) for number, name in enumerate(VARIANTS)),
        row(of_perceptron, 0, PERCEPTRON, whole),
    ]


def figures_of(run: Run, trial: int) -> pd.DataFrame:
    """Return a trial's figures at its best epoch: a row a fold."""
    epoch = int(run.arrow("trials", trial)["best_epoch"][0].as_py())
    curves = run.table("curves", trial)
    return pd.DataFrame({measure: by_fold(curves, epoch, measure) for measure in MEASURES})


def row(run: Run, trial: int, name: str, whole: pd.DataFrame) -> Row:
    """Return a variant's figures, how its log-loss differs from the whole network's, and the seconds of an epoch."""
    figures = figures_of(run, trial)
    told = [mean_and_spread(measure, figures[measure].mean(), figures[measure].std()) for measure in MEASURES]
    folds = run.manifest.folds
    seconds = run.table("curves", trial)["seconds"].median()
    test = compare(figures["log_loss"], whole["log_loss"], folds.training_rows, folds.validation_rows)
    difference = f", {test.difference:+.4f} ({p_value(test.p)})" if test.difference else ""
    return (
        name,
        f"log-loss {told[0]}{difference}, accuracy {told[1]}, macro-F1 {told[2]}, {seconds:.0f} s an epoch of a fold",
    )
