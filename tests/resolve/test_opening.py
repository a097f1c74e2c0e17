"""Opening a resolver: from settings, on the loop that serves, and closed in the end."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest
import uvloop

from forge.client import Client
from forge.config import Settings, load
from forge.did import DID
from forge.document import own_methods
from forge.errors import ConfigurationError
from forge.resolve import PLC_DIRECTORY, Reach, Resolution, open_resolver
from forge.resolve.source import Source
from tests.core.principals import ALICE, MAILTO_DID
from tests.resolve.fakes import SIGNERS, reason, settled, until
from tests.resolve.hosts import HTTP, LOCAL, Host, document_of, hosting


class TestSettings:
    def test_the_defaults_are_the_same_with_and_without_a_service(self) -> None:
        assert Resolution.of(Settings()) == Resolution()
        assert Settings().plc_directory == PLC_DIRECTORY == "https://plc.directory"
        assert (Resolution().timeout, Resolution().ttl, Resolution().stale) == (4.0, 300.0, 86_400.0)
        assert Resolution().reach == Reach(private=False, loopback=False, http=False)

    def test_each_reaches_the_resolver(self) -> None:
        settings = Settings(
            plc_directory="http://10.0.0.1:2582/mirror",
            authority=ALICE.did,
            resolve_timeout=1,
            resolve_ttl=2,
            resolve_stale=3,
            resolve_private=True,
            resolve_http=True,
        )
        reach = Reach(private=True, http=True)
        assert Resolution.of(settings) == Resolution("http://10.0.0.1:2582/mirror", ALICE.did, 1, 2, 3, reach)
        assert Resolution.of(Settings(dev=True)).reach == Reach(loopback=True)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("plc_directory", "plc.directory"),
            ("plc_directory", "ftp://plc.directory"),
            ("plc_directory", "https://"),
            ("plc_directory", "https://user:password@plc.directory"),
            ("plc_directory", "https://plc.directory?a"),
            ("plc_directory", "https://plc.directory#a"),
            ("plc_directory", "https://plc.directory:99999"),
            ("plc_directory", "https://[::1"),
            ("authority", MAILTO_DID),
            ("authority", "somebody"),
            ("resolve_timeout", "0"),
            ("resolve_timeout", "61"),
            ("resolve_ttl", "0"),
            ("resolve_ttl", "nan"),
            ("resolve_stale", "-1"),
        ],
    )
    def test_what_is_wrong_is_named(self, name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(f"FORGE_{name.upper()}", value)
        with pytest.raises(ConfigurationError, match=rf"^{name}: "):
            load()

    def test_the_environment_says_who_attests(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FORGE_AUTHORITY", "did:web:example.com")
        authority = load().authority
        assert authority == "did:web:example.com"
        assert isinstance(authority, DID)


class TestOpen:
    async def test_it_stops_asking_when_it_is_closed(self, host: Host) -> None:
        """And nobody waits for what will not come."""
        host.hangs()
        async with open_resolver(resolution=LOCAL) as resolver:
            waiting = asyncio.create_task(resolver.resolve([host.did()]))
            await until(lambda: len(host.asked) == 1)
        assert reason((await waiting)[host.did()]) == "the service is stopping"
        await settled()
        gc.collect()

    async def test_the_directory_alone_is_one_host_for_all(self) -> None:
        async with open_resolver() as resolver:
            alike = {name: made._one_host for name, made in resolver._sources.items() if isinstance(made, Source)}
        assert alike == {"plc": True, "web": False}

    async def test_without_a_question_nothing_is_opened(self) -> None:
        before = threading.active_count()
        async with open_resolver() as resolver:
            assert ALICE.did in await resolver.resolve([ALICE.did])
        assert threading.active_count() == before

    async def test_a_client_asks_on_loopback_and_keeps_what_it_was_told(self, host: Host) -> None:
        did = host.did()
        host.gives(document_of(did))
        async with Client("http://127.0.0.1:1") as client:
            for _ in range(2):
                assert (await client._resolver.resolve([did]))[did] == own_methods(did, SIGNERS[0].key.public)
        assert len(host.asked) == 1


def test_on_the_loop_that_serves() -> None:
    """Sockets of our making, look-ups on threads of our own, time-outs: all of it is uvloop's business too."""

    async def ask() -> None:
        async with hosting() as host, open_resolver(resolution=HTTP) as resolver, open_resolver() as careful:
            did = host.did(host="localhost")
            host.gives(document_of(did))
            assert (await resolver.resolve([did]))[did] == own_methods(did, SIGNERS[0].key.public)
            assert "could not be fetched" in reason((await careful.resolve([did]))[did])
            assert len(host.asked) == 1
            host.hangs()
            other = host.did(":other")
            async with open_resolver(resolution=Resolution(reach=LOCAL.reach, timeout=0.3)) as impatient:
                assert reason((await impatient.resolve([other]))[other]) == "there was no answer within 0.3 s"

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(ask())
