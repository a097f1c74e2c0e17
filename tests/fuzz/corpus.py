"""The kept inputs: one file a target, a DAG-CBOR array of byte strings, sorted, each once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from forge import dagcbor

FOLDER: Final = Path(__file__).with_name("corpus")
MAX_LENGTH: Final = 4096
"""Bytes of one input: what can go wrong does so in a small one, and small ones are quick."""


def path(target: str) -> Path:
    return FOLDER / f"{target}.cbor"


def load(target: str) -> list[bytes]:
    """Read what is kept for a target; nothing where there is no file yet."""
    try:
        kept = dagcbor.decode(path(target).read_bytes())
    except FileNotFoundError:
        return []
    assert isinstance(kept, list)
    return [data for data in kept if isinstance(data, bytes)]


def save(target: str, inputs: Iterable[bytes]) -> int:
    """Keep inputs, and say how many: the same ones are the same file, in whatever order they come."""
    kept = sorted(set(inputs))
    path(target).parent.mkdir(exist_ok=True)
    path(target).write_bytes(dagcbor.encode(kept))
    return len(kept)
