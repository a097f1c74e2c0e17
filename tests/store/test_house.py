"""Moving house: what is written out is read in, on every engine, with the same digest; anything else leaves nothing."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from forge import dagcbor
from forge.errors import ConfigurationError, StoreError
from store import Transaction, connect, sql
from store.moving.whole import whole
from store.tables import ROWS, TABLES
from tests.fsck.filled import ARCHIVE, examined, filled, silent, within
from tests.store import samples
from tests.store.conftest import ENGINES, Tx
from tests.store.samples import ALICE, BOB, CAROL, names


def everything(tx: Transaction) -> dict[str, list[tuple[object, ...]]]:
    """All rows, as they lie."""
    return {table.name: [row for page in tx.pages(table) for row in page] for table in TABLES}


@pytest.fixture
def export(tmp_path: Path) -> Path:
    file = tmp_path / "given"
    file.write_bytes(filled().export)
    return file


def records(data: bytes) -> list[bytes]:
    """Take a stream apart."""
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4])
        found.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def joined(parts: list[bytes]) -> bytes:
    """Put a stream together, with a digest that is right."""
    *rows, end = parts
    before = b"".join(len(part).to_bytes(4) + part for part in rows)
    told = dagcbor.decode(end)
    assert isinstance(told, dict)
    end = dagcbor.encode({**told, "digest": sha256(before).digest()})
    return before + len(end).to_bytes(4) + end


@pytest.mark.parametrize("source", ENGINES)
@pytest.mark.parametrize("target", ENGINES)
def test_from_engine_to_engine_and_out_again(source: str, target: str, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()

    async def carry() -> None:
        one, two = await connect(first), await connect(second)
        exported = await one.write_out(tmp_path / "one.export", tell=silent)
        imported = await two.read_in(tmp_path / "one.export", tell=silent)
        again = await two.write_out(tmp_path / "two.export", tell=silent)
        assert exported == imported == again
        assert await one.read(everything) == await two.read(everything)
        # Numbers go on, and nothing that is there is in their way.
        await two.change(lambda tx: samples.register(tx, ALICE, BOB))
        await one.close()
        await two.close()

    # Before there is a loop: an engine may need one to make a place.
    first, second = within(source, tmp_path / "one", lambda _: None), ENGINES[target](tmp_path / "two")
    asyncio.run(carry())
    assert (tmp_path / "one.export").read_bytes() == (tmp_path / "two.export").read_bytes()


def test_every_table_has_rows_in_these_tests() -> None:
    (*_, end) = records(filled().export)
    told = dagcbor.decode(end)
    assert isinstance(told, dict)
    counts = told["counts"]
    assert isinstance(counts, dict)
    assert counts.keys() == {table.name for table in TABLES}
    assert not [name for name, count in counts.items() if not count]


async def test_numbers_go_on_after_the_highest(store: Tx, export: Path) -> None:
    await store.read_in(export, tell=silent)
    before = await store.read(everything)
    await store.change(lambda tx: samples.subscribe(tx, "one", of=CAROL))
    await store.change(lambda tx: tx.record(samples.entry()))
    await store.change(lambda tx: tx.append(samples.event(customer=CAROL)))
    after = await store.read(everything)
    for name in ("customer", "holding", "ledger", "event"):
        assert after[name][-1][0] > before[name][-1][0]  # type: ignore[operator] # numbers


async def test_an_empty_store_and_large_rows(store: Tx, tmp_path: Path) -> None:
    empty = await store.write_out(tmp_path / "empty", tell=silent)
    assert set(empty.rows.values()) == {0}
    await store.read_in(tmp_path / "empty", tell=silent)
    big = replace(samples.entry(), invocation=bytes(2_000_000))
    await store.change(lambda tx: tx.record(big))
    told: list[tuple[int, float]] = []
    found = await store.write_out(tmp_path / "big", tell=lambda count, share: told.append((count, share)))
    assert found.rows["ledger"] == 1
    assert told == [(1, 1.0)]


async def test_only_into_a_store_without_rows(store: Tx, export: Path) -> None:
    await store.change(lambda tx: tx.follow("https://x.example.com", 1))
    with pytest.raises(ConfigurationError, match="the store has rows already, in followed: import into one that has none"):
        await store.read_in(export, tell=silent)
    assert await store.read(lambda tx: tx.followed("https://x.example.com")) == 1
    assert await store.read(lambda tx: tx.last_event()) == 0


async def test_what_breaks_off_keeps_nothing(store: Tx, export: Path) -> None:
    class OhNoError(Exception):
        pass

    def tell(count: int, _: float) -> None:
        if count > 200:
            raise OhNoError

    with pytest.raises(OhNoError):
        await store.read_in(export, tell=tell)
    assert not [name for name, rows in (await store.read(everything)).items() if rows]
    await store.read_in(export, tell=silent)


@pytest.mark.parametrize(
    ("bend", "said"),
    [
        (lambda _: b"", "it is damaged, or no export of a store"),
        (lambda _: b"Dear Sir or Madam", "it is not whole: it ends within a record, or is something else"),
        (lambda data: data[:-1], "it is not whole: it ends within a record"),
        (lambda data: data[: data.rindex(b"fcounts") - 5], "it is not whole: its end is missing"),
        (lambda data: data[:1000] + bytes((data[1000] ^ 1,)) + data[1001:], "it is damaged: its digest is another one"),
        (lambda data: data + data, "it is damaged: its digest is another one"),
        (lambda data: data.replace(b"gversion\x01", b"gversion\x02"), "it has version 2; this version of forge reads 1"),
        (lambda data: data.replace(sql.STEP.encode(), b"9999", 1), "it was exported at step 9999 of the schema"),
        (
            lambda data: joined([part for part in records(data) if b"etable" not in part or b"gpayment" not in part]),
            "do not have its columns",
        ),
        (lambda data: joined(records(data)[:-2] + records(data)[-1:]), "this store gives the digest"),
        (lambda data: joined([part.replace(b"kinserted_at", b"kinverted_at") for part in records(data)]), "has a table"),
        (lambda data: joined([part.replace(b"dopen", b"dshut") for part in records(data)]), "do not fit into a store"),
        (lambda data: joined([one for part in records(data) for one in [part] * (1 + (b"fsecond" in part))]), "two rows"),
    ],
    ids=range(13),
)
async def test_what_is_no_whole_export_is_refused(store: Tx, tmp_path: Path, bend: object, said: str) -> None:
    file = tmp_path / "bent"
    file.write_bytes(bend(filled().export))  # type: ignore[operator] # a lambda of the table
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        await store.read_in(file, tell=silent)
    assert not [name for name, rows in (await store.read(everything)).items() if rows]


async def test_files_that_cannot_be(store: Tx, tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"x")
    with pytest.raises(ConfigurationError, match=r"there is a file .*there, and none is written over"):
        await store.write_out(tmp_path / "there", tell=silent)
    with pytest.raises(ConfigurationError, match="cannot be written: No such file or directory"):
        await store.write_out(tmp_path / "no" / "such", tell=silent)
    with pytest.raises(ConfigurationError, match="cannot be read: No such file or directory"):
        await store.read_in(tmp_path / "nothing", tell=silent)
    assert (tmp_path / "there").read_bytes() == b"x"


def test_an_export_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    class OhNoError(Exception):
        pass

    def write() -> None:
        with whole(tmp_path / "file") as beside:
            beside.write_bytes(b"half")
            raise OhNoError

    with pytest.raises(OhNoError):
        write()
    assert names(tmp_path) == []


def test_pages_are_small() -> None:
    """What is held in memory is a page: that of a ledger's rows, each of which may have megabytes, is smaller still."""
    assert {table.rows for table in TABLES} == {ROWS, 8}
    sizes = [len(record) for record in records(filled().export)]
    assert max(sizes) < 64 * 1024


