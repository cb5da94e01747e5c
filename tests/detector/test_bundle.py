from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from nids import datasets, npz
from nids.detector import bundle, bundle_files
from nids.detector.boosted_trees import BoostedTrees
from nids.detector.manifest import FORMAT, Manifest
from nids.errors import UserError
from nids.folds.encoding import Encoding, compact
from nids.folds.fold import Fold, TrainingSet
from nids.metrics.calibration import correct_priors, with_temperature
from nids.models.cnn_bigru import MODEL
from nids.models.cnn_bigru.hyperparameters import Hyperparameters
from nids.storage import Folder
from nids.training.ensemble import Network
from tests.manifests import a_bundle_manifest, networks

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.datasets.traffic import Traffic

HP = Hyperparameters(conv_kernel_size=3, conv_filters=4, gru_units=4, sequence_gru_units=4)
SAMPLE = datasets.get("nsl-kdd-sample").labelled_by()
CLASSES = ("Normal", "DoS", "Probe", "R2L", "U2R")


def manifest(**changes: Any) -> Manifest:
    return a_bundle_manifest(networks(HP), **changes)


@pytest.fixture(scope="module")
def encoding(traffic: Traffic) -> Encoding:
    rows = compact(traffic.features, traffic.dataset)
    return Encoding.fit(rows, np.arange(len(rows)), traffic.dataset)


@pytest.fixture(scope="module")
def members(encoding: Encoding) -> list[Any]:
    """Two models that were never trained: their weights are as good as any."""
    return [MODEL.build_for(encoding.width, 5, HP, seed) for seed in (1, 2)]


