"""The one exception that a user sees as a message rather than a traceback."""

from __future__ import annotations


class UserError(Exception):
    """Something the user can put right: the message says what was found, where, what was expected and what to do."""
