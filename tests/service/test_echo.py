"""`/debug/echo`, over HTTP."""

from __future__ import annotations

from commands.debug.echo import EchoArguments, echo
from forge.keys import Signer
from tests.service.world import World


async def test_gives_back_what_it_got(world: World) -> None:
    assert (await world.ask(echo, EchoArguments(message="héllo"), by=Signer.generate())).message == "héllo"
