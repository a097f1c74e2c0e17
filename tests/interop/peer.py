"""The peer in Go: built from `go/`, a process that does what a line of JSON says and answers with another."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from forge import dagjson
from forge.attestation import AttestedSigner
from forge.keys import Signer

SOURCE: Final = Path(__file__).parent / "go"
PEER: Final = "FORGE_INTEROP_PEER"
"""The environment variable that names another program to be the peer: whatever speaks the same lines."""
GO: Final = ("go", "needs Go 1.19 or newer (on Debian the package golang-go), which is not installed")


class PeerError(Exception):
    """The peer could not do what it was told: its own words."""


@dataclass
class Peer:
    """A running peer."""

    process: subprocess.Popen[str]

    def do(self, what: str, **order: Any) -> dict[str, Any]:
        """Have it do something.

        Raises:
            PeerError: it could not.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": what, **order}) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        if "failure" in answer:
            raise PeerError(answer["failure"])
        return answer


def party(signer: Signer) -> dict[str, object]:
    """Tell the peer who signs."""
    told: dict[str, object] = {"key": signer.key.text, "did": signer.did}
    if isinstance(signer, AttestedSigner):
        return {"did": signer.did, "authority": {"key": signer.key.text, "did": signer.authority}}
    return told


def value(given: object) -> Any:
    """Write a value for the peer, as DAG-JSON."""
    return json.loads(dagjson.encode(given))


def go(*arguments: str, folder: Path = SOURCE) -> None:
    """Run the go command. Where there is none, or no modules, the test is skipped and says why."""
    if shutil.which(GO[0]) is None:
        pytest.skip(f"the peer in Go {GO[1]}")
    # Whatever git says of this folder is nothing to build in.
    environment = {**os.environ, "GOFLAGS": f"{os.environ.get('GOFLAGS', '')} -buildvcs=false".strip()}
    # Two test runs must not build at once: each would take all processors. The go command itself locks go.mod.
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for command in (("mod", "download"), arguments):
            done = subprocess.run([*GO[:1], *command], cwd=folder, env=environment, check=False, capture_output=True, text=True)
            if done.returncode and command != arguments:
                pytest.skip(f"the modules of the peer in Go could not be had: {done.stderr.strip()[-500:]}")
            assert not done.returncode, done.stderr


def program(folder: Path) -> Sequence[str]:
    """Give the command line of the peer, built if need be."""
    if named := os.environ.get(PEER):
        return [named]
    go("build", "-o", str(folder / "peer"), "./cmd/peer")
    return [str(folder / "peer")]


@contextmanager
def peer(folder: Path) -> Iterator[Peer]:
    """Start the peer; whatever it serves ends with it."""
    process = subprocess.Popen(program(folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Peer(process)
    finally:
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        process.wait(30)
