"""Values as policies see them (protocol §6.2): which are equal, which a policy may contain, and how a message shows them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from math import isfinite
from typing import Final, TypeGuard

from forge.cid import CID
from forge.dagcbor import MAX_DEPTH, Value
from forge.errors import PolicyError
from forge.policy.budget import CHARACTERS_PER_STEP, Budget

# Characters of a message that one value takes: enough to recognize it by.
SHOWN: Final = 80
# Bits of an integer that a message writes out in digits; Python refuses to write some thousands of digits.
_SHOWN_BITS: Final = 256
_BITS_PER_CHARACTER: Final = 8

# The kinds within which `==` is Python's. Numbers are a kind of their own, and whatever else there is equals nothing.
_KINDS: Final = (str, bool, bytes, CID, type(None))

# What needs no copy and no check: nearly all of a long literal, whose copy would otherwise cost as much as its decoding.
_PLAIN: Final = frozenset((*_KINDS, int))


def is_number(value: object) -> TypeGuard[int | float]:
    """Say whether `value` is a number. A boolean is none, whatever Python says."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def equal(one: Value, other: Value, budget: Budget) -> bool:
    """Compare deeply: numbers by what they count, maps in any order, everything else only with its own kind.

    Walks with a stack of its own: values deeper than any decoder gives do not exhaust Python's.

    Raises:
        MatchError: the budget is used up.
    """
    pairs = [(one, other)]
    while pairs:
        left, right = pairs.pop()
        budget.spend(1 + min(length(left), length(right)) // CHARACTERS_PER_STEP)
        if isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            budget.spend(len(left))
            pairs.extend(zip(left, right, strict=True))
        elif isinstance(left, dict) and isinstance(right, dict):
            if len(left) != len(right):
                return False
            for key, value in left.items():
                budget.spend(1 + len(key) // CHARACTERS_PER_STEP)
                if key not in right:
                    return False
                pairs.append((value, right[key]))
        elif not _same(left, right):
            return False
    return True


def length(value: Value) -> int:
    """Give the characters that comparing `value` itself may touch."""
    if isinstance(value, (str, bytes)):
        return len(value)
    return value.bit_length() // _BITS_PER_CHARACTER if isinstance(value, int) else 0


def _same(left: Value, right: Value) -> bool:
    if is_number(left):
        # Exact between int and float, however large.
        return is_number(right) and left == right
    for kind in _KINDS:
        if isinstance(left, kind):
            return isinstance(right, kind) and left == right
    return False


def copied(value: Value, level: int = 0) -> Value:
    """Copy what a policy is made of, so that nobody changes it from outside.

    Raises:
        PolicyError: it is nothing that DAG-CBOR can say, or lists and maps are nested too deeply in it.
    """
    if isinstance(value, (list, dict)):
        if level == MAX_DEPTH:
            raise PolicyError(f"lists and maps are nested at most {MAX_DEPTH} deep")
        if isinstance(value, list):
            return [item if type(item) in _PLAIN else _member(index, item, level) for index, item in enumerate(value)]
        return {_key(key): item if type(item) in _PLAIN else _member(key, item, level) for key, item in value.items()}
    if isinstance(value, float) and not isfinite(value):
        raise PolicyError(f"a number is finite, not {value}")
    if is_number(value) or isinstance(value, _KINDS):
        return value
    raise PolicyError(f"not a DAG-CBOR value: {kind_of(value)}")


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    raise PolicyError(f"a map's key is a string, not {kind_of(key)}")


def _member(at: int | str, value: Value, level: int) -> Value:
    """Copy a member; the place of an error is put together on its way out, which most copies never need."""
    try:
        return copied(value, level + 1)
    except PolicyError as error:
        raise PolicyError(error.reason, f"[{shown(at)}]{error.place}") from None


def kind_of(value: object) -> str:
    """Name the kind of a value, as the specification does."""
    if is_number(value):
        return "a number"
    names = {
        str: "a string",
        bool: "a boolean",
        bytes: "bytes",
        CID: "a link",
        type(None): "null",
        list: "a list",
        dict: "a map",
    }
    return next((name for kind, name in names.items() if isinstance(value, kind)), f"a Python {type(value).__name__}")


def shown(value: object, room: int = SHOWN) -> str:
    """Write `value` as compact DAG-JSON, cut where it is longer than `room` characters. Looks at no more than those."""
    return cut(_text(value, room), room)


def cut(text: str, room: int) -> str:
    """Shorten `text` to `room` characters; the last of them says so."""
    return text if len(text) <= room else text[: room - 1] + "…"


def _text(value: object, room: int) -> str:
    """Write the beginning of `value`: more than `room` characters, unless it ends before."""
    if room <= 0:
        # Each level of nesting takes a character at least, so that this also bounds the recursion.
        return "…"
    if isinstance(value, list):
        return _joined("[", (("", item) for item in value), "]", room)
    if isinstance(value, dict):
        return _joined("{", ((_text(key, room) + ":", item) for key, item in value.items()), "}", room)
    if isinstance(value, str):
        # A lone surrogate, which no decoder lets in, would spoil whatever the message is written to.
        return json.dumps(value[:room], ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
    return _plain(value[:room] if isinstance(value, bytes) else value)


def _plain(value: object) -> str:
    """Write a value that is neither text nor made of others."""
    match value:
        case bytes():
            text = f'{{"/":{{"bytes":"{b64encode(value).decode().rstrip("=")}"}}}}'
        case CID():
            text = f'{{"/":"{value}"}}'
        case int() if value.bit_length() > _SHOWN_BITS:
            text = f"<integer of {value.bit_length()} bits>"
        case None | bool() | int() | float():
            text = json.dumps(value)
        case _:
            text = f"<{kind_of(value)}>"
    return text


def _joined(start: str, members: Iterable[tuple[str, object]], end: str, room: int) -> str:
    text = start
    for name, item in members:
        if len(text) > room:
            return text
        text += ("," if len(text) > len(start) else "") + name
        text += _text(item, room - len(text))
    return text + end
