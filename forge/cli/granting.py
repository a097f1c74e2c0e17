"""Signing delegations from what the command line says, and handing them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from forge.chain import find_chain
from forge.cli.exits import UsageError
from forge.cli.files import write
from forge.cli.parties import ANY, read_did, read_subject
from forge.cli.policies import read_policy
from forge.cli.proofs import no_chain, read_proofs
from forge.cli.terminal import complain, emit, emit_json, say
from forge.cli.times import now, read_expiration, read_time, show_time
from forge.command import CommandPath
from forge.container import Container
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import CommandError
from forge.keys import Signer

LIFETIME: Final = "30d"
"""How long a delegation lasts where nothing is said: long enough to work with, short enough that a forgotten one dies."""


@dataclass(frozen=True)
class Grant:
    """What the command line says about delegations, not read yet."""

    audience: str
    subject: str
    commands: Sequence[str]
    policy: str | None
    expires: str
    not_before: str | None
    proofs: Sequence[str]
    nonce: bytes | None = None
    """16 random bytes where None."""


def grant(signer: Signer, said: Grant) -> tuple[list[Delegation], tuple[Delegation, ...]]:
    """Read, check and sign delegations, one a command; give them and the proofs.

    Raises:
        UsageError: something cannot be read, or nothing gives the signer what it gives away.
    """
    at = now()
    about = None if said.subject == ANY else read_subject(said.subject, issuer=signer.did)
    to = read_did("--audience", said.audience)
    paths = [_command(text) for text in said.commands]
    rules = read_policy(said.policy)
    end = read_expiration("--expires", said.expires, at=at)
    start = None if said.not_before is None else read_time("--not-before", said.not_before, at=at)
    proofs = read_proofs(said.proofs)
    if about is not None:
        for path in paths:
            _check_authority(signer.did, about, path, proofs, at=at, end=end)
    new = [
        Delegation.issue(
            signer,
            audience=to,
            subject=about,
            command=path,
            expiration=end,
            policy=rules,
            not_before=start,
            nonce=said.nonce,
        )
        for path in paths
    ]
    for remark in rules.portability():
        complain(f"--policy: not every implementation reads this alike: {remark}")
    say(f"expires: {'never' if end is None else show_time(end, at=at)}")
    return new, proofs


def hand_out(new: Sequence[Delegation], proofs: Sequence[Delegation], output: Path | None, *, as_json: bool) -> None:
    """Print or write a container (base64 of gzip) of new delegations and the proofs behind them.

    Raises:
        UsageError: it cannot be written.
    """
    text = Container.of(new, proofs).encode().decode()
    if output is not None:
        write(output, f"{text}\n".encode())
    if as_json:
        emit_json({"container": text, "delegations": [_describe(one) for one in new]})
    elif output is None:
        emit(text)


def _command(text: str) -> CommandPath:
    try:
        return CommandPath(text)
    except CommandError as error:
        raise UsageError(f"--command: {error}") from error


def _check_authority(  # noqa: PLR0913 - a task, and two times
    issuer: DID, subject: DID, command: CommandPath, proofs: Sequence[Delegation], *, at: int, end: int | None
) -> None:
    """Check that the issuer has what it gives away.

    Raises:
        UsageError: it has not.
    """
    chain = find_chain(proofs, issuer=issuer, subject=subject, command=command, at=at)
    if chain is None:
        raise no_chain(issuer, subject, command, proofs)
    for link in chain:
        if link.expiration is not None and (end is None or link.expiration < end):
            complain(f"{command}: its proof {link.cid} ends earlier: {show_time(link.expiration, at=at)}")


def _describe(one: Delegation) -> dict[str, object]:
    return {
        "cid": str(one.cid),
        "issuer": one.issuer,
        "audience": one.audience,
        "subject": one.subject,
        "command": one.command,
        "policy": one.policy.encode(),
        "expiration": one.expiration,
        "notBefore": one.not_before,
    }
