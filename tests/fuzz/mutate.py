"""What the fuzzer does to an input: bytes are bent by libFuzzer, and what has a structure is bent as the tree that it is.

A byte changed at random in a token almost always spoils a length; then nothing is reached but the decoder. Here items are
replaced, doubled, moved, wrapped and taken out, lengths and signatures are made right again, and the text of a container is
unwrapped and wrapped.
"""

from __future__ import annotations

import binascii
import json
import zlib
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Final, TypeAlias

from forge import dagcbor
from forge.errors import DagCborError
from tests.core.raw import ARRAY, BYTES, MAP, TEXT, cbor
from tests.fuzz.laws.selector import SEPARATOR
from tests.fuzz.people import SIGNERS
from tests.fuzz.pieces import POOLS
from tests.fuzz.tree import Branch, Leaf, Node, NotATree, branches, copy, is_number, names, parse, relink, render, sign

Bend: TypeAlias = Callable[[bytes], bytes]
"""Changes bytes without knowing what they are."""

DEEP: Final = (1, 1, 2, 62, 63, 64, 65)
EDGES: Final = (0, 1, 23, 24, 127, 128, 255, 256, 65535, 65536, (1 << 32) - 1, 1 << 32, (1 << 53) - 1, 1 << 53, (1 << 64) - 1)
ZIPPED: Final = b"DEFMOP"
BINARY: Final = b"@DM"
LETTERS: Final = b"@BCDEFMOP"


