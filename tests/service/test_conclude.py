"""`/ucan/conclude`: others' receipts, kept as their word and never as ours."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from commands.customer import add as customer_add
from commands.ucan.conclude import MAX_RECORD, ConclusionReceiptNotFound, ReceiptTooLarge, conclude
from forge.cid import CID
from forge.client import now
from forge.container import Container
from forge.did import DID
from forge.errors import InvalidClaim
from forge.invocation import Invocation
from forge.keys import P256PrivateKey, Secp256k1PrivateKey, Signer
from forge.receipt import Receipt
from tests.service.world import PRODUCT, World

TASK = CID.of(b"a task that ran elsewhere")


def said(by: Signer, ran: CID = TASK, out: Any = None) -> Receipt:
    return Receipt.issue(by, ran=ran, out={} if out is None else out, issued_at=now())


def delivering(world: World, receipt: CID, by: Signer | None = None, **parts: Any) -> Invocation:
    by = by or Signer.generate()
    return conclude.invoke(
        by,
        conclude.arguments(receipt=receipt),
        subject=by.did,
        audience=world.service.did,
        expiration=now() + 60,
        **parts,
    )


async def deliver(world: World, receipt: Receipt, *others: Any) -> Receipt:
    (answer,) = await executed(world, delivering(world, receipt.cid), receipt, *others)
    return answer


async def executed(world: World, *tokens: Any) -> list[Receipt]:
    answer = await world.client.send(Container.of(*tokens))
    return [token for token in answer.tokens if isinstance(token, Receipt)]


async def kept(world: World, task: CID, executor: DID) -> list[Receipt]:
    async with aiohttp.ClientSession() as session:
        url = f"{world.url}/receipt/{task}"
        async with session.get(url, params={"executor": executor}) as response:
            if response.status == 404:
                return []
            assert response.status == 200
            answer = Container.from_cbor(await response.read())
            return [token for token in answer.tokens if isinstance(token, Receipt)]


@pytest.mark.parametrize("kind", [None, Secp256k1PrivateKey, P256PrivateKey])
async def test_a_receipt_is_kept_as_its_executors_word(world: World, kind: Any) -> None:
    executor = Signer(kind.generate()) if kind else Signer.generate()
    receipt = said(executor)
    assert (await deliver(world, receipt)).ok == {}
    assert await kept(world, TASK, executor.did) == [receipt]
    assert await world.client.receipt(TASK, executor=executor.did) == receipt
    assert await world.client.receipt(TASK) is None, "it is not ours"


async def test_the_same_receipt_twice_is_kept_once(world: World) -> None:
    executor = Signer.generate()
    receipt = said(executor)
    for _ in range(3):
        assert (await deliver(world, receipt)).ok == {}
    assert await kept(world, TASK, executor.did) == [receipt]


async def test_who_contradicts_itself_is_quoted_whole(world: World) -> None:
    executor = Signer.generate()
    both = [said(executor, out={"paid": 1}), said(executor, out={"paid": 2})]
    for receipt in both:
        assert (await deliver(world, receipt)).ok == {}
    assert sorted(map(bytes, await kept(world, TASK, executor.did))) == sorted(map(bytes, both))


async def test_it_neither_replaces_nor_shadows_ours(world: World) -> None:
    customer = Signer.generate()
    arguments = customer_add.add.arguments(customer=customer.did, product=PRODUCT, details={})
    ran = customer_add.add.invoke(
        world.service, arguments, subject=world.service.did, audience=world.service.did, expiration=now() + 60
    )
    ours = await world.client.execute(ran)
    other = Signer.generate()
    theirs = said(other, ran=ran.task, out={"everything": "yours"})
    assert (await deliver(world, theirs)).ok == {}
    assert await world.client.receipt(ran.task) == ours
    assert await world.client.receipt(ran.task, executor=world.service.did) == ours
    assert await world.client.execute(ran) == ours
    assert await kept(world, ran.task, other.did) == [theirs]


async def test_before_it_runs_here_it_does_not_keep_the_task_from_running(world: World) -> None:
    customer = Signer.generate()
    arguments = customer_add.add.arguments(customer=customer.did, product=PRODUCT, details={})
    ran = customer_add.add.invoke(
        world.service, arguments, subject=world.service.did, audience=world.service.did, expiration=now() + 60
    )
    assert (await deliver(world, said(Signer.generate(), ran=ran.task))).ok == {}
    assert (await world.client.execute(ran)).executor == world.service.did
    assert await world.app.state.host.store.read(lambda tx: tx.meant(customer.did))


async def test_our_own_receipt_is_no_news(world: World) -> None:
    ours = said(world.service)
    assert (await deliver(world, ours)).ok == {}
    assert await world.client.receipt(TASK) is None
    assert await world.app.state.host.store.statements(TASK, world.service.did, 10) == []


class TestRefusals:
    async def nothing(self, world: World, executor: DID) -> None:
        assert await kept(world, TASK, executor) == []

    async def test_a_receipt_that_did_not_come_along(self, world: World) -> None:
        receipt = said(Signer.generate())
        invocation = delivering(world, receipt.cid)
        (answer,) = await executed(world, invocation)
        assert answer.error_name == ConclusionReceiptNotFound.__name__
        assert str(receipt.cid) in (answer.error_message or "")
        # It was no outcome: the same bytes, with the receipt this time, succeed.
        (answer,) = await executed(world, invocation, receipt)
        assert answer.ok == {}

    async def test_a_delegation_in_its_place(self, world: World) -> None:
        by = Signer.generate()
        proof = conclude.delegate(by, audience=by.did, subject=by.did, expiration=None)
        (answer,) = await executed(world, delivering(world, proof.cid), proof)
        assert answer.error_name == ConclusionReceiptNotFound.__name__

    async def test_an_invocation_in_its_place(self, world: World) -> None:
        other = delivering(world, TASK)
        answers = await executed(world, delivering(world, other.cid), other)
        assert {answer.error_name for answer in answers} == {ConclusionReceiptNotFound.__name__}

    async def test_a_flipped_bit(self, world: World) -> None:
        executor = Signer.generate()
        data = bytearray(bytes(said(executor)))
        data[10] ^= 1
        forged = Receipt.decode(bytes(data))
        answer = await deliver(world, forged)
        assert answer.error_name == "InvalidSignature"
        assert "receipt" in (answer.error_message or "")
        await self.nothing(world, executor.did)

    async def test_somebody_elses_name_over_it(self, world: World) -> None:
        victim, mallory = Signer.generate(), Signer.generate()
        forged = said(Signer(mallory.key, victim.did))
        assert (await deliver(world, forged)).error_name == "InvalidSignature"
        await self.nothing(world, victim.did)

    async def test_our_name_over_it(self, world: World) -> None:
        mallory = Signer.generate()
        forged = said(Signer(mallory.key, world.service.did))
        assert (await deliver(world, forged)).error_name == "InvalidSignature"
        assert await world.client.receipt(TASK) is None

    async def test_a_subject_that_is_not_the_issuer(self, world: World) -> None:
        executor, other = Signer.generate(), Signer.generate()
        forged = Receipt.of(
            Invocation.issue(
                executor,
                subject=other.did,
                command=said(executor).assertion.command,
                arguments={"out": {"ok": {}}, "ran": TASK},
                expiration=None,
            )
        )
        assert (await deliver(world, forged)).error_name == "InvalidClaim"
        await self.nothing(world, executor.did)

    async def test_an_executor_that_nobody_can_resolve(self, world: World) -> None:
        nobody = DID("did:example:nobody")
        answer = await deliver(world, said(Signer(Signer.generate().key, nobody)))
        assert answer.error_name == "DIDKeyResolutionError"
        await self.nothing(world, nobody)

    async def test_a_large_one(self, world: World) -> None:
        executor = Signer.generate()
        answer = await deliver(world, said(executor, out={"noise": "x" * MAX_RECORD}))
        assert answer.error_name == ReceiptTooLarge.__name__
        await self.nothing(world, executor.did)

    async def test_a_large_delivery(self, world: World) -> None:
        executor, by = Signer.generate(), Signer.generate()
        receipt = said(executor)
        invocation = Invocation.issue(
            by,
            subject=by.did,
            command=conclude.path,
            arguments={"receipt": receipt.cid},
            audience=world.service.did,
            expiration=now() + 60,
            meta={"noise": "x" * MAX_RECORD},
        )
        (answer,) = await executed(world, invocation, receipt)
        assert answer.error_name == ReceiptTooLarge.__name__
        await self.nothing(world, executor.did)

    async def test_a_refusal_leaves_no_trace(self, world: World) -> None:
        by = Signer.generate()
        proof = conclude.delegate(by, audience=by.did, subject=by.did, expiration=None)
        noise = said(by, out={"noise": "x" * MAX_RECORD})
        for token in (proof, noise):
            invocation = delivering(world, token.cid)
            (answer,) = await executed(world, invocation, token)
            assert answer.error is not None
            assert await world.client.receipt(invocation.task) is None

    async def test_it_needs_authority_like_any_other(self, world: World) -> None:
        by, somebody = Signer.generate(), Signer.generate()
        receipt = said(by)
        invocation = conclude.invoke(
            by,
            conclude.arguments(receipt=receipt.cid),
            subject=somebody.did,
            audience=world.service.did,
            expiration=now() + 60,
        )
        (answer,) = await executed(world, invocation, receipt)
        assert answer.error_name == "InvalidClaim"
        await self.nothing(world, by.did)


async def test_asking_for_nobodys_receipt(world: World) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{world.url}/receipt/{TASK}", params={"executor": "nobody"}) as response:
            assert response.status == 400
        async with session.get(f"{world.url}/receipt/{TASK}", params={"executor": Signer.generate().did}) as response:
            assert response.status == 404


async def test_refusals_do_not_hide_what_came_of_it(world: World) -> None:
    """A task's name does not say who invokes it: a stranger can have an executor refuse it, again and again."""
    executor = Signer.generate()
    for number in range(20):
        refusal = Receipt.issue(executor, ran=TASK, out=InvalidClaim(f"no {number}"), issued_at=now())
        assert (await deliver(world, refusal)).ok == {}
    good = said(executor, out={"done": True})
    assert (await deliver(world, good)).ok == {}
    assert good in await kept(world, TASK, executor.did)
    assert await world.client.receipt(TASK, executor=executor.did) == good


async def test_a_repeat_needs_no_evidence(world: World) -> None:
    receipt = said(Signer.generate())
    invocation = delivering(world, receipt.cid)
    (first,) = await executed(world, invocation, receipt)
    assert await executed(world, invocation) == [first]
