"""What the texts for readers promise: their length, their links, the commands and the keys that they name."""

from __future__ import annotations

import itertools
import re
import sys
import tomllib
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from typer.main import get_command

from nids import cli, config, models
from nids.datasets.schema import DatasetSpec
from nids.metrics.judged_rows import JudgedRows
from tests.test_imports import FLOORS

ROOT = Path(__file__).parents[1]
TEXTS = sorted(
    path for path in ROOT.rglob("*.md") if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)
KEY = re.compile(r"^\| `(\w+\.\w+)` \| (`[^`]*`|none) \|", re.MULTILINE)


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def _defaults() -> dict[str, Any]:
    """Return each key of a job file's sections and its default."""
    return {
        f"{section}.{key}": field.default
        for section, described in config.Job.model_fields.items()
        if isinstance(described.annotation, type) and issubclass(described.annotation, BaseModel)
        for key, field in described.annotation.model_fields.items()
    }


def test_the_readme_is_short() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    assert len(text.split()) <= 1500


@pytest.mark.parametrize("path", [pytest.param(path, id=str(path.relative_to(ROOT))) for path in TEXTS])
def test_a_link_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL))
    for link in links:
        file, _, anchor = link.partition("#")
        if not re.match(r"\w+:", link):
            target = (path.parent / file).resolve() if file else path
            assert target.exists(), link
            if anchor:
                headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
                assert anchor in map(_anchor, headings), link


def test_every_test_that_holds_a_promise_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py|…)::(\w+)`", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))
    assert len(named) > 20
    held = ""
    for path, name in named:
        held = held if path == "…" else path
        assert f"def {name}(" in (ROOT / held).read_text(encoding="utf-8"), f"{held}::{name}"


def test_every_command_that_is_named_exists() -> None:
    known = set(get_command(cli.app).commands)  # type: ignore[attr-defined]
    named = {
        name
        for path in TEXTS
        if path.name != "CHANGELOG.md"
        for name in re.findall(r"(?:^|`|&& |/)nids ([a-z][a-z-]+)\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert named - known == set()
    assert known - named == set()


def test_every_key_of_a_job_file_is_documented_with_its_default() -> None:
    rows = KEY.findall((ROOT / "jobs" / "README.md").read_text(encoding="utf-8"))
    documented = {
        key: None if default == "none" else tomllib.loads(f"value = {default.strip('`')}")["value"]
        for key, default in rows
    }
    assert documented == _defaults()
    assert PydanticUndefined not in documented.values()


def test_the_layout_is_that_of_the_floors() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text[text.index("| package | what is in it |") : text.index("`tests/` mirrors")]
    rows = [
        [re.sub(r"^nids/|/$|\.py$", "", path) for path in re.findall(r"`([^`]+)`", row.split("|")[1])]
        for row in table.splitlines()[2:]
        if row
    ]
    # The order inside of a row is free.
    assert [sorted(row, key=FLOORS.index) for row in rows] == [
        list(FLOORS[end - len(row) : end]) for row, end in zip(rows, itertools.accumulate(map(len, rows)), strict=True)
    ]
    assert sum(map(len, rows)) == len(FLOORS)


def _examples(heading: str) -> list[types.ModuleType]:
    """Run the Python code of a section of CONTRIBUTING.md and return each block as a module."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = re.split(r"^## ", text[text.index(f"## {heading}") + 3 :], flags=re.MULTILINE)[0]
    modules: list[types.ModuleType] = []
    for block in re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL):
        modules.append(types.ModuleType(f"example_{len(modules)}"))
        sys.modules[modules[-1].__name__] = modules[-1]  # where a dataclass looks
        exec(compile(block, "CONTRIBUTING.md", "exec"), vars(modules[-1]))
        del sys.modules[modules[-1].__name__]
    return modules


def test_the_data_set_of_the_example_labels_rows() -> None:
    [module] = _examples("Adding a data set")
    spec = module.DATASET
    assert DatasetSpec.from_json(spec.to_json()) == spec
    assert [label_map.name for label_map in spec.label_maps] == ["types", "binary"]


@pytest.mark.slow
def test_the_model_of_the_example_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    description, network = _examples("Adding a model")
    model = description.MODEL
    monkeypatch.setitem(sys.modules, model.network, network)
    built = model.build_for(7, 3, model.hyperparameters(units=4), seed=0)
    assert (built.input_shape, built.output_shape) == ((None, 7), (None, 3))
    assert set(model.starting_point(model.spaces["paper"])) == {"units", "learning_rate"}


def test_every_hyperparameter_is_documented() -> None:
    text = (ROOT / "jobs" / "README.md").read_text(encoding="utf-8")
    for name in models.names():
        for key in models.get(name).hyperparameters.model_fields:
            assert re.search(rf"^\|.*`{key}`", text, re.MULTILINE), f"{key} of {name}"


def test_the_measure_of_the_example_is_computed() -> None:
    [module] = _examples("Adding a measure")
    [measure] = module.MEASURES
    rows = JudgedRows.all_known(np.array([0, 0, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]), benign=0)
    assert measure.compute(rows) == 0.75


@pytest.mark.parametrize("name", ["CITATION.cff", ".pre-commit-config.yaml"])
def test_it_is_valid_yaml(name: str) -> None:
    assert isinstance(yaml.safe_load((ROOT / name).read_text(encoding="utf-8")), dict)


def test_the_citation_is_of_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (citation["title"], citation["version"]) == (project["name"], project["version"])
    assert citation["license"] == project["license"]
