"""`/ucan/revoke` and `GET /revocation/{cid}`: who may revoke what, what becomes of it, and what can be read (protocol §13)."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import pytest

from forge import dagjson
from forge.cid import CID
from forge.command import CommandPath
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import StoreError
from forge.invocation import Invocation
from forge.keys import Signer
from forge.receipt import Receipt
from forge.revocation import MAX_PATH, MAX_RECORD, find_path
from store import Transaction
from tests.service.world import PRODUCT, World

ANN, BEN, CAT, DAN, EVE = (Signer.generate() for _ in range(5))
COMMAND = CommandPath("/customer")
SAME: Any = object()


def delegation(issuer: Signer, audience: Signer, subject: Signer | None = ANN, **parts: Any) -> Delegation:
    parts.setdefault("expiration", None)
    return Delegation.issue(
        issuer, audience=audience.did, subject=None if subject is None else subject.did, command=COMMAND, **parts
    )


FIRST, SECOND, THIRD = delegation(ANN, BEN), delegation(BEN, CAT), delegation(CAT, DAN)
CHAIN = (FIRST, SECOND, THIRD)


@dataclass(frozen=True)
class Case:
    """A revocation to be sent: who revokes what, how that is shown, and what comes along."""

    by: Signer
    path: Sequence[Delegation | CID] = ()
    revoke: Delegation | CID = THIRD
    along: Sequence[Delegation | Invocation] = SAME
    subject: DID | None = None

    def tokens(self, world: World, **parts: Any) -> list[Invocation | Delegation]:
        links = [one if isinstance(one, CID) else one.cid for one in (*self.path, self.revoke)]
        along = [one for one in (*self.path, self.revoke) if isinstance(one, Delegation)] if self.along is SAME else self.along
        parts = {"nonce": b"", "expiration": None, "subject": self.subject} | parts
        arguments = {"path": links[:-1], "revoke": links[-1]}
        return [world.invocation("/ucan/revoke", arguments, by=self.by, **parts), *along]


LONG = [delegation(ANN, ANN), *(delegation(ANN, ANN) for _ in range(MAX_PATH - 1))]

GOOD = {
    "who issued it": Case(CAT),
    "who issued it, with a path": Case(CAT, CHAIN),
    "who stands before": Case(BEN, CHAIN),
    "the root": Case(ANN, CHAIN),
    "the root its own": Case(ANN, [FIRST], FIRST),
    "a powerline on the way": Case(ANN, [FIRST, line := delegation(BEN, CAT, None), THIRD]),
    "of a powerline": Case(ANN, [FIRST, line], line),
    "expired": Case(BEN, [FIRST, past := delegation(BEN, CAT, expiration=1_000_000_000)], past),
    "an expired one on the way": Case(BEN, [FIRST, past, THIRD]),
    "not in force yet": Case(BEN, (), delegation(BEN, CAT, not_before=2**40)),
    "more comes along": Case(CAT, (), THIRD, [FIRST, SECOND, THIRD]),
    "as long as may be": Case(ANN, LONG, LONG[-1]),
    "a root for oneself": Case(ANN, [delegation(ANN, ANN), delegation(ANN, BEN, None), SECOND, THIRD]),
}

BAD = {
    "it is not there": (Case(CAT, (), THIRD, [FIRST]), "DelegationNotFound", str(THIRD.cid)),
    "one of the path is not there": (Case(ANN, CHAIN, THIRD, [FIRST, THIRD]), "DelegationNotFound", str(SECOND.cid)),
    "it is no delegation": (Case(CAT, (), CID.of(b"nothing"), [THIRD]), "DelegationNotFound", "not found in container"),
    "somebody else's": (Case(BEN), "UnauthorizedRevocation", "args.revoke: "),
    "the audience": (Case(DAN), "UnauthorizedRevocation", "args.revoke: "),
    "the audience, with a path": (Case(DAN, CHAIN), "UnauthorizedRevocation", "args.path: none of its 3 "),
    "a stranger, with a path": (Case(EVE, CHAIN), "UnauthorizedRevocation", "args.path: none of its 3 "),
    "the path ends elsewhere": (Case(ANN, CHAIN[:2]), "InvalidRevocationPath", "args.path[1]: expected the revoked"),
    "the path goes on": (Case(ANN, CHAIN, SECOND), "InvalidRevocationPath", "args.path[2]: expected the revoked"),
    "the path is the other way round": (Case(ANN, CHAIN[::-1]), "InvalidRevocationPath", "args.path[2]: expected the revoked"),
    "no root": (Case(BEN, CHAIN[1:]), "InvalidRevocationPath", "args.path[0]: "),
    "a powerline as root": (
        Case(ANN, [delegation(ANN, BEN, None), SECOND, THIRD]),
        "InvalidRevocationPath",
        "args.path[0]: ",
    ),
    "a gap": (Case(ANN, [FIRST, THIRD]), "InvalidRevocationPath", "args.path[1]: "),
    "a gap further on": (Case(ANN, [FIRST, SECOND, delegation(BEN, DAN), THIRD]), "InvalidRevocationPath", "args.path[2]: "),
    "another subject": (Case(ANN, [FIRST, delegation(BEN, CAT, EVE), THIRD]), "InvalidRevocationPath", "args.path[1]: "),
    "another subject at the end": (
        Case(ANN, [FIRST, SECOND, other := delegation(CAT, DAN, EVE)], other),
        "InvalidRevocationPath",
        "args.path[2]: ",
    ),
    "a delegation twice": (
        Case(ANN, [own := delegation(ANN, ANN), own, FIRST], FIRST),
        "InvalidRevocationPath",
        "args.path[1]: ",
    ),
    # DAN, who lost it, would have a say in it, and its record be the last one.
    "a circle": (
        Case(DAN, [*CHAIN, back := delegation(DAN, CAT), THIRD], THIRD),
        "InvalidRevocationPath",
        f'args.path[4]: delegation "{THIRD.cid}" is on the path twice',
    ),
    "a circle by another delegation": (
        Case(DAN, [*CHAIN, back, ahead := delegation(CAT, EVE)], ahead),
        "InvalidRevocationPath",
        f'args.path[4]: delegation "{ahead.cid}" is issued by "{CAT.did}", who stands further up',
    ),
    "a circle by the root": (
        Case(BEN, [FIRST, delegation(BEN, ANN), ahead := delegation(ANN, EVE)], ahead),
        "InvalidRevocationPath",
        "args.path[2]: ",
    ),
    "longer than may be": (Case(ANN, [*LONG, LONG[0]], LONG[0]), "MalformedArguments", "args.path: "),
    "larger than may be": (
        Case(ANN, (), delegation(ANN, BEN, meta={"": b"x" * MAX_RECORD})),
        "RevocationTooLarge",
        f"at most {MAX_RECORD} bytes",
    ),
    "for somebody else": (Case(CAT, subject=BEN.did), "InvalidClaim", "is not issued by subject"),
}


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def send(world: World, case: Case, **parts: Any) -> Receipt:
    (receipt,) = await world.send(*case.tokens(world, **parts))
    return receipt


async def rows(world: World) -> dict[str, int]:
    """Count what was kept."""

    def count(tx: Transaction) -> dict[str, int]:
        tables = ("revocation", "ledger", "event")
        return {name: tx._execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}  # noqa: S608

    found: dict[str, int] = await world.app.state.host.store.read(count)
    return found


class TestRules:
    async def test_who_may(self, world: World) -> None:
        tasks = set()
        for name, case in GOOD.items():
            receipt = await send(world, case)
            tasks.add(receipt.ran)
            assert receipt.ok == {}, (name, receipt.error_message)
            cid = case.tokens(world)[-1].cid
            found = await world.app.state.host.store.read(lambda tx, cid=cid: tx.revokers([cid]))
            assert case.by.did in found[cid], name
        pairs = {(case.tokens(world)[-1].cid, case.by.did) for case in GOOD.values()}
        assert await rows(world) == {"revocation": len(pairs), "ledger": len(tasks), "event": 0}

    async def test_who_may_not(self, world: World) -> None:
        for case, name, said in BAD.values():
            receipt = await send(world, case)
            assert receipt.error_name == name, receipt.error_message
            assert said in str(receipt.error_message)
        assert await rows(world) == {"revocation": 0, "ledger": 0, "event": 0}, "what is refused leaves no trace"

    async def test_a_signature_is_verified(self, world: World) -> None:
        forged = Delegation.decode(bytes(THIRD).replace(CAT.did.encode(), EVE.did.encode()))
        receipt = await send(world, Case(EVE, (), forged))
        assert receipt.error_name == "InvalidSignature"
        on_the_way = Delegation.decode(bytes(SECOND).replace(BEN.did.encode(), EVE.did.encode()))
        receipt = await send(world, Case(EVE, [delegation(ANN, EVE), on_the_way, THIRD]))
        assert receipt.error_name == "InvalidSignature"
        assert (await rows(world))["revocation"] == 0

    async def test_it_cannot_be_lent(self, world: World) -> None:
        lent = Delegation.issue(CAT, audience=EVE.did, subject=CAT.did, command=CommandPath("/ucan/revoke"), expiration=None)
        case = Case(EVE, (), THIRD, [THIRD, lent], CAT.did)
        receipt = await send(world, case, proofs=[lent.cid])
        assert receipt.error_name == "UnauthorizedRevocation", "it is about CAT, and EVE invokes"

    async def test_it_takes_no_proofs(self, world: World) -> None:
        """A record elsewhere is verified by itself."""
        there, back = (
            Delegation.issue(one, audience=other.did, subject=CAT.did, command=CommandPath("/ucan"), expiration=None)
            for one, other in ((CAT, EVE), (EVE, CAT))
        )
        receipt = await send(world, Case(CAT, (), THIRD, [THIRD, there, back]), proofs=[there.cid, back.cid])
        assert receipt.error_name == "UnauthorizedRevocation"
        assert "links no proofs" in str(receipt.error_message)

    async def test_a_receipt_under_the_link_is_no_delegation(self, world: World) -> None:
        receipt = Receipt.issue(CAT, ran=CID.of(b"x"), out={}, issued_at=0)
        case = replace(Case(CAT), revoke=receipt.cid, along=[receipt])  # type: ignore[list-item]
        assert (await send(world, case)).error_name == "DelegationNotFound"


class TestOnce:
    async def test_again_changes_nothing(self, world: World) -> None:
        first = await send(world, Case(CAT))
        again = await send(world, Case(CAT), expiration=2**40)
        assert bytes(first) == bytes(again), "the same task"
        other = await send(world, Case(CAT), nonce=b"other")
        assert other.ok == {}
        with_a_path = await send(world, Case(CAT, CHAIN))
        assert with_a_path.ok == {}
        assert (await rows(world))["revocation"] == 1
        kept = await world.app.state.host.store.read(lambda tx: tx.revocation(THIRD.cid))
        assert kept.cause == Case(CAT).tokens(world)[0].cid, "the first stays"

    async def test_what_lacked_something_may_be_sent_again_as_the_same_task(self, world: World) -> None:
        lacking, whole = Case(BEN, CHAIN, THIRD, [FIRST, THIRD]), Case(BEN, CHAIN)
        refused = await send(world, lacking)
        assert refused.error_name == "DelegationNotFound"
        done = await send(world, whole)
        assert done.ran == refused.ran
        assert done.ok == {}


class TestEffect:
    async def test_it_is_refused_on_the_next_request_read_or_write(self, world: World) -> None:
        tenant = Signer.generate()
        proof = Delegation.issue(
            world.service, audience=tenant.did, subject=world.service.did, command=COMMAND, expiration=None
        )

        async def attempt() -> list[str | None]:
            somebody = Signer.generate().did
            add = world.invocation(
                "/customer/add",
                {"customer": somebody, "product": PRODUCT, "details": {}},
                by=tenant,
                subject=world.service.did,
                proofs=[proof.cid],
            )
            get = world.invocation(
                "/customer/get", {"customer": somebody}, by=tenant, subject=world.service.did, proofs=[proof.cid]
            )
            return [one.error_name for token in (add, get) for one in await world.send(token, proof)]

        assert await attempt() == [None, None]
        assert (await send(world, Case(world.service, (), proof))).ok == {}
        assert await attempt() == ["Revoked", "Revoked"]

    async def test_it_counts_where_the_revoker_is_an_issuer_of_the_chain_and_nowhere_else(self, world: World) -> None:
        """A powerline that two may pass on: each revokes it for its own chains."""
        one, two, holder, deputy = (Signer.generate() for _ in range(4))
        roots = {who: delegation(who, holder, who) for who in (one, two)}
        shared = delegation(holder, deputy, None)

        async def attempt(subject: Signer) -> str | None:
            invocation = world.invocation(
                "/customer/get",
                {"customer": subject.did},
                by=deputy,
                subject=subject.did,
                proofs=[roots[subject].cid, shared.cid],
            )
            (receipt,) = await world.send(invocation, roots[subject], shared)
            return receipt.error_name

        assert [await attempt(who) for who in (one, two)] == ["CustomerNotFound"] * 2
        assert (await send(world, Case(one, [roots[one], shared], shared))).ok == {}
        assert [await attempt(who) for who in (one, two)] == ["Revoked", "CustomerNotFound"]

    async def test_in_one_container_it_counts_for_what_comes_after_it(self, world: World) -> None:
        proof = delegation(world.service, EVE, world.service)
        (revoke, _) = Case(world.service, (), proof).tokens(world)
        get = revoke
        while bytes(get) <= bytes(revoke):
            # Tokens are sent in the order of their bytes.
            get = world.invocation(
                "/customer/get", {"customer": EVE.did}, by=EVE, subject=world.service.did, proofs=[proof.cid]
            )
        receipts = {one.ran: one for one in await world.send(revoke, get, proof)}
        assert isinstance(get, Invocation)
        assert receipts[get.task].error_name == "Revoked"


class TestRecord:
    @pytest.fixture
    async def recorded(self, world: World) -> Invocation:
        """Have the last of the chain revoked by BEN, then by CAT, who issued it."""
        await send(world, Case(BEN, CHAIN))
        await send(world, Case(CAT))
        (cause, *_) = Case(CAT).tokens(world)
        assert isinstance(cause, Invocation)
        return cause

    async def test_the_body_is_dag_json_with_its_keys_in_order(
        self, world: World, http: aiohttp.ClientSession, recorded: Invocation
    ) -> None:
        async with http.get(f"{world.url}/revocation/{THIRD.cid}") as response:
            assert response.status == 200
            assert response.headers["Content-Type"] == "application/vnd.ipld.dag-json"
            assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            body = await response.text()
        assert list(json.loads(body)) == ["cause", "path", "recorded_at", "revoke"]
        found = dagjson.decode(body)
        assert isinstance(found, dict)
        assert found["cause"] == bytes(recorded), "the last one that was recorded"
        assert found["path"] == [bytes(THIRD)]
        assert found["revoke"] == THIRD.cid
        kept = await world.app.state.host.store.read(lambda tx: tx.revocation(THIRD.cid))
        assert found["recorded_at"] == kept.recorded_at

    async def test_when_it_was_recorded_is_a_number_as_swarf_reads_it(
        self, world: World, http: aiohttp.ClientSession, recorded: Invocation
    ) -> None:
        """Its client takes whole nanoseconds (dag-json-gen v0.0.8, `DagJsonTime`), and no text."""
        del recorded
        async with http.get(f"{world.url}/revocation/{THIRD.cid}") as response:
            assert re.search(r'"recorded_at":\d{19}[,}]', await response.text())

    async def test_each_of_several_can_be_had_by_its_cause(
        self, world: World, http: aiohttp.ClientSession, recorded: Invocation
    ) -> None:
        del recorded
        (cause, *_) = Case(BEN, CHAIN).tokens(world)
        async with http.get(f"{world.url}/revocation/{THIRD.cid}", params={"cause": str(cause.cid)}) as response:
            found: Any = dagjson.decode(await response.text())
        assert found["cause"] == bytes(cause)
        assert found["path"] == [bytes(one) for one in CHAIN]

    async def test_what_others_record_later_does_not_hide_the_issuers_own(
        self, world: World, http: aiohttp.ClientSession
    ) -> None:
        """A powerline is on the paths of whoever likes."""
        power = delegation(BEN, CAT, None)

        async def ask(**named: str) -> tuple[DID, str]:
            async with http.get(f"{world.url}/revocation/{power.cid}", params=named) as response:
                assert response.status == 200
                found: Any = dagjson.decode(await response.text())
                return Invocation.decode(found["cause"]).issuer, response.headers["Cache-Control"]

        async def revoke(by: Signer, *path: Delegation) -> None:
            assert (await send(world, Case(by, [*path, power] if path else (), power))).ok == {}

        kept = "public, max-age=31536000, immutable"
        await revoke(EVE, delegation(EVE, BEN, EVE))
        assert await ask() == (EVE.did, "no-store"), "another may take its place"
        await revoke(DAN, delegation(DAN, BEN, DAN))
        assert await ask() == (DAN.did, "no-store")
        await revoke(BEN)
        await revoke(ANN, FIRST)
        assert await ask() == (BEN.did, kept)
        for who in (ANN, BEN, DAN, EVE):
            assert await ask(revoker=who.did) == (who.did, kept)

    async def test_delegations_are_kept_once(self, world: World) -> None:
        for who in (ANN, BEN, CAT):
            assert (await send(world, Case(who, CHAIN))).ok == {}

        def count(tx: Transaction) -> int:
            found: int = tx._execute("SELECT count(*) FROM delegation").fetchone()[0]
            return found

        assert await world.app.state.host.store.read(count) == len(CHAIN)

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            (f"/revocation/{FIRST.cid}", 404),
            (f"/revocation/{THIRD.cid}?revoker={ANN.did}", 404),
            (f"/revocation/{THIRD.cid}?revoker=x", 400),
            (f"/revocation/{THIRD.cid}?cause={CID.of(b'x')}", 404),
            (f"/revocation/{THIRD.cid}?cause=x", 400),
            ("/revocation/nothing", 400),
            ("/revocation/b", 400),
            ("/revocation/", 404),
        ],
        ids=["not revoked", "by another", "by nobody", "another cause", "no cause", "no CID", "no bytes", "nothing"],
    )
    async def test_what_is_not_there_is_not_kept_by_any_cache(
        self, world: World, http: aiohttp.ClientSession, recorded: Invocation, path: str, status: int
    ) -> None:
        del recorded
        async with http.get(world.url + path) as response:
            assert response.status == status
            assert response.headers.get("Cache-Control", "no-store") == "no-store"
            assert (await response.text()).count("\n") <= 1

    async def test_a_cid_in_any_multibase(self, world: World, http: aiohttp.ClientSession, recorded: Invocation) -> None:
        del recorded
        async with http.get(f"{world.url}/revocation/f{bytes(THIRD.cid).hex()}") as response:
            assert response.status == 200

    async def test_a_store_that_does_not_answer_is_503(
        self, world: World, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def broken(work: Callable[..., Any]) -> None:
            raise StoreError(f"store: secret {work}")

        monkeypatch.setattr(world.app.state.host.store, "read", broken)
        for path in (f"/revocation/{THIRD.cid}", "/revocations/0"):
            async with http.get(world.url + path) as response:
                assert response.status == 503
                assert response.headers["Cache-Control"] == "no-store"
                assert "secret" not in await response.text()

    @pytest.mark.parametrize(
        "path",
        [f"/revocation/{THIRD.cid}", f"/revocation/{FIRST.cid}", "/revocation/x", "/revocations/x"],
        ids=["third", "first", "no CID", "no time"],
    )
    async def test_a_page_of_any_origin_may_read(
        self, world: World, http: aiohttp.ClientSession, recorded: Invocation, path: str
    ) -> None:
        """Asked for from a page or not: caches give the one's answer to the other."""
        del recorded
        for headers in ({}, {"Origin": "https://example.com"}):
            async with http.get(world.url + path, headers=headers) as response:
                assert response.headers["Access-Control-Allow-Origin"] == "*"
        asked = {"Origin": "https://example.com", "Access-Control-Request-Method": "GET"}
        async with http.options(world.url + path, headers=asked) as response:
            assert response.status == 204
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            assert response.headers["Access-Control-Allow-Methods"] == "GET, OPTIONS"
        async with http.post(world.url + path) as response:
            assert response.status == 405


