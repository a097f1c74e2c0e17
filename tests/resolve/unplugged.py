"""Runs where there is no network but loopback: a service that is a did:web acts on its own word."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import sys
from pathlib import Path
from typing import Final

from commands.customer.add import AddArguments, add
from forge.cli.child import service
from forge.client import Client
from forge.config import write_private
from forge.did import DID
from forge.document import own_methods
from forge.keys import Ed25519PrivateKey, Signer

OWN: Final = DID("did:web:forge.example.com")
_SET_FLAGS: Final = 0x8914  # SIOCSIFFLAGS of Linux
_UP: Final = 1


def loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        fcntl.ioctl(one, _SET_FLAGS, struct.pack("16sh", b"lo", _UP) + bytes(22))


def is_unplugged() -> bool:
    """Say whether there is no way out: not even to an address that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(("192.0.2.1", 9))
        except OSError:
            return True
    return False


async def act(url: str, key: Ed25519PrivateKey) -> None:
    """Have the service add a customer on its own word."""
    itself = Signer(key, OWN)
    async with Client(url, known={OWN: own_methods(OWN, key.public)}) as client:
        arguments = AddArguments(customer=Signer.generate().did, product=OWN, details={})
        await client.invoke(add, itself, arguments, subject=OWN)


def main(folder: Path) -> None:
    loopback_up()
    assert is_unplugged()
    key = Ed25519PrivateKey.generate()
    write_private(folder / "key.pem", key.pem())
    flags = ["--key", str(folder / "key.pem"), "--did", OWN, "--store", f"sqlite:///{folder / 'forge.db'}"]
    with service(flags, folder / "log") as url:
        asyncio.run(act(url, key))
    print(OWN)  # noqa: T201 - what the test waits for


if __name__ == "__main__":
    main(Path(sys.argv[1]))
