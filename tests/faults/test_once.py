"""Once: on any number of processes, however often something is sent (design.md, guarantee 2)."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter

import aiohttp

from commands.customer import add as customer_add
from commands.provider import add as provider_add
from forge.client import Client
from forge.container import Container
from forge.delegation import Delegation
from forge.did import DID
from forge.invocation import Invocation
from forge.keys import Signer
from forge.policy import Policy
from tests.faults.processes import Place

PROCESSES = 2
CLIENTS = 16
INVOCATIONS = 2000
TIMES = 3
PRODUCT = DID("did:web:starter.example.com")


def story(service: Signer) -> tuple[list[Invocation], list[Delegation]]:
    """Make invocations that quarrel: a quarter are second tasks for a customer or a space that there is already."""
    tenant = Signer.generate()
    proof = customer_add.add.delegate(
        service,
        audience=tenant.did,
        subject=service.did,
        expiration=None,
        policy=Policy.decode([["like", ".externalAccount", "f1:*"]]),
    )
    customers = [Signer.generate() for _ in range(INVOCATIONS * 3 // 8)]
    invocations: list[Invocation] = []
    for number, customer in enumerate(customers + customers[: INVOCATIONS // 8]):
        arguments = customer_add.AddArguments(
            customer=customer.did, external_account=f"f1:{number}", product=PRODUCT, details={}
        )
        invocations.append(customer_add.add.invoke(tenant, arguments, subject=service.did, proofs=[proof], expiration=None))
    spaces = [f"did:web:{number}.example.com" for number in range(INVOCATIONS * 3 // 8)]
    for number, space in enumerate(spaces + spaces[: INVOCATIONS // 8]):
        wanted = provider_add.AddArguments(provider=service.did, consumer=DID(space))
        customer = customers[number % len(customers)]
        invocations.append(
            provider_add.add.invoke(customer, wanted, subject=customer.did, audience=service.did, expiration=None)
        )
    return invocations, [proof]


async def test_two_processes_sixteen_clients_everything_three_times(place: Place) -> None:
    invocations, proofs = story(place.service)
    assert len(invocations) == INVOCATIONS
    source = random.Random(7)  # noqa: S311 - an order, repeatable
    # Customers first, so that what needs them finds them; within each half everything at once and in any order.
    halves = [[one for one in invocations if one.command == path] * TIMES for path in ("/customer/add", "/provider/add")]
    answers: dict[bytes, list[bytes]] = {bytes(one.task): [] for one in invocations}
    with place.server() as first, place.server() as second:
        await first.ready()
        await second.ready()

        async def work(queue: list[Invocation], url: str) -> None:
            async with Client(url) as client:
                while queue:
                    one = queue.pop()
                    answer = await client.send(Container.of(one, proofs))
                    answers[bytes(one.task)].append(bytes(answer.receipts[one.task]))

        for half in halves:
            source.shuffle(half)
            urls = [(first.url, second.url)[number % PROCESSES] for number in range(CLIENTS)]
            await asyncio.gather(*(work(half, url) for url in urls))
        assert first.stop() == second.stop() == 0

    outcomes: Counter[str] = Counter()
    for one in invocations:
        given = answers[bytes(one.task)]
        assert len(given) == TIMES
        assert len(set(given)) == 1, "every repeat gets the same bytes"
        (receipt,) = Container.from_cbor(Container.of(Invocation.decode(given[0])).to_cbor()).tokens
        outcomes[getattr(receipt, "error_name", "") or "ok"] += 1
    quarter = INVOCATIONS // 4
    assert outcomes == {"ok": INVOCATIONS - quarter, "CustomerExists": quarter // 2, "ConsumerExists": quarter // 2}
    # Each ran once: one ledger entry a task, one event a registration, two a provisioning.
    assert place.query("SELECT count(*), count(DISTINCT task) FROM ledger") == [(INVOCATIONS, INVOCATIONS)]
    assert place.query("SELECT count(*) FROM customer") == [(INVOCATIONS * 3 // 8,)]
    assert place.query("SELECT count(*) FROM assignment") == [(INVOCATIONS * 3 // 8,)]
    assert place.query("SELECT type, count(*) FROM event GROUP BY type ORDER BY type") == [
        ("consumer-assigned", INVOCATIONS * 3 // 8),
        ("customer-added", INVOCATIONS * 3 // 8),
        ("subscription-added", INVOCATIONS * 3 // 8),
    ]
    assert place.halves() == {}


async def test_workers_of_one_server_share_the_ledger(place: Place) -> None:
    invocations, proofs = story(place.service)
    with place.server("--workers", "2") as server:
        await server.ready()
        for one in invocations[:20]:
            # A connection each, so that both workers get some.
            given = set()
            for _ in range(TIMES):
                async with Client(server.url) as client:
                    answer = await client.send(Container.of(one, proofs))
                given.add(bytes(answer.receipts[one.task]))
            assert len(given) == 1
        async with aiohttp.ClientSession() as http, http.get(server.url + "/metrics") as response:
            counted = re.search(r'forge_invocations_total{command="/customer/add",outcome="ok"} (\S+)', await response.text())
        assert counted is not None
        assert float(counted[1]) == 20 * TIMES, "counters add up over the workers"
        assert server.stop() == 0
    assert place.query("SELECT count(*) FROM ledger") == [(20,)]
