"""Writes the fingerprints by which held-out rows are kept away from searches: once, by whoever adds a data set.

``python -m nids.evaluation.held_out_fingerprints DATASET FOLDER`` reads the published files in FOLDER, which may be a
zip archive, and writes into ``nids/datasets/held_out``.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np

from nids import datasets
from nids.datasets import held_out_guard
from nids.datasets.fingerprints import fingerprints
from nids.datasets.io.load import load
from nids.datasets.locate import find
from nids.errors import UserError

FOLDER = Path(held_out_guard.__file__).parent / "held_out"


def fingerprints_by_file(dataset: str, container: Path) -> dict[str, np.ndarray]:
    """Return for each published held-out file the fingerprints of those of its rows that no training file has.

    Files whose rows are a part of another held-out file's are left out: those of the other one are enough.

    Args:
        dataset: Name of the data set.
        container: Folder or zip archive with all its files.

    Returns:
        By the SHA-256 of the file: uint64, in ascending order, each once.

    Raises:
        UserError: A file is missing, damaged or not the published one.
    """
    spec = datasets.get(dataset)
    rows = {}
    for file in spec.files:
        path = find(spec, file, container)
        if path is None:
            raise UserError(f"{container}: holds no {file.filename}. Give a folder or zip archive with all files.")
        traffic = load(path, spec)
        if traffic.sha256 != file.sha256:
            raise UserError(f"{path}: is not the published {file.filename}. Get another copy.")
        rows[file] = np.unique(fingerprints(traffic.features))
    training = np.concatenate([rows[file] for file in spec.files if file.role == "training"])
    return {file.sha256: np.setdiff1d(rows[file], training) for file in spec.held_out_files if file.subset is None}


def main() -> None:
    """Write the files."""
    dataset, container = sys.argv[1:]
    for sha256, of_file in fingerprints_by_file(dataset, Path(container)).items():
        content = io.BytesIO()
        np.save(content, of_file)
        (FOLDER / f"{sha256}.npy").write_bytes(content.getvalue())
        print(f"{sha256}.npy: {len(of_file):,} fingerprints")


if __name__ == "__main__":
    main()
