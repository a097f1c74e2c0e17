"""Selectors: which part of the arguments a statement is about (protocol §6.3).

    selector ::= ( ( field | identity | bracketed ) optional )+      and it begins with "."

The other productions stand at the functions that read them. A selector with an iterator gives a stream, as in jq: the rest of
the path is applied once to each child, the results are collected, and what an optional segment did not find is left out.
"""

from __future__ import annotations

import json
import re
from itertools import takewhile
from typing import Final, NoReturn

from forge.dagcbor import Value
from forge.errors import PolicyError
from forge.policy.budget import Budget
from forge.policy.segment import NOTHING, Each, Field, Index, Nothing, Segment, Slice

# Values are nested less deeply than this, so that a longer path leads nowhere.
MAX_SEGMENTS: Final = 64
# Characters. ucantone skips keys beyond 2048 bytes when it matches policies, so that no working selector is longer.
MAX_SELECTOR: Final = 2048
# Indices are 64-bit integers in every implementation.
_MIN_INDEX: Final = -(1 << 63)
_MAX_INDEX: Final = (1 << 63) - 1

# Characters of the source that a syntax error shows on each side of its place.
_MARGIN: Final = 50

# What a name is made of; beyond ASCII it lets some marks in that are no letters, which are sorted out one by one.
_RUN: Final = re.compile(r"[\w$-]*")
_NAME_MARKS: Final = frozenset("0123456789_$-")
_QUESTION_MARKS: Final = re.compile(r"\?*")
# Up to the next quote that no backslash escapes; the JSON reader judges what lies between.
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_RANGE: Final = re.compile(r"(?P<start>-?[0-9]+)?(?P<slice>:(?P<stop>-?[0-9]+)?)?")


class Selector:
    """A selector, parsed. `source` is its text, `foreign` what in it ucantone cannot read or reads differently."""

    __slots__ = ("_segments", "_tolerant_from", "foreign", "source")

    def __init__(self, source: str, place: str = "") -> None:
        """Parse `source`. `place` is where in the policy it stands, for errors.

        Raises:
            PolicyError: it is not a selector.
        """
        parser = _Parser(source, place)
        self._segments: Final = tuple(parser.selector())
        self.source: Final = source
        self.foreign: Final = tuple(dict.fromkeys(parser.foreign))
        # From this position on all segments are optional, so that finding nothing ends in null.
        self._tolerant_from: Final = max(
            (position for position, segment in enumerate(self._segments, 1) if not segment.optional), default=0
        )

    def __repr__(self) -> str:
        return f"Selector({self.source!r})"

    def resolve(self, value: Value, budget: Budget) -> Value | Nothing:
        """Give what is selected in `value`, or `NOTHING` where a segment that is not optional finds nothing.

        Null that an optional segment gave has no parts, so that a later segment that is not optional fails on it.

        Raises:
            MatchError: the budget is used up.
        """
        for position, segment in enumerate(self._segments):
            budget.spend()
            found = segment.find(value, budget)
            if found is NOTHING:
                return None if position >= self._tolerant_from else NOTHING
            if isinstance(segment, Each) and isinstance(found, list):
                return self._stream(found, position + 1, budget)
            value = found
        return value

    def _stream(self, items: list[Value], position: int, budget: Budget) -> Value | Nothing:
        """Apply the segments from `position` on to each item; further iterators lengthen the stream."""
        for later, segment in enumerate(self._segments[position:], position):
            results: list[Value] = []
            for item in items:
                budget.spend()
                found = segment.find(item, budget)
                if found is NOTHING:
                    if later < self._tolerant_from:
                        return NOTHING
                elif isinstance(segment, Each) and isinstance(found, list):
                    results.extend(found)
                else:
                    results.append(found)
            items = results
        return items


