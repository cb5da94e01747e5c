"""Who may see the runs: with ``--login FILE``, those who log in by OpenID Connect and whom the file lets in.

The file is Streamlit's secrets.toml: ``[auth]`` with ``redirect_uri`` and ``cookie_secret``, and, there or in a section
``[auth.NAME]`` for each provider, ``client_id``, ``client_secret`` and ``server_metadata_url``. Beside it,
``[visitors]`` with ``emails``, patterns such as ``"*@example.org"``; without it, whoever has an account there may.
"""

from __future__ import annotations

import sys
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.errors import StreamlitAuthError

from dashboard.markdown import plain
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

# What the server's arguments say if there is a login. Without a word of it, a file that cannot be read would open all.
WANTED = "--login"
OF_ALL = ("redirect_uri", "cookie_secret")
OF_EACH = ("client_id", "client_secret", "server_metadata_url")
SHORTEST_SECRET = 32


def check(file: str) -> None:
    """Raise a UserError unless a file has what a login needs, so that no server starts that lets everybody in."""
    try:
        content = tomllib.loads(Path(file).read_text())
    except OSError as error:
        raise UserError(f"{WANTED} {file}: cannot be read ({error.strerror}).") from None
    except ValueError as error:
        raise UserError(f"{WANTED} {file}: this is no TOML ({error}).") from None
    auth = content.get("auth")
    if not isinstance(auth, dict):
        raise UserError(f"{WANTED} {file}: it has no section [auth]; dashboard/README.md shows one.")
    _check_keys(file, "auth", auth, OF_ALL)
    if len(str(auth["cookie_secret"])) < SHORTEST_SECRET:
        raise UserError(
            f"{WANTED} {file}: cookie_secret in [auth] has {len(str(auth['cookie_secret']))} characters, which can be "
            f"guessed; take {SHORTEST_SECRET} or more by chance, such as `openssl rand -hex 32` prints."
        )
    for name in providers(auth) or [None]:
        if name and "_" in name:
            raise UserError(f"{WANTED} {file}: [auth.{name}] has an underscore in its name, which Streamlit refuses.")
        _check_keys(file, f"auth.{name}" if name else "auth", auth[name] if name else auth, OF_EACH)
    visitors = content.get("visitors", {})
    emails = visitors.get("emails") if isinstance(visitors, dict) else None
    if visitors and not (isinstance(emails, list) and emails and all(isinstance(one, str) for one in emails)):
        raise UserError(f'{WANTED} {file}: [visitors] must have emails = ["NAME@example.org", …], patterns allowed.')


def _check_keys(file: str, section: str, entries: Mapping[str, Any], keys: tuple[str, ...]) -> None:
    if lacking := [key for key in keys if not entries.get(key)]:
        raise UserError(f"{WANTED} {file}: [{section}] lacks {', '.join(lacking)}; dashboard/README.md shows it.")


def providers(auth: Mapping[str, Any]) -> list[str | None]:
    """Return the providers that ``[auth]`` names; None is the one that stands in ``[auth]`` itself."""
    named = [name for name, entries in auth.items() if hasattr(entries, "items") and name != "client_kwargs"]
    return [*([None] if "client_id" in auth else []), *named]


def is_let_in(visitor: Mapping[str, Any], emails: list[str] | None) -> bool:
    """Return whether a visitor may see the runs.

    Args:
        visitor: What the provider says: is_logged_in, email, email_verified.
        emails: Patterns of e-mail addresses; None lets in whoever has logged in.
    """
    if visitor.get("is_logged_in") is not True:
        return False
    if emails is None:
        return True
    email = str(visitor.get("email") or "").lower()
    verified = visitor.get("email_verified", True) not in {False, "false"}
    return verified and any(fnmatchcase(email, pattern.lower()) for pattern in emails)


def is_open() -> bool:
    """Return whether this visitor may see the runs; if not, show why, and how to log in."""
    if WANTED not in sys.argv:
        return True
    visitor = st.user.to_dict()
    emails = st.secrets["visitors"]["emails"] if "visitors" in st.secrets else None
    if is_let_in(visitor, emails):
        return True
    st.subheader("nids", anchor=False)
    if visitor.get("is_logged_in"):
        st.error("This account is not among those that are let in here.", icon=":material/block:")
        show_visitor()
    else:
        st.markdown("The runs here are shown to those who log in.")
        with st.container(horizontal=True):
            for provider in providers(st.secrets["auth"]):
                words = f"Log in with {plain(provider)}" if provider else "Log in"
                if st.button(words, icon=":material/login:", type="primary", key=f"login {provider}"):
                    _log_in(provider)
    return False


def _log_in(provider: str | None) -> None:
    try:
        st.login(provider) if provider else st.login()
    except StreamlitAuthError as error:
        st.error(f"No login is possible: {plain(error)}", icon=":material/error:")


def show_visitor() -> None:
    """Say who is logged in, if anybody is, and offer to log out."""
    visitor = st.user.to_dict() if WANTED in sys.argv else {}
    if visitor.get("is_logged_in"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"Logged in as {plain(visitor.get('email') or visitor.get('sub') or '')}.", width="content")
            if st.button("Log out", icon=":material/logout:", type="tertiary"):
                st.logout()
