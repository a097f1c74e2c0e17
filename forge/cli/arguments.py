"""A command's arguments on the command line: `key=value`, and `--args` for whatever that cannot say.

How a value is read, the command's own model decides. Text stays text, whatever it looks like; a link is a CID; a list is made
of the key's values, one after the other; anything else is DAG-JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from forge import dagjson
from forge.binding import Arguments
from forge.cid import CID
from forge.cli.exits import UsageError
from forge.dagcbor import Value
from forge.errors import CIDError, DagJsonError

_LISTS: Final = (list, tuple, frozenset, set, Sequence)


def read_arguments(
    pairs: Sequence[str], text: str | None, model: type[Arguments] | None, *, unchecked: bool = False
) -> dict[str, Value]:
    """Read arguments. What is said by `key=value` counts more than what `--args` says.

    Args:
        pairs: each `key=value`, keys as on the wire.
        text: `--args`, a DAG-JSON map.
        model: the command's arguments; None where the command is not known: then a value is DAG-JSON, or else text.
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
    fields = {} if model is None else model.model_fields
    kinds = {field.alias or name: field.annotation for name, field in fields.items()}
    for key, given in values.items():
        if key in kinds:
            arguments[key] = _read(key, given, tuple(_alternatives(kinds[key])))
        elif model is None or unchecked:
            arguments[key] = _guess(_single(key, given))
        else:
            raise UsageError(f"{key}: the command takes no such argument; it takes: {', '.join(kinds) or 'none'}")
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


def _read(key: str, given: Sequence[str], kinds: tuple[Any, ...]) -> Value:
    lists = [kind for kind in kinds if (get_origin(kind) or kind) in _LISTS]
    if lists:
        if len(given) == 1 and given[0].lstrip().startswith("["):
            return _json(key, given[0])
        items = tuple(_alternatives(next(iter(get_args(lists[0])), str)))
        return [_one(key, value, items) for value in given]
    return _one(key, _single(key, given), kinds)


def _one(key: str, value: str, kinds: tuple[Any, ...]) -> Value:
    if all(_is_text(kind) for kind in kinds):
        return value
    if CID in kinds and not value.lstrip().startswith("{"):
        try:
            return CID.parse(value)
        except CIDError as error:
            raise UsageError(f"{key}: {error}") from error
    return _guess(value) if any(_is_text(kind) for kind in kinds) else _json(key, value)


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


def _is_text(kind: object) -> bool:
    if get_origin(kind) is Literal:
        return all(isinstance(one, str) for one in get_args(kind))
    return isinstance(kind, type) and issubclass(kind, str)


def _alternatives(annotation: object) -> Iterator[object]:
    """Give the types that an annotation stands for, None aside."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for one in get_args(annotation):
            yield from _alternatives(one)
    elif annotation is not NoneType:
        yield annotation
