"""A command's parameters: what its model says about each key of its arguments, as the command line needs to know it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from forge.binding import Arguments
from forge.cid import CID
from forge.dagcbor import Value
from forge.did import DID
from forge.model import Implied, UnixTime

_LISTS: Final = (list, tuple, frozenset, set, Sequence)
_NAMES: Final = {UnixTime: "TIME", CID: "CID", bool: "true|false", int: "INTEGER", float: "NUMBER", str: "TEXT"}
_JSON: Final = "JSON"
WORD: Final = "WORD"
"""One of several texts that are too many for a name."""
_MAX_CHOICES: Final = 80  # characters: more would leave no room for what an option means


@dataclass(frozen=True)
class Parameter:
    """One key of a command's arguments."""

    key: str
    """Its name on the wire."""
    kinds: tuple[Any, ...]
    """The types that it may have, null aside; of a list, the types of its items. A time is `UnixTime`."""
    repeated: bool
    """Whether it is a list."""
    nullable: bool
    required: bool
    default: object
    """None where there is none."""
    implied: Value
    """What to say for whoever does not say it, where it must be said; None where there is none."""
    description: str

    @property
    def is_flag(self) -> bool:
        """Whether it is a yes or no."""
        return self.kinds == (bool,) and not self.repeated

    @property
    def is_text(self) -> bool:
        """Whether it is text and nothing else."""
        return all(is_text(kind) for kind in self.kinds)

    @property
    def is_did(self) -> bool:
        """Whether it is a DID and nothing else."""
        return bool(self.kinds) and all(isinstance(kind, type) and issubclass(kind, DID) for kind in self.kinds)

    @property
    def choices(self) -> tuple[str, ...]:
        """The texts that it may be; none where it may be any."""
        found = [_choices(kind) for kind in self.kinds]
        return tuple(one for some in found for one in some) if all(found) else ()

    @property
    def metavar(self) -> str:
        """How its values are called, such as `DID` or `now|end`."""
        names = dict.fromkeys(name_of(kind) for kind in self.kinds)
        # Where it may be left out, that is mostly what null says too, and the command's own words say where it is not.
        return "|".join([*names, "null"] if self.nullable and self.required else names)


def parameters(model: type[Arguments]) -> Mapping[str, Parameter]:
    """Give a model's parameters by their keys, in the model's order."""
    found = (_parameter(field.alias or name, field) for name, field in model.model_fields.items())
    return {one.key: one for one in found}


def is_text(kind: object) -> bool:
    """Say whether a type is one of texts."""
    if get_origin(kind) is Literal:
        return all(isinstance(one, str) for one in get_args(kind))
    return isinstance(kind, type) and issubclass(kind, str)


def _parameter(key: str, field: FieldInfo) -> Parameter:
    # What is annotated on the field as a whole, pydantic keeps beside its type.
    implied = next((mark.value for mark in field.metadata if isinstance(mark, Implied)), None)
    marks = [mark for mark in field.metadata if isinstance(mark, UnixTime)]
    kinds = tuple(_alternatives(Annotated[field.annotation, marks[0]] if marks else field.annotation))
    lists = [kind for kind in kinds if (get_origin(kind) or kind) in _LISTS]
    return Parameter(
        key,
        tuple(_alternatives(next(iter(get_args(lists[0])), str)))
        if lists
        else tuple(one for one in kinds if one is not NoneType),
        repeated=bool(lists),
        nullable=NoneType in kinds,
        required=field.is_required() and implied is None,
        default=None if field.is_required() else field.get_default(),
        implied=implied,
        description=" ".join((field.description or "").split()),
    )


def _alternatives(annotation: object) -> Iterator[object]:
    """Give the types that an annotation stands for."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        if any(isinstance(mark, UnixTime) for mark in marks):
            yield from (UnixTime if kind is int else kind for kind in _alternatives(inner))
        else:
            yield from _alternatives(inner)
    elif origin in (Union, UnionType):
        for one in get_args(annotation):
            yield from _alternatives(one)
    else:
        yield annotation


def name_of(kind: object) -> str:
    """Give what a type's values are called, such as `DID` or `now|end`."""
    if choices := _choices(kind):
        words = "|".join(choices)
        return words if len(words) <= _MAX_CHOICES else WORD
    if isinstance(kind, type) and kind in _NAMES:
        return _NAMES[kind]
    # A text with rules of its own, such as a DID.
    return kind.__name__.upper() if isinstance(kind, type) and issubclass(kind, str) else _JSON


def form_of(kind: object) -> str | None:
    """Say how a text with rules of its own is written, where its JSON Schema describes that."""
    if not (isinstance(kind, type) and issubclass(kind, str)):
        return None
    found = TypeAdapter(kind).json_schema().get("description")
    return found if isinstance(found, str) else None


def _choices(kind: object) -> tuple[str, ...]:
    return get_args(kind) if get_origin(kind) is Literal and is_text(kind) else ()
