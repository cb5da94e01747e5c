from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nids.cluster import addresses, auth
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user with a token, and without other settings of Ray."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (auth.MODE, auth.TOKEN_PATH, "RAY_USE_TLS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(auth.TOKEN, "a-token")


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("http://127.0.0.1:8265", "http://127.0.0.1:8265"),
        ("http://127.1.2.3:8265/", "http://127.1.2.3:8265"),
        ("http://localhost:8265", "http://localhost:8265"),
        ("http://[::1]:8265", "http://[::1]:8265"),
        ("localhost:8265", "http://localhost:8265"),
        ("https://ray.example.org", "https://ray.example.org"),
        ("https://192.0.2.7:8443/", "https://192.0.2.7:8443"),
    ],
)
def test_the_token_goes_to_this_machine_and_by_https(address: str, url: str) -> None:
    assert addresses.of_dashboard(address, plain_http=False) == url


@pytest.mark.parametrize(
    "address",
    [
        "http://head:8265",
        "http://192.0.2.7:8265",
        "head:8265",
        "http://localhost.example.org:8265",
        "http://127.0.0.1.example.org",
        "http://[2001:db8::1]:8265",
        "http://0.0.0.0:8265",
    ],
)
def test_the_token_goes_by_http_to_no_other_machine_unasked(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError) as caught:
        addresses.of_dashboard(address, plain_http=False)
    assert str(caught.value).startswith(f"{address} is another machine, and HTTP would show the token to whoever")
    for cure in ("ssh -N -L 8265:127.0.0.1:", "kubectl port-forward", "https://", "--plain-http"):
        assert cure in str(caught.value)
    url = address if "://" in address else f"http://{address}"
    assert addresses.of_dashboard(address, plain_http=True) == url
    monkeypatch.setenv(auth.MODE, "disabled")  # there is none to be sent
    assert addresses.of_dashboard(address, plain_http=False) == url


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1@example.org:8265",
        "http://example.org\\@127.0.0.1:8265",
        "http://127.0.0.1:8265#example.org",
        "http://127.0.0.1:80:90",
        "http://127.0.0.1:99999",
        "https://ray.example.org:0",
        pytest.param(f"http://127.0.0.1:{'9' * 5000}", id="a port of 5,000 digits"),
        "http://127.0.0.1:\u0668\u0662\u0666\u0665",
        "http://[1:2]:8265",
        "http://",
        "ftp://127.0.0.1",
        "ray://127.0.0.1:10001",
        "os://127.0.0.1",
        "head\n:8265",
    ],
)
@pytest.mark.parametrize("plain_http", [False, True])
def test_what_is_no_address_of_a_dashboard_is_refused(address: str, plain_http: bool) -> None:
    with pytest.raises(UserError, match="jobs are submitted to a URL such as http"):
        addresses.of_dashboard(address, plain_http=plain_http)


