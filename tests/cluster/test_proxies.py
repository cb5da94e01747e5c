from __future__ import annotations

import os
import urllib.request

import pytest

from nids.cluster.proxies import bypass_for_this_machine

VARIABLES = ("no_proxy", "NO_PROXY")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param("http://127.0.0.1:8265", "example.org,localhost,127.0.0.1,::1", id="this machine"),
        pytest.param("http://localhost:8265", "example.org,localhost,127.0.0.1,::1", id="by its name"),
        pytest.param("http://head:8265", "example.org", id="another"),
    ],
)
def test_this_machine_is_asked_without_a_proxy(address: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "example.org")
    for _ in range(2):
        bypass_for_this_machine(address)
    assert [os.environ[name] for name in VARIABLES] == [expected, expected]


@pytest.mark.parametrize("named", VARIABLES)
def test_hosts_that_one_variable_names_stay_without_a_proxy(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(named, "minio.internal")
    bypass_for_this_machine()
    assert [os.environ[name] for name in VARIABLES] == ["minio.internal,localhost,127.0.0.1,::1"] * 2
    assert urllib.request.proxy_bypass("minio.internal")  # type: ignore[attr-defined]


def test_no_proxy_for_any_host_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("NO_PROXY", raising=False)
    bypass_for_this_machine()
    assert os.environ["no_proxy"] == "*"
    assert "NO_PROXY" not in os.environ
