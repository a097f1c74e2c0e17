"""Section `envelope`: what surrounds the payload, and who signed it (protocol §4.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from forge.envelope import MAX_TOKEN_BYTES
from tests.core.raw import ARRAY, MAP, Pairs, Raw, cbor, head
from tests.core.tokens import DLG, HEADER, INV, seal
from tests.hostile.case import Case, Request, accepted, fails, left_aside, unavailable
from tests.hostile.parties import AGENT, MALLORY, OWNER, delegated, dlg, inv, invoked, proven, send

H_AND_TAG: Final = "what is signed is a map of 'h' and one tag"
GOOD: Final = invoked()
SIGNED: Final = cbor({"h": HEADER, INV: GOOD})
SIGNATURE: Final = OWNER.key.sign(SIGNED)
NOT_BYTES: Final[dict[str, object]] = {"text": "x", "null": None, "an integer": 1, "an array": [SIGNATURE], "a map": {}}
MISMATCH: Final = "signature mismatch"


def cases() -> Iterator[Case]:
    yield Case("envelope/accepted: an invocation", send(inv()), accepted())
    yield Case("envelope/accepted: tagged 1.0.0", send(seal(OWNER, "ucan/inv@1.0.0", GOOD)), accepted())
    yield Case("envelope/accepted: a delegation", proven(dlg()), accepted())
    yield from shapes()
    yield from tags()
    yield from signatures()


def shapes() -> Iterator[Case]:
    """What is no pair of a signature and a map of two."""
    for name, token, why in (
        ("nothing at all", b"", "expected an array, found the end"),
        ("null", b"\xf6", "expected an array"),
        ("text", cbor("ucan"), "expected an array"),
        ("a map", cbor({"s": SIGNATURE, "p": b""}), "expected an array"),
        ("no items", head(ARRAY, 0), "an envelope has two items, this has 0"),
        ("one item", head(ARRAY, 1) + cbor(SIGNATURE), "an envelope has two items, this has 1"),
        ("three items", seal(OWNER, INV, GOOD, head=b"\x83", tail=b"\xf6"), "an envelope has two items, this has 3"),
        ("the two items exchanged", b"\x82" + SIGNED + cbor(SIGNATURE), "an envelope's signature is a byte string"),
        ("an envelope in bytes", cbor(inv()), "expected an array"),
        ("an envelope in an envelope", b"\x82" + cbor(SIGNATURE) + inv(), H_AND_TAG),
        ("a token as JSON", b'[{"/":{"bytes":""}},{}]', "expected an array"),
        ("a token as a JWT", b"eyJhbGciOiJFZERTQSJ9.e30.AA", "expected an array"),
    ):
        yield Case(f"envelope/{name}", send(token), left_aside(why))
    for name, item in NOT_BYTES.items():
        token = b"\x82" + cbor(item) + SIGNED
        yield Case(f"envelope/a signature that is {name}", send(token), left_aside("an envelope's signature is a byte string"))
    for name, signed in {
        "without a header": {INV: GOOD},
        "of a header alone": {"h": HEADER},
        "that is empty": {},
        "with the header behind": Pairs((INV, GOOD), ("h", HEADER)),
        "of both tags": {"h": HEADER, INV: GOOD, DLG: delegated()},
        "with an extra key": {"h": HEADER, INV: GOOD, "ucan/ext@1.0.0-rc.1": {}},
        "with the header under another name": {"H": HEADER, INV: GOOD},
        "in bytes": SIGNED,
        "in an array": ["h", HEADER, INV, GOOD],
        "that is null": Raw(b"\xf6"),
    }.items():
        yield Case(f"envelope/a SigPayload {name}", send(seal(OWNER, INV, GOOD, signed=signed)), left_aside(H_AND_TAG))
    for name, item in {"bytes": cbor(GOOD), **NOT_BYTES}.items():
        if name != "a map":
            yield Case(f"envelope/a payload that is {name}", send(seal(OWNER, INV, item)), left_aside("expected a map"))
    yield Case("envelope/a payload that is empty", send(seal(OWNER, INV, {})), left_aside("prf: missing"))
    yield Case(
        "envelope/a payload that is another map's head",
        send(seal(OWNER, INV, GOOD, signed=Pairs(("h", HEADER), ("h", GOOD)))),
        left_aside("the tag is text such as"),
    )
    yield Case("envelope/larger than a token may be", large, left_aside(f"a token has at most {MAX_TOKEN_BYTES} bytes"))


def large() -> Request:
    return send(inv(args={"text": "x" * MAX_TOKEN_BYTES}))


def tags() -> Iterator[Case]:
    """Tags of other versions, of other kinds, and of none."""
    for tag in (
        *(
            "ucan/inv@0.9.1",
            "ucan/inv@0.10.0",
            "ucan/inv@1.0.0-rc.2",
            "ucan/inv@1.0.0-rc.10",
            "ucan/inv@1.0.1",
            "ucan/inv@2.0.0",
        ),
        *(
            "ucan/inv@",
            "ucan/inv",
            "ucan/INV@1.0.0",
            "UCAN/inv@1.0.0",
            " ucan/inv@1.0.0",
            "ucan/inv@1.0.0 ",
            "ucan/inv@1.0.0\0",
        ),
        *("ucan/i/1.0.0-rc.1", "ucan/rcp@1.0.0-rc.1", "ucan/example@v1.0.0-rc.1", "ucan/inv@1.0.0-rc.1-x", "uсan/inv@1.0.0"),
    ):
        yield Case(f"envelope/tagged {tag!r}", send(seal(OWNER, tag, GOOD)), left_aside(f"the tag is {tag!r}, not one of"))
    for tag in ("ucan/dlg@0.9.1", "ucan/dlg@1.0.0-rc.2", "ucan/dlg@", "ucan/dlg@1.0.0-rc.1x"):
        proof = seal(OWNER, tag, delegated())
        yield Case(f"envelope/a proof tagged {tag!r}", proven(proof), unavailable(f"the tag is {tag!r}, not one of"))
    for name, item in {"bytes": INV.encode(), "null": None, "an integer": 1}.items():
        token = seal(OWNER, INV, GOOD, signed=Pairs(("h", HEADER), (item, GOOD)))
        yield Case(f"envelope/a tag that is {name}", send(token), left_aside("the tag is text such as"))
    yield Case("envelope/a delegation under inv", send(seal(OWNER, INV, delegated())), left_aside("prf: missing"))
    yield Case("envelope/an invocation under dlg", send(seal(OWNER, DLG, GOOD)), left_aside("pol: missing"))
    yield Case("envelope/an invocation under dlg for a proof", proven(seal(OWNER, DLG, GOOD)), unavailable("pol: missing"))


def signatures() -> Iterator[Case]:
    """Signatures that are not the issuer's, or not over this."""
    for name, signature in {
        "empty": b"",
        "of 63 bytes": SIGNATURE[:-1],
        "of 65 bytes": SIGNATURE + b"\0",
        "of zeros": bytes(64),
        "of ones": b"\xff" * 64,
        "with its first bit flipped": bytes((SIGNATURE[0] ^ 0x80,)) + SIGNATURE[1:],
        "with its last bit flipped": SIGNATURE[:-1] + bytes((SIGNATURE[-1] ^ 1,)),
        "with its halves exchanged": SIGNATURE[32:] + SIGNATURE[:32],
        "with the order added to s": SIGNATURE[:32] + (int.from_bytes(SIGNATURE[32:], "little") + ORDER).to_bytes(32, "little"),
        "with R the neutral point and s 0": b"\x01" + bytes(63),
        "of another's key": MALLORY.key.sign(SIGNED),
        "over the payload alone": OWNER.key.sign(cbor(GOOD)),
        "over the whole envelope": OWNER.key.sign(inv()),
        "over nothing": OWNER.key.sign(b""),
        "of another invocation": OWNER.key.sign(cbor({"h": HEADER, INV: invoked(args={"text": "y"})})),
        "of the other tag": OWNER.key.sign(cbor({"h": HEADER, "ucan/inv@1.0.0": GOOD})),
        "of a megabyte": bytes(1 << 20),
    }.items():
        token = seal(OWNER, INV, GOOD, signature=signature)
        yield Case(f"envelope/a signature {name}", send(token), fails("InvalidSignature", MISMATCH))
    token, good = inv(), dlg()
    for name, place in {
        "the time": token.index(b"cexp") + 8,
        "the nonce": -1,
        "the arguments": token.index(b"dtext") + 6,
    }.items():
        flipped = bytearray(token)
        flipped[place] ^= 1
        yield Case(
            f"envelope/a bit flipped behind the signature: {name}", send(bytes(flipped)), fails("InvalidSignature", MISMATCH)
        )
    for name, proof in {
        "with a bit flipped": good[:40] + bytes((good[40] ^ 1,)) + good[41:],
        "of another's key": seal(MALLORY, DLG, delegated()),
        "of the audience's own key": seal(AGENT, DLG, delegated()),
        "that is empty": seal(OWNER, DLG, delegated(), signature=b""),
        "of the invocation": seal(OWNER, DLG, delegated(), signature=SIGNATURE),
    }.items():
        yield Case(
            f"envelope/a proof with a signature {name}",
            proven(proof),
            fails("InvalidSignature", "It is the proof (proof 1 of 1)."),
        )
    yield Case(
        "envelope/a head of a payload that nobody signed",
        send(b"\x82" + cbor(SIGNATURE) + head(MAP, 2) + SIGNED[1:].replace(b"/file/write", b"/file/wrote")),
        fails("HandlerNotFound", '"/file/wrote"'),
    )


ORDER: Final = (1 << 252) + 27742317777372353535851937790883648493
"""Of Ed25519's group: with it added to s, a lenient verifier takes a second signature for the same."""
