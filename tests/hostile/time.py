"""Section `time`: each bound exactly met, a second to either side, and the leeway (protocol §8.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tests.core.tokens import INV, seal
from tests.hostile.case import EXACT, USUAL, Case, Service, accepted, fails
from tests.hostile.parties import AGENT, HOUR, MALLORY, NOW, OWNER, chain, dlg, inv, invoked, proven, send

SUBJECT: Final = str(OWNER.did)
LIMIT: Final = (1 << 53) - 1


def cases() -> Iterator[Case]:
    for service in (USUAL, EXACT):
        yield from bounds(service)
        yield from places(service)
    yield from far()
    yield from precedence()


def bounds(service: Service) -> Iterator[Case]:
    """The last second that is good and the first that is not."""
    leeway = service.leeway
    within = f"leeway of {leeway} s"
    says = f"{leeway} s of leeway are allowed"
    ends, begins = NOW - leeway, NOW + leeway
    for name, request, expect in (
        ("accepted: an invocation in its last second", send(inv(exp=ends + 1)), accepted()),
        ("an invocation that ends now", send(inv(exp=ends)), fails("Expired", says)),
        ("an invocation that ended a second ago", send(inv(exp=ends - 1)), fails("Expired", says)),
        ("accepted: a proof in its last second", proven(dlg(exp=ends + 1)), accepted()),
        ("a proof that ends now", proven(dlg(exp=ends)), fails("Expired", says)),
        ("a proof that ended a second ago", proven(dlg(exp=ends - 1)), fails("Expired", says)),
        ("accepted: a proof in its first second", proven(dlg(nbf=begins - 1)), accepted()),
        ("a proof that begins now", proven(dlg(nbf=begins)), fails("TooEarly", says)),
        ("a proof that begins in a second", proven(dlg(nbf=begins + 1)), fails("TooEarly", says)),
        ("a proof that ends before it begins", proven(dlg(nbf=NOW + HOUR, exp=NOW - HOUR)), fails("Expired", says)),
        ("a proof that begins now, for a second", proven(dlg(nbf=begins, exp=begins + 1)), fails("TooEarly", says)),
    ):
        yield Case(f"time/{name}: {within}", request, expect, service=service)


def places(service: Service) -> Iterator[Case]:
    """A bound met in each link of a chain."""
    leeway = service.leeway
    last, proofs = chain(3)
    outdated, early = chain(3, exp=NOW - leeway)[1], chain(3, nbf=NOW + leeway)[1]
    for position in range(3):
        for name, spoiled, error in (("ends", outdated, "Expired"), ("begins", early, "TooEarly")):
            links = [*proofs[:position], spoiled[position], *proofs[position + 1 :]]
            yield Case(
                f"time/proof {position + 1} {name} now: leeway of {leeway} s",
                proven(*links, by=last, sub=SUBJECT),
                fails(error, f"(proof {position + 1} of 3)"),
                service=service,
            )


def far() -> Iterator[Case]:
    """Times far away, which are times all the same."""
    for name, moment, date in (
        ("at the epoch", 0, "1970-01-01T00:00:00Z"),
        ("a second before the epoch", -1, "1969-12-31T23:59:59Z"),
        ("in the year 1", -62135596800, "1-01-01T00:00:00Z"),
        ("before the calendar", -LIMIT, f"{-LIMIT} (Unix seconds)"),
        ("in milliseconds, of 1970", NOW // 1000, "1970-01-21"),
    ):
        yield Case(f"time/an invocation that ended {name}", send(inv(exp=moment)), fails("Expired", date))
        yield Case(f"time/a proof that ended {name}", proven(dlg(exp=moment)), fails("Expired", date))
    for name, moment, date in (
        ("in an hour", NOW + HOUR, "2027-01-15T09:00:00Z"),
        ("in milliseconds", NOW * 1000, "(proof 1 of 1)"),
        ("behind the calendar", LIMIT, f"{LIMIT} (Unix seconds)"),
    ):
        yield Case(f"time/a proof that begins {name}", proven(dlg(nbf=moment)), fails("TooEarly", date))
    yield Case("time/accepted: ends behind the calendar", send(inv(exp=LIMIT)), accepted())
    yield Case("time/accepted: begins before the calendar", proven(dlg(nbf=-LIMIT)), accepted())
    yield Case("time/accepted: begins at 0, which is always", proven(dlg(nbf=0)), accepted())
    yield Case("time/accepted: issued in the future, which binds nobody", send(inv(iat=LIMIT)), accepted())


def precedence() -> Iterator[Case]:
    """What is said where more than one thing is wrong: the first step that fails."""
    old = NOW - HOUR
    for name, request, expect in (
        (
            "an old invocation with a forged signature",
            send(seal(MALLORY, INV, invoked(exp=old))),
            fails("InvalidSignature", "It is the invocation."),
        ),
        ("an old invocation by a stranger", send(inv(MALLORY, sub=SUBJECT, exp=old)), fails("Expired", "invocation ")),
        ("an old invocation of an old proof", proven(dlg(exp=old), exp=old), fails("Expired", "invocation ")),
        ("an old proof of another command", proven(dlg(exp=old, cmd="/crypto")), fails("Expired", "(proof 1 of 1)")),
        ("an old proof about another", proven(dlg(exp=old, sub=str(AGENT.did))), fails("Expired", "(proof 1 of 1)")),
        ("an old powerline as root", proven(dlg(exp=old, sub=None)), fails("Expired", "(proof 1 of 1)")),
        (
            "an old invocation of an unknown command",
            send(inv(cmd="/file/burn", exp=old)),
            fails("HandlerNotFound", "/file/burn"),
        ),
        ("an old proof with a policy that fails", proven(dlg(exp=old, pol=[["==", ".text", "y"]])), fails("Expired", "proof ")),
    ):
        yield Case(f"time/{name}", request, expect)
