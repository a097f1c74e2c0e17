from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from store import connect
from tests.cli.conftest import Forge, flat
from tests.store.archived import entry, recording
from tests.store.conftest import on_sqlite

DAY = 86_400
BEGIN = 1_700_000_000
COUNT = 10


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A store with a row for each of ten days, and a last one."""

    async def fill() -> None:
        store = await connect(place)
        await store.change(recording(*(entry(number, BEGIN + number * DAY) for number in range(COUNT + 1))))
        await store.close()

    place = on_sqlite(tmp_path)
    asyncio.run(fill())
    return place


@pytest.fixture
def archive(forge: Forge, url: str) -> Callable[..., str]:
    """`forge archive` on that store: what it says."""

    def run(*args: object, status: int = 0) -> str:
        result = forge("archive", *args, "--store", url, status=status)
        return result.stdout if status == 0 else result.stderr

    return run


def test_the_whole_story(archive: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    assert archive("--list") == "This store has no archives.\n"
    assert archive(file, "--before", "2023-11-14") == "Nothing is that old; nothing was moved.\n"
    assert not file.exists()
    first, second = archive(file, "--before", "2023-11-18T00:00:00Z").splitlines()
    assert first.startswith("4 rows (")
    assert first.endswith(f" bytes) were moved to {file}.")
    assert "are free. The store takes them again; stop the servers and run `sqlite3 STORE VACUUM`" in second
    said = json.loads(archive(file, "--before", "0s", "--json"))
    assert (said["rows"], said["archive"]["rows"], said["archive"]["file"]) == (6, 10, str(file))
    assert said["bytes"] > 0
    assert said["free"] >= 0
    assert "10 rows were" not in archive(file, "--before", "-1d"), "the last row stays"

    shown = archive("--list")
    assert f"1  {file}\n    10 rows, " in shown
    assert "    from 2023-11-14T22:13:20Z (" in shown
    assert " to 2023-11-23T22:13:20Z (" in shown
    (listed,) = json.loads(archive("--list", "--json"))
    assert listed == said["archive"]
    assert (listed["oldest"], listed["youngest"], listed["fault"]) == (BEGIN, BEGIN + 9 * DAY, None)

    (tmp_path / "far").mkdir()
    new = file.rename(tmp_path / "far" / "old.db")
    assert archive("--list").endswith("    not there\n")
    assert json.loads(archive("--list", "--json"))[0]["size"] is None
    assert archive(new).startswith(f"1  {new}\n    10 rows, ")
    assert archive("--list") == archive(new)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "forge: archive: name a FILE, or give --list\n"),
        (["a.db", "--list"], "forge: archive: name a FILE, or give --list\n"),
        (["--list", "--before", "0s"], "forge: --before: it says what to move, and --list moves nothing\n"),
        (
            ["a.db", "--before", "30d"],
            "forge: --before: 30d is yet to come. A time that has passed is written like -90d, or as a",
        ),
        (["a.db", "--before", "soon"], "forge: --before: 'soon' is not a time: expected RFC 3339"),
        (["a.db"], "a.db cannot be read: No such file or directory"),
        (["no/such/a.db", "--before", "0s"], "forge: archive: there is no directory "),
        (["letter.txt", "--before", "0s"], "letter.txt: file is not a database. Name another file\n"),
        (["store.db", "--before", "0s"], "store.db is something else than an archive. Name another file\n"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    archive: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "letter.txt").write_text("Dear Sir or Madam, " * 100)
    complaint = archive(*args, status=2)
    assert said in complaint
    assert complaint.count("\n") == 1
    assert archive("--list") == "This store has no archives.\n"


def test_the_store_is_found_as_elsewhere(forge: Forge, url: str, tmp_path: Path) -> None:
    assert forge("archive", "--list", status=2).stderr.startswith("forge: store: where should rows live?")
    settings = tmp_path / "forge.toml"
    settings.write_text(f'store = "{url}"\n')
    file = tmp_path / "old.db"
    assert "10 rows" in forge("archive", file, "--before", "0s", "--config", settings).stdout
    assert "10 rows" in forge("archive", "--list", env={"FORGE_STORE": url}).stdout
    assert "10 rows" in forge("archive", "--list", env={"FORGE_CONFIG": str(settings)}).stdout


def test_how_far_it_is_is_shown_where_somebody_sees_it(
    forge: Forge, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert forge("archive", tmp_path / "a.db", "--before", "2023-11-18", "--store", url).stderr == ""
    monkeypatch.setenv("FORCE_COLOR", "1")
    seen = forge("archive", tmp_path / "a.db", "--before", "0s", "--store", url).stderr
    assert " 83%" in seen, "five of the six days that are left: the last row stays"
    assert "6 rows" in seen


def test_help_says_what_it_needs(forge: Forge) -> None:
    shown = flat(forge("archive", "--help").stdout)
    for part in ("--before TIME", "--list", "--store URL", "sqlite3 STORE VACUUM", "without --before, says so"):
        assert part in shown
