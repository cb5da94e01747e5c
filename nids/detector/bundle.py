"""A saved detector: all that it takes to score new traffic, as plain files that hold no code.

======================  ================================================================================================
``manifest.json``       what it was made from, and how: data, hyperparameters, thresholds, calibration, versions
``dataset.json``        the description of the data set whose columns it reads
``encoding.json``       the fitted encoding
``weights-N.npz``       the weights of each network, plain arrays by their path in the model
``trees.npz``           boosted trees, if there are some, as ``nids.detector.boosted_trees.check`` has them
``MODEL_CARD.md``       the same for people
``SHA256SUMS``          of all of them, as ``sha256sum --check`` reads it
======================  ================================================================================================

The models themselves are built by this package from the hyperparameters in the manifest; a bundle only fills in their
weights. So nothing in a bundle is ever executed: no pickle, no serialised layer, no expression.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from nids import datasets, foreign_json, models, npz
from nids.datasets.schema import DatasetSpec
from nids.detector import boosted_trees
from nids.detector.boosted_trees import BoostedTrees
from nids.detector.bundle_files import (
    SUMS,
    damaged,
    largest_file,
    listed_files,
    read_arrays,
    read_encoding,
    read_file,
    refuse_too_large,
    write_files,
)
from nids.detector.manifest import FORMAT, FORMER_FORMATS, Manifest, Networks, upgraded
from nids.errors import UserError
from nids.metrics.calibration import correct_priors, with_temperature
from nids.training.ensemble import Ensemble, Member, Network
from nids.training.trainer import VALIDATION_BATCH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from nids.detector.manifest import Component
    from nids.folds.encoding import Encoding
    from nids.storage import Folder
TREES = "trees.npz"
# The format that did not yet describe its data set.
NO_DESCRIPTION = 1


@dataclass(frozen=True, eq=False)
class Bundle:
    """A detector that is ready to score.

    Attributes:
        manifest: What it says of itself.
        ensemble: Its models.
    """

    manifest: Manifest
    ensemble: Ensemble

    @property
    def dataset(self) -> DatasetSpec:
        """The data set whose columns it reads."""
        return self.ensemble.dataset

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the probabilities."""
        return self.manifest.classes

    @property
    def benign(self) -> int:
        """Position of the class that is no attack."""
        return self.dataset.benign_label

    @property
    def thresholds(self) -> Mapping[float, float]:
        """False-positive rate aimed at → threshold on the attack score."""
        return self.manifest.thresholds

    def probabilities(self, features: pd.DataFrame) -> np.ndarray:
        """Return class probabilities, float32 of shape (rows, classes); see ``nids.training.ensemble.Ensemble``.

        >>> import nids
        >>> detector = nids.load_detector("runs/demonstration/bundle")
        >>> rows = nids.load_dataset("nsl-kdd-sample", rows=240)
        >>> probabilities = detector.probabilities(rows.features)
        >>> probabilities.shape, bool(abs(probabilities.sum(axis=1) - 1).max() < 1e-6)
        ((240, 5), True)
        """
        return self.ensemble.probabilities(features)

    def calibrated(self, probabilities: np.ndarray) -> np.ndarray:
        """Return probabilities at the temperature that the folds ask for, float64 of shape (rows, classes)."""
        return with_temperature(probabilities, self.manifest.calibration.temperature)

    def with_natural_priors(self, probabilities: np.ndarray) -> np.ndarray:
        """Return probabilities for traffic whose classes have the shares of the training file, not those trained on."""
        calibration = self.manifest.calibration
        return correct_priors(probabilities, np.array(calibration.trained_on), np.array(calibration.natural))


def save(
    folder: Folder,
    manifest: Manifest,
    dataset: DatasetSpec,
    encoding: Encoding,
    members: Sequence[Mapping[str, np.ndarray]],
    card: str = "",
) -> None:
    """Write a bundle in the place of an older one; it counts as there once its last file is, ``SHA256SUMS``.

    Args:
        folder: Where to.
        manifest: What it is.
        dataset: The data set whose columns it reads, with the one label map by which it classifies.
        encoding: How rows are encoded for its models.
        members: The arrays of each model, in the order of the manifest's components.
        card: The card; only a draft, which is there to be evaluated, has none yet.

    Raises:
        UserError: The folder cannot be written to, or a file would be larger than is read; then nothing is written.
    """
    files: dict[str, bytes] = {
        "manifest.json": manifest.model_dump_json(indent=2).encode(),
        "dataset.json": dataset.to_json().encode(),
        "encoding.json": encoding.to_json().encode(),
        "MODEL_CARD.md": card.encode(),
    }
    for (name, _), arrays in zip(_files_of_members(manifest), members, strict=True):
        files[name] = npz.to_bytes(arrays)
    write_files(folder, files)