class TestFindingAPath:
    @pytest.mark.parametrize("name", [name for name in GOOD if name != "as long as may be"])
    def test_what_may_be_revoked_is_found(self, name: str) -> None:
        case = GOOD[name]
        given = [one for one in (*case.path, *CHAIN) if isinstance(one, Delegation)]
        assert isinstance(case.revoke, Delegation)
        found = find_path(case.revoke, given, case.by.did)
        if case.revoke.issuer == case.by.did:
            assert found == ()
        else:
            assert found is not None
            assert found[-1] == case.revoke
            assert found[0].issuer == found[0].subject
            assert case.by.did in {one.issuer for one in found}

    @pytest.mark.parametrize(
        ("revoked", "given", "by"),
        [
            (THIRD, CHAIN, DAN),
            (THIRD, CHAIN, EVE),
            (THIRD, CHAIN[1:], BEN),
            (THIRD, [FIRST, THIRD], ANN),
            (THIRD, [delegation(ANN, BEN, None), SECOND], ANN),
            (THIRD, [FIRST, delegation(BEN, CAT, EVE)], ANN),
            (line, [], ANN),
        ],
    )
    def test_what_may_not_is_not(self, revoked: Delegation, given: Sequence[Delegation], by: Signer) -> None:
        assert find_path(revoked, given, by.did) is None

    def test_the_way_leads_by_whoever_revokes_even_if_another_is_shorter(self) -> None:
        short = delegation(ANN, CAT)
        assert find_path(THIRD, [short, FIRST, SECOND], BEN.did) == CHAIN
        assert find_path(THIRD, [short, FIRST, SECOND], ANN.did) == (short, THIRD)
        powerline = delegation(ANN, CAT, None)
        assert find_path(THIRD, [powerline, FIRST, SECOND], ANN.did) == CHAIN

    def test_it_does_not_go_in_a_circle(self) -> None:
        """A service would refuse it."""
        back = delegation(DAN, CAT)
        assert find_path(THIRD, [*CHAIN, back], DAN.did) is None
        assert find_path(ahead, [FIRST, delegation(BEN, ANN)], BEN.did) is None
        assert find_path(THIRD, [delegation(ANN, ANN), delegation(ANN, BEN, None), SECOND], ANN.did) is not None

    def test_circles_end(self) -> None:
        circle = [delegation(BEN, CAT), delegation(CAT, BEN), delegation(CAT, CAT)]
        assert find_path(THIRD, circle, EVE.did) is None
