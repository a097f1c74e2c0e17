"""The policy language once more, written to be read and not to be fast, from the specification's text (protocol §6).

It shares no code with `forge.policy` but the segments that a selector was parsed into. What the two say has to be the same.
"""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any, Final

from forge.cid import CID
from forge.policy.segment import Each, Field, Index, Segment, Slice
from forge.policy.selector import Selector

ABSENT: Final = object()
"""What a selector finds where nothing is."""


def written(segments: tuple[Segment, ...]) -> str:
    """Write segments as a selector, each in one way out of the several that there are."""
    return "." + "".join(_segment(segment) + "?" * segment.optional for segment in segments)


def _segment(segment: Segment) -> str:
    match segment:
        case Field(key=key):
            return f"[{json.dumps(key)}]"
        case Index(at=at):
            return f"[{at}]"
        case Slice(start=start, stop=stop):
            return f"[{'' if start is None else start}:{'' if stop is None else stop}]"
        case _:
            assert isinstance(segment, Each)
            return "[]"


def select(source: str, value: Any) -> Any:
    """Say what is selected: a value, a list where there is an iterator, or `ABSENT`.

    An iterator makes a stream of the one value that there is; what follows is applied to each of the stream.
    """
    segments = Selector(source)._segments
    stream, found = False, [value]
    for at, segment in enumerate(segments):
        # A missing part ends in null only where nothing behind it insists on one.
        forgiven = all(later.optional for later in segments[at:])
        following: list[Any] = []
        for item in found:
            parts = _parts(segment, item)
            if parts is None and not forgiven:
                return ABSENT
            if parts is None and not stream:
                return None
            following += parts or []
        found = following
        stream = stream or isinstance(segment, Each)
    return found if stream else found[0]


def _parts(segment: Segment, item: Any) -> list[Any] | None:
    """Say what a segment finds in one value: some values, or None where there is nothing to find."""
    match segment:
        case Field(key=key) if isinstance(item, dict) and key in item:
            return [item[key]]
        case Index(at=at) if isinstance(item, list | str | bytes):
            place = at if at >= 0 else len(item) + at
            return [item[place]] if 0 <= place < len(item) else None
        case Slice(start=start, stop=stop) if isinstance(item, list | str | bytes):
            return [item[start:stop]]
        case Each() if isinstance(item, list):
            return list(item)
        case Each() if isinstance(item, dict):
            return [item[key] for key in sorted(item, key=lambda key: (len(key.encode()), key.encode()))]
    return None


def model(value: Any) -> object:
    """Write a value so that Python's own `==` says which are equal in the language."""
    match value:
        case bool() | None | str() | bytes() | CID():
            return (type(value).__name__, value)
        case int() | float():
            return ("number", Fraction(value))
        case list():
            return ("list", tuple(map(model, value)))
        case _:
            return ("map", frozenset((key, model(item)) for key, item in value.items()))


def holds(statement: Any, value: Any) -> bool:
    """Say whether a statement, which a policy has accepted, holds of a value."""
    operator, *operands = statement
    match operator:
        case "not":
            verdict = not holds(operands[0], value)
        case "and":
            verdict = all(holds(inner, value) for inner in operands[0])
        case "or":
            verdict = not operands[0] or any(holds(inner, value) for inner in operands[0])
        case _:
            found = select(operands[0], value)
            verdict = found is not ABSENT and _holds_of(operator, found, operands[1])
    return verdict


def _holds_of(operator: str, found: Any, operand: Any) -> bool:
    match operator:
        case "==":
            verdict = model(found) == model(operand)
        case "!=":
            verdict = model(found) != model(operand)
        case "like":
            verdict = isinstance(found, str) and like(found, operand)
        case "all" | "any":
            members = list(found.values()) if isinstance(found, dict) else found
            quantifier = all if operator == "all" else any
            verdict = isinstance(members, list) and quantifier(holds(operand, member) for member in members)
        case _:
            number = isinstance(found, int | float) and not isinstance(found, bool)
            verdict = number and _ordered(operator, Fraction(found), Fraction(operand))
    return verdict


def _ordered(operator: str, left: Fraction, right: Fraction) -> bool:
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator]


def like(text: str, pattern: str) -> bool:
    """Say whether the whole text matches: by all the places of the pattern that each character can lead to."""
    characters = iter(pattern)
    marks = [next(characters) if character == "\\" else None if character == "*" else character for character in characters]
    places = _past_stars({0}, marks)
    for character in text:
        stays = {place for place in places if place < len(marks) and marks[place] is None}
        moves = {place + 1 for place in places if place < len(marks) and marks[place] == character}
        places = _past_stars(stays | moves, marks)
    return len(marks) in places


def _past_stars(places: set[int], marks: list[str | None]) -> set[int]:
    reached = set(places)
    for place in places:
        beyond = place
        while beyond < len(marks) and marks[beyond] is None:
            beyond += 1
            reached.add(beyond)
    return reached
