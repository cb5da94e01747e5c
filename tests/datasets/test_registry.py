from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial

import pytest

from nids import datasets
from nids.config import Data
from nids.datasets.catalog import nsl_kdd
from nids.datasets.catalog.nsl_kdd import DATASET
from nids.datasets.registry import other_label_maps
from nids.errors import UserError

HELD_OUT = (
    "KDDTest+ is held out: whatever a search sees of it, its final test can no longer judge. Search on a training file."
)


def test_names():
    assert datasets.names() == (
        "cic-ids2017",
        "cse-cic-ids2018",
        "netflow-v2",
        "netflow-v3",
        "nsl-kdd",
        "nsl-kdd-sample",
        "unsw-nb15",
        "zeek-conn",
    )
    assert [datasets.get(name).name for name in datasets.names()] == list(datasets.names())
    with pytest.raises(UserError) as refusal:
        datasets.get("nsl_kdd")
    assert str(refusal.value) == (
        "'nsl_kdd' is not a data set (did you mean nsl-kdd?). Known: cic-ids2017, cse-cic-ids2018, netflow-v2, "
        "netflow-v3, nsl-kdd, nsl-kdd-sample, unsw-nb15, zeek-conn. For your own files, `nids data "
        "describe FILE` writes a description."
    )


def test_other_label_maps_are_those_of_the_same_classes():
    assert [each.name for each in other_label_maps(DATASET.labelled_by())] == ["nsl-kdd-variant"]
    assert [each.name for each in other_label_maps(DATASET.labelled_by("nsl-kdd-variant"))] == ["nsl-kdd"]
    assert other_label_maps(DATASET.labelled_by("binary")) == ()
    assert other_label_maps(replace(DATASET, name="own")) == ()


def test_training_rows_come_from_where_the_file_is(tmp_path, monkeypatch, line):
    (tmp_path / "KDDTrain+.txt").write_text(line())
    assert not datasets.available(Data())
    with pytest.raises(UserError, match=r"KDDTrain\+.txt is not on this machine: looked in "):
        datasets.load_training("nsl-kdd")
    assert datasets.available(Data(), tmp_path)
    assert datasets.load_training("nsl-kdd", folder=tmp_path).attack.tolist() == ["normal"]
    monkeypatch.setenv("NIDS_DATA_DIR", str(tmp_path))
    assert datasets.available(Data())
    assert datasets.load_training("nsl-kdd").attack.tolist() == ["normal"]
    assert not datasets.available(Data(file="KDDTrain+_20Percent"))


def test_a_given_place_without_the_file_is_never_passed_over(tmp_path):
    for use in (datasets.available, partial(datasets.load_for, seed=0)):
        with pytest.raises(UserError, match=r"holds no KDDTrain\+.txt"):
            use(Data(), folder=tmp_path)


def test_held_out_files_are_refused_by_name(tmp_path, line):
    (tmp_path / "KDDTest+.txt").write_text(line())
    for use in (datasets.available, partial(datasets.load_for, seed=0)):
        with pytest.raises(UserError) as refusal:
            use(Data(file="KDDTest+"), folder=tmp_path)
        assert str(refusal.value) == HELD_OUT
    with pytest.raises(UserError) as refusal:
        datasets.load_training("nsl-kdd", folder=tmp_path / "KDDTest+.txt")
    assert str(refusal.value) == HELD_OUT


def test_held_out_files_are_refused_by_content(tmp_path, line, monkeypatch):
    (tmp_path / "harmless.csv").write_text(line())
    test = replace(DATASET.file("KDDTest+"), sha256=hashlib.sha256(line().encode()).hexdigest())
    monkeypatch.setattr(nsl_kdd, "DATASET", replace(DATASET, files=(*DATASET.files[:2], test)))
    with pytest.raises(UserError) as refusal:
        datasets.load_training("nsl-kdd", folder=tmp_path / "harmless.csv")
    assert str(refusal.value) == HELD_OUT


def test_a_generated_data_set_needs_no_files(tmp_path):
    assert datasets.available(Data(dataset="nsl-kdd-sample"))
    assert len(datasets.load_training("nsl-kdd-sample", rows=100).label) == 100
    with pytest.raises(UserError, match="nsl-kdd-sample is generated and reads no files"):
        datasets.load_training("nsl-kdd-sample", folder=tmp_path)


def test_real_data(real_data):
    traffic = datasets.load_training("nsl-kdd", folder=real_data)
    counts = traffic.attack.map(DATASET.label_maps[0].class_of_label).value_counts().to_dict()
    assert traffic.source == "KDDTrain+"
    assert counts == {"Normal": 67_343, "DoS": 45_927, "Probe": 11_656, "R2L": 995, "U2R": 52}
