from __future__ import annotations

import keras
import numpy as np
import pytest

from nids.models.cnn_bigru import MODEL
from nids.models.cnn_bigru.hyperparameters import Hyperparameters

WIDTH, CLASSES = 23, 5
SMALL = Hyperparameters(conv_kernel_size=3, conv_filters=4, gru_units=6, sequence_gru_units=4)
ROWS = np.random.default_rng(0).random((7, WIDTH, 1), dtype=np.float32)

KINDS = {"dot": "Attention", "additive": "AdditiveAttention", "multi-head": "MultiHeadAttention"}
ATTENTION = pytest.mark.parametrize("attention", list(KINDS))


def small(**values: object) -> Hyperparameters:
    return Hyperparameters.model_validate({**SMALL.model_dump(), **values})


def variables(model: keras.Model) -> dict[str, np.ndarray]:
    """All variables by their place: weights, running averages and the seeds of dropout."""
    return {f"{i} {variable.name}": keras.ops.convert_to_numpy(variable) for i, variable in enumerate(model.variables)}


@ATTENTION
def test_the_parts_are_those_of_the_paper_in_its_order(attention: str) -> None:
    model = MODEL.build_for(WIDTH, CLASSES, small(attention=attention), seed=0)
    assert [(layer.name, type(layer).__name__, layer.output.shape[1:]) for layer in model.layers] == [
        ("row", "InputLayer", (23, 1)),
        ("conv", "Conv1D", (23, 4)),
        ("conv_pooling", "MaxPooling1D", (5, 4)),
        ("conv_batch_norm", "BatchNormalization", (5, 4)),
        ("conv_dropout", "Dropout", (5, 4)),
        ("bigru", "BidirectionalGRU", (12,)),
        ("bigru_dropout", "Dropout", (12,)),
        ("reshape", "Reshape", (12, 1)),
        ("sequence_pooling", "MaxPooling1D", (3, 1)),
        ("sequence_batch_norm", "BatchNormalization", (3, 1)),
        ("sequence_bigru", "BidirectionalGRU", (3, 8)),
        ("sequence_bigru_dropout", "Dropout", (3, 8)),
        ("attention_query", "GlobalAveragePooling1D", (1, 8)),
        ("attention", KINDS[attention], (1, 8)),
        ("context", "Flatten", (8,)),
        ("attention_dropout", "Dropout", (8,)),
        ("probabilities", "Dense", (5,)),
    ]


def test_what_is_before_the_convolution_follows_the_hyperparameters() -> None:
    hp = small(input_form="piecewise-linear", input_knots=6, input_channels=3, feature_dropout=0.25)
    model = MODEL.build_for(WIDTH, CLASSES, hp, seed=0)
    assert [(layer.name, layer.output.shape[1:]) for layer in model.layers[:4]] == [
        ("row", (23, 1)),
        ("piecewise_linear", (23, 4)),
        ("feature_dropout", (23, 4)),
        ("conv", (23, 4)),
    ]
    values = {variable.path: keras.ops.convert_to_numpy(variable) for variable in model.variables}
    assert values["feature_dropout/rate"] == 0.25
    assert values["piecewise_linear/knots"].shape == (23, 6)
    # Without them, a network is to the last bit what it was before there were any.
    assert "feature_dropout/rate" not in {
        variable.path for variable in MODEL.build_for(WIDTH, CLASSES, SMALL, 0).variables
    }


@pytest.mark.parametrize(
    ("values", "missing", "seen"),
    [
        pytest.param({"attention": "none"}, {"attention"}, 8, id="attention"),
        pytest.param({"convolution": False}, {"conv"}, 8, id="convolution"),
        pytest.param(
            {"sequence_bigru": False},
            {
                *("reshape", "sequence_pooling", "sequence_batch_norm", "sequence_bigru", "sequence_bigru_dropout"),
                *("attention_query", "attention", "context", "attention_dropout"),
            },
            12,
            id="second BiGRU",
        ),
        pytest.param({"shortcut": True}, set(), 20, id="with a shortcut"),
    ],
)
def test_parts_can_be_left_out(values: dict[str, object], missing: set[str], seen: int) -> None:
    model = MODEL.build_for(WIDTH, CLASSES, small(**values), seed=0)
    whole = {layer.name for layer in MODEL.build_for(WIDTH, CLASSES, SMALL, seed=0).layers}
    assert whole - {layer.name for layer in model.layers} == missing
    assert model.get_layer("probabilities").input.shape == (None, seen)
    probabilities = keras.ops.convert_to_numpy(model(ROWS, training=False))
    assert len(np.unique(probabilities, axis=0)) == 7


def test_without_attention_the_context_is_the_mean_of_the_steps() -> None:
    model = MODEL.build_for(WIDTH, CLASSES, small(attention="none"), seed=0)
    parts = keras.Model(model.input, [model.get_layer("sequence_bigru").output, model.get_layer("context").output])
    steps, context = parts.predict_on_batch(ROWS)
    np.testing.assert_allclose(context, steps.mean(axis=1), rtol=1e-5, atol=1e-6)


