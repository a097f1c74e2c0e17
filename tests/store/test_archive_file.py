"""The files of archives: where they are, what is refused, and what becomes of receipts when one is not what it was."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from forge.errors import ConfigurationError, StoreError
from store import connect
from store.archive import moving
from store.archive.file import APPLICATION_ID, FIND, LAST, ArchiveFile, Folder
from store.cells import join
from tests.store.archived import EVER, another, answered, ask, entry, filled, moved, none_runs_again, recording
from tests.store.conftest import Tx
from tests.store.samples import names, task

COUNT = 12


def rows(file: Path) -> list[tuple[Any, ...]]:
    """All that an archive holds."""
    return ask(file, "SELECT * FROM entry ORDER BY seq")


# -- where it is --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "place"),
    [
        ("beside.db", "beside.db"),
        ("below/deeper/a.db", "below/deeper/a.db"),
        ("../elsewhere/a.db", "{}/elsewhere/a.db"),
        ("below/../beside.db", "beside.db"),
        ("link/a.db", "{}/elsewhere/a.db"),
        ("with space%20and#.db", "with space%20and#.db"),
    ],
)
async def test_a_place_is_kept_as_seen_from_the_store(tmp_path: Path, named: str, place: str) -> None:
    for folder in ("stored/below/deeper", "elsewhere"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "stored" / "link").symlink_to(tmp_path / "elsewhere")
    store = await connect(str(tmp_path / "stored" / "store.db"))
    entries = await filled(store, COUNT)
    assert (await moved(store, tmp_path / "stored" / named, before=5)).rows == 4
    assert ask(tmp_path / "stored" / "store.db", "SELECT place FROM archive") == [(place.format(tmp_path),)]
    assert (await moved(store, tmp_path / "stored" / named)).rows == COUNT - 5
    await answered(store, entries)
    await store.close()


async def test_a_folder_is_moved_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one").mkdir()
    store = await connect(str(tmp_path / "one" / "store.db"))
    entries = await filled(store, COUNT)
    await moved(store, tmp_path / "one" / "archive.db")
    await store.close()
    (tmp_path / "one").rename(tmp_path / "two")
    monkeypatch.chdir(tmp_path)
    store = await connect("sqlite:///two/store.db")
    await answered(store, entries)
    await store.close()


async def test_a_store_that_is_no_file_keeps_whole_paths(tmp_path: Path) -> None:
    folder = Folder()
    assert folder.place(tmp_path / "a.db") == str(tmp_path / "a.db")
    assert folder.file(str(tmp_path / "a.db")) == tmp_path / "a.db"
    folder.create(tmp_path / "a.db", b"id")
    with ArchiveFile(tmp_path / "a.db") as opened:
        assert opened.id == b"id"


async def test_an_archive_that_was_moved_is_told_its_new_place(store: Tx, url: str, tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    entries = await filled(store, COUNT)
    beside = await connect(url)
    await moved(store, file, before=5)
    (tmp_path / "far").mkdir()
    new = file.rename(tmp_path / "far" / "old.db")
    (listed,) = await store.archives()
    assert (listed.size, listed.fault) == (None, "not there")
    with pytest.raises(StoreError, match=r"archive\.db"):
        await store.receipt(entries[0].task)
    found = await store.find_archive(new)
    assert (found.number, found.file, found.rows, found.oldest, found.youngest) == (1, str(new), 4, 1, 4)
    await answered(beside, entries)
    # And by moving more to it.
    last = new.rename(tmp_path / "last.db")
    assert (await moved(store, last, before=8)).rows == 3
    await answered(beside, entries)
    await beside.close()


async def test_there_may_be_several(store: Tx, tmp_path: Path) -> None:
    entries = await filled(store, COUNT)
    for name, before in (("b.db", 3), ("a.db", 6), ("c.db", 9), ("a.db", 11)):
        await moved(store, tmp_path / name, before=before)
    assert [(one.number, Path(one.file).name, one.rows, one.oldest, one.youngest) for one in await store.archives()] == [
        (1, "b.db", 2, 1, 2),
        (2, "a.db", 5, 3, 10),
        (3, "c.db", 3, 6, 8),
    ]
    await answered(store, entries)


async def test_more_are_listed_than_one_look_up_gives(store: Tx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "LISTED", 2)
    await filled(store, COUNT)
    for number in range(5):
        await moved(store, tmp_path / f"{number}.db", before=number + 2)
    assert [one.number for one in await store.archives()] == [1, 2, 3, 4, 5]


# -- what is refused ----------------------------------------------------------------------------------------------------


def nothing(folder: Path, store: Path) -> Path:
    return folder / "nobody" / f"{store.name}.db"


def text(folder: Path, store: Path) -> Path:
    (folder / "letter.txt").write_bytes(f"Dear {store}, ".encode() * 100)
    return folder / "letter.txt"


def empty(folder: Path, store: Path) -> Path:
    del store
    (folder / "empty.db").touch()
    return folder / "empty.db"


def theirs(folder: Path, store: Path) -> Path:
    del store
    ask(folder / "theirs.db", "CREATE TABLE archive (id BLOB NOT NULL)")
    return folder / "theirs.db"


def itself(folder: Path, store: Path) -> Path:
    del folder
    return store


def directory(folder: Path, store: Path) -> Path:
    del store
    return folder


def later(folder: Path, store: Path) -> Path:
    del store
    Folder().create(folder / "later.db", b"id")
    ask(folder / "later.db", "PRAGMA user_version = 9")
    return folder / "later.db"


def without_id(folder: Path, store: Path) -> Path:
    del store
    Folder().create(folder / "blank.db", b"id")
    ask(folder / "blank.db", "DELETE FROM archive")
    return folder / "blank.db"


def unspeakable(folder: Path, store: Path) -> Path:
    del store
    return folder / "a\nb.db"


WRONG: dict[Callable[[Path, Path], Path], str] = {
    nothing: "there is no directory .*nobody",
    text: r"letter\.txt: file is not a database\. Name another file",
    empty: r"empty\.db is something else than an archive\. Name another file",
    theirs: r"theirs\.db is something else than an archive\. Name another file",
    itself: r"store\.db is something else than an archive\. Name another file",
    directory: r"is no file\. Name another file",
    later: r"later\.db has format 9; this version of forge knows 1",
    without_id: r"blank\.db is damaged: it does not say which archive it is",
    unspeakable: r"a\\nb\.db' is no path that could be kept and shown",
}


@pytest.mark.parametrize("make", WRONG, ids=lambda make: make.__name__)
async def test_what_is_no_archive_is_refused_and_left_alone(tmp_path: Path, make: Callable[[Path, Path], Path]) -> None:
    store = await connect(str(tmp_path / "store.db"))
    entries = await filled(store, COUNT)
    file = make(tmp_path, tmp_path / "store.db")
    before = file.read_bytes() if file.is_file() and make is not itself else b""
    with pytest.raises(ConfigurationError, match=f"archive: .*{WRONG[make]}"):
        await moved(store, file)
    if make is not nothing and make is not unspeakable:
        with pytest.raises(ConfigurationError, match=f"archive: .*{WRONG[make]}"):
            await store.find_archive(file)
        with pytest.raises(ConfigurationError, match=f"archive: .*{WRONG[make]}"):
            await moved(store, file, before=0)
    assert not before or file.read_bytes() == before
    assert await store.archives() == []
    assert len(await store.read(lambda tx: tx.oldest(0, 99))) == COUNT
    await answered(store, entries)
    await store.close()


async def test_the_archive_of_another_store_is_refused_and_left_alone(store: Tx, tmp_path: Path) -> None:
    entries = await filled(store, COUNT)
    (tmp_path / "other").mkdir()
    file = await another(tmp_path / "other", 5)
    before = file.read_bytes()
    for attempt in (moved(store, file), store.find_archive(file)):
        with pytest.raises(ConfigurationError, match=r"archive: .*archive\.db is an archive of another store"):
            await attempt
    assert file.read_bytes() == before
    assert await store.archives() == []
    await answered(store, entries)


async def test_an_older_copy_is_refused(store: Tx, tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    entries = await filled(store, COUNT)
    await moved(store, file, before=5)
    shutil.copy(file, tmp_path / "copy.db")
    await moved(store, file, before=8)
    for attempt in (moved(store, tmp_path / "copy.db"), store.find_archive(tmp_path / "copy.db")):
        with pytest.raises(ConfigurationError, match=r"copy\.db has 4 of the 7 rows"):
            await attempt
    await answered(store, entries)
    shutil.copy(tmp_path / "copy.db", file)
    assert [one.fault for one in await store.archives()] == ["an older copy, with 4 rows"]
    with pytest.raises(StoreError, match=r"archive\.db has nothing of task .*an older copy"):
        await store.receipt(task(7))
    assert await store.receipt(task(4)) == entry(4).receipt


async def test_one_that_is_gone_is_not_begun_anew(store: Tx, tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    entries = await filled(store, COUNT)
    await moved(store, file, before=5)
    away = file.rename(tmp_path / "away.db")
    with pytest.raises(ConfigurationError, match=r"archive\.db holds 4 rows of this store, and it is not there: put it back"):
        await moved(store, file)
    assert not file.exists()
    assert (await moved(store, tmp_path / "next.db")).rows == COUNT - 5
    away.rename(file)
    await answered(store, entries)


async def test_another_receipt_of_a_task_is_never_written_over(store: Tx, tmp_path: Path) -> None:
    """As where a store is brought back from before its task ran, and that ran once more."""
    file = tmp_path / "archive.db"
    entries = await filled(store, COUNT)
    await moved(store, file, before=2)
    with ArchiveFile(file, write=True) as opened:
        opened.append([entry(3), entry(999)])
        other = entry(5, at=77)
        opened.append([other])
    before = rows(file)
    with pytest.raises(StoreError, match=rf"archive\.db has another receipt of task {task(5)}.*Name another file"):
        await moved(store, file)
    assert rows(file) == before
    assert await store.read(lambda tx: tx.oldest(0, 1)) == [(2, 2)], "nothing was moved"
    await answered(store, entries)


async def test_one_that_is_taken_away_meanwhile_is_noticed(store: Tx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "archive.db"
    monkeypatch.setattr(moving, "PAGE", 4)
    entries = await filled(store, COUNT)

    def take_away(count: int, share: float) -> None:
        assert share <= 1
        if count == 4:
            file.rename(tmp_path / "away.db")

    with pytest.raises(StoreError, match=r"archive\.db was taken away while it was written"):
        await store.archive(file, before=EVER, tell=take_away)
    assert (await store.find_archive(tmp_path / "away.db")).rows == 4
    await answered(store, entries)


# -- what is in it ------------------------------------------------------------------------------------------------------


async def test_whoever_may_read_the_store_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    for number, mode in enumerate((0o600, 0o640)):
        place = tmp_path / f"{number}.db"
        store = await connect(str(place))
        place.chmod(mode)
        await filled(store, COUNT)
        await moved(store, file.with_name(f"archive-{number}.db"))
        found = file.with_name(f"archive-{number}.db").stat()
        assert (found.st_mode & 0o777, found.st_uid, found.st_gid) == (mode, place.stat().st_uid, place.stat().st_gid)
        await store.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
async def test_an_archive_that_root_makes_is_the_servers(tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    place = tmp_path / "store.db"
    store = await connect(str(place))
    await filled(store, COUNT)
    os.chown(place, 65534, 65534)
    await moved(store, file)
    assert (file.stat().st_uid, file.stat().st_gid) == (65534, 65534)
    await store.close()


async def test_it_is_one_file_with_a_row_each(store: Tx, tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    entries = await filled(store, COUNT)
    await moved(store, file)
    assert [name for name in names(tmp_path) if name.startswith((file.name, "."))] == [file.name]
    assert ask(file, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert ask(file, "PRAGMA journal_mode") == [("delete",)]
    assert [row[1:9] for row in rows(file)] == [
        (
            bytes(one.task),
            one.command,
            one.issuer,
            one.subject,
            one.invocation,
            join(map(bytes, one.proofs)),
            one.receipt,
            one.at,
        )
        for one in entries[:-1]
    ]


async def test_what_was_added_is_in_the_file_itself_before_the_ledger_is_slimmed(
    store: Tx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever copies the file alone, at whatever moment, has all that is needed."""
    file = tmp_path / "archive.db"
    entries = await filled(store, COUNT)
    monkeypatch.setattr(moving, "PAGE", 4)
    real, copies = moving.Archiving._slim, 0

    async def slim(self: Any, wanted: Any, *args: Any) -> None:
        nonlocal copies
        copies += 1
        copy = tmp_path / f"copy-{copies}.db"
        shutil.copy(file, copy)
        with ArchiveFile(copy) as opened:
            assert [opened.find(one.task) for one in wanted.values()] == list(wanted.values())
        await real(self, wanted, *args)

    monkeypatch.setattr(moving.Archiving, "_slim", slim)
    await moved(store, file)
    assert copies == 3
    await answered(store, entries)


