from __future__ import annotations

import pytest

from nids.datasets.labels import LabelMap


def test_there_are_as_many_classes_as_a_byte_can_tell_apart() -> None:
    assert len(LabelMap("many", tuple(map(str, range(127))), "0").classes) == 127
    with pytest.raises(ValueError, match="has 128 classes, but can have 127"):
        LabelMap("many", tuple(map(str, range(128))), "0")


def test_positions():
    binary = LabelMap("binary", ("Benign", "Attack"), "Benign", {"-": "Benign", "worm": "Attack", "scan": "Attack"})
    assert binary.positions == {"-": 0, "worm": 1, "scan": 1}
    assert LabelMap("own", ("Attack", "Benign"), "Benign").positions == {"Attack": 0, "Benign": 1}


def test_benign_label():
    assert LabelMap("own", ("Attack", "Benign"), "Benign").benign_label == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"benign": "benign"}, "'benign', the benign class of label map 'm', is none of", id="benign"),
        pytest.param({"class_of": {"worm": "attack"}}, r"label map 'm' leads to \['attack'\], which are", id="class"),
        pytest.param({"classes": ("Benign", "Benign")}, "label map 'm' has a class twice", id="twice"),
    ],
)
def test_label_map_refuses_what_contradicts_itself(change, message):
    with pytest.raises(ValueError, match=message):
        LabelMap(**{"name": "m", "classes": ("Benign", "Attack"), "benign": "Benign", **change})
