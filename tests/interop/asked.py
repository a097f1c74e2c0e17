"""Cases of a client in Go: what it sees of our service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from forge import dagcbor
from forge.attestation import AttestedSigner
from forge.cid import CID
from forge.client import now
from forge.did import DID
from forge.keys import Secp256k1PrivateKey, Signer
from tests.interop.asking import FROM_GO, HOUR, PRODUCT, Asking, Token, named
from tests.interop.table import Row

ECHO: Final = "/debug/echo"
ADD: Final = "/customer/add"
PROVISION: Final = "/provider/add"


def secp256k1(did: DID | None = None) -> Signer:
    return Signer(Secp256k1PrivateKey.generate(), did)


def customer(did: DID | None = None, account: str | None = None) -> dict[str, object]:
    """Give the arguments of /customer/add, as ucantone's definition writes them: without an account where there is none."""
    arguments: dict[str, object] = {"customer": did or Signer.generate().did, "product": PRODUCT, "details": {"region": "eu"}}
    return arguments if account is None else arguments | {"externalAccount": account}


def subscription(consumer: DID) -> str:
    """Give what /provider/add gives where the product is in no catalogue."""
    return f'ok {{"id":"{CID.of(dagcbor.encode({"consumer": consumer}))}"}}'


def forged(token: Token) -> Token:
    """Change a bit of the signature."""
    data = bytearray.fromhex(token["token"])
    data[10] ^= 1
    return token | {"token": data.hex(), "cid": str(CID.of(bytes(data)))}


def echoes(go: Asking) -> Iterator[Row]:
    """What is sent in a body or in a header, by keys of both kinds."""
    alice = Signer.generate()
    hello, said = {"message": "hello"}, 'ok {"message":"hello"}'
    yield go.row("echo, Ed25519, in the body", said, alice, ECHO, hello)
    yield go.row("echo, secp256k1, in the body", said, secp256k1(), ECHO, hello)
    yield go.row("echo, text of all kinds", 'ok {"message":"Grüße, 世界 🌍"}', alice, ECHO, {"message": "Grüße, 世界 🌍"})
    yield go.row("echo, about the service, no audience", said, go.service.signer, ECHO, hello, audience="")
    yield go.row("echo, without an expiration", said, alice, ECHO, hello, expires=None)
    yield go.row("echo, with meta, cause and iat", said, alice, ECHO, hello, meta={"trace": 1}, cause=cause(), issued_at=now())
    for letter in "BCEF":
        yield go.row(f"echo, in a header, encoding {letter}", said, alice, ECHO, hello, method="GET", letter=letter)
    yield go.row("in a header, refused", "MalformedArguments", alice, ECHO, {}, method="GET", letter="E")
    refused = "status 405 without X-UCAN-Container"
    yield go.row("in a header, what changes something", refused, alice, ADD, customer(), method="GET", letter="E")
    yield go.row("echo, an argument too many", "MalformedArguments", alice, ECHO, hello | {"loud": True})
    yield go.row("echo, an argument of another type", "MalformedArguments", alice, ECHO, {"message": 1})
    yield go.row("a command that nobody serves", "HandlerNotFound", alice, "/debug/nothing", {})
    yield go.row("addressed to another service", "missing receipt for task", alice, ECHO, hello, audience=alice.did)


def cause() -> str:
    return str(CID.of(b"\xf6"))


