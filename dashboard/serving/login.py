"""Who may see the runs: with ``--login FILE``, those who log in by OpenID Connect and whom the file lets in.

The file is Streamlit's secrets.toml: ``[auth]`` with ``redirect_uri`` and ``cookie_secret``, and, there or in a section
``[auth.NAME]`` for each provider, ``client_id``, ``client_secret`` and ``server_metadata_url``. Beside it,
``[visitors]`` with ``emails``: patterns such as ``"*@example.org"``, or ``["*"]`` for whoever has an account.

It is read once, before the server starts. What a page does not find then is taken for "nobody", never for "everybody".
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.errors import StreamlitAuthError

from dashboard.components.markdown import plain
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OPTION = "--login"
OF_ALL = ("redirect_uri", "cookie_secret")
METADATA = "server_metadata_url"
OF_EACH = ("client_id", "client_secret", METADATA)
# Of [auth], what is of no provider; Streamlit's own.
FURTHER = ("client_kwargs", "expose_tokens")
# Where Streamlit waits for the provider's answer.
CALLBACK = "/oauth2callback"
SHORTEST_SECRET = 32
ANYBODY = "*"
# How the server's arguments tell the pages whom to let in.
_EMAIL, _UNVERIFIED = "--visitor=", "--unverified"


@dataclass(frozen=True)
class Visitors:
    """Who is let in.

    Attributes:
        emails: Patterns of e-mail addresses.
        unverified: Whether an address counts of which the provider does not say that it has verified it.
    """

    emails: tuple[str, ...]
    unverified: bool = False

    def arguments(self) -> list[str]:
        """Return what to tell the pages; ``from_arguments`` reads it."""
        return [*([_UNVERIFIED] if self.unverified else []), *(f"{_EMAIL}{email}" for email in self.emails)]

    @classmethod
    def from_arguments(cls, arguments: Sequence[str]) -> Visitors | None:
        """Return who is let in, None if the server was started without a login."""
        emails = tuple(one.removeprefix(_EMAIL) for one in arguments if one.startswith(_EMAIL))
        return cls(emails, _UNVERIFIED in arguments) if emails else None

    def is_sure_of(self, visitor: Mapping[str, Any]) -> bool:
        """Return whether the address of a visitor counts."""
        return self.unverified or str(visitor.get("email_verified")).lower() == "true"

    def let_in(self, visitor: Mapping[str, Any]) -> bool:
        """Return whether a visitor may see the runs.

        Args:
            visitor: What the provider says: is_logged_in, email, email_verified.
        """
        if visitor.get("is_logged_in") is not True:
            return False
        if ANYBODY in self.emails:
            return True
        email = str(visitor.get("email") or "").lower()
        return self.is_sure_of(visitor) and any(fnmatchcase(email, pattern.lower()) for pattern in self.emails)


def read(file: str) -> Visitors:
    """Return whom a file lets in.

    Raises:
        UserError: The file lacks something that a login needs, or says something that this does not know.
    """
    if Path(file).suffix != ".toml":
        raise UserError(f"{OPTION} {file}: the file's name must end in .toml.")
    try:
        content = tomllib.loads(Path(file).read_text())
    except OSError as error:
        raise UserError(f"{OPTION} {file}: cannot be read ({error.strerror}).") from None
    except ValueError as error:
        raise UserError(f"{OPTION} {file}: this is no TOML ({error}).") from None
    _refuse_unknown(file, content, ("auth", "visitors"), "the file")
    _check_auth(file, _section(file, content, "auth"))
    return _visitors(file, _section(file, content, "visitors"))


def _section(file: str, content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = content.get(name)
    if not isinstance(section, dict):
        raise UserError(f"{OPTION} {file}: it has no section [{name}]; dashboard/README.md shows one.")
    return section


def _refuse_unknown(file: str, entries: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    # A misspelt restriction would be none.
    if unknown := [key for key in entries if key not in known]:
        raise UserError(f"{OPTION} {file}: {where} has {', '.join(unknown)}, but knows {', '.join(known)} only.")


def _check_auth(file: str, auth: Mapping[str, Any]) -> None:
    named = [name for name in providers(auth) if name]
    # First, for a misspelt key is also one that lacks.
    _refuse_unknown(file, auth, (*OF_ALL, *OF_EACH, *FURTHER, *named), "[auth]")
    _check_texts(file, "auth", auth, OF_ALL)
    secret, redirect = auth["cookie_secret"], auth["redirect_uri"]
    if len(secret) < SHORTEST_SECRET:
        raise UserError(
            f"{OPTION} {file}: cookie_secret in [auth] has {len(secret)} characters, which can be guessed; take "
            f"{SHORTEST_SECRET} or more by chance, such as `openssl rand -hex 32` prints."
        )
    if not redirect.endswith(CALLBACK):
        raise UserError(f"{OPTION} {file}: redirect_uri in [auth] is {redirect}, but must end in {CALLBACK}.")
    if "client_id" in auth or not named:
        _check_texts(file, "auth", auth, OF_EACH)
    for name in named:
        if "_" in name:
            raise UserError(f"{OPTION} {file}: [auth.{name}] has an underscore in its name, which Streamlit refuses.")
        _check_texts(file, f"auth.{name}", auth[name], OF_EACH)


def _check_texts(file: str, section: str, entries: Mapping[str, Any], keys: Sequence[str]) -> None:
    if lacking := [key for key in keys if key not in entries]:
        raise UserError(f"{OPTION} {file}: [{section}] lacks {', '.join(lacking)}; dashboard/README.md shows it.")
    for key in keys:
        if not isinstance(entries[key], str) or not entries[key]:
            # Without what it is: that may be a secret, and this ends in a service's log.
            raise UserError(f'{OPTION} {file}: {key} in [{section}] must be a text in "", and not an empty one.')
    if METADATA in keys and not entries[METADATA].startswith(("https://", "http://")):
        raise UserError(
            f"{OPTION} {file}: {METADATA} in [{section}] is {entries[METADATA]}, but must begin with https:// (or "
            "http://, for a try); most providers' ends in /.well-known/openid-configuration."
        )


def _visitors(file: str, entries: Mapping[str, Any]) -> Visitors:
    _refuse_unknown(file, entries, ("emails", "unverified"), "[visitors]")
    emails, unverified = entries.get("emails"), entries.get("unverified", False)
    if not (isinstance(emails, list) and emails and all(isinstance(one, str) and one for one in emails)):
        raise UserError(
            f'{OPTION} {file}: [visitors] must have emails = ["NAME@example.org", "*@example.net"], patterns of those '
            'who are let in; ["*"] lets in whoever has an account.'
        )
    if odd := [one for one in emails if "@" not in one and one != ANYBODY]:
        raise UserError(
            f"{OPTION} {file}: emails in [visitors] has {', '.join(odd)}, which lacks an @; to let in all of "
            "example.org, say *@example.org."
        )
    if not isinstance(unverified, bool):
        raise UserError(f"{OPTION} {file}: unverified in [visitors] is {unverified!r}, but must be true or false.")
    return Visitors(tuple(emails), unverified)


def providers(auth: Mapping[str, Any]) -> list[str | None]:
    """Return the providers that ``[auth]`` names; None is the one that stands in ``[auth]`` itself."""
    named = [name for name, entries in auth.items() if hasattr(entries, "items") and name not in FURTHER]
    return [*([None] if "client_id" in auth else []), *named]


def is_open() -> bool:
    """Return whether this visitor may see the runs; if not, show why, and how to log in."""
    visitors = Visitors.from_arguments(sys.argv[2:])
    if visitors is None:
        return True
    visitor = st.user.to_dict()
    if visitors.let_in(visitor):
        return True
    st.subheader("nids", anchor=False)
    if visitor.get("is_logged_in"):
        words = "This account is not among those that are let in here."
        if not visitors.is_sure_of(visitor):
            words += " Its provider does not say that it has verified the address, which does not count without that."
        st.error(words, icon=":material/block:")
        show_visitor()
    else:
        st.markdown("The runs here are shown to those who log in.")
        with st.container(horizontal=True):
            for provider in providers(st.secrets.get("auth", {})):
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
    """Say who is logged in, if the server asks for a login, and offer to log out."""
    if Visitors.from_arguments(sys.argv[2:]) is None:
        return
    visitor = st.user.to_dict()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Logged in as {plain(visitor.get('email') or visitor.get('sub') or '')}.", width="content")
        if st.button("Log out", icon=":material/logout:", type="tertiary"):
            st.logout()