def directory_instead(file: Path) -> None:
    file.unlink()
    file.mkdir()


DAMAGE: dict[str, Callable[[Path], object]] = {
    "missing": lambda file: file.unlink(),
    "empty": lambda file: file.write_bytes(b""),
    "cut": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "not a file": directory_instead,
    "a text": lambda file: file.write_bytes(b"Dear Sir or Madam, " * 500),
    "another database": lambda file: [file.write_bytes(b""), ask(file, "CREATE TABLE entry (task)")],
    "another receipt": lambda file: ask(file, "UPDATE entry SET receipt = x'00'"),
    "another time": lambda file: ask(file, "UPDATE entry SET at = at + 1"),
    "without rows": lambda file: ask(file, "DELETE FROM entry"),
    "without tables": lambda file: ask(file, "DROP TABLE entry"),
    "another id": lambda file: ask(file, "UPDATE archive SET id = x'00'"),
}


@pytest.mark.parametrize("name", DAMAGE)
async def test_a_damaged_archive_is_named_and_nothing_runs_again(store: Tx, tmp_path: Path, name: str) -> None:
    file = tmp_path / "archive.db"
    entries = await filled(store, 200)
    await moved(store, file)
    content = file.read_bytes()
    DAMAGE[name](file)
    results = []
    for one in entries[:-1]:
        (result,) = await asyncio.gather(store.receipt(one.task), return_exceptions=True)
        assert result == one.receipt or (isinstance(result, StoreError) and str(file) in str(result)), result
        results.append(result)
    assert {type(result) for result in results} >= {StoreError}
    await none_runs_again(store, entries)
    assert await store.receipt(entries[-1].task) == entries[-1].receipt
    await filled(store, 3, first=1000)
    if name not in ("another receipt", "another time", "cut"):
        (listed,) = await store.archives()
        assert listed.fault is not None, "what can be seen without reading every row is listed"
    if file.is_dir():
        file.rmdir()
    file.write_bytes(content)
    await answered(store, entries)


async def test_whatever_byte_is_wrong_no_wrong_receipt_is_answered(store: Tx, tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    entries = await filled(store, 40)
    await moved(store, file)
    content = file.read_bytes()
    refused = 0
    for at in range(0, len(content), len(content) // 97):
        file.write_bytes(content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :])
        for one in entries[:-1:7]:
            with suppress(StoreError):
                refused += 1
                assert await store.receipt(one.task) == one.receipt
                refused -= 1
    assert refused
    file.write_bytes(content)
    await answered(store, entries)


async def test_a_file_that_may_only_be_read_is_read(store: Tx, tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    entries = await filled(store, COUNT)
    await store.change(recording(entry(99)))
    await moved(store, file)
    file.chmod(0o400)
    await answered(store, entries)


async def test_what_is_asked_of_it_is_answered_by_an_index(tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    Folder().create(file, b"id")
    for statement in (FIND, LAST):
        (step,) = ask(file, f"EXPLAIN QUERY PLAN {statement.replace('?', '1')}")
        assert step[3] in ("SEARCH entry USING INDEX sqlite_autoindex_entry_1 (task=?)", "SCAN entry"), step
        assert step[3] != "SCAN entry" or "LIMIT 1" in statement, "the end of the key"
