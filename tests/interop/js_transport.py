"""The ways over HTTP: ours by node's fetch, and that of iso-ucan, which is another.

Its body is one bare invocation, without a content type; the server has the proofs already; the answer is JSON, and not signed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from forge.wire import CONTENT_TYPE
from tests.interop.js_chains import HELLO, ONE, OURS, THEIRS, Chain
from tests.interop.js_containers import packed
from tests.interop.js_driver import text, texts
from tests.interop.js_judged import Bench, outcome
from tests.interop.js_made import ours, theirs
from tests.interop.js_people import People
from tests.interop.table import Row

LETTERS: Final = "BCEFOP"


def rows(bench: Bench, people: People) -> Iterator[Row]:
    """Play them."""
    url = bench.service.url
    for letter in LETTERS:
        info = theirs(bench.driver, people, Chain("info", (), by="owner", command="/space/info", arguments={}))
        answer = bench.driver.ask("get", url=f"{url}/space/info", letter=letter, tokens=texts(info.tokens))
        yield Row(f"/space/info by a GET, in a header written as {letter}", THEIRS, "ok", outcome(answer))
    made = theirs(bench.driver, people, Chain("type", ONE))
    answer = bench.driver.ask("post", url=url, tokens=texts(made.tokens), type="application/cbor")
    yield Row("another content type", THEIRS, "415", outcome(answer))
    seen = bench.driver.said("rpc", issuer="service", url=url, audience=bench.service.did, args=text(b"\xa0"))
    yield Row("iso-ucan's own HTTP client", THEIRS, "no JSON", "no JSON" if "JSON" in seen else seen)
    yield from _served(bench, people)


def _served(bench: Bench, people: People) -> Iterator[Row]:
    made = ours(people, Chain("served", ONE))
    how = {"issuer": "service", "prf": texts(made.proofs)}
    bare = bench.driver.ask("serve", body=text(made.token), **how)
    case = "iso-ucan's own HTTP server"
    yield Row(f"{case}: one bare invocation", OURS, f"200 {HELLO}", f"{bare['status']} {bare['body'].get('result')}")
    container = bench.driver.ask("serve", body=text(packed(made).to_cbor()), type=CONTENT_TYPE, **how)
    yield Row(f"{case}: a container", OURS, "400", str(container["status"]))
    stranger = ours(people, Chain("stranger", ONE, by="other"))
    refused = bench.driver.ask("serve", body=text(stranger.token), issuer="service", prf=texts(stranger.proofs))
    yield Row(f"{case}: by somebody else", OURS, "400", str(refused["status"]))
