"""A run in the form of TensorBoard: a folder a trial, with its hyperparameters, its figures and its learning curves."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pandas as pd
from tensorboardX import SummaryWriter
from tensorboardX.summary import hparams

from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nids.results import Run

# What is a curve beside the run's measures.
TRAINING_LOSS = "training_loss"


def export(run: Run, target: Path, progress: Callable[[int], object]) -> int:
    """Write the trials of a run that have ended with figures, and return how many.

    A trial's figures, ``final/MEASURE``, are those that the tables have of it, and stand beside its searched
    hyperparameters; its curves, ``MEASURE``, are means over the folds, one an epoch. A folder is there whole or not at
    all.

    Args:
        run: The run.
        target: The folder to make.
        progress: Called with the number of trials that are written, after each.

    Raises:
        UserError: There is something at that path, it cannot be written, or no trial has figures.
    """
    if target.exists():
        raise UserError(f"{target}: is there already. Name a folder that is to be made.")
    trials, curves = run.trials(), run.curves()
    with_figures = trials[trials["value"].notna()]
    if with_figures.empty:
        raise UserError(f"{run.name}: no trial has ended with figures yet, so there is nothing to export.")
    names = [name for name in (*run.manifest.measures, TRAINING_LOSS) if name in curves]
    means = curves.groupby(["trial", "epoch"])[names].mean()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made = target.with_name(f".{target.name}-{os.getpid()}")
        made.mkdir()
    except OSError as error:
        raise UserError(f"{target}: cannot be written ({error.strerror}). Name another folder.") from None
    try:
        rows: Any = with_figures.sort_values("trial").to_dict("records")
        for written, row in enumerate(rows, 1):
            number = row["trial"]
            of_trial = means.loc[number] if number in means.index.get_level_values("trial") else means.iloc[:0]
            _write(run, row, of_trial, made / f"trial-{number:05d}")
            progress(written)
        made.rename(target)
    except OSError as error:
        raise UserError(f"{target}: cannot be written ({error.strerror}). Name another folder.") from None
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return len(rows)


def _write(run: Run, row: dict[str, Any], curves: pd.DataFrame, folder: Path) -> None:
    hp = run.manifest.hyperparameters_of(row).model_dump(mode="json")
    figures = {
        f"final/{name}": float(row[name]) for name in run.manifest.measures if name in row and pd.notna(row[name])
    }
    with SummaryWriter(str(folder)) as writer:
        # Not by add_hparams, which opens a file of its own, of the same name within the same second.
        for summary in hparams({name: hp[name] for name in run.manifest.space}, figures):
            writer.file_writer.add_summary(summary)
        for name, figure in figures.items():
            writer.add_scalar(name, figure, 0)
        for measure, means in curves.items():
            for epoch, mean in means.dropna().items():
                writer.add_scalar(str(measure), mean, epoch)
