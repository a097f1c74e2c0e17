"""The story that `forge demo` plays: what a tenant, a customer, its spaces and a stranger do, and what comes of it.

Every expectation is checked. What is told is what happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from forge.catalog import Catalog
from forge.cid import CID
from forge.cli.cast import Cast
from forge.cli.exits import Unexpected
from forge.cli.terminal import show, show_field
from forge.client import Client, now
from forge.command import CommandPath
from forge.container import Container
from forge.dagcbor import Value
from forge.delegation import Delegation
from forge.did import DID
from forge.invocation import Invocation
from forge.policy import Policy
from forge.receipt import Receipt

HOUR: Final = 3600
PRODUCT: Final = DID("did:web:starter.example.com")
_INDENT: Final = 4


class Story:
    """One play, against one service."""

    def __init__(self, client: Client, catalog: Catalog, cast: Cast) -> None:
        self._client = client
        self._catalog = catalog
        self._cast = cast
        self._service = cast.did("service")
        self._steps = 0
        self._receipts: dict[CID, bytes] = {}

    def delegation(self) -> Delegation:
        """Let the tenant add customers, of its own billing prefix and no other."""
        self._tell('The service lets the tenant add customers, but only where .externalAccount is like "f1:*".')
        delegation = Delegation.issue(
            self._cast["service"],
            audience=self._cast.did("tenant"),
            subject=self._service,
            command=CommandPath("/customer/add"),
            policy=Policy([["like", ".externalAccount", "f1:*"]]),
            expiration=now() + HOUR,
        )
        show_field("delegation", str(delegation.cid), indent=_INDENT)
        return delegation

    async def play(self, delegation: Delegation) -> None:
        """Play it all.

        Raises:
            Unexpected: something came out otherwise than it had to.
            ServiceError: the service was not reached, or answered something else.
        """
        first = await self._tenant(delegation)
        spaces = [self._cast.did(space) for space in ("space 1", "space 2")]
        subscription = await self._customer(spaces)
        await self._questions(spaces[0], subscription)
        await self._stranger()
        await self._again(first, delegation)
        await self._taken_back(delegation)

    async def _tenant(self, delegation: Delegation) -> Invocation:
        arguments: dict[str, Value] = {"customer": self._cast.did("customer"), "product": PRODUCT, "details": {}}
        self._tell("The tenant adds a customer that it bills as f1:7f3c.")
        first = self._sign("tenant", "/customer/add", arguments | {"externalAccount": "f1:7f3c"}, self._service, [delegation])
        await self._expect(first, [delegation], ok={})
        self._tell("The tenant tries one that somebody else bills, as stripe:cus_9s6. The policy does not let it.")
        other = arguments | {"customer": self._cast.did("stranger"), "externalAccount": "stripe:cus_9s6"}
        refused = self._sign("tenant", "/customer/add", other, self._service, [delegation])
        await self._expect(refused, [delegation], error="MatchError")
        return first

    async def _customer(self, spaces: Sequence[DID]) -> str:
        customer = self._cast.did("customer")
        for number, space in enumerate(spaces, 1):
            self._tell(f"The customer provisions space {number}. It acts for itself and needs no delegation.")
            provision = {"provider": self._service, "consumer": space}
            await self._expect(self._sign("customer", "/provider/add", provision, customer))
        self._tell("The customer makes one subscription for all its spaces.")
        subscribe = {"customer": customer, "provider": self._service, "product": PRODUCT}
        receipt = await self._expect(self._sign("customer", "/subscription/add", subscribe, customer))
        subscription = _text_of(receipt, "id")
        self._tell("The customer assigns both spaces to it. They move there from subscriptions of their own.")
        assign: dict[str, Value] = {"subscription": subscription, "consumers": list(spaces)}
        moved: dict[str, Value] = {"assigned": [], "moved": list(spaces)}
        await self._expect(self._sign("customer", "/subscription/assign", assign, customer), ok=moved)
        return subscription

    async def _questions(self, space: DID, subscription: str) -> None:
        customer = self._cast.did("customer")
        self._tell("The customer asks who pays for space 1.")
        receipt = await self._expect(self._sign("customer", "/consumer/get", {"consumer": space}, customer))
        if _text_of(receipt, "customer") != customer or _text_of(receipt, "subscription") != subscription:
            raise Unexpected("/consumer/get does not name the customer and its subscription")
        self._tell("Space 1 asks about itself.")
        await self._expect(self._sign("space 1", "/space/info", {}, space), ok={"providers": [self._service]})

    async def _stranger(self) -> None:
        customer, stranger, nobody = self._cast.did("customer"), self._cast.did("stranger"), self._cast.did("tenant")
        self._tell("A stranger tries to provision itself at the customer's expense. Nothing gives it that authority.")
        provision = {"provider": self._service, "consumer": stranger}
        await self._expect(self._sign("stranger", "/provider/add", provision, customer), error="InvalidClaim")
        self._tell("The stranger asks about the customer, and about somebody who is none. It cannot tell one from the other.")
        answers = [
            await self._expect(self._sign("stranger", "/customer/get", {"customer": asked}, stranger), error="CustomerNotFound")
            for asked in (customer, nobody)
        ]
        messages = {(one.error_message or "").replace(customer, "").replace(nobody, "") for one in answers}
        if len(messages) > 1:
            raise Unexpected("the stranger can tell a customer from somebody who is none")

    async def _again(self, first: Invocation, delegation: Delegation) -> None:
        self._tell(
            "The tenant's first invocation is sent twice more, as after a time-out. It ran once: the receipt is the same."
        )
        known = await self._client.execute(first, [delegation])
        again = (await self._client.send(Container.of(first, delegation))).receipts.get(first.task)
        self._print(first, known)
        self._tell("Whoever knows the task's name may ask for its receipt later. Those are the same bytes too.")
        asked = await self._client.receipt(first.task, executor=self._service)
        show_field("GET", f"/receipt/{first.task}", indent=_INDENT)
        if any(one is None or bytes(one) != self._receipts[first.task] for one in (known, again, asked)):
            raise Unexpected("a repeat did not give the first receipt, byte for byte")

    async def _taken_back(self, delegation: Delegation) -> None:
        self._tell("The service takes back what it let the tenant do. Whoever issued a delegation may revoke it, for good.")
        revoke: dict[str, Value] = {"path": [], "revoke": delegation.cid}
        await self._expect(self._sign("service", "/ucan/revoke", revoke, self._service), [delegation], ok={})
        self._tell("The tenant tries once more, and is refused from the next request on.")
        arguments: dict[str, Value] = {"customer": self._cast.did("stranger"), "externalAccount": "f1:9a1e", "product": PRODUCT}
        late = self._sign("tenant", "/customer/add", arguments | {"details": {}}, self._service, [delegation])
        await self._expect(late, [delegation], error="Revoked")

    def _sign(
        self, who: str, command: str, arguments: Mapping[str, Value], subject: DID, proofs: Sequence[Delegation] = ()
    ) -> Invocation:
        route = self._catalog.get(CommandPath(command))
        if route is None:
            raise Unexpected(f"{command} is not in the catalogue")
        return route.command.invoke(
            self._cast[who],
            route.command.parse(arguments),
            subject=subject,
            audience=self._service,
            expiration=now() + HOUR,
            proofs=proofs,
        )

    async def _expect(
        self,
        invocation: Invocation,
        proofs: Sequence[Delegation] = (),
        *,
        ok: Value = None,
        error: str | None = None,
    ) -> Receipt:
        """Have it executed, and check what comes of it: an error of that name, that result, or any where neither is given."""
        receipt = await self._client.execute(invocation, proofs)
        self._receipts[invocation.task] = bytes(receipt)
        self._print(invocation, receipt)
        if receipt.error_name != error or (ok is not None and receipt.ok != ok):
            expected = error or ("a result" if ok is None else self._cast.readable(ok))
            raise Unexpected(f"{invocation.command}: expected {expected}, and the receipt says otherwise")
        return receipt

    def _tell(self, sentence: str) -> None:
        self._steps += 1
        show()
        show((f"{self._steps:2}. ", "dim"), (sentence, "bold"))

    def _print(self, invocation: Invocation, receipt: Receipt) -> None:
        who = self._cast.readable(f"{invocation.command} by {invocation.issuer} on {invocation.subject}")
        show_field("invocation", who, indent=_INDENT)
        if receipt.error is None:
            show_field("ok", self._cast.readable(receipt.ok), indent=_INDENT, style="green")
        else:
            text = self._cast.readable(f"{receipt.error_name}: {receipt.error_message}")
            show_field("error", text, indent=_INDENT, style="red")
        show_field("receipt", str(receipt.cid), indent=_INDENT)


def _text_of(receipt: Receipt, key: str) -> str:
    value = receipt.ok.get(key) if isinstance(receipt.ok, dict) else None
    if not isinstance(value, str):
        raise Unexpected(f"the result has no {key}")
    return value
