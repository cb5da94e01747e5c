from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from nids import models
from nids.errors import UserError
from nids.models import cnn_bigru, mlp

SCRIPT = """
import sys
from nids import models
models.names()
print([name for name in ("keras", "tensorflow", "jax") if name in sys.modules])
"""


def test_names_are_those_of_the_packages() -> None:
    assert models.names() == ("cnn-bigru", "mlp")


@pytest.mark.parametrize("attribute", ["name", "hyperparameters"])
def test_names_refuses_two_models_that_share(attribute: str, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = replace(mlp.MODEL, **{attribute: getattr(cnn_bigru.MODEL, attribute)})
    monkeypatch.setattr(mlp, "MODEL", copied)
    models._models.cache_clear()
    try:
        with pytest.raises(ValueError, match=rf"^two of the models .* have the same {attribute}\.$"):
            models.names()
    finally:
        models._models.cache_clear()


@pytest.mark.slow
def test_names_loads_no_framework() -> None:
    ended = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


def test_get_refuses_an_unknown_name() -> None:
    with pytest.raises(UserError) as caught:
        models.get("cnn-bigrus")
    assert str(caught.value) == "'cnn-bigrus' is not a model (did you mean cnn-bigru?). Known: cnn-bigru, mlp."


@pytest.mark.parametrize("name", models.names())
def test_of_finds_the_model_of_hyperparameters(name: str) -> None:
    model = models.get(name)
    assert models.of(model.hyperparameters()) is model
