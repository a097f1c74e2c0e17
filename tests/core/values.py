"""Values that DAG-CBOR can say, and bytes near what it means, for property tests."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from hypothesis import strategies as st

from forge.cid import CID
from forge.dagcbor import Value

LINKS: Final = st.one_of(
    st.binary(max_size=4).map(CID.of),
    st.binary(max_size=4).map(CID.of_raw),
    st.binary(min_size=32, max_size=32).map(lambda digest: CID(b"\x12\x20" + digest)),
    st.binary(max_size=9).map(lambda digest: CID(bytes((1, 0x55, 0, len(digest))) + digest)),
)
WIDE: Final = 1 << (256 * 8)
INTEGERS: Final = st.one_of(
    st.integers(-300, 300),
    st.integers(-(1 << 65), 1 << 65),
    st.integers(-WIDE, WIDE - 1),
    st.sampled_from([0, 23, 24, 255, 256, 65535, 65536]).flatmap(lambda n: st.sampled_from([n, -1 - n])),
    st.sampled_from([(1 << 32) - 1, 1 << 32, (1 << 64) - 1, 1 << 64]).flatmap(lambda n: st.sampled_from([n, -1 - n])),
)
SCALARS: Final[st.SearchStrategy[Value]] = st.one_of(
    st.none(),
    st.booleans(),
    INTEGERS,
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30),
    st.binary(max_size=300),
    LINKS,
)
VALUES: Final[st.SearchStrategy[Value]] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=4), inner, max_size=5),
    max_leaves=12,
)


def identical(one: Any, other: Any) -> bool:
    """Equal, and of the same types down to the last: 1, 1.0 and True are three values, and so are 0.0 and -0.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(identical, one, other))
    if isinstance(one, dict):
        # In the same order too.
        return list(one) == list(other) and all(identical(one[key], other[key]) for key in one)
    return one.hex() == other.hex() if isinstance(one, float) else bool(one == other)


def random_of(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - mutations are no secrets


def mutated(data: bytes, random: Random) -> bytes:
    """`data` with one to four bytes changed, taken out, put in, or stretches of it cut, doubled or moved."""
    out = bytearray(data)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(out) + 1)
        match random.randrange(8):
            case 0 | 1 | 2 if at < len(out):
                out[at] = random.randrange(256)
            case 3 if at < len(out):
                out[at] ^= 1 << random.randrange(8)
            case 4:
                del out[at : at + random.choice((1, 1, 2, 40))]
            case 5:
                out[at:at] = random.randbytes(random.choice((1, 1, 2, 9)))
            case 6:
                out[at:at] = out[at : at + random.randrange(20)]
            case _:
                del out[random.randrange(len(out) + 1) :]
    return bytes(out)
