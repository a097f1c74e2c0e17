"""Reading commands over GET, by the header transport."""

from __future__ import annotations

import gzip
from base64 import b64encode, urlsafe_b64encode
from secrets import token_hex
from typing import Any

import aiohttp
import pytest
from multidict import CIMultiDictProxy

from commands.customer import add as customer_add
from commands.customer import get as customer_get
from commands.space import info as space_info
from forge import dagjson
from forge.binding import failure_of
from forge.client import now
from forge.container import Container, Encoding
from forge.errors import ServiceError
from forge.invocation import Invocation
from forge.keys import Signer
from forge.receipt import Receipt
from forge.wire import HEADER, MAX_HEADER, MAX_UNZIPPED, read_header, write_header
from tests.service.world import PRODUCT, World

TEXT = (Encoding.BASE64, Encoding.BASE64URL, Encoding.GZIP_BASE64, Encoding.GZIP_BASE64URL)


async def get(world: World, path: str, value: str | None, **headers: str) -> tuple[int, CIMultiDictProxy[str], bytes]:
    given = headers | ({} if value is None else {HEADER: value})
    async with aiohttp.ClientSession() as session, session.get(world.url + path, headers=given) as response:
        return response.status, response.headers, await response.read()


def asked(world: World, by: Signer, command: str = "/space/info", **parts: Any) -> Invocation:
    return world.invocation(command, {}, by=by, **parts)


def about(world: World, customer: Signer) -> Invocation:
    """A customer's question about itself."""
    return customer_get.get.invoke(
        customer,
        customer_get.get.arguments(customer=customer.did),
        subject=customer.did,
        audience=world.service.did,
        expiration=now() + 60,
    )


def letter(container: Container, encoding: Encoding) -> str:
    return container.encode(encoding).decode()


class TestAnswers:
    @pytest.mark.parametrize("encoding", TEXT)
    async def test_every_text_encoding(self, world: World, encoding: Encoding) -> None:
        invocation = asked(world, Signer.generate())
        status, headers, body = await get(world, "/space/info", letter(Container.of(invocation), encoding))
        assert status == 200
        assert headers["Vary"] == HEADER
        assert headers["Cache-Control"] == "private, no-store"
        assert headers[HEADER][0] == "E"
        receipt = read_header(headers[HEADER]).receipts[invocation.task]
        assert receipt.ok == {"providers": []}
        assert headers["Content-Type"] == "application/vnd.ipld.dag-json"
        assert dagjson.decode(body) == {"ok": receipt.ok}

    @pytest.mark.parametrize(("zipped", "letter"), [(b64encode, "O"), (lambda data: urlsafe_b64encode(data).rstrip(b"="), "P")])
    async def test_the_letters_of_the_older_specification(self, world: World, zipped: Any, letter: str) -> None:
        invocation = asked(world, Signer.generate())
        value = letter + zipped(gzip.compress(Container.of(invocation).to_cbor())).decode()
        status, headers, _ = await get(world, "/space/info", value)
        assert status == 200
        assert invocation.task in read_header(headers[HEADER]).receipts

    async def test_the_client_looks(self, world: World) -> None:
        customer = await world.customer()
        invocation = about(world, customer)
        receipt = await world.client.look(invocation)
        assert customer_get.get.unpack(receipt).customer == customer.did
        assert isinstance(await world.client.execute(invocation), Receipt)

    async def test_a_delegation_comes_along(self, world: World) -> None:
        space, agent = Signer.generate(), Signer.generate()
        proof = space_info.info.delegate(space, audience=agent.did, subject=space.did, expiration=None)
        with_proof = asked(world, agent, subject=space.did, proofs=[proof.cid])
        assert (await world.client.look(with_proof, [proof])).error is None
        assert failure_of(await world.client.look(with_proof)).name == "UnavailableProof"

    async def test_a_failure_is_a_receipt_too(self, world: World) -> None:
        invocation = asked(world, Signer.generate(), expiration=1)
        status, headers, body = await get(world, "/space/info", write_header(Container.of(invocation)))
        receipt = read_header(headers[HEADER]).receipts[invocation.task]
        assert (status, receipt.error_name) == (200, "Expired")
        assert dagjson.decode(body) == {"error": receipt.error}

    async def test_invocations_for_others_are_passed_over(self, world: World) -> None:
        by = Signer.generate()
        ours, theirs = asked(world, by), asked(world, by, audience=Signer.generate().did)
        status, headers, _ = await get(world, "/space/info", write_header(Container.of(ours, theirs)))
        assert status == 200
        assert read_header(headers[HEADER]).receipts.keys() == {ours.task}


