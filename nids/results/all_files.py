"""All files of a run, those too that readers pass over: hidden ones, such as checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pyarrow import fs

if TYPE_CHECKING:
    from nids.storage import Folder


def all_files(folder: Folder) -> dict[str, int]:
    """Return the files below a folder; on a local disk, links are not followed.

    Returns:
        Path in the folder → size in bytes.

    Raises:
        StorageError: They cannot be listed.
    """
    with folder.explained():
        if folder.is_local:
            root = Path(folder.path)
            below = [path for path in root.rglob("*") if path.is_symlink() or not path.is_dir()]
            return {str(path.relative_to(root)): path.lstat().st_size for path in below}
        found = folder.filesystem.get_file_info(fs.FileSelector(folder.path, allow_not_found=True, recursive=True))
        inside = len(folder.path) + 1
        # An empty object is one that was deleted: see nids.storage.Folder.
        return {info.path[inside:]: info.size for info in found if info.type == fs.FileType.File and info.size}
