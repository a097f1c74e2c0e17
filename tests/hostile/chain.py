"""Section `chain`: from the subject to the invoker, link by link, in this order and no other (protocol §8)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from hashlib import sha512
from itertools import permutations
from typing import Final

from forge.cid import CID
from forge.verify import MAX_PROOFS
from tests.core.tokens import DLG, INV, seal
from tests.hostile.case import Case, Request, accepted, fails, ignored
from tests.hostile.parties import (
    AGENT,
    MALLORY,
    NOBODY,
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

SUBJECT: Final = str(OWNER.did)
LAST, PROOFS = chain(3)
POWERLINES: Final = chain(3, sub=None)[1]
FOREIGN: Final = chain(3, cmd="/file/write", sub=str(SERVER.did))[1]
MISSING: Final = "proof not found in container"


def cases() -> Iterator[Case]:
    yield Case("chain/accepted: no proofs, by the subject itself", send(inv()), accepted())
    yield Case("chain/accepted: one proof", proven(dlg()), accepted())
    yield Case("chain/accepted: three proofs", proven(*PROOFS, by=LAST), accepted())
    yield from order()
    yield from gaps()
    yield from loops()
    yield from subjects()
    yield from meetings()
    yield from names()
    yield from crowds()


def order() -> Iterator[Case]:
    """All orders but the one from the root to the invoker."""
    for turn in list(permutations(range(3)))[1:]:
        place = next(index for index in range(3) if turn[index] != index)
        yield Case(
            f"chain/proofs in the order {', '.join(str(index + 1) for index in turn)}",
            send(inv(LAST, sub=SUBJECT, prf=links(*(PROOFS[index] for index in turn))), *PROOFS),
            fails("InvalidAudience", f"(proof {place + 1} of 3): expected"),
        )
    yield Case(
        "chain/accepted: the container in another order",
        send(*PROOFS[::-1], inv(LAST, sub=SUBJECT, prf=links(*PROOFS))),
        accepted(),
    )


def gaps() -> Iterator[Case]:
    """Links that are not in the list, and links that are not in the container."""
    for out, place in ((0, "(proof 1 of 2)"), (1, "(proof 2 of 2)"), (2, "the audience of the last proof")):
        rest = [proof for index, proof in enumerate(PROOFS) if index != out]
        yield Case(
            f"chain/proof {out + 1} is not listed",
            send(inv(LAST, sub=SUBJECT, prf=links(*rest)), *PROOFS),
            fails("InvalidAudience", place),
        )
        yield Case(
            f"chain/proof {out + 1} did not come along",
            send(inv(LAST, sub=SUBJECT, prf=links(*PROOFS)), *rest),
            fails("UnavailableProof", f"{MISSING} (proof {out + 1} of 3)"),
        )
    yield Case(
        "chain/no proofs, by somebody else",
        send(inv(AGENT)),
        fails("InvalidClaim", "is not issued by subject and has no proofs"),
    )
    yield Case(
        "chain/a proof that came along and is not listed",
        send(inv(AGENT), dlg()),
        fails("InvalidClaim", "is not issued by subject and has no proofs"),
    )
    yield Case(
        "chain/all proofs missing",
        send(inv(LAST, sub=SUBJECT, prf=links(*PROOFS))),
        fails("UnavailableProof", f"{MISSING} (proof 1 of 3)"),
    )
    # All look-ups come first: a bad signature before the gap is not what is said.
    forged = seal(MALLORY, DLG, delegated())
    yield Case(
        "chain/a forged proof and a missing one",
        send(inv(LAST, sub=SUBJECT, prf=links(forged, PROOFS[1])), forged),
        fails("UnavailableProof", f"{MISSING} (proof 2 of 2)"),
    )
    yield Case(
        "chain/a proof and one byte more",
        send(inv(AGENT, prf=links(dlg())), dlg() + b"\0"),
        fails("UnavailableProof", MISSING, aside="1 bytes after the end of the envelope"),
    )


def loops() -> Iterator[Case]:
    """Delegations that lead in circles."""
    there, back = dlg(), dlg(AGENT, aud=SUBJECT)
    yield Case(
        "chain/a proof twice",
        send(inv(AGENT, prf=links(there, there)), there),
        fails("InvalidAudience", "(proof 2 of 2)"),
    )
    yield Case(
        "chain/the last proof twice",
        send(inv(LAST, sub=SUBJECT, prf=links(*PROOFS, PROOFS[2])), *PROOFS),
        fails("InvalidAudience", "(proof 4 of 4)"),
    )
    yield Case(
        "chain/there and back, by whoever was in between",
        send(inv(AGENT, prf=links(there, back)), there, back),
        fails("InvalidAudience", "the audience of the last proof"),
    )
    yield Case("chain/accepted: there and back again", proven(there, back, by=OWNER), accepted())
    own = dlg(MALLORY, sub=str(OWNER.did), aud=str(MALLORY.did))
    yield Case("chain/lent to herself by the stranger", proven(own, by=MALLORY), fails("InvalidAudience", "(proof 1 of 1)"))
    circle = [dlg(MALLORY, sub=SUBJECT, aud=str(AGENT.did)), dlg(AGENT, sub=SUBJECT, aud=str(MALLORY.did))]
    yield Case("chain/a circle of strangers", proven(*circle, by=MALLORY), fails("InvalidAudience", "(proof 1 of 2)"))
    other = inv(aud=str(ROBOT.did))
    yield Case(
        "chain/an invocation for a proof",
        send(inv(AGENT, prf=links(other)), other),
        fails("UnavailableProof", f"{MISSING} (proof 1 of 1)"),
    )


def subjects() -> Iterator[Case]:
    """Delegations about others, and powerlines."""
    for position in range(3):
        proofs = [*PROOFS[:position], FOREIGN[position], *PROOFS[position + 1 :]]
        yield Case(
            f"chain/a foreign subject in proof {position + 1}",
            proven(*proofs, by=LAST, sub=SUBJECT),
            fails("InvalidSubject", f'not "{SUBJECT}" (proof {position + 1} of 3)'),
        )
        proofs = [*PROOFS[:position], POWERLINES[position], *PROOFS[position + 1 :]]
        yield Case(
            f"chain/{'accepted: ' if position else ''}a powerline as proof {position + 1}",
            proven(*proofs, by=LAST, sub=SUBJECT),
            accepted() if position else fails("InvalidClaim", "root delegation subject is null"),
        )
    yield Case(
        "chain/powerlines alone",
        proven(*POWERLINES, by=LAST, sub=SUBJECT),
        fails("InvalidClaim", "root delegation subject is null"),
    )
    yield Case(
        "chain/a powerline of the service's, for the owner's",
        proven(dlg(SERVER, sub=None), sub=SUBJECT),
        fails("InvalidClaim", "root delegation subject is null"),
    )
    yield Case(
        "chain/a powerline behind another's root",
        proven(dlg(sub=SUBJECT), dlg(AGENT, sub=None, aud=str(ROBOT.did)), by=ROBOT, sub=str(SERVER.did)),
        fails("InvalidSubject", f'not "{SERVER.did}" (proof 1 of 2)'),
    )
    yield Case(
        "chain/about the service, by the owner's leave",
        proven(dlg(), sub=str(SERVER.did), cmd="/file/own"),
        fails("InvalidSubject", f'not "{SERVER.did}" (proof 1 of 1)'),
    )
    yield Case(
        "chain/about the service, by nobody's leave",
        send(inv(MALLORY, sub=str(SERVER.did), cmd="/customer/add")),
        fails("InvalidClaim", f'expected issuer "{SERVER.did}", found "{MALLORY.did}"'),
    )
    yield Case(
        "chain/about the service, lent by the stranger in its name",
        proven(dlg(MALLORY, sub=str(SERVER.did), cmd="/"), sub=str(SERVER.did), cmd="/file/own"),
        fails("InvalidAudience", "(proof 1 of 1): expected the subject"),
    )
    yield Case(
        "chain/a subject that the command does not serve",
        send(inv(cmd="/file/own")),
        fails("InvalidSubject", '"/file/own" does not serve the subject'),
        library=False,
    )


def meetings() -> Iterator[Case]:
    """Issuers and audiences that do not meet, and signatures of others, at each place."""
    for position in range(3):
        issuer, audience = PEOPLE[position], str(PEOPLE[position + 1].did)
        place = f"(proof {position + 1} of 3)"
        for name, proof, error, why in (
            ("issued by a stranger", dlg(MALLORY, sub=SUBJECT, aud=audience), "InvalidAudience", place),
            (
                "issued by a stranger in another's name",
                seal(MALLORY, DLG, delegated(issuer, sub=SUBJECT, aud=audience)),
                "InvalidSignature",
                f"It is the proof {place}",
            ),
            (
                "by an issuer whose keys nobody knows",
                seal(issuer, DLG, delegated(issuer, sub=SUBJECT, iss=str(NOBODY), aud=audience)),
                "DIDKeyResolutionError",
                f'unable to resolve "{NOBODY}" key',
            ),
        ):
            proofs = [*PROOFS[:position], proof, *PROOFS[position + 1 :]]
            yield Case(f"chain/proof {position + 1} {name}", proven(*proofs, by=LAST, sub=SUBJECT), fails(error, why))
        proofs = [*PROOFS[:position], dlg(issuer, sub=SUBJECT, aud=str(MALLORY.did)), *PROOFS[position + 1 :]]
        met = f"(proof {position + 2} of 3)" if position < 2 else "the audience of the last proof"
        yield Case(
            f"chain/proof {position + 1} for a stranger", proven(*proofs, by=LAST, sub=SUBJECT), fails("InvalidAudience", met)
        )
    yield Case(
        "chain/invoked by a stranger",
        proven(*PROOFS, by=MALLORY, sub=SUBJECT),
        fails("InvalidAudience", "the audience of the last"),
    )
    yield Case(
        "chain/invoked by who is in between", proven(*PROOFS, by=PEOPLE[1], sub=SUBJECT), fails("InvalidAudience", "last proof")
    )
    yield Case(
        "chain/invoked in the last one's name",
        send(seal(MALLORY, INV, invoked(LAST, sub=SUBJECT, prf=links(*PROOFS))), *PROOFS),
        fails("InvalidSignature", "It is the invocation."),
    )
    yield Case(
        "chain/self-issued, with proofs that lead elsewhere",
        proven(*PROOFS, by=OWNER),
        fails("InvalidAudience", "the audience of the last proof"),
    )
    yield Case(
        "chain/self-issued, with a proof about another",
        proven(dlg(MALLORY, sub=str(MALLORY.did), aud=SUBJECT), by=OWNER),
        fails("InvalidSubject", "(proof 1 of 1)"),
    )
    yield Case(
        "chain/self-issued, with a proof that is missing",
        send(inv(prf=links(dlg()))),
        fails("UnavailableProof", MISSING),
    )
    yield Case(
        "chain/by somebody whose keys nobody knows",
        send(inv(iss=str(NOBODY), sub=str(NOBODY))),
        fails("DIDKeyResolutionError", NOBODY),
    )
    yield Case("chain/for another service", proven(*PROOFS, by=LAST, sub=SUBJECT, aud=str(ROBOT.did)), ignored())


def names() -> Iterator[Case]:
    """Links that name the right digest in the wrong way, or something else."""
    proof = dlg()
    digest = bytes(name_of(proof))[4:]
    for name, link in {
        "a raw link": CID(b"\x01\x55\x12\x20" + digest),
        "a DAG-JSON link": CID(b"\x01\xa9\x02\x12\x20" + digest),
        "an identity link": CID(b"\x01\x71\x00\x20" + digest),
        "a link by sha2-512": CID(b"\x01\x71\x13\x40" + sha512(proof).digest()),
        "a link to half the digest": CID(b"\x01\x71\x12\x10" + digest[:16]),
        "a link to the signed bytes": CID.of(proof[68:]),
        "a link to nothing": CID(b"\x01\x71\x12\x00"),
        "the bytes themselves in a link": CID(b"\x01\x71\x00\x05proof"),
    }.items():
        yield Case(
            f"chain/a proof by {name}", send(inv(AGENT, prf=[link]), proof), fails("UnavailableProof", f'linked proof "{link}"')
        )


def crowds() -> Iterator[Case]:
    """As many proofs as are looked up, one more, and a thousand."""
    yield Case(f"chain/accepted: {MAX_PROOFS} proofs", partial(long, MAX_PROOFS), accepted())
    for count in (MAX_PROOFS + 1, 1000):
        why = f"links {count} proofs; at most {MAX_PROOFS} are looked up"
        yield Case(f"chain/{count} proofs", partial(long, count), fails("UnavailableProof", why))
    yield Case(
        "chain/a thousand links to one proof",
        lambda: send(inv(AGENT, prf=links(dlg()) * 1000), dlg()),
        fails("UnavailableProof", "links 1000 proofs"),
    )
    yield Case(
        "chain/128 links to one proof",
        lambda: send(inv(AGENT, prf=links(dlg()) * 128), dlg()),
        fails("InvalidAudience", "(proof 2 of 128)"),
    )


def long(count: int) -> Request:
    last, proofs = chain(count)
    return proven(*proofs, by=last, sub=SUBJECT)
