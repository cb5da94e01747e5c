"""What a run searches: the content of its ``manifest.json``, in today's form and in the earlier one."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

from optuna.distributions import BaseDistribution
from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from nids import config, datasets, models
from nids.config import Job  # noqa: TC001 - pydantic reads the annotation
from nids.datasets.schema import DatasetSpec  # noqa: TC001 - pydantic reads the annotation
from nids.errors import UserError
from nids.metrics.measure import Direction  # noqa: TC001 - pydantic reads the annotation
from nids.results.cures import damaged
from nids.search_space import Space, describe, params_of, space_from
from nids.typed_file import Count, Time, TypedFile, checked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nids.models.hyperparameters import TrainingHyperparameters

FORMAT: Literal[4] = 4
# Formats that can be read; 3 had other names, see ``_upgraded``.
READABLE = (3, 4)
MEASURES_OF_FORMAT_3: Mapping[str, Direction] = MappingProxyType(
    {
        "log_loss": "min",
        "accuracy": "max",
        "macro_f1": "max",
        "weighted_precision": "max",
        "weighted_recall": "max",
        "weighted_f1": "max",
        "unseen_macro_f1": "max",
        "unseen_detection_rate": "max",
        "unseen_recall": "max",
        "false_alarm_rate": "min",
    }
)


def _space(description: Any) -> Space:
    if isinstance(description, dict) and all(isinstance(value, BaseDistribution) for value in description.values()):
        return description
    try:
        return space_from(description)
    except (KeyError, TypeError, AttributeError, ArithmeticError) as error:
        raise ValueError(f"should be distributions as Optuna writes them ({type(error).__name__}: {error})") from None


def _plain(dataset: DatasetSpec) -> Any:
    return json.loads(dataset.to_json())


class DataSection(TypedFile):
    """The rows that are searched on.

    Attributes:
        dataset: Name of the data set.
        source: The file's name, or the words for generated rows.
        sha256: Of the rows' content.
        rows: Number of rows.
        synthetic: Whether they were generated.
        classes: The classes, in the order of the labels.
        class_counts: Rows of each class.
        dropped: Class that was dropped as a small one → its training rows, which are none of these.
    """

    dataset: str
    source: str
    sha256: str
    rows: Count
    synthetic: bool
    classes: tuple[str, ...]
    class_counts: dict[str, Count]
    dropped: dict[str, Count] = Field(default_factory=dict)


class FoldsSection(TypedFile):
    """The folds that trials are trained and validated on, and of each its numbers of rows.

    Attributes:
        hash: Key of the folds in the storage's cache, which is the name of their folder there.
        used: Numbers of the folds.
        width: Columns of the widest fold's encoded rows.
        training_rows: Rows of each fold's training part.
        synthetic_rows: Rows that resampling added to it.
        validation_rows: Rows of its validation part.
        withheld: Attack types that were kept out of its training part.
        notes: What happened in splitting and resampling, in sentences.
    """

    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{4,64}$")]
    used: tuple[Count, ...]
    width: Count
    training_rows: tuple[Count, ...]
    synthetic_rows: tuple[Count, ...]
    validation_rows: tuple[Count, ...]
    withheld: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


class Machine(TypedFile):
    """The cluster at the start of the search, and the machine of its driver."""

    nodes: Count
    cpus: Annotated[float, Field(ge=0, le=10**9)]
    gpus: Annotated[float, Field(ge=0, le=10**9)]
    platform: str = ""
    processor: str = ""


class HeldOutAccess(TypedFile):
    """One occasion on which held-out rows were read: when, what for, and which files."""

    time: Time
    purpose: str
    files: tuple[str, ...]


class RunManifest(TypedFile):
    """What a run searches, on what rows, and with what.

    Attributes:
        format: Of the run's files.
        run: The run's name.
        created: When the search was prepared first.
        job: The job; its seed is ``job.search.seed``.
        data: The rows.
        dataset: What the rows belong to, with the one label map by which they are labelled.
        folds: The folds.
        space: The hyperparameters that are searched, and Optuna's distribution of each.
        measures: The measures that its folds are judged by, and whether less of each is better, or more.
        versions: Package → version, as the search began.
        machine: The cluster; None until a cluster is connected.
        test_set_accesses: Each occasion on which held-out rows were read.
    """

    format: Literal[4] = FORMAT
    run: Annotated[str, Field(pattern=config.NAME)]
    created: Time
    job: Job
    data: DataSection
    dataset: Annotated[DatasetSpec, PlainSerializer(_plain)]
    folds: FoldsSection
    space: Annotated[Space, BeforeValidator(_space), PlainSerializer(describe)]
    measures: dict[str, Direction]
    versions: dict[str, str]
    machine: Machine | None = None
    test_set_accesses: tuple[HeldOutAccess, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> RunManifest:
        for name in (self.job.search.metric, *self.job.search.measures):
            if name not in self.measures:
                raise ValueError(f"the job's search asks for {name!r}, which measures does not have")
        return self

    @property
    def direction(self) -> Direction:
        """Whether less of what ranks is better, or more."""
        return self.measures[self.metric]

    @property
    def metric(self) -> str:
        """What ranks: what is searched for or, of several objectives, the first one."""
        return self.job.search.measures[0]

    def hyperparameters_of(self, row: Mapping[str, Any]) -> TrainingHyperparameters:
        """Return all hyperparameters of a trial, searched and fixed, from its row of the run's trials."""
        values = {**self.job.hyperparameters, **params_of(row, self.space)}
        return models.get(self.job.model.name).hyperparameters.model_validate(values)


def manifest_from(values: object, uri: str) -> RunManifest:
    """Return the manifest of a run.

    Args:
        values: What ``manifest.json`` holds, as ``json.loads`` returns it.
        uri: The run's folder, for messages.

    Raises:
        UserError: It is of a format that this version does not read, or not as it should be.
    """
    if isinstance(values, dict):
        form = values.get("format")
        if form is None:
            raise damaged(uri, "manifest.json", "it names no format")
        if form not in READABLE:
            raise UserError(f"{uri}: the run has format {form}, this version reads formats 3 and 4.")
        values = _upgraded(values) if form == 3 else values
    return checked(RunManifest, values, f"{uri}/manifest.json")


def _upgraded(values: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest of format 3 in today's form."""
    manifest = {
        "measures": MEASURES_OF_FORMAT_3,
        **{key: value for key, value in values.items() if key != "looks"},
        "format": FORMAT,
        "test_set_accesses": values.get("looks", []),
    }
    match values:
        # It named its data set and did not describe it.
        case {"data": {"dataset": str(name)}, "job": {"data": {"class_map": str(label_map)}}}:
            manifest["dataset"] = datasets.get(name).labelled_by(label_map)
    return manifest
