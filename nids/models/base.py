"""What a model tells of itself: all that a search, a training and a saved detector need to know of it."""

from __future__ import annotations

import importlib
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast, get_args

from optuna.distributions import CategoricalDistribution

from nids.models import backend
from nids.models.hyperparameters import CompileOptions
from nids.search_space import holds
from nids.threads import thread_pool

if TYPE_CHECKING:
    import keras
    import numpy as np

    from nids.models.hyperparameters import TrainingHyperparameters
    from nids.search_space import Space

_FLOAT_BYTES = 4
# Values of a network's variables by their path in it.
Values = Mapping[str, "np.ndarray"]


class Network(Protocol):
    """What the module of a model's network offers; the only one of its modules that imports Keras."""

    def build(self, width: int, classes: int, architecture: Any, seed: int) -> keras.Model:
        """Return a fresh, uncompiled network, whose other hyperparameters are variables yet to be set by ``adjust``.

        Args:
            width: Number of encoded features of a row.
            classes: Number of classes.
            architecture: What cannot be changed afterwards, an instance of ``ModelSpec.architecture``.
            seed: Seeds the initial weights and the dropout masks: the same seed gives the same network. It becomes the
                process's random seed, as Keras has no other way to seed all layers.

        Returns:
            A network from ``shape(rows)`` to class probabilities, float32 of shape (batch, classes). If its last layer
            is ``keras.layers.Average``, of probabilities too, each of these learns from its own loss.
        """

    def adjust(self, fresh: Values, hp: Any) -> dict[str, np.ndarray]:
        """Return the values that make a fresh network that of some hyperparameters of its architecture.

        Args:
            fresh: The network's values as ``build`` made them.
            hp: The hyperparameters, an instance of ``ModelSpec.hyperparameters``.
        """

    def shape(self, rows: np.ndarray) -> np.ndarray:
        """Return encoded rows, float32 of shape (batch, width), in the shape that the network reads."""


class Outline(NamedTuple):
    """What a network is made of and takes, found out without its weights.

    Attributes:
        shapes: Shape of each weight by its path.
        largest: Values of the largest thing that a layer makes of one row.
    """

    shapes: dict[str, tuple[int, ...]]
    largest: int

    def bytes_for(self, members: int, rows: int) -> int:
        """Return the least memory that some such networks take for so many rows: what they know, what a layer makes."""
        weights = sum(math.prod(shape) for shape in self.shapes.values())
        return _FLOAT_BYTES * (members * weights + rows * self.largest)


