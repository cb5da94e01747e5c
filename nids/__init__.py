"""Distributed hyperparameter search for network intrusion detection.

The names below are all that most programs need: ``search`` runs a search, ``open_run`` reads its results,
``load_detector`` reads the detector that ``nids finalize`` saved, and ``load_dataset`` returns labelled rows to try it
on. Importing this package loads nothing slow; each name loads what it needs when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from nids.datasets.traffic import Traffic
    from nids.detector.bundle import Bundle
    from nids.results import Run
    from nids.search.session import search

__all__ = ["load_dataset", "load_detector", "open_run", "search"]


def open_run(storage: str, name: str) -> Run:
    """Return a run of a storage, finished or not.

    >>> import nids
    >>> run = nids.open_run("runs", "demonstration")
    >>> run.state, len(run.trials())
    ('finished', 24)

    Args:
        storage: The folder of runs: a path, or a URI such as ``s3://bucket/runs``.
        name: The run's name.

    Raises:
        nids.errors.UserError: There is no such run, or it cannot be read.
    """
    from nids import results

    return results.open_run(storage, name)


def load_detector(uri: str) -> Bundle:
    """Return the detector that ``nids finalize`` saved.

    >>> import nids
    >>> detector = nids.load_detector("runs/demonstration/bundle")
    >>> detector.classes
    ('Normal', 'DoS', 'Probe', 'R2L', 'U2R')

    Args:
        uri: The bundle's folder, ``STORAGE/RUN/bundle``: a path, or a URI such as ``s3://bucket/runs/NAME/bundle``.

    Raises:
        nids.errors.UserError: There is no bundle, it is damaged, or this version cannot read it.
    """
    from nids.detector import bundle
    from nids.storage import Folder

    return bundle.load(Folder.from_uri(uri))


def load_dataset(
    name: str,
    *,
    file: str | None = None,
    label_map: str | None = None,
    folder: Path | None = None,
    rows: int = 6000,
    rows_per_class: int | None = None,
    seed: int = 0,
) -> Traffic:
    """Return the labelled rows of a data set that a search may see; held-out files are refused.

    >>> import nids
    >>> rows = nids.load_dataset("nsl-kdd-sample", rows=240)
    >>> rows.features.shape, rows.label.shape
    ((240, 41), (240,))

    Args:
        name: The data set, such as ``nsl-kdd``; ``nsl-kdd-sample`` makes synthetic rows and needs no file.
        file: Which of its training files; by default, the whole one, or all that are parts of one data set.
        label_map: Which attack belongs to which class; by default, the data set's own map.
        folder: A data file, or a folder or zip archive that holds it; by default, ``NIDS_DATA_DIR`` and the user's
            cache are searched.
        rows: Number of rows of a synthetic data set.
        rows_per_class: Most rows of each class that are taken of files, at random; by default, all.
        seed: Seed of a synthetic data set, and of which rows are taken.

    Raises:
        nids.errors.UserError: A name is unknown, or the file is held out, missing or invalid.
    """
    from nids import datasets

    return datasets.load_training(
        name, file=file, class_map=label_map, folder=folder, rows=rows, rows_per_class=rows_per_class, seed=seed
    )


def __getattr__(name: str) -> Any:
    if name == "search":  # the package of that name, which can be called
        import importlib

        return importlib.import_module("nids.search")
    if name == "__version__":
        from importlib.metadata import version

        return version("nids")
    raise AttributeError(f"module 'nids' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
