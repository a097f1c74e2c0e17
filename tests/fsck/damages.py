"""Damage, planted by plain SQL into a store that is whole: each kind by the name that it is to be found by."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from forge.cid import CID
from forge.keys import Signer
from forge.receipt import Receipt
from store import Transaction
from tests.fsck.filled import ARCHIVE

Plant = Callable[[Transaction], object]

DAMAGES: dict[str, tuple[str, Plant]] = {}
"""By what was done: what it is to be found as, and how it is done, on any engine."""
ON_SQLITE: dict[str, tuple[str, Callable[[sqlite3.Connection], object]]] = {}
"""The same, of what only SQLite lets anybody do."""
IN_ARCHIVE: dict[str, tuple[str, str]] = {
    "an archived row is gone": (
        "archived-row-missing",
        "UPDATE entry SET task = CAST(x'0155' || substr(task, 3) AS BLOB) WHERE seq = 3",
    ),
    "an archived row was changed": ("archived-row-damaged", "UPDATE entry SET command = '/x' WHERE seq = 3"),
    "an archive is an older copy": ("archive-missing", "DELETE FROM entry WHERE seq > 3"),
    "an archive is another one": ("archive-missing", "UPDATE archive SET id = x'00'"),
}
"""The same, of an archive's file."""


def damage(done: str, found: str) -> Callable[[Plant], Plant]:
    def enter(plant: Plant) -> Plant:
        assert done not in DAMAGES
        DAMAGES[done] = found, plant
        return plant

    return enter


def first(tx: Transaction, columns: str, table: str, where: str, *values: Any) -> tuple[Any, ...]:
    """Read some of the first row of which something holds."""
    row = tx.ask(f"SELECT {columns} FROM {table} WHERE {where} LIMIT 1", values).fetchone()  # noqa: S608 - the tests' own
    assert row is not None, f"no {table} where {where}: fill the store with one"
    return tuple(row)


def flipped(data: bytes, place: int) -> bytes:
    """Change one bit of it."""
    return data[:place] + bytes((data[place] ^ 1,)) + data[place + 1 :]


# -- the ledger --------------------------------------------------------------------------------------------------------


def _ledger(column: str, change: Callable[[Any], Any], done: str, found: str, command: str = "/plan/retire") -> None:
    """Damage a cell of a row of the ledger."""

    def plant(tx: Transaction) -> None:
        seq, cell = first(tx, f"seq, {column}", "ledger", "command = ?", command)
        tx.ask(f"UPDATE ledger SET {column} = ? WHERE seq = ?", (change(cell), seq))  # noqa: S608 - ours

    damage(done, found)(plant)


_ledger("invocation", lambda cell: cell[:-1], "an invocation is cut", "invocation-unreadable")
_ledger("invocation", lambda cell: flipped(cell, 20), "a bit of an invocation's signature", "invocation-signature")
_ledger("receipt", lambda _: b"", "a receipt is gone", "receipt-unreadable")
_ledger("receipt", lambda cell: flipped(cell, 20), "a bit of a receipt's signature", "receipt-signature")
_ledger("command", lambda _: "/plan/add", "another command", "command-differs")
_ledger("issuer", lambda _: "did:web:another.example.com", "another issuer", "issuer-differs")
_ledger("subject", lambda _: "did:web:another.example.com", "another subject", "subject-differs")
_ledger("proofs", lambda _: b"\0\0\0\1x", "another proof", "proofs-differ")
_ledger("at", lambda cell: cell + 1, "another time", "time-differs")


@damage("a task of another name", "task-differs")
def _(tx: Transaction) -> None:
    # Of one that failed: no row names it.
    for seq, receipt in tx.ask(
        "SELECT seq, receipt FROM ledger WHERE command = '/customer/add' AND archive IS NULL"
    ).fetchall():
        if Receipt.decode(receipt).error is not None:
            tx.ask("UPDATE ledger SET task = ? WHERE seq = ?", (bytes(CID.of(b"another")), seq))
            return
    raise AssertionError("fill the store with a task that failed")


@damage("another task's receipt", "receipt-of-another")
def _(tx: Transaction) -> None:
    (receipt,) = first(tx, "receipt", "ledger", "command = '/plan/add'")
    tx.ask("UPDATE ledger SET receipt = ? WHERE command = '/plan/retire' AND archive IS NULL", (receipt,))


@damage("somebody else's receipt", "receipt-executor")
def _(tx: Transaction) -> None:
    seq, receipt, at = first(tx, "seq, receipt, at", "ledger", "command = '/plan/retire'")
    forged = Receipt.issue(Signer.generate(), ran=Receipt.decode(receipt).ran, out={}, issued_at=at)
    tx.ask("UPDATE ledger SET receipt = ? WHERE seq = ?", (bytes(forged), seq))


