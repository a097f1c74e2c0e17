"""DAG-CBOR by cbrrr, a library in C that is as strict as `forge.dagcbor`, where it is installed: the extra `fast`.

What it takes, ours takes too, and reads the same from it; what it does not take is for ours to decide. The laws of
`tests/core/test_swift.py` hold the two against each other.
"""

from __future__ import annotations

from typing import Any, Final

from forge.cid import CID

cbrrr: Any
try:
    import cbrrr
except ImportError:  # pragma: no cover - a test makes as if
    cbrrr = None

MAX_BYTES: Final = 16_384
"""Of what it reads: it makes all of it before anybody can count, which is little then, whatever it is."""


def read_map(data: bytes, levels: int, link_cost: int) -> tuple[dict[str, Any], int] | None:
    """Read the map that `data` is; return it, and how many items it has. None: that is for the other reader to say.

    Args:
        data: the map, and nothing behind it.
        levels: how many arrays and maps may stand within each other, this one among them.
        link_cost: what a link counts beyond the item that it is.
    """
    if cbrrr is None or len(data) > MAX_BYTES:
        return None
    try:
        found = cbrrr.decode_dag_cbor(data, cid_ctor=CID)
        return (found, _count(found, levels, link_cost)) if type(found) is dict else None
    except ValueError:
        return None


def write(value: object) -> bytes | None:
    """Write what was read. None: that is for the other writer to do."""
    if cbrrr is None:
        return None
    try:
        return bytes(cbrrr.encode_dag_cbor(value, cid_type=CID))
    except (ValueError, TypeError):
        return None


def _count(value: dict[str, Any] | list[Any], levels: int, link_cost: int) -> int:
    """Count the items.

    Raises:
        ValueError: it is too deep.
    """
    if levels <= 0:
        raise ValueError
    items = len(value)
    for item in value.values() if isinstance(value, dict) else value:
        kind = type(item)
        if kind is dict or kind is list:
            # What is empty is as deep as what is not, and needs no call.
            if item or levels == 1:
                items += _count(item, levels - 1, link_cost)
        elif kind is CID:
            items += link_cost
    return items
