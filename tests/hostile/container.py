"""Section `container`: what tokens travel in, and who they are for (protocol §9)."""

from __future__ import annotations

import gzip
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Final

from forge.container import MAX_TOKENS
from tests.core.raw import Pairs, Raw, cbor
from tests.core.tokens import ABSENT
from tests.hostile.case import Case, Request, accepted, fails, ignored, left_aside, refused
from tests.hostile.parties import AGENT, OWNER, ROBOT, SERVER, WEB, dlg, inv, links, proven, send

TOKEN: Final = inv()
GOOD: Final = cbor({"ctn-v1": [TOKEN]})
ONE_KEY: Final = "not a container: expected a map with the one key 'ctn-v1'"


def cases() -> Iterator[Case]:
    yield Case("container/accepted: one invocation", Request(GOOD), accepted())
    yield from shapes()
    yield from encodings()
    yield from entries()
    yield from others()


def shapes() -> Iterator[Case]:
    """Bodies that are no container."""
    for name, body, why in (
        ("nothing", b"", ONE_KEY),
        ("null", b"\xf6", ONE_KEY),
        ("text", b"hello", ONE_KEY),
        ("an empty map", b"\xa0", ONE_KEY),
        ("an array", cbor([TOKEN]), ONE_KEY),
        ("a token by itself", TOKEN, ONE_KEY),
        ("a container in bytes", cbor(GOOD), ONE_KEY),
        ("a container in a list", cbor([Raw(GOOD)]), ONE_KEY),
        ("another version", cbor({"ctn-v2": [TOKEN]}), ONE_KEY),
        ("the key in upper case", cbor({"CTN-V1": [TOKEN]}), ONE_KEY),
        ("the key with a space behind", cbor({"ctn-v1 ": [TOKEN]}), ONE_KEY),
        ("an extra key behind", cbor({"ctn-v1": [TOKEN], "ctn-v2": []}), ONE_KEY),
        ("an extra key before", cbor({"a": 1, "ctn-v1": [TOKEN]}), ONE_KEY),
        ("keys out of order", cbor(Pairs(("ctn-v2", []), ("ctn-v1", [TOKEN]))), ONE_KEY),
        ("no array", cbor({"ctn-v1": TOKEN}), "ctn-v1: expected an array"),
        ("null for an array", cbor({"ctn-v1": None}), "ctn-v1: expected an array"),
        ("a map for an array", cbor({"ctn-v1": {"0": TOKEN}}), "ctn-v1: expected an array"),
        ("an entry that is text", cbor({"ctn-v1": [TOKEN, "x"]}), "ctn-v1: expected a byte string"),
        ("an entry that is null", cbor({"ctn-v1": [TOKEN, None]}), "ctn-v1: expected a byte string"),
        ("an entry that is a link", cbor({"ctn-v1": [TOKEN, links(TOKEN)[0]]}), "ctn-v1: expected a byte string"),
        ("an entry that is a token and not its bytes", cbor({"ctn-v1": [Raw(TOKEN)]}), "ctn-v1: expected a byte string"),
        ("an entry that is a list of entries", cbor({"ctn-v1": [[TOKEN]]}), "ctn-v1: expected a byte string"),
        ("a JSON container", b'{"ctn-v1":[]}', ONE_KEY),
        ("a CAR", bytes.fromhex("3aa265726f6f7473806776657273696f6e01"), ONE_KEY),
        ("a form", b"ctn-v1=", ONE_KEY),
        ("a hundred thousand brackets", b"\x81" * 100_000 + b"\x80", ONE_KEY),
        ("more entries announced than there are", GOOD[:8] + b"\x82" + GOOD[9:], "the end"),
        ("fewer entries announced than there are", GOOD[:8] + b"\x80" + GOOD[9:], "bytes after its end"),
        ("2^64-1 entries announced", GOOD[:8] + b"\x9b" + b"\xff" * 8, "announces 18446744073709551615 items"),
        ("an entry of 2^63 bytes announced", GOOD[:8] + b"\x81\x5b\x7f" + b"\xff" * 7, "announces"),
    ):
        yield Case(f"container/{name}", Request(body), refused(400, why))
    yield Case(
        f"container/{MAX_TOKENS + 1} entries",
        lambda: send(*[b""] * (MAX_TOKENS + 1)),
        refused(400, f"a container has at most {MAX_TOKENS} tokens, this has {MAX_TOKENS + 1}"),
    )


