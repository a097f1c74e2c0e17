"""Peers: a DID directory that is down, slow, lying; and clients that do everything but behave.

Whoever behaves is served meanwhile.
"""

from __future__ import annotations

import asyncio
import resource
import secrets
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from aiohttp import web

from commands.customer import add as customer_add
from commands.provider import add as provider_add
from forge.container import Container
from forge.did import DID
from forge.document import describe
from forge.invocation import Invocation
from forge.keys import PrivateKey, Signer
from forge.wire import CONTENT_TYPE
from tests.faults.book import Told
from tests.faults.load import PRODUCT, Load
from tests.faults.scene import Scene, Stage, Way

NAME: Final = "peers"
ROUNDS: Final = 4
SOME: Final = 20
TTL: Final = 1.0
"""Seconds that a document is believed, here: so that a lie is over when the directory is honest again."""
MODES: Final = ("down", "slow", "lying")
DRIPS: Final = 10
CONNECTIONS: Final = 5000
FEW: Final = 64
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_HEAD: Final = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: %d\r\n\r\n"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def play(stage: Stage) -> None:
    """Break the directory, then be bad clients."""
    ways: dict[str, Way] = {f"a DID directory that is {mode}": partial(_directory, mode) for mode in MODES}
    ways |= {f"clients that {how}": partial(_misbehave, misbehave) for how, misbehave in _BAD.items()}
    await stage.play(ways, {"a DID directory that is lying", "clients that hang up in mid-body, or later"})


async def _misbehave(how_so: Callable[[Scene, Stage], Awaitable[None]], stage: Stage, how: str) -> None:
    async with stage.scene(NAME, how) as scene:
        await scene.serve()
        scene.load.start()
        for _ in stage.rounds(ROUNDS):
            await how_so(scene, stage)
            await scene.load.more(SOME)
            scene.line.rounds += 1


class Directory:
    """A did:plc directory that breaks when it is told to."""

    def __init__(self) -> None:
        self.keys: dict[DID, PrivateKey] = {}
        self.mode = ""
        self.port = 0

    def newcomer(self) -> Signer:
        """Register somebody."""
        signer = Signer.generate()
        did = DID("did:plc:" + "".join(secrets.choice(_LETTERS) for _ in range(24)))
        self.keys[did] = signer.key
        return Signer(signer.key, did)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Give a document, or what a broken directory gives."""
        did = DID(request.match_info["did"])
        if self.mode == "down":
            assert request.transport is not None
            request.transport.abort()
        if self.mode == "slow":
            await asyncio.sleep(3600)
        lies: list[dict[str, Any]] = [
            describe(did, Signer.generate().key.public),
            describe(Signer.generate().did, self.keys[did].public),
            {"id": did, "verificationMethod": "none"},
        ]
        return web.json_response(secrets.choice(lies) if self.mode == "lying" else describe(did, self.keys[did].public))

    def residents(self, service: Signer) -> Iterator[Invocation]:
        """Register somebody of this directory, who then signs."""
        customer = self.newcomer()
        arguments = customer_add.AddArguments(customer=customer.did, product=PRODUCT, details={})
        yield customer_add.add.invoke(service, arguments, subject=service.did, expiration=None)
        wanted = provider_add.AddArguments(provider=service.did, consumer=Signer.generate().did)
        yield provider_add.add.invoke(customer, wanted, subject=customer.did, audience=service.did, expiration=None)


async def _directory(mode: str, stage: Stage, how: str) -> None:
    directory = Directory()
    async with _hosting(directory):
        environment = {
            "FORGE_PLC_DIRECTORY": f"http://127.0.0.1:{directory.port}",
            "FORGE_RESOLVE_TTL": str(TTL),
            "FORGE_RESOLVE_TIMEOUT": str(TTL),
        }
        async with stage.scene(NAME, how, environment=environment) as scene:
            residents = Load(scene.url, scene.place.service, directory.residents, book=scene.load.book)
            await scene.serve()
            try:
                scene.load.start()
                residents.start()
                for _ in stage.rounds(ROUNDS):
                    directory.mode = mode
                    await residents.trouble(FEW)
                    # Those of whom nobody need be asked.
                    await scene.load.more(SOME)
                    directory.mode = ""
                    await scene.load.more(SOME)
                    scene.line.rounds += 1
                await residents.rest()
            finally:
                await residents.stop()
            await asyncio.sleep(2 * TTL)


@asynccontextmanager
async def _hosting(directory: Directory) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_get("/{did}", directory.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    directory.port = runner.addresses[0][1]
    try:
        yield
    finally:
        await runner.cleanup()


async def _stop_reading(scene: Scene, stage: Stage) -> None:
    """Ask again and again for what is large, and read nothing."""
    del stage
    async with _connected(scene, FEW) as connections:
        for reader, writer in connections:
            reader._transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 16)
        await scene.load.more(SOME)


async def _drip(scene: Scene, stage: Stage) -> None:
    """Send a byte a second."""
    del stage
    async with _connected(scene, FEW) as connections:
        for index in range(DRIPS):
            for _, writer in connections:
                writer.write((_HEAD % 1000).encode() if index == 0 else b"x")
            await asyncio.sleep(1)
        await scene.load.more(SOME)


async def _hang_up(scene: Scene, stage: Stage) -> None:
    """Hang up in the middle of an invocation, or when it was sent: the one has not run, the other may have."""
    del stage
    book, service = scene.load.book, scene.place.service
    async with _connected(scene, FEW) as connections:
        for index, (_, writer) in enumerate(connections):
            arguments = customer_add.AddArguments(customer=Signer.generate().did, product=PRODUCT, details={})
            one = customer_add.add.invoke(service, arguments, subject=service.did, expiration=None)
            body = Container.of(one).to_cbor()
            whole = index % 2 == 0
            writer.write((_HEAD % len(body)).encode() + (body if whole else body[: len(body) // 2]))
            await writer.drain()
            book.tell(one, Told.NOTHING if whole else Told.NOT_RUN)
            _reset(writer)


async def _crowd(scene: Scene, stage: Stage) -> None:
    """Be connected, thousands of times, and say nothing, or a part of a head."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    async with _connected(scene, CONNECTIONS if stage.whole else CONNECTIONS // 10) as connections:
        for index, (_, writer) in enumerate(connections):
            if index % 2:
                writer.write(b"POST / HTTP/1.1\r\nHost")
        await scene.load.more(SOME)


_BAD: Final[dict[str, Callable[[Scene, Stage], Awaitable[None]]]] = {
    "stop reading": _stop_reading,
    "send a byte a second": _drip,
    "hang up in mid-body, or later": _hang_up,
    f"open {CONNECTIONS} connections": _crowd,
}


@asynccontextmanager
async def _connected(scene: Scene, count: int) -> AsyncIterator[list[Streams]]:
    opened: list[Streams] = []
    try:
        while len(opened) < count:
            batch = (asyncio.open_connection("127.0.0.1", scene.port) for _ in range(min(FEW, count - len(opened))))
            opened += await asyncio.gather(*batch)
        yield opened
    finally:
        for _, writer in opened:
            _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Hang up without a goodbye."""
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
