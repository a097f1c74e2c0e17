"""Revoked is revoked: on every worker's next request, and in every feed (protocol §13)."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import aiohttp

from forge import instant, notice
from forge.cid import CID
from forge.client import Client
from forge.command import CommandPath
from forge.container import Container
from forge.delegation import Delegation
from forge.errors import ServiceError
from forge.eventstream import Reader
from forge.invocation import Invocation
from forge.keys import Signer
from forge.receipt import Receipt
from tests.faults.processes import Place

TIMES = 1000
AT_ONCE = 8
CUTS = 20
MOST = 4000
"""Bytes before a cut: some ten events."""
REVOCATIONS = 300
FOLLOWED = 300
KILLS = 3
GENEROUS = 120.0
"""Seconds after which it has failed. Nothing takes that long."""


def delegation(service: Signer, tenant: Signer) -> Delegation:
    return Delegation.issue(
        service, audience=tenant.did, subject=service.did, command=CommandPath("/customer"), expiration=None
    )


def revocation(revoker: Signer, service: Signer, revoked: Delegation) -> Invocation:
    return Invocation.issue(
        revoker,
        subject=revoker.did,
        audience=service.did,
        command=CommandPath("/ucan/revoke"),
        arguments={"path": [], "revoke": revoked.cid},
        expiration=None,
        nonce=b"",
    )


def registration(service: Signer, tenant: Signer, proof: Delegation) -> Invocation:
    return Invocation.issue(
        tenant,
        subject=service.did,
        command=CommandPath("/customer/add"),
        arguments={"customer": Signer.generate().did, "product": "did:web:starter.example.com", "details": {}},
        expiration=None,
        proofs=[proof.cid],
    )


def inquiry(service: Signer, tenant: Signer, proof: Delegation) -> Invocation:
    return Invocation.issue(
        tenant,
        subject=service.did,
        command=CommandPath("/customer/get"),
        arguments={"customer": tenant.did},
        expiration=None,
        proofs=[proof.cid],
    )


async def outcome(url: str, invocation: Invocation, *proofs: Delegation) -> str:
    """Send over a connection of its own, which any worker may take."""
    async with Client(url) as client:
        answer = await client.send(Container.of(invocation, proofs))
        (receipt,) = (token for token in answer.tokens if isinstance(token, Receipt))
        return receipt.error_name or "ok"


async def test_a_proof_that_was_just_revoked_is_refused_by_every_worker(place: Place) -> None:
    service, tenant = place.service, Signer.generate()
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()

    async def once(url: str, number: int) -> None:
        proof = delegation(service, tenant)
        # Reading and changing take ways of their own to the store.
        make = (registration, inquiry)[number % 2]
        before[await outcome(url, make(service, tenant, proof), proof)] += 1
        assert await outcome(url, revocation(service, service, proof), proof) == "ok"
        after[await outcome(url, make(service, tenant, proof), proof)] += 1

    with place.server("--workers", "2") as server:
        await server.ready()
        numbers = iter(range(TIMES))

        async def work() -> None:
            for number in numbers:
                await once(server.url, number)

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        assert server.stop() == 0
    assert before == {"ok": TIMES // 2, "CustomerNotFound": TIMES // 2}
    assert after == {"Revoked": TIMES}
    assert place.query("SELECT count(*) FROM revocation") == [(TIMES,)]
    assert place.halves() == {}
    print(f"revoked, then invoked at once, on two workers: refused {after['Revoked']} of {TIMES} times")  # noqa: T201


class CutReader:
    """Somebody who reads along, is cut at any byte, and goes on at another process from the last instant it saw."""

    def __init__(self) -> None:
        self.seen: dict[CID, CID] = {}
        self.repeated = 0
        self.cuts = 0
        self._since = "0"
        self._source = random.Random(11)  # noqa: S311 - where to cut, repeatable

    async def read(self, urls: Sequence[str], is_enough: Callable[[], bool]) -> None:
        async with aiohttp.ClientSession() as http:
            while not (self.cuts == CUTS and is_enough()):
                async with http.get(f"{urls[self.cuts % len(urls)]}/revocations/{self._since}") as response:
                    assert response.status == 200
                    await self._take(response, is_enough)
                    response.close()

    async def _take(self, response: aiohttp.ClientResponse, is_enough: Callable[[], bool]) -> None:
        """Read so many bytes, which end anywhere; or, when that has been often enough, all there is."""
        reader = Reader()
        last = self.cuts == CUTS
        # All cuts together take less than there is to read: none waits for what never comes.
        left = self._source.randrange(100, MOST)
        while (last and not is_enough()) or (not last and left):
            data = await response.content.read(4096 if last else left)
            assert data, "the service ended the feed"
            left -= len(data)
            for event in reader.feed(data):
                announced = notice.read_announcement(event.data)
                assert event.id == str(announced.cause)
                self.repeated += announced.cause in self.seen
                self.seen[announced.cause] = announced.delegation
                self._since = instant.write(announced.recorded_at)
        self.cuts += not last


async def test_a_reader_that_is_cut_ends_with_exactly_the_set(tmp_path: Path) -> None:
    """Two processes record meanwhile."""
    place = Place(tmp_path)
    service = place.service
    revoked: set[CID] = set()
    reader = CutReader()

    async def revoke(url: str, count: int) -> None:
        tenant = Signer.generate()
        for _ in range(count):
            proof = delegation(service, tenant)
            assert await outcome(url, revocation(service, service, proof), proof) == "ok"
            revoked.add(proof.cid)

    with place.server() as first, place.server() as second:
        await first.ready()
        await second.ready()
        urls = (first.url, second.url)
        async with asyncio.timeout(GENEROUS):
            reading = reader.read(urls, lambda: len(reader.seen) >= REVOCATIONS)
            await asyncio.gather(reading, *(revoke(url, REVOCATIONS // 2) for url in urls))
        assert await asyncio.to_thread(first.stop) == await asyncio.to_thread(second.stop) == 0
    assert reader.cuts == CUTS
    assert set(reader.seen.values()) == revoked
    assert len(reader.seen) == len(revoked) == REVOCATIONS
    assert place.query("SELECT count(*) FROM revocation") == [(REVOCATIONS,)]
    said = f"{len(reader.seen)} of {REVOCATIONS} revocations read, {reader.repeated} of them again"
    print(f"a feed, cut {reader.cuts} times: {said}")  # noqa: T201


async def test_a_follower_that_is_killed_ends_with_exactly_the_set(tmp_path: Path) -> None:
    """`kill -9`, again and again, at whatever it is doing, while the other service goes on."""
    (tmp_path / "there").mkdir()
    (tmp_path / "here").mkdir()
    there, here = Place(tmp_path / "there"), Place(tmp_path / "here")
    tenant = Signer.generate()
    columns = {"revocation": "delegation, revoker, cause, links, invocation", "delegation": "cid, data"}
    killed_with: list[int] = []

    async def revoke(url: str, count: int) -> None:
        async with Client(url) as client:
            for _ in range(count):
                proof = delegation(there.service, tenant)
                await client.send(Container.of(revocation(there.service, there.service, proof), proof))

    def count() -> int:
        return int(here.query("SELECT count(*) FROM revocation")[0][0])

    with there.server() as source:
        await source.ready()
        async with asyncio.timeout(GENEROUS):
            revoking = asyncio.create_task(revoke(source.url, FOLLOWED))
            for round_ in range(KILLS):
                with here.server("--workers", str(1 + round_ % 2), FORGE_FOLLOW=source.url) as follower:
                    await follower.ready()
                    goal = min(count() + 1 + 13 * round_, FOLLOWED)
                    while count() < goal:  # noqa: ASYNC110 - another process
                        await asyncio.sleep(0.005)
                    os.killpg(follower.process.pid, signal.SIGKILL)
                    killed_with.append(count())
            await revoking
            with here.server("--workers", "2", FORGE_FOLLOW=source.url) as follower:
                await follower.ready()
                while count() < FOLLOWED:  # noqa: ASYNC110 - the same
                    await asyncio.sleep(0.01)
                assert await asyncio.to_thread(follower.stop) == 0
        assert await asyncio.to_thread(source.stop) == 0
    for table, names in columns.items():
        statement = f"SELECT {names} FROM {table}"  # noqa: S608 - names alone
        assert set(here.query(statement)) == set(there.query(statement))
    assert count() == FOLLOWED
    assert killed_with[0] < FOLLOWED
    print(f"a follower, killed with {killed_with} of {FOLLOWED}: has them all, and nothing else")  # noqa: T201


async def test_a_stop_does_not_wait_for_readers(tmp_path: Path) -> None:
    """With a grace that is longer than the test may take."""
    place = Place(tmp_path)
    for workers in ("1", "2"):
        with place.server("--workers", workers, FORGE_GRACE=str(int(10 * GENEROUS))) as server:
            await server.ready()
            # Not through one session: a connection each, so that every worker has readers.
            sessions = [aiohttp.ClientSession() for _ in range(8)]
            readers = [await session.get(f"{server.url}/revocations/0") for session in sessions]
            async with asyncio.timeout(GENEROUS):
                assert await asyncio.to_thread(server.stop) == 0, server.log.read_text()
                for reader in readers:
                    assert (await reader.read()).strip(b":\n") == b"", "it was ended, and not cut"
            for session in sessions:
                await session.close()
            try:
                async with Client(server.url) as client:
                    await client.send(Container.of())
            except ServiceError:
                continue
            raise AssertionError("it is still there")
