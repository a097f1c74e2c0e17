"""`forge revoke`: takes a delegation back, at a service that others ask or follow."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from forge.attestation import AttestedSigner
from forge.cid import CID
from forge.cli.exits import UsageError
from forge.cli.files import STANDARD_INPUT, exists
from forge.cli.keyfiles import read_signer
from forge.cli.options import As, Json, KeyFile, Proofs, Url
from forge.cli.outcome import report
from forge.cli.parties import read_did
from forge.cli.principal import ON_BEHALF, read_principal
from forge.cli.proofs import VARIABLE, read_proofs
from forge.cli.reading import read_given
from forge.cli.terminal import say
from forge.cli.urls import read_url
from forge.client import Client
from forge.container import Container
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import CIDError
from forge.invocation import Invocation
from forge.receipt import Receipt
from forge.revocation import REVOKE, find_path

app = typer.Typer(add_completion=False)


@app.command()
def revoke(  # noqa: PLR0913 - a revocation has these parts
    *,
    given: Annotated[
        str,
        typer.Argument(
            metavar="CID|FILE",
            help="The delegation: a container whose chain ends with it, a file or its text or -; or its CID, found by --proof.",
        ),
    ],
    key: KeyFile,
    audience: Annotated[str, typer.Option(envvar="FORGE_AUDIENCE", metavar="DID", help="The service's DID.")],
    url: Url,
    as_did: As = None,
    principal: Annotated[str | None, typer.Option("--for", metavar="ADDRESS|DID", help=ON_BEHALF)] = None,
    proof: Proofs = [],  # noqa: B006 - typer never changes it
    as_json: Json = False,
) -> None:
    """Revoke a delegation, for good.

    Whoever issued it may, and whoever issued one before it in a chain; then that chain is needed, from its root on. The service
    refuses whatever is invoked with it from then on. Revoking it again changes nothing.
    """
    signer = read_signer(key, as_did)
    if principal is not None:
        signer = AttestedSigner.of(signer, read_principal(principal))
    address = read_url(url)
    executor = read_did("--audience", audience)
    revoked, delegations = _read(given, proof)
    path = find_path(revoked, delegations, signer.did)
    if path is None:
        raise _no_path(revoked, signer.did, delegations)
    invocation = Invocation.issue(
        signer,
        subject=signer.did,
        command=REVOKE,
        arguments={"path": [one.cid for one in path], "revoke": revoked.cid},
        # The same revocation is the same task, whoever sends it again and whenever: it is never too late.
        expiration=None,
        nonce=b"",
        audience=executor,
    )
    if not as_json:
        say(f"revoking {revoked.cid}, issued by {revoked.issuer} to {revoked.audience}")
    report(asyncio.run(_execute(address, invocation, path or (revoked,))), invocation, as_json=as_json)


async def _execute(url: str, invocation: Invocation, delegations: Sequence[Delegation]) -> Receipt:
    async with Client(url) as client:
        return await client.execute(invocation, delegations)


def _read(given: str, proofs: Sequence[str]) -> tuple[Delegation, tuple[Delegation, ...]]:
    """Find the delegation that is meant, and all that are at hand.

    Raises:
        UsageError: there is none, or it is not clear which.
    """
    others = read_proofs(proofs)
    cid = _cid(given)
    if cid is not None:
        found = [one for one in others if one.cid == cid]
        if not found:
            raise UsageError(
                f"{cid} is not among the {len(others)} given delegations: give a container that holds it, by --proof or"
                f" {VARIABLE}"
            )
        return found[0], others
    held = tuple(read_given("FILE", given).container.delegations.values())
    return _last(held), tuple(Container.of(held, others).delegations.values())


def _cid(given: str) -> CID | None:
    """Read a CID's text, where there is no file of that name."""
    if given == STANDARD_INPUT or exists(Path(given)):
        return None
    try:
        return CID.parse(given.strip())
    except CIDError:
        return None


def _last(held: Sequence[Delegation]) -> Delegation:
    """Find the end of a chain: the delegation on which none of the others builds."""
    ends = [
        one
        for one in held
        if not any(
            other is not one
            and other.issuer == one.audience
            and (None in (one.subject, other.subject) or one.subject == other.subject)
            for other in held
        )
    ]
    if len(ends) != 1:
        names = "".join(f"\n  {one.cid} to {one.audience}" for one in held)
        raise UsageError(
            f"FILE: it holds {len(held)} delegations, and not one chain: name the one to revoke by its CID, and give FILE by"
            f" --proof{names}"
            if held
            else "FILE: it holds no delegation"
        )
    return ends[0]


def _no_path(revoked: Delegation, revoker: DID, delegations: Sequence[Delegation]) -> UsageError:
    return UsageError(
        f"{revoker} may not revoke {revoked.cid}: it is issued by {revoked.issuer}, and no chain leads from a root, by way of"
        f" {revoker}, to it ({len(delegations)} delegations given): give them by --proof or {VARIABLE}"
    )
