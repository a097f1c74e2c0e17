"""Models: what a command takes and gives, and how what does not fit is described."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, ValidationError
from pydantic.alias_generators import to_camel

from forge.cid import CID
from forge.dagcbor import Value

MAX_PROBLEMS: Final = 8
"""How many wrong keys one message names."""
MAX_PROBLEM_CHARACTERS: Final = 200
MAX_SHOWN: Final = 40
"""Characters of a wrong word that a message shows, all of it or nothing: what is longer was not meant as one of the words."""


class Arguments(BaseModel):
    """What a command takes. Frozen, strict, unknown keys refused; names are camelCase on the wire."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )


class Result(Arguments):
    """What a command gives. Fields that are None are left out on the wire."""


class Nothing(Result):
    """The result that says only that it is done: `{}`."""


class UnixTime:
    """Marks an integer as a point in time, in Unix seconds: `Annotated[int, UnixTime()]`. A command line has dates."""

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:  # noqa: ANN401 - pydantic's signature
        """Say it in JSON Schema."""
        return {"description": "Unix seconds"} | handler(schema)


class Implied:
    """Marks what the wire requires, and a command line says for whoever leaves it out: `Annotated[Details, Implied({})]`."""

    def __init__(self, value: Value) -> None:
        self.value = value


def to_wire(model: Arguments) -> dict[str, Value]:
    """Give a model's fields as they go on the wire: camelCase, None left out."""
    if type(model) is Nothing:
        return {}
    return model.model_dump(by_alias=True, exclude_none=True)


def problems(error: ValidationError, root: str) -> str:
    """Name each wrong key, what was expected, and what was found."""
    found = error.errors(include_url=False)
    lines = [_problem(root, one) for one in found[:MAX_PROBLEMS]]
    if len(found) > MAX_PROBLEMS:
        lines.append(f"and {len(found) - MAX_PROBLEMS} more")
    return "; ".join(lines)


def _problem(root: str, one: Mapping[str, Any]) -> str:
    place = root + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in one["loc"])
    kind = one["type"]
    if kind == "missing":
        text = "missing"
    elif kind == "extra_forbidden":
        text = "unknown key"
    else:
        text = str(one["msg"]).removeprefix("Value error, ") + _found(kind, one["input"])
    return f"{place[:MAX_PROBLEM_CHARACTERS]}: {text[:MAX_PROBLEM_CHARACTERS]}"


def _found(kind: str, value: object) -> str:
    """Say what was found: of a wrong type its name. A value only where a few words were to choose from, and only if short."""
    if kind.endswith("_type") or kind in _OF_TYPES:
        return f", found {_kind(value)}"
    if kind not in _OF_WORDS:
        return ""
    if not isinstance(value, str):
        return f", found {_kind(value)}"
    return f", found {value!r}" if len(value) <= MAX_SHOWN and value.isprintable() else ""


def _kind(value: object) -> str:
    """Name a value's kind in DAG-CBOR's words, never the value."""
    for kind, name in _KINDS.items():
        if isinstance(value, kind):
            return name
    return "null" if value is None else type(value).__name__


_OF_TYPES: Final = frozenset({"is_instance_of", "link", "none_required"})
"""pydantic's errors (and `CID`'s) that say that a type is wrong, where their names do not end on it."""
_OF_WORDS: Final = frozenset({"enum", "literal_error"})

_KINDS: Final[dict[type, str]] = {
    bool: "a boolean",
    int: "an integer",
    float: "a float",
    str: "text",
    bytes: "bytes",
    CID: "a link",
    list: "an array",
    dict: "a map",
}
