from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest

from nids.dashboard.serving.login_file import Access, LoginFile, Visitors
from nids.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

SECRET = secrets.token_hex(32)
PROVIDER = 'client_id = "a"\nclient_secret = "b"\nserver_metadata_url = "http://c"\n'
SHARED = f'[auth]\nredirect_uri = "http://d/oauth2callback"\ncookie_secret = "{SECRET}"\n'
VISITORS = '[visitors]\nemails = ["*@b.org", "c@d.org"]\n'
WHOLE = SHARED + PROVIDER + VISITORS


def visitors(*emails: str, unverified: bool = False) -> Visitors:
    return Visitors(emails=list(emails), unverified=unverified)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(WHOLE, Access(visitors=visitors("*@b.org", "c@d.org"), providers=[""]), id="one-provider"),
        pytest.param(
            f'{SHARED}client_kwargs = {{prompt = "login"}}\n[auth.a]\n{PROVIDER}[auth.b]\n{PROVIDER}{VISITORS}',
            Access(visitors=visitors("*@b.org", "c@d.org"), providers=["a", "b"]),
            id="named-providers",
        ),
        pytest.param(
            f"{SHARED}{PROVIDER}[auth.a]\n{PROVIDER}{VISITORS}",
            Access(visitors=visitors("*@b.org", "c@d.org"), providers=["", "a"]),
            id="one-in-the-section-and-one-below",
        ),
        pytest.param(
            f'{SHARED}{PROVIDER}[visitors]\nemails = ["*"]\nunverified = true\n',
            Access(visitors=visitors("*", unverified=True), providers=[""]),
            id="anybody",
        ),
    ],
)
def test_access_survives_the_way_to_the_pages(content: str, expected: Access, tmp_path: Path) -> None:
    (tmp_path / "login.toml").write_text(content)
    access = LoginFile.read(str(tmp_path / "login.toml")).access
    assert access == expected
    text = access.model_dump_json()
    assert SECRET not in text
    assert Access.model_validate_json(text) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "cannot be read (No such file or directory)", id="no-file"),
        pytest.param("[auth", "not valid TOML", id="no-toml"),
        pytest.param("", "the file lacks the section [auth]", id="empty"),
        pytest.param("auth = 1", "auth must be a section, [auth]", id="no-section"),
        pytest.param(PROVIDER, "the file has an unknown key: client_id", id="no-sections"),
        pytest.param(f"[auth]\n{PROVIDER}{VISITORS}", "[auth] lacks redirect_uri", id="no-secret"),
        pytest.param(WHOLE.replace(SECRET, "short"), "cookie_secret in [auth] has 5 characters", id="short-secret"),
        pytest.param(WHOLE.replace("/oauth2callback", ""), "must end in /oauth2callback", id="no-callback"),
        pytest.param(WHOLE.replace('"a"', "1"), "client_id in [auth] must be text in quotes", id="a-number"),
        pytest.param(
            WHOLE.replace('"http://c"', "1"),
            "server_metadata_url in [auth] must be text in quotes",
            id="a-number-for-a-url",
        ),
        pytest.param(
            WHOLE.replace(f'"{SECRET}"', "12345678"),
            "cookie_secret in [auth] must be text in quotes",
            id="a-number-for-a-secret",
        ),
        pytest.param(
            WHOLE.replace("cookie_secret", "cookie_secrt"),
            "[auth] has an unknown key: cookie_secrt (did you mean cookie_secret?)",
            id="misspelt",
        ),
        pytest.param(WHOLE.replace("http://c", "c"), "server_metadata_url in [auth] is c", id="no-url"),
        pytest.param(WHOLE.replace("*@", ""), "emails in [visitors] has b.org, which has no @", id="no-address"),
        pytest.param(SHARED + VISITORS, "[auth] lacks client_id", id="no-provider"),
        pytest.param(
            f'{SHARED}[auth.a]\nclient_id = "a"\n{VISITORS}', "[auth.a] lacks client_secret", id="half-a-provider"
        ),
        pytest.param(f"{SHARED}[auth.a_b]\n{PROVIDER}{VISITORS}", "underscore", id="underscore"),
        pytest.param(
            f"{SHARED}{PROVIDER}emails = []\n{VISITORS}", "[auth] has an unknown key: emails", id="emails-elsewhere"
        ),
        pytest.param(SHARED + PROVIDER, "the file lacks the section [visitors]", id="no-visitors"),
        pytest.param(
            f"visitors = []\n{SHARED}{PROVIDER}", "visitors must be a section, [visitors]", id="visitors-no-section"
        ),
        pytest.param(
            WHOLE.replace("visitors", "visitor"),
            "the file has an unknown key: visitor (did you mean visitors?)",
            id="misspelt-visitors",
        ),
        pytest.param(
            WHOLE.replace("emails", "email"),
            "[visitors] has an unknown key: email (did you mean emails?)",
            id="misspelt-emails",
        ),
        pytest.param(f"{SHARED}{PROVIDER}[visitors]\n", "[visitors] lacks emails", id="no-emails"),
        pytest.param(
            f'{SHARED}{PROVIDER}[visitors]\nemails = "a@b"\n',
            "emails in [visitors] must be a list of patterns",
            id="one-email",
        ),
        pytest.param(
            f"{SHARED}{PROVIDER}[visitors]\nemails = []\n", "emails in [visitors] must be a list of patterns", id="none"
        ),
        pytest.param(f'{WHOLE}unverified = "no"\n', "unverified in [visitors] must be true or false", id="no-truth"),
    ],
)
def test_read_refuses_what_might_let_others_in(content: str | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "login.toml").write_text(content)
    with pytest.raises(UserError) as refused:
        LoginFile.read(str(tmp_path / "login.toml"))
    assert str(refused.value).startswith(f"--login {tmp_path}/login.toml:")
    assert message in str(refused.value)
    assert "12345678" not in str(refused.value)


