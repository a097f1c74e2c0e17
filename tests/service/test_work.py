"""The work of one invocation, counted: signatures, tokens that are read, statements, commits, and what goes to the disk.

Nothing here looks at a clock. What one request costs is pinned: whoever makes it more has to say so here.

What SQLite synchronises (fsync) cannot be counted from within: Python hands in no file system of its own, and its log has no
counter. But SQLite synchronises what it has written and nothing else, so a log (WAL) and a file that are the same to the byte,
written last at the same instant, were not synchronised: that runs everywhere. Where strace is there, a service in a process of
its own is watched as well, and its calls are counted.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from forge import envelope, execute
from forge.client import now
from forge.command import CommandPath
from forge.container import Container
from forge.delegation import Delegation
from forge.did import DID
from forge.envelope import Envelope
from forge.invocation import Invocation
from forge.keys import Ed25519PrivateKey, Ed25519PublicKey, Signer
from forge.policy import Policy
from forge.receipt import Receipt
from forge.wire import CONTENT_TYPE
from store import session, sqlite
from store.line import Line
from tests import unmeasured
from tests.faults.processes import ROOT, Place, Server, free_port
from tests.faults.tracing import CANNOT, can_trace
from tests.service.world import PRODUCT, World, running
from tests.store.statements import STATEMENTS

ADD: Final = CommandPath("/customer/add")
AT_ONCE: Final = 20
NAMES: Final = {text: name for name, text in STATEMENTS.items()}
WRITING, READING = "writing", "reading"


@dataclass
class Work:
    """What was done."""

    verified: int = 0
    signed: int = 0
    read: int = 0
    """Tokens."""
    statements: list[tuple[str, str]] = field(default_factory=list)
    """Each by its name, after what its connection is for."""

    @property
    def tokens(self) -> tuple[int, int, int]:
        return self.verified, self.signed, self.read

    @property
    def written(self) -> list[str]:
        return [name for kind, name in self.statements if kind == WRITING]

    @property
    def commits(self) -> int:
        return self.written.count("COMMIT")


@dataclass
class Meter:
    """Looks over the shoulder of a service that starts after it: only what is asked by `counting` is counted."""

    work: Work = field(default_factory=Work)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        self._count(patch, Ed25519PublicKey, "verify", "verified")
        self._count(patch, Ed25519PrivateKey, "sign", "signed")
        decode = envelope.decode

        def read(*arguments: Any) -> Envelope:
            self.work.read += 1
            return decode(*arguments)

        patch.setattr(envelope, "decode", read)
        opened, meter = sqlite._open, self

        def watched(path: Path, pragmas: Sequence[str]) -> sqlite3.Connection:
            kind = WRITING if pragmas is sqlite._WRITING else READING

            class Watched(sqlite3.Connection):
                def execute(self, statement: str, values: Any = (), /) -> sqlite3.Cursor:
                    meter.work.statements.append((kind, NAMES.get(statement, statement)))
                    return super().execute(statement, values)

            with pytest.MonkeyPatch.context() as inner:
                inner.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Watched))
                return opened(path, pragmas)

        patch.setattr(sqlite, "_open", watched)

    def _count(self, patch: pytest.MonkeyPatch, owner: type, name: str, what: str) -> None:
        real = getattr(owner, name)

        def spy(*arguments: Any) -> Any:
            setattr(self.work, what, getattr(self.work, what) + 1)
            return real(*arguments)

        patch.setattr(owner, name, spy)

    async def of(self, doing: Awaitable[object]) -> Work:
        """Do something while nothing else happens; give what the service did for it."""
        self.work = work = Work()
        await doing
        # What a test does after that is not the service's.
        self.work = Work()
        return work


class Desk:
    """A service whose work is counted, and a tenant of it: all that it sends was signed before, and answers are read after."""

    def __init__(self, world: World, http: aiohttp.ClientSession, meter: Meter, folder: Path) -> None:
        self.world, self.http, self.meter = world, http, meter
        self.database = folder / "forge.db"
        self.tenant = Signer.generate()
        self.proof = self.delegated()

    def delegated(self, **parts: Any) -> Delegation:
        issued: dict[str, Any] = {"audience": self.tenant.did, "subject": self.world.service.did, "command": ADD}
        return Delegation.issue(self.world.service, **issued | {"expiration": None} | parts)

    def adding(
        self, customer: DID | None = None, *, proof: Delegation | None = None, command: str = ADD, **parts: Any
    ) -> Invocation:
        arguments = {"customer": customer or Signer.generate().did, "product": PRODUCT, "details": {}}
        how: dict[str, Any] = {"by": self.tenant, "subject": self.world.service.did, "proofs": [(proof or self.proof).cid]}
        return self.world.invocation(command, arguments, **how | parts)

    async def send(self, *tokens: Invocation | Delegation) -> bytes:
        return await self.post(Container.of(*tokens).to_cbor())

    async def post(self, body: bytes) -> bytes:
        async with self.http.post(self.world.url + "/", data=body, headers={"Content-Type": CONTENT_TYPE}) as response:
            assert response.status == 200
            return await response.read()

    async def done(self, *tokens: Invocation | Delegation) -> tuple[Work, list[str]]:
        """Send something; give what the service did, and what came of it."""
        body, answers = Container.of(*tokens).to_cbor(), list[bytes]()

        async def doing() -> None:
            answers.append(await self.post(body))

        work = await self.meter.of(doing())
        return work, outcomes(answers[0])

    def on_disk(self) -> list[tuple[int, int, bytes]]:
        """Give the file and its log as they are on the disk, and when each was written last."""
        files = [self.database, self.database.with_name("forge.db-wal")]
        return [((state := file.stat()).st_size, state.st_mtime_ns, file.read_bytes()) for file in files]


def outcomes(answer: bytes) -> list[str]:
    receipts = [token for token in Container.from_cbor(answer).tokens if isinstance(token, Receipt)]
    return [receipt.error_name or "ok" for receipt in receipts]


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    meter = Meter()
    meter.install(monkeypatch)
    # How fast a machine verifies must not decide what a container of twenty comes to.
    monkeypatch.setattr(execute, "BREATH", 3600.0)
    async with running(tmp_path) as world, aiohttp.ClientSession() as http:
        yield Desk(world, http, meter, tmp_path)


UNIT: Final = [
    "SAVEPOINT block",
    "revokers(1, 1)",
    "RECORDED",
    "ADD_CUSTOMER",
    "APPEND",
    "RECORD",
    "RELEASE SAVEPOINT block",
]
"""All that the store is asked for `/customer/add` with one delegation, inside its transaction."""
LOOK: Final = ["SAVEPOINT block", "revokers(1, 1)", "RECORDED", "RELEASE SAVEPOINT block"]
"""What it is asked for a repeat."""
REFUSED: Final = "ROLLBACK TO SAVEPOINT block"


def begun(*units: list[str]) -> list[str]:
    """Units in one transaction."""
    return ["BEGIN IMMEDIATE", *(statement for unit in units for statement in unit), "COMMIT"]


# -- signatures, and tokens that are read -----------------------------------------------------------------------------


class TestTokens:
    async def test_the_first_with_a_delegation(self, desk: Desk) -> None:
        work, came = await desk.done(desk.adding(), desk.proof)
        assert came == ["ok"]
        assert work.tokens == (2, 1, 2), "both signatures are verified, the receipt is signed, both tokens are read"

    async def test_with_a_delegation_that_is_known(self, desk: Desk) -> None:
        await desk.send(desk.adding(), desk.proof)
        for _ in range(3):
            work, came = await desk.done(desk.adding(), desk.proof)
            assert came == ["ok"]
            assert work.tokens == (1, 1, 1), "its own signature, and nothing of the delegation"

    async def test_a_repeat(self, desk: Desk) -> None:
        asked = desk.adding()
        await desk.send(asked, desk.proof)
        for _ in range(2):
            work, came = await desk.done(asked, desk.proof)
            assert came == ["ok"]
            assert work.tokens == (1, 0, 2), "it is verified anew; its receipt is looked up and read, and not signed again"

    async def test_a_declared_failure(self, desk: Desk) -> None:
        customer = Signer.generate().did
        await desk.send(desk.adding(customer), desk.proof)
        work, came = await desk.done(desk.adding(customer), desk.proof)
        assert came == ["CustomerExists"]
        assert work.tokens == (1, 1, 1)

    async def test_many_at_once(self, desk: Desk) -> None:
        """The delegation is read and verified once, whoever is first; each of the others costs its own two signatures."""
        bodies = [Container.of(desk.adding(), desk.proof).to_cbor() for _ in range(AT_ONCE)]
        answers: list[bytes] = []

        async def all_of_them() -> None:
            answers.extend(await asyncio.gather(*map(desk.post, bodies)))

        work = await desk.meter.of(all_of_them())
        assert [came for answer in answers for came in outcomes(answer)] == ["ok"] * AT_ONCE
        assert work.tokens == (AT_ONCE + 1, AT_ONCE, AT_ONCE + 1)

    async def test_many_in_one_container(self, desk: Desk) -> None:
        work, came = await desk.done(*(desk.adding() for _ in range(AT_ONCE)), desk.proof)
        assert came == ["ok"] * AT_ONCE
        assert work.tokens == (AT_ONCE + 1, AT_ONCE, AT_ONCE + 1)

    async def test_reading_commands(self, desk: Desk) -> None:
        asked = desk.world.invocation("/customer/get", {"customer": desk.tenant.did}, by=desk.world.service)
        work, came = await desk.done(asked)
        assert came == ["CustomerNotFound"]
        assert work.tokens == (1, 1, 1)


# -- statements and commits -------------------------------------------------------------------------------------------


class TestStatements:
    async def test_one(self, desk: Desk) -> None:
        for _ in range(3):
            work, came = await desk.done(desk.adding(), desk.proof)
            assert came == ["ok"]
            assert work.statements == [(WRITING, name) for name in begun(UNIT)]

    async def test_a_repeat(self, desk: Desk) -> None:
        asked = desk.adding()
        await desk.send(asked, desk.proof)
        work, came = await desk.done(asked, desk.proof)
        assert came == ["ok"]
        assert work.statements == [(WRITING, name) for name in begun(LOOK)]

    async def test_a_declared_failure(self, desk: Desk) -> None:
        """What the handler did is undone, and the receipt is kept."""
        customer = Signer.generate().did
        await desk.send(desk.adding(customer), desk.proof)
        work, _ = await desk.done(desk.adding(customer), desk.proof)
        undone = [*UNIT[:4], REFUSED, *UNIT[5:]]
        assert work.written == begun(undone)

    async def test_a_container_shares_a_commit(self, desk: Desk) -> None:
        work, came = await desk.done(*(desk.adding() for _ in range(AT_ONCE)), desk.proof)
        assert came == ["ok"] * AT_ONCE
        assert work.written == begun(*[UNIT] * AT_ONCE)

    async def test_what_queues_shares_a_commit(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        """While somebody else holds the file one request waits for it, and others come: one commit for all of them."""
        waits, queued = asyncio.Event(), asyncio.Event()
        begin_now, submit = session.Writer.begin_now, Line.submit
        count = 0

        def trying(writer: session.Writer) -> bool:
            begun = begin_now(writer)
            if not begun:
                waits.set()
            return begun

        def noting(line: Line, work: Any, *, brief: bool) -> Any:
            nonlocal count
            count += 1
            if count == 1 + AT_ONCE:
                queued.set()
            return submit(line, work, brief=brief)

        monkeypatch.setattr(session.Writer, "begin_now", trying)
        monkeypatch.setattr(Line, "submit", noting)
        bodies = [Container.of(desk.adding(), desk.proof).to_cbor() for _ in range(1 + AT_ONCE)]
        with closing(sqlite3.connect(desk.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            desk.meter.work = work = Work()
            first = asyncio.create_task(desk.post(bodies[0]))
            await asyncio.wait_for(waits.wait(), 30)
            rest = [asyncio.create_task(desk.post(body)) for body in bodies[1:]]
            await asyncio.wait_for(queued.wait(), 30)
            assert work.commits == 0
            other.execute("COMMIT")
            answers = await asyncio.gather(first, *rest)
        assert [came for answer in answers for came in outcomes(answer)] == ["ok"] * (1 + AT_ONCE)
        done = [statement for statement in work.written if statement != "BEGIN IMMEDIATE"]
        assert done == [*UNIT * (1 + AT_ONCE), "COMMIT"]

    async def test_at_once(self, desk: Desk) -> None:
        """However they fall together, a unit is in one transaction, and none has more than it needs."""
        bodies = [Container.of(desk.adding(), desk.proof).to_cbor() for _ in range(AT_ONCE)]
        work = await desk.meter.of(asyncio.gather(*map(desk.post, bodies)))
        assert 1 <= work.commits <= AT_ONCE
        ends = ("BEGIN IMMEDIATE", "COMMIT")
        assert [one for one in work.written if one not in ends] == UNIT * AT_ONCE

    async def test_what_is_brief_runs_on_the_loop(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        threads: list[int] = []
        run = session.Writer.run

        def noting(writer: session.Writer, work: Any) -> Any:
            threads.append(threading.get_ident())
            return run(writer, work)

        monkeypatch.setattr(session.Writer, "run", noting)
        assert outcomes(await desk.send(desk.adding(), desk.proof)) == ["ok"]
        assert threads == [threading.get_ident()]
        assert outcomes(await desk.send(desk.world.invocation("/test/note", {}, by=desk.tenant))) == ["ok"]
        assert threads[1:] != [threading.get_ident()]

    async def test_a_look(self, desk: Desk) -> None:
        asked = desk.world.invocation("/customer/get", {"customer": desk.tenant.did}, by=desk.world.service)
        work, _ = await desk.done(asked)
        assert work.statements == [(READING, "BEGIN"), (READING, "CUSTOMER"), (READING, "ROLLBACK")]


# -- the disk ---------------------------------------------------------------------------------------------------------


Send = Callable[[Desk], Awaitable[bytes]]


async def bad_signature(desk: Desk) -> bytes:
    data = bytearray(bytes(desk.adding()))
    data[10] ^= 1
    return await desk.send(Invocation.decode(bytes(data)), desk.proof)


async def bad_signature_of_the_proof(desk: Desk) -> bytes:
    data = bytearray(bytes(desk.proof))
    data[10] ^= 1
    forged = Delegation.decode(bytes(data))
    return await desk.send(desk.adding(proof=forged), forged)


async def expired(desk: Desk) -> bytes:
    return await desk.send(desk.adding(expiration=now() - 3600), desk.proof)


async def expired_proof(desk: Desk) -> bytes:
    proof = desk.delegated(expiration=now() - 3600)
    return await desk.send(desk.adding(proof=proof), proof)


async def no_proof(desk: Desk) -> bytes:
    return await desk.send(desk.adding())


async def revoked(desk: Desk) -> bytes:
    proof = desk.delegated(nonce=b"revoked")
    return await desk.send(desk.adding(proof=proof), proof)


async def wrong_subject(desk: Desk) -> bytes:
    return await desk.send(desk.adding(subject=desk.tenant.did, proofs=[]))


async def another_command(desk: Desk) -> bytes:
    return await desk.send(desk.adding(command="/customer/nothing"), desk.proof)


async def not_delegated(desk: Desk) -> bytes:
    return await desk.send(desk.adding(command="/plan/add"), desk.proof)


async def malformed(desk: Desk) -> bytes:
    asked = desk.world.invocation(ADD, {"customer": 1}, by=desk.world.service)
    return await desk.send(asked)


async def policy(desk: Desk) -> bytes:
    proof = desk.delegated(policy=Policy.decode([["==", ".product", "did:web:another.example.com"]]))
    return await desk.send(desk.adding(proof=proof), proof)


async def fault(desk: Desk) -> bytes:
    return await desk.send(desk.world.invocation("/test/undeclared", {}, by=desk.tenant))


REFUSALS: Final[dict[str, tuple[Send, str, tuple[int, int], list[str]]]] = {
    "a bad signature": (bad_signature, "InvalidSignature", (1, 1), []),
    "a bad signature of the proof": (bad_signature_of_the_proof, "InvalidSignature", (2, 1), []),
    "expired": (expired, "Expired", (1, 1), []),
    "an expired proof": (expired_proof, "Expired", (2, 1), []),
    "no proof": (no_proof, "UnavailableProof", (1, 1), []),
    "revoked": (revoked, "Revoked", (1, 1), begun([*LOOK[:2], REFUSED, LOOK[-1]])),
    "the wrong subject": (wrong_subject, "InvalidCustomerSubject", (1, 1), begun([LOOK[0], "RECORDED", REFUSED, LOOK[-1]])),
    "an unknown command": (another_command, "HandlerNotFound", (0, 1), []),
    "another command than was delegated": (not_delegated, "ImpossibleAttenuation", (1, 1), []),
    "malformed arguments": (malformed, "MalformedArguments", (1, 1), []),
    "a policy": (policy, "MatchError", (2, 1), []),
}
"""How it is refused, the name, the signatures that are verified and made, and what the store is asked."""


class TestDisk:
    async def test_what_is_done_is_seen(self, desk: Desk) -> None:
        """So that the others show something."""
        await desk.send(desk.adding(), desk.proof)
        before = desk.on_disk()
        await desk.send(desk.adding(), desk.proof)
        after = desk.on_disk()
        assert after[1][0] > before[1][0]
        assert after[0] == before[0], "and it is in the log"

    @pytest.mark.parametrize(("send", "name", "signatures", "statements"), REFUSALS.values(), ids=REFUSALS)
    async def test_what_is_refused_costs_it_nothing(
        self, desk: Desk, send: Send, name: str, signatures: tuple[int, int], statements: list[str]
    ) -> None:
        await desk.send(desk.adding(), desk.proof)
        taken_back = desk.delegated(nonce=b"revoked")
        revoke = desk.world.invocation("/ucan/revoke", {"revoke": taken_back.cid, "path": []}, by=desk.world.service)
        assert outcomes(await desk.send(revoke, taken_back)) == ["ok"]
        before = desk.on_disk()
        # Tokens are signed before, and what that takes is not the service's.
        bodies: list[bytes] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(desk, "post", capturing(bodies))
            await send(desk)
        answers: list[bytes] = []

        async def doing() -> None:
            answers.append(await desk.post(bodies[0]))

        work = await desk.meter.of(doing())
        assert outcomes(answers[0]) == [name]
        assert desk.on_disk() == before
        assert (work.verified, work.signed) == signatures
        assert work.written == statements
        assert all(kind == WRITING for kind, _ in work.statements)

    async def test_many_refusals_in_one_group_cost_it_nothing(self, desk: Desk) -> None:
        await desk.send(desk.adding(), desk.proof)
        before = desk.on_disk()
        work, came = await desk.done(*(desk.adding(subject=desk.tenant.did, proofs=[]) for _ in range(AT_ONCE)))
        assert came == ["InvalidCustomerSubject"] * AT_ONCE
        assert work.commits == 1
        assert desk.on_disk() == before

    async def test_a_fault_costs_it_nothing_that_lasts(self, desk: Desk) -> None:
        """A handler that has a fault after it has changed something: what it wrote is undone."""
        await desk.send(desk.adding(), desk.proof)
        rows = desk.database
        with closing(sqlite3.connect(rows)) as other:
            before = [other.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("customer", "ledger", "event")]  # noqa: S608
            assert outcomes(await fault(desk)) == ["HandlerExecutionError"]
            after = [other.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("customer", "ledger", "event")]  # noqa: S608
        assert after == before

    async def test_a_repeat_costs_it_nothing(self, desk: Desk) -> None:
        asked = desk.adding()
        first = await desk.send(asked, desk.proof)
        before = desk.on_disk()
        for _ in range(3):
            assert await desk.send(asked, desk.proof) == first
        assert desk.on_disk() == before

    async def test_reading_costs_it_nothing(self, desk: Desk) -> None:
        customer = Signer.generate()
        asked = desk.adding(customer.did)
        await desk.send(asked, desk.proof)
        before = desk.on_disk()
        for command, arguments in (("/customer/get", {"customer": customer.did}), ("/customer/list", {}), ("/event/list", {})):
            looking = desk.world.invocation(command, arguments, by=desk.world.service)
            work, came = await desk.done(looking)
            assert came == ["ok"]
            assert work.written == []
        assert await desk.world.client.receipt(asked.task) is not None
        for path in ("/", "/health/ready", "/metrics", f"/receipt/{desk.proof.cid}", f"/revocation/{desk.proof.cid}"):
            async with desk.http.get(desk.world.url + path) as response:
                assert response.status in (200, 404)
        assert desk.on_disk() == before

    async def test_no_body_of_a_container_costs_it_nothing(self, desk: Desk) -> None:
        await desk.send(desk.adding(), desk.proof)
        before = desk.on_disk()
        assert outcomes(await desk.send()) == []
        elsewhere = Signer.generate()
        assert outcomes(await desk.send(desk.adding(audience=elsewhere.did), desk.proof)) == []
        assert desk.on_disk() == before


def capturing(bodies: list[bytes]) -> Callable[[bytes], Awaitable[bytes]]:
    async def post(body: bytes) -> bytes:
        bodies.append(body)
        return Container.of().to_cbor()

    return post


# -- the calls themselves ---------------------------------------------------------------------------------------------


@contextmanager
def traced(place: Place, calls: Path) -> Iterator[Server]:
    """Start `forge serve` with its calls for synchronising written to a file, a line each, before they return to it."""
    port = free_port()
    command = [
        "strace",
        "-qq",
        "-f",
        "-e",
        "trace=fsync,fdatasync,sync_file_range,msync",
        "-e",
        "signal=none",
        "-o",
        str(calls),
    ]
    command += [sys.executable, "-m", "forge", "serve", "--key", str(place.key), "--port", str(port)]
    command += ["--store", f"sqlite:///{place.database}"]
    with (place.folder / "log.txt").open("wb") as log:
        how: dict[str, Any] = {"cwd": ROOT, "env": unmeasured.environment(), "stdout": log, "stderr": log}
        with subprocess.Popen(command, start_new_session=True, **how) as process:
            try:
                yield Server(process, f"http://127.0.0.1:{port}", Path(log.name))
            finally:
                # strace itself takes no notice: it ends with what it watches.
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(30)


@pytest.mark.skipif(not can_trace(), reason=CANNOT)
async def test_what_is_synchronised(tmp_path: Path) -> None:
    place, calls = Place(tmp_path), tmp_path / "calls.txt"

    def count() -> int:
        return len(calls.read_text().splitlines())

    with traced(place, calls) as server:
        await server.ready()
        async with aiohttp.ClientSession() as http:
            service, customer = place.service, Signer.generate()

            def adding(did: DID, **parts: Any) -> Invocation:
                arguments = {"customer": did, "product": PRODUCT, "details": {}}
                how: dict[str, Any] = {"subject": service.did, "command": ADD, "arguments": arguments, "expiration": None}
                return Invocation.issue(service, **how | parts)

            async def post(*tokens: Invocation) -> list[str]:
                body, headers = Container.of(*tokens).to_cbor(), {"Content-Type": CONTENT_TYPE}
                async with http.post(server.url + "/", data=body, headers=headers) as response:
                    return outcomes(await response.read())

            asked = adding(customer.did)
            assert await post(asked) == ["ok"]

            before = count()
            assert await post(adding(Signer.generate().did)) == ["ok"]
            assert count() - before == 1, "what changes something is synchronised once"

            before = count()
            assert await post(*(adding(Signer.generate().did) for _ in range(AT_ONCE))) == ["ok"] * AT_ONCE
            assert 1 <= count() - before <= AT_ONCE, "no more than once each; that they share it is shown above"

            before = count()
            assert await post(asked) == ["ok"], "a repeat"
            assert await post(adding(customer.did, expiration=1)) == ["Expired"]
            assert await post(adding(customer.did, subject=customer.did, audience=service.did)) == ["InvalidClaim"]
            assert await post(adding(customer.did, command=CommandPath("/customer/nothing"))) == ["HandlerNotFound"]
            assert await post(adding(customer.did, arguments={"customer": 1})) == ["MalformedArguments"]
            mistaken = Invocation.issue(
                customer, subject=customer.did, audience=service.did, command=ADD, arguments=asked.arguments, expiration=None
            )
            assert await post(mistaken) == ["InvalidCustomerSubject"]
            reading = adding(customer.did, command=CommandPath("/customer/get"), arguments={"customer": customer.did})
            assert await post(reading) == ["ok"]
            assert count() == before
