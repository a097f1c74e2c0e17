"""What is between the machines: the loopback interface, or a network of our own whose cables can be pulled.

A private network needs a network namespace that this process was started in (`unshare --net`), so that the interfaces
and routes of this computer stay as they are. In it, each machine has a namespace, and a cable (a veth pair) to one bridge.
"""

from __future__ import annotations

import os
import socket
import subprocess
from typing import Final, Protocol

from tests.cluster.layout import MACHINES, Layout

LOOPBACK: Final = "127.0.77."
PRIVATE: Final = "10.77.0."


class Network(Protocol):
    """How the machines reach each other."""

    def enter(self, machine: str) -> list[str]:
        """Give what a command begins with to run on the machine."""

    def cut(self, machine: str) -> None:
        """Let nothing in or out, and nobody know: packets are lost."""

    def mend(self, machine: str) -> None:
        """Undo that."""

    def close(self) -> None:
        """Leave nothing behind."""


class Loopback:
    """All machines are on this one, each at an address of its own."""

    def enter(self, machine: str) -> list[str]:
        del machine
        return []

    def cut(self, machine: str) -> None:
        raise RuntimeError(f"{machine} is on the loopback interface: only a private network has cables")

    def mend(self, machine: str) -> None:
        del machine

    def close(self) -> None:
        pass


class Private:
    """A bridge, and a namespace for each machine, which lives as long as one process in it: `sleep`."""

    def __init__(self, layout: Layout) -> None:
        if not is_private():
            raise RuntimeError("this is not a network namespace of its own: start with `unshare --net`")
        self._holders: dict[str, subprocess.Popen[bytes]] = {}
        try:
            self._connect(layout)
        except BaseException:
            self.close()
            raise

    def enter(self, machine: str) -> list[str]:
        return ["nsenter", f"--net=/proc/{self._holders[machine].pid}/ns/net", "--"]

    def cut(self, machine: str) -> None:
        _ip(f"link set {machine} down")

    def mend(self, machine: str) -> None:
        _ip(f"link set {machine} up")

    def close(self) -> None:
        while self._holders:
            _, holder = self._holders.popitem()
            holder.kill()
            holder.wait()
        _ip("link delete bridge")

    def _connect(self, layout: Layout) -> None:
        _ip("link set lo up")
        _ip("link add bridge type bridge")
        _ip(f"address add {layout.gate}/24 dev bridge")
        _ip("link set bridge up")
        for machine in MACHINES:
            holder = self._holders[machine] = self._namespace()
            _ip(f"link add {machine} type veth peer name eth0 netns {holder.pid}")
            _ip(f"link set {machine} master bridge up")
            for command in ("link set lo up", f"address add {layout.address(machine)}/24 dev eth0", "link set eth0 up"):
                _ip(command, self.enter(machine))

    def _namespace(self) -> subprocess.Popen[bytes]:
        # It says when it is in there.
        holding = ["unshare", "--net", "--", "sh", "-c", "echo; exec sleep infinity"]
        holder = subprocess.Popen(holding, stdout=subprocess.PIPE)
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.stdout.close()
        return holder


def is_private() -> bool:
    """Tell whether this process is in a network namespace of its own, which has nothing but its loopback interface yet."""
    return [name for _, name in socket.if_nameindex()] == ["lo"]


def possible() -> bool:
    """Tell whether this machine lets us have networks."""
    trial = ["unshare", "--net", "--", "ip", "link", "add", "trial", "type", "bridge"]
    return os.geteuid() == 0 and subprocess.run(trial, capture_output=True, check=False).returncode == 0


def _ip(command: str, enter: list[str] | None = None) -> None:
    subprocess.run([*(enter or []), "ip", *command.split()], check=True)
