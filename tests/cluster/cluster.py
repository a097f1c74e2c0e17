"""A cluster that can be started, asked, and broken: three database machines, and HAProxy before them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

import psycopg

from tests.cluster import residents
from tests.cluster.layout import BOUNCER_PORT, DEPLOY, ETCD_PORT, GATE_PORT, MACHINES, POSTGRES_PORT, Layout
from tests.cluster.machine import Machine
from tests.cluster.network import LOOPBACK, PRIVATE, Loopback, Private

GENEROUS: Final = 300.0
"""Seconds after which what was waited for does not happen any more, on a machine that is busy with other things."""
_PAUSE: Final = 0.1
_CONNECT_SECONDS: Final = 3
_QUERY_SECONDS: Final = 60

BRISK: Final = {"ttl": 8, "loop_wait": 1, "retry_timeout": 3}
"""Less than later Patronis take: those use 20 s."""


class Cluster:
    """Three machines with PostgreSQL, in one folder; started again there, they go on.

    `dcs` is what differs from `bootstrap.dcs` of `deploy/patroni.yml` when the cluster is made, `other` from its `Layout`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        prefix: str = LOOPBACK,
        private: bool = False,
        bouncer: bool = False,
        dcs: Mapping[str, object] = MappingProxyType({}),
        **other: str,
    ) -> None:
        self._layout = Layout.at(folder, PRIVATE if private else prefix, **other)
        if residents.residents(self.folder):
            raise RuntimeError(f"something runs in {folder} already: make cluster-stop CLUSTER={folder}")
        self.network = Private(self._layout) if private else Loopback()
        self.machines = {name: Machine(name, self._layout, self.network, dcs) for name in MACHINES}
        self._bouncer = bouncer
        self._gates: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def folder(self) -> Path:
        return self._layout.folder

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything; return when a commit is on two machines."""
        for machine in self.machines.values():
            machine.start("etcd")
        # Patroni asks again only after 5 s where there is none yet.
        self.wait(
            "etcd", lambda: all(machine.ask("GET", "/health", port=ETCD_PORT)[0] == 200 for machine in self.machines.values())
        )
        for machine in self.machines.values():
            machine.start()
        home = self._layout.own(self.folder / "gate")
        self._gates["haproxy"] = residents.launch(["haproxy", "-f", str(self._layout.fill("haproxy.cfg", home))], home)
        if self._bouncer:
            self._layout.write(home / "pgbouncer.users", f'"forge" "{self._layout.forge}"\n')
            self._gates["pgbouncer"] = residents.launch(["pgbouncer", str(self._layout.fill("pgbouncer.ini", home))], home)
        self.wait_until_whole()
        self.wait_until_writable()
        self._make_database()

    def stop(self) -> None:
        """End everything, the primary last: nobody is promoted on the way down."""
        while self._gates:
            _, gate = self._gates.popitem()
            gate.terminate()
            gate.wait()
        primary = self.primary()
        for machine in sorted(self.machines.values(), key=lambda machine: machine is primary):
            machine.stop()
        self.network.close()

    def url(self, *, bouncer: bool = False, direct: bool = False) -> str:
        """Give the database's URL: behind HAProxy, behind PgBouncer too, or all machines', of which libpq finds the primary."""
        where = f"{self._layout.gate}:{BOUNCER_PORT if bouncer else GATE_PORT}"
        query = ""
        if direct:
            where = ",".join(f"{machine.address}:{POSTGRES_PORT}" for machine in self.machines.values())
            query = "?target_session_attrs=read-write&connect_timeout=3&tcp_user_timeout=5000"
        return f"postgresql://forge:{self._layout.forge}@{where}/forge{query}"

    def primary(self) -> Machine | None:
        """Tell who holds the lead, if anybody does."""
        return next((machine for machine in self.machines.values() if machine.ask("OPTIONS", "/primary")[0] == 200), None)

    def query(self, statement: str, *, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Ask the primary itself, as its superuser.

        Raises:
            psycopg.OperationalError: there is none just now, or it does not answer.
        """
        primary = self.primary()
        if primary is None:
            raise psycopg.OperationalError("there is no primary")
        with psycopg.connect(
            host=primary.address,
            port=POSTGRES_PORT,
            user="postgres",
            password=self._layout.superuser,
            dbname=database,
            connect_timeout=_CONNECT_SECONDS,
            options=f"-c statement_timeout={_QUERY_SECONDS}s",
        ) as connection:
            return connection.execute(statement.encode()).fetchall()

    def kill_primary(self) -> Machine:
        """Cut the power of the primary's machine."""
        primary = self.wait_for_primary()
        primary.kill()
        return primary

    def switchover(self) -> Machine:
        """Have the primary hand over to a standby, as for its maintenance; return who it was."""
        primary = self.wait_for_primary()

        def is_over() -> bool:
            # Refused while no standby has caught up; and an answer may get lost.
            return primary.ask("POST", "/switchover", {"leader": primary.name})[0] == 200 or self.primary() not in {
                None,
                primary,
            }

        self.wait("switchover", is_over)
        return primary

    def wait_for_primary(self, other_than: Machine | None = None) -> Machine:
        """Wait until somebody holds the lead, or somebody else."""
        found: list[Machine] = []

        def is_there() -> bool:
            found.extend(primary for primary in [self.primary()] if primary is not None and primary is not other_than)
            return bool(found)

        self.wait("primary", is_there)
        return found[0]

    def wait_until_whole(self) -> None:
        """Wait until both standbys follow the primary, and one of them may be promoted."""
        self.wait("primary with two standbys", self._is_whole)

    def wait_until_writable(self) -> None:
        """Wait until a commit comes back through HAProxy."""
        self.wait("commit", self._commits)

    def wait(self, what: str, is_there: Callable[[], bool]) -> None:
        """Wait for something.

        Raises:
            AssertionError: it does not happen, or a program has ended that nobody has killed.
        """
        deadline = time.monotonic() + GENEROUS
        while not is_there():
            assert time.monotonic() < deadline, f"no {what} within {GENEROUS:.0f} s; the logs are in {self.folder}"
            ended = [program for machine in self.machines.values() for program in machine.ended()]
            ended += [f"gate/{program}" for program, running in self._gates.items() if running.poll() is not None]
            assert not ended, f"ended by itself: {', '.join(ended)}; the logs are in {self.folder}"
            time.sleep(_PAUSE)

    def _is_whole(self) -> bool:
        primary = self.primary()
        if primary is None:
            return False
        status, answer = primary.ask("GET", "/cluster")
        roles = {member["role"] for member in answer["members"]} if status == 200 else set()
        following = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
        try:
            return "sync_standby" in roles and self.query(following) == [(len(MACHINES) - 1,)]
        except psycopg.OperationalError:
            return False

    def _commits(self) -> bool:
        try:
            with psycopg.connect(self._superuser_url(), connect_timeout=_CONNECT_SECONDS) as connection:
                connection.execute("SELECT pg_logical_emit_message(true, 'forge', 'anyone there?')")
        except psycopg.OperationalError:
            return False
        return True

    def _make_database(self) -> None:
        """Do what an operator does, with the same file. Again does no harm."""
        script = ["--set=ON_ERROR_STOP=1", f"--set=password={self._layout.forge}", f"--file={DEPLOY / 'forge.sql'}"]
        subprocess.run(["/usr/bin/psql", "--no-psqlrc", "--quiet", *script, self._superuser_url()], check=True)

    def _superuser_url(self) -> str:
        return f"postgresql://postgres:{self._layout.superuser}@{self._layout.gate}:{GATE_PORT}/postgres"
