"""Models: what a command takes and gives, and how what does not fit is described."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from forge.cid import CID
from forge.dagcbor import Value

MAX_PROBLEMS: Final = 8
"""How many wrong keys one message names."""
MAX_PROBLEM_CHARACTERS: Final = 200


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
    """Marks an integer as a point in time, in Unix seconds: `Annotated[int, UnixTime()]`. A command line reads dates there."""


def to_wire(model: Arguments) -> dict[str, Value]:
    """Give a model's fields as they go on the wire: camelCase, None left out."""
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
        text = f"{str(one['msg']).removeprefix('Value error, ')}, found {_kind(one['input'])}"
    return f"{place[:MAX_PROBLEM_CHARACTERS]}: {text[:MAX_PROBLEM_CHARACTERS]}"


def _kind(value: object) -> str:
    """Name a value's kind in DAG-CBOR's words, never the value."""
    for kind, name in _KINDS.items():
        if isinstance(value, kind):
            return name
    return "null" if value is None else type(value).__name__


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
