"""The app: which endpoint answers where, from settings to the last request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Final

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from forge.catalog import Catalog
from forge.command import CommandPath
from forge.config import Settings, find, load, signer_of, store_of
from forge.document import own_methods
from forge.follow import following
from forge.ports import Store
from forge.resolve import Resolution, open_resolver
from forge.server import endpoints, header, revocations, streams
from forge.server.host import Host
from forge.server.refusal import Refused

DEBUG: Final = CommandPath("/debug")
CLOCK: Final = CommandPath("/debug/clock")

_INVOKE: Final = endpoints.Invoke()

log = structlog.get_logger("forge")


class _App(Starlette):
    """The app. What nearly all requests are goes past the routes and what stands around them."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/" and scope["method"] == "POST":
            scope["app"] = self
            await _INVOKE(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


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
    if not settings.test_clock:
        catalog = catalog.without(CLOCK)
    url = store_of(settings)
    connect = find(settings.connect)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        own = {signer.did: own_methods(signer.did, signer.key.public)}
        resolution = Resolution.of(settings)
        if settings.dev and resolution.authority is None:
            resolution = replace(resolution, authority=signer.did)
        async with open_resolver(own, resolution) as resolver:
            store: Store[Any] = await connect(url)
            host = app.state.host = Host(settings, signer, catalog, store, resolver)
            if settings.test_clock:
                log.warning("the time of this service is a test's: a command sets it", did=signer.did, command=CLOCK)
            log.info("started", did=signer.did, commands=len(catalog))
            try:
                async with following(settings.follow, store, resolver), aclosing(host):
                    yield
            finally:
                await store.close()
                log.info("stopped", did=signer.did)

    app = _App(
        routes=[
            Route("/", _INVOKE, methods=["POST"]),
            Route("/", endpoints.describe, methods=["GET"]),
            Route("/.well-known/did.json", endpoints.did_document, methods=["GET"]),
            Route("/receipt/{task}", endpoints.receipt, methods=["GET"]),
            Route("/revocation/{cid}", revocations.revocation, methods=["GET"]),
            Route("/revocations/{since}", revocations.feed, methods=["GET"]),
            *(
                Route(path, revocations.preflight, methods=["OPTIONS"])
                for path in ("/revocation/{cid}", "/revocations/{since}")
            ),
            Route("/health/live", endpoints.live, methods=["GET"]),
            Route("/health/ready", endpoints.ready, methods=["GET"]),
            Route("/metrics", endpoints.metrics, methods=["GET"]),
            *(Route(route.command.path, partial(header.look, route), methods=["GET"]) for route in catalog),
            *(
                Route(f"{route.stream.path}/{{since}}", partial(streams.follow, route), methods=["GET"])
                for route in catalog
                if route.stream is not None
            ),
        ],
        exception_handlers={Refused: endpoints.refused, HTTPException: endpoints.refused},
        lifespan=lifespan,
    )
    # A redirect would go to whatever host the request names.
    app.router.redirect_slashes = False
    return app
