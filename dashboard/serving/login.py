"""Who may see the runs: with ``--login FILE``, those who log in by OpenID Connect and whom the file lets in.

The file is read once, before the server starts; ``nids.dashboard.serving.settings`` tells the pages whom it lets in.
"""

from __future__ import annotations

import streamlit as st
from streamlit.errors import StreamlitAuthError

from nids.dashboard.components.markdown import code, plain
from nids.dashboard.serving import settings
from nids.dashboard.serving.login_file import Access


def is_open() -> bool:
    """Return whether this visitor may see the runs; if not, show why, and how to log in."""
    access = _access()
    if access is None:
        return True
    visitors = access.visitors
    visitor = st.user.to_dict()
    if visitors.let_in(visitor):
        return True
    st.subheader("nids", anchor=False)
    if visitor.get("is_logged_in"):
        words = "This account has no access."
        if not visitors.trusts_address(visitor):
            words += " Its provider does not confirm that the e-mail address is verified, which is required here."
        st.error(words, icon=":material/block:")
        show_visitor()
    else:
        st.markdown("Log in to see the runs.")
        with st.container(horizontal=True):
            for provider in access.providers:
                words = f"Log in with {plain(provider)}" if provider else "Log in"
                if st.button(words, icon=":material/login:", type="primary", key=f"login {provider}"):
                    _log_in(provider)
    return False


def show_visitor() -> None:
    """Say who is logged in, if the server asks for a login, and offer to log out."""
    if _access() is None:
        return
    visitor = st.user.to_dict()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Logged in as {code(visitor.get('email') or visitor.get('sub') or '?')}.", width="content")
        if st.button("Log out", icon=":material/logout:", type="tertiary"):
            st.logout()


def _access() -> Access | None:
    text = settings.access()
    return None if text is None else Access.model_validate_json(text)


def _log_in(provider: str) -> None:
    try:
        st.login(provider) if provider else st.login()
    except StreamlitAuthError as error:
        st.error(f"Login failed: {plain(error)}", icon=":material/error:")
