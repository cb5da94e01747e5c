from __future__ import annotations

import subprocess
import sys

import pytest

from nids import models
from nids.errors import UserError

SCRIPT = """
import sys
from nids import models
models.names()
print([name for name in ("keras", "tensorflow", "jax") if name in sys.modules])
"""


def test_names_are_those_of_the_packages() -> None:
    assert models.names() == ("cnn-bigru", "mlp")


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
