"""What a saved detector says of itself: ``manifest.json`` of a bundle, of this format and of earlier ones."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializeAsAny,
    ValidationInfo,
    field_validator,
    model_validator,
)

from nids import models
from nids.models.hyperparameters import TrainingHyperparameters

FORMAT = 3
# Formats that are still read, and what the first one, which knew a single model, did not name.
FORMER_FORMATS = (1, 2)
FIRST_MODEL = "cnn-bigru"
# What a detector without boosted trees had before there were any components.
_OF_NETWORKS = ("trial", "model", "hyperparameters", "epochs", "members")

Weight = Annotated[float, Field(gt=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Calibration(_Part):
    """What was learned on the folds about the model's probabilities.

    Attributes:
        temperature: As ``nids.metrics.calibration.fit_temperature`` gives it.
        trained_on: Share of each class in what the model was trained on.
        natural: Share of each class in the training file.
    """

    temperature: Annotated[float, Field(gt=0)]
    trained_on: tuple[Annotated[float, Field(ge=0, le=1)], ...]
    natural: tuple[Annotated[float, Field(ge=0, le=1)], ...]


class TrainingData(_Part):
    """The rows that a detector was trained on, as ``nids.results.manifest.DataSection`` has them."""

    source: str
    sha256: str
    rows: int
    synthetic: bool


class Networks(_Part):
    """Networks of one trial, each trained from another seed.

    Attributes:
        trial: The trial of the search.
        model: Name of the model that they are.
        hyperparameters: Those of the trial.
        epochs: How long each was trained.
        members: Their number.
        weight: Share of their mean probabilities in the detector's.
    """

    kind: Literal["networks"] = "networks"
    trial: int
    model: str
    hyperparameters: SerializeAsAny[TrainingHyperparameters]
    epochs: Annotated[int, Field(ge=1)]
    members: Annotated[int, Field(ge=1, le=100)]
    weight: Weight

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

    @property
    def name(self) -> str:
        """What it is called."""
        return f"trial {self.trial}"


class Trees(_Part):
    """Gradient-boosted trees; see ``nids.detector.boosted_trees``.

    Attributes:
        hyperparameters: As ``nids.evaluation.tuned_models`` has them.
        weight: Share of their probabilities in the detector's.
    """

    kind: Literal["boosted trees"] = "boosted trees"
    hyperparameters: dict[str, int | float]
    weight: Weight

    @property
    def name(self) -> str:
        """What it is called."""
        return self.kind

    @property
    def members(self) -> int:
        """How many models they count as."""
        return 1


Component = Annotated[Networks | Trees, Field(discriminator="kind")]


class Manifest(_Part):
    """What a bundle says of itself.

    Attributes:
        format: ``FORMAT`` of the package that wrote it.
        dataset: Name of the data set whose columns it reads.
        class_map: Name of the label map: which attack belongs to which class.
        classes: Names of the classes, in the order of the probabilities.
        run: The search that it comes from.
        components: What it consists of, networks first; of these, those of the best trial first.
        thresholds: False-positive rate aimed at → threshold on the attack score, from rows that the model at hand was
            not trained on.
        calibration: What the folds say about the probabilities.
        data: What it was trained on.
        created: When, in ISO 8601.
        versions: Of the packages that it was made with.
    """

    format: int = FORMAT
    dataset: str
    class_map: str
    classes: tuple[str, ...]
    run: str
    components: Annotated[tuple[Component, ...], Field(min_length=1, max_length=100)]
    thresholds: dict[float, float]
    calibration: Calibration
    data: TrainingData
    created: str
    versions: dict[str, str]

    @model_validator(mode="after")
    def _adds_up(self) -> Manifest:
        if abs(sum(component.weight for component in self.components) - 1) > 1e-6:
            raise ValueError("the weights of the components do not add up to 1")
        return self

    @property
    def members(self) -> int:
        """Number of all models."""
        return sum(component.members for component in self.components)

    @property
    def member_weights(self) -> tuple[float, ...]:
        """Share of each model in the probabilities, in the order of the components."""
        return tuple(
            component.weight / component.members for component in self.components for _ in range(component.members)
        )


def upgraded(values: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a manifest of any format that is read as one of ``FORMAT``."""
    if values["format"] not in FORMER_FORMATS:
        return values
    networks = {"model": FIRST_MODEL, **{name: values[name] for name in _OF_NETWORKS if name in values}}
    rest = {name: value for name, value in values.items() if name not in _OF_NETWORKS}
    return {**rest, "format": FORMAT, "components": [{"kind": "networks", **networks, "weight": 1.0}]}
