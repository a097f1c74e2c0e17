"""The stage that all cases share: our real service in a process of its own, and the real did:plc directory beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from forge.cli.child import service
from forge.config import write_private
from forge.did import DID
from forge.keys import Ed25519PrivateKey, Signer
from tests.plc.directory import Directory, directory


@dataclass(frozen=True)
class Service:
    """A running `forge serve` on SQLite, with `--dev`: it attests for did:mailto itself, and serves `/debug`."""

    url: str
    signer: Signer
    key: Path
    """The file of its private key, PKCS #8 PEM."""

    @property
    def did(self) -> DID:
        return self.signer.did


@dataclass(frozen=True)
class Stage:
    """What is there for the cases. Everything is started when it is first asked for, and ends with the stage."""

    folder: Path
    """Empty at first, and gone in the end."""
    held: ExitStack

    @cached_property
    def directory(self) -> Directory:
        """The did:plc directory of this stage's services."""
        return self.held.enter_context(directory())

    @cached_property
    def service(self) -> Service:
        """A service whose DID is that of its key."""
        return self._serve("service")

    @cached_property
    def web_service(self) -> Service:
        """Another, whose DID is a did:web that leads nowhere: who talks to it has its key beforehand."""
        return self._serve("web", DID("did:web:upload.example.com"))

    def _serve(self, name: str, did: DID | None = None) -> Service:
        folder = self.folder / name
        folder.mkdir()
        key, config = folder / "key.pem", folder / "forge.toml"
        signer = Signer(Ed25519PrivateKey.generate(), did)
        write_private(key, signer.key.pem())
        config.write_text(f"data = {json.dumps(str(folder))}\nplc_directory = {json.dumps(self.directory.url)}\n")
        flags = ["--dev", "--config", str(config), "--key", str(key), "--store", f"sqlite:///{folder / 'forge.db'}"]
        if did is not None:
            flags += ["--did", did]
        return Service(self.held.enter_context(service(flags, folder / "log")), signer, key)


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """Give a stage in an empty folder; what it started has ended in the end."""
    with ExitStack() as held:
        yield Stage(folder, held)
