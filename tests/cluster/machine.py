"""One database machine: etcd, Patroni, and the PostgreSQL that Patroni starts."""

from __future__ import annotations

import base64
import http.client
import json
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from tests.cluster import residents
from tests.cluster.layout import PATRONI_PORT, Layout
from tests.cluster.network import Network

_ASK_SECONDS: Final = 3.0
_SMALL: Final = {
    "bootstrap": {
        "dcs": {"postgresql": {"parameters": {"max_connections": 100, "max_wal_size": "256MB", "wal_keep_size": "64MB"}}}
    },
    "postgresql": {"parameters": {"shared_buffers": "32MB", "unix_socket_directories": ""}},
    "restapi": {"request_queue_size": 20},
    # Machines that are killed on purpose share one that must not be rebooted for it.
    "watchdog": {"mode": "off"},
}
"""What is different where three machines are one: read by Patroni after `deploy/patroni.yml`, JSON being YAML."""


class Machine:
    """A machine that can be started, stopped, killed, paused, and have its PostgreSQL killed."""

    def __init__(self, name: str, layout: Layout, network: Network, dcs: Mapping[str, object]) -> None:
        self.name = name
        self.folder = layout.own(layout.folder / name)
        self.address = layout.address(name)
        self._network = network
        self._credentials = base64.b64encode(f"patroni:{layout.rest}".encode()).decode()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        configuration = layout.own(self.folder / "patroni")
        self._etcd = layout.fill("etcd.yml", self.folder, machine=name)
        layout.write(configuration / "0.yml", layout.fill("patroni.yml", self.folder, machine=name).read_text())
        layout.write(configuration / "1.yml", json.dumps(_SMALL))
        layout.write(configuration / "2.yml", json.dumps({"bootstrap": {"dcs": dict(dcs)}}))
        self._patroni = configuration

    def start(self, *programs: str) -> None:
        """Start what does not run, or some of it."""
        for program, argument in (("etcd", f"--config-file={self._etcd}"), ("patroni", str(self._patroni))):
            if program in (programs or (program,)) and program not in self._running:
                self._running[program] = residents.launch([program, argument], self.folder, self._network.enter(self.name))

    def stop(self) -> None:
        """End it in order: Patroni needs etcd to end PostgreSQL well."""
        for running in reversed(self._running.values()):
            running.terminate()
            with suppress(subprocess.TimeoutExpired):
                running.wait(residents.STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Cut its power."""
        residents.kill(self.folder)
        while self._running:
            self._running.popitem()[1].wait()

    def ended(self) -> list[str]:
        """Tell which of its programs have ended by themselves."""
        return [f"{self.name}/{program}" for program, running in self._running.items() if running.poll() is not None]

    def orphan(self) -> None:
        """Kill its Patroni alone."""
        patroni = self._running.pop("patroni")
        patroni.kill()
        patroni.wait()

    def crash(self) -> None:
        """Kill its PostgreSQL alone."""
        residents.kill(self.folder / "postgres")

    def pause(self) -> None:
        """Let it hang: it answers nothing, but its connections stay."""
        residents.send(self.folder, signal.SIGSTOP)

    def resume(self) -> None:
        residents.send(self.folder, signal.SIGCONT)

    def ask(self, method: str, path: str, body: Mapping[str, str] | None = None, port: int = PATRONI_PORT) -> tuple[int, Any]:
        """Ask its Patroni, or its etcd. (0, None) where that does not answer."""
        connection = http.client.HTTPConnection(self.address, port, timeout=_ASK_SECONDS)
        try:
            # A switchover is answered when it is over.
            if body is not None:
                connection.timeout = residents.STOP_SECONDS
            headers = {"Authorization": f"Basic {self._credentials}"}
            connection.request(method, path, json.dumps(body) if body else None, headers)
            response = connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if text.startswith(b"{") else text.decode()
        except (OSError, http.client.HTTPException):
            return 0, None
        finally:
            connection.close()
