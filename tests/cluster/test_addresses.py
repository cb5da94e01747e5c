from __future__ import annotations

import re
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from nids.cluster import addresses, auth
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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
