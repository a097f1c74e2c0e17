r"""Patterns of `like`: globs that know only `*` (protocol §6.4).

    pattern  ::= ( "*" | "\" character | character )*

`*` stands for any characters or none, `/` and newlines too. A backslash takes the next character as it is. The whole text has
to match, case and spaces count.
"""

from __future__ import annotations

import re
from typing import Final

from forge.errors import PolicyError
from forge.policy.budget import CHARACTERS_PER_STEP, Budget

# Characters: room for any path or address, far from what would take long to search for.
MAX_PATTERN: Final = 2048

# CPython looks for a fragment in a shorter text than this by trying every position, at worst at the price of one more pass
# over the text for about this many characters of the fragment; in a longer one it takes a linear time (measured, 3.11).
_LONG_TEXT: Final = 30_000
_FRAGMENT_PER_PASS: Final = 16

# What begins something in ucantone's shell glob and nothing here.
_FOREIGN: Final = "?[{"

_ESCAPE: Final = re.compile(r"\\(.?)", re.DOTALL)


class Pattern:
    """A pattern, parsed. `source` is its text."""

    __slots__ = ("_first", "_last", "_least", "_middle", "source")

    def __init__(self, source: str, place: str = "") -> None:
        """Parse `source`. `place` is where in the policy it stands, for errors.

        Raises:
            PolicyError: it is not a pattern.
        """
        if len(source) > MAX_PATTERN:
            raise PolicyError(f"a pattern has at most {MAX_PATTERN} characters, this has {len(source)}", place)
        fragments: list[list[str]] = [[]]
        # What stands between escapes, and what each escape escapes, by turns.
        for turn, piece in enumerate(_ESCAPE.split(source)):
            if turn % 2:
                if not piece:
                    raise PolicyError("a pattern does not end in a backslash that escapes nothing", place)
                fragments[-1].append(piece)
            else:
                head, *tail = piece.split("*")
                fragments[-1].append(head)
                fragments += [[part] for part in tail]
        self.source: Final = source
        first, *rest = map("".join, fragments)
        self._first: Final = first
        # Without a star there is no last fragment, and the first is all there is.
        self._last: Final = rest.pop() if rest else None
        self._middle: Final = tuple(fragment for fragment in rest if fragment)
        self._least: Final = sum(map(len, (first, *rest, self._last or "")))

    def foreign(self) -> list[str]:
        """Say what in it ucantone reads differently."""
        plain = set("".join(_ESCAPE.split(self.source)[::2]))
        remarks = [f'"{mark}" is no literal in ucantone; write "\\{mark}"' for mark in _FOREIGN if mark in plain]
        if (
            self._last
            and not self._middle
            and any(self._first.endswith(self._last[: size + 1]) for size in range(len(self._last)))
        ):
            remarks.append('ucantone lets what stands before and after "*" overlap')
        return remarks

    def __repr__(self) -> str:
        return f"Pattern({self.source!r})"

    def matches(self, text: str, budget: Budget) -> bool:
        """Say whether the whole of `text` matches. Each fragment is looked for once, where the one before it ended.

        Raises:
            MatchError: the budget is used up.
        """
        budget.spend(1 + self._least // CHARACTERS_PER_STEP)
        if self._last is None:
            return text == self._first
        # Shorter than its fragments together, a text could only match if they overlapped: "a*a" is not like "a".
        if len(text) < self._least or not (text.startswith(self._first) and text.endswith(self._last)):
            return False
        at, end = len(self._first), len(text) - len(self._last)
        for fragment in self._middle:
            found = text.find(fragment, at, end)
            after = end if found < 0 else found + len(fragment)
            passes = 1 + len(fragment) // _FRAGMENT_PER_PASS if end - at < _LONG_TEXT else 1
            budget.spend(1 + (after - at) * passes // CHARACTERS_PER_STEP)
            if found < 0:
                return False
            at = after
        return True
