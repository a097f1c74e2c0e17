"""Making a chain: by our library, and by iso-ucan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from forge.client import now
from forge.command import CommandPath
from forge.dagcbor import Value
from forge.delegation import Delegation
from forge.envelope import fresh_nonce
from forge.invocation import Invocation
from forge.policy import Policy
from tests.interop.js_chains import Chain, Link
from tests.interop.js_driver import Driver, data, given, text, texts, value
from tests.interop.js_people import People
from tests.vectors.parts import name_of

MOMENT: Final = 60


@dataclass(frozen=True)
class Made:
    """An invocation and its proofs, as bytes."""

    token: bytes
    proofs: tuple[bytes, ...] = ()

    @property
    def tokens(self) -> tuple[bytes, ...]:
        return (self.token, *self.proofs)


def _at(offset: int | None) -> int | None:
    return None if offset is None else now() + offset


def _sent(chain: Chain, proofs: Sequence[bytes], token: bytes) -> Made:
    return Made(token, tuple(proofs[:-1] if chain.lost else proofs))


def _linked(chain: Chain, proofs: Sequence[bytes]) -> list[bytes]:
    return [proofs[index] for index in chain.order or range(len(proofs))]


def ours(people: People, chain: Chain) -> Made:
    """Make it by our library."""

    def delegation(link: Link) -> bytes:
        made = Delegation.issue(
            people[link.issuer],
            audience=people.did(link.audience),
            subject=people.did(link.subject) if link.subject else None,
            command=CommandPath(link.command),
            policy=Policy.decode(_policy(link)),
            expiration=_at(link.expires),
            not_before=_at(link.starts),
        )
        return bytes(made)

    proofs = [delegation(link) for link in chain.links]
    invocation = Invocation.issue(
        people[chain.by],
        subject=people.did(chain.subject),
        audience=people.did(chain.audience) if chain.audience else None,
        command=CommandPath(chain.command),
        arguments=chain.arguments,
        expiration=_at(chain.expires),
        proofs=[name_of(proof) for proof in _linked(chain, proofs)],
    )
    return _sent(chain, proofs, bytes(invocation))


def theirs(driver: Driver, people: People, chain: Chain) -> Made:
    """Make it by iso-ucan: by what it has for it where it would do it, else by its codec and its signers alone."""

    def delegation(link: Link) -> bytes:
        made = driver.ask(
            "delegate",
            issuer=link.issuer,
            aud=people.did(link.audience),
            sub=people.did(link.subject) if link.subject else None,
            cmd=link.command,
            pol=given(_policy(link)),
            exp=_at(link.expires),
            nbf=_at(link.starts),
            # It makes no delegation that has expired by the time that it is told.
            now=(_at(link.expires) or now()) - MOMENT,
        )
        return data(made["token"])

    proofs = [delegation(link) for link in chain.links]
    parts: dict[str, Any] = {
        "aud": people.did(chain.audience) if chain.audience else people.did(chain.subject),
        "sub": people.did(chain.subject),
        "cmd": chain.command,
        "exp": _at(chain.expires),
    }
    linked = _linked(chain, proofs)
    if chain.honest:
        made = driver.ask("invoke", issuer=chain.by, args=given(chain.arguments), prf=texts(linked), **parts)
        return _sent(chain, proofs, data(made["token"]))
    parts |= {"args": chain.arguments, "prf": [name_of(proof) for proof in linked]}
    return _sent(chain, proofs, forced(driver, people, chain.by, parts))


def forced(driver: Driver, people: People, by: str, parts: dict[str, Any], kind: str = "inv", **how: str) -> bytes:
    """Have a payload signed by iso-ucan, whatever it is."""
    payload = {"iss": people.did(by), "nonce": fresh_nonce(), **parts}
    return data(driver.ask("force", issuer=by, kind=kind, payload=given(payload), **how)["token"])


def flipped(token: bytes) -> bytes:
    """Change one bit of a token's signature."""
    changed = bytearray(token)
    changed[20] ^= 1
    return bytes(changed)


def shown(made: Made) -> dict[str, Any]:
    """Write it for the driver."""
    return {"token": text(made.token), "prf": texts(made.proofs)}


def _policy(link: Link) -> list[Value]:
    written: list[Value] = value(given(list(link.policy)))
    return written
