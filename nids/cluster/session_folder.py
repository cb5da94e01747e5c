"""The folder for what Ray keeps on this machine while a cluster runs: its user's alone.

Ray lets every user of the machine write to its folders, and marks none of them as sticky, so that others could exchange
its sockets and the packages of jobs for their own: who does, runs code as the user. They cannot where a folder above
lets nobody else in.
"""

from __future__ import annotations

import fcntl
import grp
import os
import platform
import pwd
import shutil
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from nids.errors import UserError

PREFIX = "nids-"
# Held locked by the process that has made a folder, for as long as it lives.
LOCK = "in-use"
ATTEMPTS = 20
# The paths of Ray's sockets have at most 107 characters. What is left of them for the name of the place:
LONGEST = 107 - len("/nids-01234567/ray/session_2026-11-27_08-53-53_555997_4194304/sockets/plasma_store")


class SessionFolder:
    """A new folder of mode 0700 that belongs to this process, among the system's temporary files.

    What processes of this user have left there that ended without ``remove``, as by SIGKILL, is deleted.

    Attributes:
        path: The folder.
        locks: The file descriptor that tells that it is in use, if the file system has locks: another process that
            inherits it keeps the folder too.

    Raises:
        UserError: It cannot be made, or others could put a folder of theirs in its place.
    """

    def __init__(self) -> None:
        place = _place()
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            place = place.resolve(strict=True)  # a link could lead elsewhere later
            _refuse_if_others_can_replace(place)
            remove_forsaken(place)
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
            self.locks = locked_file(self.path)
        except OSError as error:
            raise UserError(
                f"{place}: Ray's files cannot be kept in this folder ({error.strerror}). Set RAY_TMPDIR to a folder of "
                "yours."
            ) from None

    def temporary(self) -> Path:
        """Return a folder in it for the temporary files of processes that end with the cluster."""
        path = self.path / "tmp"
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def remove(self) -> None:
        """Delete the folder, and all that it holds; a second time, nothing is done."""
        remove(self.path)
        while self.locks:
            os.close(self.locks.pop())


def is_in_use(folder: Path) -> bool:
    """Return whether a folder is that of a cluster of this user which still runs."""
    try:
        if folder.lstat().st_uid != os.geteuid():
            return False
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return folder.is_dir()  # its file system has no locks
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)  # several may ask at once
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _place() -> Path:
    """Return where Ray would put its files, or the system's own place where the user's has too long a name for it."""
    if named := os.environ.get("RAY_TMPDIR"):
        return Path(named).absolute()
    users = os.environ.get("TMPDIR", "") if platform.system() == "Linux" else ""
    return Path("/tmp") if not users or len(os.path.realpath(users)) > LONGEST else Path(users).absolute()


def _refuse_if_others_can_replace(place: Path) -> None:
    """Hold a folder, and all above it, to the rule that ssh has for its files."""
    for folder in (place, *place.parents):
        found = folder.stat()
        if found.st_uid not in (0, os.geteuid()):
            who, cure = f"its owner (user {found.st_uid})", ""
        elif found.st_mode & stat.S_ISVTX:
            continue  # there, all can replace what is theirs alone
        elif found.st_mode & stat.S_IWOTH:
            who, cure = "every user of this machine", f", or have its owner run `chmod +t {folder}`"
        elif found.st_mode & stat.S_IWGRP and not _is_own_group(found.st_gid):
            who, cure = f"its group (group {found.st_gid})", f", or have its owner run `chmod g-w {folder}`"
        else:
            continue
        raise UserError(
            f"{folder}: {who} can replace what lies in this folder (mode {stat.S_IMODE(found.st_mode):04o}), so Ray's "
            f"files are not safe below it. Set RAY_TMPDIR to a folder of yours{cure}."
        )


def _is_own_group(number: int) -> bool:
    """Return whether a group is what many systems make for each user: of the same name, without other members."""
    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(number)
    except KeyError:
        return False
    return (user.pw_gid, user.pw_name) == (number, group.gr_name) and {*group.gr_mem} <= {user.pw_name}


def locked_file(folder: Path) -> list[int]:
    """Make the locked file of a folder, which has its name only once it is locked, and return its descriptor."""
    descriptor, name = tempfile.mkstemp(dir=folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:  # the file system has no locks: nobody deletes the folder but its owner
        os.close(descriptor)
        Path(name).unlink()
        return []
    Path(name).rename(folder / LOCK)
    return [descriptor]


def remove_forsaken(place: Path) -> None:
    """Delete the folders in a place that processes of this user have left there which ended otherwise."""
    for lock in place.glob(f"{PREFIX}*/{LOCK}"):
        with suppress(FileNotFoundError):  # another process has deleted it
            if not is_in_use(lock.parent) and lock.parent.lstat().st_uid == os.geteuid():
                remove(lock.parent)


def remove(folder: Path) -> None:
    """Delete a folder, in which processes that are about to end may still write."""
    for _ in range(ATTEMPTS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)
    with suppress(FileNotFoundError):  # with an unlocked file, the next cluster has it deleted
        (folder / LOCK).touch(mode=0o600)
