"""Hilt's day: what it asks of an upload service, in its order and with its words, by a client in Go.

A tenant of Hilt's is a did:plc with one secp256k1 key, `hilt`, which is published first. The service added it as a customer by
a delegation that it gave Hilt; buckets are spaces, which the tenant provisions itself. Hilt signs each invocation for 30 s, and
believes the service by the DID that it was configured with.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any, Final

from forge.client import now
from forge.did import DID
from forge.keys import Secp256k1PrivateKey, Signer
from tests.interop.asked import ADD, PROVISION, subscription
from tests.interop.asking import FROM_GO, PRODUCT, Asking, named, seen
from tests.interop.peer import Peer, PeerError
from tests.interop.stage import Service, Stage
from tests.interop.table import Row

LIFETIME: Final = 30
BUCKETS: Final = 1000


def document(service: Service) -> Any:
    """Fetch the DID document of a service, as whoever resolves its did:web does."""
    with urllib.request.urlopen(f"{service.url}/.well-known/did.json", timeout=30) as answer:  # noqa: S310 - our own
        return json.load(answer)


def tenant(go: Peer, stage: Stage) -> Signer:
    """Publish a tenant."""
    key = Secp256k1PrivateKey.generate()
    did = go.do("publish", by={"key": key.text}, directory=stage.directory.url, name="hilt")["did"]
    return Signer(key, DID(did))


def details(number: int) -> dict[str, object]:
    return {"external_id": f"org-{number}", "region": "eu-west-1"}


def day(stage: Stage, go: Peer) -> Iterator[Row]:
    """Play it against a service that is a did:web."""
    service = stage.web_service
    asking = Asking(go, service, {"documents": [document(service)], "directory": stage.directory.url})
    by_file = {"file": str(service.key), "did": service.did}
    arguments: dict[str, object] = {"customer": Signer.generate().did, "product": PRODUCT, "details": details(0)}
    yield asking.row("customer added, by the service: a did:web with a key file", "ok {}", by_file, ADD, arguments)
    hilt = Signer.generate()
    proofs = [asking.delegate(service.signer, hilt.did, ADD, expires=None)]
    mine = tenant(go, stage)
    arguments = {"customer": mine.did, "product": PRODUCT, "details": details(1)}

    def row(case: str, expected: str, *what: Any, **how: Any) -> Row:
        return asking.row(f"Hilt: {case}", expected, *what, **{"expires": now() + LIFETIME} | how)

    def add(case: str, expected: str, given: dict[str, object], **how: Any) -> Row:
        return row(case, expected, hilt, ADD, given, service.did, **{"proofs": proofs} | how)

    yield add("tenant created, sent without its proof", "InvalidClaim", arguments, proofs=[])
    yield add("tenant created, product not configured", "MalformedArguments", arguments | {"product": None})
    yield add("tenant created, wrong service DID", "missing receipt for task", arguments, audience=hilt.did)
    created = asking.invocation(hilt, ADD, arguments, service.did, proofs, expires=now() + LIFETIME)
    first = asking.send(created, *proofs)
    yield Row("Hilt: tenant created", FROM_GO, "ok {}", seen(first))
    yield Row("Hilt: the same bytes after a time-out", FROM_GO, named(first), named(asking.send(created, *proofs)))
    yield add("tenant created by a new task after a time-out", "CustomerExists", arguments)
    yield add("details are empty", "ok {}", arguments | {"customer": tenant(go, stage).did, "details": {}})
    polled = go.do("poll", url=service.url, task=created["task"], executor=service.did, keys=asking.keys)
    yield Row("Hilt: the receipt, asked for", FROM_GO, named(first), named(polled))
    yield from buckets(asking, mine, stage)


def buckets(asking: Asking, mine: Signer, stage: Stage) -> Iterator[Row]:
    """Provision what the tenant makes."""
    service, space = asking.service, Signer.generate()
    asked = {"provider": service.did, "consumer": space.did}
    until: dict[str, Any] = {"expires": now() + LIFETIME}

    def row(case: str, expected: str, *what: Any, **how: Any) -> Row:
        return asking.row(f"Hilt: {case}", expected, *what, **until | how)

    stranger = tenant(asking.go, stage)
    yield row("bucket of a tenant that was never created", "AccountPlanMissing", stranger, PROVISION, asked)
    wrong = asked | {"provider": stranger.did}
    yield row("bucket at the wrong service DID", "ProviderNotAllowed", mine, PROVISION, wrong)
    unpublished = Signer(mine.key, DID(f"did:plc:{'a' * 24}"))
    yield row("bucket of a tenant that was never published", "DIDKeyResolutionError", unpublished, PROVISION, asked)
    imposter = Signer(Secp256k1PrivateKey.generate(), mine.did)
    yield row("bucket signed with another key", "InvalidSignature", imposter, PROVISION, asked)
    created = asking.invocation(mine, PROVISION, asked, **until)
    first = asking.send(created)
    yield Row("Hilt: bucket created", FROM_GO, subscription(space.did), seen(first))
    yield Row("Hilt: bucket, the same bytes after a time-out", FROM_GO, named(first), named(asking.send(created)))
    yield row("bucket created by a new task after a time-out", "ConsumerExists", mine, PROVISION, asked)
    known = f'ok {{"providers":["{service.did}"]}}'
    yield asking.row("Hilt: the bucket, asked about itself", known, space, "/space/info", {})
    yield Row(f"Hilt: {BUCKETS} buckets", FROM_GO, f"{BUCKETS} subscriptions, each its own", many(asking, mine))


def many(asking: Asking, mine: Signer) -> str:
    """Create buckets, one after the other, and say what came of it."""
    found: set[str] = set()
    for _ in range(BUCKETS):
        consumer = Signer.generate().did
        asked = {"provider": asking.service.did, "consumer": consumer}
        try:
            answer = asking.ask(mine, PROVISION, asked)
        except PeerError as error:
            return str(error)
        if answer != subscription(consumer):
            return answer
        found.add(answer)
    return f"{len(found)} subscriptions, each its own"