def chains(go: Asking) -> Iterator[Row]:
    """Chains of proofs that hold, and those that do not."""
    service, tenant, agent = go.service.signer, Signer.generate(), Signer.generate()
    lent = go.delegate(service, tenant.did, ADD)

    def row(case: str, expected: str, *proofs: Token, by: Signer = tenant, **how: Any) -> Row:
        return go.row(case, expected, by, ADD, customer(account="f1:7f3c"), service.did, proofs=proofs, **how)

    def passed_on(**parts: Any) -> Token:
        return go.delegate(tenant, agent.did, ADD, **{"subject": service.did} | parts)

    yield row("customer added, by a delegation of the command", "ok {}", lent)
    yield row("… of the command above it", "ok {}", go.delegate(service, tenant.did, "/customer"))
    yield row("… of every command", "ok {}", go.delegate(service, tenant.did, "/"))
    yield row("… of a chain of two", "ok {}", lent, passed_on(), by=agent)
    yield row("… of a chain of two, the second a powerline", "ok {}", lent, passed_on(subject=None), by=agent)
    yield row("… by secp256k1", "ok {}", go.delegate(service, (secp := secp256k1()).did, ADD), by=secp)
    policy = [["like", ".externalAccount", "f1:*"], ["==", ".details.region", "eu"], ["not", ["==", ".product", "x"]]]
    yield row("… within its policy", "ok {}", go.delegate(service, tenant.did, ADD, policy=policy))
    other = [["like", ".externalAccount", "f2:*"]]
    yield row("outside the policy", "MatchError", go.delegate(service, tenant.did, ADD, policy=other))
    yield row("no proof", "InvalidClaim")
    yield row("a proof that is named and not sent", "UnavailableProof", lent, attached=())
    yield row("a chain of two in the wrong order", "InvalidAudience", passed_on(), lent, by=agent)
    yield row("a proof for somebody else", "InvalidAudience", lent, by=agent)
    yield row("a proof about somebody else", "InvalidSubject", go.delegate(tenant, tenant.did, ADD))
    yield row("a proof of another command", "ImpossibleAttenuation", go.delegate(service, tenant.did, "/customer/get"))
    yield row("a proof that has expired", "Expired", go.delegate(service, tenant.did, ADD, expires=now() - HOUR))
    yield row("a proof that is not valid yet", "TooEarly", go.delegate(service, tenant.did, ADD, not_before=now() + HOUR))
    yield row("a powerline for a root", "InvalidClaim", go.delegate(service, tenant.did, ADD, subject=None))
    yield row("a proof with a forged signature", "InvalidSignature", forged(lent))
    yield row("an invocation that has expired", "Expired", lent, expires=now() - HOUR)
    imposter = Signer(Signer.generate().key, tenant.did)
    yield row("signed with another key", "InvalidSignature", lent, by=imposter)


def names(go: Asking) -> Iterator[Row]:
    """Those whose DIDs are no keys: did:web by a key file and by a document, did:mailto by an attestation."""
    service, alice, consumer = go.service.signer, Signer.generate(), Signer.generate().did
    hello, said = {"message": "hello"}, 'ok {"message":"hello"}'
    web = alice.key
    hosted = Signer(web, DID(go.go.do("host", by={"key": web.text})["did"]))
    yield go.row("echo, a did:web whose document is fetched", said, hosted, ECHO, hello)
    imposter = Signer(Signer.generate().key, hosted.did)
    yield go.row("echo, a did:web with another key", "InvalidSignature", imposter, ECHO, hello)
    nowhere = Signer(web, DID("did:web:localhost%3A9"))
    yield go.row("echo, a did:web whose host is down", "DIDKeyResolutionError", nowhere, ECHO, hello)

    mail = DID("did:mailto:example.com:alice%2Bx")
    yield go.row("customer added, a did:mailto", "ok {}", service, ADD, customer(mail))
    attested = AttestedSigner.of(service, mail)
    lent = go.delegate(attested, alice.did, PROVISION)
    asked = {"provider": service.did, "consumer": consumer}
    yield go.row("provisioned, by an attested delegation", subscription(consumer), alice, PROVISION, asked, mail, proofs=[lent])
    yield go.row("echo, attested", said, attested, ECHO, hello)
    other = go.delegate(AttestedSigner.of(Signer.generate(), mail), alice.did, PROVISION)
    yield go.row("attested by somebody else", "InvalidSignature", alice, PROVISION, asked, mail, proofs=[other])


