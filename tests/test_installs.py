"""Nothing that is installed or started comes without a hash: packages, what builds this one, images, and scripts."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
CLUSTER = ROOT / "cluster"
LOCKS = sorted(ROOT.glob("requirements*.lock"))
DIGEST = re.compile(r"@sha256:(?:[0-9a-f]{64}|YOUR-\w+-DIGEST)$")
# What is downloaded and not run: an own address, schemas that tests check files against, a node's health.
DATA = ("checkip.amazonaws.com", "raw.githubusercontent.com/ray-project/kuberay/v1.7.0", "/api/gcs_healthz")
OTHER_INSTALLERS = r"\b(?:pipx|uvx|npx|npm|conda|gem|cargo install|go install|uv (?:tool|run|add|sync)|easy_install)\b"


def _shell(path: Path) -> str:
    """Return the commands of a file, continued lines joined."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        blocks = re.findall(r"^```(?:sh|yaml)\n(.+?)^```", text, re.MULTILINE | re.DOTALL)
        text = "\n".join([*blocks, *re.findall(r"`([^`\n]* install [^`\n]*)`", text)])
    elif path.suffix == ".yaml":
        text = "\n".join(_texts_in(yaml.safe_load(text)))
    elif path.name == "Makefile":
        variables = dict(re.findall(r"^(\w+) :?\??= ?(.*)$", text, re.MULTILINE))
        for _ in variables:
            text = re.sub(r"\$\((\w+)\)", lambda found: variables.get(found[1], found[0]), text)
        text = re.sub(r"^\w+ :?\??= ?.*$", "", text, flags=re.MULTILINE).replace("$<", "requirements-uv.lock")
    return re.sub(r"\\\n\s*", " ", text)


def _texts_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in _texts_in(part)]
    if isinstance(value, list) and value[:1] == ["CMD"]:
        return [" ".join(value)]
    if isinstance(value, list):
        return [text for part in value for text in _texts_in(part)]
    return [value] if isinstance(value, str) else []


def _unhashed(commands: str) -> list[str]:
    """Return those of a text's commands that install or run what no hash holds."""
    found = []
    for line in commands.splitlines():
        code = re.sub(r"(?:^|\s)#.*", "", line)
        if re.search(r"\b(?:curl|wget)\b", re.sub(r"\binstall\b[^&|;]*", "", code)) and not any(
            it in code for it in DATA
        ):
            found.append(code)
        if re.search(OTHER_INSTALLERS, code):
            found.append(code)
        found += [part for part in re.split(r"&&|\|\||[;|]", code) if "pip" in part and not _is_hashed(part)]
    return [command.strip() for command in found]


def _is_hashed(command: str) -> bool:
    _, install, arguments = command.partition("pip install ")
    if not install:
        return not re.search(r"\bpip3?\b.*\b(?:install|wheel|download)\b", command)
    words = shlex.split(arguments)
    wheels_only = "--no-build" in words or ("--only-binary", ":all:") in itertools.pairwise(words)
    this_project = words[-1] in {".", "~/nids"} and {"--no-deps", "--no-build-isolation"} <= set(words)
    locked = (
        "--require-hashes" in words
        and words[-2] == "-r"
        and bool(re.search(r"\.lock$|\$\{?(?:LOCK|lock)\}?$", words[-1]))
    )
    values = {"-r", "--python", "--only-binary"}
    named = [word for before, word in zip(["", *words], words, strict=False) if before not in values and word[0] != "-"]
    return (locked and wheels_only and not named) or (this_project and named == [words[-1]])


FILES = [
    *(ROOT / name for name in ("Makefile", ".ci/run", ".ci/audit", "README.md", "CONTRIBUTING.md")),
    *(path for path in sorted(CLUSTER.rglob("*")) if path.is_file() and path.suffix != ".dockerignore"),
    *(path for package in ("nids", "dashboard", "jobs", "tests") for path in sorted((ROOT / package).rglob("*.md"))),
]


@pytest.mark.parametrize("path", [pytest.param(path, id=str(path.relative_to(ROOT))) for path in FILES])
def test_every_step_is_hashed(path: Path) -> None:
    assert _unhashed(_shell(path)) == []


