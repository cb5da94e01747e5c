"""The files of ``cluster/``, parsed, and the pods that those for KubeRay declare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

CLUSTER = Path(__file__).parents[2] / "cluster"
KUBERAY_FILES = ("raycluster", "rayjob")


def parsed(name: str) -> dict[str, Any]:
    """Return what a file of ``cluster/`` declares."""
    declared: dict[str, Any] = yaml.safe_load((CLUSTER / name).read_text(encoding="utf-8"))
    return declared


def ray_cluster(name: str) -> dict[str, Any]:
    """Return the specification of the Ray cluster in a KubeRay file."""
    spec: dict[str, Any] = parsed(f"kuberay/{name}.yaml")["spec"]
    return spec if name == "raycluster" else spec["rayClusterSpec"]


def pod_templates(name: str) -> dict[str, dict[str, Any]]:
    """Return the template of each pod of a KubeRay file: head, worker and, for a job, the one that submits it."""
    spec = ray_cluster(name)
    [workers] = spec["workerGroupSpecs"]
    templates = {"head": spec["headGroupSpec"]["template"], "worker": workers["template"]}
    if name == "rayjob":
        templates["submitter"] = parsed("kuberay/rayjob.yaml")["spec"]["submitterPodTemplate"]
    return templates


POD_TEMPLATES = [
    pytest.param(template, id=f"{name}-{pod}")
    for name in KUBERAY_FILES
    for pod, template in pod_templates(name).items()
]