class TestRefusals:
    async def refused(self, world: World, value: str | None, path: str = "/space/info") -> str:
        status, headers, body = await get(world, path, value)
        assert status == 400, body
        assert headers["Content-Type"].startswith("text/plain")
        assert HEADER not in headers
        assert body.endswith(b"\n")
        assert body.count(b"\n") == 1
        return body.decode()

    async def test_no_header(self, world: World) -> None:
        assert 'missing required "X-UCAN-Container" header' in await self.refused(world, None)

    async def test_nothing_for_us(self, world: World) -> None:
        theirs = asked(world, Signer.generate(), audience=Signer.generate().did)
        for tokens in ((), (theirs,)):
            assert "missing UCAN invocation" in await self.refused(world, write_header(Container.of(*tokens)))

    async def test_more_than_one(self, world: World) -> None:
        by = Signer.generate()
        two = write_header(Container.of(asked(world, by), asked(world, by)))
        assert "found multiple" in await self.refused(world, two)

    async def test_one_twice(self, world: World) -> None:
        once = Container.of(asked(world, Signer.generate()))
        token = bytes(once.tokens[0])
        cbor = once.to_cbor()
        head = cbor[: cbor.index(b"\x81")]
        item = cbor[cbor.index(b"\x81") + 1 :]
        assert item.endswith(token)
        twice = "C" + urlsafe_b64encode(head + b"\x82" + item + item).decode().rstrip("=")
        assert "found multiple" in await self.refused(world, twice)

    async def test_another_command_than_the_path_says(self, world: World) -> None:
        value = write_header(Container.of(asked(world, Signer.generate(), "/customer/get")))
        assert "the invocation is of /customer/get, and the path is /space/info" in await self.refused(world, value)

    @pytest.mark.parametrize(
        "value", ["", "E", "E!!!!", "Babc", "Cab=", "Dxxxx", "@abc", "Mabc", "hello", "E" + "A" * MAX_HEADER, "EAAAA"]
    )
    async def test_no_container(self, world: World, value: str) -> None:
        assert (await self.refused(world, value)).startswith(f"{HEADER}: ")

    async def test_a_changing_command(self, world: World) -> None:
        before = await world.app.state.host.store.read(lambda tx: tx.events())
        invocation = world.invocation("/customer/add", {}, by=world.service)
        status, headers, body = await get(world, "/customer/add", write_header(Container.of(invocation)))
        assert (status, headers["Allow"]) == (405, "POST")
        assert b"POST /" in body
        assert await world.app.state.host.store.read(lambda tx: tx.events()) == before

    async def test_a_command_that_is_not_there(self, world: World) -> None:
        invocation = world.invocation("/space/paint", {}, by=Signer.generate())
        status, headers, body = await get(world, "/space/paint", write_header(Container.of(invocation)))
        assert (status, headers["Content-Type"], body) == (404, "text/plain; charset=utf-8", b"Not Found\n")

    async def test_a_receipt_too_large_for_a_header(self, world: World) -> None:
        customer = Signer.generate()
        details = {str(place): token_hex(2000) for place in range(5)}
        arguments = customer_add.add.arguments(customer=customer.did, product=PRODUCT, details=details)
        await world.ask(customer_add.add, arguments, by=world.service)
        invocation = about(world, customer)
        assert "too large for a header" in await self.refused(world, write_header(Container.of(invocation)), "/customer/get")
        receipt = await world.client.execute(invocation)
        assert customer_get.get.unpack(receipt).details == details


class TestClient:
    async def test_an_invocation_too_large_for_a_header(self, world: World) -> None:
        invocation = world.invocation("/space/info", {"noise": token_hex(MAX_HEADER)}, by=Signer.generate())
        with pytest.raises(ServiceError, match="cannot be sent like this"):
            await world.client.look(invocation)

    async def test_an_answer_without_a_receipt(self, world: World) -> None:
        with pytest.raises(ServiceError, match="answered 405 without a receipt"):
            await world.client.look(world.invocation("/customer/add", {}, by=world.service))


async def test_what_dag_json_cannot_say_is_in_the_receipt(world: World) -> None:
    customer = Signer.generate()
    arguments = customer_add.add.arguments(customer=customer.did, product=PRODUCT, details={"/": "x"})
    await world.ask(customer_add.add, arguments, by=world.service)
    invocation = about(world, customer)
    status, headers, body = await get(world, "/customer/get", write_header(Container.of(invocation)))
    assert (status, body) == (200, b"")
    assert customer_get.get.unpack(read_header(headers[HEADER]).receipts[invocation.task]).details == {"/": "x"}


async def test_a_header_that_unzips_to_much_is_not_read(world: World) -> None:
    tokens = Container.of(*(asked(world, Signer.generate()) for _ in range(3))).to_cbor()
    bomb = "E" + b64encode(gzip.compress(tokens + bytes(MAX_UNZIPPED))).decode()
    assert len(bomb) < MAX_HEADER
    status, _, body = await get(world, "/space/info", bomb)
    assert status == 400
    assert f"at most {MAX_UNZIPPED} bytes" in body.decode()
