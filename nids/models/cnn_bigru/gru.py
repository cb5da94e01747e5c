"""A bidirectional GRU that is quick on a CPU: Keras's own layer, with its own forward and backward pass there.

Why it is here: in training on a CPU, the CNN-BiGRU spends most of its time in these layers, and TensorFlow runs Keras's
loop over time an operation at a time; this makes a step of training about 1.3 times as quick. It is the hardest code of
the model, so it is fenced in: it serves TensorFlow on a CPU alone and short sequences alone, its weights and results
are those of Keras's layer (tests compare both, gradients included), and ``OWN_PASS`` switches it off. Delete it once
Keras has a fused GRU for CPUs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras import layers, ops

from nids.models import backend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keras import KerasTensor as Tensor

# Whether the own passes are used at all.
OWN_PASS = True
# In steps. The graph grows with each, and takes longer to trace than it saves where there are many, as in data sets of
# many encoded columns; the widest network of the search spaces has 52.
MOST_STEPS = 64


class BidirectionalGRU(layers.Bidirectional):
    """``Bidirectional(GRU(units))``: the same weights, the same result within rounding.

    On a GPU it is that layer, which has cuDNN's kernel on TensorFlow, and a loop over time on JAX. On a CPU, Keras
    unrolls neither the loop over time nor its gradient into few operations: here both directions take their step in one
    multiplication, what is element-wise is one compiled kernel a step, and the gradients of all weights are one
    multiplication after the last step.

    Args:
        units: Units of each direction.
        return_sequences: Whether to return every step, (batch, steps, 2 × units), or the last of each direction,
            (batch, 2 × units).
        name: Name of the layer.
    """

    def __init__(self, units: int, *, return_sequences: bool = False, name: str | None = None) -> None:
        super().__init__(layers.GRU(units, return_sequences=return_sequences, name="gru"), name=name)
        self.units = units

    def call(self, sequences: Tensor, initial_state: Any = None, mask: Any = None, training: Any = None) -> Tensor:
        """Return the outputs for float32 sequences of shape (batch, steps, features)."""
        asked_more = initial_state is not None or mask is not None
        if (
            asked_more
            or sequences.shape[1] > MOST_STEPS
            or not (OWN_PASS and backend.name() == "tensorflow")
            or backend.has_gpu()
        ):
            return super().call(sequences, initial_state, mask, training)
        # The gradient function below must not see the variables themselves, hence the copies.
        directions = (self.forward_layer.cell, self.backward_layer.cell)
        kernel = ops.stack([ops.copy(cell.kernel) for cell in directions])
        recurrent = ops.stack([ops.copy(cell.recurrent_kernel) for cell in directions])
        bias = ops.stack([ops.copy(cell.bias) for cell in directions])
        run = _last_step if not self.return_sequences else _every_step
        return run(sequences, kernel, recurrent, bias)


@ops.custom_gradient  # type: ignore[untyped-decorator]
def _every_step(sequences: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor) -> tuple[Tensor, Any]:
    outputs, saved = _forward(sequences, kernel, recurrent, bias)
    steps, units = len(outputs), recurrent.shape[1]
    ordered = [half for t in range(steps) for half in (outputs[t][0], outputs[steps - 1 - t][1])]
    result = ops.reshape(ops.concatenate(ordered, axis=-1), (-1, steps, 2 * units))

    def gradient(upstream: Tensor) -> tuple[Tensor, ...]:
        by_step = ops.unstack(ops.transpose(upstream, (1, 0, 2)), steps, axis=0)
        pairs = [(by_step[t], by_step[steps - 1 - t]) for t in range(steps)]
        return _backward(pairs, sequences, kernel, recurrent, outputs, saved)

    return result, gradient


@ops.custom_gradient  # type: ignore[untyped-decorator]
def _last_step(sequences: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor) -> tuple[Tensor, Any]:
    outputs, saved = _forward(sequences, kernel, recurrent, bias)

    def gradient(upstream: Tensor) -> tuple[Tensor, ...]:
        pairs = [None] * (len(outputs) - 1) + [(upstream, upstream)]
        return _backward(pairs, sequences, kernel, recurrent, outputs, saved)

    return ops.concatenate([outputs[-1][0], outputs[-1][1]], axis=-1), gradient


def _forward(
    sequences: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor
) -> tuple[list[Tensor], list[tuple[Tensor, ...]]]:
    """Return the state after each step, (2, batch, units), and what the way back needs of each step.

    The first axis is the direction; the backward one reads the steps from the last to the first. Weights are stacked
    likewise: kernel (2, features, 3 × units), recurrent (2, units, 3 × units), bias (2, 2, 3 × units), each with the
    update gate, the reset gate and the candidate side by side. The equations are Keras's, with ``reset_after``
    (Cho et al. 2014, in the form that cuDNN computes).
    """
    steps, features, units = sequences.shape[1], sequences.shape[2], recurrent.shape[1]
    by_step = ops.transpose(sequences, (1, 0, 2))
    if features == 1:  # an outer product, which costs less inside the compiled step than as a matrix in memory
        ahead = behind = ops.unstack(by_step, steps, axis=0)
        scale = kernel
    else:
        flat = ops.reshape(by_step, (-1, features))
        ahead, behind = (
            ops.unstack(ops.reshape(ops.matmul(flat, kernel[i]), (steps, -1, 3 * units)), steps, axis=0)
            for i in range(2)
        )
        scale = ops.ones((2, 1, 1))
    state = ops.zeros((2, ops.shape(sequences)[0], units))
    states, saved = [], []
    for t in range(steps):
        product = ops.matmul(state, recurrent)
        new, *gates = _step(ahead[t], behind[steps - 1 - t], scale, product, state, bias)
        saved.append((state, *gates))
        states.append(new)
        state = new
    return states, saved


@backend.compiled
def _step(
    ahead: Tensor, behind: Tensor, scale: Tensor, product: Tensor, state: Tensor, bias: Tensor
) -> tuple[Tensor, ...]:
    units = state.shape[-1]
    given = ops.stack([ahead, behind]) * scale + bias[:, :1]
    product = product + bias[:, 1:]
    gates = ops.sigmoid(given[..., : 2 * units] + product[..., : 2 * units])
    update, reset, recalled = gates[..., :units], gates[..., units:], product[..., 2 * units :]
    candidate = ops.tanh(given[..., 2 * units :] + reset * recalled)
    return candidate + update * (state - candidate), update, reset, recalled, candidate


def _backward(
    upstream: Sequence[tuple[Tensor, Tensor] | None],
    sequences: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    outputs: list[Tensor],
    saved: list[tuple[Tensor, ...]],
) -> tuple[Tensor, ...]:
    """Return the gradients of sequences, kernel, recurrent and bias.

    Args:
        upstream: For each step, the gradient of the forward direction's output at that step and of the backward
            direction's, each (batch, 2 × units), of which the direction's own half counts; None for no gradient.
        sequences: As for ``_forward``.
        kernel: As for ``_forward``.
        recurrent: As for ``_forward``.
        outputs: What ``_forward`` returned first.
        saved: What it returned second.
    """
    steps, features, units = len(outputs), sequences.shape[2], recurrent.shape[1]
    transposed = ops.transpose(recurrent, (0, 2, 1))
    carried: tuple[Tensor, ...] = ()
    parts = []
    for t in reversed(range(steps)):
        part, product, kept = _step_back(upstream[t], carried, *saved[t])
        parts.append(part)
        carried = (kept, ops.matmul(product, transposed))
    # A part holds the gradients of both gates, of the candidate as the inputs see it, and as the state sees it.
    stacked = ops.reshape(ops.stack(parts[::-1], axis=1), (2, -1, 4 * units))
    by_step = ops.transpose(sequences, (1, 0, 2))
    inputs = ops.reshape(ops.stack([by_step, ops.flip(by_step, axis=0)]), (2, -1, features))
    states = ops.reshape(ops.stack([state for state, *_ in saved], axis=1), (2, -1, units))
    factors = ops.concatenate([states, inputs, ops.ones_like(inputs[..., :1])], axis=-1)
    weights = ops.matmul(ops.transpose(factors, (0, 2, 1)), stacked)
    gates, seen, recalled = weights[..., : 2 * units], weights[..., 2 * units : 3 * units], weights[..., 3 * units :]
    of_inputs, of_states = ops.concatenate([gates, seen], axis=-1), ops.concatenate([gates, recalled], axis=-1)
    padded = ops.pad(ops.transpose(kernel, (0, 2, 1)), [[0, 0], [0, units], [0, 0]])
    ahead, behind = ops.unstack(ops.reshape(ops.matmul(stacked, padded), (2, steps, -1, features)), 2, axis=0)
    return (
        ops.transpose(ahead + ops.flip(behind, axis=0), (1, 0, 2)),
        of_inputs[:, units:-1],
        of_states[:, :units],
        ops.stack([of_inputs[:, -1], of_states[:, -1]], axis=1),
    )


@backend.compiled
def _step_back(
    upstream: tuple[Tensor, Tensor] | None,
    carried: tuple[Tensor, ...],
    state: Tensor,
    update: Tensor,
    reset: Tensor,
    recalled: Tensor,
    candidate: Tensor,
) -> tuple[Tensor, ...]:
    units = state.shape[-1]
    total = sum(carried[1:], carried[0]) if carried else 0.0
    if upstream is not None:
        ahead, behind = upstream
        total = total + ops.stack([ahead[:, :units], behind[:, units:]])
    of_candidate = total * (1 - update) * (1 - candidate * candidate)
    of_update = total * (state - candidate) * update * (1 - update)
    of_reset = of_candidate * recalled * reset * (1 - reset)
    of_recalled = of_candidate * reset
    part = ops.concatenate([of_update, of_reset, of_candidate, of_recalled], axis=-1)
    return part, ops.concatenate([of_update, of_reset, of_recalled], axis=-1), total * update