@pytest.fixture(scope="module")
def saved(encoding: Encoding, members: list[Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle")
    weights = [{weight.path: np.array(weight) for weight in model.weights} for model in members]
    bundle.save(Folder.from_uri(str(path)), manifest(), SAMPLE, encoding, weights, card="# A card\n")
    return path


@pytest.fixture
def copy(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "copy"))


def load(path: Path) -> bundle.Bundle:
    return bundle.load(Folder.from_uri(str(path)))


def reseal(path: Path) -> None:
    """Give a changed bundle the right sums again, as whoever changed it on purpose would."""
    names = sorted(file.name for file in path.iterdir() if file.name != bundle_files.SUMS)
    lines = [f"{hashlib.sha256((path / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (path / bundle_files.SUMS).write_text("".join(lines))


@pytest.mark.slow
def test_what_is_saved_is_loaded(saved: Path, encoding: Encoding, members: list[Any], traffic: Traffic) -> None:
    found = load(saved)
    assert (found.manifest, found.ensemble.encoding) == (manifest(), encoding)
    assert (found.classes, found.benign, found.dataset) == (CLASSES, 0, SAMPLE)
    assert found.thresholds == {0.001: 0.9, 0.01: 0.5}
    for loaded, model in zip(found.ensemble.members, members, strict=True):
        assert isinstance(loaded, Network)
        for ours, theirs in zip(loaded.model.weights, model.weights, strict=True):
            assert ours.path == theirs.path
            np.testing.assert_array_equal(ours, theirs)
    ensemble = found.ensemble.probabilities(traffic.features)
    np.testing.assert_array_equal(found.probabilities(traffic.features), ensemble)


@pytest.mark.slow
def test_calibration_is_that_of_the_folds(saved: Path, traffic: Traffic) -> None:
    found = load(saved)
    raw = found.probabilities(traffic.features)
    np.testing.assert_array_equal(found.calibrated(raw), with_temperature(raw, 1.5))
    natural = np.array([0.6, 0.1, 0.1, 0.1, 0.1])
    np.testing.assert_array_equal(found.with_natural_priors(raw), correct_priors(raw, np.full(5, 0.2), natural))


@pytest.mark.parametrize(
    "name",
    ["manifest.json", "dataset.json", "encoding.json", "weights-0.npz", "weights-1.npz", "MODEL_CARD.md", "SHA256SUMS"],
)
def test_a_changed_byte_is_noticed(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(UserError, match=r"the bundle is damaged or was changed: .*Copy it again, or make it again"):
        load(copy)


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "weights-1.npz").unlink()
    with pytest.raises(UserError, match=r"/weights-1\.npz: the bundle is damaged or was changed: it is missing"):
        load(copy)


def test_a_folder_without_a_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no bundle \(there is no SHA256SUMS\)"):
        load(tmp_path)


def test_a_run_is_told_from_its_detector(copy: Path) -> None:
    copy.rename(copy.parent / "bundle")
    with pytest.raises(UserError, match=rf"^{copy.parent}: is a run; its detector is {copy.parent}/bundle\.$"):
        load(copy.parent)


def test_another_version_is_refused(copy: Path) -> None:
    values = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({"format": 99, "of": "the future"}))
    reseal(copy)
    with pytest.raises(UserError) as caught:
        load(copy)
    assert str(caught.value) == (
        f"{copy}: the bundle has format 99, this version of nids reads formats up to 3. "
        "Use the version that wrote it, or make it again with `nids finalize`."
    )
    assert values["format"] == FORMAT


def of_networks(values: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest as formats 1 and 2 had it, without components."""
    (component,) = values.pop("components")
    assert (component.pop("kind"), component.pop("weight")) == ("networks", 1.0)
    return values | component


@pytest.mark.slow
def test_a_bundle_of_the_second_format_is_of_one_component(copy: Path, saved: Path) -> None:
    values = of_networks(json.loads((copy / "manifest.json").read_text()))
    (copy / "manifest.json").write_text(json.dumps({**values, "format": 2}))
    reseal(copy)
    assert load(copy).manifest == load(saved).manifest


@pytest.mark.slow
def test_a_bundle_of_the_first_format_is_a_cnn_bigru(copy: Path, saved: Path) -> None:
    values = of_networks(json.loads((copy / "manifest.json").read_text()))
    assert values.pop("model") == "cnn-bigru"
    (copy / "manifest.json").write_text(json.dumps({**values, "format": 1}))
    (copy / "dataset.json").unlink()
    reseal(copy)
    assert load(copy).manifest == load(saved).manifest
    assert load(copy).dataset == SAMPLE
    (copy / "manifest.json").write_text(json.dumps({**values, "format": 1, "dataset": "kdd-99"}))
    reseal(copy)
    with pytest.raises(
        UserError, match=r"the bundle is for a data set that is not known here\. 'kdd-99' is not a data set"
    ):
        load(copy)


@pytest.mark.slow
def test_a_bundle_needs_no_data_set_of_that_name_here(copy: Path, saved: Path, traffic: Traffic) -> None:
    """Its own description is what counts, also where the data set of that name has become another one."""
    values = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({**values, "dataset": "ours"}))
    described = json.loads((copy / "dataset.json").read_text())
    (copy / "dataset.json").write_text(json.dumps({**described, "name": "ours"}))
    reseal(copy)
    found = load(copy)
    assert found.dataset == replace(SAMPLE, name="ours")
    np.testing.assert_array_equal(found.probabilities(traffic.features), load(saved).probabilities(traffic.features))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param("{", "it describes no data set", id="no JSON"),
        pytest.param('{"name": "ours"}', "it describes no data set", id="parts are missing"),
        pytest.param(
            replace(SAMPLE, columns=SAMPLE.columns[1:], layout=()).to_json(), "its features are", id="columns"
        ),
        pytest.param(
            datasets.get("nsl-kdd").labelled_by("nsl-kdd-variant").to_json(), "is not a label map", id="labels"
        ),
    ],
)
def test_a_description_that_does_not_fit_is_refused(copy: Path, content: str, words: str) -> None:
    (copy / "dataset.json").write_text(content)
    reseal(copy)
    with pytest.raises(UserError, match=words):
        load(copy)


def test_another_data_set_is_refused(saved: Path) -> None:
    with pytest.raises(UserError, match=r"the bundle was made for nsl-kdd-sample, not for nsl-kdd"):
        bundle.load(Folder.from_uri(str(saved)), dataset="nsl-kdd")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"model": "cnn"}, "for a model that is not known here", id="unknown model"),
        pytest.param({"model": "mlp"}, "conv_kernel_size: Extra inputs are not permitted", id="another model"),
        pytest.param({"classes": ["Normal", "DoS"]}, "its classes are Normal, DoS, those of", id="classes"),
        pytest.param({"members": 3}, r"it lists .* instead of", id="members"),
        pytest.param({"weight": 0.5}, "the weights of the components do not add up to 1", id="weights"),
        pytest.param({"components": []}, "components: Tuple should have at least 1 item", id="no components"),
        pytest.param({"kind": "pickle"}, "found using 'kind' does not match", id="kind"),
        pytest.param({"command": "rm"}, "command: Extra inputs are not permitted", id="unknown key"),
        pytest.param({"hyperparameters": {"gru_units": 10**9}}, "gru_units: Input should be less", id="huge model"),
        pytest.param({"hyperparameters": {"gru_units": 8}}, "but must be finite float32 of shape", id="other model"),
        pytest.param(
            {"calibration": {"temperature": -1, "trained_on": [], "natural": []}}, "temperature", id="nonsense"
        ),
        pytest.param(
            {"calibration": {"temperature": 1, "trained_on": [1], "natural": [1]}},
            "its calibration is not",
            id="shares",
        ),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(copy: Path, changes: dict[str, Any], words: str) -> None:
    values = json.loads((copy / "manifest.json").read_text())
    of_component = {key: changes[key] for key in changes if key in values["components"][0]}
    values["components"][0] |= of_component
    rest = {key: changes[key] for key in changes if key not in of_component}
    (copy / "manifest.json").write_text(json.dumps(values | rest))
    reseal(copy)
    with pytest.raises(UserError, match=words):
        load(copy)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda e: e.pop("minimum"), "it is not an encoding", id="a part is missing"),
        pytest.param(lambda e: e["minimum"].append(0.5), "its parts do not fit together", id="too many ends"),
        pytest.param(lambda e: e["maximum"].__setitem__(0, "high"), "its parts do not fit", id="words for numbers"),
        pytest.param(lambda e: e["numeric"].__setitem__(0, "age"), "its features are not those of", id="features"),
    ],
)
def test_an_encoding_that_does_not_fit_is_refused(copy: Path, change: Callable[[Any], Any], words: str) -> None:
    values = json.loads((copy / "encoding.json").read_text())
    change(values)
    (copy / "encoding.json").write_text(json.dumps(values))
    reseal(copy)
    with pytest.raises(UserError, match=words):
        load(copy)


class Bomb:
    """What a pickle would execute."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.witness),)


def test_a_pickle_among_the_weights_is_not_executed(copy: Path, tmp_path: Path) -> None:
    witness = tmp_path / "executed"
    pickle.loads(pickle.dumps(Bomb(witness)))
    assert witness.exists()  # that is what it would do
    witness.rmdir()
    with np.load(copy / "weights-0.npz") as file:
        arrays: dict[str, Any] = {name: file[name] for name in file.files}
    arrays["conv/bias"] = np.array([Bomb(witness)] * 4, dtype=object)
    np.savez(copy / "weights-0.npz", allow_pickle=True, **arrays)
    reseal(copy)
    with pytest.raises(
        UserError, match=r"weights-0\.npz: the bundle is .* changed: 'conv/bias\.npy' is of type object"
    ):
        load(copy)
    (copy / "weights-0.npz").write_bytes(pickle.dumps(Bomb(witness)))
    reseal(copy)
    with pytest.raises(UserError, match=r"weights-0\.npz: the bundle is damaged or was changed: it holds no plain"):
        load(copy)
    assert not witness.exists()


def rewritten(content: bytes, changes: dict[str, np.ndarray | None]) -> bytes:
    with np.load(io.BytesIO(content)) as file:
        arrays: dict[str, Any] = {name: file[name] for name in file.files}
    arrays |= changes
    return npz.to_bytes({name: value for name, value in arrays.items() if value is not None})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"conv/bias": None}, "it lacks the weight 'conv/bias'", id="missing"),
        pytest.param({"conv/other": np.zeros(1, np.float32)}, "'conv/other', which is not a weight", id="unknown"),
        pytest.param({"conv/bias": np.zeros(3, np.float32)}, r"of shape \(3,\), but must be .* \(4,\)", id="shape"),
        pytest.param({"conv/bias": np.zeros(4, np.int32)}, r"is int32 of shape \(4,\), but must", id="type"),
        pytest.param({"conv/bias": np.full(4, np.nan, np.float32)}, "but must be finite", id="not finite"),
    ],
)
def test_weights_that_do_not_fit_are_refused(copy: Path, changes: dict[str, np.ndarray | None], words: str) -> None:
    path = copy / "weights-0.npz"
    path.write_bytes(rewritten(path.read_bytes(), changes))
    reseal(copy)
    with pytest.raises(UserError, match=words):
        load(copy)


