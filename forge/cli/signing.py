"""Signing an invocation from what the command line says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from forge.binding import Arguments, Command
from forge.catalog import Catalog
from forge.chain import find_chain
from forge.cli.arguments import read_arguments
from forge.cli.exits import UsageError
from forge.cli.parties import SELF, SERVICE, read_did, read_subject
from forge.cli.proofs import no_chain, read_proofs
from forge.cli.terminal import complain
from forge.cli.times import now, read_expiration
from forge.command import CommandPath
from forge.config import find, load
from forge.dagcbor import Value
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import CommandError, DecodeError, MalformedArguments
from forge.invocation import Invocation
from forge.keys import Signer

EMPTY: Final = "empty"


@dataclass(frozen=True)
class Request:
    """What the command line says about an invocation, not read yet."""

    command: str
    pairs: Sequence[str]
    arguments: str | None
    subject: str | None
    """None: the only one that the proofs lead from to the signer, or else the signer."""
    audience: str
    proof: Sequence[str]
    expires: str
    nonce: str | None
    unchecked: bool
    """Sign it, whatever is wrong with it: for trying what a service says."""


@dataclass(frozen=True)
class Draft:
    """An invocation that is read, and not signed yet."""

    signer: Signer
    audience: DID
    subject: DID
    path: CommandPath
    command: Command[Any, Any] | None
    """None where it is not known here."""
    arguments: Mapping[str, Value]
    proofs: tuple[Delegation, ...]
    said: Request

    @property
    def result(self) -> type[Arguments] | None:
        """What it gives; None where the command is not known here."""
        return None if self.command is None else self.command.result

    @classmethod
    def read(cls, signer: Signer, said: Request) -> Draft:
        """Read what the command line says.

        Raises:
            UsageError: something cannot be read.
        """
        audience = read_did("--audience", said.audience)
        path = _path(said.command)
        command = known(path)
        model = None if command is None else command.arguments
        parties = {SELF: signer.did, SERVICE: audience}
        arguments = read_arguments(said.pairs, said.arguments, model, at=now(), parties=parties, unchecked=said.unchecked)
        proofs = read_proofs(said.proof)
        lent = _only_subject(proofs, signer.did, path) if said.subject is None else None
        subject = lent or read_subject(said.subject or SELF, issuer=signer.did, audience=audience)
        if command is None:
            complain(f"{path} is not known here: its arguments are sent as they are")
        return cls(signer, audience, subject, path, command, arguments, proofs, said)

    def sign(self) -> tuple[Invocation, tuple[Delegation, ...]]:
        """Check and sign it, now; give it and its chain, root first.

        Raises:
            UsageError: the arguments do not fit the command, nothing gives the signer the authority, or it cannot be signed.
        """
        at = now()
        if self.command is not None and not self.said.unchecked:
            try:
                self.command.parse(self.arguments)
            except MalformedArguments as failure:
                raise UsageError(failure.message) from failure
        issuer = self.signer.did
        chain = find_chain(self.proofs, issuer=issuer, subject=self.subject, command=self.path, at=at, arguments=self.arguments)
        if chain is None:
            if not self.said.unchecked:
                raise no_chain(issuer, self.subject, self.path, self.proofs)
            chain = self.proofs
        try:
            invocation = Invocation.issue(
                self.signer,
                subject=self.subject,
                command=self.path,
                arguments=self.arguments,
                expiration=read_expiration("--expires", self.said.expires, at=at),
                audience=self.audience,
                proofs=[proof.cid for proof in chain],
                nonce=_nonce(self.said.nonce),
            )
        except DecodeError as error:
            raise UsageError(f"this cannot be signed: {error}") from error
        return invocation, chain


def _only_subject(proofs: Sequence[Delegation], issuer: DID, command: CommandPath) -> DID | None:
    """Give the subject that proofs lead from to the issuer; None where that is none, or more than one.

    A powerline leads from whomever one likes, and so from nobody in particular.
    """
    named = {one.subject for one in proofs if one.subject not in (None, issuer)}
    found = [one for one in named if one and find_chain(proofs, issuer=issuer, subject=one, command=command)]
    return found[0] if len(found) == 1 else None


def _path(text: str) -> CommandPath:
    try:
        return CommandPath(text)
    except CommandError as error:
        raise UsageError(f"CMD: {error}") from error


def known(path: CommandPath) -> Command[Any, Any] | None:
    """Give the command at a path; None where it is not known here.

    Raises:
        ConfigurationError: the catalogue cannot be loaded.
    """
    catalog: Catalog = find(load().catalog)
    route = catalog.get(path)
    return None if route is None else route.command


def _nonce(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        return b"" if text == EMPTY else bytes.fromhex(text)
    except ValueError as error:
        raise UsageError(f"--nonce: expected hexadecimal, or {EMPTY!r}, not {text!r}") from error
