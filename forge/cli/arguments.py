"""A command's arguments on the command line: `key=value`, and `--args` for whatever that cannot say.

How a value is read, the command's own model decides. Text stays text, whatever it looks like; a link is a CID; a time is a
date, Unix seconds, or a duration from now; a list is made of the key's values, one after the other; anything else is DAG-JSON.
Only what may be null is null where `null` is said, text too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from forge import dagjson
from forge.binding import Arguments
from forge.cid import CID
from forge.cli.exits import UsageError
from forge.cli.parameter import Parameter, is_text, parameters
from forge.cli.times import NEVER, read_time
from forge.dagcbor import Value
from forge.errors import CIDError, DagJsonError
from forge.model import UnixTime

_NULL: Final = "null"


def read_arguments(
    pairs: Sequence[str], text: str | None, model: type[Arguments] | None, *, at: int, unchecked: bool = False
) -> dict[str, Value]:
    """Read arguments. What is said by `key=value` counts more than what `--args` says.

    Args:
        pairs: each `key=value`, keys as on the wire.
        text: `--args`, a DAG-JSON map.
        model: the command's arguments; None where the command is not known: then a value is DAG-JSON, or else text.
        at: now, in Unix seconds: durations are counted from it.
        unchecked: let keys pass that the command does not know; they are read likewise.

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
            arguments[key] = _read(known[key], given, at)
        elif model is None or unchecked:
            arguments[key] = _guess(_single(key, given))
        else:
            raise UsageError(f"{key}: the command takes no such argument; it takes: {', '.join(known) or 'none'}")
    return arguments


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


def _read(parameter: Parameter, given: Sequence[str], at: int) -> Value:
    if parameter.nullable and list(given) == [_NULL]:
        return None
    if not parameter.repeated:
        return _one(parameter, _single(parameter.key, given), at)
    if len(given) == 1 and given[0].lstrip().startswith("["):
        return _json(parameter.key, given[0])
    return [_one(parameter, value, at) for value in given]


def _one(parameter: Parameter, value: str, at: int) -> Value:
    key, kinds = parameter.key, parameter.kinds
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
    return _guess(value) if any(is_text(kind) for kind in kinds) else _json(key, value)


def _single(key: str, given: Sequence[str]) -> str:
    if len(given) > 1:
        raise UsageError(f"{key}: given {len(given)} times, and it is not a list")
    return given[0]


def _json(key: str, value: str) -> Value:
    try:
        return dagjson.decode(value)
    except DagJsonError as error:
        raise UsageError(f'{key}: {error} (this argument is written as JSON, such as {{"a":"b"}} or 3)') from error


def _guess(value: str) -> Value:
    try:
        return dagjson.decode(value)
    except DagJsonError:
        return value
