"""The search: Ray Tune schedules trials, Optuna suggests them.

``nids.search(job)`` runs one: the package itself can be called, since a function of the package's name in ``nids``
would be replaced by the package as soon as one of its modules is imported.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    def __call__(self, *args: Any, **options: Any) -> Any:
        from nids.search import session

        return session.search(*args, **options)


sys.modules[__name__].__class__ = _Callable
