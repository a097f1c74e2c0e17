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

PRODUCT = DID("did:web:starter.example.com")
CATALOG = "tests.service.catalog:CATALOG"


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


@asynccontextmanager
async def running(folder: Path, **settings: Any) -> AsyncIterator[World]:
    """Run a service in this process, over real HTTP on a loopback port."""
    key = Ed25519PrivateKey.generate()
    path = folder / "service.pem"
    if not path.exists():
        write_private(path, key.pem())
    # What surrounds the tests must not decide what they test: flags beat the environment.
    chosen = {"debug": True, "catalog": CATALOG, "key": path, "store": f"sqlite:///{folder / 'forge.db'}", **settings}
    configured = Settings(**chosen)
    app = create_app(configured)
    # asyncio sends at once what it knows to be TCP; else each answer waits 40 ms for an acknowledgement.
    with socket.socket(proto=socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, http=BoundedProtocol, log_config=None, access_log=False, lifespan="on"))
        serving = asyncio.create_task(server.serve([listening]))
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        if serving.done():
            await serving
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            service = signer_of(configured)
            known = {service.did: own_methods(service.did, service.key.public)}
            async with Client(url, known=known) as client:
                yield World(url, service, client, app)
        finally:
            server.should_exit = True
            await serving