@pytest.mark.parametrize("name", ["", "login.conf"])
def test_read_refuses_a_name_that_streamlit_does_not_take(name: str) -> None:
    with pytest.raises(UserError, match=r"must end in \.toml"):
        LoginFile.read(name)


@pytest.mark.parametrize(
    ("visitor", "allowed", "expected"),
    [
        pytest.param({}, visitors("*"), False, id="nobody"),
        pytest.param({"is_logged_in": False, "email": "a@b.org"}, visitors("*"), False, id="not-logged-in"),
        pytest.param({"is_logged_in": True}, visitors("*"), True, id="anybody"),
        pytest.param({"email": "A@b.org", "email_verified": True}, visitors("a@B.org"), True, id="named"),
        pytest.param({"email": "a@b.org", "email_verified": "true"}, visitors("c@b.org", "*@b.org"), True, id="any"),
        pytest.param(
            {"email": "a@b.org.evil.org", "email_verified": True}, visitors("*@b.org"), False, id="another-domain"
        ),
        pytest.param({"email_verified": True}, visitors("*@b.org"), False, id="without-an-address"),
        pytest.param({"email": "a@b.org", "email_verified": False}, visitors("*@b.org"), False, id="unverified"),
        pytest.param({"email": "a@b.org", "email_verified": ["x"]}, visitors("*@b.org"), False, id="odd"),
        pytest.param({"email": "a@b.org"}, visitors("*@b.org"), False, id="nothing-said"),
        pytest.param({"email": "a@b.org"}, visitors("*@b.org", unverified=True), True, id="nothing-said-but-let-in"),
    ],
)
def test_let_in(visitor: dict[str, Any], allowed: Visitors, expected: bool) -> None:
    logged_in = "email" in visitor or "email_verified" in visitor
    assert allowed.let_in({"is_logged_in": logged_in, **visitor}) is expected
