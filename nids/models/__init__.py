"""What can be trained: every sub-package here is a model and holds its description, ``MODEL``."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import TYPE_CHECKING

from nids.errors import UserError, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nids.models.base import ModelSpec
    from nids.models.hyperparameters import TrainingHyperparameters


def names() -> tuple[str, ...]:
    """Return the names of all models."""
    return tuple(_models())


def get(name: str) -> ModelSpec:
    """Return a model by its name.

    Raises:
        UserError: There is no such model.
    """
    if name not in _models():
        raise UserError(unknown(name, "model", names()))
    return _models()[name]


def of(hp: TrainingHyperparameters) -> ModelSpec:
    """Return the model whose hyperparameters these are."""
    return {spec.hyperparameters: spec for spec in _models().values()}[type(hp)]


@functools.cache
def _models() -> Mapping[str, ModelSpec]:
    packages = [module.name for module in pkgutil.iter_modules(__path__, prefix=f"{__name__}.") if module.ispkg]
    specs = [importlib.import_module(package).MODEL for package in packages]
    for attribute in ("name", "hyperparameters"):  # each of which stands for its model
        if len({getattr(spec, attribute) for spec in specs}) < len(specs):
            raise ValueError(f"two of the models {', '.join(packages)} have the same {attribute}.")
    return {spec.name: spec for spec in specs}
