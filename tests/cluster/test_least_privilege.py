"""What pods, containers and machines of ``cluster/`` may do, and whom they may reach: no more than a search needs."""

from __future__ import annotations

import ipaddress
import itertools
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.cluster.declarations import KUBERAY_FILES, POD_TEMPLATES, parsed, pod_templates, ray_cluster

LOCKED_DOWN = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


# Pods.


@pytest.mark.parametrize("template", POD_TEMPLATES)
def test_a_pod_has_no_rights_and_no_port_of_its_node(template: dict[str, Any]) -> None:
    spec = template["spec"]
    assert spec["restartPolicy"] == "Never"
    assert spec["automountServiceAccountToken"] is False
    identity = spec["securityContext"]
    assert identity["runAsNonRoot"]
    assert (identity["runAsUser"], identity["runAsGroup"], identity["seccompProfile"]) == (
        1000,
        1000,
        {"type": "RuntimeDefault"},
    )
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    for container in spec["containers"]:
        assert container["securityContext"] == LOCKED_DOWN
        assert {"cpu", "memory"} <= set(container["resources"]["requests"]) & set(container["resources"]["limits"])
        assert not [port for port in container.get("ports", []) if "hostPort" in port]


@pytest.mark.parametrize("template", POD_TEMPLATES)
def test_a_pod_can_write_to_its_own_folders_only(template: dict[str, Any]) -> None:
    volumes = {volume["name"]: volume for volume in template["spec"]["volumes"]}
    for container in template["spec"]["containers"]:
        mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in container["volumeMounts"]}
        assert mounts == {"/tmp": {"name": "tmp", "emptyDir": {}}, "/home/nids": {"name": "home", "emptyDir": {}}}


@pytest.mark.parametrize("name", KUBERAY_FILES)
def test_only_the_autoscaler_has_a_key_to_kubernetes(name: str) -> None:
    options = ray_cluster(name)["autoscalerOptions"]
    assert options["securityContext"] == LOCKED_DOWN
    volumes = {volume["name"]: volume for volume in pod_templates(name)["head"]["spec"]["volumes"]}
    mounts = {mount["mountPath"]: (volumes[mount["name"]], mount.get("readOnly")) for mount in options["volumeMounts"]}
    assert mounts["/tmp"] == ({"name": "autoscaler-tmp", "emptyDir": {}}, None)
    # Where Kubernetes' clients look for it, and Ray's autoscaler does.
    key, read_only = mounts.pop("/var/run/secrets/kubernetes.io/serviceaccount")
    assert read_only
    [token, authority, namespace] = key["projected"]["sources"]
    assert token["serviceAccountToken"]["path"] == "token"
    assert authority["configMap"]["items"] == [{"key": "ca.crt", "path": "ca.crt"}]
    assert namespace["downwardAPI"]["items"][0]["path"] == "namespace"
    assert len(mounts) == 1


# The network, as Kubernetes defines policies: what none of those that select a pod allows is refused, per direction.


POLICIES = [policy["spec"] for policy in parsed("kuberay/network-policy.yaml")["items"]]


@dataclass(frozen=True)
class Peer:
    labels: dict[str, str] = field(default_factory=dict)
    namespace: str = "ours"
    address: str = "10.0.0.1"


def _selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    assert set(selector) <= {"matchLabels", "matchExpressions"}
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        rule["operator"] == "In" and labels.get(rule["key"]) in rule["values"]
        for rule in selector.get("matchExpressions", [])
    )


def _is_named(described: dict[str, Any], peer: Peer) -> bool:
    assert set(described) <= {"podSelector", "namespaceSelector", "ipBlock"}
    if "ipBlock" in described:
        assert set(described["ipBlock"]) == {"cidr"}
        return ipaddress.ip_address(peer.address) in ipaddress.ip_network(described["ipBlock"]["cidr"])
    if "namespaceSelector" in described:
        in_namespace = _selects(described["namespaceSelector"], {"kubernetes.io/metadata.name": peer.namespace})
    else:
        in_namespace = peer.namespace == "ours"
    return in_namespace and _selects(described.get("podSelector", {}), peer.labels)


def _admitted(pod: Peer, direction: str, peer: Peer, port: int, protocol: str) -> bool:
    of_pod = [it for it in POLICIES if pod.namespace == "ours" and _selects(it["podSelector"], pod.labels)]
    if not any(direction.title() in it["policyTypes"] for it in of_pod):
        return True
    peers = {"ingress": "from", "egress": "to"}[direction]
    return any(
        (peers not in rule or any(_is_named(described, peer) for described in rule[peers]))
        and ("ports" not in rule or {"protocol": protocol, "port": port} in rule["ports"])
        for rule in itertools.chain.from_iterable(it.get(direction, []) for it in of_pod)
    )


def _reaches(source: Peer, target: Peer, port: int, protocol: str = "TCP") -> bool:
    return _admitted(source, "egress", target, port, protocol) and _admitted(target, "ingress", source, port, protocol)


