"""did:plc from the real directory: created, rotated, ended, unknown; and the directory gone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from aiohttp import web

from forge.did import DID
from forge.errors import DIDKeyResolutionError
from forge.keys import Ed25519PrivateKey, P256PrivateKey, Secp256k1PrivateKey
from forge.method import Authority, VerificationMethod
from forge.resolve import Resolution, Resolver, open_resolver
from forge.resolve.http import Answer
from forge.resolve.plc import PlcFetcher
from forge.resolve.source import RETRY
from tests.plc.directory import Directory
from tests.plc.operations import Identity, RefusedError
from tests.resolve.fakes import FakeClock, reason
from tests.resolve.hosts import Host, document_of

TTL, STALE = 300.0, 1_000.0
UNKNOWN = DID("did:plc:" + "a" * 24)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def resolution(directory: Directory, **how: Any) -> Resolution:
    return Resolution(directory.url, ttl=TTL, stale=STALE, **how)


@pytest.fixture
async def resolver(directory: Directory, clock: FakeClock) -> AsyncIterator[Resolver]:
    async with open_resolver(resolution=resolution(directory), clock=clock) as made:
        yield made


async def found(resolver: Resolver, did: DID) -> Sequence[VerificationMethod]:
    answer = (await resolver.resolve([did]))[did]
    if isinstance(answer, DIDKeyResolutionError):
        raise answer
    return answer


async def keys(resolver: Resolver, did: DID) -> list[object] | str:
    """Give the keys of a DID, or why there are none."""
    try:
        return [method.key for method in await found(resolver, did)]
    except DIDKeyResolutionError as failure:
        return reason(failure)


def public(identity: Identity) -> list[object]:
    return [key.public for key in identity.keys.values()]


class TestTheRealDirectory:
    async def test_a_did_that_was_created(self, directory: Directory, resolver: Resolver) -> None:
        identity = directory.create()
        assert await keys(resolver, identity.did) == public(identity)
        assert [method.id for method in await found(resolver, identity.did)] == [f"{identity.did}#main"]

    async def test_several_keys_of_both_kinds_that_it_takes(self, directory: Directory, resolver: Resolver) -> None:
        given = {"atproto": Secp256k1PrivateKey.generate(), "forge": P256PrivateKey.generate()}
        identity = Identity.create(directory.url, given)
        assert await keys(resolver, identity.did) == public(identity)

    async def test_what_it_does_not_take(self, directory: Directory) -> None:
        with pytest.raises(RefusedError):
            Identity.create(directory.url, {"main": Ed25519PrivateKey.generate()})
        identity = directory.create()
        identity.rotation = Secp256k1PrivateKey.generate()
        with pytest.raises(RefusedError):
            identity.rotate()

    async def test_a_rotation_takes_effect_within_the_ttl(
        self, directory: Directory, resolver: Resolver, clock: FakeClock
    ) -> None:
        identity = directory.create()
        before = public(identity)
        assert await keys(resolver, identity.did) == before
        identity.rotate()
        assert public(identity) != before
        assert await keys(resolver, identity.did) == before
        clock.now += TTL
        assert await keys(resolver, identity.did) == public(identity)

    async def test_one_that_has_not_changed_is_not_sent_again(self, directory: Directory, clock: FakeClock) -> None:
        identity = directory.create()
        seen: list[tuple[str, str]] = []
        async with open_resolver(
            resolution=resolution(directory), clock=clock, observe=lambda *what: seen.append(what)
        ) as resolver:
            for _ in range(3):
                assert await keys(resolver, identity.did) == public(identity)
                clock.now += TTL
            identity.rotate()
            assert await keys(resolver, identity.did) == public(identity)
        assert seen == [("plc", "new"), ("plc", "same"), ("plc", "same"), ("plc", "new")]

    async def test_one_that_was_ended_is_gone_within_the_ttl(
        self, directory: Directory, resolver: Resolver, clock: FakeClock
    ) -> None:
        identity = directory.create()
        assert await keys(resolver, identity.did) == public(identity)
        identity.tombstone()
        clock.now += TTL
        assert await keys(resolver, identity.did) == "the did:plc directory answered 404"

    async def test_one_that_nobody_created(self, directory: Directory, resolver: Resolver, clock: FakeClock) -> None:
        assert await keys(resolver, UNKNOWN) == "the did:plc directory answered 404"
        identity = directory.create()
        assert await keys(resolver, identity.did) == public(identity)
        clock.now += RETRY
        assert await keys(resolver, UNKNOWN) == "the did:plc directory answered 404"

    async def test_stopped_the_known_go_on_for_their_time_and_the_unknown_fail(
        self, directory: Directory, resolver: Resolver, clock: FakeClock
    ) -> None:
        identity, other = directory.create(), directory.create()
        assert await keys(resolver, identity.did) == public(identity)
        directory.stop()
        assert await keys(resolver, other.did) == "the did:plc directory could not be fetched"
        for seconds in (TTL, RETRY, STALE - RETRY - 1):
            clock.now += seconds
            assert await keys(resolver, identity.did) == public(identity)
        clock.now += 1
        assert await keys(resolver, identity.did) == "the did:plc directory could not be fetched"

    async def test_frozen_it_is_waited_for_no_longer_than_that(self, directory: Directory, clock: FakeClock) -> None:
        """It takes connections, and says nothing."""
        identity, other = directory.create(), directory.create()
        async with open_resolver(resolution=resolution(directory, timeout=0.3), clock=clock) as resolver:
            assert await keys(resolver, identity.did) == public(identity)
            directory.freeze()
            clock.now += TTL
            assert await keys(resolver, identity.did) == public(identity)
            assert await keys(resolver, other.did) == "there was no answer within 0.3 s"
            before = public(identity)
            directory.thaw()
            identity.rotate()
            assert await keys(resolver, identity.did) == before, "the last attempt failed moments ago"
            clock.now += RETRY
            assert await keys(resolver, identity.did) == public(identity)
            assert await keys(resolver, other.did) == public(other)

    async def test_it_attests_through_its_did(self, directory: Directory) -> None:
        identity = directory.create()
        async with open_resolver(resolution=resolution(directory, authority=identity.did)) as resolver:
            (method,) = await found(resolver, DID("did:mailto:example.com:alice"))
            assert isinstance(method.key, Authority)
            assert [one.key for one in method.key.methods] == public(identity)


class TestAnyDirectory:
    @pytest.mark.parametrize(
        "text",
        [
            "did:plc:a",
            "did:plc:" + "a" * 23,
            "did:plc:" + "a" * 25,
            "did:plc:" + "A" * 24,
            "did:plc:" + "a" * 23 + "1",
            "did:plc:" + "a" * 23 + "8",
            "did:plc:..%2F" + "a" * 24,
            "did:plc:" + "a" * 24 + ":log",
            "did:plc:" + "a" * 24 + "#a",
            "did:plc:" + "a" * 20 + "%2Fb",
        ],
    )
    async def test_what_is_no_did_plc_is_not_asked_for(self, text: str, host: Host) -> None:
        directory = Resolution(f"http://127.0.0.1:{host.port}")
        async with open_resolver(resolution=directory) as resolver:
            assert await keys(resolver, DID(text)) == "a did:plc continues with 24 characters of a-z and 2-7"
        assert host.asked == []

    @pytest.mark.parametrize("base", ["", "/", "/mirror", "/mirror/"])
    async def test_it_is_asked_where_it_is(self, base: str, host: Host) -> None:
        """On loopback, over plain HTTP, below a path: it is the operator's choice."""
        host.gives(document_of(UNKNOWN))
        async with open_resolver(resolution=Resolution(f"http://localhost:{host.port}{base}")) as resolver:
            assert isinstance(await keys(resolver, UNKNOWN), list)
        assert [request.path for request in host.asked] == [f"{base.rstrip('/')}/{UNKNOWN}"]

    async def test_a_document_of_another_is_none(self, host: Host) -> None:
        host.gives(document_of(DID("did:plc:" + "b" * 24)))
        async with open_resolver(resolution=Resolution(f"http://127.0.0.1:{host.port}")) as resolver:
            said = await keys(resolver, UNKNOWN)
        assert said == f"the did:plc directory: not the document of {UNKNOWN}"

    async def test_it_cannot_send_us_elsewhere(self, host: Host) -> None:
        async def answer(request: web.Request) -> web.Response:
            location = f"http://localhost:{host.port}/there" if request.path != "/there" else "/"
            return web.Response(status=302, headers={"Location": location})

        host.answer = answer
        async with open_resolver(resolution=Resolution(f"http://127.0.0.1:{host.port}")) as resolver:
            said = await keys(resolver, UNKNOWN)
        assert said == "the did:plc directory redirects to another host, or to plain HTTP"
        assert len(host.asked) == 1

    async def test_what_nobody_asked_for_is_not_fetched_either(self) -> None:
        class NoHttp:
            async def get(self, url: str, etag: str | None, name: str) -> Answer:
                raise AssertionError((url, etag, name))

        with pytest.raises(Exception, match="24 characters"):
            await PlcFetcher(NoHttp()).fetch(DID("did:plc:x"), None)  # type: ignore[arg-type]