@damage("a row of the ledger is gone", "cause-missing")
def _(tx: Transaction) -> None:
    tx.ask("DELETE FROM ledger WHERE command = '/subscription/extend' AND archive IS NULL")


@damage("a row that no task made", "cause-missing")
def _(tx: Transaction) -> None:
    tx.ask("UPDATE assignment SET accepted_by = ? WHERE accepted_by IS NOT NULL", (bytes(CID.of(b"nothing")),))


@damage("what a task did is gone, and its event too", "effect-missing")
def _(tx: Transaction) -> None:
    task = _loner(tx)
    tx.ask("DELETE FROM event WHERE task = ?", (task,))
    tx.ask("DELETE FROM plan WHERE task = ?", (task,))


def _loner(tx: Transaction) -> bytes:
    """Give the task of the last event: a plan that nobody has subscribed to."""
    task, kind = first(tx, "task, type", "event", "seq = (SELECT max(seq) FROM event)")
    assert kind == "plan-added"
    return bytes(task)


# -- archives, as the store has them -----------------------------------------------------------------------------------


@damage("an archive with rows that are not there", "archive-count")
def _(tx: Transaction) -> None:
    tx.ask("UPDATE archive SET entries = entries - 1")


@damage("an archive that is nowhere", "archive-missing")
def _(tx: Transaction) -> None:
    tx.ask("UPDATE archive SET place = ?", (f"no-{ARCHIVE}",))


# -- events ------------------------------------------------------------------------------------------------------------


@damage("an event is gone", "row-untold")
def _(tx: Transaction) -> None:
    tx.ask("DELETE FROM event WHERE task = ?", (_loner(tx),))


@damage("an event is missing between two", "event-gap")
def _(tx: Transaction) -> None:
    tx.ask("UPDATE event SET seq = seq + 1 WHERE seq = (SELECT max(seq) FROM event)")


@damage("an event by somebody else", "event-differs")
def _(tx: Transaction) -> None:
    tx.ask("UPDATE event SET issuer = subject, command = '/x' WHERE type = 'plan-retired'")


@damage("an event of no type", "event-unreadable")
def _(tx: Transaction) -> None:
    tx.ask("UPDATE event SET type = 'plan-burnt' WHERE task = ?", (_loner(tx),))


@damage("an event that says nothing", "event-unreadable")
def _(tx: Transaction) -> None:
    tx.ask("UPDATE event SET data = '{' WHERE task = ?", (_loner(tx),))


@damage("an event that lacks something", "event-unreadable")
def _(tx: Transaction) -> None:
    tx.ask("UPDATE event SET data = '{}' WHERE task = ?", (_loner(tx),))


@damage("an event of another customer's", "event-number")
def _(tx: Transaction) -> None:
    tx.ask("UPDATE event SET customer_seq = customer_seq - 1 WHERE seq = (SELECT max(seq) FROM event WHERE customer_seq > 1)")


@damage("an event of nobody's", "event-number")
def _(tx: Transaction) -> None:
    tx.ask("UPDATE event SET giver_seq = 1 WHERE seq = (SELECT max(seq) FROM event WHERE giver IS NULL)")


@damage("an event that comes twice", "event-impossible")
def _(tx: Transaction) -> None:
    columns = "at, task, command, issuer, subject, type, customer, giver, subscription, consumer, data, customer_seq, giver_seq"
    last = "SELECT max(seq) FROM event WHERE type = 'plan-retired'"
    tx.ask(f"INSERT INTO event ({columns}) SELECT {columns} FROM event WHERE seq = ({last})")  # noqa: S608 - ours


@damage("an event that ends what had not begun", "event-impossible")
def _(tx: Transaction) -> None:
    columns = "at, task, command, issuer, subject, type, customer, giver, subscription, consumer, data, customer_seq, giver_seq"
    last = "SELECT max(seq) FROM event WHERE type = 'consumer-released'"
    tx.ask(f"INSERT INTO event ({columns}) SELECT {columns} FROM event WHERE seq = ({last})")  # noqa: S608 - ours


# -- rows of the domain ------------------------------------------------------------------------------------------------


@damage("a customer with another product", "row-differs")
def _(tx: Transaction) -> None:
    tx.ask("UPDATE customer SET product = 'did:web:another.example.com' WHERE seq = 1")


@damage("a plan with another price", "row-differs")
def _(tx: Transaction) -> None:
    task = _loner(tx)
    tx.ask("UPDATE plan SET name = 'another' WHERE task = ?", (task,))