@pytest.fixture
def raylet(tmp_path: Path) -> Iterator[str]:
    """The address of the head of a node on this machine, of which only the process's name and arguments are real."""
    (tmp_path / "raylet").symlink_to(sys.executable)
    address = f"{socket.gethostname()}:6379"
    command = [str(tmp_path / "raylet"), "-c", "input()", f"--gcs-address={address}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        yield address
        process.communicate(b"\n")


def test_a_driver_sends_its_token_where_a_node_of_this_machine_has_sent_it(
    raylet: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(auth.MODE, "token")
    monkeypatch.setattr(addresses, "PATIENCE_SECONDS", 0.0)
    assert addresses.of_head(raylet) == raylet
    of_it = f"{socket.gethostbyname(socket.gethostname())}:6379"
    assert addresses.of_head(of_it) == of_it
    for other in (raylet.replace(":6379", ":6380"), "192.0.2.77:6379"):
        with pytest.raises(UserError, match=re.escape(f"no node of the Ray cluster at {other}, which --address")):
            addresses.of_head(other)


@pytest.mark.parametrize(
    ("address", "name", "value"),
    [
        pytest.param("127.0.0.1:6379", auth.MODE, "token", id="this machine"),
        pytest.param("[::1]:6379", auth.MODE, "token", id="this machine, IPv6"),
        pytest.param("192.0.2.77:6379", auth.MODE, "disabled", id="no token"),
        pytest.param("192.0.2.77:6379", "RAY_USE_TLS", "1", id="encrypted"),
    ],
)
def test_a_driver_goes_where_nobody_listens_in(
    address: str, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(auth.MODE, "token")
    monkeypatch.setenv(name, value)
    assert addresses.of_head(address) == address


@pytest.mark.parametrize(
    ("heads", "found"),
    [
        pytest.param(["192.0.2.7:6379", "192.0.2.7:6379"], "192.0.2.7:6379", id="two nodes of one cluster"),
        pytest.param([], "no Ray cluster", id="none"),
        pytest.param(["a:1", "b:2"], "2 Ray clusters (a:1, b:2)", id="two"),
    ],
)
def test_auto_is_the_one_cluster_of_this_user(heads: list[str], found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_heads_of_own_nodes", lambda: iter(heads))
    if found in heads:
        assert addresses.of_head("auto") == found
        return
    with pytest.raises(UserError) as caught:
        addresses.of_head("auto")
    assert str(caught.value) == (
        f"--address auto: you have nodes of {found} on this machine. Give the address of one, HOST:PORT."
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_node_of_another_user_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who calls a process of theirs a node of Ray would otherwise be sent the token."""
    monkeypatch.setenv(auth.MODE, "token")
    monkeypatch.setattr(addresses, "PATIENCE_SECONDS", 0.0)
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "raylet").symlink_to("/bin/sh")
        command = [f"{folder}/raylet", "-c", "read line", "--gcs-address=192.0.2.66:6379"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, user=65534, group=65534, extra_groups=[]) as process:
            assert "192.0.2.66:6379" not in {*addresses._heads_of_own_nodes()}
            with pytest.raises(UserError, match=r"no node of the Ray cluster at 192\.0\.2\.66:6379"):
                addresses.of_head("192.0.2.66:6379")
            process.communicate(b"\n")


@pytest.fixture
def port_of_another_user() -> Iterator[int]:
    """A port where another user listens, as anybody can where nobody does."""
    os.seteuid(65534)
    try:
        listener = socket.socket()
    finally:
        os.seteuid(0)
    with listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="only root can become another user")
@pytest.mark.parametrize("kind", ["dashboard", "head"])
def test_the_users_own_token_goes_to_no_other_user(
    kind: str, port_of_another_user: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def use(host: str) -> str:
        address = f"{host}:{port_of_another_user}"
        return addresses.of_head(address) if kind == "head" else addresses.of_dashboard(f"http://{address}", False)

    monkeypatch.setenv(auth.MODE, "token")
    assert use("127.0.0.1").endswith(f"127.0.0.1:{port_of_another_user}")  # the user names a token for it
    monkeypatch.delenv(auth.TOKEN)
    assert use("localhost").endswith(f"localhost:{port_of_another_user}")  # there is none to be sent
    auth.default_path().parent.mkdir()
    auth.default_path().write_text("the-users")
    for host in ("127.0.0.1", "localhost"):
        with pytest.raises(UserError) as caught:
            use(host)
        assert str(caught.value) == (
            f"{'http://' * (kind == 'dashboard')}{host}:{port_of_another_user}: user 65534 of this machine listens "
            "there, so your token is not sent: who has it runs code on your clusters. If that is the cluster, name its "
            f"token in RAY_AUTH_TOKEN_PATH, which is {auth.default_path()} for your own; otherwise name another "
            "address with --address."
        )
    assert use("127.0.0.2").endswith(f"127.0.0.2:{port_of_another_user}")  # nobody listens there
