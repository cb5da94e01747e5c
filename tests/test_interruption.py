"""What becomes of commands that get signals, each a process of its own; the modules that they need take no time."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from pathlib import Path

# Each says when it has got to where it is to be interrupted.
START = """
import hashlib, sys, time
from pathlib import Path
from nids import interruption
from nids.threads import thread_pool

def say(text):
    print(text, flush=True)

def compute():  # in one call, during which the interpreter handles no signal
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
"""
WAITING = "say('ready'); time.sleep(60)"
CLOSING = f"""
    try:
        {WAITING}
    finally:
        say('closed')
"""
COMPUTING = """
    partial = Path('partial')
    with interruption.undone(lambda: partial.unlink()):
        partial.touch()
        say('ready')
        compute()
"""
LEFT_BEHIND = """
    with thread_pool(1) as threads:
        threads.submit(compute)
        say('ready')
        time.sleep(60)
"""
LOST = """
    class Closing:
        def __del__(self):
            say('ready')
            time.sleep(60)

    Closing()
    time.sleep(60)
"""
HELD_BACK = """
    with interruption.held_back('all is written'):
        say('ready')
        deadline = time.monotonic() + 60
        while not interruption._command.received and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.5)
        say('written')
    say('too far')
"""
HELD_BACK_AND_FAILED = """
    try:
        with interruption.held_back('all is written'):
            say('ready')
            deadline = time.monotonic() + 60
            while not interruption._command.received and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.5)
            raise ValueError
    except ValueError:
        say('too far')
"""
FAILED_IN_THE_END = """
    from nids import cli
    from nids.errors import UserError

    def write():
        with interruption.held_back('all is written'):
            say('ready')
            deadline = time.monotonic() + 60
            while not interruption._command.received and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.5)
            raise ERROR

    cli.app.command()(write)
    sys.argv = ['nids', 'write']
    cli.main()
"""
TOLD = """
    try:
        say('ready')
        time.sleep(60)
    finally:
        interruption.mark_told()
"""
TURNED_INTO_AN_ERROR = """
    try:
        say('ready')
        time.sleep(60)
    except BaseException:
        raise ValueError
"""
INTERRUPTED = "Interrupted.\n"
SAYS = "Stopping: waiting until all is written. Press Ctrl-C again to stop at once.\n"


def started(body: str, folder: Path, seconds_to_end: float = 60) -> subprocess.Popen[str]:
    """Return a process that runs a command, once it is ready."""
    code = f"{START}\ndef command():\n    {body.strip()}\n"
    code += f"interruption.SECONDS_TO_END = {seconds_to_end}\ninterruption.run(command)\n"
    command = [sys.executable, "-c", code]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process: subprocess.Popen[str] = subprocess.Popen(command, cwd=folder, **pipes)  # type: ignore[call-overload]
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", process.communicate()
    return process


@pytest.mark.parametrize(
    ("body", "seconds_to_end", "output", "errors"),
    [
        pytest.param(COMPUTING, 0.1, "", INTERRUPTED, id="a computation that cannot be interrupted"),
        pytest.param(LEFT_BEHIND, 60, "", INTERRUPTED, id="a thread that computes"),
        pytest.param(LOST, 60, "", INTERRUPTED, id="an exception that a destructor loses"),
        pytest.param(TURNED_INTO_AN_ERROR, 60, "", INTERRUPTED, id="an exception that becomes another"),
        pytest.param(HELD_BACK, 60, "written\n", SAYS + INTERRUPTED, id="what is not to be interrupted"),
        pytest.param(TOLD, 60, "", "", id="what it has said itself"),
        pytest.param(HELD_BACK_AND_FAILED, 60, "", SAYS + INTERRUPTED, id="an error in what is not to be interrupted"),
    ],
)
def test_nothing_keeps_a_command_from_its_end(
    body: str, seconds_to_end: float, output: str, errors: str, tmp_path: Path
) -> None:
    process = started(body, tmp_path, seconds_to_end)
    process.send_signal(signal.SIGTERM)
    assert (*process.communicate(), process.returncode) == (output, errors, 143)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_command_in_order(number: signal.Signals, status: int, tmp_path: Path) -> None:
    process = started(CLOSING, tmp_path)
    process.send_signal(number)
    assert (*process.communicate(), process.returncode) == ("closed\n", INTERRUPTED, status)


def test_what_fails_while_a_signal_is_held_back_is_said(tmp_path: Path) -> None:
    process = started(FAILED_IN_THE_END.replace("ERROR", "UserError('the disk is full.')"), tmp_path)
    process.send_signal(signal.SIGTERM)
    assert (*process.communicate(), process.returncode) == ("", f"{SAYS}Error: the disk is full.\n{INTERRUPTED}", 143)


def test_what_fails_unexpectedly_while_a_signal_is_held_back_has_its_traceback(tmp_path: Path) -> None:
    process = started(FAILED_IN_THE_END.replace("ERROR", "ValueError('a bug')"), tmp_path)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate()
    assert (output, errors.count("Traceback"), process.returncode) == ("", 1, 130)
    assert errors.endswith(f"ValueError: a bug\n{INTERRUPTED}")


def test_a_second_signal_interrupts_what_was_held_back(tmp_path: Path) -> None:
    process = started(HELD_BACK.replace("time.sleep(0.5)", "time.sleep(60)"), tmp_path)
    process.send_signal(signal.SIGTERM)
    assert process.stderr is not None
    assert process.stderr.readline() == SAYS
    process.send_signal(signal.SIGINT)
    assert (*process.communicate(), process.returncode) == ("", INTERRUPTED, 143)


def test_processes_of_a_command_end_with_it(tmp_path: Path) -> None:
    child = "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    process = started(f"{child}    {WAITING}", tmp_path)
    children = psutil.Process(process.pid).children()
    process.send_signal(signal.SIGTERM)
    assert (*process.communicate(), process.returncode, len(children)) == ("", INTERRUPTED, 143, 1)
    assert psutil.wait_procs(children, timeout=60)[1] == []


def test_a_command_that_ends_by_itself_keeps_its_exit_status(tmp_path: Path) -> None:
    process = started("say('ready'); sys.exit(2)", tmp_path)
    assert (*process.communicate(), process.returncode) == ("", "", 2)


def test_a_signal_to_a_forked_process_is_its_own(tmp_path: Path) -> None:
    fork = """
    import os, signal, warnings
    warnings.simplefilter('ignore')
    say('ready')
    forked = os.fork()
    if not forked:
        signal.raise_signal(signal.SIGTERM)
        time.sleep(60)
    ended_by = -os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1])
    time.sleep(0.5)
    sys.exit(ended_by)
"""
    process = started(fork, tmp_path, seconds_to_end=0.1)
    assert (*process.communicate(), process.returncode) == ("", "", signal.SIGTERM)