def encodings() -> Iterator[Case]:
    """Encodings of header containers, none of which a body has."""
    zipped = gzip.compress(GOOD, mtime=0)
    for letter, body in {
        "@": GOOD,
        "B": b64encode(GOOD),
        "C": urlsafe_b64encode(GOOD).rstrip(b"="),
        "D": zipped,
        "E": b64encode(zipped),
        "F": urlsafe_b64encode(zipped).rstrip(b"="),
        "M": zipped,
        "O": b64encode(zipped),
        "P": urlsafe_b64encode(zipped).rstrip(b"="),
    }.items():
        yield Case(f"container/in a body with the letter {letter}", Request(letter.encode() + body), refused(400, ONE_KEY))
    for name, body in {
        "zipped": zipped,
        "in base64": b64encode(GOOD),
        "in hexadecimal": GOOD.hex().encode(),
        "behind a space": b" " + GOOD,
        "behind a byte order mark": b"\xef\xbb\xbf" + GOOD,
    }.items():
        yield Case(f"container/{name}", Request(body), refused(400, ONE_KEY))


def entries() -> Iterator[Case]:
    """Entries that are no tokens, alone and among those that are."""
    empty = "expected an array, found the end"
    yield Case("container/an entry of no bytes", send(b""), left_aside(f"ctn-v1[0]: {empty}"))
    yield Case("container/a container in a container", send(GOOD), left_aside("expected an array"))
    yield Case(
        f"container/{MAX_TOKENS} entries that are no tokens",
        lambda: send(*[b"\x00"] * MAX_TOKENS),
        left_aside(f"ctn-v1[{MAX_TOKENS - 1}]: expected an array"),
    )
    proof = dlg()
    yield Case(
        "container/a proof that is cut, among others",
        send(inv(AGENT, prf=links(proof)), b"", proof[:-1], dlg(AGENT)),
        fails("UnavailableProof", "could not be resolved", aside="ctn-v1[2]: the bytes end within"),
    )
    yield Case(
        "container/a proof in a container of its own",
        send(inv(AGENT, prf=links(proof)), cbor({"ctn-v1": [proof]})),
        fails("UnavailableProof", "could not be resolved", aside="ctn-v1[1]: expected an array"),
    )
    yield Case("container/accepted: a proof twice", send(inv(AGENT, prf=links(proof)), proof, proof), accepted())
    yield Case("container/accepted: an invocation twice runs once", send(TOKEN, TOKEN), accepted())


def others() -> Iterator[Case]:
    """Tokens that ask somebody else for something, or nobody for anything."""
    yield Case("container/empty", send(), ignored())
    yield Case("container/a delegation alone", send(dlg()), ignored())
    for name, audience in {
        "another": str(ROBOT.did),
        "itself": str(OWNER.did),
        "a did:web": str(WEB),
        "this service, in upper case": str(SERVER.did)[:8] + str(SERVER.did)[8:].swapcase(),
        "this service, and more": f"{SERVER.did}1",
        "the service as a did:web": f"did:web:{SERVER.did[8:]}",
    }.items():
        yield Case(
            f"container/for {name}", send(inv(aud=audience)), ignored() if audience[:9] != "did:key:Z" else left_aside("aud: ")
        )
    yield Case("container/for its subject, which is not this service", send(inv(aud=ABSENT)), ignored())
    yield Case(
        "container/for another, with a chain",
        proven(dlg(), aud=str(ROBOT.did)),
        ignored(),
    )
    yield Case(
        "container/for this service by default, without a right",
        send(inv(AGENT, aud=ABSENT, sub=str(SERVER.did))),
        fails("InvalidClaim", f'expected issuer "{SERVER.did}"'),
    )
    yield Case(
        "container/one for another, one for us that is hostile",
        send(inv(aud=str(ROBOT.did)), inv(exp=0)),
        fails("Expired", "has expired on 1970-01-01T00:00:00Z"),
    )
