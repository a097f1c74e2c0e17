"""All or nothing, and durable: `kill -9`, again and again (design.md, guarantee 3)."""

from __future__ import annotations

import asyncio

import aiohttp

from commands.customer import add as customer_add
from commands.provider import add as provider_add
from forge.client import Client
from forge.container import Container
from forge.did import DID
from forge.errors import ServiceError
from forge.invocation import Invocation
from forge.keys import Signer
from tests.faults.processes import Place, Server
from tests.service import catalog

KILLS = 30
FEWER = 10
"""On PostgreSQL: there the server that writes is not what is killed."""
CLIENTS = 8
PRODUCT = DID("did:web:starter.example.com")


class Load:
    """Clients that know what they were told."""

    def __init__(self, service: Signer) -> None:
        self.service = service
        self.held: dict[Invocation, bytes] = {}
        self.unanswered: list[Invocation] = []
        self.enough = asyncio.Event()

    async def run(self, url: str, goal: int) -> None:
        """Send until the service is gone."""
        async with Client(url) as client:
            while True:
                customer = Signer.generate()
                registration = customer_add.add.invoke(
                    self.service,
                    customer_add.AddArguments(customer=customer.did, product=PRODUCT, details={}),
                    subject=self.service.did,
                    expiration=None,
                )
                provision = provider_add.add.invoke(
                    customer,
                    provider_add.AddArguments(provider=self.service.did, consumer=Signer.generate().did),
                    subject=customer.did,
                    audience=self.service.did,
                    expiration=None,
                )
                for one in (registration, provision):
                    try:
                        answer = await client.send(Container.of(one))
                    except ServiceError:
                        self.unanswered.append(one)
                        return
                    receipt = answer.receipts[one.task]
                    assert receipt.ok is not None, receipt.error
                    self.held[one] = bytes(receipt)
                    if len(self.held) >= goal:
                        self.enough.set()


async def test_what_was_answered_is_there_and_nothing_is_half_there(place: Place) -> None:
    load = Load(place.service)
    kills = KILLS if place.elsewhere is None else FEWER
    for round_ in range(kills):
        with place.server() as server:
            await server.ready()
            load.enough.clear()
            # A different moment each time: after some more answers, in the middle of the others.
            goal = len(load.held) + 5 + 7 * (round_ % 10)
            clients = [asyncio.create_task(load.run(server.url, goal)) for _ in range(CLIENTS)]
            enough = asyncio.create_task(load.enough.wait())
            await asyncio.wait([enough, *clients], return_when=asyncio.FIRST_COMPLETED)
            assert enough.done(), "a client gave up before the server was killed"
            server.kill()
            await asyncio.gather(*clients)
        await check(place, load)
    with place.server() as server:
        await server.ready()
        await repeats(server, load)
        assert server.stop() == 0
    assert place.halves() == {}
    assert place.query("SELECT count(*), count(DISTINCT task) FROM event WHERE type = 'customer-added'")[0][0] > kills
    print(f"{kills} kills, {len(load.held)} receipts held, {len(load.unanswered)} cut off: none lost, none halved")  # noqa: T201


async def check(place: Place, load: Load) -> None:
    """Look into the store as the kill left it."""
    ledger = dict(place.query("SELECT task, receipt FROM ledger"))
    customers = {task for (task,) in place.query("SELECT task FROM customer")}
    assigned = {task for (task,) in place.query("SELECT task FROM assignment")}
    for one, receipt in load.held.items():
        task = bytes(one.task)
        assert ledger.get(task) == receipt, "a receipt that a client holds is in the ledger"
        assert task in (customers if one.command == "/customer/add" else assigned), "and so are its rows"
    assert place.halves() == {}, "no row is there without its receipt"
    for task in ledger:
        assert task in customers or task in assigned, "no receipt is there without its rows"


async def repeats(server: Server, load: Load) -> None:
    """Send everything again: what was answered is answered with the same bytes, what was cut off runs now or ran then."""
    async with Client(server.url) as client:
        for one, receipt in list(load.held.items())[-200:]:
            answer = await client.send(Container.of(one))
            assert bytes(answer.receipts[one.task]) == receipt
            kept = await client.receipt(one.task)
            assert kept is not None
            assert bytes(kept) == receipt
        for one in load.unanswered:
            answer = await client.send(Container.of(one))
            error = answer.receipts[one.task].error_name
            # Its own registration may have been what was cut off before it.
            assert error in (None, "AccountPlanMissing")


async def test_power_lost_between_two_statements_of_a_handler_leaves_nothing(place: Place) -> None:
    somebody, witness = Signer.generate(), Signer.generate()
    with place.server(FORGE_CATALOG="tests.service.catalog:CATALOG") as server:
        await server.ready()
        async with Client(server.url) as client:
            kept = Invocation.issue(
                witness,
                subject=witness.did,
                audience=place.service.did,
                command=catalog.note.path,
                arguments={},
                expiration=None,
            )
            await client.send(Container.of(kept))
            fatal = Invocation.issue(
                somebody,
                subject=somebody.did,
                audience=place.service.did,
                command=catalog.die.path,
                arguments={},
                expiration=None,
            )
            try:
                await client.send(Container.of(fatal))
            except (ServiceError, aiohttp.ClientError):
                pass
            else:
                raise AssertionError("the handler was to end the process")
        assert server.process.wait() == -9
    assert place.query("SELECT did FROM customer") == []
    assert place.query("SELECT task FROM ledger") == [(bytes(kept.task),)]
    assert place.query("SELECT task FROM event") == [(bytes(kept.task),)]
    assert place.halves() == {}
