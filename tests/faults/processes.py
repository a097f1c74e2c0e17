"""Server processes of our own, and what their store holds, seen from outside."""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import psycopg

from forge.config import write_private
from forge.keys import Ed25519PrivateKey, Signer, private_key_from_pem
from tests import unmeasured

ROOT = Path(__file__).parents[2]
ATTEMPTS = 600
PORTS = range(10_000, 32_768)


def free_port() -> int:
    """Find a port for a server that starts in a moment: one that no connection is given meanwhile, as those above are."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Place:
    """A folder with a key, and a store, which server processes share."""

    folder: Path
    elsewhere: str | None = None
    """The URL of the store, where it is no file in the folder."""

    def __post_init__(self) -> None:
        write_private(self.key, Ed25519PrivateKey.generate().pem())

    @property
    def key(self) -> Path:
        return self.folder / "service.pem"

    @property
    def database(self) -> Path:
        return self.folder / "forge.db"

    @property
    def store(self) -> str:
        return self.elsewhere or f"sqlite:///{self.database}"

    @property
    def service(self) -> Signer:
        return Signer(private_key_from_pem(self.key.read_bytes()))

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        if self.elsewhere is not None:
            with psycopg.connect(self.elsewhere) as server:
                return server.execute(statement.encode()).fetchall()
        with closing(sqlite3.connect(self.database)) as connection, connection:
            return connection.execute(statement).fetchall()

    def columns(self) -> list[tuple[str, str]]:
        """List the columns of all tables, each after its table."""
        return self.query(
            "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
            if self.elsewhere is None
            else "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        )

    def flags(self, port: int, *more: str) -> list[str]:
        """Give the flags of `forge serve` on this store."""
        return ["--key", str(self.key), "--port", str(port), "--store", self.store, *more]

    def halves(self) -> dict[str, list[tuple[Any, ...]]]:
        """Find rows without their receipt, and receipts without their rows: what must never be there."""
        made_by = {
            f"{table}.{column}": self.query(
                f'SELECT {column} FROM "{table}" WHERE {column} IS NOT NULL AND {column} NOT IN (SELECT task FROM ledger)'  # noqa: S608
            )
            for table, column in (
                ("customer", "task"),
                ("subscription", "task"),
                ("assignment", "task"),
                ("assignment", "ended_by"),
                ("event", "task"),
            )
        }
        return {name: rows for name, rows in made_by.items() if rows}

    @contextmanager
    def server(self, *flags: str, **environment: str) -> Iterator[Server]:
        """Start `forge serve`; whatever happens, it has ended in the end."""
        port = free_port()
        command = [sys.executable, "-m", "forge", "serve", *self.flags(port, *flags)]
        with (self.folder / f"log-{port}.txt").open("wb") as log:
            variables = {**unmeasured.environment(), **environment}
            process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=log, stderr=log, start_new_session=True)
            try:
                yield Server(process, f"http://127.0.0.1:{port}", Path(log.name))
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait()


class Process(Protocol):
    """What is done with a process: a part of `subprocess.Popen`."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self) -> int: ...
    def kill(self) -> None: ...
    def send_signal(self, sig: int, /) -> None: ...


@dataclass
class Server:
    """A running `forge serve`."""

    process: Process
    url: str
    log: Path

    async def ready(self) -> None:
        async with aiohttp.ClientSession() as session:
            for _ in range(ATTEMPTS):
                assert self.process.poll() is None, self.log.read_text()
                try:
                    async with session.get(self.url + "/health/ready") as response:
                        if response.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.05)
        raise AssertionError(f"the server did not come up:\n{self.log.read_text()}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait()
