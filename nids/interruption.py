"""What SIGINT (Ctrl-C) and SIGTERM do to a command: it ends in order, in a few seconds, with exit status 130 or 143.

The main thread gets a ``KeyboardInterrupt``, so that its blocks close what they have opened; other threads, which may
compute for long, are left behind. A thread of its own sees that the process ends even where that exception cannot be
raised, as in a long computation outside Python, or is lost in a library. Whatever way it ends, no process that it has
started and no file that is half written is left.

Outside a command, where ``nids`` is a library, signals stay what the program has made of them.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import psutil

ENDING = (signal.SIGINT, signal.SIGTERM)
# What has not ended in order by then is left behind.
SECONDS_TO_END = 3.5
SECONDS_BETWEEN_LOOKS = 0.25
# A command that was ended in order exits with it, for whichever signal: ``run`` makes 143 of it where that is due.
INTERRUPTED = 130


class _Command:
    """The command that this process runs, if it does, and what signals have come to it."""

    def __init__(self) -> None:
        self.runs = False  # whether there is one: else this is a library in somebody's program
        self.received: int | None = None  # the first signal
        self.raised = False  # whether the main thread was interrupted
        self.lost = False  # whether that was in a place that no exception leaves
        self.limit: float | None = None  # when the process ends, whatever it is doing
        # What a first signal waits for, innermost last; None where it waits for nothing.
        self.waiting: list[str | None] = []
        self.failed: Exception | None = None  # in a block that a signal was held back from
        self.is_told = False  # whether the user knows what the signal has made of the command
        self.undo: list[Callable[[], object]] = []  # what an end of this process leaves half done
        self.started: set[psutil.Process] = set()  # by this process, as of the first signal
        self.has_ended = False
        self.ending = threading.Lock()


_command = _Command()


def run(command: Callable[[], object]) -> None:
    """Run a command to its end, or to that which a signal makes of it: then the whole process ends here."""
    _command.runs = True
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    # Written to by the handler of the interpreter itself, even while the main thread executes no Python.
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    former = {number: signal.getsignal(number) for number in ENDING}
    for number in ENDING:
        signal.signal(number, interrupt)
    os.register_at_fork(after_in_child=lambda: _forget(former))
    sys.unraisablehook = _unraisable
    threading.Thread(target=_watch, args=[reading], name="signals", daemon=True).start()
    try:
        command()
    except SystemExit as ended:
        if _command.raised or (_command.received and ended.code == INTERRUPTED):
            _end()
        _command.has_ended = True
        raise
    except BaseException as error:
        if error is _command.failed:
            sys.excepthook(type(error), error, error.__traceback__)
        if _command.raised:
            _end()
        raise
    if _command.raised:
        _end()
    _command.has_ended = True


def interrupt(number: int, _frame: object = None) -> None:
    """Handle a signal: raise a ``KeyboardInterrupt``, once, and see to it that the process ends soon."""
    if not _command.runs:
        raise KeyboardInterrupt
    if _command.has_ended:  # all that is left to do is the interpreter's own
        _command.received = number
        _end()
    _command.received = _command.received or number
    _command.limit = _command.limit or time.monotonic() + SECONDS_TO_END
    if not _command.raised:
        _command.raised = True
        raise KeyboardInterrupt


def mark_told() -> None:
    """Note that the command has said what has become of its work: else it is only said that it was interrupted."""
    _command.is_told = True


@contextmanager
def errors_told() -> Iterator[None]:
    """Raise, at the end of a command that a signal has ended, what failed in a block that it was held back from."""
    try:
        yield
    except SystemExit:
        if _command.failed is not None:
            raise _command.failed from None
        raise


def _forget(former: Mapping[signal.Signals, Any]) -> None:
    """Make a forked process one that runs no command: it would write its signals to the pipe of the one that does."""
    _command.runs = False
    signal.set_wakeup_fd(-1)
    for number, handler in former.items():
        signal.signal(number, handler)


@contextmanager
def held_back(until: str = "") -> Iterator[None]:
    """Let a signal interrupt this thread only at the end of a block, however it ends, or a second one in it.

    What fails in it meanwhile is not lost: see ``errors_told``. Outside the main thread, which alone is interrupted,
    nothing is changed.

    Args:
        until: What ends the block, such as "the results are written": then a command takes the time that it needs, and
            says so. Without it, the command ends in ``SECONDS_TO_END`` all the same.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = {number: signal.getsignal(number) for number in ENDING}
    noted: list[int] = []

    def restore() -> None:
        for number, handler in former.items():
            signal.signal(number, handler)

    def note(number: int, _frame: object) -> None:
        noted.append(number)
        if len(noted) > 1:
            restore()
            signal.raise_signal(number)

    for number in ENDING:
        signal.signal(number, note)
    try:
        with waiting_for(until or None):
            yield
    except Exception as error:
        if len(noted) == 1:  # the second may be what it comes from
            _command.failed = error
        raise
    finally:
        restore()
        if noted:
            signal.raise_signal(noted[0])


