from __future__ import annotations

import os
from pathlib import Path

import pytest

from nids import datasets
from nids.datasets.held_out_guard import fingerprints_of
from nids.errors import UserError
from nids.evaluation.held_out_fingerprints import FOLDER, fingerprints_by_file


def test_those_in_the_package_are_those_of_the_published_files() -> None:
    if "NIDS_DATA_DIR" not in os.environ:
        pytest.skip("NIDS_DATA_DIR does not name a folder with the real files")
    made = fingerprints_by_file("nsl-kdd", Path(os.environ["NIDS_DATA_DIR"]) / "nsl-kdd")
    test = datasets.get("nsl-kdd").file("KDDTest+")
    assert {sha256: known.tolist() for sha256, known in made.items()} == {test.sha256: fingerprints_of(test).tolist()}
    assert len(fingerprints_of(test)) == 21_833


def test_each_of_them_belongs_to_a_data_set() -> None:
    known = {file.sha256 for name in datasets.names() for file in datasets.get(name).held_out_files}
    assert {path.stem for path in FOLDER.iterdir()} <= known


def test_another_file_makes_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no KDDTrain\+.txt"):
        fingerprints_by_file("nsl-kdd", tmp_path)
