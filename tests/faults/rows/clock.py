"""The clock: steps of an hour either way, and a second that comes twice (libfaketime).

What is signed says when it expires: with a clock that is wrong it is refused, and has not run. Everything else goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from commands.customer import add as customer_add
from commands.ucan.revoke import revoke
from forge.cid import CID
from forge.client import Client, now
from forge.command import CommandPath
from forge.container import Container
from forge.delegation import Delegation
from forge.invocation import Invocation
from forge.keys import Signer
from tests.faults.load import PRODUCT, customers
from tests.faults.scene import Scene, Stage
from tests.faults.table import Line

NAME: Final = "clock"
ROUNDS: Final = 8
STEPS: Final = {"+ 1 h": ("+3600", "+0"), "- 1 h": ("-3600", "+0"), "a second that comes twice": ("-1", "+0")}
SOME: Final = 15
VALID: Final = 300
"""Seconds that what is signed is good for: less than a step of the clock, more than the scene takes."""


async def play(stage: Stage) -> None:
    """Step the clock of a server that runs, there and back."""
    await stage.play(
        {f"steps: {how}, and back": partial(_step, steps) for how, steps in STEPS.items()}, {"steps: + 1 h, and back"}
    )


async def _step(steps: Sequence[str], stage: Stage, how: str) -> None:
    library = _library()
    if library is None:
        stage.report(Line(NAME, how, missing="apt-get install faketime"))
        return
    file = stage.folder / "clock"
    file.write_text("+0")
    environment = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        # Read again for each look at the clock.
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        # Otherwise it takes Python's waits on the monotonic clock for waits on the other, and threads miss their turn.
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        "NO_FAKE_STAT": "1",
    }
    async with stage.scene(NAME, how, story=expiring, environment=environment) as scene:
        await scene.serve()
        scene.load.start()
        revoked: list[CID] = []
        for _ in stage.rounds(ROUNDS):
            for offset in steps:
                file.write_text(offset)
                revoked.append(await _revoke(scene, int(offset)))
                await scene.load.more(SOME)
                await scene.load.rest()
                scene.check()
                scene.load.start()
        await scene.load.rest()
        _compare(scene, revoked)


def _library() -> Path | None:
    return next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


def expiring(service: Signer) -> Iterator[Invocation]:
    """Do what clients do, and one thing that is good for some minutes."""
    arguments = customer_add.AddArguments(customer=Signer.generate().did, product=PRODUCT, details={})
    yield from customers(service)
    yield customer_add.add.invoke(service, arguments, subject=service.did, expiration=now() + VALID)


async def _revoke(scene: Scene, offset: int) -> CID:
    service = scene.place.service
    proof = Delegation.issue(
        service, audience=Signer.generate().did, subject=service.did, command=CommandPath("/customer"), expiration=None
    )
    arguments = revoke.arguments(revoke=proof.cid, path=[])
    asked = revoke.invoke(service, arguments, subject=service.did, expiration=None)
    async with Client(scene.url) as client:
        receipt = (await client.send(Container.of(asked, proof))).receipts[asked.task]
    scene.load.book.receive(asked, receipt)
    assert receipt.assertion.issued_at is not None
    assert abs(receipt.assertion.issued_at - now() - offset) < VALID, "the clock was not stepped"
    return proof.cid


def _compare(scene: Scene, revoked: list[CID]) -> None:
    """See that a feed has all revocations, in the order in which they were recorded, whatever the clock said."""
    found = scene.place.query("SELECT delegation FROM revocation ORDER BY recorded_at")
    if [CID(bytes(delegation)) for (delegation,) in found] != revoked:
        scene.line.differences.halves.append(f"the feed has {len(found)} revocations, not these {len(revoked)} in their order")