def _pods(name: str) -> dict[str, Peer]:
    """Return a file's pods with their labels: those of the file, and those that the operator adds."""
    return {
        pod: Peer(
            template["metadata"]["labels"]
            | ({} if pod == "submitter" else {"ray.io/node-type": pod, "ray.io/is-ray-node": "yes"})
        )
        for pod, template in pod_templates(name).items()
    }


STAYING, OF_A_JOB = _pods("raycluster"), _pods("rayjob")
OPERATOR = {"app.kubernetes.io/name": "kuberay-operator"}
STRANGER = Peer({"app.kubernetes.io/name": "other"})
INTERNET = Peer(namespace="", address="93.184.216.34")
METADATA = Peer(namespace="", address="169.254.169.254")
DNS = Peer({"k8s-app": "kube-dns"}, "kube-system")
OWN_CACHE = Peer(namespace="", address="169.254.20.10")
KUBERNETES = Peer(namespace="", address="172.16.0.1")


@pytest.mark.parametrize("pods", [pytest.param(STAYING, id="raycluster"), pytest.param(OF_A_JOB, id="rayjob")])
def test_pods_reach_their_own_cluster_and_what_a_search_needs(pods: dict[str, Peer]) -> None:
    head, worker = pods["head"], pods["worker"]
    # Ray's processes take any ports; a worker finds the head by its name.
    assert all(
        _reaches(source, target, port)
        for source, target in itertools.permutations((head, worker))
        for port in (6379, 10002, 41234)
    )
    for pod in pods.values():
        assert _reaches(pod, head, 8265)
        assert all(_reaches(pod, DNS, 53, protocol) for protocol in ("UDP", "TCP"))
        assert _reaches(pod, OWN_CACHE, 53, "UDP")
        assert _reaches(pod, INTERNET, 443)
    assert all(_reaches(head, KUBERNETES, port) for port in (443, 6443))
    assert _reaches(Peer(OPERATOR, "kuberay"), head, 8265)


@pytest.mark.parametrize(
    ("pods", "others"), [pytest.param(STAYING, OF_A_JOB, id="raycluster"), pytest.param(OF_A_JOB, STAYING, id="rayjob")]
)
def test_nobody_else_reaches_a_pod(pods: dict[str, Peer], others: dict[str, Peer]) -> None:
    strangers = [STRANGER, Peer(namespace="theirs"), Peer(pods["head"].labels, "theirs"), INTERNET, *others.values()]
    operator, imposter = Peer(OPERATOR, "kuberay"), Peer(OPERATOR, "theirs")
    for pod, port in itertools.product(pods.values(), (6379, 8265, 10001, 10002, 52365, 8080)):
        assert [it for it in [*strangers, imposter, Peer(OPERATOR)] if _admitted(pod, "ingress", it, port, "TCP")] == []
        if (pod, port) != (pods["head"], 8265):
            assert not _admitted(pod, "ingress", operator, port, "TCP")


@pytest.mark.parametrize("pods", [pytest.param(STAYING, id="raycluster"), pytest.param(OF_A_JOB, id="rayjob")])
def test_a_pod_reaches_nobody_else(pods: dict[str, Peer]) -> None:
    for (name, pod), peer in itertools.product(pods.items(), (STRANGER, INTERNET, METADATA, KUBERNETES, DNS)):
        reached = {
            port for port in (22, 80, 443, 6379, 6443, 8265, 9000, 10250) if _admitted(pod, "egress", peer, port, "TCP")
        }
        assert reached == ({443, 6443} if name == "head" else {443})


# Containers of one host.


@pytest.mark.parametrize("service", ["head", "worker", "worker-gpu"])
def test_a_container_has_no_rights_and_a_read_only_root(service: str) -> None:
    declared = parsed("compose.yaml")["services"][service]
    assert (declared["read_only"], declared["cap_drop"]) == (True, ["ALL"])
    assert declared["security_opt"] == ["no-new-privileges:true"]
    assert [mount.split(":")[0] for mount in declared["tmpfs"]] == ["/tmp", "/home/nids"]
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc", "devices"} & set(declared)


# Machines of a cloud.


@pytest.mark.parametrize("group", ["head", "gpu-worker"])
def test_a_machine_of_aws_encrypts_its_disks_and_gives_no_keys_to_a_plain_request(group: str) -> None:
    machine = parsed("aws.yaml")["available_node_types"][group]["node_config"]
    assert machine["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}
    assert [disk["Ebs"]["Encrypted"] for disk in machine["BlockDeviceMappings"]] == [True]


@pytest.mark.parametrize(("group", "secure_boot"), [("head", True), ("gpu-worker", False)])
def test_a_machine_of_google_cloud_is_shielded(group: str, secure_boot: bool) -> None:
    machine = parsed("gcp.yaml")["available_node_types"][group]["node_config"]
    assert machine["shieldedInstanceConfig"] == {
        "enableSecureBoot": secure_boot,
        "enableVtpm": True,
        "enableIntegrityMonitoring": True,
    }
