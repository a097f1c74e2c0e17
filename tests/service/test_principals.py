"""Whoever may sign: one chain across every kind of key and DID, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from aiohttp import web

from commands.customer import add as customer_add
from commands.provider import add as provider_add
from forge.attestation import AttestedSigner
from forge.binding import failure_of
from forge.client import now
from forge.delegation import Delegation
from forge.did import DID
from forge.document import describe
from forge.invocation import Invocation
from forge.keys import Ed25519PrivateKey, P256PrivateKey, PrivateKey, Secp256k1PrivateKey, Signer
from forge.varsig import Algorithm
from tests.service.world import PRODUCT, World, running

S = TypeVar("S", bound="Site")
MAILTO = DID("did:mailto:example.com:alice%2Bx")


class Site:
    """A host of did:web documents, and how often each was asked for."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.port = 0

    def publish(self, key: PrivateKey, path: str = "somebody") -> Signer:
        """Make somebody whose document is here."""
        did = DID(f"did:web:localhost%3A{self.port}:{path}")
        self.documents[path] = describe(did, key.public)
        return Signer(key, did)

    async def answer(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        self.asked.append(path)
        if path not in self.documents:
            return web.Response(status=404)
        return web.json_response(self.documents[path])


@asynccontextmanager
async def hosting(site: S) -> AsyncIterator[S]:
    app = web.Application()
    app.router.add_get("/{path}/did.json", site.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    listening = web.TCPSite(runner, "127.0.0.1", 0)
    await listening.start()
    site.port = runner.addresses[0][1]
    try:
        yield site
    finally:
        await runner.cleanup()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with hosting(Site()) as found:
        yield found


def served(folder: Path, **settings: Any) -> Any:
    return running(folder, resolve_http=True, resolve_private=True, **settings)


async def register(world: World, did: DID) -> None:
    arguments = customer_add.add.arguments(customer=did, product=PRODUCT, details={})
    await world.ask(customer_add.add, arguments, by=world.service)


def handed_down(people: list[Signer], to: DID, subject: DID) -> list[Delegation]:
    audiences = [*(one.did for one in people[1:]), to]
    return [
        provider_add.add.delegate(one, audience=audience, subject=subject, expiration=now() + 60)
        for one, audience in zip(people, audiences, strict=True)
    ]


async def provisioned(world: World, by: Signer, subject: DID, proofs: list[Delegation]) -> str:
    space = Signer.generate()
    arguments = provider_add.add.arguments(provider=world.service.did, consumer=space.did)
    result = await world.ask(provider_add.add, arguments, by=by, subject=subject, proofs=proofs)
    assert await world.app.state.host.store.read(lambda tx: tx.providers_of(space.did)) == (world.service.did,)
    return str(result.id)


async def test_one_chain_across_all_of_them(tmp_path: Path, site: Site) -> None:
    # The service is its own authority: its key is in the folder, and stays.
    async with served(tmp_path) as world:
        authority = world.service.did
    async with served(tmp_path, authority=authority) as world:
        customer = Signer(Ed25519PrivateKey.generate())
        people = [
            customer,
            Signer(Secp256k1PrivateKey.generate()),
            Signer(P256PrivateKey.generate()),
            site.publish(Secp256k1PrivateKey.generate()),
            AttestedSigner.of(world.service, MAILTO),
        ]
        agent = Signer(P256PrivateKey.generate())
        await register(world, customer.did)
        chain = handed_down(people, agent.did, customer.did)
        algorithms = [proof.envelope.algorithm for proof in chain]
        assert algorithms == [Algorithm.ED25519, Algorithm.SECP256K1, Algorithm.P256, Algorithm.SECP256K1, Algorithm.ATTESTED]
        assert await provisioned(world, agent, customer.did, chain)
        # The did:mailto invokes by itself, with what it was given.
        assert await provisioned(world, people[-1], customer.did, chain[:-1])
        assert site.asked == ["somebody"]
        # And each link is needed.
        for left_out in range(len(chain)):
            rest = chain[:left_out] + chain[left_out + 1 :]
            arguments = provider_add.add.arguments(provider=world.service.did, consumer=Signer.generate().did)
            failure = await world.refusal(provider_add.add, arguments, by=agent, subject=customer.did, proofs=rest)
            assert failure.name == "InvalidAudience"


async def test_without_an_authority_nobody_is_a_mailto(tmp_path: Path) -> None:
    async with served(tmp_path) as world:
        agent = Signer.generate()
        proof = provider_add.add.delegate(
            AttestedSigner.of(world.service, MAILTO), audience=agent.did, subject=MAILTO, expiration=now() + 60
        )
        await register(world, MAILTO)
        arguments = provider_add.add.arguments(provider=world.service.did, consumer=Signer.generate().did)
        failure = await world.refusal(provider_add.add, arguments, by=agent, subject=MAILTO, proofs=[proof])
        assert failure.name == "DIDKeyResolutionError"
        assert MAILTO in failure.message


@pytest.mark.parametrize("kind", [Ed25519PrivateKey, Secp256k1PrivateKey, P256PrivateKey])
async def test_an_authority_of_each_kind(tmp_path: Path, site: Site, kind: type[PrivateKey]) -> None:
    authority = site.publish(kind.generate(), "authority")
    async with served(tmp_path, authority=authority.did) as world:
        await register(world, MAILTO)
        assert await provisioned(world, AttestedSigner.of(authority, MAILTO), MAILTO, [])
        # Another authority's word counts for nothing, the service's own neither.
        for stranger in (world.service, Signer.generate(), Signer(kind.generate(), authority.did)):
            arguments = provider_add.add.arguments(provider=world.service.did, consumer=Signer.generate().did)
            failure = await world.refusal(provider_add.add, arguments, by=AttestedSigner.of(stranger, MAILTO))
            assert failure.name == "InvalidSignature"


@pytest.mark.parametrize("kind", [Ed25519PrivateKey, Secp256k1PrivateKey, P256PrivateKey])
async def test_a_tenant_with_a_key_of_each_kind(tmp_path: Path, site: Site, kind: type[PrivateKey]) -> None:
    async with served(tmp_path) as world:
        for tenant in (Signer(kind.generate()), site.publish(kind.generate(), "tenant")):
            await register(world, tenant.did)
            assert await provisioned(world, tenant, tenant.did, [])
            # A header that names another algorithm than the key's is no signature of it.
            invocation = world.invocation("/provider/add", {}, by=tenant)
            other = next(one for one in (Algorithm.ED25519, Algorithm.P256) if one is not tenant.algorithm)
            data = bytes(invocation).replace(tenant.algorithm.header, other.header)
            (receipt,) = await world.send(Invocation.decode(data))
            assert failure_of(receipt).name == "InvalidSignature"
            assert f"the signature {other.name}" in failure_of(receipt).message


async def test_a_service_with_a_key_of_each_kind_signs_receipts_that_clients_accept(tmp_path: Path) -> None:
    makers: list[Callable[[], PrivateKey]] = [Secp256k1PrivateKey.generate, P256PrivateKey.generate]
    for number, make in enumerate(makers):
        folder = tmp_path / str(number)
        await asyncio.to_thread(folder.mkdir)
        (folder / "service.pem").write_bytes(make().pem())
        async with running(folder) as world:
            assert (await world.customer()).did
