"""The endpoint of streams: a reading command's list, followed by whoever may ask for it (protocol §10.4).

    GET /events/{since}     X-UCAN-Container: E…   one invocation of the stream's command, and its proofs
    200, text/event-stream                         what follows number `since`, then whatever comes
    403, {"error": …}       X-UCAN-Container: E…   a refusal, as DAG-JSON and as the receipt

An event's `id` is its number, so whoever was cut goes on after the last one it has: by the path, or by `Last-Event-ID`. Its
`data` is the item as DAG-JSON, or its DAG-CBOR as bytes where DAG-JSON cannot say it. The invocation filters, by its arguments.
When the authority ends, an event `error` says by which failure, and is the last.

Elsewhere a refusal is a 200 (`forge.server.header`), for whoever asks looks into the receipt. Whoever waits for events looks at
the status.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import partial
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from forge import dagjson
from forge.binding import Route
from forge.container import Container
from forge.errors import ContainerError, Failure, HandlerExecutionError
from forge.eventstream import CONTENT_TYPE
from forge.execute import Outcome
from forge.receipt import Receipt
from forge.server import header
from forge.server.host import Host
from forge.server.lasting import RETRY_AFTER, Lasting, on_stop
from forge.server.refusal import Refused
from forge.server.tail import Reader
from forge.wire import HEADER, write_header

LAST_EVENT_ID: Final = "Last-Event-ID"
MOST: Final = 2**63 - 1
"""The largest number: as far as a store goes."""

_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_NOT_KEPT: Final = {"Vary": HEADER, "Cache-Control": "private, no-store"}
_STREAM: Final = _NOT_KEPT | {"Content-Type": CONTENT_TYPE, "X-Accel-Buffering": "no"}


async def follow(route: Route[Any, Any], request: Request) -> Response:
    """Give what follows a number in the stream of a route, then whatever comes."""
    host: Host = request.app.state.host
    tail = host.tails[route.command.path]
    place = _number("since", request.path_params["since"])
    last = request.headers.get(LAST_EVENT_ID)
    if last is not None:
        # Who is cut and comes again asks for the same path.
        place = max(place, _number(LAST_EVENT_ID, last))
    reader = Reader(*header.asked(route, request))
    # Before anything is waited for: what begins while the server stops ends too.
    on_stop(request, tail.news.stop)
    try:
        with host.metrics.request():
            page = await tail.page(reader, place)
    except Failure as failure:
        return _refusal(host.executor.refuse(reader.invocation, failure))
    host.metrics.outcome(Outcome(route.command.path, "ok"))
    if request.method == "HEAD":
        return Response(headers=_STREAM)
    # Not before it is known who asks: strangers hold no seats.
    subject = reader.invocation.subject
    if not tail.enter(subject):
        raise Refused(503, "too many readers at once; try again", {"Connection": "close", "Retry-After": str(RETRY_AFTER)})
    return Lasting(tail.read(reader, page), partial(tail.leave, subject), _STREAM)


def _refusal(receipt: Receipt) -> Response:
    status = 500 if receipt.error_name == HandlerExecutionError.__name__ else 403
    headers = dict(_NOT_KEPT)
    # A message may be too long for a header. The body says it in any case.
    with suppress(ContainerError):
        headers[HEADER] = write_header(Container.of(receipt))
    return Response(dagjson.encode({"error": receipt.error}), status, headers, header.MEDIA_TYPE)


def _number(what: str, text: str) -> int:
    found = _NUMBER.fullmatch(text)
    if found is None or int(text) > MOST:
        raise Refused(400, f"{what}: expected the number of an event, or 0 for all of them: 0 to {MOST}, not {text[:40]!a}")
    return int(text)