class Mutator:
    """Bends the inputs of one target."""

    def __init__(self, target: str, bend: Bend, random: Random, other: bytes = b"") -> None:
        self._target = target
        self._bend = bend
        self._random = random
        self._other = other
        """Another input, of which parts may be taken."""

    def mutate(self, data: bytes) -> bytes:
        """Bend one input."""
        if self._random.random() < 0.3:
            return self._bend(data)
        try:
            return self._structured(data)
        except (NotATree, ValueError, RecursionError):
            return self._bend(data)

    def _structured(self, data: bytes) -> bytes:
        match self._target:
            case "selector":
                text, separator, rest = data.partition(SEPARATOR)
                if not separator or self._random.random() < 0.5:
                    return self._pieces(text) + separator + rest
                return text + separator + self._tree(rest)
            case "document":
                return self._json(data)
            case "container":
                return self._container(data)
            case _:
                return self._tree(data)

    # -- what is around the tree

    def _container(self, data: bytes) -> bytes:
        letter = data.strip()[:1]
        if not letter or letter not in LETTERS:
            return self._wrapped(self._tree(data))
        body = data.strip()[1:]
        try:
            if letter not in BINARY:
                body = b64decode(body.replace(b"-", b"+").replace(b"_", b"/") + b"==")
            if letter in ZIPPED:
                body = zlib.decompressobj(31).decompress(body, 1 << 16)
        except (binascii.Error, zlib.error) as error:
            raise NotATree from error
        return self._wrapped(self._tree(body))

    def _wrapped(self, body: bytes) -> bytes:
        # The bare CBOR as often as all the wrappings together.
        letter = bytes([self._random.choice(LETTERS)]) if self._random.random() < 0.5 else b""
        if letter and letter in ZIPPED:
            packer = zlib.compressobj(wbits=31)
            body = packer.compress(body) + packer.flush()
        if letter and letter not in BINARY:
            body = b64encode(body) if letter in b"BEO" else urlsafe_b64encode(body).rstrip(b"=")
        return letter + body

    def _json(self, data: bytes) -> bytes:
        value = json.loads(data)
        try:
            bent = dagcbor.decode(self._tree(cbor(value)))
            return json.dumps(bent, ensure_ascii=self._random.random() < 0.5).encode()
        except (DagCborError, TypeError) as error:
            raise NotATree from error

    def _pieces(self, text: bytes) -> bytes:
        """Bend a text of which the pool knows pieces."""
        for _ in range(self._random.choice((1, 1, 2, 4))):
            at = self._random.randrange(len(text) + 1)
            end = min(len(text), at + self._random.choice((0, 0, 1, 3)))
            piece = self._random.choice(POOLS[self._target].texts) if self._random.random() < 0.8 else text[at : at + 9]
            text = text[:at] + piece + text[end:]
        return text

    # -- the tree

    def _tree(self, data: bytes) -> bytes:
        # What is above the root is a branch too, so that the root is an item like any other.
        above = Branch(ARRAY, items=[parse(data)])
        before = names(above)
        for _ in range(self._random.choice((1, 1, 1, 2, 3, 6))):
            self._operate(above)
        root = above.items[0] if above.items else self._piece()
        if self._random.random() < 0.7:
            sign(root, SIGNERS)
            if before:
                # A chain holds together by the names of its proofs, which have changed with them.
                relink(root, before)
                sign(root, SIGNERS)
        return render(root, ordered=self._random.random() < 0.95)

    def _operate(self, above: Branch) -> None:  # noqa: C901 - one branch an operation
        random = self._random
        branch = random.choice([one for one in branches(above) if one.items] or [above])
        if not branch.items:
            branch.items.append(self._piece())
            return
        at = random.randrange(len(branch.items))
        step = 2 if branch.major == MAP else 1
        begin = at - at % step
        match random.randrange(12):
            case 0:
                branch.items[at] = self._piece()
            case 1:
                branch.items[at] = copy(random.choice(random.choice(branches(above)).items or [branch]))
            case 2 if branch is not above:
                del branch.items[begin : begin + step]
            case 3 if branch is not above:
                branch.items[begin:begin] = [copy(one) for one in branch.items[begin : begin + step]]
            case 4 if branch is not above:
                branch.items[begin:begin] = [self._piece() for _ in range(step)]
            case 5:
                other = random.randrange(len(branch.items))
                branch.items[at], branch.items[other] = branch.items[other], branch.items[at]
            case 6:
                for _ in range(random.choice(DEEP)):
                    inner = [branch.items[at]] if random.random() < 0.7 else [Leaf(TEXT, 0, b"a"), branch.items[at]]
                    branch.items[at] = Branch(ARRAY if len(inner) == 1 else MAP, items=inner)
            case 7 if self._other:
                branch.items[at] = self._foreign()
            case _:
                branch.items[at] = self._bent(branch.items[at])

    def _bent(self, node: Node) -> Node:
        """Bend what has no items; to what has, add one."""
        random = self._random
        if random.random() < 0.05:
            return replace(node, width=random.choice((1, 2, 4, 8)))
        if isinstance(node, Branch):
            if node.major in (ARRAY, MAP):
                node.items += [self._piece() for _ in range(1 if node.major == ARRAY else 2)]
            return node
        if node.major in (BYTES, TEXT):
            if random.random() < 0.3 and POOLS[self._target].texts:
                return Leaf(node.major, 0, self._pieces(node.content))
            return Leaf(
                random.choice((node.major, node.major, node.major, BYTES + TEXT - node.major)), 0, self._bend(node.content)
            )
        if is_number(node):
            near = (node.argument + random.choice((-1, 1))) % (1 << 64)
            return Leaf(random.choice((0, 1, node.major)), random.choice((near, near, *EDGES)))
        return self._piece()

    def _piece(self) -> Node:
        return parse(self._random.choice(POOLS[self._target].items))

    def _foreign(self) -> Node:
        """Take a part of the other input."""
        parts = [part for one in branches(parse(self._other)) for part in one.items]
        return copy(self._random.choice(parts)) if parts else self._piece()


def crossed(one: bytes, other: bytes, random: Random) -> bytes:
    """Join the beginning of one input and the end of another."""
    return one[: random.randrange(len(one) + 1)] + other[random.randrange(len(other) + 1) :]
