"""What each part of the CNN-BiGRU is worth: it without one part at a time, and multi-layer perceptrons."""

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
# What the job's hyperparameters are for both models.
_COMMON = 'batch_size=256, optimizer="adamw", learning_rate=0.003, resampling_ratio=0.35'
_ONE_TRIAL = ("search.trials=1", "search.starting_points=[]", "space={}", "search.start_from_paper=true")
_PERCEPTRON = (*_ONE_TRIAL, 'model.name="mlp"', f"hyperparameters={{{_COMMON}, layers=3}}")
_LEARNED_INPUT = 'hyperparameters.input_form="piecewise-linear"'
_FOCAL_LOSS = "hyperparameters.focal_gamma=1.0"
_BESIDE = (
    "search.trials=1",
    "search.starting_points=[{conv_dropout=0.1}]",
    "space={}",
    f"hyperparameters={{{_COMMON}, batch_norm_momentum=0.965, conv_kernel_size=24, gru_dropout=0.05, "
    "sequence_bigru=false, perceptron_layers=3}",
    _LEARNED_INPUT,
)
# Networks that the job's space does not have: the name of each one's search, and what differs from the job.
OTHERS = {
    "multi-layer perceptron": ("ablation-mlp", _PERCEPTRON),
    "multi-layer perceptron, learned input": ("ablation-mlp-learned-input", (*_PERCEPTRON, _LEARNED_INPUT)),
    "multi-layer perceptron, learned input, focal loss": (
        "ablation-mlp-focal-loss",
        (*_PERCEPTRON, _LEARNED_INPUT, _FOCAL_LOSS),
    ),
    "without the second BiGRU, a perceptron beside": ("ablation-beside", _BESIDE),
    "without the second BiGRU, a perceptron beside, focal loss": (
        "ablation-beside-focal-loss",
        (*_BESIDE, _FOCAL_LOSS),
    ),
}
MEASURES = ("log_loss", "accuracy", "macro_f1")


def measure(storage: str | None, progress: Callable[[str], object]) -> list[Row]:
    """Compare all variants with the whole network on the same folds, by the corrected resampled t-test."""
    with short_searches(storage, progress) as searches:
        of_parts = searches.run("ablation", job=JOB)
        others = {name: searches.run(run, *overrides, job=JOB) for name, (run, overrides) in OTHERS.items()}
    whole = figures_of(of_parts, 0)
    return [
        *(row(of_parts, number, name, whole) for number, name in enumerate(VARIANTS)),
        *(row(run, 0, name, whole) for name, run in others.items()),
    ]


def figures_of(run: Run, trial: int) -> pd.DataFrame:
    """Return a trial's figures at its best epoch: a row a fold."""
    epoch = int(run.arrow("trials", trial)["best_epoch"][0].as_py())
    curves = run.table("curves", trial)
    return pd.DataFrame({measure: by_fold(curves, epoch, measure) for measure in MEASURES})


def row(run: Run, trial: int, name: str, whole: pd.DataFrame) -> Row:
    """Return a variant's figures, how its log-loss differs from the whole network's, and what it costs.

    The costs are medians over the epochs of a fold: its seconds, and the validation rows scored a second.
    """
    figures = figures_of(run, trial)
    told = [mean_and_spread(measure, figures[measure].mean(), figures[measure].std()) for measure in MEASURES]
    folds = run.manifest.folds
    curves, rows = run.table("curves", trial), sum(folds.validation_rows) / len(folds.validation_rows)
    seconds, scoring_seconds = curves["seconds"].median(), curves["validation_seconds"].median()
    test = compare(figures["log_loss"], whole["log_loss"], folds.training_rows, folds.validation_rows)
    difference = f", {test.difference:+.4f} ({p_value(test.p)})" if test.difference else ""
    return (
        name,
        f"log-loss {told[0]}{difference}, accuracy {told[1]}, macro-F1 {told[2]}, {seconds:.0f} s an epoch of a fold, "
        f"{rows / scoring_seconds:,.0f} rows scored a second",
    )
