"""Proofs on the command line, and the chain that is found in them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Final

from forge.cli.exits import UsageError
from forge.cli.reading import read_given
from forge.cli.terminal import complain
from forge.command import CommandPath
from forge.container import Container
from forge.delegation import Delegation
from forge.did import DID

VARIABLE: Final = "FORGE_PROOF"
"""The environment variable that is used where no `--proof` is given; several proofs as in a PATH, or one a line."""
_NAMED: Final = 3  # holders, in a message
_SHOWN: Final = 60  # characters of what was given, in a message
_BETWEEN: Final = re.compile(f"[\n{re.escape(os.pathsep)}]")


def read_proofs(given: Sequence[str]) -> tuple[Delegation, ...]:
    """Read all proofs: paths, or the text of containers or tokens, in any encoding.

    Raises:
        UsageError: one of them is neither, or holds no delegation.
    """
    sources = given or [one.strip() for one in _BETWEEN.split(os.environ.get(VARIABLE, "")) if one.strip()]
    found = [_read("--proof" if given else VARIABLE, source) for source in sources]
    return tuple(Container.of(*found).delegations.values())


def no_chain(issuer: DID, subject: DID, command: CommandPath, proofs: Sequence[Delegation]) -> UsageError:
    """Say that nothing gives the issuer the authority, and what would."""
    given = f"{len(proofs)} given"
    what = f"give the delegation by --proof or {VARIABLE}"
    if proofs and all(one.audience != issuer for one in proofs):
        passed_on = {one.issuer for one in proofs}
        holders = list(dict.fromkeys(one.audience for one in proofs if one.audience not in passed_on))
        given += f", to {', '.join(holders[:_NAMED])}{' and others' if len(holders) > _NAMED else ''}"
        what = "sign with the key of whom it is to (--key, --as), or give a delegation to whoever signs"
    return UsageError(
        f"{issuer} may not invoke {command} on {subject}: it is not the subject, and no chain of delegations leads from the"
        f" subject to it ({given}): {what}"
    )


def _read(name: str, source: str) -> tuple[Delegation, ...]:
    reading = read_given(name, source)
    for reason in reading.container.undecodable:
        complain(f"{name}: passed over {reason}")
    found = tuple(reading.container.delegations.values())
    if not found:
        raise UsageError(f"{name}: {source[:_SHOWN]!r} holds no delegation")
    return found
