"""A service whose time a test sets, and what people ask of it, a line each, in the words that go on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Final

from forge.attestation import AttestedSigner
from forge.client import now
from forge.command import CommandPath
from forge.delegation import Delegation
from forge.did import DID
from forge.keys import Signer
from forge.policy import Policy
from forge.receipt import Receipt
from tests.service.world import PRODUCT, World, running

OTHER_PROVIDER: Final = DID("did:web:other.example.com")
DAY: Final = 86_400


def utc(*date: int) -> int:
    """Unix seconds of a date: a year, a month, a day, an hour, a minute."""
    return int(datetime(*date, tzinfo=UTC).timestamp())  # type: ignore[misc, arg-type]  # as many as are given


START: Final = utc(2030, 1, 1)
"""When every test begins."""


class Scene:
    """A service at a time of the test's choosing."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.service = world.service
        self._numbers = count(1)

    # -- asking

    async def receipt(
        self,
        command: str,
        /,
        *,
        by: Signer | None = None,
        subject: Signer | DID | None = None,
        proofs: Sequence[Delegation] = (),
        along: Sequence[Delegation] = (),
        **arguments: Any,
    ) -> Receipt:
        """Ask for something, as the service where nobody is named, about oneself where no subject is."""
        invocation = self.world.invocation(
            command,
            wire(arguments),
            by=by or self.service,
            subject=subject.did if isinstance(subject, Signer) else subject,
            proofs=[proof.cid for proof in proofs],
        )
        (receipt,) = await self.world.send(invocation, *proofs, *along)
        return receipt

    async def do(self, command: str, /, **how: Any) -> dict[str, Any]:
        """Give the result."""
        receipt = await self.receipt(command, **how)
        assert receipt.error is None, (command, how, receipt.error)
        assert isinstance(receipt.ok, dict)
        return receipt.ok

    async def refusal(self, command: str, /, **how: Any) -> tuple[str, str]:
        """Give the failure's name and message."""
        receipt = await self.receipt(command, **how)
        assert receipt.error is not None, (command, how, receipt.ok)
        return str(receipt.error_name), str(receipt.error_message)

    async def refused(self, command: str, /, **how: Any) -> str:
        """Give the failure's name."""
        return (await self.refusal(command, **how))[0]

    async def told(self, command: str, /, **how: Any) -> list[tuple[str, dict[str, Any]]]:
        """Do something, and give the events that it appended: each type, and what the event says beside who did it when."""
        receipt, events = await self._events_of(command, **how)
        assert receipt.error is None, (command, how, receipt.error)
        by = how.get("by") or self.service
        subject = how.get("subject") or by
        at = (await self.do("/debug/clock"))["now"]
        for event in events:
            said = [event.pop(key) for key in ("at", "command", "issuer", "subject", "task")]
            assert said == [at, command, by.did, subject.did if isinstance(subject, Signer) else subject, str(receipt.ran)]
            del event["seq"]
        return [(event.pop("type"), event) for event in events]

    async def untold(self, command: str, /, **how: Any) -> str:
        """Do something that appends no event; give the failure's name, or `ok`."""
        receipt, events = await self._events_of(command, **how)
        assert events == []
        return receipt.error_name or "ok"

    async def _events_of(self, command: str, /, **how: Any) -> tuple[Receipt, list[dict[str, Any]]]:
        before = await self.last_event()
        receipt = await self.receipt(command, **how)
        return receipt, (await self.do("/event/list", since=before, size=1000))["results"]

    async def last_event(self) -> int:
        """Give the number of the last event."""
        return int(await self.world.app.state.host.store.read(lambda tx: tx.last_event()))

    async def all(self, command: str, /, **how: Any) -> list[dict[str, Any]]:
        """Read a list to its end."""
        results: list[dict[str, Any]] = []
        page = await self.do(command, **how)
        while True:
            results += page["results"]
            if "cursor" not in page:
                return results
            page = await self.do(command, **how, cursor=page["cursor"])

    # -- time

    async def at(self, *date: int) -> int:
        """Set the service's time to a date; give it in Unix seconds."""
        return await self.set_time(utc(*date))

    async def set_time(self, time: int) -> int:
        """Set the service's time, in Unix seconds."""
        return int((await self.do("/debug/clock", now=time))["now"])

    async def advance(self, period: str) -> int:
        """Let time pass."""
        return int((await self.do("/debug/clock", advance=period))["now"])

    # -- who and what there is

    async def customer(self, product: DID = PRODUCT, *, signer: Signer | None = None, account: str | None = None) -> Signer:
        """Register somebody."""
        somebody = signer or Signer.generate()
        more = {} if account is None else {"externalAccount": account}
        await self.do("/customer/add", customer=somebody, product=product, details={}, **more)
        return somebody

    def mailto(self) -> Signer:
        """Give somebody who has an e-mail address and no key: the service attests."""
        return AttestedSigner.of(self.service, DID(f"did:mailto:example.com:person{next(self._numbers)}"))

    async def guest(self, product: DID = PRODUCT) -> Signer:
        """Register somebody who has an e-mail address and no key."""
        return await self.customer(product, signer=self.mailto())

    def product(self) -> DID:
        """Name a product that nobody knows."""
        return DID(f"did:web:p{next(self._numbers)}.example.com")

    async def plan(self, kind: str, **terms: Any) -> DID:
        """Add a plan."""
        product = self.product()
        if kind in ("trial", "paid"):
            terms.setdefault("period", "P1M")
        await self.do("/plan/add", product=product, name="a plan", kind=kind, **terms)
        return product

    async def subscription(self, customer: Signer | DID, product: DID = PRODUCT, **more: Any) -> str:
        """Have the service give a customer a subscription."""
        made = await self.do("/subscription/add", customer=customer, provider=self.service, product=product, **more)
        return str(made["id"])

    async def bought(self, kind: str = "complimentary", **terms: Any) -> tuple[Signer, str]:
        """Register a customer with a subscription to a new plan."""
        customer, product = await self.customer(), await self.plan(kind, **terms)
        return customer, await self.subscription(customer, product)

    async def assign(self, subscription: str, *consumers: Signer | DID) -> None:
        """Have the service put consumers into a subscription."""
        await self.do("/subscription/assign", subscription=subscription, consumers=consumers)

    async def seated(self, subscription: str) -> Signer:
        """Put somebody new into a subscription."""
        somebody = Signer.generate()
        await self.assign(subscription, somebody)
        return somebody

    async def provisioned(self, customer: Signer) -> tuple[Signer, str]:
        """Have a customer provision a space; give it, and its subscription."""
        space = Signer.generate()
        made = await self.do("/provider/add", by=customer, provider=self.service, consumer=space)
        return space, str(made["id"])

    async def pays(self, payer: Signer, leaf: Signer) -> None:
        """Have the service make one customer pay for another."""
        await self.do("/customer/payer/add", payer=payer, customer=leaf)

    async def paid(self, subscription: str, reference: str, until: int) -> dict[str, Any]:
        """Have the billing system say that something is paid."""
        return await self.do("/payment/record", subscription=subscription, event="paid", reference=reference, until=until)

    # -- how things stand

    async def state(self, subscription: str) -> str:
        """Say how a subscription stands."""
        return str((await self.do("/subscription/get", subscription=subscription))["state"])

    async def entitled(self, consumer: Signer | DID) -> bool:
        """Say whether a consumer is entitled."""
        return bool((await self.do("/consumer/get", consumer=consumer))["entitled"])

    async def of(self, consumer: Signer | DID) -> str | None:
        """Say in which subscription a consumer is."""
        receipt = await self.receipt("/consumer/get", consumer=consumer)
        if receipt.error_name == "ConsumerNotFound":
            return None
        assert isinstance(receipt.ok, dict)
        return str(receipt.ok["subscription"])

    def lend(  # noqa: PLR0913 - a delegation has these parts
        self,
        command: str,
        *,
        of: Signer,
        to: Signer | DID,
        subject: Signer | None = None,
        policy: list[Any] | None = None,
        expiration: int | None = None,
    ) -> Delegation:
        """Sign a delegation: by `of` to `to`, about `of` itself where no other subject is given."""
        return Delegation.issue(
            of,
            audience=to.did if isinstance(to, Signer) else to,
            subject=(subject or of).did,
            command=CommandPath(command),
            expiration=now() + 300 if expiration is None else expiration,
            policy=Policy.ANY if policy is None else Policy.decode(policy),
        )

    async def revoke(self, delegation: Delegation, *, by: Signer) -> None:
        """Have who issued a delegation take it back."""
        await self.do("/ucan/revoke", by=by, along=[delegation], path=[], revoke=delegation.cid)


def wire(value: Any) -> Any:
    """Give a value as it goes on the wire: people by their DIDs."""
    if isinstance(value, Signer):
        return value.did
    if isinstance(value, dict):
        return {key: wire(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [wire(one) for one in value]
    return value


@asynccontextmanager
async def staged(folder: Path, **settings: Any) -> AsyncIterator[Scene]:
    """Run a service with what it serves and a clock of tests; it attests for did:mailto itself."""
    chosen = {"dev": True, "data": folder, "test_clock": True, "catalog": "commands:CATALOG"}
    async with running(folder, **chosen | settings) as world:
        yield Scene(world)