def test_weights_that_are_compressed_are_refused(copy: Path) -> None:
    path = copy / "weights-0.npz"
    with np.load(path) as file:
        np.savez_compressed(path, **{**file, "conv/bias": np.zeros(10**6, np.float32)})
    reseal(copy)
    with pytest.raises(UserError, match=r"\.npy' is compressed"):
        load(copy)


def test_an_array_that_claims_to_be_larger_than_its_file_is_refused(copy: Path) -> None:
    path = copy / "weights-0.npz"
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (10**14,)})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("conv/bias.npy", header.getvalue())
    reseal(copy)
    with pytest.raises(UserError, match=r"'conv/bias\.npy' claims the shape \(100000000000000,\), which is not that"):
        load(copy)


def test_an_archive_that_is_encrypted_is_refused(copy: Path) -> None:
    path = copy / "weights-0.npz"
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1  # the flag that says so
    path.write_bytes(content)
    reseal(copy)
    with pytest.raises(UserError, match=r"it holds no plain arrays \(.*encrypted"):
        load(copy)


def test_a_network_larger_than_its_files_is_refused_before_it_is_made(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = Hyperparameters(conv_filters=4096, gru_units=4096, sequence_gru_units=4096)
    (copy / "manifest.json").write_bytes(a_bundle_manifest(networks(large)).model_dump_json().encode())
    reseal(copy)
    monkeypatch.setattr(Network, "from_weights", None)  # that makes networks
    monkeypatch.setattr(bundle_files, "usable_memory", lambda: 2**40)
    with pytest.raises(UserError, match="but must be finite float32 of shape"):
        load(copy)
    monkeypatch.setattr(bundle_files, "usable_memory", lambda: 2**30)
    with pytest.raises(UserError, match=r"takes [0-9.]+ GiB of memory, but this machine has 1\.0 GiB"):
        load(copy)


@pytest.mark.parametrize("name", ["manifest.json", "dataset.json", "encoding.json", "MODEL_CARD.md", "SHA256SUMS"])
def test_a_text_that_is_too_long_is_not_read(copy: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_files, "LARGEST_TEXT", max(file.stat().st_size for file in copy.glob("*.[jm]*")))
    with (copy / name).open("ab") as file:
        file.write(b" " * 2**15)
    if name != "SHA256SUMS":
        reseal(copy)
    with pytest.raises(UserError, match=rf"{name}: [\d,]+ bytes, where a file of at most [\d,]+ belongs"):
        load(copy)


def test_what_could_not_be_read_again_is_not_saved(copy: Path, encoding: Encoding) -> None:
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    (_, *others), texts = encoding.categories, tuple(f"host-{i:07d}.example.org" for i in range(150_000))
    large = replace(encoding, categories=(texts, *others))
    size = len(large.to_json())
    with pytest.raises(UserError) as caught:
        bundle.save(Folder.from_uri(str(copy)), manifest(), SAMPLE, large, [{}, {}])
    assert str(caught.value) == (
        f"{copy}/encoding.json: would have {size:,} bytes, but of a file of text in a bundle at most 4,194,304 are "
        "read. Describe the data set without the columns of text that have the most values, and search again."
    )
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before


def test_a_file_of_weights_is_no_larger_than_they_are(copy: Path) -> None:
    path = copy / "weights-1.npz"
    path.write_bytes(path.read_bytes() + bytes(2**16))
    reseal(copy)
    with pytest.raises(UserError, match=r"weights-1\.npz: [\d,]+ bytes, where a file of at most"):
        load(copy)


def test_two_weights_of_one_name_are_refused(copy: Path) -> None:
    path = copy / "weights-0.npz"
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("conv/bias.npy", b"")
    reseal(copy)
    with pytest.raises(UserError, match="two of its arrays have the same name"):
        load(copy)


@pytest.mark.parametrize("name", ["manifest.json", "dataset.json", "encoding.json"])
def test_deep_json_is_refused(copy: Path, name: str) -> None:
    (copy / name).write_bytes(b"[" * 200_000)
    reseal(copy)
    with pytest.raises(UserError, match="the bundle is damaged or was changed"):
        load(copy)


def test_a_bundle_takes_the_place_of_a_larger_one(copy: Path, encoding: Encoding, members: list[Any]) -> None:
    weights = {weight.path: np.array(weight) for weight in members[1].weights}
    smaller = a_bundle_manifest(networks(HP, members=1))
    bundle.save(Folder.from_uri(str(copy)), smaller, SAMPLE, encoding, [weights], card="")
    assert not (copy / "weights-1.npz").exists()
    assert load(copy).manifest == smaller


def test_a_bundle_is_plain_files(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == [
        "MODEL_CARD.md",
        "SHA256SUMS",
        "dataset.json",
        "encoding.json",
        "manifest.json",
        "weights-0.npz",
        "weights-1.npz",
    ]
    with zipfile.ZipFile(saved / "weights-0.npz") as archive:
        assert {name.rpartition(".")[2] for name in archive.namelist()} == {"npy"}


def test_names_that_lead_elsewhere_are_refused(copy: Path) -> None:
    with (copy / bundle_files.SUMS).open("a") as sums:
        sums.write(f"{'0' * 64}  ../secret\n")
    with pytest.raises(UserError, match="a line is not a sum and a file's name"):
        load(copy)


@pytest.fixture
def with_trees(encoding: Encoding, members: list[Any], traffic: Traffic, tmp_path: Path) -> tuple[Path, BoostedTrees]:
    """A detector of networks and trees, in unequal parts."""
    point = {"n_estimators": 3, "max_depth": 3}
    rows = np.arange(len(traffic.label), dtype=np.int32)
    fold = Fold(0, rows, rows[:0], encoding, csr_matrix((0, encoding.width)), np.empty(0, np.int8), ())
    trees = BoostedTrees.fit(TrainingSet.from_traffic(traffic), fold, point, seed=0)
    path = tmp_path / "with trees"
    both = a_bundle_manifest(
        networks(HP, weight=0.75), {"kind": "boosted trees", "hyperparameters": point, "weight": 0.25}
    )
    weights = [{weight.path: np.array(weight) for weight in model.weights} for model in members]
    bundle.save(Folder.from_uri(str(path)), both, SAMPLE, encoding, [*weights, trees.arrays], card="")
    return path, trees


@pytest.mark.slow
def test_a_detector_may_consist_of_networks_and_trees(
    with_trees: tuple[Path, BoostedTrees], saved: Path, traffic: Traffic
) -> None:
    path, trees = with_trees
    found = load(path)
    assert (found.manifest.members, found.ensemble.weights) == (3, (0.375, 0.375, 0.25))
    rows = compact(traffic.features, traffic.dataset)
    of_trees = trees.probabilities(found.ensemble.encoding.transform(rows, np.arange(len(rows))))
    of_networks = load(saved).ensemble.by_member(traffic.features)
    np.testing.assert_array_equal(found.ensemble.by_member(traffic.features), np.stack([*of_networks, of_trees]))
    np.testing.assert_allclose(
        found.probabilities(traffic.features), 0.75 * of_networks.mean(axis=0) + 0.25 * of_trees, rtol=1e-5, atol=1e-6
    )


def test_trees_that_were_changed_are_refused(with_trees: tuple[Path, BoostedTrees]) -> None:
    path, trees = with_trees
    circle = trees.arrays["left_children"].copy()
    circle[0] = 0
    (path / "trees.npz").write_bytes(npz.to_bytes({**trees.arrays, "left_children": circle}))
    reseal(path)
    with pytest.raises(
        UserError, match=r"/trees\.npz: the bundle is damaged .*: a node's child is not one of the later"
    ):
        load(path)
    (path / "trees.npz").write_bytes(b"no archive")
    reseal(path)
    with pytest.raises(UserError, match=r"/trees\.npz: the bundle is damaged"):
        load(path)
