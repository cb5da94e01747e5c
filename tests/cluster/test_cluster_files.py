"""The files of ``cluster/``: each passes the schema of what reads it, and all say the same."""

from __future__ import annotations

import importlib.resources
import itertools
import json
import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import platformdirs
import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config
from ray.scripts import scripts as ray_command

from nids.cluster import local, ray_metrics
from tests.cluster.declarations import CLUSTER, KUBERAY_FILES, POD_TEMPLATES, parsed, ray_cluster

ROOT = CLUSTER.parent
LAUNCHER_FILES = ("aws", "gcp", "own-machines")
KUBERAY = "1.7.0"
KUBERNETES = "1.33"
TEXTS = {
    path.relative_to(CLUSTER).as_posix(): path.read_text(encoding="utf-8")
    for path in CLUSTER.rglob("*")
    if path.is_file()
}
DECLARATIONS = sorted(name for name in TEXTS if name.endswith(".yaml"))
ENVIRONMENT = {
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",
    **ray_metrics.OFF,
}


def _launcher(name: str) -> dict[str, Any]:
    return parsed(f"{name}.yaml")


def _locked(package: str) -> str:
    found = re.search(rf"^{package}==(\S+) ", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    assert found, f"requirements.lock holds no {package}"
    return found[1]


# What reads each file accepts it.


@pytest.mark.parametrize("name", LAUNCHER_FILES)
def test_ray_up_accepts_a_launcher_file(name: str) -> None:
    prepared = prepare_config(_launcher(name))
    validate_config(prepared)
    assert prepared["head_start_ray_commands"] == _launcher(name)["head_start_ray_commands"]


@pytest.mark.parametrize("name", [name for name in LAUNCHER_FILES if name != "own-machines"])
def test_gpu_workers_come_and_go(name: str) -> None:
    prepared = prepare_config(_launcher(name))
    groups = {group: (it["min_workers"], it["max_workers"]) for group, it in prepared["available_node_types"].items()}
    assert groups == {"head": (0, 0), "gpu-worker": (0, prepared["max_workers"])}


def test_what_ray_up_copies_is_there() -> None:
    copied = {source for name in LAUNCHER_FILES for source in _launcher(name)["file_mounts"].values()}
    assert {source for source in copied if not (ROOT / source).exists()} == {"~/.ray/auth_token"}


def _faults(content: Any, schema: dict[str, Any]) -> list[str]:
    """Return what a schema finds wrong, by path."""
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    return [f"{error.json_path}: {error.message}" for error in validator(schema).iter_errors(content)]


def test_compose_accepts_its_file() -> None:
    schema = importlib.resources.files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json"
    assert _faults(parsed("compose.yaml"), json.loads(schema.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("template", POD_TEMPLATES)
def test_kubernetes_accepts_a_pod_template(template: dict[str, Any]) -> None:
    whole = {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "checked"}, "template": template}
    assert kubernetes_validate.validate(whole, KUBERNETES, strict=True) == KUBERNETES


def test_kubernetes_accepts_the_network_policies() -> None:
    policies = parsed("kuberay/network-policy.yaml")["items"]
    assert len(policies) == 3
    for policy in policies:
        assert kubernetes_validate.validate(policy, KUBERNETES, strict=True) == KUBERNETES


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": required | optional,
        "required": list(required),
        "additionalProperties": False,
    }


# The part of KubeRay's resource definitions that the files use, and nothing else.
COUNT = {"type": "integer", "minimum": 0}
TEXT = {"type": "string", "minLength": 1}
# Kubernetes' own part, which the tests above check.
ANY_OBJECT = {"type": "object"}
START_PARAMETERS = {"type": "object", "additionalProperties": {"type": "string"}}
RAY_CLUSTER_SPEC = _object(
    {
        "rayVersion": TEXT,
        "enableInTreeAutoscaling": {"const": True},
        "autoscalerOptions": _object(
            {"version": {"enum": ["v1", "v2"]}, "idleTimeoutSeconds": COUNT},
            env={"type": "array", "items": ANY_OBJECT},
            resources=ANY_OBJECT,
            securityContext=ANY_OBJECT,
            volumeMounts={"type": "array", "items": ANY_OBJECT},
        ),
        "authOptions": _object({"mode": {"enum": ["disabled", "token"]}, "secretName": TEXT}),
        "headGroupSpec": _object(
            {"serviceType": {"enum": ["ClusterIP"]}, "rayStartParams": START_PARAMETERS, "template": ANY_OBJECT}
        ),
        "workerGroupSpecs": {
            "type": "array",
            "minItems": 1,
            "items": _object(
                {
                    "groupName": TEXT,
                    "replicas": COUNT,
                    "minReplicas": COUNT,
                    "maxReplicas": COUNT,
                    "rayStartParams": START_PARAMETERS,
                    "template": ANY_OBJECT,
                }
            ),
        },
    }
)
RAY_JOB_SPEC = _object(
    {
        "entrypoint": TEXT,
        "backoffLimit": COUNT,
        "shutdownAfterJobFinishes": {"const": True},
        "ttlSecondsAfterFinished": COUNT,
        "submitterPodTemplate": ANY_OBJECT,
        "rayClusterSpec": RAY_CLUSTER_SPEC,
    }
)


@pytest.mark.parametrize(
    ("name", "kind", "spec"),
    [("raycluster", "RayCluster", RAY_CLUSTER_SPEC), ("rayjob", "RayJob", RAY_JOB_SPEC)],
    ids=KUBERAY_FILES,
)
def test_a_kuberay_file_has_known_fields_only(name: str, kind: str, spec: dict[str, Any]) -> None:
    schema = _object(
        {
            "apiVersion": {"const": "ray.io/v1"},
            "kind": {"const": kind},
            "metadata": _object({"name": TEXT}),
            "spec": spec,
        }
    )
    assert _faults(parsed(f"kuberay/{name}.yaml"), schema) == []


def _definition(plural: str) -> dict[str, Any]:
    """Return the schema in KubeRay's published definition of a resource, or skip the test."""
    cache = platformdirs.user_cache_path("nids") / f"kuberay-{KUBERAY}"
    path = Path(os.environ.get("NIDS_KUBERAY_CRDS", cache)) / f"ray.io_{plural}.yaml"
    if not path.exists():
        pytest.skip(f"{path} is not there; cluster/README.md says how to get KubeRay's resource definitions")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # a megabyte
    versions = yaml.load(path.read_text(encoding="utf-8"), loader)["spec"]["versions"]
    return next(version["schema"]["openAPIV3Schema"] for version in versions if version["name"] == "v1")


def _refuse_unknown(schema: Any) -> Any:
    """Return a schema that refuses fields which it does not name, as the API server does when it is strict."""
    if isinstance(schema, list):
        return [_refuse_unknown(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _refuse_unknown(part) for key, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        closed.setdefault("additionalProperties", schema.get("x-kubernetes-preserve-unknown-fields", False))
    if schema.get("x-kubernetes-int-or-string"):
        closed.pop("type", None)
    return closed


@pytest.mark.parametrize("name", KUBERAY_FILES)
def test_kuberay_accepts_its_file(name: str) -> None:
    schema = _refuse_unknown(_definition(f"{name}s"))
    schema["properties"]["metadata"] = ANY_OBJECT  # of the API server, which the definition leaves open
    assert _faults(parsed(f"kuberay/{name}.yaml"), schema) == []


# All files say the same.


def test_every_image_has_the_locked_version_of_ray() -> None:
    images = {image for text in TEXTS.values() for image in re.findall(r"\bnids:ray[\w.-]+", text)}
    assert images == {f"nids:ray{_locked('ray')}-{kind}" for kind in ("cpu", "gpu")}
    assert {ray_cluster(name)["rayVersion"] for name in KUBERAY_FILES} == {_locked("ray")}


@pytest.mark.parametrize("name", ["Dockerfile", *(f"{name}.yaml" for name in LAUNCHER_FILES)])
def test_what_is_locked_is_installed(name: str) -> None:
    assert {"requirements-uv.lock", "requirements.lock", "requirements-gpu.lock"} <= set(
        re.findall(r"requirements[-\w]*\.lock", TEXTS[name])
    )


def _environment(pairs: dict[str, str]) -> dict[str, str | None]:
    return {name: pairs.get(name) for name in ENVIRONMENT}


@pytest.mark.parametrize("service", ["head", "worker", "worker-gpu"])
def test_a_container_asks_for_the_token(service: str) -> None:
    declared = parsed("compose.yaml")["services"][service]
    assert _environment(declared["environment"]) == ENVIRONMENT
    assert declared["environment"]["RAY_AUTH_TOKEN_PATH"] == f"/run/secrets/{declared['secrets'][0]}"


@pytest.mark.parametrize("name", LAUNCHER_FILES)
def test_a_machine_asks_for_the_token(name: str, tmp_path: Path) -> None:
    launcher = _launcher(name)
    writing = "; ".join(command for command in launcher["setup_commands"] if command.startswith("echo "))
    shown = subprocess.run(
        ["bash", "-c", f"{writing}; . ~/.nids-environment; env -0"],
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    exported = dict(pair.partition("=")[::2] for pair in shown.stdout.split("\0"))
    assert _environment(exported) == ENVIRONMENT
    assert exported["PATH"].startswith(f"{tmp_path}/.nids-venv/bin:")
    assert exported["NIDS_STORAGE"].endswith("/runs")
    assert launcher["file_mounts"]["~/.ray/auth_token"] == "~/.ray/auth_token"
    assert "chmod 600 ~/.ray/auth_token" in launcher["setup_commands"][0]
    for start in ("head_start_ray_commands", "worker_start_ray_commands"):
        assert launcher[start][-1].startswith(". ~/.nids-environment; ")


@pytest.mark.parametrize("name", KUBERAY_FILES)
def test_a_pod_asks_for_the_token(name: str) -> None:
    spec = ray_cluster(name)
    assert spec["authOptions"] == {"mode": "token", "secretName": "nids-token"}
    # The operator adds the mode and the token.
    expected = ENVIRONMENT | {"RAY_AUTH_MODE": None}
    for template in (spec["headGroupSpec"]["template"], spec["workerGroupSpecs"][0]["template"]):
        pairs = {variable["name"]: variable["value"] for variable in template["spec"]["containers"][0]["env"]}
        assert _environment(pairs) == expected


def test_no_file_holds_a_token() -> None:
    given = {name: re.findall(r"\bRAY_AUTH_TOKEN\b['\"]?\s*[:=]\s*(?!\"?\$\().+|(?<!@sha256:)\b[0-9a-f]{32,}\b", text)
             for name, text in TEXTS.items()}  # fmt: skip
    assert {name: found for name, found in given.items() if found} == {}


def test_the_host_of_the_containers_is_reached_from_itself_only() -> None:
    ports = {name: service.get("ports", []) for name, service in parsed("compose.yaml")["services"].items()}
    assert ports == {"head": ["127.0.0.1:8265:8265"], "worker": [], "worker-gpu": []}


@pytest.mark.parametrize("name", ["aws", "gcp"])
def test_no_machine_takes_the_clouds_open_defaults(name: str) -> None:
    network = {"aws": "SecurityGroupIds", "gcp": "networkInterfaces"}[name]
    assert all(network in group["node_config"] for group in _launcher(name)["available_node_types"].values())
    assert "0.0.0.0/0" not in TEXTS[f"{name}.yaml"]


def _start_lines(file: str) -> tuple[str, str]:
    """Return the lines that start the head and a worker, without addresses, and without what a launcher adds."""
    if file == "compose":
        services = parsed("compose.yaml")["services"]
        assert services["worker"]["command"] == services["worker-gpu"]["command"]
        lines = (services["head"]["command"], services["worker"]["command"])
    elif file in LAUNCHER_FILES:
        launcher = _launcher(file)
        lines = (launcher["head_start_ray_commands"][-1], launcher["worker_start_ray_commands"][-1])
    else:
        spec = ray_cluster(file)
        head, worker = (group["rayStartParams"] for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"]))
        # As the operator writes them.
        options = [
            " ".join(f"--{name}" if value == "true" else f"--{name}={value}" for name, value in parameters.items())
            for parameters in (head, worker)
        ]
        lines = (f"ray start --head {options[0]} --block", f"ray start --address=nids:6379 {options[1]} --block")
    for line in lines:
        # Ray's own parser refuses an option that it does not know.
        ray_command.start.make_context("start", shlex.split(line.partition("ray start ")[2]))
    return _bare(lines[0]), _bare(lines[1])


def _bare(line: str) -> str:
    line = re.sub(r" (--block|--temp-dir=\S+|--autoscaling-config=\S+)", "", line[line.index("ray start ") :])
    return re.sub(r"(?<=--dashboard-host=)[\d.]+|(?<=--address=)[^:]+", "ANY", line)


@pytest.mark.parametrize("file", ["compose", *LAUNCHER_FILES, *KUBERAY_FILES])
def test_ray_is_started_by_the_same_lines(file: str) -> None:
    of_a_local_cluster = (local.head_command(6379, 8265), local.worker_command("127.0.0.1:6379"))
    assert _start_lines(file) == tuple(_bare(" ".join(command)) for command in of_a_local_cluster)


@pytest.mark.parametrize("name", LAUNCHER_FILES)
def test_a_machines_dashboard_listens_on_loopback(name: str) -> None:
    assert "--dashboard-host=127.0.0.1 " in _launcher(name)["head_start_ray_commands"][-1]


@pytest.mark.parametrize("name", DECLARATIONS)
def test_a_placeholder_is_marked(name: str) -> None:
    lines = [line for line in TEXTS[name].splitlines() if not line.lstrip().startswith("#")]
    unmarked = [line for line in lines if "YOUR-" in line and "# CHANGE" not in line]
    assert unmarked == []
    # A launcher hands its commands on as they are: a mark inside one would be part of it.
    assert [value for value in _texts_in(parsed(name)) if "# CHANGE" in value] == []


def _texts_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return list(itertools.chain.from_iterable(_texts_in(part) for part in value.values()))
    if isinstance(value, list):
        return list(itertools.chain.from_iterable(_texts_in(part) for part in value))
    return [value] if isinstance(value, str) else []


def _commands() -> dict[str, str]:
    found = {
        f"{name}-{kind}": "\n".join(commands)
        for name in LAUNCHER_FILES
        for kind, commands in _launcher(name).items()
        if kind.endswith("_commands")
    }
    found["entrypoint"] = parsed("kuberay/rayjob.yaml")["spec"]["entrypoint"]
    found["slurm"] = TEXTS["slurm.sh"]
    found["README"] = "\n".join(re.findall(r"^```sh\n(.+?)^```", TEXTS["README.md"], re.MULTILINE | re.DOTALL))
    return found


@pytest.mark.parametrize("commands", [pytest.param(text, id=name) for name, text in _commands().items()])
def test_commands_parse(commands: str) -> None:
    checked = subprocess.run(["bash", "-n"], input=commands, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_slurm_job_serves_no_metrics() -> None:
    script = TEXTS["slurm.sh"]
    exported = {name for line in re.findall(r"^export (.+)$", script, re.MULTILINE) for name in line.split()}
    assert set(ray_metrics.OFF) <= exported
    assert {
        name: found for name in ray_metrics.OFF for found in re.findall(rf"^{name}=(\w+)", script, re.MULTILINE)
    } == (ray_metrics.OFF)


def test_ray_knows_the_options_of_a_slurm_job() -> None:
    script = TEXTS["slurm.sh"].replace("\\\n", "").replace("${SLURM_GPUS_PER_TASK:-0}", "1")
    [size] = re.findall(r"^size=\((.+)\)$", script, re.MULTILINE)
    started = re.findall(r'bash -c "\$start" start (.+) &$', script, re.MULTILINE)
    assert len(started) == 2
    [common] = re.findall(r"^start='.+ && ray start (.+) \"\$@\"'$", script, re.MULTILINE)
    for options in (f"{common} {own}" for own in started):
        line = options.replace('"${size[@]}"', size).replace("$SLURM_CPUS_PER_TASK", "16").replace("$port", "20000")
        ray_command.start.make_context("start", shlex.split(line.replace("$head", "10.0.0.1")))


@pytest.mark.parametrize("name", LAUNCHER_FILES)
@pytest.mark.parametrize("kind", ["head_start_ray_commands", "worker_start_ray_commands"])
def test_ray_keeps_its_files_where_no_other_user_enters(name: str, kind: str, tmp_path: Path) -> None:
    """The folder is made as the file makes it; what Ray makes below it is walked where a cluster runs."""
    before, _, options = _launcher(name)[kind][-1].partition("ray start ")
    assert "--temp-dir=$folder/ray" in options.split()
    _folder_is_closed(before.removeprefix(". ~/.nids-environment; ").replace("/tmp/", f"{tmp_path}/"), tmp_path)


def test_ray_keeps_its_files_where_no_other_user_enters_in_a_slurm_job(tmp_path: Path) -> None:
    [start] = re.findall(r"^start='(.+)'$", TEXTS["slurm.sh"], re.MULTILINE)
    before, _, options = start.partition("ray start ")
    assert '--temp-dir="$folder/ray"' in options.split()
    _folder_is_closed(f"umask 0; RAY_TMPDIR={tmp_path}; {before}", tmp_path)
    assert [*tmp_path.iterdir()] == []  # it is gone with its node


def _folder_is_closed(before: str, place: Path) -> None:
    """Check the folder that a shell has made before it comes to start Ray."""
    command = f'{before} stat --format="%a %u %n" "$folder"'
    shown = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True).stdout.split()
    assert shown[:2] == ["700", str(os.geteuid())]
    assert Path(shown[2]).parent == place


def test_a_search_of_a_rayjob_goes_on_where_an_earlier_attempt_stopped() -> None:
    shell, option, script = shlex.split(parsed("kuberay/rayjob.yaml")["spec"]["entrypoint"])
    assert (shell, option) == ("bash", "-c")
    resume, search = (shlex.split(command) for command in script.split(" || "))
    assert resume == ["nids", "resume", search[search.index("--name") + 1]]
    assert search[:2] == ["nids", "search"]
    assert (ROOT / "jobs" / Path(search[2]).name).is_file()


def test_the_readme_names_every_file() -> None:
    files = set(TEXTS) - {"README.md", "Dockerfile.dockerignore"}
    assert {name for name in files if f"`{name}`" not in TEXTS["README.md"]} == set()


def test_what_is_installed_is_taken_along() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    packages = {pattern.removesuffix("*") for pattern in setuptools["packages"]["find"]["include"]}
    assert packages == {"nids"}
    for name in (*packages, "dashboard", "jobs"):  # nids/dashboard and nids/jobs are links
        assert f"COPY {name} {name}\n" in TEXTS["Dockerfile"]
        assert re.search(rf"^!{name}(/.*)?$", TEXTS["Dockerfile.dockerignore"], re.MULTILINE)
        for launcher in LAUNCHER_FILES:
            assert _launcher(launcher)["file_mounts"][f"~/nids/{name}"] == name


@pytest.mark.parametrize("name", ["README.md", "kuberay/rayjob.yaml"])
def test_a_search_asks_for_nodes_that_are_not_there_yet(name: str) -> None:
    """Without a GPU node at the start, a trial that asks for a GPU would fit nowhere."""
    assert "--set resources.autoscale_to=" in TEXTS[name]
