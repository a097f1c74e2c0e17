"""A running service and the people around it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

from commands.customer import add as customer_add
from forge.binding import Arguments, Command
from forge.cli.protocol import BoundedProtocol
from forge.client import Client, now
from forge.command import CommandPath
from forge.config import Settings, signer_of, write_private
from forge.container import Container
from forge.delegation import Delegation
from forge.did import DID
from forge.document import own_methods
from forge.errors import Failure
from forge.invocation import Invocation
from forge.keys import Ed25519PrivateKey, Signer
from forge.receipt import Receipt
from forge.server import create_app
from tests.store.conftest import empty

PRODUCT = DID("did:web:starter.example.com")
CATALOG = "tests.service.catalog:CATALOG"
MOMENT = 20
"""Milliseconds."""


@dataclass
class World:
    """A service, a client of it, and ways to say what happens in a line."""

    url: str
    service: Signer
    client: Client
    app: Any = None
    customers: list[Signer] = field(default_factory=list)

    async def ask(  # noqa: PLR0913 - an invocation has these parts
        self,
        command: Command[Any, Any],
        arguments: Arguments | None = None,
        *,
        by: Signer,
        subject: DID | None = None,
        proofs: Sequence[Delegation] = (),
        nonce: bytes | None = None,
    ) -> Any:
        """Give the result; raise the failure."""
        return await self.client.invoke(
            command,
            by,
            command.arguments() if arguments is None else arguments,
            subject=subject or by.did,
            audience=self.service.did,
            proofs=proofs,
            nonce=nonce,
        )

    async def refusal(self, command: Command[Any, Any], arguments: Arguments | None = None, **how: Any) -> Failure:
        """Give the failure; a result is an error here."""
        try:
            result = await self.ask(command, arguments, **how)
        except Failure as failure:
            return failure
        raise AssertionError(f"{command.path} gave {result!r}")

    def invocation(
        self,
        command: str,
        arguments: dict[str, Any],
        *,
        by: Signer,
        subject: DID | None = None,
        **parts: Any,
    ) -> Invocation:
        """Sign anything at all."""
        parts.setdefault("audience", self.service.did)
        parts.setdefault("expiration", now() + 300)
        return Invocation.issue(by, subject=subject or by.did, command=CommandPath(command), arguments=arguments, **parts)

    async def send(self, *tokens: Invocation | Delegation) -> list[Receipt]:
        """Send tokens as they are; give the receipts."""
        answer = await self.client.send(Container.of(*tokens))
        return [token for token in answer.tokens if isinstance(token, Receipt)]

    async def customer(self) -> Signer:
        """Register somebody."""
        somebody = Signer.generate()
        await self.ask(
            customer_add.add,
            customer_add.AddArguments(customer=somebody.did, product=PRODUCT, details={}),
            by=self.service,
        )
        return somebody


class Server(uvicorn.Server):
    """uvicorn's, that begins and ends as soon as it may: by itself it looks ten times a second whether it should.

    Where somebody is still connected as it ends, it ends as uvicorn's does.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()
        self._told = asyncio.Event()

    def stop(self) -> None:
        self.should_exit = True
        self._told.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    async def main_loop(self) -> None:
        ticking, told = asyncio.create_task(super().main_loop()), asyncio.create_task(self._told.wait())
        await asyncio.wait((ticking, told), return_when=asyncio.FIRST_COMPLETED)
        ticking.cancel()
        told.cancel()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Those who have hung up are noticed a moment later.
        for _ in range(MOMENT):
            if not self.server_state.connections:
                break
            await asyncio.sleep(0.001)
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)
            return
        for server in self.servers:
            server.close()
            await server.wait_closed()
        await self.lifespan.shutdown()


@asynccontextmanager
async def running(folder: Path, **settings: Any) -> AsyncIterator[World]:
    """Run a service in this process, over real HTTP on a loopback port.

    Its store begins as one that is empty: `forge serve`, in tests of its own, makes one.
    """
    key = Ed25519PrivateKey.generate()
    path = folder / "service.pem"
    if not path.exists():
        write_private(path, key.pem())
    store = folder / "forge.db"
    if not store.exists():
        store.write_bytes(await asyncio.to_thread(empty))
    # What surrounds the tests must not decide what they test: flags beat the environment.
    chosen = {"debug": True, "catalog": CATALOG, "key": path, "store": f"sqlite:///{store}", **settings}
    configured = Settings(**chosen)
    app = create_app(configured)
    # asyncio sends at once what it knows to be TCP; else each answer waits 40 ms for an acknowledgement.
    with socket.socket(proto=socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        server = Server(uvicorn.Config(app, http=BoundedProtocol, log_config=None, access_log=False, lifespan="on"))
        serving = asyncio.create_task(server.serve([listening]))
        up = asyncio.create_task(server.up.wait())
        await asyncio.wait((serving, up), return_when=asyncio.FIRST_COMPLETED)
        up.cancel()
        if serving.done():
            await serving
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            service = signer_of(configured)
            known = {service.did: own_methods(service.did, service.key.public)}
            async with Client(url, known=known) as client:
                yield World(url, service, client, app)
        finally:
            server.stop()
            await serving