def spaces(go: Asking) -> Iterator[Row]:
    """Provisioning, and asking a space about itself."""
    service, alice, space = go.service.signer, Signer.generate(), Signer.generate()
    asked = {"provider": service.did, "consumer": space.did}
    known = f'ok {{"providers":["{service.did}"]}}'
    yield go.row("a space that is not provisioned", 'ok {"providers":[]}', space, "/space/info", {})
    yield go.row("provisioned by who is no customer", "AccountPlanMissing", alice, PROVISION, asked)
    yield go.row("customer added, by the service", "ok {}", service, ADD, customer(alice.did, "stripe:cus_9s6X"))
    yield go.row("customer added again", "CustomerExists", service, ADD, customer(alice.did, "stripe:cus_9s6X"))
    yield go.row("customer added, no account but null", "ok {}", service, ADD, customer() | {"externalAccount": None})
    yield go.row("customer added, no details", "MalformedArguments", service, ADD, without(customer(), "details"))
    yield go.row("provisioned with another provider", "ProviderNotAllowed", alice, PROVISION, asked | {"provider": alice.did})
    yield go.row("provisioned", subscription(space.did), alice, PROVISION, asked)
    yield go.row("provisioned again", "ConsumerExists", alice, PROVISION, asked)
    yield go.row("a space that is", known, space, "/space/info", {})
    lent = go.delegate(space, alice.did, "/space/info")
    yield go.row("a space that is, asked by an agent", known, alice, "/space/info", {}, space.did, proofs=[lent])
    yield go.row("what is no space", "UnknownSpace", service_about("did:mailto:example.com:x", go), "/space/info", {})


def service_about(did: str, go: Asking) -> Signer:
    return AttestedSigner.of(go.service.signer, DID(did))


def without(arguments: dict[str, object], name: str) -> dict[str, object]:
    return {key: one for key, one in arguments.items() if key != name}


def tasks(go: Asking) -> Iterator[Row]:
    """Revoking, delivering receipts, asking for them, and sending again."""
    service, tenant, stranger = go.service.signer, Signer.generate(), Signer.generate()
    lent, kept = go.delegate(service, tenant.did, ADD), go.delegate(service, tenant.did, ADD)

    def revoking(by: Signer, one: Token, *attached: Token) -> str:
        arguments = {"path": [], "revoke": CID.parse(one["cid"])}
        return go.sent(go.invocation(by, "/ucan/revoke", arguments, nonce=""), *attached)

    yield Row("revoked without the delegation", FROM_GO, "DelegationNotFound", revoking(service, lent))
    yield Row("revoked by a stranger", FROM_GO, "UnauthorizedRevocation", revoking(stranger, lent, lent))
    yield Row("revoked", FROM_GO, "ok {}", revoking(service, lent, lent))
    yield Row("revoked again", FROM_GO, "ok {}", revoking(service, lent, lent))
    yield go.row("what was revoked is used", "Revoked", tenant, ADD, customer(), service.did, proofs=[lent])
    yield go.row("another delegation goes on", "ok {}", tenant, ADD, customer(), service.did, proofs=[kept])

    receipt = go.go.do("conclude", by={"key": tenant.key.text}, ran=cause(), out={"ok": {}}, issued_at=now(), expires=None)
    delivery = go.invocation(tenant, "/ucan/conclude", {"receipt": CID.parse(receipt["cid"])})
    yield Row("delivered without its receipt", FROM_GO, "ConclusionReceiptNotFound", go.sent(delivery))
    delivery = go.invocation(tenant, "/ucan/conclude", {"receipt": CID.parse(receipt["cid"])})
    yield Row("delivered", FROM_GO, "ok {}", go.sent(delivery, receipt))

    added = go.invocation(service, ADD, customer())
    first = go.send(added)
    yield Row("the same bytes again", FROM_GO, named(first), named(go.send(added)))
    polled = go.go.do("poll", url=go.service.url, task=added["task"], executor=service.did, keys=go.keys)
    yield Row("its receipt, asked for", FROM_GO, named(first), named(polled))
    one, other = (go.invocation(tenant, ECHO, {"message": text}) for text in ("one", "other"))
    yield Row("two in a container, the first's receipt", FROM_GO, 'ok {"message":"one"}', go.sent(one, other))
    yield Row("two in a container, the second's receipt", FROM_GO, 'ok {"message":"other"}', go.sent(other, one))
