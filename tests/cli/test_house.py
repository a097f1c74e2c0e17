"""`forge backup`, `export`, `import`, `fsck`."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from forge.command import CommandPath
from forge.did import DID
from forge.invocation import Invocation
from forge.keys import Signer
from forge.ports import LedgerEntry
from forge.receipt import Receipt
from store import connect
from tests.cli.conftest import Forge, flat, make_party
from tests.fsck.filled import ARCHIVE, filled, within


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A store with everything in it."""
    return within("sqlite", tmp_path, lambda _: None)


def test_a_store_moves_house(forge: Forge, url: str, tmp_path: Path) -> None:
    said = forge("export", tmp_path / "one", "--store", url).stdout.splitlines()
    assert said[0].endswith(f" rows were written to {tmp_path / 'one'}.")
    assert said[1].startswith("Digest: ")
    (tmp_path / "far").mkdir()
    new = f"sqlite:///{tmp_path / 'far' / 'new.db'}"
    told = forge("import", tmp_path / "one", "--store", new).stdout.splitlines()
    assert told[0] == said[0].replace(f"were written to {tmp_path / 'one'}", "were read in")
    assert told[1] == said[1]
    assert told[2].startswith("It has archives, files of their own: say where each of them is now")
    assert "archive-missing  archive 1" in forge("fsck", "--store", new, status=1).stdout
    forge("archive", (tmp_path / ARCHIVE).rename(tmp_path / "far" / "moved.db"), "--store", new)
    assert forge("fsck", "--store", new).stdout.endswith(": nothing is wrong.\n")


def test_as_json(forge: Forge, url: str, tmp_path: Path) -> None:
    exported = json.loads(forge("export", tmp_path / "one", "--store", url, "--json").stdout)
    assert exported["rows"] == sum(exported["tables"].values()) > 300
    assert json.loads(forge("import", tmp_path / "one", "--store", tmp_path / "new.db", "--json").stdout) == exported
    copied = json.loads(forge("backup", tmp_path / "copy", "--store", url, "--json").stdout)
    assert copied == {
        "archives": [str(tmp_path / ARCHIVE)],
        "bytes": (tmp_path / "copy").stat().st_size,
        "file": str(tmp_path / "copy"),
    }
    lines = forge("fsck", "--store", tmp_path / "copy", "--json").stdout.splitlines()
    assert [json.loads(line)["findings"] for line in lines] == [0]


def test_a_backup_says_what_else_there_is(forge: Forge, url: str, tmp_path: Path) -> None:
    first, second, third = forge("backup", tmp_path / "copy", "--store", url).stdout.splitlines()
    assert first.startswith("The store (")
    assert first.endswith(f" was copied to {tmp_path / 'copy'}.")
    assert (second, third) == ("Its archives are to be copied now, after it:", f"    {tmp_path / ARCHIVE}")


@pytest.mark.parametrize("command", ["backup", "export"])
def test_no_file_is_written_over(forge: Forge, url: str, tmp_path: Path, command: str) -> None:
    (tmp_path / "there").write_text("x")
    said = forge(command, tmp_path / "there", "--store", url, status=2).stderr
    assert said == f"forge: {command}: there is a file {tmp_path / 'there'}, and none is written over. Name another one\n"


