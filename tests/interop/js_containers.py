"""Containers in each encoding. iso-ucan has none: its tokens, between its codec and node's zlib."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from forge.container import Container, Encoding
from tests.core.raw import cbor
from tests.interop.js_chains import ONE, OURS, THEIRS, Chain
from tests.interop.js_driver import data, text, texts
from tests.interop.js_judged import Bench
from tests.interop.js_made import Made, ours, theirs
from tests.interop.js_people import People
from tests.interop.table import Row

LETTERS: Final = "@BCDEFMOP"
MODULES: Final = ". capability delegation invocation envelope store varsig policy rpc types"
"""What iso-ucan consists of: neither containers, nor receipts that are tokens, nor revocation, nor promises."""
KEPT: Final = "both tokens"


def rows(bench: Bench, people: People) -> Iterator[Row]:
    """Play them."""
    has = " ".join(name.removeprefix("./") for name in bench.driver.ask("exports"))
    yield Row("what iso-ucan consists of", THEIRS, MODULES, has)
    made = theirs(bench.driver, people, Chain("container", ONE))
    for letter in LETTERS:
        read = Container.decode(data(bench.driver.ask("pack", letter=letter, tokens=texts(made.tokens))))
        yield Row(f"a container written as {letter}", THEIRS, KEPT, _kept(made, map(bytes, read.tokens)))
    given = ours(people, Chain("container", ONE))
    for encoding in Encoding:
        unpacked = bench.driver.ask("unpack", container=text(packed(given).encode(encoding)))
        yield Row(f"a container written as {encoding.value}", OURS, KEPT, _kept(given, map(data, unpacked)))


def packed(made: Made) -> Container:
    """Put what was made into a container of ours."""
    return Container.from_cbor(cbor({"ctn-v1": list(made.tokens)}))


def _kept(made: Made, found: Iterator[bytes]) -> str:
    return KEPT if sorted(found) == sorted(made.tokens) else "other tokens"
