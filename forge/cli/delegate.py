"""`forge delegate`: lets somebody else invoke commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import typer

from forge.chain import find_chain
from forge.cli.exits import UsageError
from forge.cli.files import write
from forge.cli.keyfiles import read_signer
from forge.cli.options import As, Json, KeyFile, Output, Proofs
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

LIFETIME: Final = "30d"
"""How long a delegation lasts where nothing is said: long enough to work with, short enough that a forgotten one dies."""

app = typer.Typer(add_completion=False)


@app.command()
def delegate(  # noqa: PLR0913 - a delegation has these parts
    *,
    key: KeyFile,
    audience: Annotated[str, typer.Option(metavar="DID", help="Who receives the authority.")],
    subject: Annotated[
        str,
        typer.Option(
            metavar="DID|self|null",
            help="Whom it is about: a DID, `self` for whoever signs, `null` for whatever subject a chain has (a powerline).",
        ),
    ],
    command: Annotated[
        list[str],
        typer.Option(metavar="CMD", help="What may be invoked, with all that is below it. Each makes a delegation of its own."),
    ],
    as_did: As = None,
    policy: Annotated[
        str | None,
        typer.Option(metavar="JSON", help="What the arguments must satisfy: statements, or one. Anything goes without."),
    ] = None,
    expires: Annotated[
        str, typer.Option(metavar="TIME|never", help="When it ends: RFC 3339, Unix seconds, a duration from now.")
    ] = LIFETIME,
    not_before: Annotated[str | None, typer.Option(metavar="TIME", help="From when on it counts.")] = None,
    proof: Proofs = [],  # noqa: B006 - typer never changes it
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Let somebody else invoke commands.

    Prints a container (base64 of gzip) with the new delegations and those of the proofs: all that the audience needs to act.
    """
    at = now()
    signer = read_signer(key, as_did)
    about = None if subject == ANY else read_subject(subject, issuer=signer.did)
    to = read_did("--audience", audience)
    paths = [_command(text) for text in command]
    rules = read_policy(policy)
    end = read_expiration("--expires", expires, at=at)
    start = None if not_before is None else read_time("--not-before", not_before, at=at)
    proofs = read_proofs(proof)
    if about is not None:
        for path in paths:
            _check_authority(signer.did, about, path, proofs, at=at, end=end)
    new = [
        Delegation.issue(signer, audience=to, subject=about, command=path, expiration=end, policy=rules, not_before=start)
        for path in paths
    ]
    for remark in rules.portability():
        complain(f"--policy: not every implementation reads this alike: {remark}")
    say(f"expires: {'never' if end is None else show_time(end, at=at)}")
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
