"""Files that people name on the command line, and what they may give instead of one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from forge import config
from forge.cli.exits import UsageError
from forge.container import MAX_BYTES

STANDARD_INPUT: Final = "-"
MAX_FILE: Final = 3 * MAX_BYTES
"""Bytes of a file: the largest container as hexadecimal text, and some."""
_OTHERS: Final = 0o077


def read(path: Path) -> bytes:
    """Read a file.

    Raises:
        UsageError: it cannot be read, or is larger than anything that belongs here.
    """
    try:
        with path.open("rb") as file:
            return _limited(file.read(MAX_FILE + 1), str(path))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def read_source(given: str) -> bytes:
    """Read what `given` is: `-` for standard input, the name of something that can be read, or the text itself.

    Raises:
        UsageError: it cannot be read.
    """
    if given == STANDARD_INPUT:
        return _limited(sys.stdin.buffer.read(MAX_FILE + 1), "standard input")
    path = Path(given)
    return read(path) if exists(path) else given.encode("utf-8", "surrogateescape")


def exists(path: Path) -> bool:
    """Say whether there is such a file; a text that could not be a file's name names none."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def write(path: Path, content: bytes) -> None:
    """Write a file, or write it anew.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner reads.

    Raises:
        UsageError: there is one already, or it cannot be written.
    """
    try:
        config.write_private(path, content)
    except FileExistsError as error:
        raise UsageError(f"{path}: there is a file already, and keys are never overwritten") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def readable_by_others(path: Path) -> bool:
    """Say whether anybody but its owner may read or write a file."""
    return bool(path.stat().st_mode & _OTHERS)


def _limited(data: bytes, name: str) -> bytes:
    if len(data) > MAX_FILE:
        raise UsageError(f"{name}: larger than {MAX_FILE} bytes")
    return data
