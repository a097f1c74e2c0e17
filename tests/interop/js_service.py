"""The service's commands, asked for by iso-ucan's tokens; and what it gives back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from forge.cid import CID
from forge.client import now
from forge.did import DID
from forge.keys import Signer
from tests.interop.js_chains import ECHO, HELLO, HOUR, OURS, THEIRS, Chain, Link
from tests.interop.js_driver import data, given, text, value
from tests.interop.js_judged import Bench, outcome
from tests.interop.js_made import Made, flipped, forced, ours, theirs
from tests.interop.js_people import People
from tests.interop.js_policies import ADD, PRODUCT
from tests.interop.table import Row
from tests.vectors.parts import name_of

FORGED: Final = "signature verification failed"


def rows(bench: Bench, people: People) -> Iterator[Row]:
    """Play them."""
    yield from _tenant(bench, people)
    yield from _customer(bench, people)
    yield from _refusals(bench, people)
    yield from _receipts(bench, people)
    yield from _revoked(bench, people)
    yield from _found(bench, people)


def _tenant(bench: Bench, people: People) -> Iterator[Row]:
    links = (Link("service", "agent", subject="service", command=ADD, policy=(("==", ".product", PRODUCT),)),)

    def add(name: str, product: str = PRODUCT, **how: Any) -> Made:
        arguments = {"customer": f"did:web:{name}.example.com", "product": product, "details": {"region": "eu"}}
        return theirs(bench.driver, people, Chain(name, links, subject="service", command=ADD, arguments=arguments, **how))

    made = add("tenant")
    first = bench.answer(made)
    yield Row("/customer/add by a tenant", THEIRS, "ok", outcome(first))
    again = bench.answer(made)["receipts"] == first["receipts"]
    yield Row(
        "/customer/add, the same bytes again", THEIRS, "the same receipt", "the same receipt" if again else "another receipt"
    )
    yield Row("/customer/add, a new task for the same customer", THEIRS, "CustomerExists", outcome(bench.answer(add("tenant"))))
    seen = outcome(bench.answer(add("elsewhere", "did:web:other.example.com", honest=False)))
    yield Row("/customer/add for a product that was not lent", THEIRS, "MatchError", seen)


def _customer(bench: Bench, people: People) -> Iterator[Row]:
    arguments = {"customer": people.did("owner"), "product": PRODUCT, "details": {}}
    add = Chain("register", (), by="service", subject="service", command=ADD, arguments=arguments)
    yield Row("/customer/add by the service itself", THEIRS, "ok", outcome(bench.answer(theirs(bench.driver, people, add))))

    def provision(by: str, space: DID) -> str:
        wanted = {"provider": people.did("service"), "consumer": space}
        chain = Chain(by, (), by=by, subject=by, command="/provider/add", arguments=wanted)
        return outcome(bench.answer(theirs(bench.driver, people, chain)))

    space = Signer.generate().did
    yield Row("/provider/add by a customer", THEIRS, "ok", provision("owner", space))
    yield Row("/provider/add for a space that is paid for", THEIRS, "ConsumerExists", provision("owner", space))
    yield Row(
        "/provider/add by somebody who is no customer", THEIRS, "AccountPlanMissing", provision("other", Signer.generate().did)
    )


def _refusals(bench: Bench, people: People) -> Iterator[Row]:
    def seen(command: str, arguments: dict[str, object]) -> str:
        return outcome(
            bench.answer(theirs(bench.driver, people, Chain("", (), by="owner", command=command, arguments=arguments)))
        )

    yield Row("a command that nobody serves", THEIRS, "HandlerNotFound", seen("/no/such", {}))
    yield Row("an argument that is missing", THEIRS, "MalformedArguments", seen(ECHO, {}))
    yield Row("an argument of another type", THEIRS, "MalformedArguments", seen(ECHO, {"message": 1}))
    yield Row("an argument that nobody knows", THEIRS, "MalformedArguments", seen(ECHO, {**HELLO, "more": 1}))


def _receipts(bench: Bench, people: People) -> Iterator[Row]:
    (receipt,) = bench.answer(theirs(bench.driver, people, Chain("echo", (), by="owner")))["receipts"]
    yield Row("what a receipt says, read in JavaScript", THEIRS, f"{{'ok': {HELLO}}}", str(value(receipt["out"])))
    token = data(receipt["token"])
    yield Row("a receipt's signature", OURS, "ok", bench.driver.said("signed", token=text(token)))
    yield Row("a receipt's signature with a bit changed", OURS, FORGED, bench.driver.said("signed", token=text(flipped(token))))
    # A receipt is an invocation about its issuer, so it could be verified as one; but it has a link among its arguments.
    seen = bench.driver.said("verify", token=receipt["token"], prf=[], audience=bench.service.did)
    yield Row("a receipt as an invocation", OURS, "Invalid args", seen)


def _revoked(bench: Bench, people: People) -> Iterator[Row]:
    made = theirs(bench.driver, people, Chain("revoked", (Link("owner", "agent"),)))
    yield Row("before a delegation is revoked", THEIRS, "ok", outcome(bench.answer(made)))
    name = name_of(made.proofs[0])
    parts: dict[str, Any] = {"sub": people.did("owner"), "aud": people.did("service"), "prf": [], "exp": now() + HOUR}
    parts |= {"cmd": "/ucan/revoke", "args": {"revoke": name, "path": []}}
    # iso-ucan's own `Invocation` takes no link among its arguments: its codec signs this.
    revoke = Made(forced(bench.driver, people, "owner", parts), made.proofs)
    yield Row("/ucan/revoke by who issued it", THEIRS, "ok", outcome(bench.answer(revoke)))
    yield Row("a delegation that was revoked", THEIRS, "Revoked", outcome(bench.answer(made)))
    lent = ours(people, Chain("revoked", (Link("owner", "agent"),)))
    revoked = [str(name_of(proof)) for proof in lent.proofs]
    yield Row("a delegation that was revoked", OURS, "revoked", bench.by_them(lent, revoked=revoked))


def _found(bench: Bench, people: People) -> Iterator[Row]:
    """Have iso-ucan find the proofs by itself, among those that we made."""
    proofs = ours(people, Chain("found", (Link("owner", "robot"), Link("robot", "agent", subject=None)))).proofs
    others = ours(people, Chain("others", (Link("other", "agent"), Link("owner", "robot", command="/customer")))).proofs
    parts = {"issuer": "agent", "sub": people.did("owner"), "aud": people.did("service"), "cmd": ECHO, "args": given(HELLO)}
    made = bench.driver.ask("chain", prf=[text(proof) for proof in (*others, *reversed(proofs))], **parts)
    linked = [CID.parse(cid) for cid in made["proofs"]] == [name_of(proof) for proof in proofs]
    yield Row("a chain of ours, found by iso-ucan", THEIRS, "root first", "root first" if linked else str(made["proofs"]))
    yield Row("a chain of ours, invoked by iso-ucan", THEIRS, "ok", bench.by_us(Made(data(made["token"]), proofs)))
