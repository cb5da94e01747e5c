from __future__ import annotations

import os

import pytest

from nids.cluster.proxies import bypass_for_this_machine


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param("http://127.0.0.1:8265", "example.org,localhost,127.0.0.1,::1", id="this machine"),
        pytest.param("http://localhost:8265", "example.org,localhost,127.0.0.1,::1", id="by its name"),
        pytest.param("http://head:8265", "example.org", id="another"),
    ],
)
def test_this_machine_is_asked_without_a_proxy(address: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "example.org")
    for _ in range(2):
        bypass_for_this_machine(address)
    assert (os.environ["no_proxy"], os.environ["NO_PROXY"]) == (expected, expected)
