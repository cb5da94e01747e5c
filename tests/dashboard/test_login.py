from __future__ import annotations

import re
import secrets
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from dashboard.login import check, is_let_in, providers
from nids.bench import large_run
from nids.bench.dashboard import served
from nids.errors import UserError
from nids.storage import Folder
from tests.dashboard.conftest import faults_of, open_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

SECRET = secrets.token_hex(32)
PROVIDER = 'client_id = "a"\nclient_secret = "b"\nserver_metadata_url = "http://c"\n'
SHARED = f'[auth]\nredirect_uri = "http://d/oauth2callback"\ncookie_secret = "{SECRET}"\n'
WHOLE = SHARED + PROVIDER


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(WHOLE, id="one-provider"),
        pytest.param(f"{SHARED}[auth.a]\n{PROVIDER}[auth.b]\n{PROVIDER}", id="named-providers"),
        pytest.param(f'{WHOLE}[visitors]\nemails = ["*@example.org"]\n', id="visitors"),
    ],
)
def test_a_file_that_says_all_is_taken(content: str, tmp_path: Path) -> None:
    (tmp_path / "login.toml").write_text(content)
    check(str(tmp_path / "login.toml"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "cannot be read (No such file or directory)", id="no-file"),
        pytest.param("[auth", "this is no TOML", id="no-toml"),
        pytest.param("", "it has no section [auth]", id="empty"),
        pytest.param(PROVIDER, "it has no section [auth]", id="outside-of-a-section"),
        pytest.param(f"[auth]\n{PROVIDER}", "[auth] lacks redirect_uri, cookie_secret", id="no-secret"),
        pytest.param(WHOLE.replace(SECRET, "short"), "cookie_secret in [auth] has 5 characters", id="short-secret"),
        pytest.param(SHARED, "[auth] lacks client_id, client_secret, server_metadata_url", id="no-provider"),
        pytest.param(f'{SHARED}[auth.a]\nclient_id = "a"\n', "[auth.a] lacks client_secret", id="half-a-provider"),
        pytest.param(f"{SHARED}[auth.a_b]\n{PROVIDER}", "underscore", id="underscore"),
        pytest.param(f"{WHOLE}[visitors]\nemail = 1\n", "[visitors] must have emails", id="misspelt-emails"),
        pytest.param(f'{WHOLE}[visitors]\nemails = "a@b"\n', "[visitors] must have emails", id="one-email"),
        pytest.param(f"visitors = 1\n{WHOLE}", "[visitors] must have emails", id="no-visitors"),
    ],
)
def test_a_file_that_would_let_everybody_in_is_refused(content: str | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "login.toml").write_text(content)
    with pytest.raises(UserError) as refused:
        check(str(tmp_path / "login.toml"))
    assert str(refused.value).startswith(f"--login {tmp_path}/login.toml: ")
    assert message in str(refused.value)


def test_a_provider_stands_in_the_section_or_below_it() -> None:
    assert providers({"client_id": "a", "client_kwargs": {}, "b": {}, "c": {}}) == [None, "b", "c"]


@pytest.mark.parametrize(
    ("visitor", "emails", "expected"),
    [
        pytest.param({}, None, False, id="nobody"),
        pytest.param({"is_logged_in": False, "email": "a@b.org"}, ["*"], False, id="not-logged-in"),
        pytest.param({"is_logged_in": True}, None, True, id="anybody"),
        pytest.param({"is_logged_in": True, "email": "A@b.org"}, ["a@B.org"], True, id="named"),
        pytest.param({"is_logged_in": True, "email": "a@b.org"}, ["c@b.org", "*@b.org"], True, id="pattern"),
        pytest.param({"is_logged_in": True, "email": "a@b.org.evil.org"}, ["*@b.org"], False, id="another-domain"),
        pytest.param({"is_logged_in": True}, ["*@b.org"], False, id="without-an-address"),
        pytest.param(
            {"is_logged_in": True, "email": "a@b.org", "email_verified": False}, ["*@b.org"], False, id="unverified"
        ),
    ],
)
def test_who_is_let_in(visitor: dict[str, Any], emails: list[str] | None, expected: bool) -> None:
    assert is_let_in(visitor, emails) is expected


@pytest.fixture
def provider() -> Iterator[str]:
    """The address of a real OpenID Connect provider, at which any name is an account, and its e-mail address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    for name in ("guest", "stranger"):
        command += ["--user-claims", f'{{"sub": "{name}", "email": "{name}@example.org"}}']
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


def test_only_those_who_are_let_in_see_the_runs(tab: Page, provider: str, tmp_path: Path) -> None:
    large_run.write(Folder.at(str(tmp_path / "runs")).folder("secret-run"), 10)
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
            expect(tab.get_by_text("The runs here are shown to those who log in.")).to_be_visible()
            assert "secret-run" not in tab.locator("body").inner_text()
        for name in ("stranger", "guest"):
            tab.get_by_role("button", name="Log in").click()
            tab.get_by_role("button", name=name).click()
            if name == "stranger":
                expect(tab.get_by_text("This account is not among those that are let in here.")).to_be_visible()
                assert "secret-run" not in tab.locator("body").inner_text()
                tab.get_by_role("button", name="Log out").click()
                tab.get_by_role("button", name="End session").click()
                expect(tab.get_by_role("button", name="Log in")).to_be_visible()
        expect(tab.get_by_text("Logged in as guest@example.org.")).to_be_visible()
        open_page(tab, f"{address}/overview?run=secret-run")
        expect(tab.locator("h3").get_by_text("secret-run")).to_be_visible()
        # What was still being fetched when the page was left for the provider's is no fault.
        assert [fault for fault in faults if address in fault and not fault.startswith("cannot reach")] == []
