"""The server: a Starlette app around one executor (protocol §10).

    POST /                      a container of invocations in, a container of receipts out
    GET  /                      what this service is: JSON for machines, a page for people
    GET  /.well-known/did.json  its DID document
    GET  /receipt/{task}        the receipt of a task that ran, never the invocation
    GET  /health/live           the process answers
    GET  /health/ready          the store answers too
    GET  /metrics               Prometheus' text format

What goes wrong before there is an invocation is a status and one line of text; afterwards it is always a receipt.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from importlib.metadata import version
from typing import Any, Final

import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from forge import document
from forge.binding import Catalog
from forge.cid import CID
from forge.command import CommandPath
from forge.config import Settings, find, load, signer_of, store_of
from forge.container import MAX_TOKENS, Container
from forge.errors import CIDError, ContainerError, StoreError
from forge.execute import Executor
from forge.keys import Signer
from forge.metrics import Metrics
from forge.page import page
from forge.ports import Store
from forge.receipt import Receipt
from forge.resolve import Resolver
from forge.wire import CONTENT_TYPE, is_container

BODY_DEADLINE: Final = 30.0
"""Seconds in which a request's body must have arrived: who sends a byte a second holds a connection no longer than that."""
MAX_BODIES: Final = 256 * 1024 * 1024
"""Bytes of all bodies that a process holds at once."""
LARGE_BODY: Final = 64 * 1024
"""Bytes from which reading a body takes so long, some 2 ms, that others should get their turn meanwhile."""
DEBUG: Final = CommandPath("/debug")
DISTRIBUTION: Final = "forge-ucan"

log = structlog.get_logger("forge")


class Refused(Exception):
    """A request that is answered with a status and one line of text."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Bodies:
    """The bytes of all bodies that this process holds: many that arrive slowly must not use the memory up."""

    def __init__(self) -> None:
        self.bytes = 0

    @contextmanager
    def hold(self) -> Iterator[Held]:
        """Hold one body until it is answered."""
        held = Held(self)
        try:
            yield held
        finally:
            self.bytes -= held.bytes


class Held:
    """The bytes of one body so far."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self.bytes = 0

    def add(self, size: int) -> None:
        """Hold more.

        Raises:
            Refused: together with the others it is too much.
        """
        self.bytes += size
        self._bodies.bytes += size
        if self._bodies.bytes > MAX_BODIES:
            raise Refused(503, "too many bodies at once; try again")


class Service:
    """What the endpoints share: made when the server starts, let go when it has finished what it took."""

    def __init__(self, settings: Settings, signer: Signer, catalog: Catalog, store: Store[Any]) -> None:
        self.settings = settings
        self.signer = signer
        self.catalog = catalog
        self.store = store
        self.metrics = Metrics()
        self.bodies = Bodies()
        self._reading = asyncio.Semaphore(1)
        self.document = document.describe(signer.did, signer.key.public)
        self.executor: Executor[Any] = Executor(
            signer,
            catalog,
            store,
            Resolver(own={signer.did: document.own_methods(signer.did, signer.key.public)}),
            lambda: int(time.time()),
            leeway=settings.leeway,
            deadline=settings.deadline,
            observe=self.metrics.outcome,
        )

    async def read(self, body: bytes) -> Container:
        """Read a container; a large one on a thread, one at a time, so that others get their turn meanwhile.

        Raises:
            ContainerError: it is none.
        """
        if len(body) <= LARGE_BODY:
            return Container.from_cbor(body)
        async with self._reading:
            return await asyncio.to_thread(Container.from_cbor, body)

    @property
    def description(self) -> dict[str, object]:
        """What `GET /` says."""
        return {
            "name": "forge",
            "version": version(DISTRIBUTION),
            "did": self.signer.did,
            "protocol": "UCAN 1.0.0-rc.1",
            "commands": [
                {
                    "command": route.command.path,
                    "summary": route.command.summary,
                    "effect": route.command.effect.value,
                    "subjects": [role.name for role in route.command.subjects],
                    "failures": [failure.__name__ for failure in route.command.failures],
                }
                for route in self.catalog
            ],
            "limits": {"body": self.settings.max_body, "tokens": MAX_TOKENS, "leeway": self.settings.leeway},
        }


