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

from dashboard.serving.login import Visitors, providers, read
from nids.bench import synthetic_run
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
VISITORS = '[visitors]\nemails = ["*@b.org", "c@d.org"]\n'
WHOLE = SHARED + PROVIDER + VISITORS


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(WHOLE, Visitors(("*@b.org", "c@d.org")), id="one-provider"),
        pytest.param(
            f'{SHARED}client_kwargs = {{prompt = "login"}}\n[auth.a]\n{PROVIDER}[auth.b]\n{PROVIDER}{VISITORS}',
            Visitors(("*@b.org", "c@d.org")),
            id="named-providers",
        ),
        pytest.param(
            f'{SHARED}{PROVIDER}[visitors]\nemails = ["*"]\nunverified = true\n', Visitors(("*",), True), id="anybody"
        ),
    ],
)
def test_the_pages_are_told_what_the_file_says(content: str, expected: Visitors, tmp_path: Path) -> None:
    (tmp_path / "login.toml").write_text(content)
    found = read(str(tmp_path / "login.toml"))
    assert found == expected
    assert Visitors.from_arguments(found.arguments()) == expected


def test_without_a_login_nobody_is_asked_for() -> None:
    assert Visitors.from_arguments([]) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "cannot be read (No such file or directory)", id="no-file"),
        pytest.param("[auth", "this is no TOML", id="no-toml"),
        pytest.param("", "it has no section [auth]", id="empty"),
        pytest.param("auth = 1", "it has no section [auth]", id="no-section"),
        pytest.param(PROVIDER, "the file has client_id, client_secret, server_metadata_url, but", id="no-sections"),
        pytest.param(f"[auth]\n{PROVIDER}{VISITORS}", "[auth] lacks redirect_uri, cookie_secret", id="no-secret"),
        pytest.param(WHOLE.replace(SECRET, "short"), "cookie_secret in [auth] has 5 characters", id="short-secret"),
        pytest.param(WHOLE.replace("/oauth2callback", ""), "must end in /oauth2callback", id="no-callback"),
        pytest.param(WHOLE.replace('"a"', "1"), "client_id in [auth] must be a text", id="a-number"),
        pytest.param(
            WHOLE.replace('"http://c"', "1"), "server_metadata_url in [auth] must be a text", id="a-number-for-a-url"
        ),
        pytest.param(
            WHOLE.replace(f'"{SECRET}"', "12345678"),
            "cookie_secret in [auth] must be a text",
            id="a-number-for-a-secret",
        ),
        pytest.param(
            WHOLE.replace("cookie_secret", "cookie_secrt"), "[auth] has cookie_secrt, but knows", id="misspelt"
        ),
        pytest.param(WHOLE.replace("http://c", "c"), "server_metadata_url in [auth] is c", id="no-url"),
        pytest.param(WHOLE.replace("*@", ""), "emails in [visitors] has b.org, which lacks an @", id="no-address"),
        pytest.param(SHARED + VISITORS, "[auth] lacks client_id, client_secret, server_metadata_url", id="no-provider"),
        pytest.param(
            f'{SHARED}[auth.a]\nclient_id = "a"\n{VISITORS}', "[auth.a] lacks client_secret", id="half-a-provider"
        ),
        pytest.param(f"{SHARED}[auth.a_b]\n{PROVIDER}{VISITORS}", "underscore", id="underscore"),
        pytest.param(f"{SHARED}{PROVIDER}emails = []\n{VISITORS}", "[auth] has emails", id="emails-elsewhere"),
        pytest.param(SHARED + PROVIDER, "it has no section [visitors]", id="no-visitors"),
        pytest.param(f"visitors = []\n{SHARED}{PROVIDER}", "it has no section [visitors]", id="visitors-no-section"),
        pytest.param(WHOLE.replace("visitors", "visitor"), "the file has visitor, but", id="misspelt-visitors"),
        pytest.param(WHOLE.replace("emails", "email"), "[visitors] has email, but", id="misspelt-emails"),
        pytest.param(f"{SHARED}{PROVIDER}[visitors]\n", "[visitors] must have emails", id="no-emails"),
        pytest.param(f'{SHARED}{PROVIDER}[visitors]\nemails = "a@b"\n', "[visitors] must have emails", id="one-email"),
        pytest.param(f"{SHARED}{PROVIDER}[visitors]\nemails = []\n", "[visitors] must have emails", id="none"),
        pytest.param(f'{WHOLE}unverified = "no"\n', "unverified in [visitors] is 'no'", id="no-truth"),
    ],
)
def test_a_file_that_would_let_others_in_is_refused(content: str | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "login.toml").write_text(content)
    with pytest.raises(UserError) as refused:
        read(str(tmp_path / "login.toml"))
    assert str(refused.value).startswith(f"--login {tmp_path}/login.toml: ")
    assert message in str(refused.value)
    assert "12345678" not in str(refused.value)


@pytest.mark.parametrize("name", ["", "login.conf"])
def test_a_name_that_streamlit_does_not_take_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=r"must end in \.toml"):
        read(name)


def test_a_provider_stands_in_the_section_or_below_it() -> None:
    assert providers({"client_id": "a", "client_kwargs": {}, "b": {}, "c": {}}) == [None, "b", "c"]


@pytest.mark.parametrize(
    ("visitor", "visitors", "expected"),
    [
        pytest.param({}, Visitors(("*",)), False, id="nobody"),
        pytest.param({"is_logged_in": False, "email": "a@b.org"}, Visitors(("*",)), False, id="not-logged-in"),
        pytest.param({"is_logged_in": True}, Visitors(("*",)), True, id="anybody"),
        pytest.param({"email": "A@b.org", "email_verified": True}, Visitors(("a@B.org",)), True, id="named"),
        pytest.param({"email": "a@b.org", "email_verified": "true"}, Visitors(("c@b.org", "*@b.org")), True, id="any"),
        pytest.param(
            {"email": "a@b.org.evil.org", "email_verified": True}, Visitors(("*@b.org",)), False, id="another-domain"
        ),
        pytest.param({"email_verified": True}, Visitors(("*@b.org",)), False, id="without-an-address"),
        pytest.param({"email": "a@b.org", "email_verified": False}, Visitors(("*@b.org",)), False, id="unverified"),
        pytest.param({"email": "a@b.org", "email_verified": ["x"]}, Visitors(("*@b.org",)), False, id="odd"),
        pytest.param({"email": "a@b.org"}, Visitors(("*@b.org",)), False, id="nothing-said"),
        pytest.param({"email": "a@b.org"}, Visitors(("*@b.org",), True), True, id="nothing-said-but-let-in"),
    ],
)
def test_who_is_let_in(visitor: dict[str, Any], visitors: Visitors, expected: bool) -> None:
    logged_in = "email" in visitor or "email_verified" in visitor
    assert visitors.let_in({"is_logged_in": logged_in, **visitor}) is expected


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


def test_only_those_who_are_let_in_see_the_runs(tab: Page, provider: str, tmp_path: Path) -> None:
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
