"""A saved detector: all that it takes to score new traffic, as plain files that hold no code.

======================  ================================================================================================
``manifest.json``       what it was made from, and how: data, hyperparameters, thresholds, calibration, versions
``dataset.json``        the description of the data set whose columns it reads
``encoding.json``       the fitted encoding
``weights-N.npz``       the weights of each member, plain arrays by their path in the model
``MODEL_CARD.md``       the same for people
``SHA256SUMS``          of all of them, as ``sha256sum --check`` reads it
======================  ================================================================================================

The Keras model itself is built by this package from the hyperparameters in the manifest; a bundle only fills in its
weights. So nothing in a bundle is ever executed: no pickle, no serialised layer, no expression.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, ValidationError, ValidationInfo, field_validator

from nids import datasets, foreign_json, models, npz
from nids.datasets.schema import DatasetSpec
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
from nids.errors import UserError
from nids.metrics.calibration import correct_priors, with_temperature
from nids.models.hyperparameters import TrainingHyperparameters
from nids.training.ensemble import Ensemble, Weights
from nids.training.trainer import VALIDATION_BATCH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from nids.folds.encoding import Encoding
    from nids.storage import Folder

FORMAT = 2
# The first format knew a single model and did not name it, nor did it describe its data set.
ONLY_MODEL = {1: "cnn-bigru"}


class Calibration(BaseModel):
    """What was learned on the folds about the model's probabilities.

    Attributes:
        temperature: As ``nids.metrics.calibration.fit_temperature`` gives it.
        trained_on: Share of each class in what the model was trained on.
        natural: Share of each class in the training file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    temperature: Annotated[float, Field(gt=0)]
    trained_on: tuple[Annotated[float, Field(ge=0, le=1)], ...]
    natural: tuple[Annotated[float, Field(ge=0, le=1)], ...]


class TrainingData(BaseModel):
    """The rows that a detector was trained on, as ``nids.results.manifest.DataSection`` has them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    sha256: str
    rows: int
    synthetic: bool


class Manifest(BaseModel):
    """What a bundle says of itself.

    Attributes:
        format: ``FORMAT`` of the package that wrote it.
        dataset: Name of the data set whose columns it reads.
        class_map: Name of the label map: which attack belongs to which class.
        classes: Names of the classes, in the order of the probabilities.
        run: The search that it comes from.
        trial: The trial of that search.
        model: Name of the model that its members are.
        hyperparameters: Those of the trial.
        epochs: How long each member was trained.
        members: Number of models, whose mean probabilities are the detector's.
        thresholds: False-positive rate aimed at → threshold on the attack score, from rows that the model at hand was
            not trained on.
        calibration: What the folds say about the probabilities.
        data: What it was trained on.
        created: When, in ISO 8601.
        versions: Of the packages that it was made with.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: int
    dataset: str
    class_map: str
    classes: tuple[str, ...]
    run: str
    trial: int
    model: str
    hyperparameters: SerializeAsAny[TrainingHyperparameters]
    epochs: Annotated[int, Field(ge=1)]
    members: Annotated[int, Field(ge=1, le=100)]
    thresholds: dict[float, float]
    calibration: Calibration
    data: TrainingData
    created: str
    versions: dict[str, str]

    @field_validator("hyperparameters", mode="before")
    @classmethod
    def _of_the_model(cls, values: Any, info: ValidationInfo) -> Any:
        if "model" not in info.data or isinstance(values, TrainingHyperparameters):
            return values
        return models.get(info.data["model"]).hyperparameters.model_validate(values)

    @field_validator("model")
    @classmethod
    def _is_known(cls, name: str) -> str:
        return models.get(name).name


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
    members: Sequence[Weights],
    card: str = "",
) -> None:
    """Write a bundle in the place of an older one; it counts as there once its last file is, ``SHA256SUMS``.

    Args:
        folder: Where to.
        manifest: What it is.
        dataset: The data set whose columns it reads, with the one label map by which it classifies.
        encoding: How rows are encoded for its models.
        members: The weights of each model.
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
    for i, weights in enumerate(members):
        files[f"weights-{i}.npz"] = npz.to_bytes(weights)
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
    if form not in (*ONLY_MODEL, FORMAT):
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
    names = [f"weights-{i}.npz" for i in range(manifest.members)]
    texts = {"manifest.json", "encoding.json", "MODEL_CARD.md", *([] if form in ONLY_MODEL else ["dataset.json"])}
    if set(sums) != (expected := {*texts, *names}):
        raise damaged(folder, SUMS, f"it lists {', '.join(sorted(sums))} instead of {', '.join(sorted(expected))}")
    files |= {name: read_file(folder, name, sums) for name in sorted(texts)}
    described = _dataset(folder, files.get("dataset.json"), manifest)
    encoding = read_encoding(folder, files["encoding.json"], described)
    outline = models.get(manifest.model).outline(encoding.width, len(manifest.classes), manifest.hyperparameters)
    refuse_too_large(folder, outline.bytes_for(manifest.members, VALIDATION_BATCH))
    most = largest_file(outline.shapes)
    weights = [read_arrays(folder, name, read_file(folder, name, sums, most), outline.shapes) for name in names]
    return Bundle(manifest, Ensemble.from_weights(described, encoding, manifest.hyperparameters, weights))


def _manifest(folder: Folder, content: bytes) -> Manifest:
    try:
        return Manifest.model_validate(_upgraded(foreign_json.parsed(content)))
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


def _upgraded(values: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest of any format as one of ``FORMAT``."""
    if model := ONLY_MODEL.get(values["format"]):
        return {**values, "format": FORMAT, "model": model}
    return values