@contextmanager
def waiting_for(until: str | None) -> Iterator[None]:
    """Give a block the time that it takes to end in order after a first signal.

    Args:
        until: What is said of that; empty if the block says it, None if it gets no more than ``SECONDS_TO_END``.
    """
    _command.waiting.append(until)
    try:
        yield
    finally:
        _command.waiting.pop()


@contextmanager
def undone(undo: Callable[[], object]) -> Iterator[None]:
    """Have something called if the process is ended inside a block, and so without leaving it.

    Args:
        undo: Such as the removal of a half-written file; called when all other processes have ended, from any thread.
    """
    with _command.ending:  # for a thread that is left behind, an end that has begun is never over
        _command.undo.append(undo)
    try:
        yield
    finally:
        if not _command.raised:  # else the end is yet to come, with that of the other processes
            _command.undo.remove(undo)


def _unraisable(unraisable: Any) -> None:
    """Have the main thread interrupted again where the first time was lost, in a destructor for example."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        _command.lost = True
    else:
        sys.__unraisablehook__(unraisable)


def _watch(reading: int) -> None:
    seen, said = 0, set[str]()
    while True:
        ready, _, _ = select.select([reading], [], [], SECONDS_BETWEEN_LOOKS if _command.received else None)
        numbers = [number for number in os.read(reading, 64) if number in ENDING] if ready else []
        for number in numbers:
            seen += 1
            _command.received = _command.received or number
            _command.started |= _started()
            until = _command.waiting[-1] if _command.waiting else None
            if until is None or seen > 1:
                _command.limit = _command.limit or time.monotonic() + SECONDS_TO_END
            elif until and until not in said:
                said.add(until)
                with suppress(OSError, ValueError):
                    os.write(2, f"Stopping: waiting until {until}. Press Ctrl-C again to stop at once.\n".encode())
        if _command.limit is not None and time.monotonic() > _command.limit:
            _end(in_order=False)
        if _command.lost and (main := threading.main_thread().ident) is not None:
            _command.lost = _command.raised = False
            signal.pthread_kill(main, _command.received or signal.SIGINT)


def _end(*, in_order: bool = True) -> NoReturn:
    """End this process, and all that it has started."""
    _command.ending.acquire()  # for good
    if in_order:  # else the main thread may be about to write, and wait for a reader
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
    with suppress(Exception):
        _end_processes(_command.started | _started())
    for undo in reversed(_command.undo):
        with suppress(Exception):
            undo()
    if not _command.is_told:
        _say("Interrupted.")
    os._exit(128 + (_command.received or signal.SIGINT))


def _say(line: str) -> None:
    """Write a line to standard error, unless nobody takes it: this process must not wait for a reader."""
    with suppress(OSError, ValueError):
        after_ctrl_c = "\n" if os.isatty(2) else ""  # which the terminal shows as ^C
        if select.select([], [2], [], 0)[1]:
            os.write(2, f"{after_ctrl_c}{line}\n".encode())


def _started() -> set[psutil.Process]:
    """Return the processes that descend from this one; those whose parent has gone no longer do."""
    import psutil

    with suppress(psutil.Error):
        return {*psutil.Process().children(recursive=True)}
    return set()


def _end_processes(processes: set[psutil.Process]) -> None:
    import psutil

    for process in processes:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(processes, timeout=0.5)
