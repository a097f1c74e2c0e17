"""A whole service, over HTTP, with tenants whose keys are in the real did:plc directory; and one without any network."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from commands.customer.add import AddArguments as Customer
from commands.customer.add import add as customer_add
from commands.provider.add import AddArguments as Provision
from commands.provider.add import add as provider_add
from forge.config import Settings
from forge.did import DID
from forge.errors import Failure
from forge.keys import Secp256k1PrivateKey, Signer
from forge.resolve.opening import PLC_AT_ONCE
from tests.plc.directory import Directory
from tests.resolve.fakes import SIGNERS, until
from tests.resolve.hosts import Host, document_of
from tests.service.world import PRODUCT, World, running

ROOT = Path(__file__).parents[2]
TTL = 0.3


async def register(world: World, *dids: DID) -> None:
    """Have the service add customers."""
    for did in dids:
        await world.ask(customer_add, Customer(customer=did, product=PRODUCT, details={}), by=world.service)


async def provision(world: World, by: Signer) -> Any:
    """Self-issue `/provider/add` for a fresh consumer; give the result, or the failure."""
    arguments = Provision(provider=world.service.did, consumer=Signer.generate().did)
    try:
        return await world.ask(provider_add, arguments, by=by)
    except Failure as failure:
        return failure


async def refused(world: World, by: Signer, name: str) -> Failure:
    """Ask until it is refused."""
    async with asyncio.timeout(60):
        while not isinstance(found := await provision(world, by), Failure):  # noqa: ASYNC110 - nobody tells when
            await asyncio.sleep(TTL / 10)
    assert found.name == name, found.message
    return found


async def test_a_tenant_of_the_directory(directory: Directory, tmp_path: Path) -> None:
    identity, other = directory.create(), directory.create()
    async with running(tmp_path, plc_directory=directory.url, resolve_ttl=TTL) as world:
        await register(world, identity.did, other.did)
        before = identity.signer()
        assert (await provision(world, before)).id
        impostor = Signer(Secp256k1PrivateKey.generate(), identity.did)
        assert (await refused(world, impostor, "InvalidSignature")).message.count("#main: signature mismatch") == 1

        identity.rotate()
        await refused(world, before, "InvalidSignature")
        assert (await provision(world, identity.signer())).id

        directory.stop()
        for _ in range(5):
            await asyncio.sleep(TTL)
            assert (await provision(world, identity.signer())).id
        await refused(world, before, "InvalidSignature")
        failure = await refused(world, other.signer(), "DIDKeyResolutionError")
        assert failure.message == (
            f'unable to resolve "{other.did}" key: not resolvable by any resolver: the did:plc directory could not be fetched'
        )


async def test_the_known_go_on_for_the_configured_time_only(directory: Directory, tmp_path: Path) -> None:
    identity = directory.create()
    async with running(tmp_path, plc_directory=directory.url, resolve_ttl=TTL, resolve_stale=TTL) as world:
        await register(world, identity.did)
        assert (await provision(world, identity.signer())).id
        directory.stop()
        await refused(world, identity.signer(), "DIDKeyResolutionError")


async def test_one_that_was_ended(directory: Directory, tmp_path: Path) -> None:
    identity = directory.create()
    async with running(tmp_path, plc_directory=directory.url, resolve_ttl=TTL) as world:
        await register(world, identity.did)
        assert (await provision(world, identity.signer())).id
        identity.tombstone()
        assert "answered 404" in (await refused(world, identity.signer(), "DIDKeyResolutionError")).message


async def test_who_waits_for_a_dead_directory_waits_alone(host: Host, tmp_path: Path) -> None:
    """Everybody else is served while it says nothing; those who wait are let go only when all the others are done."""
    let_go = asyncio.Event()
    tenant = Signer(SIGNERS[0].key, DID("did:plc:" + "a" * 24))
    unknown = [DID(f"did:plc:{'b' * 22}{one}{two}") for one in "abcdef" for two in "abcdefgh"]

    async def answer(request: web.Request) -> web.Response:
        if not request.path.endswith(tenant.did):
            await let_go.wait()
        return web.Response(text=document_of(tenant.did))

    host.answer = answer
    # In the time that resolving may take, all of this is done many times over.
    how = {"plc_directory": f"http://127.0.0.1:{host.port}", "resolve_timeout": 60, "resolve_ttl": TTL}
    async with running(tmp_path, **how) as world:
        await register(world, tenant.did)
        assert (await provision(world, tenant)).id
        customer = await world.customer()
        waiting = [asyncio.create_task(provision(world, Signer(Secp256k1PrivateKey.generate(), did))) for did in unknown]
        await until(lambda: len(host.asked) > PLC_AT_ONCE)
        for _ in range(3):
            assert (await provision(world, customer)).id
            assert (await provision(world, tenant)).id
            await asyncio.sleep(TTL)
        assert not any(task.done() for task in waiting)
        let_go.set()
        assert {failure.name for failure in await asyncio.gather(*waiting)} == {"DIDKeyResolutionError"}


def test_by_itself_a_service_waits_less_than_five_seconds() -> None:
    assert Settings().resolve_timeout < 5


async def test_without_an_authority_nobody_attests(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        mail = Signer(Secp256k1PrivateKey.generate(), DID("did:mailto:example.com:alice"))
        failure = await provision(world, mail)
        assert failure.name == "DIDKeyResolutionError"
        assert failure.message.endswith("no resolver found for method: mailto (nobody is set to attest for it: authority)")


async def test_its_own_did_web_is_never_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("somebody was asked")

    monkeypatch.setattr("forge.resolve.http.Http.get", never)
    async with running(tmp_path, did="did:web:forge.example.com") as world:
        assert world.service.did == "did:web:forge.example.com"
        await register(world, Signer.generate().did)


@pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run(["unshare", "-rn", "true"], check=False, capture_output=True).returncode != 0,  # noqa: S607
    reason="this machine lets nobody have a network of their own (unshare -rn)",
)
def test_the_network_unplugged(tmp_path: Path) -> None:
    """A service in a network of its own, in which there is nothing but itself."""
    done = subprocess.run(
        ["unshare", "-rn", sys.executable, "-m", "tests.resolve.unplugged", tmp_path],  # noqa: S607 - wherever it is
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "did:web:forge.example.com"
