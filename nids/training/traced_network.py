"""A network that is traced once, and then serves all folds and trials of its architecture."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from nids.models import backend
from nids.models.piecewise_linear import KNOTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.models.base import ModelSpec
    from nids.models.hyperparameters import CompileOptions, TrainingHyperparameters

# Values of all variables of a network and its optimizer: weights, running averages, moments, random seeds.
State = list[np.ndarray]


class TracedNetwork:
    """A traced model with its optimizer: tracing one takes as long as many of its steps, so a process keeps them.

    Attributes:
        model: The network.
        learner: What learns: the network itself or, where its last layer averages several outputs, a model of the same
            layers that has these outputs, each of which learns from its own loss.
    """

    def __init__(
        self, spec: ModelSpec, width: int, classes: int, architecture: Any, compile_options: CompileOptions
    ) -> None:
        self._spec = spec
        self._shape = (width, classes)
        self._architecture = architecture
        self._compile_options = compile_options
        self._fresh: dict[int, State] = {}
        self._traced: set[tuple[str, int]] = set()
        self.model, self.learner, self._variables = self._compile(seed=0)

    def _compile(self, seed: int) -> tuple[keras.Model, keras.Model, list[keras.Variable]]:
        """Return the network, what learns, and the variables of both and of the optimizer."""
        model = learner = self._spec.build(*self._shape, self._architecture, seed)
        if isinstance(model.layers[-1], keras.layers.Average):
            learner = keras.Model(model.input, model.layers[-1].input)
            model.compile(jit_compile=backend.compiles())
        optimizer = keras.optimizers.get(self._compile_options.optimizer)
        learner.compile(
            optimizer,
            [_loss(self._compile_options.focal_gamma)] * len(learner.outputs),
            jit_compile=backend.compiles(),
        )
        optimizer.build(learner.trainable_variables)
        if (product := getattr(optimizer, "_u_product", None)) is not None:
            # Keras does not count this variable of Nadam among the optimizer's own: JAX would lose it after each step.
            optimizer._track_variable(product)
        return model, learner, [*learner.variables, *optimizer.variables]

    @property
    def most_knots(self) -> int:
        """The most knots of a column, of which the network takes ``nids.folds.knots``; 0 if it takes none."""
        return next((variable.shape[-1] for variable in self._variables if variable.path.endswith(KNOTS)), 0)

    def fresh(self, hp: TrainingHyperparameters, seed: int, knots: np.ndarray | None = None) -> State:
        """Return the state of a fresh model of some hyperparameters and of a fresh optimizer.

        Args:
            hp: The hyperparameters.
            seed: Decides the first weights.
            knots: Where the network takes them: what ``nids.folds.knots.column_knots`` makes of the training rows.
        """
        if seed not in self._fresh:
            *_, variables = self._compile(seed)
            self._fresh[seed] = [keras.ops.convert_to_numpy(variable) for variable in variables]
        paths = [variable.path for variable in self._variables]
        changes = self._spec.adjust(dict(zip(paths, self._fresh[seed], strict=True)), hp)
        if knots is not None:
            changes |= {path: knots for path in paths if path.endswith(KNOTS)}
        return [changes.get(path, value) for path, value in zip(paths, self._fresh[seed], strict=True)]

    def named(self, state: State) -> dict[str, np.ndarray]:
        """Return a state's values by the path of their variable."""
        return {variable.path: value for variable, value in zip(self._variables, state, strict=True)}

    def takes(self, state: State) -> bool:
        """Return whether a state, which may come from a file, has the values that the network's variables take."""
        return len(state) == len(self._variables) and all(
            value.shape == tuple(variable.shape) and str(value.dtype) == variable.dtype
            for variable, value in zip(self._variables, state, strict=True)
        )

    def write(self, state: State) -> None:
        """Bring the network into a state."""
        for variable, value in zip(self._variables, state, strict=True):
            variable.assign(value)

    def train(self, rows: np.ndarray, labels: np.ndarray, weights: np.ndarray, learning_rate: float) -> float:
        """Take one step of training and return its loss, the mean over what learns.

        Args:
            rows: A batch in the shape that the network reads.
            labels: Its classes, integers of shape (batch,).
            weights: Weight of each row in the loss, float32 of shape (batch,).
            learning_rate: That of this step.
        """
        self.learner.optimizer.learning_rate = learning_rate
        # Keras returns the mean over all batches since its metrics were reset.
        self.learner.reset_metrics()
        outputs = len(self.learner.outputs)
        if outputs == 1:
            return float(self.learner.train_on_batch(rows, labels, sample_weight=weights))
        # Their sum, and then each.
        losses = self.learner.train_on_batch(rows, [labels] * outputs, sample_weight=[weights] * outputs)
        return float(losses[0]) / outputs

    def part(self, step: str, size: int) -> str:
        """Return what a step on so many rows counts as: the first of its kind traces the network."""
        if (step, size) in self._traced:
            return step
        self._traced.add((step, size))
        return "tracing"

    def read(self) -> State:
        """Return the network's state."""
        return [keras.ops.convert_to_numpy(variable) for variable in self._variables]


def _loss(focal_gamma: float) -> str | Callable[[Any, Any], Any]:
    """Return the loss of each row, shape (batch,): the cross-entropy or, with a gamma above 0, the focal loss.

    This is the cross-entropy times (1 - p)^gamma, p being the probability of the row's class (T.-Y. Lin et al., Focal
    loss for dense object detection, ICCV 2017). The paper's factor alpha is what the rows' weights are for.
    """
    if focal_gamma == 0:
        return "sparse_categorical_crossentropy"

    def focal_loss(labels: Any, probabilities: Any) -> Any:
        # Keras's own clips the probabilities: a row that is wrong for certain would have no gradient. Of 0, a power
        # below 1 has an endless one.
        losses = keras.losses.sparse_categorical_crossentropy(labels, probabilities)
        missing = keras.ops.maximum(-keras.ops.expm1(-losses), keras.config.epsilon())
        return missing**focal_gamma * losses

    return focal_loss


# The folds of a cross-validation and the trials of a search ask for few different ones.
traced_network = functools.lru_cache(maxsize=8)(TracedNetwork)
