r"""Patterns of `like`: `*`, `\x`, and nothing else (protocol §6.4)."""

from __future__ import annotations

import re
from itertools import product
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.errors import PolicyError
from forge.policy import Budget
from forge.policy.pattern import MAX_PATTERN, Pattern
from tests.policy.evaluation import LAW


def like(text: str, pattern: str) -> bool:
    return Pattern(pattern).matches(text, Budget())


# Pattern, texts that match it, texts that do not.
CASES: Final[dict[str, tuple[list[str], list[str]]]] = {
    "": ([""], ["a", " ", "\n"]),
    "a": (["a"], ["", "A", "aa", " a", "a ", "a\n"]),
    "*": (["", "a", "/a/b", "a\nb", "*", "\\", "😀"], []),
    "**": (["", "a", "ab"], []),
    "a*": (["a", "ab", "a*", "a\n"], ["", "ba", "A"]),
    "*a": (["a", "ba", "*a", "\na"], ["", "ab", "a\n"]),
    "a*a": (["aa", "aba", "aaa"], ["a", "", "ab", "ba"]),
    "ab*ba": (["abba", "abxba", "ababa"], ["aba", "ab", "ba"]),
    "a**a": (["aa", "aba"], ["a"]),
    "*a*": (["a", "bab", "aa"], ["", "b", "A"]),
    "*ab*ab*": (["abab", "xabyabz", "ababab"], ["ab", "aab", "aba", "abxba"]),
    "*a*a": (["aa", "baba"], ["a", "ab"]),
    "a*a*": (["aa", "abab"], ["a", "ba"]),
    "a*b*c": (["abc", "aXbYc", "abbcc", "abcbc"], ["ac", "acb", "ab", "abcd"]),
    "*.b*.b": (["x.b.b", "x.by.b"], ["x.b", ".b"]),
    "*@example.com": (["bob@example.com", "@example.com"], ["bob@example.com.evil", "bob@Example.com", "bob@example,com"]),
    "a\\*": (["a*"], ["a", "ab", "a\\*", "a\\"]),
    "\\**": (["*", "*a"], ["", "a*"]),
    "*\\*": (["*", "a*"], ["", "*a"]),
    "a\\\\b": (["a\\b"], ["ab", "a\\\\b"]),
    "a\\\\*": (["a\\", "a\\b"], ["a", "a*"]),
    "a\\\\\\*": (["a\\*"], ["a\\", "a\\b"]),
    "a\\b": (["ab"], ["a\\b"]),
    "\\?\\[\\{": (["?[{"], ["\\?\\[\\{"]),
    "\\\n": (["\n"], ["\\\n", ""]),
    "?": (["?"], ["a", ""]),
    "[ab]": (["[ab]"], ["a", "b"]),
    "{a,b}": (["{a,b}"], ["a", "b"]),
    "a.c": (["a.c"], ["abc"]),
    "é*😀": (["é😀", "éx😀"], ["e\u0301😀", "é"]),
    "*\u00e9": (["\u00e9"], ["e\u0301"]),
}


@pytest.mark.parametrize("pattern", CASES)
def test_pattern(pattern: str) -> None:
    matching, others = CASES[pattern]
    assert [text for text in matching if not like(text, pattern)] == []
    assert [text for text in others if like(text, pattern)] == []


@pytest.mark.parametrize("pattern", ["\\", "a\\", "*\\", "\\\\\\", "\\a\\"])
def test_a_dangling_backslash_is_refused(pattern: str) -> None:
    with pytest.raises(PolicyError, match=r"^policy\[0\]\[2\]: .* backslash"):
        Pattern(pattern, "[0][2]")


def test_the_bound_of_its_length_is_exact() -> None:
    assert like("a" * MAX_PATTERN, "a" * MAX_PATTERN)
    with pytest.raises(PolicyError, match=r"^policy\[0\]\[2\]: a pattern has at most 2048 characters, this has 2049$"):
        Pattern("a" * (MAX_PATTERN + 1), "[0][2]")


def test_source_is_kept() -> None:
    assert Pattern("a\\*").source == "a\\*"
    assert repr(Pattern("a*")) == "Pattern('a*')"


def _translated(pattern: str) -> str:
    """Say the same as a regular expression, read by another eye: one character at a time."""
    expression, position = "", 0
    while position < len(pattern):
        if pattern[position] == "*":
            expression += ".*"
        else:
            position += pattern[position] == "\\"
            expression += re.escape(pattern[position])
        position += 1
    return expression


TOKENS: Final = st.lists(st.sampled_from(["a", "b", "*", "\\*", "\\\\", "\\a", "\n", "?", "é"]), max_size=8).map("".join)


@LAW
@given(TOKENS, st.text("ab*\\\n?é", max_size=9))
def test_agrees_with_a_regular_expression(pattern: str, text: str) -> None:
    assert like(text, pattern) is (re.fullmatch(_translated(pattern), text, re.DOTALL) is not None)


def _words(letters: str, longest: int) -> list[str]:
    return ["".join(word) for length in range(longest + 1) for word in product(letters, repeat=length)]


def test_agrees_with_a_regular_expression_on_every_short_pattern() -> None:
    texts = _words("ab", 5)
    for pattern in _words("ab*", 6):
        expression, parsed, budget = re.compile(_translated(pattern)), Pattern(pattern), Budget(10**6)
        for text in texts:
            assert parsed.matches(text, budget) is (expression.fullmatch(text) is not None), (pattern, text)


@LAW
@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_what_stars_were_put_into_matches(before: str, between: str, after: str) -> None:
    def escaped(text: str) -> str:
        return re.sub(r"([\\*])", r"\\\1", text)

    text = before + between + after
    assert like(text, escaped(text))
    assert like(text, f"{escaped(before)}*{escaped(after)}")
    assert like(text, f"*{escaped(between)}*")


def _steps(pattern: str, text: str) -> int:
    budget = Budget(10**9)
    Pattern(pattern).matches(text, budget)
    return budget.spent


def test_the_work_of_a_search_grows_with_the_text_and_not_with_the_stars() -> None:
    mebibyte = "a" * (1 << 20)
    once = _steps("*ab*", mebibyte)
    assert 2048 <= once < 2100
    assert 2 * once - 100 < _steps("*ab*", mebibyte * 2) < 2 * once + 100
    # A thousand fragments are all found at the beginning, one more is looked for in the rest.
    assert _steps("*" + "a*" * 1000 + "ab*", mebibyte) < once + 1100


def test_the_work_of_a_search_that_succeeds_ends_where_it_does() -> None:
    assert _steps("*b*", "b" + "a" * (1 << 20)) < 10


def test_a_long_fragment_in_a_short_text_costs_more_than_in_a_long_one() -> None:
    # CPython tries every position of a short text; see the constant.
    fragment = "b" + "a" * 159
    assert _steps(f"*{fragment}*", "a" * 29_000) > 10 * 29_000 // 512
    assert _steps(f"*{fragment}*", "a" * 31_000) < 2 * 31_000 // 512


def test_no_search_is_needed_without_a_middle() -> None:
    assert _steps("a*b", "a" * (1 << 20)) == 1
    assert _steps("a*b", "a" * (1 << 20) + "b") == 1
