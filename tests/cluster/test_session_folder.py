from __future__ import annotations

import fcntl
import grp
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from nids.cluster import session_folder
from nids.cluster.session_folder import LOCK, LONGEST, SessionFolder, is_in_use
from nids.errors import UserError


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the folders are made."""
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path / "made" / "when needed"))
    return tmp_path / "made" / "when needed"


def test_a_folder_is_its_users_alone_and_is_deleted(place: Path) -> None:
    place.mkdir(parents=True)
    former = os.umask(0)
    try:
        folder = SessionFolder()
    finally:
        os.umask(former)
    (folder.path / "ray").mkdir()
    (folder.path / "0.log").touch()
    assert {path.name for path in folder.path.iterdir()} == {"ray", "0.log", "in-use"}
    assert (folder.path.parent, stat.S_IMODE(folder.path.stat().st_mode)) == (place, 0o700)
    for _ in range(2):
        folder.remove()
        assert [*place.iterdir()] == []


def test_several_clusters_have_folders_side_by_side(place: Path) -> None:
    folders = [SessionFolder() for _ in range(3)]
    assert {*place.iterdir()} == {folder.path for folder in folders}
    assert len({folder.path for folder in folders}) == 3


def test_what_a_killed_process_has_left_is_deleted_once_none_of_its_processes_is_left(place: Path) -> None:
    making = (
        "import os, signal, subprocess, sys; from nids.cluster.session_folder import SessionFolder; "
        "folder = SessionFolder(); (folder.path / 'ray').mkdir(); "
        "left = subprocess.Popen(['sleep', '600'], pass_fds=folder.locks, stdout=subprocess.DEVNULL); "
        "print(folder.path, left.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", making], stdout=subprocess.PIPE, text=True, check=False)
    path, left = killed.stdout.rsplit(maxsplit=1)
    SessionFolder().remove()
    assert [str(found) for found in place.iterdir()] == [path]
    os.kill(int(left), 9)
    while [*place.iterdir()]:  # until the process has ended
        SessionFolder().remove()


def test_what_another_process_deletes_meanwhile_does_not_matter(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "nids-left").mkdir(parents=True)
    (place / "nids-left" / LOCK).touch()

    def deleted_meanwhile(folder: Path) -> bool:
        used = is_in_use(folder)
        shutil.rmtree(folder)
        return used

    monkeypatch.setattr(session_folder, "is_in_use", deleted_meanwhile)
    folder = SessionFolder()
    assert [*place.iterdir()] == [folder.path]
    folder.remove()


def test_who_asks_whether_a_folder_is_in_use_does_not_use_it(place: Path) -> None:
    """Two can ask at once; here the first one is still at it."""
    folder = SessionFolder()
    asked = [is_in_use(folder.path)]
    os.close(folder.locks.pop())
    descriptor = os.open(folder.path / LOCK, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    asked.append(is_in_use(folder.path))
    os.close(descriptor)
    assert (asked, [*place.iterdir()]) == ([True, False], [folder.path])
    folder.remove()


def test_folders_of_others_stay(place: Path) -> None:
    for name in ("nids-of-another-program", "another"):
        (place / name / "inside").mkdir(parents=True)
    SessionFolder().remove()
    assert {path.name for path in place.iterdir()} == {"nids-of-another-program", "another"}


@pytest.mark.parametrize("depth", [0, 1], ids=["itself", "above"])
def test_a_place_where_others_could_replace_it_is_refused(depth: int, place: Path) -> None:
    place.mkdir(parents=True)
    folder = (place, *place.parents)[depth]
    folder.chmod(0o777)
    with pytest.raises(UserError) as caught:
        SessionFolder()
    assert str(caught.value) == (
        f"{folder}: every user of this machine can replace what lies in this folder (mode 0777), so Ray's files are "
        f"not safe below it. Set RAY_TMPDIR to a folder of yours, or have its owner run `chmod +t {folder}`."
    )
    folder.chmod(0o1777)
    assert SessionFolder().path.parent == place


@pytest.mark.parametrize("depth", [0, 1], ids=["itself", "above"])
@pytest.mark.parametrize("kind", ["of another user", "of a group", "of the own group with another member"])
def test_a_place_that_one_other_could_replace_is_refused(
    kind: str, depth: int, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.mkdir(parents=True)
    folder = (place, *place.parents)[depth]
    user = pwd.getpwuid(os.geteuid())
    if kind == "of another user":
        if os.geteuid() != 0:
            pytest.skip("only root can give a folder away")
        os.chown(folder, 65534, -1)
        folder.chmod(0o1755)
        said = "its owner (user 65534) can replace what lies in this folder (mode 1755)"
    else:
        members, name = ([], "staff") if kind == "of a group" else ([user.pw_name, "another"], user.pw_name)
        monkeypatch.setattr("grp.getgrgid", lambda number: grp.struct_group((name, "x", number, members)))
        os.chown(folder, -1, user.pw_gid)
        folder.chmod(0o775)
        said = f"its group (group {user.pw_gid}) can replace what lies in this folder (mode 0775)"
    with pytest.raises(UserError) as caught:
        SessionFolder()
    assert str(caught.value).startswith(
        f"{folder}: {said}, so Ray's files are not safe below it. Set RAY_TMPDIR to a folder of yours"
    )
    os.chown(folder, os.geteuid(), -1)
    folder.chmod(0o755)
    SessionFolder().remove()


@pytest.mark.parametrize("members", [0, 1])
def test_the_group_of_the_user_alone_may_write(members: int, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the umask is 002; what such a group is called and who is in it differs from machine to machine."""
    user = pwd.getpwuid(os.geteuid())
    group = grp.struct_group((user.pw_name, "x", user.pw_gid, [user.pw_name][:members]))
    monkeypatch.setattr("grp.getgrgid", {user.pw_gid: group}.__getitem__)
    place.mkdir(parents=True)
    os.chown(place, -1, user.pw_gid)
    place.chmod(0o775)
    SessionFolder().remove()
    assert [*place.iterdir()] == []


def test_a_link_is_followed_once(tmp_path: Path, place: Path) -> None:
    """Whoever changes it later changes nothing, and what lies above its end counts."""
    end = tmp_path / "elsewhere" / "end"
    end.mkdir(parents=True)
    place.parent.mkdir()
    place.symlink_to(end)
    folder = SessionFolder()
    assert folder.path.parent == end
    folder.remove()
    end.parent.chmod(0o777)
    with pytest.raises(UserError, match="every user of this machine can replace what lies in this folder"):
        SessionFolder()


def test_a_place_that_cannot_be_used_is_named(place: Path) -> None:
    place.parent.mkdir()
    place.touch()
    with pytest.raises(UserError) as caught:
        SessionFolder()
    assert str(caught.value) == (
        f"{place}: Ray's files cannot be kept in this folder (File exists). Set RAY_TMPDIR to a folder of yours."
    )


@pytest.mark.parametrize("long", [False, True])
def test_without_a_place_of_rays_own_the_systems_is_taken(long: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless its name is too long for the paths of Ray's sockets."""
    monkeypatch.delenv("RAY_TMPDIR")
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="a") as users:
        named = Path(users) / ("a" * (LONGEST - len(users) - (not long)))
        monkeypatch.setenv("TMPDIR", str(named))
        folder = SessionFolder()
        assert folder.path.parent == (Path("/tmp") if long else named)
        folder.remove()
