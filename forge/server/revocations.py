"""The endpoints of revocations: for whoever verifies elsewhere, a page in a browser too (protocol §13.2)."""

from __future__ import annotations

from functools import partial
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import Response

from forge import instant, notice
from forge.cid import CID
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import CIDError, DecodeError, DIDError, StoreError
from forge.eventstream import CONTENT_TYPE
from forge.ports import Revocation, Transaction
from forge.server.host import Host
from forge.server.lasting import RETRY_AFTER, Lasting, on_stop
from forge.server.refusal import Refused

BEGINNING: Final = "0"

# On every answer, asked for from a page or not: what is cached for one is given to the other.
CORS: Final = {"Access-Control-Allow-Origin": "*"}
_PREFLIGHT: Final = CORS | {
    "Access-Control-Allow-Methods": "GET, OPTIONS",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
    "Allow": "GET, OPTIONS",
}
_KEPT: Final = CORS | {"Cache-Control": "public, max-age=31536000, immutable"}
_NOT_KEPT: Final = CORS | {"Cache-Control": "no-store"}
_STREAM: Final = CORS | {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}

log = structlog.get_logger("forge")


async def revocation(request: Request) -> Response:
    """Give the record of a delegation's revocation: the one by the invocation `cause`, or by the issuer `revoker`.

    Several issuers may revoke one delegation, each for the chains that it is in. Whoever reads the feed wants each of them, and
    whoever verifies a chain those by its issuers. Where nothing is named, it is the one by whoever issued the delegation, which
    counts in every chain; else the last: it must not be hidden by what others record after it.
    """
    host: Host = request.app.state.host
    delegation = _cid(request.path_params["cid"])
    named = request.query_params.get("cause")
    cause = None if named is None else _cid(named)
    name = request.query_params.get("revoker")
    revoker = None if name is None else _did(name)
    try:
        found, settled = await host.store.read(lambda tx: _find(tx, delegation, cause, revoker))
    except StoreError:
        log.exception("store")
        raise Refused(503, "the store does not answer; try again", _NOT_KEPT) from None
    if found is None:
        raise Refused(404, f"no revocation of {delegation}", _NOT_KEPT)
    return Response(notice.record(found), media_type=notice.CONTENT_TYPE, headers=_KEPT if settled else _NOT_KEPT)


async def feed(request: Request) -> Response:
    """Give the revocations that were recorded at an instant or later, then those that are."""
    host: Host = request.app.state.host
    since = _since(request.path_params["since"])
    if request.method == "HEAD":
        return Response(headers=_STREAM)
    visit = host.feed.enter()
    if visit is None:
        raise Refused(
            503, "too many readers at once; try again", _NOT_KEPT | {"Connection": "close", "Retry-After": str(RETRY_AFTER)}
        )
    try:
        place = await host.feed.begin(since)
    except BaseException as error:
        host.feed.leave(visit)
        if isinstance(error, StoreError):
            log.exception("store")
            raise Refused(503, "the store does not answer; try again", _NOT_KEPT) from None
        raise
    on_stop(request, host.feed.news.stop)
    return Lasting(host.feed.read(place, visit), partial(host.feed.leave, visit), _STREAM)


async def preflight(request: Request) -> Response:
    """Let pages of any origin ask."""
    del request
    return Response(status_code=204, headers=_PREFLIGHT)


def _find(tx: Transaction, delegation: CID, cause: CID | None, revoker: DID | None) -> tuple[Revocation | None, bool]:
    """Find the record that is asked for, and say whether the same question has this answer for good."""
    found = tx.revocation(delegation, cause, revoker=revoker)
    if found is None or cause is not None or revoker is not None:
        return found, True
    issuer = Delegation.decode(found.path[-1]).issuer
    if found.revoker == issuer:
        return found, True
    own = tx.revocation(delegation, revoker=issuer)
    return own or found, own is not None


def _did(text: str) -> DID:
    try:
        return DID(text)
    except DIDError as error:
        raise Refused(400, str(error), _NOT_KEPT) from None


def _cid(text: str) -> CID:
    try:
        return CID.parse(text)
    except CIDError as error:
        raise Refused(400, str(error), _NOT_KEPT) from None


def _since(text: str) -> int:
    try:
        return 0 if text == BEGINNING else max(0, instant.read(text))
    except DecodeError as error:
        raise Refused(400, f"since: expected 0, or a time: {error}", _NOT_KEPT) from None
