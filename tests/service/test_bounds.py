"""What a stranger can cost: every bound, met. Nothing here looks at a clock; what is counted is work, bytes and refusals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from forge import dagcbor
from forge.allowance import MAX_ITEMS
from forge.cid import CID
from forge.command import CommandPath
from forge.config import Settings, prepare_dev, signer_of
from forge.container import Container
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import DIDError
from forge.keys import Ed25519PublicKey, Signer
from forge.policy import Policy
from forge.wire import CONTENT_TYPE
from store.transaction import Transaction
from tests.service.world import World, running

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
HEAD = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {CONTENT_TYPE}\r\n"


@asynccontextmanager
async def connected(world: World) -> AsyncIterator[Streams]:
    """Speak to the service byte by byte."""
    host, _, port = world.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()
        # It may have hung up on us, which is what is tested.
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def everything(reader: asyncio.StreamReader) -> bytes:
    """Read until the service hangs up."""
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def lives(world: World) -> None:
    async with aiohttp.ClientSession() as http, http.get(world.url + "/health/live") as response:
        assert response.status == 200


class TestConnections:
    @pytest.mark.parametrize(
        "piece",
        [b"a: b\r\n" * 1000, b"a" * 6000],
        ids=["many headers", "one header"],
    )
    async def test_a_head_ends_somewhere(self, world: World, piece: bytes) -> None:
        async with connected(world) as (reader, writer):
            writer.write(b"GET / HTTP/1.1\r\n")
            sent = 0
            try:
                while sent < 50_000_000 and not writer.is_closing():
                    writer.write(piece)
                    await writer.drain()
                    sent += len(piece)
            except ConnectionError:
                pass
            assert sent < 10_000_000, "the service hung up long before"
            await everything(reader)
        await lives(world)

    async def test_a_url_ends_somewhere(self, world: World) -> None:
        async with connected(world) as (reader, writer):
            writer.write(b"GET /" + b"x" * 1_000_000)
            assert (await everything(reader))[:12] in (b"HTTP/1.1 400", b"")
        await lives(world)

    async def test_a_head_arrives_in_time(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("forge.cli.protocol.HEAD_DEADLINE", 1.0)
        for begun in (b"", b"GET / HTTP/1.1\r\nHost"):
            async with connected(world) as (reader, writer):
                writer.write(begun)
                assert await everything(reader) == b""
        async with connected(world) as (reader, writer):
            writer.write(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await reader.readuntil(b"ok\n")).startswith(b"HTTP/1.1 200")
            writer.write(b"GET /health/live HTTP/1.1\r\nHost")
            assert await everything(reader) == b"", "the second head is waited for no longer than the first"

    async def test_trailers_end_somewhere(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("forge.cli.protocol.MAX_MESSAGE", 100_000)
        async with connected(world) as (reader, writer):
            writer.write(HEAD.encode() + b"Transfer-Encoding: chunked\r\n\r\n1\r\n\xa1\r\n0\r\nx: " + b"y" * 1_000_000)
            assert b"200" not in (await everything(reader))[:15]
        await lives(world)

    async def test_requests_are_not_piled_up(self, world: World) -> None:
        async with connected(world) as (reader, writer):
            writer.write(b"GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)
            answer = await everything(reader)
            assert answer.count(b"HTTP/1.1 200") < 1000
            assert b"too large" in answer
        await lives(world)

    async def test_an_answer_is_not_kept_for_who_does_not_read_it(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("forge.cli.protocol.WRITE_DEADLINE", 0.5)
        body = Container.of(world.invocation("/debug/echo", {"message": "x" * 1_000_000}, by=Signer.generate())).to_cbor()
        request = HEAD.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body
        async with connected(world) as (reader, writer):
            reader._transport.pause_reading()  # type: ignore[attr-defined]

            async def ask() -> None:
                for _ in range(100):
                    writer.write(request)
                    await writer.drain()

            with pytest.raises(ConnectionError):
                await ask()
        await lives(world)

    async def test_all_bodies_together_end_somewhere(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("forge.server.bodies.MAX_BODIES", 3_000_000)
        async with connected(world) as (_, slow):
            slow.write(HEAD.encode() + b"Content-Length: 2000000\r\n\r\n" + bytes(1_900_000))
            await slow.drain()
            while world.app.state.host.bodies.bytes < 1_900_000:  # noqa: ASYNC110 - the service has no event for it
                await asyncio.sleep(0.01)
            async with connected(world) as (reader, writer):
                writer.write(HEAD.encode() + b"Content-Length: 2000000\r\n\r\n" + bytes(1_900_000))
                await everything(reader)
        async with aiohttp.ClientSession() as http, http.get(world.url + "/metrics") as response:
            assert 'forge_refused_requests_total{status="503"} 1.0' in await response.text()
        # What was cut off is let go.
        while world.app.state.host.bodies.bytes:  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.01)
        await lives(world)

    async def test_redirects_lead_nowhere(self, world: World) -> None:
        async with aiohttp.ClientSession() as http:
            headers = {"Host": "evil.example.com"}
            async with http.get(world.url + "/metrics/", headers=headers, allow_redirects=False) as response:
                assert response.status == 404


class TestWork:
    async def test_a_bad_signature_is_checked_once_a_request(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        somebody, tenant = Signer.generate(), Signer.generate()
        good = Delegation.issue(somebody, audience=tenant.did, subject=somebody.did, command=CommandPath("/"), expiration=None)
        data = bytearray(bytes(good))
        data[10] ^= 1
        bad = Delegation.decode(bytes(data))
        invocations = [world.invocation("/test/note", {}, by=tenant, subject=somebody.did, proofs=[bad.cid]) for _ in range(50)]
        checked: list[bytes] = []
        verify = Ed25519PublicKey.verify

        def counting(self: Ed25519PublicKey, message: bytes, signature: bytes) -> bool:
            checked.append(message)
            return verify(self, message, signature)

        monkeypatch.setattr(Ed25519PublicKey, "verify", counting)
        receipts = await world.send(*invocations, bad)
        assert {receipt.error_name for receipt in receipts} == {"InvalidSignature"}
        assert checked.count(bad.envelope.signed) == 1
        assert len(checked) == 51
        await world.send(invocations[0], bad)
        assert checked.count(bad.envelope.signed) == 2, "a failure is not remembered for others"

    @pytest.mark.no_cover
    async def test_the_items_of_one_container_are_counted_together(self, world: World) -> None:
        somebody = Signer.generate()
        large = [
            world.invocation("/debug/echo", {"message": "x", "more": [0] * (MAX_ITEMS * 2 // 5)}, by=somebody) for _ in range(3)
        ]
        read = Container.from_cbor(Container.of(large).to_cbor())
        assert (len(read.invocations), len(read.undecodable)) == (2, 1)
        assert "more items than are read together" in read.undecodable[0]

    @pytest.mark.no_cover
    async def test_the_policies_of_one_container_are_counted_together(self, world: World) -> None:
        policy = Policy.decode([["==", ".a", "x"]] * 1000)
        tokens = [
            Delegation.issue(
                world.service,
                audience=Signer.generate().did,
                subject=None,
                command=CommandPath("/"),
                expiration=None,
                policy=policy,
            )
            for _ in range(60)
        ]
        read = Container.from_cbor(Container.of(tokens).to_cbor())
        assert 20 < len(read.delegations) < 60
        assert len(read.delegations) + len(read.undecodable) == 60

    async def test_a_hundred_thousand_unknown_keys_are_answered_briefly(self, world: World) -> None:
        arguments = {f"k{number}": None for number in range(100_000)}
        (receipt,) = await world.send(world.invocation("/space/info", arguments, by=Signer.generate()))
        assert receipt.error_name == "MalformedArguments"
        assert receipt.error_message is not None
        assert receipt.error_message.count("unknown key") == 8
        assert receipt.error_message.endswith("and 99992 more")

    async def test_details_are_few(self, world: World) -> None:
        for details, said in (
            ({str(number): "" for number in range(65)}, "at most 64 details, these are 65"),
            ({"k" * 129: ""}, "128"),
            ({"k": "v" * 4097}, "4096"),
        ):
            arguments = {"customer": Signer.generate().did, "product": "did:web:x", "details": details}
            (receipt,) = await world.send(world.invocation("/customer/add", arguments, by=world.service))
            assert receipt.error_name == "MalformedArguments"
            assert said in (receipt.error_message or "")

    def test_a_did_key_is_short(self) -> None:
        with pytest.raises(DIDError, match="at most 128"):
            DID("did:key:z" + "6" * 128)

    async def test_long_dids_do_not_make_long_answers(self, world: World) -> None:
        somebody = Signer.generate()
        proof = Delegation.issue(
            somebody,
            audience=DID("did:web:" + "x" * 2000),
            subject=somebody.did,
            command=CommandPath("/"),
            expiration=None,
        )
        asked = world.invocation("/test/note", {}, by=Signer.generate(), subject=somebody.did, proofs=[proof.cid])
        (receipt,) = await world.send(asked, proof)
        assert receipt.error_name == "InvalidAudience"
        assert len(receipt.error_message or "") < 1000
        assert "did:web:xxx" in (receipt.error_message or "")

    async def test_large_containers_take_turns_and_are_all_answered(self, world: World) -> None:
        somebody = Signer.generate()
        containers = [[world.invocation("/test/note", {}, by=somebody) for _ in range(70)] for _ in range(4)]
        answers = await asyncio.gather(*(world.send(*tokens) for tokens in containers))
        assert [len(receipts) for receipts in answers] == [70] * 4
        assert all(receipt.ok is not None for receipts in answers for receipt in receipts)


class TestSecrets:
    async def test_nothing_of_a_customer_is_read_for_a_stranger(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        customer, stranger = await world.customer(), Signer.generate()
        asked: list[str] = []
        original = Transaction.customer

        def spying(self: Transaction, did: DID) -> object:
            asked.append(did)
            return original(self, did)

        monkeypatch.setattr(Transaction, "customer", spying)
        (receipt,) = await world.send(world.invocation("/customer/get", {"customer": customer.did}, by=stranger))
        assert receipt.error_name == "CustomerNotFound"
        assert asked == []
        (receipt,) = await world.send(world.invocation("/customer/get", {"customer": customer.did}, by=customer))
        assert receipt.ok is not None
        assert asked == [customer.did]


class TestDevelopment:
    def test_starters_at_once_have_one_identity(self, tmp_path: Path) -> None:
        for number in range(20):
            settings = Settings(dev=True, data=tmp_path / str(number))

            def start(_: int, settings: Settings = settings) -> tuple[bool, str]:
                return prepare_dev(settings), signer_of(settings).did

            with ThreadPoolExecutor(8) as pool:
                started = list(pool.map(start, range(8)))
            assert sum(made for made, _ in started) == 1
            assert len({did for _, did in started}) == 1
            assert [path.name for path in settings.data.iterdir()] == ["service.pem"]
            assert settings.data.stat().st_mode & 0o077 == 0
            assert (settings.data / "service.pem").stat().st_mode & 0o777 == 0o600

    async def test_it_serves_debug(self, tmp_path: Path) -> None:
        settings = Settings(dev=True, data=tmp_path)
        prepare_dev(settings)
        async with running(tmp_path, dev=True, debug=False, data=tmp_path) as world:
            somebody = Signer.generate()
            (receipt,) = await world.send(world.invocation("/debug/echo", {"message": "x"}, by=somebody))
            assert receipt.ok == {"message": "x"}
            assert CID.of(dagcbor.encode({})) != receipt.ran
