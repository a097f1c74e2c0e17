"""Reading commands over GET, authorized by a header (protocol §10.4).

    GET /customer/get            X-UCAN-Container: E…   one invocation of /customer/get, and its proofs
    200, {"ok": …} as DAG-JSON   X-UCAN-Container: E…   the receipt

Only commands that read: a GET is repeated by whoever is on its way. A failure is a 200 too, as Go services answer; whoever asks
looks into the receipt, or into the body, which is the receipt's `out`.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from forge import dagjson
from forge.binding import Effect, Route
from forge.container import Container
from forge.errors import ContainerError, DagJsonError
from forge.invocation import Invocation
from forge.receipt import Receipt
from forge.server.host import Host
from forge.server.refusal import Refused
from forge.wire import HEADER, read_header, write_header

MEDIA_TYPE: Final = "application/vnd.ipld.dag-json"


async def look(route: Route[Any, Any], request: Request) -> Response:
    """Execute the one invocation of the header, which is of the command that the path names."""
    if route.command.effect is not Effect.READS:
        raise Refused(405, f"{route.command.path} changes something: send it with POST /", {"Allow": "POST"})
    receipt = await execute(route, request)
    try:
        value = write_header(Container.of(receipt))
    except ContainerError:
        raise Refused(400, "the receipt is too large for a header: send the invocation with POST /") from None
    try:
        body = dagjson.encode({"ok": receipt.ok} if receipt.error is None else {"error": receipt.error})
    except DagJsonError:
        # Such as a map whose one key is "/", which means a link there. The receipt says it.
        body = ""
    return Response(body, media_type=MEDIA_TYPE, headers={HEADER: value, "Vary": HEADER, "Cache-Control": "private, no-store"})


async def execute(route: Route[Any, Any], request: Request) -> Receipt:
    """Execute what the header asks: exactly one invocation that is addressed to us, of this route's command.

    Raises:
        Refused: there is none, or not one, or not such a one.
    """
    host: Host = request.app.state.host
    host.admit()
    invocation, container = asked(route, request)
    with host.metrics.request():
        answer = await host.executor.execute(container)
    return answer.receipts[invocation.task]


def asked(route: Route[Any, Any], request: Request) -> tuple[Invocation, Container]:
    """Read what the header asks, exactly one invocation that is addressed to us, of this route's command; and what it came in.

    Raises:
        Refused: there is none, or not one, or not such a one.
    """
    host: Host = request.app.state.host
    value = request.headers.get(HEADER)
    if value is None:
        raise Refused(400, f'missing required "{HEADER}" header: a container of an invocation of {route.command.path}')
    try:
        container = read_header(value)
    except ContainerError as error:
        raise Refused(400, f"{HEADER}: {error}") from None
    ours = [one for one in container.invocations if one.executor == host.signer.did]
    if not ours:
        raise Refused(400, f"{HEADER}: missing UCAN invocation: none is addressed to {host.signer.did}")
    if len(ours) > 1:
        raise Refused(400, f"{HEADER}: expected exactly 1 invocation addressed to the server, found multiple")
    if ours[0].command != route.command.path:
        raise Refused(400, f"{HEADER}: the invocation is of {ours[0].command}, and the path is {route.command.path}")
    return ours[0], container