# -- the backup of a SQLite file -------------------------------------------------------------------------------------------


class TestBackup:
    def test_is_the_store_as_it_was(self, tmp_path: Path) -> None:
        url = within("sqlite", tmp_path, lambda _: None)
        told: list[float] = []

        async def run() -> None:
            store = await connect(url)
            before = await store.read(everything)

            def tell(_: int, share: float) -> None:
                told.append(share)

            # Somebody else writes while it is copied: between any two steps of it.
            writer = await connect(url)
            writing = asyncio.create_task(write(writer))
            await store.backup(tmp_path / "copy.db", tell=tell)
            writing.cancel()
            await store.close()
            await writer.close()
            copy = await connect(str(tmp_path / "copy.db"))
            after = await copy.read(everything)
            assert {name: rows for name, rows in after.items() if name != "followed"} == {
                name: rows for name, rows in before.items() if name != "followed"
            }
            await copy.close()

        async def write(store: Tx) -> None:
            number = 10
            while True:
                await store.change(lambda tx, number=number: tx.follow("https://elsewhere.example.com", number))  # type: ignore[misc] # its default binds it
                number += 1

        asyncio.run(run())
        assert told[-1] == 1.0
        assert (tmp_path / "copy.db").stat().st_mode == (tmp_path / "store.db").stat().st_mode
        assert examined(str(tmp_path / "copy.db"))[0] == []
        assert ARCHIVE in names(tmp_path)

    async def test_goes_on_to_its_end_whatever_is_written(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A copy that began anew with every commit of somebody else would have no end where there is always one."""
        monkeypatch.setattr("store.backup.PAGES", 1)
        store, writer = [await connect(str(tmp_path / "store.db")) for _ in range(2)]
        await store.change(lambda tx: tx.record(replace(samples.entry(), receipt=bytes(500_000))))
        loop, shares = asyncio.get_running_loop(), []

        def tell(_: int, share: float) -> None:
            shares.append(share)
            asyncio.run_coroutine_threadsafe(
                writer.change(lambda tx: tx.follow("https://x.example.com", len(shares))), loop
            ).result()

        await store.backup(tmp_path / "copy.db", tell=tell)
        assert shares == sorted(shares)
        assert len(shares) > 100
        copy = await connect(str(tmp_path / "copy.db"))
        assert await copy.read(lambda tx: tx.followed("https://x.example.com")) == 0
        for one in (store, writer, copy):
            await one.close()

    async def test_never_writes_over_a_file(self, tmp_path: Path) -> None:
        store = await connect(str(tmp_path / "store.db"))
        (tmp_path / "there").write_bytes(b"x")
        with pytest.raises(ConfigurationError, match=r"there is a file .*there, and none is written over"):
            await store.backup(tmp_path / "there", tell=silent)
        with pytest.raises(ConfigurationError, match="cannot be written: No such file"):
            await store.backup(tmp_path / "no" / "such", tell=silent)
        await store.close()
        (tmp_path / "store.db").write_bytes(b"x" * 10_000)
        with pytest.raises(StoreError, match="backup: file is not a database"):
            await store.backup(tmp_path / "copy", tell=silent)
        assert names(tmp_path) == ["store.db", "there"]


async def test_postgresql_is_backed_up_by_its_own_tools(tmp_path: Path) -> None:
    store = await connect(ENGINES["postgresql"](tmp_path))
    with pytest.raises(
        ConfigurationError, match="PostgreSQL is backed up by its own tools, base backups with the log or pg_dump"
    ):
        await store.backup(tmp_path / "copy", tell=silent)
    await store.close()
    assert names(tmp_path) == []
