"""Certificates for TLS between nodes, by the commands of ``cluster/README.md``: Ray reads them, peers check them."""

from __future__ import annotations

import os
import re
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ray._common import tls_utils
from ray.autoscaler._private.util import prepare_config, validate_config
from ray.util import get_node_ip_address

CLUSTER = Path(__file__).parents[2] / "cluster"
TEXT = (CLUSTER / "README.md").read_text(encoding="utf-8").split("\n## TLS\n")[1].split("\n## ")[0]
[MAKING] = re.findall(r"^```sh\n(.+?)^```", TEXT, re.MULTILINE | re.DOTALL)
[ADDED] = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.+?)^```", TEXT, re.MULTILINE | re.DOTALL)]

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a node that came up as the page says, on this machine."""
    home = tmp_path_factory.mktemp("home")
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    subprocess.run(["bash", "-ec", MAKING], cwd=CLUSTER.parent, env=environment, capture_output=True, check=True)
    (home / ".nids-environment").write_text(f'export PATH="{Path(sys.executable).parent}:$PATH"\n', encoding="utf-8")
    for target, source in ADDED["file_mounts"].items():
        if not source.startswith("~"):
            (home / target[2:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CLUSTER.parent / source, home / target[2:])
    [command] = ADDED["setup_commands"]
    shown = subprocess.run(
        ["bash", "-ec", f"{command}; . ~/.nids-environment; env -0"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(pair.partition("=")[::2] for pair in shown.stdout.split("\0"))


@pytest.mark.slow
def test_ray_reads_what_a_node_is_told(node: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    given = {name: value for name, value in node.items() if name.startswith("RAY_")}
    folder = Path(node["HOME"]) / ".ray" / "tls"
    assert given == {
        "RAY_USE_TLS": "1",
        "RAY_TLS_CA_CERT": f"{folder}/ca.crt",
        "RAY_TLS_SERVER_CERT": f"{folder}/node.crt",
        "RAY_TLS_SERVER_KEY": f"{folder}/node.key",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    names = ("node.crt", "node.key", "ca.crt")
    assert tls_utils.load_certs_from_env() == tuple((folder / name).read_bytes() for name in names)
    assert {path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())} == {0}


def _handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """Let a client and a server shake hands in memory; raise what either of them refuses."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(4):
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue


def _context(purpose: Any, node: dict[str, str], certificate: bool = True) -> ssl.SSLContext:
    context = ssl.create_default_context(purpose, cafile=node["RAY_TLS_CA_CERT"])
    context.verify_mode = ssl.CERT_REQUIRED  # of both, as Ray asks
    if certificate:
        context.load_cert_chain(node["RAY_TLS_SERVER_CERT"], node["RAY_TLS_SERVER_KEY"])
    return context


@pytest.mark.slow
def test_nodes_take_each_others_certificates_and_no_others(node: dict[str, str]) -> None:
    server, client = _context(ssl.Purpose.CLIENT_AUTH, node), _context(ssl.Purpose.SERVER_AUTH, node)
    for name in (get_node_ip_address(), "127.0.0.1", "localhost"):
        _handshake(server, client, name)
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        _handshake(server, client, "10.255.255.254")
    with pytest.raises(ssl.SSLError, match="PEER_DID_NOT_RETURN_A_CERTIFICATE"):
        _handshake(server, _context(ssl.Purpose.SERVER_AUTH, node, certificate=False), "127.0.0.1")


@pytest.mark.parametrize("name", ["aws", "gcp", "own-machines"])
def test_ray_up_accepts_a_file_with_what_the_page_adds(name: str) -> None:
    launcher = yaml.safe_load((CLUSTER / f"{name}.yaml").read_text(encoding="utf-8"))
    launcher["file_mounts"] |= ADDED["file_mounts"]
    launcher["setup_commands"] += ADDED["setup_commands"]
    prepared = prepare_config(launcher)
    validate_config(prepared)
    assert prepared["file_mounts"].items() >= ADDED["file_mounts"].items()
    assert prepared["setup_commands"][-len(ADDED["setup_commands"]) :] == ADDED["setup_commands"]


@pytest.mark.slow
def test_an_authority_is_not_replaced_by_accident(node: dict[str, str]) -> None:
    key = Path(node["HOME"]) / ".ray" / "tls" / "ca.key"
    before = key.read_bytes()
    again = subprocess.run(
        ["bash", CLUSTER / "tls.sh", "authority"], env=node, capture_output=True, text=True, check=False
    )
    assert (again.returncode, again.stderr) == (
        1,
        f"{key} is there: nodes have certificates from it. To make another, remove it first.\n",
    )
    assert key.read_bytes() == before
