"""Section `revocation`: who may take nothing back, what shows it, and what was taken back (protocol §13)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from forge.cid import CID
from forge.keys import Signer
from forge.revocation import MAX_PATH, MAX_RECORD
from forge.varsig import Algorithm
from tests.core.tokens import ABSENT, DLG, INV, seal
from tests.hostile.case import Case, Request, accepted, fails, ignored, refused
from tests.hostile.parties import (
    AGENT,
    HOUR,
    MALLORY,
    NOBODY,
    NOW,
    OWNER,
    PEOPLE,
    ROBOT,
    SERVER,
    chain,
    delegated,
    dlg,
    inv,
    invoked,
    links,
    name_of,
    proven,
    send,
)

COMMAND: Final = "/ucan/revoke"
SUBJECT: Final = str(OWNER.did)
LAST: Final = PEOPLE[3]


def fresh(name: str, **fields: object) -> list[bytes]:
    """A chain of three of its own: what is revoked here is relied on nowhere else."""
    return chain(3, nonce=name.encode(), **fields)[1]


PROOFS: Final = fresh("never revoked")
ELSEWHERE: Final = fresh("about another", sub=str(SERVER.did))


def revocation(revoked: bytes, path: Sequence[bytes] = (), **fields: object) -> dict[str, object]:
    return {"cmd": COMMAND, "args": {"path": links(*path), "revoke": name_of(revoked)}, "nonce": b"", **fields}


def revoking(by: Signer, revoked: bytes, path: Sequence[bytes] = (), **fields: object) -> Request:
    """Revoke, and send along what is named."""
    return send(inv(by, **({"sub": str(by.did)} | revocation(revoked, path, **fields))), *dict.fromkeys((revoked, *path)))


def cases() -> Iterator[Case]:
    for name, request in taken_back():
        yield Case(f"revocation/accepted: {name}", request, accepted(), library=False)
    for name, request, error, says in (*strangers(), *paths(), *witnesses(), *forged()):
        yield Case(f"revocation/{name}", request, fails(error, says), library=False)
    yield from arguments()
    yield from tokens()
    yield from afterwards()
    yield from records()


def taken_back() -> Iterator[tuple[str, Request]]:
    """Who may."""
    yield "by its issuer", revoking(OWNER, fresh("direct")[0])
    proofs = fresh("path")
    yield "by its issuer, with a path", revoking(PEOPLE[2], proofs[2], proofs)
    proofs = fresh("root")
    yield "by the root's issuer, with a path", revoking(OWNER, proofs[2], proofs)
    proofs = fresh("expired", exp=NOW - HOUR)
    yield "what expired long ago", revoking(OWNER, proofs[1], proofs[:2])
    proofs = [*fresh("powerline")[:2], dlg(PEOPLE[2], sub=None, aud=str(LAST.did), nonce=b"powerline")]
    yield "a powerline, by the root's issuer", revoking(OWNER, proofs[2], proofs)


Row = tuple[str, Request, str, str]


def strangers() -> Iterator[Row]:
    """Revokers who have no say in it."""
    error = "UnauthorizedRevocation"
    direct = "args.revoke: delegation"
    none = "args.path: none of its 3 delegations is issued by"
    for name, who in {"a stranger": MALLORY, "the service": SERVER, "the audience": LAST}.items():
        yield f"by {name}", revoking(who, PROOFS[2]), error, f'{direct} "{name_of(PROOFS[2])}" is issued by'
        yield f"by {name}, with the path", revoking(who, PROOFS[2], PROOFS), error, f'{none} "{who.did}"'
    yield "by the subject, without the path", revoking(OWNER, PROOFS[2]), error, direct
    yield "by who is in between, without the path", revoking(PEOPLE[1], PROOFS[2]), error, direct
    yield "by who comes later", revoking(PEOPLE[2], PROOFS[0], PROOFS[:1]), error, "none of its 1 delegations"
    lent = dlg(cmd=COMMAND)
    yield (
        "in the subject's name, with its leave",
        send(inv(AGENT, **revocation(PROOFS[0], prf=links(lent))), lent, PROOFS[0]),
        error,
        f'"{AGENT.did}" revokes on behalf of "{OWNER.did}"',
    )
    yield (
        "in the subject's name, without its leave",
        send(inv(MALLORY, **revocation(PROOFS[0], sub=SUBJECT)), PROOFS[0]),
        "InvalidClaim",
        f'expected issuer "{OWNER.did}", found "{MALLORY.did}"',
    )
    there, back = dlg(cmd=COMMAND), dlg(AGENT, aud=SUBJECT, cmd=COMMAND)
    yield (
        "by the issuer, with proofs",
        send(inv(**revocation(PROOFS[0], prf=links(there, back))), there, back, PROOFS[0]),
        error,
        "a revocation is about whoever issues it, and links no proofs",
    )


def paths() -> Iterator[Row]:
    """Paths that do not lead from a root to what is revoked."""
    error = "InvalidRevocationPath"
    one, two, three = PROOFS
    again = dlg(PEOPLE[1], sub=SUBJECT, aud=SUBJECT, nonce=b"back")
    for name, revoked, path, says in (
        ("that ends before it", three, [one, two], "args.path[1]: expected the revoked delegation"),
        ("that ends behind it", two, [one, two, three], "args.path[2]: expected the revoked delegation"),
        ("that ends elsewhere", three, [one, two, ELSEWHERE[2]], "args.path[2]: expected the revoked delegation"),
        ("that is reversed", three, [three, two, one], "args.path[2]: expected the revoked delegation"),
        ("that does not begin at the root", three, [two, three], "args.path[0]: delegation"),
        ("of nothing but what is revoked, which is no root", three, [three], "a root is issued by its subject"),
        ("with a gap", three, [one, three], "args.path[1]: delegation"),
        ("out of order", three, [two, one, three], "args.path[0]: delegation"),
        ("with a delegation twice", three, [one, two, two, three], "args.path[2]: delegation"),
        ("with its root twice", three, [one, one, two, three], "args.path[1]: delegation"),
        ("about another at its root", three, [ELSEWHERE[0], two, three], "args.path[0]: delegation"),
        (
            "about another in between",
            three,
            [one, ELSEWHERE[1], three],
            f'args.path[1]: delegation "{name_of(ELSEWHERE[1])}" is about',
        ),
        ("about another at its end", ELSEWHERE[2], [one, two, ELSEWHERE[2]], "args.path[2]: delegation"),
        ("of a powerline", dlg(sub=None), [dlg(sub=None)], 'about "None"; a root is issued by its subject'),
        ("with a stranger in between", three, [one, dlg(MALLORY, sub=SUBJECT), three], "args.path[1]: delegation"),
        ("that goes in a circle", two, [one, again, two], "args.path[2]: delegation"),
    ):
        yield f"by a path {name}", revoking(OWNER, revoked, path), error, says
    back = dlg(LAST, sub=SUBJECT, aud=str(PEOPLE[2].did), nonce=b"back to who issued it")
    ahead = dlg(PEOPLE[2], sub=SUBJECT, aud=str(AGENT.did), nonce=b"after the circle")
    own = dlg(aud=SUBJECT, nonce=b"for oneself")
    for name, by, path, says in (
        ("that leads back to it, by the audience", LAST, [one, two, three, back, three], "is on the path twice"),
        ("that leads back to its issuer", LAST, [one, two, three, back, ahead], "a path does not go in a circle"),
        ("with what one issued for oneself twice", OWNER, [own, own, one], "args.path[1]: delegation"),
    ):
        yield f"by a path {name}", revoking(by, path[-1], path), error, says
    grafted = dlg(MALLORY, sub=str(MALLORY.did), aud=str(PEOPLE[1].did), nonce=b"graft")
    yield "by a stranger's own root, grafted on", revoking(MALLORY, two, [grafted, two]), error, "args.path[1]: delegation"
    onto = dlg(MALLORY, sub=SUBJECT, aud=str(PEOPLE[2].did), nonce=b"graft")
    yield (
        "by a stranger's delegation, grafted in",
        revoking(MALLORY, three, [one, onto, three]),
        error,
        "args.path[1]: delegation",
    )


def witnesses() -> Iterator[Row]:
    """Delegations that did not come along, or that are none."""
    error, missing = "DelegationNotFound", "not found in container; send the delegation"
    revoker = inv(**revocation(PROOFS[2], PROOFS))
    for position in range(3):
        rest = [proof for place, proof in enumerate(PROOFS) if place != position]
        yield (
            f"with witness {position + 1} of 3 missing",
            send(revoker, *rest),
            error,
            f'"{name_of(PROOFS[position])}" {missing}',
        )
    yield "with all witnesses missing", send(revoker), error, missing
    yield "of what did not come along", send(inv(**revocation(PROOFS[0]))), error, f'"{name_of(PROOFS[0])}" {missing}'
    cut = PROOFS[0][:-1]
    yield "of what is cut", send(inv(**revocation(PROOFS[0])), cut), error, missing
    yield "of what is cut, by its own name", revoking(OWNER, cut), error, f'"{name_of(cut)}" {missing}'
    asked = inv(aud=str(AGENT.did))
    yield "of an invocation", revoking(OWNER, asked), error, f'"{name_of(asked)}" {missing}'
    receipt = seal(OWNER, INV, invoked(aud=ABSENT, cmd="/ucan/assert/receipt", args={"out": {"ok": {}}, "ran": CID.of(b"")}))
    yield "of a receipt", revoking(OWNER, receipt), error, f'"{name_of(receipt)}" {missing}'
    yield "by a path through a receipt", revoking(OWNER, PROOFS[0], [receipt, PROOFS[0]]), error, missing
    raw = CID(b"\x01\x55" + bytes(name_of(PROOFS[0]))[2:])
    by_raw = {"cmd": COMMAND, "args": {"path": [], "revoke": raw}}
    yield "by a raw link", send(inv(**by_raw), PROOFS[0]), error, f'"{raw}" {missing}'


def forged() -> Iterator[Row]:
    """Delegations that their issuers did not sign: whoever could make them up could revoke what is not theirs."""
    for position in range(3):
        audience = str(PEOPLE[position + 1].did)
        made_up = seal(MALLORY, DLG, delegated(PEOPLE[position], sub=SUBJECT, aud=audience))
        path = [*PROOFS[:position], made_up, *PROOFS[position + 1 :]]
        says = f'signature from "{PEOPLE[position].did}"'
        yield f"by a path with delegation {position + 1} forged", revoking(OWNER, path[2], path), "InvalidSignature", says
    mine = dlg(sub=SUBJECT, aud=str(MALLORY.did))
    flipped = mine[:10] + bytes((mine[10] ^ 1,)) + mine[11:]
    yield "of what is not signed by its issuer", revoking(OWNER, flipped), "InvalidSignature", "signature mismatch"
    forged_root = seal(MALLORY, DLG, delegated(OWNER, aud=str(MALLORY.did)))
    onward = dlg(MALLORY, sub=SUBJECT, nonce=b"onward")
    yield "by a root that the stranger made up", revoking(MALLORY, onward, [forged_root, onward]), "InvalidSignature", SUBJECT
    absentee = seal(OWNER, DLG, delegated(), header=Algorithm.ABSENTEE.header, signature=b"")
    yield "of what is absentee", revoking(OWNER, absentee), "UnverifiableSignature", "its signature is absentee"
    nobody = seal(OWNER, DLG, delegated(iss=str(NOBODY), sub=str(NOBODY), aud=SUBJECT))
    own = dlg(sub=str(NOBODY), nonce=b"of nobody's")
    yield (
        "by a path from somebody whose keys nobody knows",
        revoking(OWNER, own, [nobody, own]),
        "DIDKeyResolutionError",
        f'unable to resolve "{NOBODY}" key',
    )
    large = dlg(meta={"x": "x" * MAX_RECORD})
    yield "of what is too large to be recorded", revoking(OWNER, large), "RevocationTooLarge", f"at most {MAX_RECORD} bytes"


def arguments() -> Iterator[Case]:
    """Arguments that are none."""
    link = name_of(PROOFS[0])
    wrong: dict[str, tuple[dict[str, object], str]] = {
        "of nothing": ({"path": []}, "args.revoke: "),
        "without a path": ({"revoke": link}, "args.path: "),
        "of the text of a link": ({"path": [], "revoke": str(link)}, "args.revoke: Input should be a link"),
        "of null": ({"path": [], "revoke": None}, "args.revoke: "),
        "of the delegation itself": ({"path": [], "revoke": PROOFS[0]}, "args.revoke: "),
        "of several": ({"path": [], "revoke": [link]}, "args.revoke: "),
        "of a map": ({"path": [], "revoke": {"/": str(link)}}, "args.revoke: "),
        "by a path that is null": ({"path": None, "revoke": link}, "args.path: "),
        "by a path that is a link": ({"path": link, "revoke": link}, "args.path: "),
        "by a path that is a map": ({"path": {"0": link}, "revoke": link}, "args.path: "),
        "by a path of texts": ({"path": [str(link)], "revoke": link}, "args.path[0]: "),
        "by a path with null": ({"path": [link, None], "revoke": link}, "args.path[1]: "),
        "by a path too long": ({"path": [link] * (MAX_PATH + 1), "revoke": link}, "args.path: "),
        "with an argument more": ({"path": [], "revoke": link, "reason": "x"}, "args.reason: "),
        "in the way of old": ({"ucan": link}, "args.revoke: "),
    }
    for name, (args, says) in wrong.items():
        request = send(inv(cmd=COMMAND, args=args), PROOFS[0])
        yield Case(f"revocation/{name}", request, fails("MalformedArguments", says))


def tokens() -> Iterator[Case]:
    """Revocations that are no good invocations."""
    good = {"sub": SUBJECT, **revocation(PROOFS[0])}
    by_mallory = seal(MALLORY, INV, invoked(**good))
    yield Case("revocation/forged", send(by_mallory, PROOFS[0]), fails("InvalidSignature", "It is the invocation."))
    absentee = seal(OWNER, INV, invoked(**good), header=Algorithm.ABSENTEE.header, signature=b"")
    yield Case("revocation/absentee", send(absentee, PROOFS[0]), fails("UnverifiableSignature", "its signature is absentee"))
    old = inv(**(good | {"exp": NOW - HOUR}))
    yield Case("revocation/expired", send(old, PROOFS[0]), fails("Expired", "invocation "))
    yield Case("revocation/for another service", send(inv(**(good | {"aud": str(ROBOT.did)})), PROOFS[0]), ignored())
    for command in ("/ucan/revoked", "/ucan/revoke/all", "/ucan"):
        request = send(inv(**(good | {"cmd": command})), PROOFS[0])
        yield Case(f"revocation/by the command {command}", request, fails("HandlerNotFound", command))


def afterwards() -> Iterator[Case]:
    """What was lent and taken back: whoever took it back, of whichever link."""
    for place in range(3):
        for who in range(place + 1):
            proofs = fresh(f"{who} revokes {place}")
            yield Case(
                f"revocation/proof {place + 1} of 3, taken back by the issuer of proof {who + 1}",
                proven(*proofs, by=LAST, sub=SUBJECT),
                fails("Revoked", f"(proof {place + 1} of 3); ask for a new delegation"),
                library=False,
                before=(revoking(PEOPLE[who], proofs[place], proofs[: place + 1]),),
            )
    proofs = fresh("used before")
    once = proven(*proofs, by=LAST, sub=SUBJECT)
    yield Case(
        "revocation/a task that ran before, again",
        once,
        fails("Revoked", "has been revoked"),
        library=False,
        before=(once, revoking(OWNER, proofs[0])),
    )
    proofs = fresh("of what reads", cmd="/file/read")
    yield Case(
        "revocation/a proof of what only reads",
        proven(*proofs, by=LAST, sub=SUBJECT, cmd="/file/read"),
        fails("Revoked", "(proof 1 of 3)"),
        library=False,
        before=(revoking(OWNER, proofs[0]),),
    )
    proofs = fresh("old and revoked", exp=NOW - HOUR)
    yield Case(
        "revocation/a proof that is old and taken back",
        proven(*proofs, by=LAST, sub=SUBJECT),
        fails("Expired", "(proof 1 of 3)"),
        library=False,
        before=(revoking(OWNER, proofs[0]),),
    )
    # A powerline belongs to several chains, and is taken back from those alone that the revoker is part of.
    onward = dlg(AGENT, sub=None, aud=str(LAST.did), nonce=b"of two chains")
    ours, theirs = dlg(nonce=b"of two chains"), dlg(ROBOT, sub=str(ROBOT.did), nonce=b"of two chains")
    revoked = revoking(ROBOT, onward, [theirs, onward])
    for name, root, subject, expect in (
        ("accepted: taken back by an issuer of another chain", ours, OWNER, accepted()),
        ("taken back by an issuer of this chain alone", theirs, ROBOT, fails("Revoked", "(proof 2 of 2)")),
    ):
        request = proven(root, onward, by=LAST, sub=str(subject.did))
        yield Case(f"revocation/{name}", request, expect, library=False, before=(revoked,))


def records() -> Iterator[Case]:
    """Questions about revocations that are none."""
    for name, path, status, says in (
        ("what is no CID", "/revocation/x", 400, "CID"),
        ("what nobody revoked", f"/revocation/{name_of(PROOFS[0])}", 404, "no revocation of"),
        ("a cause that is no CID", f"/revocation/{name_of(PROOFS[0])}?cause=x", 400, "CID"),
        ("a cause that is none", f"/revocation/{name_of(PROOFS[0])}?cause={name_of(PROOFS[0])}", 404, "no revocation of"),
        ("a revoker that is no DID", f"/revocation/{name_of(PROOFS[0])}?revoker=x", 400, "not a DID"),
        ("a revoker that is none", f"/revocation/{name_of(PROOFS[0])}?revoker={MALLORY.did}", 404, "no revocation of"),
        ("those since yesterday", "/revocations/yesterday", 400, "since: expected 0, or a time"),
        ("those since a second before 0", "/revocations/-1", 400, "since: expected 0, or a time"),
        ("those since no day of the calendar", "/revocations/2026-02-30T00:00:00Z", 400, "since: expected 0, or a time"),
    ):
        request = Request(method="GET", path=path, headers=())
        yield Case(f"revocation/asked for {name}", request, refused(status, says), library=False)
