"""Where strangers cannot have this process connect to: by address, by name, the second time, by redirect (§15.6, 5)."""

from __future__ import annotations

import logging
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from forge.did import DID
from forge.document import own_methods
from forge.resolve import Reach, Resolution, open_resolver
from tests.resolve.fakes import SIGNERS, FakeClock, reason
from tests.resolve.hosts import DNS, HTTP, Host, certificate, document_of, hosting

OUTSIDE = Resolution(reach=Reach(http=True))
"""As a service is that faces the world, but for plain HTTP, which these hosts speak."""


async def refused(did: DID, dns: DNS, resolution: Resolution = OUTSIDE) -> str:
    async with open_resolver(resolution=resolution, look_up=dns) as resolver:
        return reason((await resolver.resolve([did]))[did])


class TestAddresses:
    @pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "100.64.0.1"])
    async def test_one_that_stands_in_the_did(self, address: str, host: Host) -> None:
        dns = DNS()
        said = await refused(host.did(host=address), dns)
        assert said == f"http://{address}:{host.port}/.well-known/did.json could not be fetched"
        assert host.asked == []
        assert dns.asked == []

    @pytest.mark.parametrize(
        "leads_to",
        ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254", "fe80::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"],
    )
    async def test_one_that_a_name_leads_to(self, leads_to: str, host: Host) -> None:
        dns = DNS(innocent_example=leads_to)
        said = await refused(host.did(host="innocent.example"), dns)
        assert said == f"http://innocent.example:{host.port}/.well-known/did.json could not be fetched"
        assert host.asked == []
        assert dns.asked == ["innocent.example"]

    async def test_the_name_of_this_machine(self, host: Host) -> None:
        async with open_resolver(resolution=OUTSIDE) as resolver:
            did = host.did(host="localhost")
            assert "could not be fetched" in reason((await resolver.resolve([did]))[did])
        assert host.asked == []

    async def test_no_socket_is_made_for_it(self, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
        def never(*_: object) -> None:
            raise AssertionError("a socket")

        monkeypatch.setattr("forge.resolve.reach.socket.socket", never)
        dns = DNS(innocent_example="127.0.0.1 10.0.0.1 ::1")
        assert "could not be fetched" in await refused(host.did(host="innocent.example"), dns)

    async def test_it_reads_like_any_host_that_is_not_there(self, host: Host, unused_tcp_port: int) -> None:
        """Or whoever invokes could ask, address by address and port by port, what there is inside."""
        dns = DNS(inside_example="10.0.0.1", here_example="127.0.0.1")
        for port in (host.port, unused_tcp_port):
            for name in ("inside.example", "here.example", "nowhere.example"):
                said = await refused(DID(f"did:web:{name}%3A{port}"), dns)
                assert said == f"http://{name}:{port}/.well-known/did.json could not be fetched"
        allowed = Resolution(reach=Reach(http=True, private=True))
        said = await refused(DID(f"did:web:here.example%3A{unused_tcp_port}"), dns, allowed)
        assert said == f"http://here.example:{unused_tcp_port}/.well-known/did.json could not be fetched"

    async def test_the_operator_learns_why(self, host: Host, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG, "forge.resolve")
        await refused(host.did(host="inside.example"), DNS(inside_example="10.0.0.1"))
        assert "10.0.0.1 is not a public address" in caplog.text

    async def test_where_it_is_allowed_it_serves(self, host: Host) -> None:
        for reach, name in [(Reach(http=True, private=True), "x.example"), (Reach(http=True, loopback=True), "x.example")]:
            did = host.did(host=name)
            host.gives(document_of(did))
            async with open_resolver(resolution=Resolution(reach=reach), look_up=DNS(x_example="127.0.0.1")) as resolver:
                assert (await resolver.resolve([did]))[did] == own_methods(did, SIGNERS[0].key.public)

    async def test_of_several_addresses_those_that_are_admitted_serve(self, host: Host) -> None:
        did = host.did(host="x.example")
        host.gives(document_of(did))
        # Documentation's address would be refused; were it asked, nobody would answer there.
        dns = DNS(x_example="10.255.255.1 192.0.2.1 127.0.0.1")
        async with open_resolver(resolution=HTTP, look_up=dns) as resolver:
            assert (await resolver.resolve([did]))[did] == own_methods(did, SIGNERS[0].key.public)

    async def test_a_name_that_leads_elsewhere_the_second_time(self, host: Host) -> None:
        """It was looked at, then asked: what counts is where the connection goes."""
        did = host.did(host="x.example")
        host.gives(document_of(did))
        clock, dns = FakeClock(), DNS(x_example=["127.0.0.1", "10.0.0.1", "127.0.0.1"])
        resolution = Resolution(reach=HTTP.reach, stale=0)
        async with open_resolver(resolution=resolution, look_up=dns, clock=clock) as resolver:
            for good in (True, False, True):
                found = (await resolver.resolve([did]))[did]
                assert (found == own_methods(did, SIGNERS[0].key.public)) is good
                clock.now += resolution.ttl
        assert len(dns.asked) == 3, "each connection asks, and no other"
        assert len(host.asked) == 2


class TestRedirects:
    async def to(self, host: Host, location: str, resolution: Resolution = HTTP, **names: str) -> tuple[bool, str]:
        """Have a document at /there, and whoever asks elsewhere be sent to `location`."""
        did = host.did(host="x.example")

        async def answer(request: web.Request) -> web.Response:
            if request.path == "/there":
                return web.Response(text=document_of(did))
            return web.Response(status=302, headers={"Location": location.replace("PORT", str(host.port))})

        host.answer = answer
        async with open_resolver(resolution=resolution, look_up=DNS(x_example="127.0.0.1", **names)) as resolver:
            found = (await resolver.resolve([did]))[did]
        if found == own_methods(did, SIGNERS[0].key.public):
            return True, ""
        return False, reason(found).replace(f"http://x.example:{host.port}/.well-known/did.json", "URL")

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    async def test_one_on_the_same_host_is_followed(self, status: int, host: Host) -> None:
        did = host.did(host="x.example")

        async def answer(request: web.Request) -> web.Response:
            if request.path == "/there/did.json":
                return web.Response(text=document_of(did))
            return web.Response(status=status, headers={"Location": "/there/did.json"})

        host.answer = answer
        async with open_resolver(resolution=HTTP, look_up=DNS(x_example="127.0.0.1")) as resolver:
            assert (await resolver.resolve([did]))[did] == own_methods(did, SIGNERS[0].key.public)
        assert [request.method for request in host.asked] == ["GET", "GET"]

    @pytest.mark.parametrize(
        "location", ["/there", "../there", "//x.example:PORT/there", "http://X.example:PORT/there#fragment", "http:///there"]
    )
    async def test_however_it_is_written(self, location: str, host: Host) -> None:
        assert await self.to(host, location) == (True, "")

    @pytest.mark.parametrize(
        "location",
        [
            "http://y.example:PORT/there",
            "//y.example:PORT/there",
            "http://127.0.0.1:PORT/there",
            "http://169.254.169.254/latest/meta-data/",
            "http://x.example.:PORT/there",
            "http://x.example@y.example:PORT/there",
            "http://user@x.example:PORT/there",
            "http://user:password@x.example:PORT/there",
            "http://:password@x.example:PORT/there",
            "ftp://x.example/there",
            "file:///etc/passwd",
            "data:application/json,{}",
            "javascript:x",
        ],
    )
    async def test_elsewhere_it_is_not(self, location: str, host: Host) -> None:
        good, said = await self.to(host, location, y_example="127.0.0.1")
        assert not good
        assert said == "URL redirects to another host, or to plain HTTP"
        assert [request.path for request in host.asked] == ["/.well-known/did.json"]

    async def test_to_the_same_name_that_leads_inside_by_now(self, host: Host) -> None:
        did = host.did(host="x.example")

        async def answer(request: web.Request) -> web.Response:
            del request
            return web.Response(status=302, headers={"Location": "/there"})

        host.answer = answer
        dns = DNS(x_example=["127.0.0.1", "10.0.0.1"])
        said = await refused(did, dns, HTTP)
        assert said.endswith("could not be fetched")
        assert dns.asked == ["x.example"] * 2
        assert len(host.asked) == 1

    @pytest.mark.parametrize("location", ["/.well-known/did.json", "", "?again", "\\\\y.example\\there"])
    async def test_in_a_circle(self, location: str, host: Host) -> None:
        assert await self.to(host, location) == (False, "URL redirects more than 3 times")
        assert len(host.asked) == 4

    async def test_one_that_says_not_where(self, host: Host) -> None:
        did = host.did(host="x.example")
        host.gives("", 302)
        assert (await refused(did, DNS(x_example="127.0.0.1"), HTTP)).endswith("redirects more than 3 times")

    @pytest.mark.parametrize("location", ["http://[::1/", "http://x.example:99999/", "http://\udcff/"])
    async def test_one_that_leads_to_nothing(self, location: str, host: Host) -> None:
        did = host.did(host="x.example")

        async def answer(request: web.Request) -> web.StreamResponse:
            assert request.transport is not None
            head = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
            request.transport.write(head.encode("utf-8", "surrogateescape"))
            request.transport.close()
            return web.Response()

        host.answer = answer
        assert "x.example" in await refused(did, DNS(x_example="127.0.0.1"), HTTP)
        assert len(host.asked) <= 4


class TestHTTPS:
    RESOLUTION = Resolution(reach=Reach(loopback=True))
    NAMES = DNS(x_example="127.0.0.1", y_example="127.0.0.1")

    async def test_it_is_https_unless_told_otherwise(self, host: Host) -> None:
        """The host speaks plain HTTP, and is spoken to in TLS."""
        host.gives(document_of(host.did(host="x.example")))
        said = await refused(host.did(host="x.example"), self.NAMES, self.RESOLUTION)
        assert said == f"https://x.example:{host.port}/.well-known/did.json could not be fetched"
        assert host.asked == []

    async def test_the_certificate_is_the_hosts_and_somebody_trusted_signed_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        serving, trusting = certificate(tmp_path, "x.example")
        async with hosting(serving) as host:
            did, other = host.did(host="x.example"), host.did(host="y.example")
            host.gives(document_of(did))
            assert (await refused(did, self.NAMES, self.RESOLUTION)).endswith("could not be fetched"), "nobody trusts it"
            monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", trusting)
            async with open_resolver(resolution=self.RESOLUTION, look_up=self.NAMES) as resolver:
                assert (await resolver.resolve([did]))[did] == own_methods(did, SIGNERS[0].key.public)
            host.gives(document_of(other))
            assert (await refused(other, self.NAMES, self.RESOLUTION)).endswith("could not be fetched"), "it is another's"

    async def test_no_redirect_leads_out_of_it(self, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        serving, trusting = certificate(tmp_path, "x.example")
        monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", trusting)
        async with hosting(serving) as secure:
            did = secure.did(host="x.example")
            host.gives(document_of(did))
            secure.gives("", 302, Location=f"http://x.example:{host.port}/")
            assert (await refused(did, self.NAMES, self.RESOLUTION)).endswith("redirects to another host, or to plain HTTP")
            assert host.asked == []

    async def test_one_may_lead_into_it(self, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        serving, trusting = certificate(tmp_path, "x.example")
        monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", trusting)
        async with hosting(serving) as secure:
            did = host.did(host="x.example")
            host.gives("", 302, Location=f"https://x.example:{secure.port}/")
            secure.gives(document_of(did))
            async with open_resolver(resolution=HTTP, look_up=self.NAMES) as resolver:
                assert (await resolver.resolve([did]))[did] == own_methods(did, SIGNERS[0].key.public)
