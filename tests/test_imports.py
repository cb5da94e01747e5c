"""The rules between modules: who may load what, that no import runs in a circle, and that importing does nothing."""

from __future__ import annotations

import ast
import graphlib
import importlib
import importlib.util
import json
import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# What is run once a search has ended, and may look at the held-out rows.
AFTER_THE_SEARCH = {"nids.detector.finalize", "nids.evaluation.baselines", "nids.evaluation.rank_correlation"}
# From the ground up: a package imports from those before it alone.
FLOORS = (
    *(
        "errors",
        "command_line",
        "interruption",
        "threads",
        "memory",
        "seeding",
        "terminal",
        "spreadsheet",
        "progress",
        "disk",
        "s3",
        "storage",
        "foreign_json",
        "typed_file",
        "npz",
        "toml_text",
        "parquet_texts",
        "search_space",
        "tables",
        "metrics",
        "datasets",
        "models",
        "shipped_jobs",
    ),
    *(
        "config",
        "unused_keys",
        "job_file",
        "job_rows",
        "folds",
        "training",
        "results",
        "charts",
        "analysis",
        "cluster",
        "search",
        "evaluation",
    ),
    *("detector", "report", "bench", "dashboard", "cli", "__main__"),
)
LONGEST = 300  # lines
SLOW = ("ray", "tensorflow", "keras", "jax", "torch")


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


# nids/dashboard is a link, which rglob does not follow by itself.
PATHS = {_name(path): path for folder in ("nids", "nids/dashboard") for path in sorted((ROOT / folder).rglob("*.py"))}
DASHBOARD = [name for name in PATHS if name.split(".")[:2] == ["nids", "dashboard"]]
NIDS = [name for name in PATHS if name not in DASHBOARD]


class _Imports(ast.NodeVisitor):
    """Collects what a module imports, outside ``if TYPE_CHECKING``; ``at_once`` without what functions import."""

    def __init__(self) -> None:
        self.at_once: set[str] = set()
        self.ever: set[str] = set()
        self._functions = 0

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for child in node.orelse:
                self.visit(child)
        else:
            self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._functions += 1
        self.generic_visit(node)
        self._functions -= 1

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        assert node.level == 0, "imports are absolute"
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            self._add(whole if whole in PATHS else str(node.module))

    def _add(self, module: str) -> None:
        self.ever.add(module)
        if not self._functions:
            self.at_once.add(module)


def _imports(name: str) -> _Imports:
    found = _Imports()
    found.visit(ast.parse(PATHS[name].read_text(encoding="utf-8")))
    return found


IMPORTS = {name: _imports(name) for name in PATHS}


def _below(name: str) -> set[str]:
    """All of our modules that a module leads to, functions' imports included, and itself."""
    found, waiting = set(), [name]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += [other for other in IMPORTS[module].ever if other in PATHS]
    return found


def _loaded_after(modules: list[str]) -> list[str]:
    """Which of the slow packages a new process holds after it has imported some modules."""
    script = (
        f"import importlib, json, sys\nfor name in {modules!r}: importlib.import_module(name)\n"
        f"print(json.dumps(sorted(set({SLOW!r}) & set(sys.modules))))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT, timeout=300
    )
    found: list[str] = json.loads(ended.stdout.splitlines()[-1])
    return found


def _floor(name: str) -> str:
    return ".".join(name.split(".")[1:2])


def _runs_up(name: str) -> list[str]:
    """The imports of a module that lead to a package above its own."""
    own = _floor(name)
    other = {module for module in IMPORTS[name].ever if module in PATHS and _floor(module) not in ("", own)}
    return sorted(module for module in other if FLOORS.index(_floor(module)) > FLOORS.index(own))


@pytest.mark.parametrize("name", [name for name in PATHS if _floor(name)])
def test_no_import_runs_up(name: str) -> None:
    assert _runs_up(name) == []


def test_an_import_that_runs_up_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    upward = _Imports()
    upward.visit(ast.parse("def late():\n    from nids.report import html"))
    monkeypatch.setitem(IMPORTS, "nids.storage", upward)
    assert _runs_up("nids.storage") == ["nids.report.html"]


@pytest.mark.parametrize("name", PATHS)
def test_a_long_module_says_why(name: str) -> None:
    source = PATHS[name].read_text(encoding="utf-8")
    assert len(source.splitlines()) <= LONGEST or "Long because" in (ast.get_docstring(ast.parse(source)) or "")


