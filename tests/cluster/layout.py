"""Where a cluster lives: its folder, its addresses, its passwords, and the templates of `deploy/` filled in with them."""

from __future__ import annotations

import json
import os
import pwd
import secrets
import shutil
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path
from string import Template
from typing import Final, Self

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
MACHINES: Final = ("db1", "db2", "db3")
GATE_PORT: Final = 5000
BOUNCER_PORT: Final = 6432
POSTGRES_PORT: Final = 5432
PATRONI_PORT: Final = 8008
ETCD_PORT: Final = 2379
_FILE: Final = "cluster.json"
_POSTGRES: Final = Path("/usr/lib/postgresql")


def missing() -> list[str]:
    """Tell which of Debian's packages are not installed."""
    programs = {"etcd": "etcd-server", "patroni": "patroni", "haproxy": "haproxy", "pgbouncer": "pgbouncer"}
    lacking = [package for program, package in programs.items() if which(program) is None]
    return lacking if list(_POSTGRES.glob("*/bin/initdb")) else [*lacking, "postgresql"]


def which(program: str) -> str | None:
    """Find a program, also where only root looks for it."""
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def owner() -> pwd.struct_passwd:
    """Tell who runs the servers: PostgreSQL does so for anyone but root."""
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


def identity() -> list[str]:
    """Give what a command begins with to run as them."""
    if os.geteuid() != 0:
        return []
    account = owner()
    return ["/usr/bin/setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]


def _etcd_api() -> str:
    """Tell which interface of etcd this Patroni holds a lead by safely: see `deploy/patroni.yml`."""
    version = subprocess.run(["/usr/bin/patroni", "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    return "etcd3" if tuple(map(int, version.split("."))) >= (3, 0, 3) else "etcd"


def _pg_bin() -> str:
    return str(max(_POSTGRES.glob("*/bin"), key=lambda path: int(path.parent.name)))


def _password() -> str:
    return secrets.token_hex(16)


@dataclass(frozen=True)
class Layout:
    """A cluster's folder, and what must stay the same when it is started again there."""

    folder: Path
    prefix: str
    """The network of the machines, without its last number."""
    etcd_api: str = field(default_factory=_etcd_api)
    pg_bin: str = field(default_factory=_pg_bin)
    superuser: str = field(default_factory=_password, repr=False)
    replication: str = field(default_factory=_password, repr=False)
    rest: str = field(default_factory=_password, repr=False)
    forge: str = field(default_factory=_password, repr=False)

    @classmethod
    def at(cls, folder: Path, prefix: str, **other: str) -> Self:
        """Take what is there, or begin.

        Raises:
            RuntimeError: the servers could not reach it.
        """
        folder = folder.resolve()
        file = folder / _FILE
        if file.exists():
            return cls(folder, **json.loads(file.read_text()))
        made = cls(folder, prefix, **other)
        made.own(folder)
        if subprocess.run([*identity(), "/usr/bin/test", "-x", str(folder)], check=False).returncode:
            raise RuntimeError(f"the user {owner().pw_name}, who runs the servers, cannot reach {folder}: name another folder")
        kept = {name: value for name, value in asdict(made).items() if name != "folder"}
        made.write(file, json.dumps(kept))
        return made

    def address(self, machine: str) -> str:
        return f"{self.prefix}{MACHINES.index(machine) + 1}"

    @property
    def gate(self) -> str:
        """Where HAProxy and PgBouncer listen: the address of forge's machine."""
        return f"{self.prefix}254"

    def own(self, folder: Path) -> Path:
        """Make a folder that is the servers' own."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._hand_over(folder)
        return folder

    def write(self, file: Path, text: str) -> Path:
        file.touch(mode=0o600)
        file.write_text(text)
        self._hand_over(file)
        return file

    def fill(self, template: str, folder: Path, *, machine: str = MACHINES[0]) -> Path:
        """Fill in a template of `deploy/`, as `envsubst` does."""
        return self.write(
            folder / template, Template((DEPLOY / template).read_text()).substitute(self._values(machine, folder))
        )

    def _values(self, machine: str, folder: Path) -> dict[str, str]:
        return {
            "NAME": machine,
            "ADDRESS": self.address(machine),
            **{name.upper(): self.address(name) for name in MACHINES},
            "NETWORK": "127.0.0.0/8" if self.prefix.startswith("127.") else f"{self.prefix}0/24",
            "DATA": str(folder),
            "ETCD_DATA": str(folder / "etcd"),
            "USERS": str(folder / "pgbouncer.users"),
            "ETCD_API": self.etcd_api,
            "PG_BIN": self.pg_bin,
            "SUPERUSER_PASSWORD": self.superuser,
            "REPLICATION_PASSWORD": self.replication,
            "REST_PASSWORD": self.rest,
            "GATE": self.gate,
        }

    def _hand_over(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, owner().pw_uid, owner().pw_gid)