def create_app(settings: Settings | None = None) -> Starlette:
    """Make the app. Without settings they are read from where `forge.config` finds them, as each worker process does.

    Raises:
        ConfigurationError: the service cannot start like this.
    """
    settings = settings or load()
    signer = signer_of(settings)
    catalog: Catalog = find(settings.catalog)
    if not (settings.debug or settings.dev):
        catalog = catalog.without(DEBUG)
    url = store_of(settings)
    connect = find(settings.connect)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        store: Store[Any] = await connect(url)
        app.state.service = Service(settings, signer, catalog, store)
        log.info("started", did=signer.did, commands=len(catalog))
        try:
            yield
        finally:
            await store.close()
            log.info("stopped", did=signer.did)

    app = Starlette(
        routes=[
            Route("/", invoke, methods=["POST"]),
            Route("/", describe, methods=["GET"]),
            Route("/.well-known/did.json", did_document, methods=["GET"]),
            Route("/receipt/{task}", receipt, methods=["GET"]),
            Route("/health/live", live, methods=["GET"]),
            Route("/health/ready", ready, methods=["GET"]),
            Route("/metrics", metrics, methods=["GET"]),
        ],
        exception_handlers={Refused: refused},
        lifespan=lifespan,
    )
    # A redirect would go to whatever host the request names.
    app.router.redirect_slashes = False
    return app


async def invoke(request: Request) -> Response:
    """Execute the invocations of a container."""
    service: Service = request.app.state.service
    content_type = request.headers.get("content-type", "")
    if not is_container(content_type):
        raise Refused(415, f"the content type is {content_type[:100]!r}; expected {CONTENT_TYPE}")
    with service.bodies.hold() as held:
        body = await _body(request, service.settings.max_body, held)
        try:
            container = await service.read(body)
        except ContainerError as error:
            raise Refused(400, str(error)) from None
        if container.undecodable:
            # Counted, and no more: a line for each would be a log that strangers fill.
            service.metrics.undecodable(len(container.undecodable))
            log.debug("undecodable", count=len(container.undecodable), first=container.undecodable[0][:200])
        with service.metrics.request():
            answer = await service.executor.execute(container)
        return _container(answer)


async def describe(request: Request) -> Response:
    """Say what this service is."""
    service: Service = request.app.state.service
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(page(service.description), headers={"Vary": "Accept"})
    return JSONResponse(service.description, headers={"Vary": "Accept"})


async def did_document(request: Request) -> Response:
    """Give the service's DID document."""
    service: Service = request.app.state.service
    return JSONResponse(service.document, media_type="application/did+json")


async def receipt(request: Request) -> Response:
    """Give the receipt of a task that ran."""
    service: Service = request.app.state.service
    try:
        task = CID.parse(request.path_params["task"])
    except CIDError as error:
        raise Refused(400, str(error)) from None
    try:
        found = await service.store.receipt(task)
    except StoreError:
        log.exception("store")
        raise Refused(503, "the store does not answer; try again") from None
    if found is None:
        raise Refused(404, f"no receipt of task {task}")
    return _container(Container.of(Receipt.decode(found)))


async def live(request: Request) -> Response:
    """Say that the process answers."""
    del request
    return PlainTextResponse("ok\n")


async def ready(request: Request) -> Response:
    """Say whether the store answers."""
    service: Service = request.app.state.service
    try:
        await service.store.ready()
    except StoreError:
        log.exception("not ready")
        raise Refused(503, "the store does not answer") from None
    return PlainTextResponse("ok\n")


async def metrics(request: Request) -> Response:
    """Give the counters."""
    service: Service = request.app.state.service
    content, media_type = service.metrics.render()
    return Response(content, media_type=media_type)


async def refused(request: Request, error: Exception) -> Response:
    """Answer with a status and one line."""
    service: Service = request.app.state.service
    status, reason = (error.status, error.reason) if isinstance(error, Refused) else (500, "internal error")
    service.metrics.refused(status)
    headers = {"Connection": "close"} if status in (408, 413, 503) else None
    return PlainTextResponse(reason.replace("\n", " ") + "\n", status_code=status, headers=headers)


async def _body(request: Request, limit: int, held: Held) -> bytes:
    """Read the body, however it is cut, and stop at the limit."""
    too_large = partial(Refused, 413, f"a body has at most {limit} bytes")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_DEADLINE):
            async for part in request.stream():
                body += part
                if len(body) > limit:
                    raise too_large()
                held.add(len(part))
    except TimeoutError:
        raise Refused(408, f"the body did not arrive within {BODY_DEADLINE:.0f} s") from None
    except ClientDisconnect:
        raise Refused(400, "the body was cut off") from None
    return bytes(body)


def _container(answer: Container) -> Response:
    # Starlette adds a charset to text types only, so this is the whole header value.
    return Response(answer.to_cbor(), media_type=CONTENT_TYPE)
