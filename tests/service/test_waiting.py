"""Whoever waits for a slow host waits alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from commands.ucan.conclude import conclude
from forge.cid import CID
from forge.client import now
from forge.container import Container
from forge.execute import LARGE, LARGE_AT_ONCE
from forge.keys import Signer
from forge.receipt import Receipt
from tests.service.test_principals import Site, hosting
from tests.service.world import World, running


class SlowSite(Site):
    """A host that answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_once = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def answer(self, request: web.Request) -> web.Response:
        self.asked_once.set()
        await self.may_answer.wait()
        return await super().answer(request)


@pytest.fixture
async def site() -> AsyncIterator[SlowSite]:
    async with hosting(SlowSite()) as found:
        yield found
        found.may_answer.set()


def waiting(world: World, site: SlowSite, number: int) -> Container:
    """Make a large container whose evidence is signed by somebody on the slow host."""
    by = Signer.generate()
    executor = site.publish(by.key, str(number))
    tokens: list[Any] = []
    for one in range(LARGE + 1):
        receipt = Receipt.issue(executor, ran=CID.of(f"{one}".encode()), out={}, issued_at=now())
        arguments = conclude.arguments(receipt=receipt.cid)
        tokens += [
            receipt,
            conclude.invoke(by, arguments, subject=by.did, audience=world.service.did, expiration=now() + 60),
        ]
    return Container.of(*tokens)


async def test_large_containers_that_wait_hold_no_other_up(tmp_path: Path, site: SlowSite) -> None:
    async with running(tmp_path, resolve_http=True, resolve_private=True, resolve_timeout=60) as world:
        slow = [asyncio.create_task(world.client.send(waiting(world, site, number))) for number in range(LARGE_AT_ONCE + 1)]
        await site.asked_once.wait()
        by = Signer.generate()
        echoes = [world.invocation("/debug/echo", {"message": str(one)}, by=by) for one in range(LARGE + 1)]
        answer = await world.client.send(Container.of(*echoes))
        assert len(answer.receipts) == LARGE + 1
        assert not any(one.done() for one in slow)
        site.may_answer.set()
        for container in await asyncio.gather(*slow):
            assert [token.ok for token in container.tokens if isinstance(token, Receipt)] == [{}] * (LARGE + 1)
        # Each document was asked for once, though sixty-five invocations wanted it.
        assert sorted(site.asked) == sorted(site.documents)