def load(folder: Folder, dataset: str | None = None) -> Bundle:
    """Return the detector in a folder.

    Args:
        folder: Where ``save`` wrote it.
        dataset: Name of the data set that it is to be used on; by default its own.

    Raises:
        UserError: There is no bundle, it is damaged, of another version, or made for another data set.
    """
    sums = listed_files(folder)
    files = {"manifest.json": read_file(folder, "manifest.json", sums)}
    try:
        # Of another version, the rest may look different: this is read first, and alone.
        form = foreign_json.parsed(files["manifest.json"])["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(folder, "manifest.json", f"it names no format ({error})") from None
    if form not in (*FORMER_FORMATS, FORMAT):
        raise UserError(
            f"{folder.uri}: the bundle has format {form}, this version of nids reads formats up to {FORMAT}. "
            "Use the version that wrote it, or make it again with `nids finalize`."
        )
    manifest = _manifest(folder, files["manifest.json"])
    if dataset is not None and manifest.dataset != dataset:
        raise UserError(
            f"{folder.uri}: the bundle was made for {manifest.dataset}, not for {dataset}: its columns are others. "
            f"Use one that was made for {dataset}."
        )
    texts = {"manifest.json", "encoding.json", "MODEL_CARD.md", *([] if form == NO_DESCRIPTION else ["dataset.json"])}
    if set(sums) != (expected := {*texts, *(name for name, _ in _files_of_members(manifest))}):
        raise damaged(folder, SUMS, f"it lists {', '.join(sorted(sums))} instead of {', '.join(sorted(expected))}")
    files |= {name: read_file(folder, name, sums) for name in sorted(texts)}
    described = _dataset(folder, files.get("dataset.json"), manifest)
    encoding = read_encoding(folder, files["encoding.json"], described)
    members = _members(folder, manifest, encoding.width, sums)
    return Bundle(manifest, Ensemble(described, encoding, members, manifest.member_weights))


def _files_of_members(manifest: Manifest) -> list[tuple[str, Component]]:
    """Return the file of each member, and what it is a member of, in the order of the manifest's components."""
    networks = itertools.count()
    return [
        (f"weights-{next(networks)}.npz" if isinstance(component, Networks) else TREES, component)
        for component in manifest.components
        for _ in range(component.members)
    ]


def _members(folder: Folder, manifest: Manifest, width: int, sums: Mapping[str, str]) -> tuple[Member, ...]:
    classes = len(manifest.classes)
    outlines = {
        component: models.get(component.model).outline(width, classes, component.hyperparameters)
        for component in manifest.components
        if isinstance(component, Networks)
    }
    refuse_too_large(
        folder, sum(outline.bytes_for(component.members, VALIDATION_BATCH) for component, outline in outlines.items())
    )
    members: list[Member] = []
    for name, component in _files_of_members(manifest):
        if isinstance(component, Networks):
            shapes = outlines[component].shapes
            weights = read_arrays(folder, name, read_file(folder, name, sums, largest_file(shapes)), shapes)
            members.append(Network.from_weights(width, classes, component.hyperparameters, weights))
        else:
            members.append(_trees(folder, read_file(folder, name, sums, npz.largest_file()), width, classes))
    return tuple(members)


def _trees(folder: Folder, content: bytes, width: int, classes: int) -> BoostedTrees:
    try:
        arrays = npz.read(content)
        boosted_trees.check(arrays, width, classes)
    except (npz.ArraysError, ValueError) as error:
        raise damaged(folder, TREES, str(error)) from None
    return BoostedTrees(arrays, width, classes)


def _manifest(folder: Folder, content: bytes) -> Manifest:
    try:
        return Manifest.model_validate(upgraded(foreign_json.parsed(content)))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise damaged(folder, "manifest.json", f"{where}: {first['msg']}") from None
    except UserError as error:
        raise UserError(f"{folder.uri}: the bundle is for a model that is not known here. {error}") from None


def _dataset(folder: Folder, content: bytes | None, manifest: Manifest) -> DatasetSpec:
    """Return the data set of a bundle; the first format named it and had no description of it."""
    try:
        dataset = datasets.get(manifest.dataset) if content is None else DatasetSpec.from_json(content)
        dataset = dataset.labelled_by(manifest.class_map)
    except ValueError as error:
        reason = str(error).splitlines()[0]
        raise damaged(folder, "dataset.json", f"it describes no data set ({reason})") from None
    except UserError as error:
        raise UserError(f"{folder.uri}: the bundle is for a data set that is not known here. {error}") from None
    if manifest.classes != dataset.classes:
        raise damaged(
            folder,
            "manifest.json",
            f"its classes are {', '.join(manifest.classes)}, those of {dataset.name} are {', '.join(dataset.classes)}",
        )
    if {len(manifest.calibration.trained_on), len(manifest.calibration.natural)} != {len(dataset.classes)}:
        raise damaged(folder, "manifest.json", "its calibration is not of as many classes as it names")
    return dataset
