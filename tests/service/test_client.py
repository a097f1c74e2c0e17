"""The client trusts a receipt only for what it can check: whose it is, what it is about, and that it was signed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from forge.cid import CID
from forge.client import Client, now
from forge.command import CommandPath
from forge.container import MAX_BYTES, Container
from forge.did import DID
from forge.document import describe
from forge.errors import ServiceError
from forge.invocation import Invocation
from forge.keys import Ed25519PrivateKey, Signer
from forge.receipt import Receipt
from forge.wire import CONTENT_TYPE
from tests.service import catalog
from tests.service.world import World

SERVICE = Signer.generate()
SOMEBODY = Signer.generate()
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def answering(answer: Answer, path: str = "/{anything:.*}") -> AsyncIterator[str]:
    """Run a service that answers however it likes."""
    app = web.Application(client_max_size=MAX_BYTES)
    app.router.add_route("*", path, answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def invocation(audience: DID = SERVICE.did) -> Invocation:
    return Invocation.issue(
        SOMEBODY,
        subject=SOMEBODY.did,
        audience=audience,
        command=CommandPath("/debug/echo"),
        arguments={"message": "x"},
        expiration=now() + 300,
    )


def container(*tokens: Receipt) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=Container.of(*tokens).to_cbor(), headers={"Content-Type": CONTENT_TYPE})

    return answer


async def refusal(answer: Answer, asked: Invocation) -> str:
    async with answering(answer) as url, Client(url) as client:
        with pytest.raises(ServiceError) as caught:
            await client.execute(asked)
    return str(caught.value)


class TestReceipts:
    async def test_one_by_the_executor_about_the_task_is_taken(self) -> None:
        asked = invocation()
        good = Receipt.issue(SERVICE, ran=asked.task, out={"message": "x"}, issued_at=now())
        async with answering(container(good)) as url, Client(url) as client:
            assert await client.execute(asked) == good

    async def test_one_by_somebody_else_is_not(self) -> None:
        asked = invocation()
        other = Receipt.issue(SOMEBODY, ran=asked.task, out={}, issued_at=now())
        assert f"the receipt is by {SOMEBODY.did}, and {SERVICE.did} was asked" in await refusal(container(other), asked)

    async def test_one_with_a_forged_signature_is_not(self) -> None:
        asked = invocation()
        thief = Signer(Ed25519PrivateKey.generate(), SERVICE.did)
        forged = Receipt.issue(thief, ran=asked.task, out={}, issued_at=now())
        assert "the receipt cannot be trusted: InvalidSignature" in await refusal(container(forged), asked)

    async def test_one_about_another_task_is_not(self) -> None:
        asked = invocation()
        other = Receipt.issue(SERVICE, ran=CID.of(b"\xf6"), out={}, issued_at=now())
        said = await refusal(container(other), asked)
        assert f"missing receipt for task: {asked.task}" in said
        assert str(SERVICE.did) in said

    async def test_one_of_an_executor_whose_keys_cannot_be_had_is_not(self) -> None:
        plc = Signer(SERVICE.key, DID("did:plc:ewvi7nxzyoun6zhxrhs64oiz"))
        asked = invocation(plc.did)
        receipt = Receipt.issue(plc, ran=asked.task, out={}, issued_at=now())
        assert "DIDKeyResolutionError" in await refusal(container(receipt), asked)

    async def test_an_executor_that_is_a_did_web_is_asked_for_its_document(self) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            did = DID(f"did:web:127.0.0.1%3A{request.url.port}")
            if request.path == "/.well-known/did.json":
                return web.json_response(describe(did, SERVICE.key.public))
            (asked,) = Container.from_cbor(await request.read()).invocations
            receipt = Receipt.issue(Signer(SERVICE.key, did), ran=asked.task, out={"message": "web"}, issued_at=now())
            return web.Response(body=Container.of(receipt).to_cbor(), headers={"Content-Type": CONTENT_TYPE})

        async with answering(answer) as url, Client(url) as client:
            port = url.rpartition(":")[2]
            asked = invocation(DID(f"did:web:127.0.0.1%3A{port}"))
            assert (await client.execute(asked)).ok == {"message": "web"}


class TestAnswers:
    @pytest.mark.parametrize(
        ("status", "content_type", "body", "said"),
        [
            (500, "text/plain", b"handling request: something\n", "answered 500 (text/plain): handling request: something"),
            (200, "text/html", b"<p>hello", "answered 200 (text/html): <p>hello"),
            (200, CONTENT_TYPE, b"\xf6", "not a container"),
            (302, "text/plain", b"", "answered 302"),
            (200, CONTENT_TYPE, bytes(MAX_BYTES + 1), f"more than {MAX_BYTES} bytes"),
        ],
        ids=["status", "type", "body", "redirect", "huge"],
    )
    async def test_anything_else_is_a_service_error(self, status: int, content_type: str, body: bytes, said: str) -> None:
        async def answer(_: web.Request) -> web.StreamResponse:
            stream = web.StreamResponse(status=status, headers={"Content-Type": content_type, "Location": "/elsewhere"})
            await stream.prepare(_)
            await stream.write(body)
            return stream

        assert said in await refusal(answer, invocation())

    async def test_nobody_there(self) -> None:
        async with answering(container()) as url:
            pass
        async with Client(url) as client:
            with pytest.raises(ServiceError, match="was not reached"):
                await client.execute(invocation())

    async def test_no_url(self) -> None:
        async with Client("nowhere") as client:
            with pytest.raises(ServiceError, match="was not reached"):
                await client.execute(invocation())

    async def test_not_open(self) -> None:
        client = Client("http://127.0.0.1:1")
        with pytest.raises(ServiceError, match="not open"):
            await client.execute(invocation())
        await client.__aexit__(None, None, None)


class TestAskingForReceipts:
    async def test_of_a_task_that_ran(self, world: World) -> None:
        asked = world.invocation("/test/note", {}, by=SOMEBODY)
        (sent,) = await world.send(asked)
        assert await world.client.receipt(asked.task) == sent
        assert await world.client.receipt(asked.task, executor=world.service.did) == sent
        assert await world.client.receipt(asked.task, executor=SOMEBODY.did) is None

    async def test_of_a_task_that_did_not(self, world: World) -> None:
        assert await world.client.receipt(CID.of(b"\xf6")) is None

    async def test_that_somebody_else_issued(self) -> None:
        theirs = Receipt.issue(SERVICE, ran=CID.of(b"\xf6"), out={}, issued_at=now())
        async with answering(container(theirs)) as url, Client(url) as client:
            with pytest.raises(ServiceError, match="was asked"):
                await client.receipt(theirs.ran, executor=SOMEBODY.did)

    async def test_that_are_about_something_else(self) -> None:
        other = Receipt.issue(SERVICE, ran=CID.of(b"\xf6"), out={}, issued_at=now())
        async with answering(container(other)) as url, Client(url) as client:
            with pytest.raises(ServiceError, match="without the receipt"):
                await client.receipt(CID.of(b"\xf5"))


class TestSeveral:
    async def test_in_the_order_in_which_they_were_given(self, world: World) -> None:
        asked = [world.invocation("/test/note", {"text": str(number)}, by=SOMEBODY) for number in range(10)]
        receipts = await world.client.execute_all(asked)
        assert [receipt.ok for receipt in receipts] == [{"text": str(number)} for number in range(10)]

    async def test_a_large_request(self, world: World) -> None:
        large = world.invocation("/test/note", {"text": "x" * 1_500_000}, by=SOMEBODY)
        assert (await world.client.execute(large)).ok == {"text": "x" * 1_500_000}


class TestDispatchingDirectly:
    async def test_what_is_for_somebody_else_is_named(self, world: World) -> None:
        executor = world.app.state.host.executor
        foreign = invocation()
        receipt = await executor.dispatch(foreign, Container.of(foreign))
        expected = f'invalid audience: expected "{world.service.did}", got "{SERVICE.did}"'
        assert receipt.error == {"name": "InvalidAudience", "message": expected}

    async def test_what_is_for_us_is_executed(self, world: World) -> None:
        executor = world.app.state.host.executor
        ours = world.invocation(str(catalog.note.path), {"text": "x"}, by=SOMEBODY)
        assert (await executor.dispatch(ours, Container.of(ours))).ok == {"text": "x"}


class TestWhoseReceipt:
    async def test_a_service_does_not_choose_whose_document_is_fetched(self) -> None:
        asked: list[str] = []

        async def document(request: web.Request) -> web.Response:
            asked.append(request.path)
            return web.Response(status=404)

        app = web.Application()
        app.router.add_get("/{path:.*}", document)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            theirs = Signer(SERVICE.key, DID(f"did:web:127.0.0.1%3A{runner.addresses[0][1]}:admin"))
            receipt = Receipt.issue(theirs, ran=CID.of(b"\xf6"), out={}, issued_at=now())
            async with answering(container(receipt)) as url, Client(url) as client:
                with pytest.raises(ServiceError, match="is that whose it must be"):
                    await client.receipt(receipt.ran)
                assert asked == []
                with pytest.raises(ServiceError, match="cannot be trusted"):
                    await client.receipt(receipt.ran, executor=theirs.did)
                assert asked == ["/admin/did.json"]
        finally:
            await runner.cleanup()
