"""Chains, as data: who lends what to whom and who invokes it in the end, and what each side must say of it.

Each is made by both sides, and judged by the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

THEIRS, OURS = "js → forge", "forge → js"
"""Directions: who asks, and who answers."""
HOUR: Final = 3600
ECHO: Final = "/debug/echo"
HELLO: Final[dict[str, object]] = {"message": "hello"}


@dataclass(frozen=True)
class Link:
    """A delegation. People are names of `js_people`; times are seconds from now."""

    issuer: str
    audience: str
    subject: str | None = "owner"
    command: str = ECHO
    policy: tuple[object, ...] = ()
    expires: int | None = HOUR
    starts: int | None = None


@dataclass(frozen=True)
class Chain:
    """An invocation with its proofs."""

    case: str
    links: tuple[Link, ...]
    ours: str = "ok"
    """What our library and our service say of it: `ok`, or the error's name."""
    theirs: str = "ok"
    """What iso-ucan says, as `Driver.said` gives it."""
    by: str = "agent"
    subject: str = "owner"
    audience: str | None = "service"
    command: str = ECHO
    arguments: Mapping[str, object] = field(default_factory=lambda: HELLO)
    expires: int | None = HOUR
    order: tuple[int, ...] | None = None
    """In which its proofs are named."""
    lost: bool = False
    """Whether the last delegation does not come along."""
    honest: bool = True
    """Whether iso-ucan itself would make it, all in all."""


ONE: Final = (Link("owner", "agent"),)
TWO: Final = (Link("owner", "robot"), Link("robot", "agent"))
MISALIGNED: Final = "principal alignment mismatch"
COMMAND: Final = "command mismatch"
NOT_SELF_SIGNED: Final = "root proof is not self-signed"
EXPIRED: Final = "expiration must be in the future"


def refused(case: str, links: tuple[Link, ...], ours: str, theirs: str, /, **how: object) -> Chain:
    return Chain(case, links, ours, theirs, honest=False, **how)  # type: ignore[arg-type]  # fields of a Chain


def lengths() -> Iterator[Chain]:
    yield Chain("about oneself, without proofs", (), by="owner")
    yield Chain("a chain of one", ONE)
    yield Chain("a chain of two", TWO)
    yield Chain("a chain of three", (*TWO[:1], Link("robot", "other"), Link("other", "agent")))
    yield Chain("a chain of three kinds of keys", (Link("owner", "secp"), Link("secp", "nist"), Link("nist", "agent")))
    yield refused("without the proofs that it takes", (), "InvalidClaim", "proofs are required")
    yield refused("a proof that did not come along", TWO, "UnavailableProof", "Delegation not found", lost=True)
    yield refused("proofs named leaf first", TWO, "InvalidAudience", NOT_SELF_SIGNED, order=(1, 0))


def principals() -> Iterator[Chain]:
    yield Chain("a powerline within the chain", (Link("owner", "robot"), Link("robot", "agent", subject=None)))
    root = (Link("owner", "agent", subject=None),)
    yield refused("a powerline at its root", root, "InvalidClaim", NOT_SELF_SIGNED)
    yield refused("lent to somebody else", (Link("owner", "robot"),), "InvalidAudience", MISALIGNED)
    yield refused("a gap in the chain", (Link("owner", "robot"), Link("other", "agent")), "InvalidAudience", MISALIGNED)
    apart = (Link("owner", "robot"), Link("robot", "agent", subject="robot"))
    yield refused("about somebody else within the chain", apart, "InvalidSubject", "subject alignment mismatch")
    yield refused("the root is another's", (Link("robot", "agent"),), "InvalidAudience", NOT_SELF_SIGNED)
    wrong = "audience or subject does not match receiver"
    yield Chain("for another service", ONE, "no receipt", wrong, audience="other", honest=True)


def times() -> Iterator[Chain]:
    yield Chain("nothing ever expires", (Link("owner", "agent", expires=None),), expires=None)
    yield refused("a proof has expired", (Link("owner", "agent", expires=-HOUR),), "Expired", EXPIRED)
    yield refused("the invocation has expired", ONE, "Expired", EXPIRED, expires=-HOUR)
    yield Chain("a proof that has begun", (Link("owner", "agent", starts=-HOUR),))
    yield refused("a proof that has not begun", (Link("owner", "agent", starts=HOUR),), "TooEarly", "not valid yet")


def commands() -> Iterator[Chain]:
    def lent(*commands: str) -> tuple[Link, ...]:
        if len(commands) == 1:
            return (Link("owner", "agent", command=commands[0]),)
        return (Link("owner", "robot", command=commands[0]), Link("robot", "agent", command=commands[1]))

    yield Chain("all commands lent", lent("/"))
    yield Chain("a parent of the command lent", lent("/debug"))
    yield Chain("narrowed on the way", lent("/", "/debug/echo"))
    yield refused("another command lent", lent("/customer"), "ImpossibleAttenuation", COMMAND)
    # It compares texts: `/debug/ec` begins `/debug/echo`.
    yield Chain("a command lent whose name begins like it", lent("/debug/ec"), "ImpossibleAttenuation", "ok")
    # Each proof covers the command, and the second says more than the first could give: harmless, and refused there.
    yield refused("widened on the way", lent("/debug/echo", "/debug"), "ok", COMMAND)


CHAINS: Final = (*lengths(), *principals(), *times(), *commands())
