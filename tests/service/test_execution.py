"""How invocations are executed: in order, once, all or nothing, and always answered (design.md, Execution)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from commands.customer import add as customer_add
from forge.cid import CID
from forge.client import now
from forge.command import CommandPath
from forge.container import Container
from forge.deadline import Deadlines
from forge.delegation import Delegation
from forge.did import DID
from forge.keys import Signer
from forge.policy import Policy
from forge.ports import Revocation
from forge.receipt import Receipt
from tests.service import catalog
from tests.service.world import PRODUCT, World, running


class TestOnce:
    async def test_a_repeat_gets_the_same_bytes(self, world: World) -> None:
        somebody = Signer.generate()
        invocation = world.invocation("/test/note", {"text": "x"}, by=somebody)
        first = [bytes(one) for one in await world.send(invocation)]
        assert len(first) == 1
        for _ in range(3):
            assert [bytes(one) for one in await world.send(invocation)] == first
        assert (await world.ask(catalog.count, by=somebody)).text == "1"

    async def test_the_same_task_in_another_invocation_is_the_same_task(self, world: World) -> None:
        somebody, deputy = Signer.generate(), Signer.generate()
        deputed = Delegation.issue(
            somebody, audience=deputy.did, subject=somebody.did, command=CommandPath("/test"), expiration=None
        )
        own = world.invocation("/test/note", {"text": "x"}, by=somebody, nonce=b"1")
        other = world.invocation(
            "/test/note", {"text": "x"}, by=deputy, subject=somebody.did, nonce=b"1", proofs=[deputed.cid], expiration=None
        )
        assert own.task == other.task
        assert own.cid != other.cid
        (first,) = await world.send(own)
        (second,) = await world.send(other, deputed)
        assert bytes(first) == bytes(second)
        assert (await world.ask(catalog.count, by=somebody)).text == "1"

    async def test_another_nonce_is_another_task(self, world: World) -> None:
        somebody = Signer.generate()
        for nonce in (b"", b"1", b"2"):
            await world.ask(catalog.note, catalog.TextArguments(text="x"), by=somebody, nonce=nonce)
        assert (await world.ask(catalog.count, by=somebody)).text == "3"

    async def test_at_once_from_many(self, world: World) -> None:
        somebody = Signer.generate()
        invocation = world.invocation("/test/note", {}, by=somebody)
        answers = await asyncio.gather(*(world.send(invocation) for _ in range(32)))
        assert len({bytes(one) for (one,) in answers}) == 1
        assert (await world.ask(catalog.count, by=somebody)).text == "1"

    async def test_twice_in_one_container_of_two_invocations(self, world: World) -> None:
        somebody = Signer.generate()
        one = world.invocation("/test/note", {}, by=somebody, nonce=b"1")
        two = world.invocation("/test/note", {}, by=somebody, nonce=b"1", expiration=None)
        receipts = await world.send(one, two)
        assert [receipt.ran for receipt in receipts] == [one.task], "one task, one receipt"
        assert (await world.ask(catalog.count, by=somebody)).text == "1"

    async def test_a_repeat_is_verified_before_it_is_looked_up(self, world: World) -> None:
        somebody, thief = Signer.generate(), Signer.generate()
        invocation = world.invocation("/test/note", {}, by=somebody, nonce=b"1")
        await world.send(invocation)
        stolen = world.invocation("/test/note", {}, by=thief, subject=somebody.did, nonce=b"1")
        assert stolen.task == invocation.task
        (receipt,) = await world.send(stolen)
        assert receipt.error_name == "InvalidClaim"

    async def test_a_declared_failure_is_kept(self, world: World) -> None:
        somebody = Signer.generate()
        invocation = world.invocation("/test/declared", {}, by=somebody)
        (first,) = await world.send(invocation)
        (second,) = await world.send(invocation)
        assert first.error == {"name": "Declared", "message": "declared"}
        assert bytes(first) == bytes(second)
        store = world.app.state.host.store
        assert await store.read(lambda tx: tx.customer(somebody.did)) is None, "its rows are undone"
        kept = await store.read(lambda tx: tx.entry(invocation.task))
        assert (kept.invocation, kept.receipt, kept.issuer, kept.subject, kept.command) == (
            bytes(invocation),
            bytes(first),
            somebody.did,
            somebody.did,
            "/test/declared",
        )

    async def test_after_a_restart(self, tmp_path: Path) -> None:
        somebody = Signer.generate()
        async with running(tmp_path) as world:
            invocation = world.invocation("/test/note", {}, by=somebody)
            (first,) = await world.send(invocation)
        async with running(tmp_path) as world:
            (second,) = await world.send(invocation)
            assert bytes(first) == bytes(second)
            found = await world.client.receipt(invocation.task)
            assert found is not None
            assert bytes(found) == bytes(first)


class TestFaults:
    @pytest.mark.parametrize("command", [catalog.boom, catalog.undeclared, catalog.unsayable, catalog.nothing], ids=str)
    async def test_a_fault_is_answered_without_its_insides_and_leaves_nothing(
        self, world: World, command: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        somebody = Signer.generate()
        invocation = world.invocation(command.path, {}, by=somebody)
        (first,) = await world.send(invocation)
        (second,) = await world.send(invocation)
        for receipt in (first, second):
            assert receipt.error_name == "HandlerExecutionError"
            assert receipt.error_message is not None
            assert receipt.error_message.startswith(f'"{command.path}" handler execution error: reference ')
            assert catalog.SECRET not in receipt.error_message
            assert receipt.assertion.expiration is not None
            assert 0 < receipt.assertion.expiration - now() <= 30
        assert bytes(first) != bytes(second), "it is not kept: it was tried again"
        store = world.app.state.host.store
        assert await store.read(lambda tx: tx.customer(somebody.did)) is None
        assert await store.read(lambda tx: tx.recorded(invocation.task)) is None
        reference = first.error_message.rpartition(" ")[2] if first.error_message else ""
        printed = capsys.readouterr()
        assert reference in printed.out + printed.err, "the operator finds it in the log"

    @pytest.mark.parametrize("together", [1, 3])
    async def test_a_deadline_is_answered_and_the_repeat_finds_out(self, tmp_path: Path, together: int) -> None:
        somebody = Signer.generate()
        async with running(tmp_path, deadline=0.05) as world:
            store = world.app.state.host.store
            held = asyncio.Event()
            release = asyncio.Event()
            loop = asyncio.get_running_loop()

            def hold(_: Any) -> None:
                loop.call_soon_threadsafe(held.set)
                asyncio.run_coroutine_threadsafe(release.wait(), loop).result()

            holding = asyncio.create_task(store.change(hold))
            await held.wait()
            invocations = [world.invocation("/test/note", {}, by=somebody) for _ in range(together)]
            late = await world.send(*invocations)
            assert [one.error_name for one in late] == ["HandlerExecutionError"] * together
            release.set()
            await holding
            # From here on the machine may be as slow as it likes.
            world.app.state.host.executor._deadlines = Deadlines(30)
            assert [receipt.ok for receipt in await world.send(*invocations)] == [{"text": ""}] * together
            assert (await world.ask(catalog.count, by=somebody)).text == str(together)


class TestContainers:
    async def test_in_their_order(self, world: World) -> None:
        # A container is sorted by bytes on the way, so its order is whatever the signatures make it: what counts is that
        # readers see what stands before them.
        somebody = Signer.generate()
        tokens: list[Any] = []
        for number in range(12):
            tokens.append(world.invocation("/test/note", {"text": str(number)}, by=somebody))
            tokens.append(world.invocation("/test/count", {}, by=somebody))
        received = Container.from_cbor(Container.of(*tokens).to_cbor()).invocations
        answers = {receipt.ran: receipt for receipt in await world.send(*tokens)}
        assert len(answers) == 24
        notes = 0
        for one in received:
            if one.command == "/test/note":
                notes += 1
            else:
                assert answers[one.task].ok == {"text": str(notes)}

    async def test_what_is_for_others_is_left_alone(self, world: World) -> None:
        somebody, other = Signer.generate(), Signer.generate()
        foreign = world.invocation("/test/note", {}, by=somebody, audience=other.did)
        own = world.invocation("/test/note", {}, by=somebody, audience=None)
        ours = world.invocation("/test/note", {}, by=somebody)
        receipts = await world.send(foreign, own, ours)
        assert [receipt.ran for receipt in receipts] == [ours.task]
        assert await world.send(foreign) == []

    async def test_without_an_audience_the_subject_executes(self, world: World) -> None:
        invocation = world.invocation("/test/note", {}, by=world.service, audience=None)
        assert [receipt.ran for receipt in await world.send(invocation)] == [invocation.task]

    async def test_receipts_in_a_request_are_never_executed(self, world: World) -> None:
        somebody = Signer.generate()
        forged = Receipt.issue(world.service, ran=CID.of(b"\xf6"), out={}, issued_at=now())
        note = world.invocation("/test/note", {}, by=somebody)
        answer = await world.client.send(Container.of(forged, note))
        assert list(answer.receipts) == [note.task]

    async def test_a_hundred_at_once_each_have_their_receipt(self, world: World) -> None:
        somebody = Signer.generate()
        tokens = [world.invocation("/test/note", {"text": str(number)}, by=somebody) for number in range(100)]
        receipts = {receipt.ran: receipt for receipt in await world.send(*tokens)}
        assert [receipts[one.task].ok for one in tokens] == [{"text": str(number)} for number in range(100)]

    async def test_good_and_bad_in_one_container(self, world: World) -> None:
        somebody, stranger = Signer.generate(), Signer.generate()
        tokens = {
            "ok": world.invocation("/test/note", {}, by=somebody),
            "HandlerNotFound": world.invocation("/test/nowhere", {}, by=somebody),
            "MalformedArguments": world.invocation("/test/note", {"text": 1}, by=somebody),
            "InvalidClaim": world.invocation("/test/note", {}, by=stranger, subject=somebody.did),
            "Expired": world.invocation("/test/note", {}, by=somebody, expiration=now() - 61),
            "UnavailableProof": world.invocation("/test/note", {}, by=somebody, proofs=[CID.of(b"\xf6")]),
            "InvalidSubject": world.invocation("/test/only-service", {}, by=somebody),
            "HandlerExecutionError": world.invocation("/test/boom", {}, by=somebody),
            "Declared": world.invocation("/test/declared", {}, by=somebody),
        }
        receipts = {receipt.ran: receipt for receipt in await world.send(*tokens.values())}
        assert {name: receipts[one.task].error_name or "ok" for name, one in tokens.items()} == {name: name for name in tokens}

    async def test_the_handler_is_looked_for_before_anything_is_verified(self, world: World) -> None:
        stranger = world.invocation("/test", {}, by=Signer.generate(), subject=DID("did:plc:ewvi7nxzyoun6zhxrhs64oiz"))
        (receipt,) = await world.send(stranger)
        assert (receipt.error_name, receipt.error_message) == ("HandlerNotFound", 'handler not found: "/test"')

    async def test_an_unresolvable_issuer_is_named(self, world: World) -> None:
        somebody = Signer(Signer.generate().key, DID("did:plc:ewvi7nxzyoun6zhxrhs64oiz"))
        (receipt,) = await world.send(world.invocation("/test/note", {}, by=somebody))
        assert receipt.error_name == "DIDKeyResolutionError"

    async def test_clocks_may_differ_by_the_leeway(self, world: World) -> None:
        somebody = Signer.generate()
        (receipt,) = await world.send(world.invocation("/test/note", {}, by=somebody, expiration=now() - 30))
        assert receipt.ok == {"text": ""}

    async def test_receipts_are_signed_by_the_service_and_dated(self, world: World) -> None:
        (receipt,) = await world.send(world.invocation("/test/note", {}, by=Signer.generate()))
        assertion = receipt.assertion
        assert (assertion.issuer, assertion.subject, assertion.audience) == (world.service.did, world.service.did, None)
        assert assertion.issued_at is not None
        assert abs(assertion.issued_at - now()) <= 2
        assert assertion.expiration is None
        assert len(assertion.nonce) == 16
        assert assertion.proofs == ()


class TestNothingUnverifiedLeavesATrace:
    async def test_refusals_write_nothing(self, world: World) -> None:
        customer, stranger = await world.customer(), Signer.generate()
        before = await self._everything(world)
        refused = [
            world.invocation("/test/nowhere", {}, by=stranger),
            world.invocation("/test/note", {"text": 1}, by=stranger),
            world.invocation("/test/note", {}, by=stranger, subject=customer.did),
            world.invocation("/test/only-service", {}, by=stranger),
            world.invocation("/customer/get", {"customer": customer.did}, by=stranger),
            world.invocation("/provider/add", {"provider": world.service.did, "consumer": stranger.did}, by=stranger),
            world.invocation(
                "/subscription/add",
                {"provider": world.service.did, "customer": stranger.did, "product": PRODUCT},
                by=stranger,
            ),
            world.invocation("/subscription/assign", {"subscription": "x", "consumers": [stranger.did]}, by=stranger),
        ]
        receipts = await world.send(*refused)
        assert len(receipts) == len(refused)
        assert all(receipt.error is not None for receipt in receipts)
        assert await self._everything(world) == before

    @staticmethod
    async def _everything(world: World) -> list[tuple[Any, ...]]:
        """Dump every table."""

        def dump(tx: Any) -> list[tuple[Any, ...]]:
            names = tx._execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
            tables = [name for (name,) in names]
            assert {"customer", "event", "ledger"} <= set(tables)
            return [(table, *row) for table in tables for row in tx._execute(f'SELECT * FROM "{table}"').fetchall()]  # noqa: S608

        found: list[tuple[Any, ...]] = await world.app.state.host.store.read(dump)
        return found


def revocation(proof: Delegation, revoker: DID) -> Revocation:
    return Revocation(
        delegation=proof.cid, revoker=revoker, cause=CID.of(revoker.encode()), invocation=b"", path=(bytes(proof),)
    )


class TestRevocation:
    async def test_a_revoked_proof_is_refused_on_the_next_request(self, world: World) -> None:
        tenant, stranger = Signer.generate(), Signer.generate()
        proof = customer_add.add.delegate(world.service, audience=tenant.did, subject=world.service.did, expiration=None)

        async def attempt() -> str | None:
            invocation = world.invocation(
                "/customer/add",
                {"customer": Signer.generate().did, "product": PRODUCT, "details": {}},
                by=tenant,
                subject=world.service.did,
                proofs=[proof.cid],
            )
            (receipt,) = await world.send(invocation, proof)
            return receipt.error_name

        store = world.app.state.host.store
        assert await attempt() is None
        await store.change(lambda tx: tx.revoke(revocation(proof, stranger.did), at=now()))
        assert await attempt() is None, "only an issuer of the chain can revoke"
        await store.change(lambda tx: tx.revoke(revocation(proof, world.service.did), at=now()))
        assert await attempt() == "Revoked"


class TestPoliciesShareABudget:
    async def test_a_container_of_costly_policies_is_bounded(self, world: World) -> None:
        # Each invocation alone stays within bounds; together they run out, and the rest is refused rather than computed.
        tenant = Signer.generate()
        costly = Policy.decode([["all", ".details", ["like", ".", "*a*b*c*"]]] * 500)
        proof = customer_add.add.delegate(
            world.service, audience=tenant.did, subject=world.service.did, expiration=None, policy=costly
        )
        details = {str(number): "abc" for number in range(300)}
        invocations = [
            world.invocation(
                "/customer/add",
                {"customer": Signer.generate().did, "product": PRODUCT, "details": details},
                by=tenant,
                subject=world.service.did,
                proofs=[proof.cid],
            )
            for _ in range(20)
        ]
        receipts = await world.send(*invocations, proof)
        assert len(receipts) == 20
        assert {receipt.error_name for receipt in receipts} <= {None, "MatchError"}
        assert any(receipt.error_name == "MatchError" for receipt in receipts)
