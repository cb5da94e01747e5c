"""How pyarrow reaches a store that speaks S3's language, Amazon's or another one."""

from __future__ import annotations

import os

from pyarrow import fs


def leave_checksums_out() -> None:
    """Leave out what stores that only speak S3's language often know nothing of; before a file system is made.

    Amazon's client adds checksums unasked.
    """
    os.environ.setdefault("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")


def opened(uri: str) -> tuple[fs.FileSystem, str]:
    """Return the file system of a URI that begins with ``s3://``, and the path in it."""
    leave_checksums_out()
    # A small file is put with one request, instead of the three of an upload in parts.
    option = "allow_delayed_open=true"
    filesystem, path = fs.FileSystem.from_uri(f"{uri}{'&' if '?' in uri else '?'}{option}")
    return filesystem, path.rstrip("/")