@damage("an event that tells something else", "row-differs")
def _(tx: Transaction) -> None:
    task = _loner(tx)
    (data,) = first(tx, "data", "event", "task = ?", task)
    tx.ask("UPDATE event SET data = ? WHERE task = ?", (json.dumps(json.loads(data) | {"name": "another"}), task))


@damage("a payment is gone", "row-missing")
def _(tx: Transaction) -> None:
    tx.ask("DELETE FROM payment WHERE seq = (SELECT max(seq) FROM payment)")


@damage("a payment by hand", "row-untold")
def _(tx: Transaction) -> None:
    tx.ask(
        "INSERT INTO payment (provider, subscription, event, reference, ends_at, at, task)"
        " SELECT provider, subscription, 'paid', 'by hand', ends_at + 1, at, task FROM payment WHERE event = 'paid' AND seq = 1"
    )


@damage("a consumer that left later than the next time began", "rows-overlap")
def _(tx: Transaction) -> None:
    (seq,) = first(
        tx,
        "a.seq",
        "assignment a JOIN assignment b ON b.consumer = a.consumer AND b.provider = a.provider AND b.seq > a.seq",
        "a.until > a.since AND b.until IS NULL",
    )
    tx.ask("UPDATE assignment SET until = until + 1 WHERE seq = ?", (seq,))


@damage("a holder that began before the last one ended", "rows-overlap")
def _(tx: Transaction) -> None:
    (seq,) = first(
        tx, "b.seq", f"holding a JOIN holding b ON {_SAME}", "a.until > a.since AND b.until IS NULL AND b.since = a.until"
    )
    tx.ask("UPDATE holding SET since = since - 1 WHERE seq = ?", (seq,))


_SAME = "b.subscription = a.subscription AND b.provider = a.provider AND b.seq > a.seq"


@damage("a seat beyond the last one", "seats-exceeded")
def _(tx: Transaction) -> None:
    tx.ask(
        "UPDATE assignment SET seat = 99 WHERE seq = (SELECT max(seq) FROM assignment WHERE seat IS NOT NULL AND until IS NULL)"
    )


@damage("more consumers than seats", "seats-exceeded")
def _(tx: Transaction) -> None:
    (subscription,) = first(tx, "subscription", "assignment", "seat = 1 AND until IS NULL")
    tx.ask("UPDATE subscription SET seats = 1 WHERE id = ?", (subscription,))


@damage("a seat without a number", "seat-unnumbered")
def _(tx: Transaction) -> None:
    tx.ask("UPDATE assignment SET seat = NULL WHERE seq = (SELECT max(seq) FROM assignment WHERE seat IS NOT NULL)")


@damage("a payer that is paid for", "payer-has-payer")
def _(tx: Transaction) -> None:
    (_, leaf), (seq, _) = tx.ask("SELECT seq, customer FROM payer WHERE until IS NULL ORDER BY seq").fetchall()[:2]
    tx.ask("UPDATE payer SET payer = ? WHERE seq = ?", (leaf, seq))


@damage("two that pay for each other", "payer-has-payer")
def _(tx: Transaction) -> None:
    pairs = tx.ask("SELECT seq, customer FROM payer WHERE until IS NULL ORDER BY seq").fetchall()[:2]
    for (seq, _), (_, other) in zip(pairs, reversed(pairs), strict=True):
        tx.ask("UPDATE payer SET payer = ? WHERE seq = ?", (other, seq))


@damage("a guest of a guest", "link-chain")
def _(tx: Transaction) -> None:
    (one,), (other,) = tx.ask("SELECT guest FROM link ORDER BY guest").fetchall()[:2]
    tx.ask("UPDATE link SET customer = ? WHERE guest = ?", (other, one))


@damage("a guest that kept something", "guest-holds")
def _(tx: Transaction) -> None:
    (guest, customer) = first(tx, "guest, customer", "link", "guest <> ''")
    tx.ask("UPDATE holding SET customer = ? WHERE customer = ? AND until IS NULL", (guest, customer))


@damage("a guest that pays", "guest-holds")
def _(tx: Transaction) -> None:
    (guest,) = first(tx, "guest", "link", "guest <> ''")
    tx.ask("UPDATE payer SET payer = ? WHERE seq = (SELECT max(seq) FROM payer)", (guest,))


# -- revocations, and what others said -----------------------------------------------------------------------------------