def test_the_steps_are_seen() -> None:
    steps = {str(path.relative_to(ROOT)): _shell(path).count("pip install ") for path in FILES}
    assert {name: count for name, count in steps.items() if count} == {
        "Makefile": 7, "cluster/Dockerfile": 3, "cluster/README.md": 3, "cluster/aws.yaml": 4,
        "cluster/gcp.yaml": 4, "cluster/own-machines.yaml": 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [
        "python -m pip install --quiet uv==0.13.9",
        "pip install --require-hashes uv==0.13.9",
        "uv pip install --quiet --no-deps -e .",
        "uv pip install --no-build-isolation -e .",
        "uv pip install --require-hashes -r requirements.lock",
        "uv pip install --no-build --require-hashes -r requirements.txt",
        "uv pip install --no-build --require-hashes boto3 -r requirements.lock",
        "true && uv pip install boto3==1.44.8",
        "pip wheel .",
        "curl -LsSf https://host/install.sh | sh",
        'bash -c "$(wget -qO- https://host/install.sh)"',
        "curl -o install.sh https://host/install.sh",
        "uvx pip-audit",
        "npm install -g serve",
    ],
)
def test_an_unhashed_step_is_found(command: str) -> None:
    assert _unhashed(command)


@pytest.mark.parametrize("lock", [pytest.param(lock, id=lock.name) for lock in LOCKS])
def test_every_package_of_a_lock_file_has_a_version_and_hashes(lock: Path) -> None:
    packages = re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8"))
    assert [
        it
        for it in packages
        if not re.match(r"[a-z0-9.-]+(?:\[[\w,-]+\])?==\S+[^\n]*\\\n +--hash=sha256:[0-9a-f]{64}\b", it)
    ] == []


def test_make_lock_renews_every_lock_file_and_all_that_are_named_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert set(re.findall(r"-o (requirements\S*\.lock)", makefile)) == {lock.name for lock in LOCKS}
    named = {
        name for path in FILES for name in re.findall(r"requirements[\w-]*\.lock", path.read_text(encoding="utf-8"))
    }
    assert named == {lock.name for lock in LOCKS}


def _versions(lock: str) -> dict[str, set[str]]:
    pinned = re.findall(r"^([a-z0-9.-]+)==(\S+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE)
    return {name: {version for it, version in pinned if it == name} for name, _ in pinned}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-gpu.lock", "requirements-dev.lock"])
def test_what_builds_this_project_is_among_its_packages(lock: str) -> None:
    assert "setuptools" in _versions(lock)


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_what_a_cloud_needs_changes_no_other_package(cloud: str) -> None:
    environment, added = _versions("requirements-dev.lock"), _versions(f"requirements-{cloud}.lock")
    changed = {name for name in environment.keys() & added.keys() if not added[name] <= environment[name]}
    assert changed <= {"python-dateutil"}  # of which botocore refuses a newer one


# Images.


def test_the_image_is_built_on_a_digest() -> None:
    text = (CLUSTER / "Dockerfile").read_text(encoding="utf-8")
    defaults = dict(re.findall(r"^ARG (\w+)=(\S+)$", text, re.MULTILINE))
    stages = re.findall(r"^FROM (\S+)(?: AS (\w+))?$", text, re.MULTILINE)
    bases = [re.sub(r"\$\{(\w+)\}", lambda found: defaults[found[1]], image) for image, _ in stages]
    assert len(bases) == 2
    assert [base for base in bases if not DIGEST.search(base)] == []
    assert "syntax=" not in text  # BuildKit would fetch that image by its tag


@pytest.mark.parametrize("name", ["raycluster", "rayjob"])
def test_pods_run_images_by_digest(name: str) -> None:
    images = re.findall(r"\bimage: (\S+)", (CLUSTER / "kuberay" / f"{name}.yaml").read_text(encoding="utf-8"))
    assert len(images) >= 2
    assert [image for image in images if not DIGEST.search(image)] == []


def test_the_operator_is_installed_by_digest() -> None:
    commands = _shell(CLUSTER / "README.md")
    [install] = re.findall(r"^helm install .+$", commands, re.MULTILINE)
    assert DIGEST.search(install.split("--set image.tag=")[1])
    assert re.findall(r"\bdocker (?:run|pull)\b.+", commands) == [
        "docker run --rm --shm-size=4g -v nids-runs:/runs nids nids search quick --storage /runs --name first"
    ]


def test_the_containers_of_one_host_run_what_was_built_there() -> None:
    services = yaml.safe_load((CLUSTER / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert {(name, it["pull_policy"], it["build"]["dockerfile"]) for name, it in services.items()} == {
        (name, "build", "cluster/Dockerfile") for name in ("head", "worker", "worker-gpu")
    }


@pytest.mark.parametrize(("name", "key"), [("aws", "ImageId"), ("gcp", "sourceImage")])
def test_a_machine_starts_from_one_image_and_not_from_the_newest(name: str, key: str) -> None:
    text = (CLUSTER / f"{name}.yaml").read_text(encoding="utf-8")
    assert re.search(rf"\b{key}: ", text)
    assert "family" not in text
