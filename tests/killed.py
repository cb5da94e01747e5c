"""The end of a process in the middle of what it does, for the process that tests it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class KilledError(BaseException):
    """Stands for the end of the process."""


def killed_after(acts: int, act: Callable[..., Any]) -> Callable[..., Any]:
    """Return an act that can be done so many times before the process ends."""
    left = iter(range(acts))

    def done_or_killed(*arguments: Any, **named: Any) -> Any:
        if next(left, None) is None:
            raise KilledError
        return act(*arguments, **named)

    return done_or_killed
