from __future__ import annotations

import re
import secrets
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from nids.bench import synthetic_run
from nids.bench.dashboard import served
from nids.storage import Folder
from tests.dashboard.conftest import faults_of, open_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

SECRET = secrets.token_hex(32)


@pytest.fixture
def provider() -> Iterator[str]:
    """The address of a real OpenID Connect provider, at which any name is an account, and its e-mail address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    for name in ("guest", "stranger"):
        command += ["--user-claims", f'{{"sub": "{name}", "email": "{name}@example.org", "email_verified": true}}']
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as started:
        try:
            for _ in range(300):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert started.poll() is None
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            started.terminate()


def test_is_open_to_those_who_are_let_in(tab: Page, provider: str, tmp_path: Path) -> None:
    synthetic_run.write(Folder.from_uri(str(tmp_path / "runs")).folder("secret-run"), 10)
    file = tmp_path / "login.toml"
    file.write_text(
        f'[auth]\nredirect_uri = "http://127.0.0.1:{{port}}/oauth2callback"\ncookie_secret = "{SECRET}"\n'
        f'client_id = "nids"\nclient_secret = "any"\n'
        f'server_metadata_url = "{provider}/.well-known/openid-configuration"\n'
        '[visitors]\nemails = ["guest@*"]\n'
    )
    with served(str(tmp_path / "runs"), "--login", str(file)) as (address, _):
        tab.route(re.compile("^https:"), lambda route: route.abort())  # the provider's own pages ask for a style sheet
        faults = faults_of(tab)
        for page in ("", "overview?run=secret-run"):
            open_page(tab, f"{address}/{page}")
            expect(tab.get_by_text("Log in to see the runs.")).to_be_visible()
            assert "secret-run" not in tab.locator("body").inner_text()
        for name in ("stranger", "guest"):
            tab.get_by_role("button", name="Log in").click()
            tab.get_by_role("button", name=name).click()
            if name == "stranger":
                expect(tab.get_by_text("This account has no access.")).to_be_visible()
                assert "secret-run" not in tab.locator("body").inner_text()
                tab.get_by_role("button", name="Log out").click()
                tab.get_by_role("button", name="End session").click()
                expect(tab.get_by_role("button", name="Log in")).to_be_visible()
        expect(tab.get_by_text("Logged in as guest@example.org.")).to_be_visible()
        open_page(tab, f"{address}/overview?run=secret-run")
        expect(tab.locator("h3").get_by_text("secret-run")).to_be_visible()
        # What was still being fetched when the page was left for the provider's is no fault.
        assert [fault for fault in faults if address in fault and not fault.startswith("cannot reach")] == []
