"""A PostgreSQL server of our own, for as long as tests run: in a temporary folder, on a socket in it, seen by nobody else.

It is started when the first test asks for it, one for each process that runs tests, and ended with that process.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import Final

import psycopg
import pytest

from store import postgres

USER: Final = "forge"
# Debian keeps them out of the way, a folder for each version.
_DEBIAN: Final = Path("/usr/lib/postgresql")
# PostgreSQL refuses to run as root: that is who runs it then, the one whom Debian's package makes, or else nobody.
_OTHERS: Final = ("postgres", "nobody")
_numbers = count(1)

_SETTINGS: Final = {
    "listen_addresses": "''",
    "max_connections": "200",
    "shared_buffers": "64MB",
    # Each test has a database of its own; there is nothing to gather, and nobody to wake for it.
    "autovacuum": "off",
    "timezone": "UTC",
}
NOT_DURABLE: Final = {"fsync": "off", "full_page_writes": "off"}
"""For whoever breaks nothing: a disk that is not waited for makes the contract's thousand databases quick."""


def programs() -> Path | None:
    """Find PostgreSQL's programs; None where there are none."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    folders = sorted(_DEBIAN.glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


# All rows, in whatever order: those who ask are not asked about keys.
_EMPTY: Final = """
DO $$ DECLARE name text; BEGIN
SET LOCAL session_replication_role = replica;
FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'forge_schema' LOOP
  EXECUTE format('DELETE FROM %I', name);
END LOOP;
FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
  PERFORM setval(name::regclass, 1, FALSE);
END LOOP;
END $$
"""


def needed() -> None:
    """Skip the test where there is no PostgreSQL."""
    if programs() is None:
        pytest.skip("there is no PostgreSQL here: apt-get install postgresql")


_GUARD: Final = """
cat
"$@" stop --wait --silent --mode=immediate --pgdata="$FOLDER/data"
rm -rf "$FOLDER"
"""


class Server:
    """A server that runs."""

    def __init__(self, settings: dict[str, str] | None = None) -> None:
        found = programs()
        assert found is not None
        self._programs = found
        self._lent: dict[str, str] = {}
        self.folder = Path(tempfile.mkdtemp(prefix="forge-pg-"))
        self.data = self.folder / "data"
        given_away(self.folder)
        self._run("initdb", "--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C", "--no-sync", str(self.data))
        lines = {**_SETTINGS, "unix_socket_directories": f"'{self.folder}'", **(settings or {})}
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in lines.items())
        # However the tests end, killed too: it waits for the other end of its pipe to be closed.
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "guard", *as_another(), str(found / "pg_ctl")],
            env={**os.environ, "FOLDER": str(self.folder)},
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.start()
        atexit.register(self.remove)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._run("pg_ctl", "start", "--wait", "--silent", f"--pgdata={self.data}", f"--log={self.folder / 'log'}")

    def stop(self, how: str = "fast") -> None:
        """End it: `smart`, `fast`, or `immediate`, which is a crash."""
        self._run("pg_ctl", "stop", "--wait", "--silent", f"--mode={how}", f"--pgdata={self.data}")

    def kill(self) -> None:
        """End it, with all its processes, as a loss of power would."""
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        # Its children notice that it is gone, and end by themselves; a start waits for them.

    def remove(self) -> None:
        """End it if it runs, and leave nothing."""
        atexit.unregister(self.remove)
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        self._guard.wait()

    def url(self, database: str) -> str:
        """Give the URL of a database."""
        return f"postgresql://{USER}@/{database}?host={self.folder}"

    def do(self, statement: str, *, database: str = "postgres") -> list[tuple[object, ...]]:
        """Execute a statement of the tests' own, outside any transaction."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def database(self, *, template: str | None = None) -> str:
        """Make a database: an empty one, or a copy of another. Give its name."""
        name = f"d{next(_numbers)}"
        self.do(f"CREATE DATABASE {name}" + (f" TEMPLATE {template} STRATEGY FILE_COPY" if template else ""))
        return name

    def store(self) -> str:
        """Make an empty store; give its URL. A copy takes longer than most tests: what an earlier test has left is emptied."""
        test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
        busy = {name for (name,) in self.do("SELECT DISTINCT datname FROM pg_stat_activity WHERE datname IS NOT NULL")}
        name = next((name for name, of in self._lent.items() if of != test and name not in busy), None)
        if name is None:
            name = self.database(template=self._empty())
        else:
            self.do(_EMPTY, database=name)
        self._lent[name] = test
        return self.url(name)

    def give_back(self, url: str) -> None:
        """Say that a test is done with a store, and goes on."""
        self._lent[url.partition("@/")[2].partition("?")[0]] = ""

    @cache  # noqa: B019 - there are one or two servers
    def _empty(self) -> str:
        name = self.database()

        async def make() -> None:
            await (await postgres.connect(self.url(name))).close()

        asyncio.run(make())
        return name

    def _run(self, program: str, *arguments: str) -> None:
        with (self.folder / "errors").open("ab") as errors:
            done = subprocess.run(
                [*as_another(), str(self._programs / program), *arguments],
                cwd="/",
                stdin=subprocess.DEVNULL,
                # Not a pipe: a server that is started would keep it open.
                stdout=subprocess.DEVNULL,
                stderr=errors,
                check=False,
            )
        assert done.returncode == 0, (program, (self.folder / "errors").read_text())


def as_another() -> Sequence[str]:
    """Give the words before a command that has to be run as somebody else than root."""
    return () if os.getuid() else ("setpriv", f"--reuid={_other().pw_uid}", f"--regid={_other().pw_gid}", "--clear-groups")


def given_away(folder: Path) -> None:
    """Give a folder to whoever that is."""
    if not os.getuid():
        os.chown(folder, _other().pw_uid, _other().pw_gid)


@cache
def _other() -> pwd.struct_passwd:
    known = {one.pw_name: one for one in pwd.getpwall()}
    return next(known[name] for name in _OTHERS if name in known)


@cache
def server() -> Server:
    """Give the server of this process's tests."""
    return Server(NOT_DURABLE)
