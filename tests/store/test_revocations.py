"""Revocations, on every engine: for good, in an order in which nobody who resumes misses one, and others' feeds."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence

import pytest

from forge.cid import CID
from forge.did import DID
from forge.ports import Announcement, Wanted
from store import Transaction, connect
from store.revocations import REVOKERS_BATCH
from tests.store.conftest import Tx
from tests.store.samples import ALICE, BOB, SPACE, revocation, task

SECOND = 1_000_000_000
SOURCE = "https://other.example.com"


async def revoked(store: Tx, number: int, by: DID = ALICE, cause: int = 0, *, at: int = 1) -> bool:
    return await store.change(lambda tx: tx.revoke(revocation(number, by, cause), at=at))


async def told(store: Tx, after: int = 0, limit: int = 1000) -> Sequence[Announcement]:
    return await store.read(lambda tx: tx.announcements(after, limit))


# -- who revoked what --------------------------------------------------------------------------------------------------


async def test_a_revocation_is_for_good(store: Tx) -> None:
    assert await revoked(store, 1, cause=8)
    assert not await revoked(store, 1, cause=9, at=2), "the first of several stays"
    assert not await revoked(store, 1, cause=8, at=2)
    assert await revoked(store, 1, BOB, at=3)
    assert await revoked(store, 2, BOB, at=3)
    found = await store.read(lambda tx: tx.revokers([task(1), task(3)]))
    assert {delegation: set(who) for delegation, who in found.items()} == {task(1): {ALICE, BOB}}
    assert await store.read(lambda tx: tx.revokers(iter(()))) == {}
    assert [one.cause for one in await told(store)] == [
        one.cause for one in (revocation(1, ALICE, 8), revocation(1, BOB), revocation(2, BOB))
    ]


async def test_only_the_issuers_of_a_chain_are_looked_for_where_they_are_named(store: Tx) -> None:
    for who in (ALICE, BOB, SPACE):
        await revoked(store, 1, who)
    await revoked(store, 2, SPACE)

    async def ask(*issuers: DID) -> dict[CID, set[DID]]:
        found = await store.read(lambda tx: tx.revokers([task(1), task(2)], issuers))
        return {delegation: set(who) for delegation, who in found.items()}

    assert await ask(BOB) == {task(1): {BOB}}
    assert await ask(SPACE, ALICE) == {task(1): {ALICE, SPACE}, task(2): {SPACE}}
    assert await ask() == {}


@pytest.mark.parametrize("named", [False, True])
async def test_any_number_of_delegations_may_be_asked_about(store: Tx, *, named: bool) -> None:
    many = [task(number) for number in range(2 * REVOKERS_BATCH + 1)]
    people = [DID(f"did:web:n{number}.example.com") for number in range(2 * REVOKERS_BATCH + 1)]

    def work(tx: Transaction) -> None:
        for number in range(0, len(many), 2):
            tx.revoke(revocation(number, people[number]), at=1)

    await store.change(work)
    found = await store.read(lambda tx: tx.revokers(iter(many), people if named else None))
    assert found == {many[number]: {people[number]} for number in range(0, len(many), 2)}


# -- records -----------------------------------------------------------------------------------------------------------


async def test_a_revocation_comes_out_as_it_went_in(store: Tx) -> None:
    await revoked(store, 1, at=7)
    found = await store.read(lambda tx: tx.revocation(task(1)))
    assert found == dataclasses.replace(revocation(1), recorded_at=7 * SECOND)
    (announced,) = await told(store)
    assert announced == Announcement(
        delegation=task(1), cause=found.cause, path=tuple(map(CID.of, found.path)), recorded_at=7 * SECOND
    )
    assert await store.read(lambda tx: tx.revocation(task(2))) is None


async def test_the_last_one_is_given_or_the_one_that_is_named(store: Tx) -> None:
    for who in (ALICE, SPACE, BOB):
        await revoked(store, 1, who)
    await revoked(store, 2, SPACE)

    async def revoker(cause: CID | None) -> DID | None:
        found = await store.read(lambda tx: tx.revocation(task(1), cause))
        return None if found is None else found.revoker

    assert await revoker(None) == BOB
    assert await revoker(revocation(1, ALICE).cause) == ALICE
    assert await revoker(revocation(2, SPACE).cause) is None, "it is of another delegation"
    asked = [revocation(1, ALICE).cause, revocation(2, ALICE).cause, revocation(2, SPACE).cause] * REVOKERS_BATCH
    assert await store.read(lambda tx: tx.causes(asked)) == {asked[0], asked[2]}


async def test_the_one_by_a_revoker_can_be_had(store: Tx) -> None:
    for who in (ALICE, SPACE, BOB):
        await revoked(store, 1, who)

    async def cause(revoker: DID, cause: CID | None = None) -> CID | None:
        found = await store.read(lambda tx: tx.revocation(task(1), cause, revoker=revoker))
        return None if found is None else found.cause

    assert [await cause(who) for who in (ALICE, SPACE)] == [revocation(1, who).cause for who in (ALICE, SPACE)]
    assert await cause(DID("did:web:nobody.example.com")) is None
    assert await cause(ALICE, revocation(1, ALICE).cause) == revocation(1, ALICE).cause
    assert await cause(ALICE, revocation(1, BOB).cause) is None


async def test_a_delegation_is_kept_once_whatever_leads_over_it(store: Tx) -> None:
    """One request may revoke thousands, all by one long path."""
    path = tuple(b"delegation %d" % number for number in range(2 * REVOKERS_BATCH + 1))
    people = [DID(f"did:web:n{number}.example.com") for number in range(20)]

    def work(tx: Transaction) -> None:
        for who in people:
            tx.revoke(dataclasses.replace(revocation(1, who), path=path), at=1)
        tx.revoke(dataclasses.replace(revocation(2), path=(*path[::-1], path[3])), at=1)

    await store.change(work)
    rows = await store.read(lambda tx: tx._execute("SELECT cid, data FROM delegation").fetchall())
    assert {CID(cid): data for cid, data in rows} == {CID.of(one): one for one in path}
    assert len(rows) == len(path)
    for who in people:
        found = await store.read(lambda tx, who=who: tx.revocation(task(1), revoker=who))  # type: ignore[misc]
        assert found is not None
        assert found.path == path, "in its order"
    found = await store.read(lambda tx: tx.revocation(task(2)))
    assert found is not None
    assert found.path == (*path[::-1], path[3])


async def test_what_is_refused_keeps_no_delegations(store: Tx) -> None:
    await revoked(store, 1)
    before = await store.read(lambda tx: tx._execute("SELECT count(*) FROM delegation").fetchone())
    assert not await store.change(lambda tx: tx.revoke(dataclasses.replace(revocation(1), path=(b"another",)), at=1))
    assert await store.read(lambda tx: tx._execute("SELECT count(*) FROM delegation").fetchone()) == before


# -- the order of a feed -----------------------------------------------------------------------------------------------


async def test_every_one_is_recorded_later_than_the_one_before_it_whatever_the_clocks_say(store: Tx) -> None:
    for number, at in enumerate((100, 100, 99, 50, 102, 101, 102, 103)):
        await revoked(store, number, at=at)
    seconds = [divmod(one.recorded_at, SECOND) for one in await told(store)]
    assert seconds == [(100, 0), (100, 1), (100, 2), (100, 3), (102, 0), (102, 1), (102, 2), (103, 0)]
    assert await store.read(Transaction.last_revocation) == 103 * SECOND
    assert await store.read(lambda tx: (tx.recorded_at(102 * SECOND + 1), tx.recorded_at(102 * SECOND + 3))) == (True, False)


async def test_a_store_without_any_ends_at_the_beginning(store: Tx) -> None:
    assert await store.read(Transaction.last_revocation) == 0
    assert await told(store, -1) == []


async def test_what_was_revoked_before_takes_no_place(store: Tx) -> None:
    await revoked(store, 1, at=5)
    await revoked(store, 1, at=9)
    await revoked(store, 2, at=5)
    assert [one.recorded_at for one in await told(store)] == [5 * SECOND, 5 * SECOND + 1]


async def test_pages(store: Tx) -> None:
    for number in range(7):
        await revoked(store, number)
    found: list[Announcement] = []
    while page := await told(store, found[-1].recorded_at if found else -1, 3):
        assert len(page) <= 3
        found += page
        assert len(found) <= 7
    assert [one.delegation for one in found] == [task(number) for number in range(7)]


async def test_whoever_resumes_after_the_last_one_it_saw_misses_none(url: str) -> None:
    """Two processes record, each by a clock of its own; a third reads along, as fast as it can."""
    stores = [await connect(url) for _ in range(3)]
    done = asyncio.Event()

    async def record(store: Tx, clock: int) -> None:
        for number in range(200):
            await revoked(store, clock * 1000 + number, at=clock + number % 7)

    async def read(store: Tx) -> list[CID]:
        found: list[Announcement] = []
        while True:
            last = done.is_set()
            page = await told(store, found[-1].recorded_at if found else -1, 10)
            if not page and last:
                return [one.delegation for one in found]
            found += page
            await asyncio.sleep(0)

    reading = asyncio.create_task(read(stores[2]))
    await asyncio.gather(record(stores[0], 100), record(stores[1], 90))
    done.set()
    found = await reading
    assert len(found) == 400
    assert set(found) == {task(clock * 1000 + number) for clock in (90, 100) for number in range(200)}
    for one in stores:
        await one.close()


# -- others' feeds -----------------------------------------------------------------------------------------------------


async def test_a_place_never_goes_back(store: Tx) -> None:
    assert await store.read(lambda tx: tx.followed(SOURCE)) == 0
    for instant in (5, 9, 7):
        await store.change(lambda tx, instant=instant: tx.follow(SOURCE, instant))  # type: ignore[misc]
    await store.change(lambda tx: tx.follow("https://third.example.com", 3))
    assert await store.read(lambda tx: tx.followed(SOURCE)) == 9


async def test_what_was_postponed_comes_up_when_it_is_due(store: Tx) -> None:
    def work(tx: Transaction) -> None:
        for number, until in ((1, 30), (2, 10), (3, 20)):
            tx.postpone(SOURCE, Wanted(task(number), task(number + 10), number), until=until)
        tx.postpone("https://third.example.com", Wanted(task(4), task(14), 1), until=0)

    async def due(at: int, limit: int = 10) -> list[int]:
        return [one.tries for one in await store.read(lambda tx: tx.postponed(SOURCE, limit, at=at))]

    await store.change(work)
    assert [await due(at) for at in (9, 10, 29, 30)] == [[], [2], [2, 3], [2, 3, 1]]
    assert await due(30, 1) == [2]
    await store.change(lambda tx: tx.postpone(SOURCE, Wanted(task(2), task(12), 5), until=40))
    await store.change(lambda tx: tx.settle(SOURCE, task(13)))
    assert await due(40) == [1, 5]
    await store.change(lambda tx: tx.postpone(SOURCE, Wanted(task(2), task(12), 4), until=99))
    assert await due(40) == [1, 5], "it was tried as often as it was, however often it is announced"
    assert await store.read(lambda tx: tx.postponed(SOURCE, 1, at=30)) == [Wanted(task(1), task(11), 1)]


async def test_of_too_many_those_that_are_due_last_are_forgotten(store: Tx) -> None:
    def work(tx: Transaction) -> None:
        for number in range(10):
            tx.postpone(SOURCE, Wanted(task(number), task(number), number), until=100 - number)
        tx.postpone("https://third.example.com", Wanted(task(4), task(14), 1), until=999)

    await store.change(work)
    assert await store.change(lambda tx: tx.curtail(SOURCE, 10)) == 0
    assert await store.change(lambda tx: tx.curtail(SOURCE, 4)) == 6
    assert [one.tries for one in await store.read(lambda tx: tx.postponed(SOURCE, 99, at=999))] == [9, 8, 7, 6]
    assert len(await store.read(lambda tx: tx.postponed("https://third.example.com", 99, at=999))) == 1
