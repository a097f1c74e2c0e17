"""Signing an invocation from what the command line says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from forge.binding import Catalog, Command
from forge.chain import find_chain
from forge.cli.arguments import read_arguments
from forge.cli.exits import UsageError
from forge.cli.parties import read_did, read_subject
from forge.cli.proofs import no_chain, read_proofs
from forge.cli.terminal import complain
from forge.cli.times import now, read_expiration
from forge.command import CommandPath
from forge.config import find, load
from forge.delegation import Delegation
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
    subject: str
    audience: str
    proofs: Sequence[str]
    expires: str
    nonce: str | None
    unchecked: bool
    """Sign it, whatever is wrong with it: for trying what a service says."""


def sign(signer: Signer, request: Request) -> tuple[Invocation, tuple[Delegation, ...]]:
    """Read, check and sign an invocation; give it and its chain, root first.

    Raises:
        UsageError: something cannot be read, the arguments do not fit the command, or nothing gives the signer the authority.
    """
    at = now()
    audience = read_did("--audience", request.audience)
    subject = read_subject(request.subject, issuer=signer.did, audience=audience)
    path = _path(request.command)
    command = _known(path)
    model = None if command is None else command.arguments
    arguments = read_arguments(request.pairs, request.arguments, model, unchecked=request.unchecked)
    if command is None:
        complain(f"{path} is not known here: its arguments are sent as they are")
    elif not request.unchecked:
        try:
            command.parse(arguments)
        except MalformedArguments as failure:
            raise UsageError(failure.message) from failure
    proofs = read_proofs(request.proofs)
    chain = find_chain(proofs, issuer=signer.did, subject=subject, command=path, at=at, arguments=arguments)
    if chain is None:
        if not request.unchecked:
            raise no_chain(signer.did, subject, path, proofs)
        chain = proofs
    try:
        invocation = Invocation.issue(
            signer,
            subject=subject,
            command=path,
            arguments=arguments,
            expiration=read_expiration("--expires", request.expires, at=at),
            audience=audience,
            proofs=[proof.cid for proof in chain],
            nonce=_nonce(request.nonce),
        )
    except DecodeError as error:
        raise UsageError(f"this cannot be signed: {error}") from error
    return invocation, chain


def _path(text: str) -> CommandPath:
    try:
        return CommandPath(text)
    except CommandError as error:
        raise UsageError(f"CMD: {error}") from error


def _known(path: CommandPath) -> Command[Any, Any] | None:
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
