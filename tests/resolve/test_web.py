"""did:web from a real server: good answers, and every other kind."""

from __future__ import annotations

import asyncio
import errno
import gzip
import threading
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from forge.did import DID
from forge.document import own_methods
from forge.resolve import Resolution, Resolver, http, open_resolver, web_url
from forge.resolve.http import MAX_DOCUMENT_BYTES, MAX_INTERIM
from forge.resolve.names import Names
from tests.core.principals import ALICE
from tests.resolve.fakes import SIGNERS, FakeClock, reason, until
from tests.resolve.hosts import DNS, HTTP, LOCAL, Host, document_of

IMPATIENT = Resolution(reach=LOCAL.reach, timeout=0.3)


@pytest.fixture
async def resolver() -> AsyncIterator[Resolver]:
    async with open_resolver(resolution=LOCAL) as made:
        yield made


def url(did: DID) -> str:
    return web_url(did, LOCAL.reach)


async def found(resolver: Resolver, did: DID) -> object:
    return (await resolver.resolve([did]))[did]


async def good(resolver: Resolver, did: DID) -> bool:
    return await found(resolver, did) == own_methods(did, SIGNERS[0].key.public)


async def refusal(resolver: Resolver, did: DID) -> str:
    return reason(await found(resolver, did)).replace(url(did), "URL")


class TestGood:
    async def test_a_document(self, host: Host, resolver: Resolver) -> None:
        did = host.did()
        host.gives(document_of(did))
        assert await good(resolver, did)
        assert await good(resolver, did)
        (request,) = host.asked
        assert (request.method, request.path) == ("GET", "/.well-known/did.json")
        assert request.headers["Accept"].startswith("application/did+json, ")
        assert request.headers["User-Agent"] == "forge"
        assert request.headers["Accept-Encoding"] == "identity"
        assert not {"Cookie", "Authorization", "Referer"} & set(request.headers)

    async def test_a_document_below_a_path(self, host: Host, resolver: Resolver) -> None:
        did = host.did(":tenants:one%20two")
        host.gives(document_of(did))
        assert await good(resolver, did)
        assert host.asked[0].raw_path == "/tenants/one%20two/did.json"

    @pytest.mark.parametrize("content_type", ["text/html", "application/did+json", "", "x"])
    async def test_the_content_type_does_not_matter(self, content_type: str, host: Host, resolver: Resolver) -> None:
        host.gives(document_of(host.did()), Content_Type=content_type)
        assert await good(resolver, host.did())

    @pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP", "deflate", "identity"])
    async def test_one_that_came_packed(self, encoding: str, host: Host, resolver: Resolver) -> None:
        plain = document_of(host.did()).encode()
        packed = {"deflate": zlib.compress(plain), "identity": plain}.get(encoding, gzip.compress(plain))
        host.gives(packed, Content_Encoding=encoding)
        assert await good(resolver, host.did())

    async def test_one_in_pieces(self, host: Host, resolver: Resolver) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            for byte in document_of(host.did()).encode():
                await response.write(bytes((byte,)))
            return response

        host.answer = answer
        assert await good(resolver, host.did())

    async def test_one_as_large_as_may_be(self, host: Host, resolver: Resolver) -> None:
        assert MAX_DOCUMENT_BYTES == 32_768
        host.gives(document_of(host.did()).ljust(MAX_DOCUMENT_BYTES))
        assert await good(resolver, host.did())

    async def test_no_cookie_comes_back(self, host: Host) -> None:
        # Those of addresses would be let go in any case.
        did, clock = host.did(host="x.example"), FakeClock()
        host.gives(document_of(did), Set_Cookie="a=b")
        async with open_resolver(resolution=HTTP, clock=clock, look_up=DNS(x_example="127.0.0.1")) as resolver:
            for _ in range(3):
                assert await good(resolver, did)
                clock.now += HTTP.ttl
        assert len(host.asked) == 3
        assert not [request for request in host.asked if "Cookie" in request.headers]

    async def test_no_proxy_of_the_environment_is_asked(
        self, host: Host, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        monkeypatch.delenv("no_proxy", raising=False)
        host.gives(document_of(host.did()))
        assert await good(resolver, host.did())


class TestAgain:
    async def test_one_that_has_not_changed_is_not_sent_again(self, host: Host) -> None:
        clock, version = FakeClock(), 0

        async def answer(request: web.Request) -> web.Response:
            tag = f'W/"{version}"'
            if request.headers.get("If-None-Match") == tag:
                return web.Response(status=304)
            return web.Response(text=document_of(host.did(), version), headers={"ETag": tag})

        host.answer = answer
        async with open_resolver(resolution=LOCAL, clock=clock) as resolver:
            for version in (0, 0, 0, 1):
                assert await found(resolver, host.did()) == own_methods(host.did(), SIGNERS[version].key.public)
                clock.now += LOCAL.ttl
        assert [request.headers.get("If-None-Match") for request in host.asked] == [None, 'W/"0"', 'W/"0"', 'W/"0"']

    @pytest.mark.parametrize("tag", ["", "0", '"a b"', '"\xe9"', '"' + "a" * 300 + '"', '"a", "b"', "*", 'w/"a"'])
    async def test_what_is_no_tag_is_not_sent_back(self, tag: str, host: Host) -> None:
        clock = FakeClock()
        host.gives(document_of(host.did()), ETag=tag)
        async with open_resolver(resolution=LOCAL, clock=clock) as resolver:
            for _ in range(2):
                assert await good(resolver, host.did())
                clock.now += LOCAL.ttl
        assert [request.headers.get("If-None-Match") for request in host.asked] == [None, None]

    async def test_unchanged_for_whoever_knows_nothing_is_no_answer(self, host: Host, resolver: Resolver) -> None:
        host.gives("", 304)
        assert await refusal(resolver, host.did()) == "URL answered 304"

    @pytest.mark.parametrize("status", [404, 410])
    async def test_who_is_gone_is_gone(self, status: int, host: Host) -> None:
        clock = FakeClock()
        host.gives(document_of(host.did()))
        async with open_resolver(resolution=LOCAL, clock=clock) as resolver:
            assert await good(resolver, host.did())
            host.gives("", status)
            clock.now += LOCAL.ttl
            assert await refusal(resolver, host.did()) == f"URL answered {status}"

    @pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 429, 500, 503])
    async def test_who_does_not_answer_well_is_not(self, status: int, host: Host) -> None:
        clock = FakeClock()
        host.gives(document_of(host.did()))
        async with open_resolver(resolution=LOCAL, clock=clock) as resolver:
            assert await good(resolver, host.did())
            host.gives("sorry", status)
            clock.now += LOCAL.ttl
            assert await good(resolver, host.did())
            clock.now += LOCAL.stale
            assert not await good(resolver, host.did())


