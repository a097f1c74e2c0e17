"""A command's arguments on the command line: `key=value`, and `--args` for whatever that cannot say.

How a value is read, the command's own model decides. Text stays text, whatever it looks like; a DID may be an e-mail
address or a party's name; a link is a CID; a time is as `times` has it; a list is made of the key's
values, one after the other; anything else is DAG-JSON. Only what may be null is null where `null` is said, text too. What a
command wants said, and the model knows what it is where nobody says it, is that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from forge import dagjson
from forge.binding import Arguments
from forge.cid import CID
from forge.cli.exits import UsageError
from forge.cli.parameter import Parameter, is_text, parameters
from forge.cli.times import NEVER, read_time
from forge.dagcbor import Value
from forge.did import DID, mailto
from forge.errors import CIDError, DagJsonError, DIDError
from forge.model import UnixTime

_NULL: Final = "null"
_WHOLE: Final = "expected a whole number"
_SHOWN: Final = 40  # characters of what was given, in a message
_NOBODY: Final[Mapping[str, DID]] = {}


def read_arguments(  # noqa: PLR0913 - what is said, and what it means here
    pairs: Sequence[str],
    text: str | None,
    model: type[Arguments] | None,
    *,
    at: int,
    parties: Mapping[str, DID] = _NOBODY,
    unchecked: bool = False,
) -> dict[str, Value]:
    """Read arguments. What is said by `key=value` counts more than what `--args` says.

    Args:
        pairs: each `key=value`, keys as on the wire.
        text: `--args`, a DAG-JSON map.
        model: the command's arguments; None where the command is not known: then a value is DAG-JSON, or else text.
        at: now, in Unix seconds: durations are counted from it.
        parties: who is meant where a word such as `self` stands for a DID.
        unchecked: let keys pass that the command does not know, read likewise; and add nothing that was not said.

    Raises:
        UsageError: something cannot be read; the message names the key.
    """
    arguments = _map(text)
    values: dict[str, list[str]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"{pair}: expected key=value")
        values.setdefault(key, []).append(value)
    known = {} if model is None else parameters(model)
    for key, given in values.items():
        if key in known:
            arguments[key] = _read(known[key], given, at, parties)
        elif model is None or unchecked:
            arguments[key] = _guess(_single(key, given))
        else:
            raise UsageError(f"{key}: the command takes no such argument; it takes: {', '.join(known) or 'none'}")
    implied = {key: one.implied for key, one in known.items() if one.implied is not None and not unchecked}
    return implied | arguments


def _map(text: str | None) -> dict[str, Value]:
    if text is None:
        return {}
    try:
        value = dagjson.decode(text)
    except DagJsonError as error:
        raise UsageError(f"--args: {error}") from error
    if not isinstance(value, dict):
        raise UsageError("--args: expected a map")
    return value


def _read(parameter: Parameter, given: Sequence[str], at: int, parties: Mapping[str, DID]) -> Value:
    if parameter.nullable and list(given) == [_NULL]:
        return None
    if not parameter.repeated:
        return _one(parameter, _single(parameter.key, given), at, parties)
    if len(given) == 1 and given[0].lstrip().startswith("["):
        return _json(parameter.key, given[0])
    return [_one(parameter, value, at, parties) for value in given]


def _one(parameter: Parameter, value: str, at: int, parties: Mapping[str, DID]) -> Value:
    key, kinds = parameter.key, parameter.kinds
    if parameter.is_did:
        return parties.get(value) or _address(key, value)
    if parameter.is_text:
        return value
    if CID in kinds and not value.lstrip().startswith("{"):
        try:
            return CID.parse(value)
        except CIDError as error:
            raise UsageError(f"{key}: {error}") from error
    if kinds == (UnixTime,):
        never = value == NEVER and parameter.nullable and not parameter.repeated
        return None if never else read_time(key, value, at=at)
    if any(is_text(kind) for kind in kinds):
        return _guess(value)
    return _json(key, value, _WHOLE if kinds == (int,) else None)


def _address(key: str, value: str) -> str:
    """Give an e-mail address's did:mailto; anything else as it is, which the model looks at."""
    if value.startswith("did:") or "@" not in value:
        return value
    try:
        return mailto(value)
    except DIDError as error:
        raise UsageError(f"{key}: {error}") from error


def _single(key: str, given: Sequence[str]) -> str:
    if len(given) > 1:
        raise UsageError(f"{key}: given {len(given)} times, and it is not a list")
    return given[0]


def _json(key: str, value: str, expected: str | None = None) -> Value:
    try:
        return dagjson.decode(value)
    except DagJsonError as error:
        if expected is not None:
            raise UsageError(f"{key}: {expected}, not {value[:_SHOWN]!r}") from error
        raise UsageError(f'{key}: {error} (this argument is written as JSON, such as {{"a":"b"}} or 3)') from error


def _guess(value: str) -> Value:
    try:
        return dagjson.decode(value)
    except DagJsonError:
        return value