@dataclass(frozen=True, eq=False)
class ModelSpec:
    """A model.

    Attributes:
        name: What a job calls it.
        title: What a text calls it.
        hyperparameters: Those of its network, beside those of every training.
        architecture: Frozen dataclass of what a traced network cannot change any more: two trials of the same
            architecture share one. Its fields are hyperparameters, or properties made of them.
        spaces: What can be searched, by the name that a job gives it. The order of the names decides which points a
            seed suggests.
        network: Name of the module that offers what ``Network`` says. It is imported when it is first needed.
        published: The best values that somebody has published for this model; a search may begin with them.
        without_effect: Hyperparameter → another one, and the value of that at which the first decides nothing.
    """

    name: str
    title: str
    hyperparameters: type[TrainingHyperparameters]
    architecture: type[Any]
    spaces: Mapping[str, Space]
    network: str
    published: Mapping[str, Any] = field(default_factory=dict)
    without_effect: Mapping[str, tuple[str, Any]] = field(default_factory=dict)

    @property
    def architectural(self) -> frozenset[str]:
        """The hyperparameters of which each value needs a network of its own to be traced."""
        own = {part.name for part in fields(self.architecture)} & set(self.hyperparameters.model_fields)
        return frozenset({*own, *CompileOptions._fields})

    def architecture_of(self, hp: TrainingHyperparameters) -> Any:
        """Return the architecture that some hyperparameters ask for."""
        return self.architecture(**{part.name: getattr(hp, part.name) for part in fields(self.architecture)})

    def idle(self, space: str, fixed: Mapping[str, Any], ranges: Collection[str]) -> dict[str, str]:
        """Return the hyperparameters that decide nothing in a search, each with the reason.

        Args:
            space: Name of the space that is searched.
            fixed: What the search fixes; all others that it does not search have their defaults.
            ranges: Names of those that it searches in ranges of its own.
        """
        searched = {*self.spaces[space], *ranges} - {*fixed}
        values = {**self.hyperparameters().model_dump(), **fixed}
        return {
            name: f"{other} is {str(value).lower()}"
            for name, (other, value) in self.without_effect.items()
            if other not in searched and values[other] == value
        }

    def starting_point(self, space: Space) -> dict[str, Any]:
        """Return the published point, with the default of each hyperparameter that it lacks.

        A value outside the space is left out: the sampler then chooses it.
        """
        known = {**self.hyperparameters().model_dump(), **self.published}
        return {name: known[name] for name, distribution in space.items() if holds(distribution, known[name])}

    def largest_point(self, space: Space) -> dict[str, Any]:
        """Return the point whose training takes the most memory: of each hyperparameter the value that takes most."""
        return {
            name: max(distribution.choices, key=lambda choice: self._size(name, choice))
            if isinstance(distribution, CategoricalDistribution)
            else distribution.high  # type: ignore[attr-defined]
            for name, distribution in space.items()
        }

    def largest(self, space: Space, fixed: Mapping[str, Any]) -> TrainingHyperparameters:
        """Return the hyperparameters of ``largest_point``, those that a search does not vary beside them."""
        return self.hyperparameters.model_validate({**fixed, **self.largest_point(space)})

    def _size(self, name: str, choice: Any) -> float:
        if isinstance(choice, str):
            return get_args(self.hyperparameters.model_fields[name].annotation).index(choice)
        return choice

    def build(self, width: int, classes: int, architecture: Any, seed: int) -> keras.Model:
        """Return a fresh network, as ``Network.build`` says."""
        return self._network.build(width, classes, architecture, seed)

    def build_for(self, width: int, classes: int, hp: TrainingHyperparameters, seed: int) -> keras.Model:
        """Return a fresh, uncompiled network of these hyperparameters; the other arguments are those of ``build``."""
        import keras

        model = self.build(width, classes, self.architecture_of(hp), seed)
        values = {variable.path: keras.ops.convert_to_numpy(variable) for variable in model.variables}
        values.update(self.adjust(values, hp))
        for variable in model.variables:
            variable.assign(values[variable.path])
        return model

    def outline(self, width: int, classes: int, hp: TrainingHyperparameters) -> Outline:
        """Return the outline of a network, which takes no time and no memory by its size; arguments as above."""
        # Keras remembers, for each thread, the variables that have no values, and gives them some at the next chance.
        with thread_pool(1) as pool:
            return pool.submit(self._outline, width, classes, hp).result()

    def _outline(self, width: int, classes: int, hp: TrainingHyperparameters) -> Outline:
        backend.load()  # before Keras is
        import keras

        # In such a scope, variables have shapes but no values.
        with keras.StatelessScope(initialize_variables=False):
            model = self.build(width, classes, self.architecture_of(hp), seed=0)
        made = [
            math.prod(size or 1 for size in each.shape[1:])
            for layer in model.layers
            for each in keras.tree.flatten(layer.output)
        ]
        return Outline({weight.path: tuple(weight.shape) for weight in model.weights}, max(made))

    def adjust(self, fresh: Values, hp: TrainingHyperparameters) -> dict[str, np.ndarray]:
        """Return the values that hyperparameters set, as ``Network.adjust`` says."""
        return self._network.adjust(fresh, hp)

    def shape(self, rows: np.ndarray) -> np.ndarray:
        """Return encoded rows as the network reads them, as ``Network.shape`` says."""
        return self._network.shape(rows)

    @property
    def _network(self) -> Network:
        backend.load()
        return cast("Network", importlib.import_module(self.network))
