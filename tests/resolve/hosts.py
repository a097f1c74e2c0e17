"""Real web servers on the loopback interface, with names that lead where the test says."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from forge.did import DID
from forge.document import describe
from forge.resolve import Reach, Resolution
from tests.resolve.fakes import SIGNERS

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LOCAL = Resolution(reach=Reach(loopback=True))
HTTP = Resolution(reach=Reach(loopback=True, http=True))


def document_of(did: DID, version: int = 0) -> str:
    return json.dumps(describe(did, SIGNERS[version].key.public))


class DNS:
    """Stands in for `socket.getaddrinfo`: names that lead where the test says, each time elsewhere if it says so."""

    def __init__(self, **names: str | list[str]) -> None:
        self.names = {name.replace("_", "."): addresses for name, addresses in names.items()}
        self.asked: list[str] = []

    def __call__(self, host: str, port: object, **how: Any) -> list[Any]:
        del port, how
        self.asked.append(host)
        found = self.names.get(host)
        if found is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        addresses = [found.pop(0)] if isinstance(found, list) else found.split()
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (one, 0))
            for one in addresses
        ]


@dataclass
class Host:
    """A web server, and what it was asked."""

    port: int = 0
    answer: Handler | None = None
    asked: list[web.Request] = field(default_factory=list)

    def did(self, path: str = "", host: str = "127.0.0.1") -> DID:
        return DID(f"did:web:{host}%3A{self.port}{path}")

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        assert self.answer is not None
        return await self.answer(request)

    def gives(self, body: bytes | str, status: int = 200, **headers: str) -> None:
        """Answer always the same."""
        data = body.encode() if isinstance(body, str) else body

        async def answer(_: web.Request) -> web.Response:
            return web.Response(
                body=data, status=status, headers={key.replace("_", "-"): value for key, value in headers.items()}
            )

        self.answer = answer

    def hangs(self) -> None:
        """Take questions and answer none."""

        async def answer(_: web.Request) -> web.StreamResponse:
            await asyncio.Event().wait()
            raise AssertionError

        self.answer = answer


@asynccontextmanager
async def hosting(context: ssl.SSLContext | None = None) -> AsyncIterator[Host]:
    """Run one."""
    host = Host()
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", host.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    host.port = runner.addresses[0][1]
    try:
        yield host
    finally:
        await runner.cleanup()


def certificate(folder: Path, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Make a certificate for some names; give what serves with it, and what trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "tls.pem"
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(path)
    return serving, ssl.create_default_context(cafile=path)
