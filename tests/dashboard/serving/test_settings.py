from __future__ import annotations

from typing import TYPE_CHECKING

from nids.dashboard.serving import settings

if TYPE_CHECKING:
    import pytest


def test_storage_is_that_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(settings.STORAGE, "s3://bucket/runs")
    assert settings.storage() == "s3://bucket/runs"
    monkeypatch.delenv(settings.STORAGE)
    assert settings.storage() == "runs"


def test_access_is_none_without_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(settings.ACCESS, raising=False)
    assert settings.access() is None
