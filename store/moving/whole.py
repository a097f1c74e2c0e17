"""A new file that is there whole or not at all: written beside its place, on the disk, and only then under its name."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def whole(file: Path, *, like: Path | None = None) -> Iterator[Path]:
    """Give a place to write at. Only its owner may read it, or whoever may read the file that it is to be `like`.

    Raises:
        FileExistsError: there is something of that name; it is left as it is.
        OSError: it cannot be made.
    """
    if file.exists():
        raise FileExistsError(file)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    os.close(descriptor)
    beside = Path(name)
    try:
        yield beside
        if like is not None and like.exists():
            _lend(beside, like.stat())
        _synchronise(beside)
        file.hardlink_to(beside)
        _synchronise(file.parent)
    finally:
        beside.unlink(missing_ok=True)


def _lend(file: Path, like: os.stat_result) -> None:
    """Give a file another's owner and mode."""
    with suppress(PermissionError):
        os.chown(file, like.st_uid, like.st_gid)
    file.chmod(like.st_mode & 0o777)


def _synchronise(path: Path) -> None:
    """See that a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
