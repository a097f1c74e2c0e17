"""The same requests against the library alone: a container's bytes, facts, and no server and no store."""

from __future__ import annotations

from collections.abc import Sequence

from forge.container import Container
from forge.did import DID
from forge.errors import ContainerError, DecodeError, DIDError, DIDKeyResolutionError, Failure, HandlerNotFound
from forge.method import VerificationMethod, attested_methods, did_key_methods
from forge.verify import Facts, issuers, verify
from tests.hostile.case import OK, Expect, Request, Service
from tests.hostile.catalog import CATALOG
from tests.hostile.parties import AUTHORITY, NOW, SERVER


def methods(did: DID, service: Service) -> Sequence[VerificationMethod] | DIDKeyResolutionError:
    """Find a DID's keys out without asking anybody."""
    try:
        if did.method == "mailto" and service.attesting:
            return attested_methods(did, AUTHORITY.did, did_key_methods(AUTHORITY.did))
        if did.method == "key":
            return did_key_methods(did)
        raise DIDError("there is no resolver here")
    except DecodeError as error:
        return DIDKeyResolutionError(f'unable to resolve "{did}" key: {error}')


def seen(request: Request, service: Service) -> Expect:
    """Say what the library makes of a body, in the words of the table."""
    try:
        container = Container.from_cbor(request.body)
    except ContainerError as error:
        return Expect(status=400, says=str(error))
    aside = " ".join(container.undecodable)
    ours = [one for one in container.invocations if one.executor == SERVER.did]
    if not ours:
        return Expect(aside=aside)
    try:
        for invocation in ours:
            route = CATALOG.get(invocation.command)
            if route is None:
                raise HandlerNotFound(f'handler not found: "{invocation.command}"')
            facts = Facts(NOW, {did: methods(did, service) for did in issuers(invocation, container.delegations)})
            verify(invocation, container.delegations, facts, leeway=service.leeway)
            route.command.parse(invocation.arguments)
    except Failure as failure:
        return Expect(receipt=failure.name, says=failure.message, aside=aside)
    return Expect(receipt=OK, aside=aside)
