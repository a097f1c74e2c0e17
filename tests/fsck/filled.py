"""A store that real commands filled with everything that a store can have, as an export, and stores that are made of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TypeVar

from forge.cid import CID
from forge.client import now
from forge.keys import Signer
from forge.ports import Examined, Finding, Store, Wanted
from forge.receipt import Receipt
from store import Transaction, connect
from tests.service.scene import DAY, START, Scene, staged
from tests.store.conftest import ENGINES

T = TypeVar("T")

ARCHIVE = "old.db"


@dataclass(frozen=True)
class Filled:
    """What it is made of: an export, and its archive's file."""

    export: bytes
    archive: bytes


@cache
def filled() -> Filled:
    """Fill one. It is done once."""
    folder = Path(mkdtemp(prefix="forge-filled-"))

    async def run() -> None:
        async with staged(folder) as scene:
            await fill(scene)
            rows: Store[Transaction] = scene.world.app.state.host.store
            # All of those that were written first: the last ones stay.
            await rows.archive(folder / ARCHIVE, before=now() + DAY, tell=silent)
            await fill(scene)
            await rows.write_out(folder / "export", tell=silent)

    asyncio.run(run())
    return Filled((folder / "export").read_bytes(), (folder / ARCHIVE).read_bytes())


def silent(_: int, __: float) -> None:
    """Be told."""


def within(engine: str, folder: Path, work: Callable[[Store[Transaction]], object]) -> str:
    """Make such a store on an engine, and give its URL once `work` was done with it."""
    return made(ENGINES[engine](folder), folder, work)


def made(url: str, folder: Path, work: Callable[[Store[Transaction]], object]) -> str:
    """The same, at a place that is there."""
    (folder / "export").write_bytes(filled().export)
    (folder / ARCHIVE).write_bytes(filled().archive)

    async def run() -> None:
        store = await connect(url)
        try:
            await store.read_in(folder / "export", tell=silent)
            await store.find_archive(folder / ARCHIVE)
            outcome = work(store)
            if asyncio.iscoroutine(outcome):
                await outcome
        finally:
            await store.close()

    asyncio.run(run())
    return url


def examined(url: str) -> tuple[list[Finding], Examined]:
    """Look for damage in a store."""
    found: list[Finding] = []

    async def run() -> Examined:
        store = await connect(url)
        try:
            return await store.examine((), find=found.append, tell=silent)
        finally:
            await store.close()

    return found, asyncio.run(run())


async def fill(scene: Scene) -> None:
    """Have everything happen."""
    await scene.set_time(START)
    payer, leaf, boss, intern = [await scene.customer(account=f"f1:{number}") for number in range(4)]
    await scene.pays(payer, leaf)
    await scene.pays(boss, intern)
    await scene.do("/customer/payer/remove", customer=intern)
    await scene.pays(boss, intern)
    await scene.do("/customer/update", customer=leaf, details={"Ä\u2028": "\0", "": "x"}, externalAccount=None)
    await scene.do("/customer/suspend", customer=intern, reason="why")
    await scene.advance("P1D")
    await scene.do("/customer/resume", customer=intern)
    await scene.do("/customer/suspend", customer=intern)
    for _ in range(2):
        guest, somebody = await scene.guest(), await scene.customer()
        await scene.subscription(guest)
        await scene.do("/customer/link", guest=guest, customer=somebody)
    await scene.refused("/customer/add", customer=somebody, product=scene.product(), details={})
    # Subscriptions of every kind, and what becomes of them.
    bought, counted = await scene.bought("paid", seats=3, clock="assignment", grace="P3D", consent=True)
    await scene.paid(counted, "first", START + 40 * DAY)
    await scene.do("/payment/record", subscription=counted, event="failed", reference="second")
    await scene.do("/payment/record", subscription=counted, event="refunded", reference="third")
    seated = [await scene.seated(counted) for _ in range(3)]
    await scene.do("/subscription/accept", by=seated[0], subscription=counted)
    await scene.do("/subscription/decline", by=seated[1], subscription=counted)
    await scene.advance("P1D")
    await scene.do("/subscription/assign", subscription=counted, consumers=[seated[1]], instead=[seated[2]])
    await scene.do("/subscription/unassign", subscription=counted, consumers=[seated[1]])
    other = await scene.subscription(bought, endsAt=None, product=await scene.plan("complimentary"), reason="a friend")
    await scene.advance("P1D")
    await scene.assign(other, seated[0])
    await scene.do("/subscription/extend", subscription=other, endsAt=START + 90 * DAY)
    await scene.do("/subscription/transfer", subscription=other, customer=payer)
    await scene.do("/subscription/cancel", subscription=other, at="end")
    await scene.do("/subscription/cancel", subscription=other, at="now")
    await scene.subscription(bought, await scene.plan("trial", exclusive=True))
    await scene.do("/plan/retire", product=await scene.plan("open", seats=2))
    space, _ = await scene.provisioned(bought)
    await scene.provisioned(bought)
    await scene.do("/provider/remove", provider=scene.service, consumer=space)
    _, full = await scene.bought("complimentary", seats=2)
    first = await scene.seated(full)
    await scene.seated(full)
    await scene.do("/subscription/assign", subscription=full, consumers=[Signer.generate()], instead=[first])
    closed, _ = await scene.bought("open")
    await scene.do("/customer/close", customer=closed)
    await _words(scene, bought)
    await scene.plan("open")


async def _words(scene: Scene, owner: Signer) -> None:
    """Have something revoked, also by who did not issue it, and have somebody say what came of a task."""
    friend, third = Signer.generate(), Signer.generate()
    lent = scene.lend("/customer/get", of=owner, to=friend)
    lent_on = scene.lend("/customer/get", of=friend, to=third, subject=owner)
    await scene.do("/ucan/revoke", by=owner, along=[lent, lent_on], path=[lent.cid, lent_on.cid], revoke=lent_on.cid)
    await scene.revoke(lent, by=owner)
    rows: Store[Transaction] = scene.world.app.state.host.store
    await rows.change(lambda tx: tx.follow("https://elsewhere.example.com", 5))
    wanted = Wanted(CID.of(b"a delegation"), CID.of(b"an invocation"), 2)
    await rows.change(lambda tx: tx.postpone("https://elsewhere.example.com", wanted, until=START))
    await _conclude(scene, Receipt.issue(friend, ran=CID.of(b"a task"), out={"a": 1}, issued_at=now()))
    await _conclude(scene, Receipt.issue(friend, ran=CID.of(b"another"), out={"a": 1}, issued_at=now()))


async def _conclude(scene: Scene, receipt: Receipt) -> None:
    asked = scene.world.invocation("/ucan/conclude", {"receipt": receipt.cid}, by=scene.service)
    (answer,) = await scene.world.send(asked, receipt)  # type: ignore[arg-type] # a token like the others
    assert answer.error is None, answer.error