@damage("a delegation of other bytes", "delegation-differs")
def _(tx: Transaction) -> None:
    cid, data = first(tx, "cid, data", "delegation", "data IS NOT NULL")
    tx.ask("UPDATE delegation SET data = ? WHERE cid = ?", (flipped(data, 20), cid))


@damage("a delegation is gone", "delegation-missing")
def _(tx: Transaction) -> None:
    tx.ask("DELETE FROM delegation WHERE cid = (SELECT cid FROM delegation ORDER BY cid LIMIT 1)")


@damage("a revocation by somebody else", "revocation-unbacked")
def _(tx: Transaction) -> None:
    last = "recorded_at = (SELECT max(recorded_at) FROM revocation)"
    tx.ask(f"UPDATE revocation SET revoker = 'did:web:another.example.com' WHERE {last}")  # noqa: S608 - ours


@damage("a revocation of something else", "revocation-unbacked")
def _(tx: Transaction) -> None:
    last = "recorded_at = (SELECT max(recorded_at) FROM revocation)"
    tx.ask(f"UPDATE revocation SET delegation = ? WHERE {last}", (bytes(CID.of(b"x")),))  # noqa: S608 - ours


@damage("a revocation whose invocation is cut", "revocation-unbacked")
def _(tx: Transaction) -> None:
    ((at, data),) = tx.ask("SELECT recorded_at, invocation FROM revocation ORDER BY recorded_at LIMIT 1").fetchall()
    tx.ask("UPDATE revocation SET invocation = ? WHERE recorded_at = ?", (data[:-1], at))


@damage("a revocation that nobody signed", "revocation-signature")
def _(tx: Transaction) -> None:
    ((at, data),) = tx.ask("SELECT recorded_at, invocation FROM revocation ORDER BY recorded_at LIMIT 1").fetchall()
    forged = flipped(data, 20)
    tx.ask("UPDATE revocation SET invocation = ?, cause = ? WHERE recorded_at = ?", (forged, bytes(CID.of(forged)), at))


@damage("a revocation is gone", "revocation-missing")
def _(tx: Transaction) -> None:
    tx.ask("DELETE FROM revocation WHERE recorded_at = (SELECT max(recorded_at) FROM revocation)")


@damage("a statement that says the contrary", "statement-differs")
def _(tx: Transaction) -> None:
    tx.ask("UPDATE statement SET failed = 1 - failed WHERE seq = 1")


@damage("a statement that is no receipt", "statement-differs")
def _(tx: Transaction) -> None:
    tx.ask("UPDATE statement SET data = ? WHERE seq = 1", (b"\0",))


@damage("a statement that nobody signed", "statement-signature")
def _(tx: Transaction) -> None:
    (data,) = first(tx, "data", "statement", "seq = 1")
    forged = flipped(data, 20)
    tx.ask("UPDATE statement SET data = ?, receipt = ? WHERE seq = 1", (forged, bytes(CID.of(forged))))


# -- what SQLite alone lets happen -------------------------------------------------------------------------------------


def on_sqlite(done: str, found: str) -> Callable[[Callable[[sqlite3.Connection], object]], object]:
    def enter(plant: Callable[[sqlite3.Connection], object]) -> object:
        ON_SQLITE[done] = found, plant
        return plant

    return enter


@on_sqlite("an index that lacks a row", "engine")
def _(connection: sqlite3.Connection) -> None:
    (seq, account) = connection.execute("SELECT seq, external_account FROM customer WHERE external_account > ''").fetchone()
    connection.execute("UPDATE customer SET external_account = NULL WHERE seq = ?", (seq,))
    connection.execute("PRAGMA writable_schema = ON")
    hidden = connection.execute("SELECT * FROM sqlite_schema WHERE name = 'customer_by_account'").fetchall()
    connection.execute("DELETE FROM sqlite_schema WHERE name = 'customer_by_account'")
    connection.execute("PRAGMA writable_schema = RESET")
    connection.execute("UPDATE customer SET external_account = ? WHERE seq = ?", (account, seq))
    connection.execute("PRAGMA writable_schema = ON")
    connection.executemany("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", hidden)
    connection.execute("PRAGMA writable_schema = RESET")


@on_sqlite("an index is gone", "schema-differs")
def _(connection: sqlite3.Connection) -> None:
    connection.execute("DROP INDEX assignment_current")


@on_sqlite("a table of somebody else's", "schema-differs")
def _(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE mine (x)")


@on_sqlite("a row that refers to nothing", "foreign-key")
def _(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE assignment SET subscription = 'nothing' WHERE seq = 1")


@on_sqlite("a row that a check refuses", "engine")
def _(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA ignore_check_constraints = ON")
    connection.execute("UPDATE clock SET one = 2")
