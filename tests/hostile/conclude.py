"""Section `conclude`: receipts that are delivered and are none (protocol §5.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from forge.cid import CID
from forge.varsig import Algorithm
from tests.core.tokens import INV, seal
from tests.hostile.case import Case, Request, accepted, fails
from tests.hostile.parties import AGENT, MALLORY, NOBODY, OWNER, SERVER, dlg, inv, links, name_of, proven, send
from tests.vectors.parts import received

OUT: Final[dict[str, object]] = {"ok": {"done": True}}


def receipt(**fields: object) -> dict[str, object]:
    """The payload of a receipt of the agent's."""
    return received(OUT, **({"iss": str(AGENT.did), "sub": str(AGENT.did)} | fields))


def concluding(*tokens: bytes, receipt: object = None, **fields: object) -> Request:
    """Deliver the first of some tokens, or what is named instead."""
    arguments = {"receipt": name_of(tokens[0]) if receipt is None else receipt}
    return send(inv(**({"cmd": "/ucan/conclude", "args": arguments} | fields)), *tokens)


GOOD: Final = seal(AGENT, INV, receipt())


def cases() -> Iterator[Case]:
    yield Case("conclude/accepted: a receipt of another's", concluding(GOOD), accepted())
    for name, request, error, says in (*forged(), *absent()):
        # Which tokens count as evidence is the executor's affair.
        yield Case(f"conclude/{name}", request, fails(error, says), library=False)
    for name, arguments, says in (
        ("without a receipt", {}, "args.receipt: "),
        ("with the text of a link", {"receipt": str(name_of(GOOD))}, "args.receipt: "),
        ("with the receipt itself", {"receipt": GOOD}, "args.receipt: "),
        ("with null", {"receipt": None}, "args.receipt: "),
        ("with a list of links", {"receipt": links(GOOD)}, "args.receipt: "),
        ("with an argument more", {"receipt": name_of(GOOD), "ran": name_of(GOOD)}, "args.ran: "),
    ):
        yield Case(f"conclude/{name}", concluding(GOOD, args=arguments), fails("MalformedArguments", says))
    yield Case(
        "conclude/by a stranger to the subject",
        concluding(GOOD, iss=str(OWNER.did), sub=str(SERVER.did)),
        fails("InvalidClaim", f'expected issuer "{SERVER.did}"'),
    )
    proof = dlg(cmd="/file/write")
    yield Case(
        "conclude/by a proof of another command",
        Request(proven(proof, cmd="/ucan/conclude", args={"receipt": name_of(GOOD)}).body),
        fails("ImpossibleAttenuation", "from command /file/write to command /ucan/conclude"),
    )


Row = tuple[str, Request, str, str]


def forged() -> Iterator[Row]:
    """Receipts that are not their executor's word."""
    ours = seal(SERVER, INV, receipt(iss=str(SERVER.did), sub=str(SERVER.did)))
    flipped = bytearray(ours)
    flipped[10] ^= 1
    changed = ours.replace(b"ddone\xf5", b"ddone\xf4")
    mismatch = "signature mismatch"
    for name, token, error, says in (
        ("a forged receipt", seal(MALLORY, INV, receipt()), "InvalidSignature", f'signature from "{AGENT.did}"'),
        (
            "a forged receipt of this service's",
            seal(MALLORY, INV, receipt(iss=str(SERVER.did), sub=str(SERVER.did))),
            "InvalidSignature",
            f'signature from "{SERVER.did}"',
        ),
        ("a receipt of this service's with a bit of its signature flipped", bytes(flipped), "InvalidSignature", mismatch),
        ("a receipt of this service's with another result", changed, "InvalidSignature", mismatch),
        ("a receipt without a signature", seal(AGENT, INV, receipt(), signature=b""), "InvalidSignature", mismatch),
        (
            "a receipt with another algorithm's header",
            seal(AGENT, INV, receipt(), header=Algorithm.P256.header),
            "InvalidSignature",
            "the key is ED25519, the signature P256",
        ),
        (
            "a receipt that is absentee",
            seal(AGENT, INV, receipt(), header=Algorithm.ABSENTEE.header, signature=b""),
            "UnverifiableSignature",
            "its signature is absentee",
        ),
        (
            "a receipt in somebody else's name",
            seal(AGENT, INV, receipt(sub=str(SERVER.did))),
            "InvalidClaim",
            "those must be the same",
        ),
        (
            "a receipt about the agent, by the stranger",
            seal(MALLORY, INV, receipt(iss=str(MALLORY.did))),
            "InvalidClaim",
            "those must be the same",
        ),
        (
            "a receipt by somebody whose keys nobody knows",
            seal(AGENT, INV, receipt(iss=str(NOBODY), sub=str(NOBODY))),
            "DIDKeyResolutionError",
            f'unable to resolve "{NOBODY}" key',
        ),
    ):
        yield name, concluding(token), error, says


def absent() -> Iterator[Row]:
    """Links that lead to no receipt. Not as the task that was accepted: a repeat of that needs no evidence."""
    error = "ConclusionReceiptNotFound"
    asked = inv(aud=str(AGENT.did))
    digest = bytes(name_of(GOOD))[4:]
    for name, request, link in (
        ("a receipt that did not come along", concluding(receipt=name_of(GOOD), nonce=b"absent"), name_of(GOOD)),
        ("a receipt that is cut", concluding(GOOD[:-1], receipt=name_of(GOOD), nonce=b"cut"), name_of(GOOD)),
        ("a receipt with a byte behind", concluding(GOOD + b"\0"), name_of(GOOD + b"\0")),
        ("a receipt by the task that it is about", concluding(GOOD, receipt=CID.of(b"\xa0")), CID.of(b"\xa0")),
        (
            "a receipt by a raw link",
            concluding(GOOD, receipt=CID(b"\x01\x55\x12\x20" + digest)),
            CID(b"\x01\x55\x12\x20" + digest),
        ),
        ("a receipt of version 0", concluding(GOOD, receipt=CID(b"\x12\x20" + digest)), CID(b"\x12\x20" + digest)),
        ("an invocation for a receipt", concluding(asked), name_of(asked)),
        ("a delegation for a receipt", concluding(dlg()), name_of(dlg())),
        ("what is no token for a receipt", concluding(b"\xa0"), CID.of(b"\xa0")),
    ):
        yield name, request, error, f'receipt "{link}" not found in container'
    odd = seal(AGENT, INV, receipt(args={"out": {"ok": None}, "ran": CID.of(b"\xa0")}))
    yield "a receipt of null", concluding(odd), error, f'receipt "{name_of(odd)}" not found in container'
    addressed = seal(AGENT, INV, receipt(aud=str(MALLORY.did)))
    yield "a receipt with an audience", concluding(addressed), error, f'receipt "{name_of(addressed)}" not found in container'
