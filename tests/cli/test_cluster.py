from __future__ import annotations

import signal
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from nids.cluster.signals import handler_kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Outcome

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.mark.parametrize("ending", ENDINGS)
def test_each_signal_ends_a_local_cluster(
    ending: signal.Signals, nids: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real one is ended, and is seen to leave nothing, in ``tests/end_to_end``."""
    ended = []

    @contextmanager
    def running(*_: object) -> Iterator[SimpleNamespace]:
        try:
            yield SimpleNamespace(dashboard="D", address="A", watch=lambda: signal.raise_signal(ending))
        finally:
            signal.raise_signal(ending)  # an impatient second one, while nodes are being ended
            ended.append(True)

    monkeypatch.setattr("nids.cluster.local.running", running)
    with ExitStack() as kept:
        for number in ENDINGS:
            kept.enter_context(handler_kept(number))
        result = nids("cluster", "local")
    assert (result.returncode, ended) == (129 if ending == signal.SIGHUP else 130, [True])
    assert result.stdout.endswith("The cluster has stopped.\n")
