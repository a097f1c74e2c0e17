"""The endpoints: each reads a request, asks the host, and answers."""

from __future__ import annotations

from typing import Final

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from forge.cid import CID
from forge.container import Container
from forge.did import DID
from forge.errors import ContainerError, DecodeError, StoreError
from forge.page import page
from forge.receipt import Receipt
from forge.server import bodies
from forge.server.host import Host
from forge.server.refusal import Refused
from forge.wire import CONTENT_TYPE, is_container

MAX_STATEMENTS: Final = 16
"""Receipts of one task by one other executor in one answer: there is one, unless somebody contradicts itself."""

_CONTENT_TYPE: Final = CONTENT_TYPE.encode()

log = structlog.get_logger("forge")


class Invoke:
    """Executes the invocations of a container: an ASGI app of its own, because nearly all requests come here."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        host: Host = scope["app"].state.host
        try:
            answer = await self._answer(host, scope, receive)
        except Refused as error:
            await (await refused(Request(scope, receive), error))(scope, receive, send)
            return
        headers = [(b"content-type", _CONTENT_TYPE), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _answer(self, host: Host, scope: Scope, receive: Receive) -> bytes:
        content_type = announced = b""
        # Of several of one name the first counts.
        for name, value in reversed(scope["headers"]):
            if name == b"content-type":
                content_type = value
            elif name == b"content-length":
                announced = value
        if content_type != _CONTENT_TYPE and not is_container(content_type.decode("latin-1")):
            raise Refused(415, f"the content type is {content_type[:100].decode('latin-1')!r}; expected {CONTENT_TYPE}")
        with host.bodies.hold() as held:
            # Not before: it is let in when it begins, not when it was announced; and who was read whole keeps the connection.
            body = await bodies.read(receive, announced, host.settings.max_body, held)
            host.admit()
            try:
                container = host.read_small(body) or await host.read(body)
            except ContainerError as error:
                raise Refused(400, str(error)) from None
            if container.undecodable:
                # Counted, and no more: a line for each would be a log that strangers fill.
                host.metrics.undecodable(len(container.undecodable))
                log.debug("undecodable", count=len(container.undecodable), first=container.undecodable[0][:200])
            with host.metrics.request():
                return (await host.executor.execute(container)).to_cbor()


async def describe(request: Request) -> Response:
    """Say what this service is."""
    host: Host = request.app.state.host
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(page(host.description), headers={"Vary": "Accept"})
    return JSONResponse(host.description, headers={"Vary": "Accept"})


async def did_document(request: Request) -> Response:
    """Give the service's DID document."""
    host: Host = request.app.state.host
    return JSONResponse(host.document, media_type="application/did+json")


async def receipt(request: Request) -> Response:
    """Give the receipt of a task that ran here; with `?executor=DID`, the receipts of it that somebody else issued."""
    host: Host = request.app.state.host
    try:
        task = CID.parse(request.path_params["task"])
        executor = DID(request.query_params.get("executor", host.signer.did))
    except DecodeError as error:
        raise Refused(400, str(error)) from None
    try:
        if executor == host.signer.did:
            recorded = await host.store.receipt(task)
            found = [] if recorded is None else [recorded]
        else:
            found = list(await host.store.statements(task, executor, MAX_STATEMENTS))
    except StoreError:
        log.exception("store")
        raise Refused(503, "the store does not answer; try again") from None
    if not found:
        raise Refused(404, f"no receipt of task {task} by {executor}")
    return _container(Container.of(map(Receipt.decode, found)))


async def live(request: Request) -> Response:
    """Say that the process answers."""
    del request
    return PlainTextResponse("ok\n")


async def ready(request: Request) -> Response:
    """Say whether the store answers."""
    host: Host = request.app.state.host
    try:
        await host.store.ready()
    except StoreError:
        log.exception("not ready")
        raise Refused(503, "the store does not answer") from None
    return PlainTextResponse("ok\n")


async def metrics(request: Request) -> Response:
    """Give the counters."""
    host: Host = request.app.state.host
    content, media_type = host.metrics.render()
    return Response(content, media_type=media_type)


async def refused(request: Request, error: Exception) -> Response:
    """Answer with a status and one line."""
    host: Host = request.app.state.host
    known = Refused(500, "internal error")
    if isinstance(error, Refused):
        known = error
    elif isinstance(error, HTTPException):
        # No such path, or not with this method.
        known = Refused(error.status_code, error.detail, error.headers)
    host.metrics.refused(known.status)
    if known.status in (408, 413):
        # The rest of the body is not waited for.
        known.headers["Connection"] = "close"
    return PlainTextResponse(known.reason.replace("\n", " ") + "\n", status_code=known.status, headers=known.headers)


def _container(answer: Container) -> Response:
    # Starlette adds a charset to text types only, so this is the whole header value.
    return Response(answer.to_cbor(), media_type=CONTENT_TYPE)
