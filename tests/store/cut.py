"""Something between a store and its server that cuts their connection at the worst moment."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

Moment = Literal["before", "after"]
"""Of a commit: it does not reach the server; or it does, and the answer does not come back."""

_PORT: Final = 5432
_CHUNK: Final = 65536


class Cutter:
    """Passes on what is said, on a socket in a folder of its own. Statements are to be said in full each time."""

    def __init__(self, folder: Path, url: str) -> None:
        database, query = urlsplit(url).path.lstrip("/"), urlsplit(url).query
        self._server = f"{query.removeprefix('host=')}/.s.PGSQL.{_PORT}"
        self._moment: Moment | None = None
        self.cuts = 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / f".s.PGSQL.{_PORT}"))
        self._listener.listen()
        self.url = f"postgresql://forge@/{database}?host={folder}&prepared=no"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, moment: Moment) -> None:
        """Cut the connection of the next commit."""
        self._moment = moment

    def close(self) -> None:
        """Take no more connections."""
        # What waits for one is woken by this, and not by closing alone.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                _Pair(client, server, self._decide).start()

    def _decide(self, said: bytes) -> Moment | None:
        if self._moment is None or b"COMMIT\0" not in said:
            return None
        moment, self._moment = self._moment, None
        self.cuts += 1
        return moment


class _Pair:
    """The two ends of a connection, and a thread for each way."""

    def __init__(self, client: socket.socket, server: socket.socket, decide: Callable[[bytes], Moment | None]) -> None:
        self._client, self._server, self._decide = client, server, decide
        self._doomed = False

    def start(self) -> None:
        for way in (self._there, self._back):
            threading.Thread(target=way, daemon=True).start()

    def _there(self) -> None:
        with suppress(OSError):
            while said := self._client.recv(_CHUNK):
                moment = self._decide(said)
                if moment == "before":
                    break
                self._doomed = moment == "after"
                self._server.sendall(said)
        self._end()

    def _back(self) -> None:
        with suppress(OSError):
            while said := self._server.recv(_CHUNK):
                if self._doomed:
                    # It has answered, so it is done.
                    break
                self._client.sendall(said)
        self._end()

    def _end(self) -> None:
        for one in (self._client, self._server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
