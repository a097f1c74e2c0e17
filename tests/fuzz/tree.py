"""CBOR as a tree that can be bent and written again, with the lengths that then are right.

Reading is lenient: orders, duplicates, tags and widths are kept as they are. Byte strings that hold CBOR, such as the tokens of
a container, are read too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from forge.cid import CID
from forge.keys import Signer
from tests.core.raw import ARRAY, BYTES, MAP, SIMPLE, TAG, TEXT, WIDTHS, cbor, head

MAX_DEPTH: Final = 100
_WIDTH_OF: Final = {code: width for width, code in WIDTHS.items()}
_ENVELOPE_LENGTH: Final = 2


class NotATree(ValueError):
    """Bytes that are not CBOR of definite lengths."""


@dataclass
class Leaf:
    """An integer, a simple value, a float, or a string: its major type, its argument and its content.

    `width` is how many bytes the argument takes, if not as few as it can.
    """

    major: int
    argument: int
    content: bytes = b""
    width: int | None = None


@dataclass
class Branch:
    """An array, a map (keys and values by turns), a tag, or a byte string that holds an item: what is in it."""

    major: int
    argument: int = 0
    items: list[Node] = field(default_factory=list)
    width: int | None = None


Node: TypeAlias = Leaf | Branch


def parse(data: bytes) -> Node:
    """Read the one item that `data` is.

    Raises:
        NotATree: it is none.
    """
    try:
        node, end = _read(data, 0, 0)
    except IndexError:
        raise NotATree from None
    if end != len(data):
        raise NotATree
    return node


def _read(data: bytes, at: int, depth: int) -> tuple[Node, int]:
    if depth > MAX_DEPTH:
        raise NotATree
    major, argument, width, at = _read_head(data, at)
    if major in (BYTES, TEXT):
        end = at + argument
        if end > len(data):
            raise NotATree
        return _string(major, data[at:end], depth, width), end
    if major not in (ARRAY, MAP, TAG):
        return Leaf(major, argument, width=width), at
    count = {ARRAY: argument, MAP: 2 * argument, TAG: 1}[major]
    if count > len(data):
        raise NotATree
    branch = Branch(major, argument, width=width)
    for _ in range(count):
        node, at = _read(data, at, depth + 1)
        branch.items.append(node)
    return branch, at


def _read_head(data: bytes, at: int) -> tuple[int, int, int | None, int]:
    """Read a major type, an argument, its width where that is not the least, and where what follows begins."""
    major, argument = data[at] >> 5, data[at] & 31
    at += 1
    if argument not in _WIDTH_OF:
        if argument > max(_WIDTH_OF):
            raise NotATree
        return major, argument, None, at
    width = _WIDTH_OF[argument]
    if at + width > len(data):
        raise NotATree
    argument = int.from_bytes(data[at : at + width], "big")
    least = head(major, argument) == head(major, argument, width)
    return major, argument, None if least else width, at + width


def _string(major: int, content: bytes, depth: int, width: int | None) -> Node:
    if major == BYTES and content[:1] and content[0] >> 5 in (ARRAY, MAP):
        try:
            node, end = _read(content, 0, depth + 1)
        except (NotATree, IndexError):
            pass
        else:
            if end == len(content):
                return Branch(BYTES, items=[node], width=width)
    return Leaf(major, 0, content, width)


def render(node: Node, *, ordered: bool = True) -> bytes:
    """Write a tree; its maps in DAG-CBOR's order, if that is asked for."""
    if isinstance(node, Leaf):
        if node.major in (BYTES, TEXT):
            return _head(node, len(node.content)) + node.content
        return _head(node, node.argument)
    parts = [render(item, ordered=ordered) for item in node.items]
    if node.major == BYTES:
        inner = b"".join(parts)
        return _head(node, len(inner)) + inner
    if node.major == TAG:
        return _head(node, node.argument) + b"".join(parts)
    if node.major == MAP:
        # An odd one out, left by whatever bent the tree, goes.
        pairs = list(zip(parts[::2], parts[1::2], strict=False))
        if ordered:
            pairs = sorted(dict(pairs).items(), key=lambda pair: (len(pair[0]), pair[0]))
        return _head(node, len(pairs)) + b"".join(key + value for key, value in pairs)
    return _head(node, len(parts)) + b"".join(parts)


def _head(node: Node, argument: int) -> bytes:
    return head(node.major, argument, node.width if node.width and argument < 1 << (8 * node.width) else None)


def copy(node: Node) -> Node:
    """Copy a tree, so that bending one does not bend the other."""
    return replace(node) if isinstance(node, Leaf) else replace(node, items=[copy(item) for item in node.items])


def branches(node: Node) -> list[Branch]:
    """List all that have items, the outermost first."""
    found: list[Branch] = []
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Branch):
            found.append(one)
            waiting += reversed(one.items)
    return found


def sign(node: Node, signers: Mapping[bytes, Signer]) -> None:
    """Sign every envelope in a tree anew, where its issuer is one of ours, so that only what was bent is wrong with it."""
    for branch in reversed(branches(node)):
        if branch.major != ARRAY or len(branch.items) != _ENVELOPE_LENGTH:
            continue
        _, signed = branch.items
        for payload in signed.items[1::2] if isinstance(signed, Branch) and signed.major == MAP else []:
            signer = signers.get(_field(payload, b"iss"))
            if signer is not None and isinstance(signed, Branch):
                for at, key in enumerate(signed.items[:-1:2]):
                    if isinstance(key, Leaf) and key.content == b"h":
                        signed.items[2 * at + 1] = Leaf(BYTES, 0, signer.algorithm.header)
                branch.items[0] = parse(cbor(signer.sign(render(signed))))


def names(node: Node) -> dict[int, bytes]:
    """Name the tokens in a tree: by the identity of each, its link's content."""
    tokens = [branch for branch in branches(node) if branch.major == BYTES and branch.items]
    return {id(token): b"\0" + bytes(CID.of(render(token.items[0]))) for token in tokens}


def relink(node: Node, before: Mapping[int, bytes]) -> None:
    """Let the links to tokens that have changed follow them."""
    now = names(node)
    followed = {before[token]: now[token] for token in now.keys() & before.keys()}
    for branch in branches(node):
        for one in branch.items:
            if isinstance(one, Leaf) and one.major == BYTES:
                one.content = followed.get(one.content, one.content)


def _field(payload: Node, name: bytes) -> bytes:
    """Give the content of a map's field; nothing where there is none."""
    if isinstance(payload, Branch) and payload.major == MAP:
        for key, value in zip(payload.items[::2], payload.items[1::2], strict=False):
            if isinstance(key, Leaf) and key.content == name and isinstance(value, Leaf):
                return value.content
    return b""


def is_number(node: Node) -> bool:
    return isinstance(node, Leaf) and node.major not in (BYTES, TEXT, SIMPLE)
