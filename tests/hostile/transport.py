"""Section `transport`: reading commands over GET, asked by a header (protocol §10.4)."""

from __future__ import annotations

import gzip
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Final

from forge.wire import MAX_HEADER, MAX_UNZIPPED
from tests.core.raw import cbor
from tests.core.tokens import ABSENT, INV, seal
from tests.hostile.case import Case, Expect, Request, accepted, fails, refused
from tests.hostile.parties import AGENT, HOUR, MALLORY, NOW, ROBOT, SERVER, dlg, inv, invoked, links

READ: Final = "/file/read"
NO_CONTAINER: Final = "X-UCAN-Container: "
LETTER: Final = "begins with the letter of a text encoding"


def container(*tokens: bytes) -> bytes:
    return cbor({"ctn-v1": list(tokens)})


def zipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def standard(data: bytes) -> bytes:
    return b64encode(data)


def url(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def asked(*values: bytes, path: str = READ, method: str = "GET") -> Request:
    return Request(method=method, path=path, headers=tuple(("X-UCAN-Container", value) for value in values), framed=False)


def reading(*tokens: bytes, path: str = READ) -> Request:
    return asked(b"E" + standard(zipped(container(*tokens))), path=path)


def look(**fields: object) -> bytes:
    return inv(**({"cmd": READ} | fields))


GOOD: Final = container(look())
PADDED: Final = next(body for length in range(3) if len(body := container(look(), bytes(length))) % 3)
"""A container whose base64 ends in padding."""
ZIPPED: Final = next(data for length in range(99) if len(data := zipped(container(look(), bytes(range(length))))) % 3)


def cases() -> Iterator[Case]:
    for letter, body in {
        "B": standard(PADDED),
        "C": url(PADDED),
        "E": standard(ZIPPED),
        "F": url(ZIPPED),
        "O": standard(ZIPPED),
        "P": url(ZIPPED),
    }.items():
        yield Case(f"transport/accepted: the letter {letter}", asked(letter.encode() + body), accepted(), library=False)
    proof = dlg(cmd=READ)
    chained = reading(inv(AGENT, cmd=READ, prf=links(proof)), proof)
    yield Case("transport/accepted: with a proof", chained, accepted(), library=False)
    for name, request, expect in (*encodings(), *contents(), *verification(), *paths()):
        yield Case(f"transport/{name}", request, expect, library=False)


Row = tuple[str, Request, Expect]


def encodings() -> Iterator[Row]:
    """Values that are no container."""
    for name, value, says in (
        ("an empty header", b"", LETTER),
        ("a header of white space", b" \t ", LETTER),
        ("the letter of raw CBOR", b"@" + standard(GOOD), LETTER),
        ("the letter of raw gzip", b"D" + url(ZIPPED), LETTER),
        ("the letter of raw gzip, as go-ucan has it", b"M" + url(ZIPPED), LETTER),
        ("no letter", standard(GOOD), LETTER if standard(GOOD)[:1] not in b"BCEFOP" else NO_CONTAINER),
        ("an unknown letter", b"G" + standard(ZIPPED), LETTER),
        ("a small letter", b"e" + standard(ZIPPED), LETTER),
        ("a letter beyond ASCII", b"\xc4" + standard(ZIPPED), LETTER),
        ("in quotes", b'"E' + standard(ZIPPED) + b'"', LETTER),
        ("a letter alone", b"E", NO_CONTAINER),
        ("B without its padding", b"B" + standard(PADDED).rstrip(b"="), NO_CONTAINER),
        ("E without its padding", b"E" + standard(ZIPPED).rstrip(b"="), NO_CONTAINER),
        ("E with too much padding", b"E" + standard(ZIPPED) + b"=", NO_CONTAINER),
        ("E in the other alphabet", b"E_-_-" + standard(ZIPPED), NO_CONTAINER),
        ("E with a space within", b"E" + standard(ZIPPED)[:8] + b" " + standard(ZIPPED)[8:], NO_CONTAINER),
        ("E beyond ASCII", b"E\xe4\xf6" + standard(ZIPPED), NO_CONTAINER),
        ("C with padding", b"C" + urlsafe_b64encode(PADDED), "base64url has no padding"),
        ("F with padding", b"F" + urlsafe_b64encode(ZIPPED), "base64url has no padding"),
        ("F in the other alphabet", b"F+/+/" + url(ZIPPED), "base64url has no padding"),
        ("C of one character too many", b"C" + url(PADDED)[: (len(url(PADDED)) - 1) // 4 * 4 + 1], NO_CONTAINER),
        ("E that is not zipped", b"E" + standard(GOOD), NO_CONTAINER),
        ("B that is zipped", b"B" + standard(ZIPPED), "expected a map with the one key 'ctn-v1'"),
        ("E cut", b"E" + standard(ZIPPED[:-1]), "the gzip stream is cut, or something follows it"),
        ("E with a byte behind", b"E" + standard(ZIPPED + b"\0"), "the gzip stream is cut, or something follows it"),
        ("E of two gzip members", b"E" + standard(ZIPPED + ZIPPED), "the gzip stream is cut, or something follows it"),
        ("E with a wrong checksum", b"E" + standard(ZIPPED[:-8] + bytes(4) + ZIPPED[-4:]), NO_CONTAINER),
        ("E with a wrong length", b"E" + standard(ZIPPED[:-4] + bytes(4)), NO_CONTAINER),
        ("E zipped twice", b"E" + standard(zipped(ZIPPED)), "expected a map with the one key 'ctn-v1'"),
        ("a bomb", b"E" + standard(zipped(bytes(MAX_UNZIPPED + 1))), f"at most {MAX_UNZIPPED} bytes, this unzips to more"),
        ("a container of another version", b"E" + standard(zipped(cbor({"ctn-v2": []}))), "the one key 'ctn-v1'"),
        ("a container with a byte behind", b"E" + standard(zipped(GOOD + b"\0")), "1 bytes after its end"),
        ("a token by itself", b"E" + standard(zipped(look())), "expected a map with the one key 'ctn-v1'"),
        ("too long", b"B" + standard(container(look(), bytes(MAX_HEADER))), f"at most {MAX_HEADER} characters"),
    ):
        yield name, asked(value), refused(400, says)
    yield "no header", asked(), refused(400, 'missing required "X-UCAN-Container" header')
    yield (
        "the container in a body",
        Request(GOOD, method="GET", path=READ),
        refused(400, 'missing required "X-UCAN-Container" header'),
    )
    good = b"E" + standard(ZIPPED)
    yield "two headers, the first empty", asked(b"", good), refused(400, LETTER)
    yield "two headers in one", asked(good + b", " + good), refused(400, NO_CONTAINER)


def contents() -> Iterator[Row]:
    """Containers that do not ask for exactly one thing."""
    none, many = "missing UCAN invocation", "expected exactly 1 invocation addressed to the server, found multiple"
    yield "an empty container", reading(), refused(400, none)
    yield "a delegation alone", reading(dlg(cmd=READ)), refused(400, none)
    yield "an invocation for another", reading(look(aud=str(ROBOT.did))), refused(400, none)
    yield "an invocation for its subject", reading(look(aud=ABSENT)), refused(400, none)
    yield "an invocation that is none", reading(look()[:-1]), refused(400, none)
    yield "two invocations", reading(look(), look(nonce=b"")), refused(400, many)
    yield "the same invocation twice", reading(look(), look()), refused(400, many)
    yield "a good invocation and a forged one", reading(look(), seal(MALLORY, INV, invoked(cmd=READ))), refused(400, many)
    yield "one of another command beside it", reading(look(), inv()), refused(400, many)


def verification() -> Iterator[Row]:
    """What a receipt refuses, in whatever it travels."""
    yield "an old invocation", reading(look(exp=NOW - HOUR)), fails("Expired", "has expired on")
    yield "a forged invocation", reading(seal(MALLORY, INV, invoked(cmd=READ))), fails("InvalidSignature", "signature mismatch")
    yield "no right", reading(inv(AGENT, cmd=READ)), fails("InvalidClaim", "has no proofs")
    proof = dlg(cmd=READ)
    yield "a proof missing", reading(inv(AGENT, cmd=READ, prf=links(proof))), fails("UnavailableProof", "could not be resolved")
    other = dlg(cmd="/file/write")
    yield (
        "a proof of another command",
        reading(inv(AGENT, cmd=READ, prf=links(other)), other),
        fails("ImpossibleAttenuation", "from command /file/write to command /file/read"),
    )
    yield (
        "arguments that are none",
        reading(look(cmd="/customer/get", args={}), path="/customer/get"),
        fails("MalformedArguments", "args.customer"),
    )
    yield (
        "a stranger's customer",
        reading(look(cmd="/customer/get", args={"customer": str(SERVER.did)}), path="/customer/get"),
        fails("CustomerNotFound", str(SERVER.did)),
    )


def paths() -> Iterator[Row]:
    """Paths and methods that do not fit what is asked."""
    changing = refused(405, "/file/write changes something: send it with POST /")
    yield "a command that changes something", reading(inv(), path="/file/write"), changing
    yield "a command that changes something, without a header", asked(path="/file/write"), changing
    mismatch = "the invocation is of /file/write, and the path is /file/read"
    yield "a changing invocation at a reading path", reading(inv()), refused(400, mismatch)
    yield (
        "an invocation of what is below the path",
        reading(inv(cmd="/file/read/now")),
        refused(400, "the invocation is of /file/read/now, and the path is /file/read"),
    )
    good = b"E" + standard(ZIPPED)
    for path in ("/file/read/", "//file/read", "/file", "/FILE/READ", "/file/read/now", "/file/../file/read", "/file%252fread"):
        expect = refused(405, "/file changes something") if path == "/file" else refused(404, "Not Found")
        yield f"at {path}", asked(good, path=path), expect
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        yield f"by {method}", asked(good, method=method), refused(405, "Method Not Allowed")
    yield "by POST at the root", asked(good, path="/", method="POST"), refused(415, "the content type is ''")
