"""Containers in each encoding, and the ways over HTTP. iso-ucan has neither: its tokens, node's zlib and node's fetch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from forge.container import Container, Encoding
from tests.interop.js_chains import ONE, OURS, THEIRS, Chain
from tests.interop.js_driver import data, text, texts
from tests.interop.js_judged import Bench, outcome
from tests.interop.js_made import ours, theirs
from tests.interop.js_people import People
from tests.interop.table import Row

LETTERS: Final = "@BCDEFMOP"
HEADERS: Final = "BCEFOP"
MODULES: Final = ". capability delegation invocation envelope store varsig policy rpc types"
"""What iso-ucan consists of: neither containers, nor receipts that are tokens, nor revocation, nor promises."""


def rows(bench: Bench, people: People) -> Iterator[Row]:
    """Play them."""
    has = " ".join(name.removeprefix("./") for name in bench.driver.ask("exports"))
    yield Row("what iso-ucan consists of", THEIRS, MODULES, has)
    made = theirs(bench.driver, people, Chain("container", ONE))
    for letter in LETTERS:
        read = Container.decode(data(bench.driver.ask("pack", letter=letter, tokens=texts(made.tokens))))
        kept = [bytes(token) for token in read.tokens] == list(made.tokens)
        yield Row(f"a container written as {letter}", THEIRS, "ok 2", f"{'ok' if kept else 'other tokens'} {len(read.tokens)}")
    given = Container.decode(
        data(bench.driver.ask("pack", letter="@", tokens=texts(ours(people, Chain("container", ONE)).tokens)))
    )
    for encoding in Encoding:
        unpacked = bench.driver.ask("unpack", container=text(given.encode(encoding)))
        kept = sorted(map(data, unpacked)) == sorted(map(bytes, given.tokens))
        yield Row(
            f"a container written as {encoding.value}", OURS, "ok 2", f"{'ok' if kept else 'other tokens'} {len(unpacked)}"
        )
    for letter in HEADERS:
        info = theirs(bench.driver, people, Chain("info", (), by="owner", command="/space/info", arguments={}))
        url = f"{bench.service.url}/space/info"
        seen = outcome(bench.driver.ask("get", url=url, letter=letter, tokens=texts(info.tokens)))
        yield Row(f"/space/info by a GET, in a header written as {letter}", THEIRS, "ok", seen)
    url = bench.service.url
    answer = bench.driver.ask("post", url=url, tokens=texts(made.tokens), type="application/cbor")
    yield Row("another content type", THEIRS, "415", outcome(answer))
    # Its own client sends one bare token, without a content type, and wants JSON.
    seen = bench.driver.said("rpc", issuer="service", url=url, audience=bench.service.did, args=text(b"\xa0"))
    yield Row("iso-ucan's own HTTP client", THEIRS, "no JSON", "no JSON" if "JSON" in seen else seen)
