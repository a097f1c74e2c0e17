"""Selectors (protocol §6.3)."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Final

from forge.errors import DagCborError, MatchError, PolicyError
from forge.policy import Budget
from forge.policy.budget import MAX_STEPS
from forge.policy.segment import NOTHING
from forge.policy.selector import Selector
from tests.core.values import identical
from tests.fuzz import reference
from tests.fuzz.laws.price import exact
from tests.fuzz.laws.reading import item, refused

SEPARATOR: Final = b"\xff"
"""Between a selector and what it is applied to: no byte of UTF-8."""
SAMPLE: Final[Any] = {
    "a": [1, -1, 1.5, None, True],
    "b": {"c": "text", "é": b"\0\1"},
    "": [{"a": 1}, {"a": [2]}, {}],
    "c": "ab*",
}
"""What a selector is applied to where nothing is said."""


def selector(data: bytes) -> None:
    """Selectors, applied to values: `text`, or `text ff value`."""
    source, separator, rest = data.partition(SEPARATOR)
    try:
        text = source.decode()
        value = item(rest) if separator else SAMPLE
    except (UnicodeDecodeError, DagCborError):
        return
    parsed = refused(Selector, text, PolicyError)
    if parsed is None:
        return
    assert parsed.source == text, "the source is not kept"
    again = Selector(reference.written(parsed._segments))
    assert again._segments == parsed._segments, "written out and parsed again, it is another selector"
    before = deepcopy(value)
    budget = Budget()
    try:
        found = parsed.resolve(value, budget)
    except MatchError:
        assert budget.spent > MAX_STEPS, "there was budget left"
        return
    assert identical(value, before), "the value was changed"
    assert identical(_present(again.resolve(value, Budget())), _present(found)), "the same selector finds something else"
    assert identical(_present(reference.select(text, value)), _present(found)), "the reference finds something else"
    exact(lambda limit: parsed.resolve(value, limit), budget.spent)


def _present(found: object) -> list[Any]:
    """What was found, as a list: comparable, and telling nothing from null."""
    return [] if found in (NOTHING, reference.ABSENT) else [found]
