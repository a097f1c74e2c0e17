"""Proofs on the command line, and the chain that is found in them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from forge.chain import find_chain
from forge.cli.exits import UsageError
from forge.cli.reading import read_given
from forge.cli.terminal import complain
from forge.command import CommandPath
from forge.container import Container
from forge.dagcbor import Value
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import MatchError

VARIABLE: Final = "FORGE_PROOF"
"""The environment variable that is used where no `--proof` is given; several proofs as in a PATH, or one a line."""
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


def choose_chain(  # noqa: PLR0913 - a task has these parts
    proofs: Iterable[Delegation],
    *,
    issuer: DID,
    subject: DID,
    command: CommandPath,
    at: int,
    arguments: Mapping[str, Value] | None = None,
) -> tuple[Delegation, ...] | None:
    """Find the shortest chain from the subject to the issuer, root first; None where there is none.

    Where several delegations would do, one that is in force and allows the arguments is taken. Where only others are left, one
    of those is: what is wrong with it, the service says better.
    """
    proofs = tuple(proofs)
    fitting = [one for one in proofs if _in_force(one, at) and _allows(one, arguments)]
    for candidates in (fitting, proofs):
        chain = find_chain(candidates, issuer=issuer, subject=subject, command=command)
        if chain is not None:
            return chain
    return None


def no_chain(issuer: DID, subject: DID, command: CommandPath, proofs: Sequence[Delegation]) -> UsageError:
    """Say that nothing gives the issuer the authority, and what would."""
    return UsageError(
        f"{issuer} may not invoke {command} on {subject}: it is not the subject, and no chain of delegations leads from the"
        f" subject to it ({len(proofs)} given): give the delegation by --proof or {VARIABLE}"
    )


def _read(name: str, source: str) -> tuple[Delegation, ...]:
    reading = read_given(name, source)
    for reason in reading.container.undecodable:
        complain(f"{name}: passed over {reason}")
    found = tuple(reading.container.delegations.values())
    if not found:
        raise UsageError(f"{name}: {source[:_SHOWN]!r} holds no delegation")
    return found


def _in_force(one: Delegation, at: int) -> bool:
    return (one.expiration is None or at < one.expiration) and (one.not_before or at) <= at


def _allows(one: Delegation, arguments: Mapping[str, Value] | None) -> bool:
    if arguments is None:
        return True
    try:
        one.policy.match(dict(arguments))
    except MatchError:
        return False
    return True
