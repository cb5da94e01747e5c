from __future__ import annotations

import keras
import numpy as np
import pytest

from nids.models.mlp import MODEL, Architecture, Hyperparameters

WIDTH, CLASSES = 9, 5
ROWS = np.random.default_rng(0).random((7, WIDTH), dtype=np.float32)


def variables(model: keras.Model) -> dict[str, np.ndarray]:
    return {variable.path: keras.ops.convert_to_numpy(variable) for variable in model.variables}


@pytest.mark.parametrize(
    ("hp", "expected"),
    [
        pytest.param(
            Hyperparameters(layers=2, units=4),
            [
                *("row", "dense_0", "batch_norm_0", "activation_0", "dropout_0"),
                *("dense_1", "batch_norm_1", "activation_1", "dropout_1", "probabilities"),
            ],
            id="with batch normalization",
        ),
        pytest.param(
            Hyperparameters(layers=1, units=4, batch_norm=False),
            ["row", "dense_0", "activation_0", "dropout_0", "probabilities"],
            id="without",
        ),
        pytest.param(
            Hyperparameters(
                layers=1, units=4, batch_norm=False, input_form="piecewise-linear", input_knots=8, feature_dropout=0.25
            ),
            [
                *("row", "columns", "piecewise_linear", "feature_dropout", "channels"),
                *("dense_0", "activation_0", "dropout_0", "probabilities"),
            ],
            id="learned input",
        ),
    ],
)
def test_build_stacks_layers(hp: Hyperparameters, expected: list[str]) -> None:
    model = MODEL.build_for(WIDTH, CLASSES, hp, seed=0)
    assert [layer.name for layer in model.layers] == expected
    assert model.output_shape == (None, CLASSES)
    assert model.get_layer("dense_0").use_bias is not hp.batch_norm


def test_adjust_sets_every_rate_and_momentum() -> None:
    hp = Hyperparameters(layers=2, units=4, dropout=0.25, batch_norm_momentum=0.75)
    values = variables(MODEL.build_for(WIDTH, CLASSES, hp, seed=0))
    assert {path: value.item() for path, value in values.items() if path.endswith(("/rate", "/momentum"))} == {
        "dropout_0/rate": 0.25,
        "dropout_1/rate": 0.25,
        "batch_norm_0/momentum": 0.75,
        "batch_norm_1/momentum": 0.75,
    }


def test_build_gives_probabilities_by_activation() -> None:
    outputs = {}
    for activation in ("relu", "gelu", "silu", "tanh"):
        hp = Hyperparameters(layers=1, units=16, activation=activation)
        outputs[activation] = keras.ops.convert_to_numpy(MODEL.build_for(WIDTH, CLASSES, hp, seed=0)(ROWS))
        np.testing.assert_allclose(outputs[activation].sum(axis=1), 1, rtol=1e-5)
    assert len({output.tobytes() for output in outputs.values()}) == 4


def test_build_follows_its_seed() -> None:
    models = [MODEL.build_for(WIDTH, CLASSES, Hyperparameters(), seed) for seed in (3, 3, 4)]
    first, again, other = ([keras.ops.convert_to_numpy(value).tobytes() for value in m.variables] for m in models)
    assert first == again
    assert first[0] != other[0]


def test_architectural_is_all_but_the_rates() -> None:
    forms = {"input_form", "input_knots", "input_channels"}
    compiled = {"optimizer", "focal_gamma"}
    assert MODEL.architectural == {"layers", "units", "activation", "batch_norm", *compiled, *forms}
    assert MODEL.architecture_of(Hyperparameters(layers=3, dropout=0.5)) == Architecture(
        drops_features=False,
        input_form="values",
        input_knots=64,
        input_channels=4,
        layers=3,
        units=256,
        activation="relu",
        batch_norm=True,
    )


def test_largest_point_is_the_deepest_and_widest() -> None:
    largest = MODEL.largest_point(MODEL.spaces["wide"])
    assert (largest["layers"], largest["units"], largest["batch_norm"], largest["batch_size"]) == (4, 512, True, 2048)
