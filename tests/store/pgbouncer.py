"""A real pgbouncer before the tests' PostgreSQL, with fewer connections than a store has, each lent for a transaction."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.store.postgresql import USER, Server, as_another, given_away

PORT: Final = 6432
SIZE: Final = 3
_ATTEMPTS: Final = 500
_PAUSE: Final = 0.02
# Where Debian has it.
_SYSTEM: Final = "/usr/sbin/pgbouncer"


def program() -> str | None:
    """Find pgbouncer; None where there is none."""
    return shutil.which("pgbouncer") or (_SYSTEM if os.access(_SYSTEM, os.X_OK) else None)


@contextmanager
def pooled(server: Server, url: str) -> Iterator[str]:
    """Run one; give the URL by which a store's database is reached through it."""
    found = program()
    assert found is not None
    folder = Path(tempfile.mkdtemp(prefix="forge-pool-"))
    (folder / "users.txt").write_text(f'"{USER}" ""\n')
    (folder / "pgbouncer.ini").write_text(
        f"""
[databases]
* = host={server.folder}
[pgbouncer]
listen_addr =
unix_socket_dir = {folder}
listen_port = {PORT}
auth_type = any
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = {SIZE}
logfile = {folder}/log
"""
    )
    given_away(folder)
    database = url.partition("@/")[2].partition("?")[0]
    # `auth_type = any` logs everybody in as whoever the database names.
    text = (folder / "pgbouncer.ini").read_text().replace("* = ", f"* = user={USER} ")
    (folder / "pgbouncer.ini").write_text(text)
    process = subprocess.Popen(
        [*as_another(), found, "-q", str(folder / "pgbouncer.ini")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(folder / f".s.PGSQL.{PORT}", folder / "log")
        yield f"postgresql://{USER}@/{database}?host={folder}&port={PORT}&prepared=no"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(place: Path, log: Path) -> None:
    for _ in range(_ATTEMPTS):
        with socket.socket(socket.AF_UNIX) as probe:
            if not probe.connect_ex(str(place)):
                return
        time.sleep(_PAUSE)
    raise AssertionError(log.read_text() if log.exists() else "pgbouncer did not start")