class _Parser:
    """Reads one selector from left to right."""

    def __init__(self, source: str, place: str) -> None:
        if len(source) > MAX_SELECTOR:
            raise PolicyError(f"a selector has at most {MAX_SELECTOR} characters, this has {len(source)}", place)
        self._source = source
        self._place = place
        self._at = 0
        self.foreign: list[str] = []

    def selector(self) -> list[Segment]:
        """`selector ::= ( ( field | identity | bracketed ) optional )+` and it begins with ".".

        Identity selects what is there already and cannot fail; it leaves no segment behind.
        """
        if not self._source.startswith("."):
            self._fail('a selector begins with "."')
        segments: list[Segment] = []
        count = 0
        while self._at < len(self._source):
            count += 1
            if count > MAX_SEGMENTS:
                self._fail(f"a selector has at most {MAX_SEGMENTS} segments")
            match self._peek():
                case ".":
                    segments += self._dotted()
                case "[":
                    segments.append(self._bracketed())
                case _:
                    self._fail('expected ".", "[" or "?"')
        return segments

    def _dotted(self) -> list[Segment]:
        """`field ::= "." ( letter | "_" ) ( letter | digit | "_" | "$" | "-" )*      identity ::= "."`

        Letters are those of any script, digits those of ASCII.
        """
        self._at += 1
        if self._peek() == ".":
            self._fail('two dots in a row; "." is followed by a name, by "[" or by nothing')
        if self._peek() in ("", "[", "?"):
            self._optional()
            return []
        name = self._run(_RUN)
        if not name.isascii():
            name = "".join(takewhile(_is_in_name, name))
        if not (name[:1] == "_" or name[:1].isalpha()):
            self._fail('a name begins with a letter or "_"; other keys are written ["like this"]')
        self._at += len(name)
        return [Field(key=name, optional=self._optional())]

    def _bracketed(self) -> Segment:
        """`bracketed ::= "[" ( key | index | slice | iterator ) "]"      iterator ::= ""`"""
        self._at += 1
        match self._peek():
            case '"':
                return Field(key=self._key(), optional=self._closed())
            case "]":
                self.foreign.append('"[]" gives other results in ucantone; "all" and "any" do not')
                return Each(optional=self._closed())
            case _:
                return self._numbered()

    def _key(self) -> str:
        """`key ::= a JSON string`"""
        quoted = _QUOTED.match(self._source, self._at)
        if quoted is None:
            self._fail("a quoted key without its closing quote")
        try:
            # Control characters stand for themselves: ucantone takes what is between the quotes as it is.
            key = json.loads(quoted[0], strict=False)
            key.encode()
        except ValueError:
            self._fail("a quoted key is a JSON string")
        if "\\" in quoted[0]:
            self.foreign.append("ucantone takes escapes in a quoted key as they are written")
        if not key:
            self.foreign.append('ucantone reads [""] as [0]')
        self._at = quoted.end()
        return str(key)

    def _numbered(self) -> Segment:
        """`index ::= "-"? digit+      slice ::= index? ":" index?`

        Digits are those of ASCII.
        """
        found = _RANGE.match(self._source, self._at)
        if found is None or not found[0]:
            self._fail('expected "]", a key in double quotes, an index or a slice')
        start, stop = self._bound(found, "start"), self._bound(found, "stop")
        self._at = found.end()
        if found["slice"] is None and start is not None:
            return Index(at=start, optional=self._closed())
        if start is None and stop is None:
            self.foreign.append('ucantone refuses "[:]"')
        elif min(start or 0, stop or 0) < 0 or (stop is not None and (start or 0) > stop):
            self.foreign.append("ucantone fails on a slice that counts from the end or ends before its start")
        return Slice(start=start, stop=stop, optional=self._closed())

    def _bound(self, found: re.Match[str], name: str) -> int | None:
        """Read one number of an index or a slice."""
        if found[name] is None:
            return None
        number = int(found[name])
        if not _MIN_INDEX <= number <= _MAX_INDEX:
            self._fail("an index is an integer of 64 bits", found.start(name))
        return number

    def _closed(self) -> bool:
        """Read the closing bracket and what may follow it."""
        if self._peek() != "]":
            self._fail('expected "]"')
        self._at += 1
        return self._optional()

    def _optional(self) -> bool:
        """`optional ::= "?"*` and more than one says what one says."""
        marks = self._run(_QUESTION_MARKS)
        if len(marks) > 1:
            self.foreign.append('ucantone refuses a repeated "?"')
        self._at += len(marks)
        return bool(marks)

    def _run(self, expression: re.Pattern[str]) -> str:
        """Give what matches here, perhaps nothing."""
        found = expression.match(self._source, self._at)
        return found[0] if found else ""

    def _peek(self) -> str:
        return self._source[self._at : self._at + 1]

    def _fail(self, reason: str, at: int | None = None) -> NoReturn:
        """Refuse the source, showing it with a caret under the place.

        Raises:
            PolicyError: that.
        """
        at = self._at if at is None else at
        begin = max(at - _MARGIN, 0)
        before, after = self._source[begin:at], self._source[at : at + _MARGIN]
        # One mark for one character, so that the caret stays where it belongs.
        line = "".join(mark if mark.isprintable() else "\N{REPLACEMENT CHARACTER}" for mark in before + after)
        raise PolicyError(f"not a selector: {reason}\n    {line}\n    {' ' * len(before)}^", self._place) from None


def _is_in_name(character: str) -> bool:
    return character.isalpha() or character in _NAME_MARKS