def test_a_perceptron_beside_it_has_an_input_and_a_softmax_of_its_own() -> None:
    plain = small(input_form="piecewise-linear", feature_dropout=0.125)
    beside = {"perceptron_layers": 2, "perceptron_units": 8, "perceptron_dropout": 0.25}
    hp, alone = small(**plain.model_dump() | beside), MODEL.build_for(WIDTH, CLASSES, plain, seed=0)
    model = MODEL.build_for(WIDTH, CLASSES, hp, seed=0)
    own = {layer.name for layer in alone.layers}
    assert [(layer.name, layer.output.shape[1:]) for layer in model.layers if layer.name not in own] == [
        ("perceptron_piecewise_linear", (23, 5)),
        ("perceptron_feature_dropout", (23, 5)),
        ("perceptron_channels", (115,)),
        ("perceptron_dense_0", (8,)),
        ("perceptron_batch_norm_0", (8,)),
        ("perceptron_activation_0", (8,)),
        ("perceptron_dropout_0", (8,)),
        ("perceptron_dense_1", (8,)),
        ("perceptron_batch_norm_1", (8,)),
        ("perceptron_activation_1", (8,)),
        ("perceptron_dropout_1", (8,)),
        ("perceptron_probabilities", (5,)),
        ("mean_probabilities", (5,)),
    ]
    values = {variable.path: keras.ops.convert_to_numpy(variable) for variable in model.variables}
    assert [values[f"perceptron_dropout_{i}/rate"].item() for i in range(2)] == [0.25, 0.25]
    assert [values[f"{prefix}feature_dropout/rate"].item() for prefix in ("", "perceptron_")] == [0.125, 0.125]
    heads = keras.Model(model.input, model.get_layer("mean_probabilities").input)
    of_network, of_perceptron = heads.predict_on_batch(ROWS)
    np.testing.assert_array_equal(of_network, alone.predict_on_batch(ROWS))
    np.testing.assert_allclose(model.predict_on_batch(ROWS), (of_network + of_perceptron) / 2, rtol=1e-6)


def test_the_hyperparameters_reach_their_layers() -> None:
    hp = small(
        conv_kernel_size=9, conv_dropout=0.25, gru_dropout=0.125, attention_dropout=0.5, batch_norm_momentum=0.75
    )
    model = MODEL.build_for(WIDTH, CLASSES, hp, seed=0)
    values = {variable.path: keras.ops.convert_to_numpy(variable) for variable in model.variables}
    assert len(values) == len(model.variables)
    assert {path: value.item() for path, value in values.items() if path.endswith(("rate", "momentum"))} == {
        "conv_dropout/rate": 0.25,
        "bigru_dropout/rate": 0.125,
        "sequence_bigru_dropout/rate": 0.125,
        "attention_dropout/rate": 0.5,
        "conv_batch_norm/momentum": 0.75,
        "sequence_batch_norm/momentum": 0.75,
    }
    kernel = values["conv/kernel"]
    assert kernel.shape == (16, 1, 4)  # there is room for more taps than the nine that are used
    assert np.flatnonzero(np.abs(kernel).sum(axis=(1, 2))).tolist() == list(range(3, 12))
    # Glorot's limit for nine taps, one channel and four filters.
    assert 0.8 < np.abs(kernel).max() / np.sqrt(6 / (9 + 9 * 4)) <= 1


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 24])
def test_a_short_kernel_in_a_large_room_convolves_as_a_layer_of_its_size(size: int) -> None:
    model = MODEL.build_for(WIDTH, CLASSES, small(conv_kernel_size=size), seed=0)
    layer = model.get_layer("conv")
    window = keras.ops.convert_to_numpy(layer.window)[:, 0, 0].astype(bool)
    plain = keras.layers.Conv1D(4, size, padding="same", activation="relu")
    plain.build((None, WIDTH, 1))
    plain.set_weights([keras.ops.convert_to_numpy(layer.kernel)[window], np.full(4, 0.1, np.float32)])
    layer.bias.assign(np.full(4, 0.1, np.float32))
    layer.kernel.assign(layer.kernel + np.float32(1) * (1 - layer.window))  # what is outside must not count
    np.testing.assert_allclose(layer(ROWS), plain(ROWS), rtol=1e-5, atol=1e-6)


@ATTENTION
def test_it_gives_a_probability_for_each_class(attention: str) -> None:
    model = MODEL.build_for(WIDTH, CLASSES, small(attention=attention), seed=0)
    probabilities = keras.ops.convert_to_numpy(model(ROWS, training=False))
    assert (probabilities.shape, probabilities.dtype) == ((7, CLASSES), np.float32)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert (probabilities > 0).all()
    assert len(np.unique(probabilities, axis=0)) == 7  # each row has an answer of its own


@ATTENTION
def test_the_same_seed_gives_the_same_model(attention: str) -> None:
    first, again = (variables(MODEL.build_for(WIDTH, CLASSES, small(attention=attention), seed=3)) for _ in range(2))
    assert list(first) == list(again)
    assert [name for name in first if first[name].tobytes() != again[name].tobytes()] == []


@ATTENTION
def test_another_seed_gives_another_model(attention: str) -> None:
    first, other = (
        variables(MODEL.build_for(WIDTH, CLASSES, small(attention=attention), seed=seed)) for seed in (3, 4)
    )
    same = {name.partition(" ")[2] for name in first if np.array_equal(first[name], other[name])}
    constants = {"bias", "gamma", "beta", "moving_mean", "moving_variance", "scale", "window", "rate", "momentum"}
    assert same <= constants
    assert "kernel" not in same


@ATTENTION
def test_no_two_parts_begin_with_the_same_weights(attention: str) -> None:
    """Directions of a GRU, or queries and keys, that begin alike would be one part where two are paid for."""
    model = MODEL.build_for(WIDTH, CLASSES, small(attention=attention), seed=0)
    drawn = [(v.path, keras.ops.convert_to_numpy(v)) for v in model.trainable_variables if v.name.endswith("kernel")]
    alike = [
        (path, other_path)
        for i, (path, kernel) in enumerate(drawn)
        for other_path, other in drawn[i + 1 :]
        if kernel.shape == other.shape and np.array_equal(kernel, other)
    ]
    assert alike == []
