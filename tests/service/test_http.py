"""The HTTP surface: what is answered to good, odd and hostile requests (protocol §10)."""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from forge import dagcbor
from forge.cid import CID
from forge.container import MAX_BYTES, MAX_TOKENS, Container
from forge.did import DID
from forge.document import describe
from forge.keys import Signer
from forge.wire import CONTENT_TYPE
from tests.service.world import World, running

TYPE = {"Content-Type": CONTENT_TYPE}


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def post(http: aiohttp.ClientSession, world: World, body: Any, headers: dict[str, str] = TYPE) -> tuple[int, str, bytes]:
    # aiohttp warns of a megabyte in one piece.
    data = BytesIO(body) if isinstance(body, bytes) else body
    async with http.post(world.url + "/", data=data, headers=headers) as response:
        return response.status, response.headers["Content-Type"], await response.read()


class TestInvoking:
    async def test_answers_with_exactly_the_content_type(self, world: World, http: aiohttp.ClientSession) -> None:
        body = Container.of(world.invocation("/debug/echo", {"message": "x"}, by=Signer.generate())).to_cbor()
        status, content_type, answer = await post(http, world, body)
        assert (status, content_type) == (200, "application/vnd.ipld.dag-cbor")
        assert len(Container.from_cbor(answer).receipts) == 1

    async def test_takes_a_chunked_body_in_tiny_pieces_as_go_sends_it(self, world: World, http: aiohttp.ClientSession) -> None:
        body = Container.of(world.invocation("/debug/echo", {"message": "x"}, by=Signer.generate())).to_cbor()

        async def pieces() -> AsyncIterator[bytes]:
            for start in range(0, len(body), 3):
                yield body[start : start + 3]

        headers = TYPE | {"Accept-Encoding": "gzip", "User-Agent": "Go-http-client/1.1"}
        status, content_type, answer = await post(http, world, pieces(), headers)
        assert (status, content_type) == (200, CONTENT_TYPE)
        assert len(Container.from_cbor(answer).receipts) == 1

    async def test_nothing_for_us_is_an_empty_container(self, world: World, http: aiohttp.ClientSession) -> None:
        status, _, answer = await post(http, world, Container.of().to_cbor())
        assert (status, answer) == (200, bytes.fromhex("a16663746e2d763180"))

    @pytest.mark.parametrize("parameters", ["; charset=utf-8", ";x=y"])
    async def test_parameters_of_the_content_type_are_passed_over(
        self, world: World, http: aiohttp.ClientSession, parameters: str
    ) -> None:
        status, content_type, _ = await post(http, world, Container.of().to_cbor(), {"Content-Type": CONTENT_TYPE + parameters})
        assert (status, content_type) == (200, CONTENT_TYPE)

    @pytest.mark.parametrize("content_type", ["application/cbor", "application/json", "text/plain", "application/vnd.ipld.car"])
    async def test_another_type_is_415(self, world: World, http: aiohttp.ClientSession, content_type: str) -> None:
        status, kind, text = await post(http, world, Container.of().to_cbor(), {"Content-Type": content_type})
        assert status == 415
        assert kind.startswith("text/plain")
        assert content_type in text.decode()
        assert text.decode().count("\n") == 1

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"\xf6",
            b"hello",
            b"@" + Container.of().to_cbor(),
            Container.of().encode(),
            Container.of().to_cbor() + b"\x00",
            dagcbor.encode({}),
            dagcbor.encode({"ctn-v1": None}),
            dagcbor.encode({"ctn-v1": {}}),
            dagcbor.encode({"ctn-v1": ["text"]}),
            dagcbor.encode({"ctn-v1": [], "x": 1}),
            dagcbor.encode({"ctn-v2": []}),
            dagcbor.encode([b""]),
            dagcbor.encode({"ctn-v1": [b""] * (MAX_TOKENS + 1)}),
            b"\x81" * 100_000 + b"\x80",
            b"\x9f" * 1000,
            bytes.fromhex("a16663746e2d7631") + b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
            bytes.fromhex("a16663746e2d7631") + b"\x81\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
        ],
        ids=range(18),
    )
    async def test_what_is_no_container_is_400_with_one_line(
        self, world: World, http: aiohttp.ClientSession, body: bytes
    ) -> None:
        status, kind, text = await post(http, world, body)
        assert status == 400
        assert kind.startswith("text/plain")
        assert text.endswith(b"\n")
        assert text.count(b"\n") == 1
        assert len(text) < 400

    async def test_a_map_with_a_million_keys_is_400(self, world: World, http: aiohttp.ClientSession) -> None:
        # Only short keys fit below the limit; it is refused for its shape all the same.
        keys = sorted(b"\x63" + bytes((a, b, c)) for a in range(32, 127) for b in range(32, 127) for c in range(32, 127))
        body = b"\xba" + len(keys).to_bytes(4, "big") + b"".join(key + b"\xf6" for key in keys)
        assert len(keys) > 850_000
        status, _, text = await post(http, world, body)
        assert (status in {400, 413}, text.count(b"\n")) == (True, 1)

    async def test_too_large_is_413_announced_or_not(self, world: World, http: aiohttp.ClientSession) -> None:
        body = random.Random(1).randbytes(10 * 1024 * 1024)  # noqa: S311 - noise
        for data in (body, pieces_of(body)):
            try:
                status, kind, text = await post(http, world, data)
            except aiohttp.ClientError:
                # The server answered and closed while we were still sending: that is its right, and it lives.
                continue
            assert status == 413
            assert str(MAX_BYTES) in text.decode()
            assert kind.startswith("text/plain")
        status, _, _ = await post(http, world, Container.of().to_cbor())
        assert status == 200

    async def test_the_limit_is_a_setting(self, tmp_path: Path, http: aiohttp.ClientSession) -> None:
        async with running(tmp_path, max_body=1024) as world:
            assert (await post(http, world, b"\x00" * 1025))[0] == 413
            assert (await post(http, world, b"\x00" * 1024))[0] == 400

    async def test_random_bytes_are_400(self, world: World, http: aiohttp.ClientSession) -> None:
        source = random.Random(2)  # noqa: S311 - noise
        for size in (1, 10, 100, 1000, 100_000, MAX_BYTES):
            assert (await post(http, world, source.randbytes(size)))[0] == 400

    async def test_what_is_no_token_is_left_aside_and_counted(self, world: World, http: aiohttp.ClientSession) -> None:
        good = world.invocation("/debug/echo", {"message": "x"}, by=Signer.generate())
        flipped = bytearray(bytes(good))
        flipped[0] ^= 0xFF
        body = dagcbor.encode({"ctn-v1": [b"", b"\x00" * 1000, bytes(good), bytes(good) + b"\x00", bytes(flipped)]})
        status, _, answer = await post(http, world, body)
        assert (status, list(Container.from_cbor(answer).receipts)) == (200, [good.task])
        async with http.get(world.url + "/metrics") as response:
            assert "forge_undecodable_tokens_total 4.0" in await response.text()

    async def test_8192_entries_that_are_no_tokens(self, world: World, http: aiohttp.ClientSession) -> None:
        status, _, answer = await post(http, world, dagcbor.encode({"ctn-v1": [b"\x00"] * MAX_TOKENS}))
        assert (status, answer) == (200, Container.of().to_cbor())

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
    async def test_other_methods_are_405(self, world: World, http: aiohttp.ClientSession, method: str) -> None:
        async with http.request(method, world.url + "/", data=b"") as response:
            assert response.status == 405
            assert "POST" in response.headers["Allow"]

    async def test_a_client_that_hangs_up_harms_nobody(self, world: World, http: aiohttp.ClientSession) -> None:
        host, _, port = world.url.removeprefix("http://").partition(":")
        for rest in (b"", b"\xa1"):
            reader, writer = await asyncio.open_connection(host, int(port))
            head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: 100\r\n\r\n"
            writer.write(head.encode() + rest)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            del reader
        assert (await post(http, world, Container.of().to_cbor()))[0] == 200

    async def test_a_body_that_does_not_arrive_is_408(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("forge.server.bodies.BODY_DEADLINE", 0.1)
        host, _, port = world.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: 100\r\n\r\n"
        writer.write(head.encode() + b"\xa1")
        await writer.drain()
        assert (await reader.readline()).startswith(b"HTTP/1.1 408")
        writer.close()
        await writer.wait_closed()


async def pieces_of(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 65536):
        yield body[start : start + 65536]


class TestDescribing:
    async def test_json_for_machines(self, world: World, http: aiohttp.ClientSession) -> None:
        async with http.get(world.url + "/") as response:
            assert response.status == 200
            found = await response.json()
        assert found["did"] == world.service.did
        commands = {one["command"]: one for one in found["commands"]}
        assert commands["/customer/add"]["subjects"] == ["service"]
        assert "CustomerExists" in commands["/customer/add"]["failures"]
        assert commands["/customer/get"]["effect"] == "reads"
        assert found["limits"]["body"] == MAX_BYTES

    async def test_a_page_for_people(self, world: World, http: aiohttp.ClientSession) -> None:
        async with http.get(world.url + "/", headers={"Accept": "text/html,*/*;q=0.8"}) as response:
            text = await response.text()
            assert response.content_type == "text/html"
            assert response.headers["Vary"] == "Accept"
        assert world.service.did in text
        assert "/customer/add" in text

    async def test_debug_commands_are_off_unless_turned_on(self, tmp_path: Path, http: aiohttp.ClientSession) -> None:
        async with running(tmp_path, debug=False) as world:
            async with http.get(world.url + "/") as response:
                paths = [one["command"] for one in (await response.json())["commands"]]
            assert "/customer/add" in paths
            assert not [path for path in paths if path.startswith("/debug")]
            (receipt,) = await world.send(world.invocation("/debug/echo", {"message": "x"}, by=Signer.generate()))
            assert receipt.error_name == "HandlerNotFound"

    async def test_did_document(self, world: World, http: aiohttp.ClientSession) -> None:
        async with http.get(world.url + "/.well-known/did.json") as response:
            assert response.status == 200
            assert json.loads(await response.read()) == describe(world.service.did, world.service.key.public)

    async def test_a_did_web_service(self, tmp_path: Path, http: aiohttp.ClientSession) -> None:
        async with running(tmp_path, did="did:web:forge.example.com") as world:
            assert world.service.did == "did:web:forge.example.com"
            async with http.get(world.url + "/.well-known/did.json") as response:
                document = json.loads(await response.read())
            assert document["id"] == "did:web:forge.example.com"
            assert document["verificationMethod"][0]["publicKeyMultibase"] == world.service.key.public.text
            # Its own DID is answered from the configuration: it invokes on itself with no network at all.
            arguments = {"customer": Signer.generate().did, "product": "did:web:x", "details": {}}
            (receipt,) = await world.send(world.invocation("/customer/add", arguments, by=world.service))
            assert receipt.ok == {}
            assert receipt.executor == "did:web:forge.example.com"


class TestReceipts:
    async def test_the_receipt_alone_and_never_the_invocation(self, world: World, http: aiohttp.ClientSession) -> None:
        invocation = world.invocation("/test/note", {}, by=Signer.generate())
        (sent,) = await world.send(invocation)
        async with http.get(f"{world.url}/receipt/{invocation.task}") as response:
            assert (response.status, response.headers["Content-Type"]) == (200, CONTENT_TYPE)
            found = Container.from_cbor(await response.read())
        assert [bytes(token) for token in found.tokens] == [bytes(sent)]

    async def test_none_is_404_and_nonsense_400(self, world: World, http: aiohttp.ClientSession) -> None:
        for path, status in ((str(CID.of(b"\xf6")), 404), ("nonsense", 400), ("z" * 3000, 400), ("%00", 400)):
            async with http.get(f"{world.url}/receipt/{path}") as response:
                assert response.status == status
                assert (await response.text()).count("\n") == 1

    async def test_what_only_reads_is_not_kept(self, world: World, http: aiohttp.ClientSession) -> None:
        invocation = world.invocation("/debug/echo", {"message": "x"}, by=Signer.generate())
        await world.send(invocation)
        async with http.get(f"{world.url}/receipt/{invocation.task}") as response:
            assert response.status == 404


class TestHealth:
    async def test_live_and_ready(self, world: World, http: aiohttp.ClientSession) -> None:
        for path in ("/health/live", "/health/ready"):
            async with http.get(world.url + path) as response:
                assert (response.status, await response.text()) == (200, "ok\n")

    async def test_not_ready_without_the_store(self, world: World, http: aiohttp.ClientSession) -> None:
        await world.app.state.host.store.close()
        async with http.get(world.url + "/health/live") as response:
            assert response.status == 200
        for path in ("/health/ready", f"/receipt/{CID.of(b'x')}"):
            async with http.get(world.url + path) as response:
                assert response.status == 503
        # Whoever invokes is answered too.
        (receipt,) = await world.send(world.invocation("/test/note", {}, by=Signer.generate()))
        assert receipt.error_name == "HandlerExecutionError"

    async def test_metrics_name_commands_and_outcomes_but_nothing_that_strangers_send(
        self, world: World, http: aiohttp.ClientSession
    ) -> None:
        await world.send(world.invocation("/test/note", {}, by=Signer.generate()))
        await world.send(world.invocation("/stranger/things", {}, by=Signer.generate()))
        async with http.get(world.url + "/metrics") as response:
            text = await response.text()
        assert 'forge_invocations_total{command="/test/note",outcome="ok"} 1.0' in text
        assert 'forge_invocations_total{command="unknown",outcome="HandlerNotFound"} 1.0' in text
        assert "stranger" not in text


class TestStopping:
    async def test_finishes_what_it_took(self, tmp_path: Path) -> None:
        somebody = Signer.generate()
        async with running(tmp_path) as world:
            invocations = [world.invocation("/test/note", {"text": str(number)}, by=somebody) for number in range(200)]
            pending = [asyncio.create_task(world.send(one)) for one in invocations]
            await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        answered = [one.result()[0] for one in pending if one.done() and one.exception() is None]
        for one in pending:
            one.cancel()
        assert answered
        async with running(tmp_path) as world:
            for receipt in answered:
                kept = await world.client.receipt(receipt.ran)
                assert kept is not None
                assert bytes(kept) == bytes(receipt)


def test_the_environment_does_not_decide_the_tests() -> None:
    ours = {"FORGE_FUZZ_EXAMPLES", "FORGE_ROUNDS"}
    assert not [name for name in os.environ if name.startswith("FORGE_") and name not in ours]
    assert DID("did:web:x")