@pytest.mark.slow
def test_readers_of_results_load_neither_ray_nor_tensorflow() -> None:
    named = {module for page in DASHBOARD for module in IMPORTS[page].ever if module in PATHS}
    packages = ("results", "report", "charts", "analysis", "metrics")
    readers = {module for module in NIDS if _floor(module) in packages} | {"nids.cli"} | (named & set(NIDS))
    assert _loaded_after(sorted([*readers, *DASHBOARD])) == []
    for page in DASHBOARD:
        assert not {module.split(".")[0] for module in IMPORTS[page].ever} & set(SLOW), page


@pytest.mark.slow
def test_no_framework_is_loaded_before_it_can_be_configured() -> None:
    """Once it is imported, it has said what it has to say on the terminal."""
    modules = ["nids.detector.finalize", "nids.evaluation.rank_correlation", "nids.search.estimate"]
    assert not {"tensorflow", "keras", "jax"} & {*_loaded_after(modules)}
    # Nor does Ray read its settings before a command has made them.
    assert _loaded_after(["nids.search.session", "nids.cluster.job_client"]) == []


@pytest.mark.slow
def test_a_trial_loads_no_ray() -> None:
    below = sorted(_below("nids.training.trial"))
    assert {
        "nids.training.batches",
        "nids.training.trainer",
        "nids.metrics.classification",
        "nids.models",
    } <= set(below)
    networks = [
        name for name in NIDS if name.startswith("nids.models.")
    ]  # a model names its network, to be loaded late
    assert "nids.models.cnn_bigru.network" in networks
    assert "ray" not in _loaded_after([*below, *networks, "nids.folds.cache"])


def test_no_search_can_reach_the_held_out_rows() -> None:
    assert {name for name, found in IMPORTS.items() if "nids.evaluation.held_out" in found.ever} == AFTER_THE_SEARCH
    reaching = {name for name in PATHS if "nids.evaluation.held_out" in _below(name)}
    commands = {name for name in reaching if _floor(name) in {"cli", "__main__"}}
    assert reaching - commands == AFTER_THE_SEARCH | {"nids.evaluation.held_out"}
    # What reads a file without asking whether it is held out: the check of a file that a user names, and those that
    # know which files they want.
    subset, maker = "nids.evaluation.held_out_subset", "nids.evaluation.held_out_fingerprints"
    readers = {name for name, found in IMPORTS.items() if "nids.datasets.io.load" in found.ever}
    assert readers == {"nids.datasets", "nids.datasets.describe", "nids.evaluation.held_out", subset, maker}
    assert {name for name, found in IMPORTS.items() if subset in found.ever} == {"nids.evaluation.held_out"}
    assert not {name for name, found in IMPORTS.items() if maker in found.ever}


@pytest.mark.parametrize("kind", ["at_once", "ever"])
def test_no_import_runs_in_a_circle(kind: str) -> None:
    graph = {name: getattr(found, kind) & set(PATHS) for name, found in IMPORTS.items()}
    order = list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle
    assert set(order) == set(PATHS)


def test_each_framework_has_its_place() -> None:
    def users(package: str) -> set[str]:
        return {
            name for name, found in IMPORTS.items() if any(module.split(".")[0] == package for module in found.ever)
        }

    assert {_floor(name) for name in users("ray")} == {"cluster", "search", "detector", "bench"}
    assert users("tensorflow") == {"nids.models.backend"}
    of_models = {name for name in NIDS if _floor(name) == "models"}
    assert users("keras") <= {*of_models, "nids.training.traced_network", "nids.bench.plain_loop"}
    commands = {name for name in NIDS if _floor(name) in {"cli", "__main__"}}
    assert [name for name in IMPORTS if name not in commands and IMPORTS[name].ever & commands] == []


@pytest.fixture
def handlers() -> list[logging.Handler]:
    return list(logging.getLogger().handlers)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*NIDS, *DASHBOARD])
def test_importing_a_module_does_nothing_else(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, handlers: list[logging.Handler]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of the libraries, when they are first imported
        importlib.import_module(name)
    # All libraries are loaded now: what a second execution of the module changes, the module itself has changed.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    environment, level, filters = dict(os.environ), logging.getLogger().level, list(warnings.filters)
    paths, modules = list(sys.path), set(sys.modules)

    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))

    assert list(tmp_path.rglob("*")) == []
    assert dict(os.environ) == environment
    assert (logging.getLogger().handlers, logging.getLogger().level) == (handlers, level)
    assert list(warnings.filters) == filters
    assert sys.path == paths
    assert set(sys.modules) == modules


def test_texts_reach_a_terminal_through_one_module() -> None:
    """What others have written may hold what a terminal obeys, or rich's markup: see ``nids.terminal``."""
    made = {name for name in IMPORTS if IMPORTS[name].ever & {"rich.console", "rich.markup"}}
    assert {name for name in made if _floor(name) != "bench"} == {"nids.terminal"}