def test_what_is_no_export_is_one_line(forge: Forge, url: str, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear Sir or Madam")
    said = forge("import", tmp_path / "letter", "--store", tmp_path / "new.db", status=2).stderr
    assert said == f"forge: import: {tmp_path / 'letter'}: it is not whole: it ends within a record, or is something else\n"
    (tmp_path / "given").write_bytes(filled().export)
    said = forge("import", tmp_path / "given", "--store", url, status=2).stderr
    assert "the store has rows already, in clock: import into one that has none" in said


def test_what_is_found_has_a_name_a_place_and_a_remedy(forge: Forge, url: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection, connection:
        connection.execute("UPDATE customer SET product = '\x1b[31m' WHERE seq = 2")
        connection.execute("UPDATE statement SET failed = 1 WHERE seq = 1")
    said = forge("fsck", "--store", url, status=1).stdout
    assert "row-differs  customer 2\n    product: not what the events tell\n    the events are what others were told" in said
    assert said.endswith(" rows: 2 findings.\n")
    *lines, last = [json.loads(line) for line in forge("fsck", "--store", url, "--json", status=1).stdout.splitlines()]
    assert [(line["finding"], line["place"]) for line in lines] == [
        ("row-differs", "customer 2"),
        ("statement-differs", "statement 1"),
    ]
    assert all(line["said"] and line["remedy"] for line in lines)
    assert last["findings"] == 2
    assert last["unchecked"] == 0


class TestKeys:
    """Where the service is a did:web, somebody has to say its keys."""

    @pytest.fixture
    def service(self) -> Signer:
        return Signer(Signer.generate().key, DID("did:web:service.example.com"))

    @pytest.fixture
    def file(self, service: Signer, tmp_path: Path) -> Path:
        file = tmp_path / "service.pem"
        file.write_bytes(service.key.pem())
        return file

    @pytest.fixture
    def url(self, service: Signer, tmp_path: Path) -> str:
        asked = Invocation.issue(service, subject=service.did, command=CommandPath("/x"), arguments={}, expiration=None)
        told = Receipt.issue(service, ran=asked.task, out={}, issued_at=7)
        entry = LedgerEntry(asked.task, "/x", service.did, service.did, bytes(asked), (), bytes(told), 7)

        async def fill() -> None:
            store = await connect(str(tmp_path / "web.db"))
            await store.change(lambda tx: tx.record(entry))
            await store.close()

        asyncio.run(fill())
        return str(tmp_path / "web.db")

    def test_without_them_that_is_said(self, forge: Forge, url: str) -> None:
        assert forge("fsck", "--store", url).stdout == (
            "1 rows: nothing is wrong.\n2 signatures were not checked: their keys are not known without asking anybody.\n"
        )

    def test_with_them_they_are_checked(self, forge: Forge, url: str, service: Signer, file: Path, tmp_path: Path) -> None:
        stranger = make_party(tmp_path, "stranger")
        given: list[list[object]] = [["--key", file], ["--key", service.key.did], [*stranger.key, "--key", file]]
        for keys in given:
            assert forge("fsck", "--store", url, *keys).stdout == "1 rows: nothing is wrong.\n"
        assert forge("fsck", "--store", url, env={"FORGE_KEY": str(file)}).stdout == "1 rows: nothing is wrong.\n"
        assert "invocation-signature  ledger 1\n" in forge("fsck", "--store", url, *stranger.key, status=1).stdout

    @pytest.mark.parametrize("given", ["did:web:service.example.com", "did:key:z6Mk", "nothing.pem"])
    def test_what_is_no_key_is_one_line(self, forge: Forge, url: str, given: str) -> None:
        said = forge("fsck", "--store", url, "--key", given, status=2).stderr
        assert given in said
        assert said.count("\n") == 1


@pytest.mark.parametrize("command", ["export", "backup", "import", "fsck"])
def test_how_far_it_is_is_shown_where_somebody_sees_it(
    forge: Forge, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    (tmp_path / "given").write_bytes(filled().export)
    args: dict[str, list[object]] = {"import": [tmp_path / "given", "--store", tmp_path / "new.db"], "fsck": ["--store", url]}
    monkeypatch.setenv("FORCE_COLOR", "1")
    seen = forge(command, *args.get(command, [tmp_path / "new", "--store", url]))
    assert "100%" in seen.stderr
    assert "100%" not in seen.stdout


def test_help_says_what_it_needs(forge: Forge) -> None:
    for command, parts in {
        "backup": ("pg_dump", "FILE", "--store URL", "archives"),
        "export": ("stop them first", "same bytes", "--config FILE"),
        "import": ("no rows yet", "one transaction", "Numbers stay"),
        "fsck": ("--key KEY", "Exit status: 0 there is none; 1 there are some", "--json"),
    }.items():
        shown = flat(forge(command, "--help").stdout)
        for part in parts:
            assert part.lower() in shown.lower(), (command, part)