class TestWrong:
    @pytest.mark.parametrize("status", [201, 202, 204, 206, 300, 400, 404, 410, 500, 503])
    async def test_only_200_counts(self, status: int, host: Host, resolver: Resolver) -> None:
        host.gives(document_of(host.did()) if status != 204 else b"", status)
        assert await refusal(resolver, host.did()) == f"URL answered {status}"

    async def test_the_document_of_somebody_else(self, host: Host, resolver: Resolver) -> None:
        lies = [DID("did:web:example.com"), host.did(host="localhost"), ALICE.did, host.did(":a")]
        for number, lie in enumerate(lies):
            did = host.did(f":{number}")
            host.gives(document_of(lie))
            assert await refusal(resolver, did) == f"URL: not the document of {did}"

    @pytest.mark.parametrize(
        "body", [b"", b"x", b"<html>", b"{", b"\xff\xfe", b"\x1f\x8b", b"[" * 30_000, b"1" * 5_000], ids=range(8)
    )
    async def test_what_is_not_json(self, body: bytes, host: Host, resolver: Resolver) -> None:
        host.gives(body)
        assert await refusal(resolver, host.did()) == "URL is not JSON"

    @pytest.mark.parametrize("body", [b"[]", b"null", b'{"id":1}', b'"\\ud800"', b"NaN", b'{"id":{"a":[]}}'], ids=range(6))
    async def test_what_is_no_document(self, body: bytes, host: Host, resolver: Resolver) -> None:
        host.gives(body)
        assert await refusal(resolver, host.did()) == f"URL: not the document of {host.did()}"

    async def test_too_large_a_one(self, host: Host, resolver: Resolver) -> None:
        for number, size in enumerate((MAX_DOCUMENT_BYTES + 1, 10 << 20)):
            did = host.did(f":{number}")
            host.gives(document_of(did).ljust(size))
            assert await refusal(resolver, did) == "URL has more than 32768 bytes"

    async def test_one_without_an_end_is_not_read_to_it(self, host: Host, resolver: Resolver) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            while True:
                await response.write(b" " * 10_000)

        host.answer = answer
        assert await refusal(resolver, host.did()) == "URL has more than 32768 bytes"

    @pytest.mark.parametrize("encoding", ["gzip", "deflate"])
    async def test_a_small_one_that_unpacks_to_a_large_one(self, encoding: str, host: Host, resolver: Resolver) -> None:
        bomb = gzip.compress(bytes(20 << 20)) if encoding == "gzip" else zlib.compress(bytes(20 << 20))
        host.gives(bomb, Content_Encoding=encoding)
        assert await refusal(resolver, host.did()) == "URL has more than 32768 bytes"

    @pytest.mark.parametrize(
        ("encoding", "said"),
        [
            ("br", "came packed in a way that was not asked for"),
            ("gzip", "cannot be unpacked"),
            ("gzip, gzip", "came packed in a way that was not asked for"),
        ],
    )
    async def test_one_that_cannot_be_unpacked(self, encoding: str, said: str, host: Host, resolver: Resolver) -> None:
        host.gives(document_of(host.did()), Content_Encoding=encoding)
        assert await refusal(resolver, host.did()) == f"URL {said}"

    async def test_one_that_was_cut_while_packed(self, host: Host, resolver: Resolver) -> None:
        host.gives(gzip.compress(document_of(host.did()).encode())[:-9], Content_Encoding="gzip")
        assert await refusal(resolver, host.did()) == "URL cannot be unpacked"

    async def test_a_host_that_hangs_up(self, host: Host, resolver: Resolver) -> None:
        async def before(request: web.Request) -> web.StreamResponse:
            assert request.transport is not None
            request.transport.close()
            return web.Response()

        async def within(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Length": "1000"})
            await response.prepare(request)
            await response.write(b"{")
            assert request.transport is not None
            request.transport.close()
            return response

        for number, answer in enumerate((before, within)):
            host.answer = answer
            assert await refusal(resolver, host.did(f":{number}")) == "URL could not be fetched"

    @pytest.mark.parametrize(
        "answer",
        [
            b"\0\xff nonsense\r\n\r\n",
            b"",
            b"HTTP/1.1 200 OK\r\nA: " + b"a" * 100_000,
            b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500,
        ],
        ids=["nonsense", "nothing", "long header", "many headers"],
    )
    async def test_a_host_that_answers_nonsense(self, answer: bytes, resolver: Resolver) -> None:
        async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.close()

        server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
        async with server:
            did = DID(f"did:web:127.0.0.1%3A{server.sockets[0].getsockname()[1]}")
            assert await refusal(resolver, did) == "URL could not be fetched"

    @pytest.mark.parametrize("interim", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"])
    async def test_a_host_that_says_wait_for_ever(self, interim: bytes, resolver: Resolver) -> None:
        """It may say so a few times; reading on would cost more than an answer may."""

        async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            path = (await reader.readuntil(b"\r\n\r\n")).split()[1]
            body = document_of(good_one).encode()
            writer.write(interim * (MAX_INTERIM + (path != b"/good/did.json")))
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            writer.close()

        server = await asyncio.start_server(wait, "127.0.0.1", 0)
        async with server:
            host = f"did:web:127.0.0.1%3A{server.sockets[0].getsockname()[1]}"
            good_one, endless = DID(f"{host}:good"), DID(f"{host}:endless")
            assert await good(resolver, good_one)
            assert await refusal(resolver, endless) == "URL could not be fetched"

    async def test_a_port_where_nobody_listens(self, resolver: Resolver, unused_tcp_port: int) -> None:
        assert await refusal(resolver, DID(f"did:web:127.0.0.1%3A{unused_tcp_port}")) == "URL could not be fetched"


class TestSlow:
    async def test_a_host_that_says_nothing(self, host: Host) -> None:
        host.hangs()
        async with open_resolver(resolution=IMPATIENT) as resolver:
            assert await refusal(resolver, host.did()) == "there was no answer within 0.3 s"

    async def test_one_that_says_a_little_for_ever(self, host: Host) -> None:
        """The time is for all of it, not for each piece."""

        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            while True:
                await response.write(b" ")
                await asyncio.sleep(0.01)

        host.answer = answer
        async with open_resolver(resolution=IMPATIENT) as resolver:
            assert await refusal(resolver, host.did()) == "there was no answer within 0.3 s"

    async def test_one_that_takes_no_connections(self) -> None:
        """Its queue is full: whoever knocks is not even refused."""
        with_no_room = asyncio.start_server(lambda *_: None, "127.0.0.1", 0, backlog=0, start_serving=False)
        server = await with_no_room
        port = server.sockets[0].getsockname()[1]
        knocking = [asyncio.create_task(asyncio.open_connection("127.0.0.1", port)) for _ in range(4)]
        try:
            async with open_resolver(resolution=IMPATIENT) as resolver:
                said = await refusal(resolver, DID(f"did:web:127.0.0.1%3A{port}"))
            assert said in ("there was no answer within 0.3 s", "URL could not be fetched")
        finally:
            for one in knocking:
                one.cancel()
            for opened in await asyncio.gather(*knocking, return_exceptions=True):
                if isinstance(opened, tuple):
                    opened[1].close()
            server.close()

    async def test_it_holds_up_nobody_else(self, host: Host) -> None:
        """The good answer comes while the dead host still says nothing: it is let go only afterwards."""
        let_go = asyncio.Event()

        async def answer(request: web.Request) -> web.Response:
            if request.path.startswith("/dead"):
                await let_go.wait()
            return web.Response(text=document_of(host.did(":good")))

        host.answer = answer
        async with open_resolver(resolution=HTTP) as resolver:
            waiting = [asyncio.create_task(resolver.resolve([host.did(f":dead{number}", "localhost")])) for number in range(50)]
            await until(lambda: len(host.asked) == 4)
            assert await good(resolver, host.did(":good"))
            assert not any(task.done() for task in waiting)
            assert len([one for one in host.asked if one.path.startswith("/dead")]) == 4, "so many of one host at once"
            let_go.set()
            await asyncio.gather(*waiting)

    async def test_names_that_nobody_answers_keep_no_key_that_was_replaced(
        self, host: Host, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """While they take all look-ups, a document that is due cannot be asked for: so it does not serve."""
        monkeypatch.setattr(http, "Names", lambda look_up: Names(look_up, at_once=1))
        clock, let_go, dns, version, looking = FakeClock(), threading.Event(), DNS(), 0, list[str]()
        dns.names = {"slow.example": "127.0.0.1", "x.example": "127.0.0.1"}

        def look_up(name: str, port: object, **how: Any) -> list[Any]:
            looking.append(name)
            if version and name == "slow.example":
                assert let_go.wait(60)
            return dns(name, port, **how)

        async def answer(request: web.Request) -> web.Response:
            return web.Response(text=document_of(host.did(host=request.host.partition(":")[0]), version))

        host.answer = answer
        tenant, slow = host.did(host="x.example"), host.did(host="slow.example")
        async with open_resolver(resolution=HTTP, clock=clock, look_up=look_up) as resolver:
            for one in (tenant, slow):
                assert await good(resolver, one)
            version = 1
            clock.now += HTTP.ttl
            waiting = asyncio.create_task(resolver.resolve([slow]))
            await until(lambda: looking[2:] == ["slow.example"])
            for _ in range(2):
                assert reason(await found(resolver, tenant)) == "too many others are being resolved; try again"
            assert len(host.asked) == 2
            let_go.set()
            await waiting
            assert await found(resolver, tenant) == own_methods(tenant, SIGNERS[1].key.public), "no failure was kept"

    async def test_where_no_socket_is_left_a_document_that_is_due_does_not_serve(
        self, host: Host, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The host may be well: who connects to us a thousand times must not keep a replaced key in use."""
        clock, did = FakeClock(), host.did()
        host.gives(document_of(did))

        def none(*_: object) -> None:
            raise OSError(errno.EMFILE, "Too many open files")

        async with open_resolver(resolution=LOCAL, clock=clock) as resolver:
            assert await good(resolver, did)
            clock.now += LOCAL.ttl
            with monkeypatch.context() as patch:
                patch.setattr("forge.resolve.reach.socket.socket", none)
                assert await refusal(resolver, did) == "too many others are being resolved; try again"
            assert await good(resolver, did)
        assert len(host.asked) == 2

    async def test_many_who_ask_for_one_ask_once(self, host: Host, resolver: Resolver) -> None:
        host.gives(document_of(host.did()))
        assert all(await asyncio.gather(*(good(resolver, host.did()) for _ in range(100))))
        assert len(host.asked) == 1
