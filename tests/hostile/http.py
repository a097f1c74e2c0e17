"""Section `http`: requests that are none, before there is any container (protocol §10.1)."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Final

from forge.container import MAX_BYTES
from forge.wire import CONTENT_TYPE
from tests.hostile.case import CONTAINER, Case, Headers, Request, accepted, refused
from tests.hostile.parties import OWNER, inv, send

ABSENT: Final = "bafyreifqsojs54lpxxyx5xfqxiwkc4paglcyqd7vjzrcyapxi557extz6m"
BODY: Final = send(inv()).body
TYPE: Final = CONTENT_TYPE.encode()


def cases() -> Iterator[Case]:
    yield from types()
    yield from places()
    yield from framing()


def typed(*types: bytes) -> Headers:
    return tuple(("Content-Type", one) for one in types)


def types() -> Iterator[Case]:
    """Content types."""
    for name, value in {
        "with a parameter": TYPE + b"; charset=utf-8",
        "in upper case": TYPE.upper(),
    }.items():
        yield Case(f"http/accepted: a content type {name}", Request(BODY, headers=typed(value)), accepted())
    for name, value in {
        "of CBOR": b"application/cbor",
        "of JSON": b"application/json",
        "of DAG-JSON": b"application/vnd.ipld.dag-json",
        "of a CAR": b"application/vnd.ipld.car",
        "of anything": b"*/*",
        "of a form": b"application/x-www-form-urlencoded",
        "of parts": b"multipart/form-data; boundary=x",
        "that is empty": b"",
        "that is longer": TYPE + b"-x",
        "that is shorter": TYPE[:-1],
        "that hides in a parameter": b"text/plain; x=" + TYPE,
        "of two, with a comma": b"text/plain, " + TYPE,
        "beyond ASCII": b"application/vnd.ipld.d\xe4g-cbor",
        "of ten thousand characters": b"x" * 10_000,
    }.items():
        case = Request(BODY, headers=typed(value))
        yield Case(f"http/a content type {name}", case, refused(415, f"expected {CONTENT_TYPE}"), library=False)
    yield Case("http/no content type", Request(BODY, headers=()), refused(415, "the content type is ''"), library=False)
    yield Case(
        "http/two content types, the wrong one first",
        Request(BODY, headers=typed(b"text/plain", TYPE)),
        refused(415, "the content type is 'text/plain'"),
        library=False,
    )


def places() -> Iterator[Case]:
    """Methods and paths."""
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"):
        request = Request(BODY, method=method)
        yield Case(f"http/{method}", request, refused(405, "Method Not Allowed"), library=False)
    for path in ("/file/write/now", "/receipt", "/health/live/", "/.well-known/ucan", "/%2e%2e/", "//", "/*"):
        yield Case(f"http/to {path}", Request(BODY, path=path), refused(404, "Not Found"), library=False)
    for path in ("/file/write", "/file/read", "/health/live", "/metrics", "/receipt/x", "/.well-known/did.json"):
        yield Case(f"http/to {path}", Request(BODY, path=path), refused(405, "Method Not Allowed"), library=False)
    for name, task in {
        "no CID": "x",
        "a CID cut": "bafyreifqsojs54lpxxyx5xfqxiwkc4paglcyqd7vjzrcyapxi557extz6",
        "a CID in mixed case": "bafyreifqsojs54lpxxyx5xfqxiwkc4paglcyqd7vjzrcyapxi557extz6M",
        "a path": "%2e%2e%2fforge.db",
        "a statement": "'%20OR%201=1--",
        "ten thousand characters": "b" + "a" * 10_000,
    }.items():
        request = Request(method="GET", path=f"/receipt/{task}", headers=())
        expect = refused(404, "Not Found") if "%2f" in task else refused(400, "CID")
        yield Case(f"http/the receipt of {name}", request, expect, library=False)
    for name, query, status, says in (
        ("a task that never ran", "", 404, "no receipt of task"),
        ("a task that never ran anywhere", f"?executor={OWNER.did}", 404, "no receipt of task"),
        ("somebody who is nobody", "?executor=x", 400, "not a DID: 'x'"),
        ("somebody of no name", "?executor=", 400, "not a DID: ''"),
        ("somebody with an endless name", f"?executor=did:web:{'x' * 3000}", 400, "a DID has at most 2048 characters"),
    ):
        request = Request(method="GET", path=f"/receipt/{ABSENT}{query}", headers=())
        yield Case(f"http/the receipt of {name}", request, refused(status, says), library=False)


def framing() -> Iterator[Case]:
    """Bodies that are not as long, or not as, they say."""
    encoded = (*CONTAINER, ("Content-Encoding", b"gzip"))
    yield Case(
        "http/a body that is zipped",
        Request(gzip.compress(BODY, mtime=0), headers=encoded),
        refused(400, "not a container"),
    )
    bomb = gzip.compress(bytes(MAX_BYTES * 8), mtime=0)
    yield Case("http/a body that is a bomb", Request(bomb, headers=encoded), refused(400, "not a container"))
    yield Case("http/a body that does not say that it is too large", large, refused(413, f"{MAX_BYTES} bytes"), library=False)
    for name, headers, body, status, says in (
        ("announced too large", (("Content-Length", b"%d" % (MAX_BYTES + 1)),), b"", 413, f"at most {MAX_BYTES} bytes"),
        ("in chunks, one of them not in hexadecimal", CHUNKED, b"xyz\r\n", 400, "Invalid HTTP request"),
        ("in chunks, the length negative", CHUNKED, b"-1\r\n\r\n", 400, "Invalid HTTP request"),
        ("in chunks, cut in two", CHUNKED, chunks(BODY[:100]), 400, "not a container"),
        ("of a length that is no number", (("Content-Length", b"ten"),), BODY, 400, "Invalid HTTP request"),
        ("of a length that is negative", (("Content-Length", b"-1"),), BODY, 400, "Invalid HTTP request"),
        ("of two lengths", (("Content-Length", b"1"), ("Content-Length", b"2")), BODY, 400, "Invalid HTTP request"),
        ("of a length and in chunks", (("Content-Length", b"1"), *CHUNKED), chunks(BODY), 400, "Invalid HTTP request"),
        ("of a length that is shorter", (("Content-Length", b"%d" % (len(BODY) - 1)),), BODY[:-1], 400, "not a container"),
    ):
        request = Request(body, headers=(*CONTAINER, *headers), framed=False)
        yield Case(f"http/a body {name}", request, refused(status, says), library=False)
    yield Case(
        "http/accepted: a body in chunks of a byte",
        Request(
            b"".join(b"1\r\n" + BODY[at : at + 1] + b"\r\n" for at in range(len(BODY))) + b"0\r\n\r\n",
            headers=(*CONTAINER, *CHUNKED),
            framed=False,
        ),
        accepted(),
        library=False,
    )


CHUNKED: Final[Headers] = (("Transfer-Encoding", b"chunked"),)


def large() -> Request:
    """A body that ends where it is one byte too large: what a service has not read when it closes may cost us the answer."""
    size = MAX_BYTES + 1
    return Request(b"%x\r\n" % size + bytes(size), headers=(*CONTAINER, *CHUNKED), framed=False)


def chunks(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
