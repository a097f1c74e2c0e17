"""Resolving DIDs: computed, known, or fetched from a real server on the loopback interface (protocol §2.6, §8.5)."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import pytest
from aiohttp import web

from forge import resolve
from forge.did import DID
from forge.document import describe, own_methods
from forge.errors import DIDKeyResolutionError
from forge.method import VerificationMethod, did_key_methods
from forge.resolve import MAX_DOCUMENT_BYTES, Resolver, WebFetcher, web_url
from tests.core.principals import ALICE, BOB, MAILTO_DID, SECP_DID, SERVICE

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Host:
    """A web server, and what it was asked."""

    port: int = 0
    answer: Handler | None = None
    asked: list[web.Request] = field(default_factory=list)

    def did(self, path: str = "", host: str = "127.0.0.1") -> DID:
        return DID(f"did:web:{host}%3A{self.port}{path}")

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        assert self.answer is not None
        return await self.answer(request)

    def gives(self, body: bytes | str, status: int = 200, **headers: str) -> None:
        data = body.encode() if isinstance(body, str) else body

        async def answer(_: web.Request) -> web.Response:
            return web.Response(
                body=data, status=status, headers={key.replace("_", "-"): value for key, value in headers.items()}
            )

        self.answer = answer


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    host = Host()
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", host.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host.port = runner.addresses[0][1]
    yield host
    await runner.cleanup()


@pytest.fixture
async def fetcher() -> AsyncIterator[WebFetcher]:
    async with aiohttp.ClientSession() as session:
        yield WebFetcher(session)


def document_of(did: DID) -> str:
    return json.dumps(describe(did, SERVICE.key.public))


async def refusal(fetcher: WebFetcher, did: DID) -> str:
    """Give the reason for which a DID was not resolved, and see that a resolver gives the same and raises nothing."""
    with pytest.raises(DIDKeyResolutionError) as caught:
        await fetcher.fetch(did)
    start = f'unable to resolve "{did}" key: not resolvable by any resolver: '
    assert caught.value.message.startswith(start)
    found = (await Resolver(fetchers={"web": fetcher}).resolve([did]))[did]
    assert isinstance(found, DIDKeyResolutionError)
    assert found.message == caught.value.message
    return caught.value.message.removeprefix(start)


# -- without a network


async def test_a_did_key_is_computed() -> None:
    assert await Resolver().resolve([ALICE.did]) == {ALICE.did: did_key_methods(ALICE.did)}
    assert await Resolver().resolve([]) == {}


async def test_a_did_key_of_a_kind_not_known_here() -> None:
    did = DID(SECP_DID)
    found = (await Resolver().resolve([did]))[did]
    assert isinstance(found, DIDKeyResolutionError)
    assert found.message == (
        f'unable to resolve "{did}" key: not resolvable by any resolver: not a public key of a kind known here: e701034f…'
    )


class Never:
    async def fetch(self, did: DID) -> Sequence[VerificationMethod]:
        raise AssertionError(did)


async def test_our_own_is_never_asked_for_elsewhere() -> None:
    own = DID("did:web:example.com")
    methods = own_methods(own, SERVICE.key.public)
    resolver = Resolver({own: methods}, {"web": Never()})
    assert await resolver.resolve([own]) == {own: methods}
    # It may be a did:key too, and then its methods are still the configuration's.
    resolver = Resolver({ALICE.did: methods})
    assert await resolver.resolve([ALICE.did]) == {ALICE.did: methods}


@pytest.mark.parametrize("text", ["did:web:example.com", MAILTO_DID, "did:plc:ewvi7nxzyoun6zhxrhs64oiz", "did:x:y"])
async def test_a_method_that_is_not_known_here(text: str) -> None:
    did = DID(text)
    found = (await Resolver(fetchers={"other": Never()}).resolve([did]))[did]
    assert isinstance(found, DIDKeyResolutionError)
    assert found.message == (
        f'unable to resolve "{did}" key: not resolvable by any resolver: no resolver found for method: {did.method}'
    )


async def test_all_are_found_out_at_once() -> None:
    """Each fetch waits for the other to have begun."""
    begun = asyncio.Barrier(2)

    class Meeting:
        async def fetch(self, did: DID) -> Sequence[VerificationMethod]:
            await begun.wait()
            if did.identifier == "b":
                raise DIDKeyResolutionError("no b")
            return own_methods(did, BOB.key.public)

    one, other, unknown = DID("did:meet:a"), DID("did:meet:b"), DID("did:x:y")
    found = await Resolver(fetchers={"meet": Meeting()}).resolve([one, ALICE.did, other, unknown])
    assert found[one] == own_methods(one, BOB.key.public)
    assert found[ALICE.did] == did_key_methods(ALICE.did)
    assert isinstance(found[other], DIDKeyResolutionError)
    assert isinstance(found[unknown], DIDKeyResolutionError)
    assert len(found) == 4


# -- where a document is


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("did:web:example.com", "https://example.com/.well-known/did.json"),
        ("did:web:example.com%3A8443", "https://example.com:8443/.well-known/did.json"),
        ("did:web:example.com%3a8443", "https://example.com:8443/.well-known/did.json"),
        ("did:web:example.com:a", "https://example.com/a/did.json"),
        ("did:web:example.com%3A1:a:b", "https://example.com:1/a/b/did.json"),
        ("did:web:localhost", "http://localhost/.well-known/did.json"),
        ("did:web:localhost%3A8080", "http://localhost:8080/.well-known/did.json"),
        ("did:web:127.0.0.1%3A8080:a", "http://127.0.0.1:8080/a/did.json"),
        ("did:web:localhost.example.com", "https://localhost.example.com/.well-known/did.json"),
        ("did:web:127.0.0.2", "https://127.0.0.2/.well-known/did.json"),
        ("did:web:192.168.0.1", "https://192.168.0.1/.well-known/did.json"),
        ("did:web:example.com:a%20b", "https://example.com/a%20b/did.json"),
    ],
)
def test_the_url(text: str, url: str) -> None:
    assert web_url(DID(text)) == url


@pytest.mark.parametrize(
    "text",
    [
        "did:web::",
        "did:web::a",
        "did:web:example.com:",
        "did:web:example.com::a",
        "did:web:example.com:..",
        "did:web:example.com:.",
        "did:web:example.com:a:..:b",
        "did:web:example.com:%2F",
        "did:web:example.com:a%2fb",
        "did:web:example.com:%2e%2e%2f",
        "did:web:example.com#a",
        "did:web:example.com%2Fa",
        "did:web:example.com%23a",
        "did:web:user%40example.com",
        "did:web:example.com%00",
        "did:web:%65xample.com",
    ],
)
async def test_a_did_web_that_names_no_host_and_path(text: str, fetcher: WebFetcher) -> None:
    with pytest.raises(DIDKeyResolutionError, match=r"it names no host and path$"):
        web_url(DID(text))
    assert await refusal(fetcher, DID(text)) == "it names no host and path"


@pytest.mark.parametrize(
    "text",
    [
        # Found before anything is sent: no network is needed to fail.
        "did:web:" + "a" * 64 + ".example",
        "did:web:a..b",
        "did:web:.",
        "did:web:..",
        "did:web:localhost%3Aport",
        "did:web:localhost%3A99999",
        "did:web:localhost%3A-1",
        "did:web:localhost%3A1%3A2",
        "did:web:%3A80",
    ],
)
async def test_a_host_that_cannot_be_one_is_a_refusal_and_no_fault(text: str, fetcher: WebFetcher) -> None:
    assert "could not be fetched: " in await refusal(fetcher, DID(text))


# -- fetching


async def test_a_good_document(host: Host, fetcher: WebFetcher) -> None:
    did = host.did()
    host.gives(document_of(did))
    assert await fetcher.fetch(did) == own_methods(did, SERVICE.key.public)
    found = await Resolver(fetchers={"web": fetcher}).resolve([did])
    assert found == {did: own_methods(did, SERVICE.key.public)}
    assert [(request.method, request.path) for request in host.asked] == [("GET", "/.well-known/did.json")] * 2


async def test_a_good_document_below_a_path(host: Host, fetcher: WebFetcher) -> None:
    did = host.did(":tenants:one")
    host.gives(document_of(did))
    assert await fetcher.fetch(did) == own_methods(did, SERVICE.key.public)
    assert host.asked[0].path == "/tenants/one/did.json"


@pytest.mark.parametrize("content_type", ["text/html", "application/did+json", "", "x"])
async def test_the_content_type_does_not_matter(content_type: str, host: Host, fetcher: WebFetcher) -> None:
    did = host.did()
    host.gives(document_of(did), Content_Type=content_type)
    assert await fetcher.fetch(did)


async def test_a_document_that_came_zipped(host: Host, fetcher: WebFetcher) -> None:
    did = host.did()
    host.gives(gzip.compress(document_of(did).encode()), Content_Encoding="gzip")
    assert await fetcher.fetch(did)


@pytest.mark.parametrize("status", [201, 204, 301, 400, 404, 410, 500, 503])
async def test_only_200_counts(status: int, host: Host, fetcher: WebFetcher) -> None:
    did = host.did()
    host.gives(document_of(did) if status != 204 else b"", status)
    assert await refusal(fetcher, did) == f"{web_url(did)} answered {status}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int, host: Host, fetcher: WebFetcher) -> None:
    """It could lead anywhere, into our own network for one (§15.6, 5)."""
    did = host.did()

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/.well-known/did.json":
            return web.Response(status=status, headers={"Location": "/other"})
        return web.Response(text=document_of(did))

    host.answer = answer
    assert await refusal(fetcher, did) == f"{web_url(did)} answered {status}"
    assert {request.path for request in host.asked} == {"/.well-known/did.json"}


async def test_the_document_of_somebody_else(host: Host, fetcher: WebFetcher) -> None:
    did = host.did()
    for lie in (DID("did:web:example.com"), host.did(host="localhost"), ALICE.did, host.did(":a")):
        host.gives(document_of(lie))
        assert await refusal(fetcher, did) == f"{web_url(did)}: not the document of {did}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"<html>",
        b"[]",
        b"null",
        b"{",
        b"\xff\xfe",
        b"\x1f\x8b",
        b"[" * 60_000,
        b"1" * 5_000,
        b'{"id":1}',
        b'"\\ud800"',
    ],
    ids=range(12),
)
async def test_what_is_no_document(body: bytes, host: Host, fetcher: WebFetcher) -> None:
    did = host.did()
    host.gives(body)
    assert (await refusal(fetcher, did)).startswith(f"{web_url(did)}: ")


@pytest.mark.parametrize(("size", "good"), [(MAX_DOCUMENT_BYTES, True), (MAX_DOCUMENT_BYTES + 1, False), (10 << 20, False)])
async def test_the_size_is_bounded(size: int, good: bool, host: Host, fetcher: WebFetcher) -> None:  # noqa: FBT001 - a column
    assert MAX_DOCUMENT_BYTES == 65_536
    did = host.did()
    text = document_of(did)
    host.gives(text + " " * (size - len(text)))
    if good:
        assert await fetcher.fetch(did)
    else:
        assert await refusal(fetcher, did) == f"{web_url(did)} has more than {MAX_DOCUMENT_BYTES} bytes"


async def test_a_document_in_pieces(host: Host, fetcher: WebFetcher) -> None:
    did = host.did()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for byte in document_of(did).encode():
            await response.write(bytes((byte,)))
        return response

    host.answer = answer
    assert await fetcher.fetch(did) == own_methods(did, SERVICE.key.public)


async def test_a_document_without_an_end_is_not_read_to_it(host: Host, fetcher: WebFetcher) -> None:
    did = host.did()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" " * 10_000)

    host.answer = answer
    assert await refusal(fetcher, did) == f"{web_url(did)} has more than {MAX_DOCUMENT_BYTES} bytes"


async def test_a_small_body_that_unzips_to_a_large_one(host: Host, fetcher: WebFetcher) -> None:
    did = host.did()
    host.gives(gzip.compress(bytes(20 << 20)), Content_Encoding="gzip")
    assert await refusal(fetcher, did)


async def test_a_host_that_says_nothing(host: Host, fetcher: WebFetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    did = host.did()
    assert resolve.WEB_TIMEOUT == 10.0
    monkeypatch.setattr(resolve, "WEB_TIMEOUT", 0.5)

    async def answer(request: web.Request) -> web.StreamResponse:
        del request
        await asyncio.Event().wait()
        raise AssertionError

    host.answer = answer
    assert await refusal(fetcher, did) == f"{web_url(did)} could not be fetched: TimeoutError"
    assert len(host.asked) == 2


async def test_a_host_that_never_comes_to_an_end(host: Host, fetcher: WebFetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """The timeout is on all of it, not on each piece."""
    did = host.did()
    monkeypatch.setattr(resolve, "WEB_TIMEOUT", 0.2)

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.02)

    host.answer = answer
    assert await refusal(fetcher, did) == f"{web_url(did)} could not be fetched: TimeoutError"


async def test_a_host_that_hangs_up(host: Host, fetcher: WebFetcher) -> None:
    did = host.did()

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

    for answer in (before, within):
        host.answer = answer
        assert f"{web_url(did)} could not be fetched: " in await refusal(fetcher, did)


async def test_a_port_where_nobody_listens(host: Host, fetcher: WebFetcher, unused_tcp_port: int) -> None:
    del host
    did = DID(f"did:web:127.0.0.1%3A{unused_tcp_port}")
    assert await refusal(fetcher, did) == f"{web_url(did)} could not be fetched: ClientConnectorError"


async def test_a_host_that_answers_nonsense(fetcher: WebFetcher) -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"\0\xff nonsense\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert "could not be fetched: " in await refusal(fetcher, DID(f"did:web:127.0.0.1%3A{port}"))


def fetches(fetcher: Any) -> resolve.Fetcher:
    """The type checker's word that a fetcher is one."""
    found: resolve.Fetcher = fetcher
    return found


FETCHER: Final = fetches(Never())
