"""Section `policy`: every operator with every kind of value that it is not true of, and what is no policy (protocol §6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from forge.cid import CID
from forge.policy.budget import MAX_STEPS
from tests.core.tokens import ABSENT
from tests.hostile.case import Case, Request, accepted, fails, unavailable
from tests.hostile.parties import AGENT, OWNER, ROBOT, chain, dlg, proven

LINK: Final = CID.of(b"")
VALUES: Final[dict[str, object]] = {
    "nothing": ABSENT,
    "null": None,
    "a boolean": True,
    "an integer": 7,
    "a float": 7.5,
    "text": "x",
    "bytes": b"x",
    "a list": [7],
    "a map": {"a": 7},
    "a link": LINK,
}
NUMBERS: Final = {"an integer", "a float"}
COLLECTIONS: Final = {"a list", "a map"}
DIFFERENT: Final[dict[str, object]] = {
    "null": False,
    "a boolean": 1,
    "an integer": "7",
    "a float": 7,
    "text": b"x",
    "bytes": "x",
    "a list": {"0": 7},
    "a map": [["a", 7]],
    "a link": str(LINK),
}
"""For each kind of value one that a careless comparison takes for the same."""
PREFIX: Final = "do not satisfy capability policy: [0]"


def under(policy: object, value: object) -> Request:
    """Invoke with the argument `a`, or without it, under a policy."""
    return proven(dlg(pol=policy), args={} if value is ABSENT else {"a": value})


def cases() -> Iterator[Case]:
    yield from leaves()
    yield from compounds()
    yield from selectors()
    yield from chains()
    yield from malformed()
    yield from costs()


def leaves() -> Iterator[Case]:
    """Operators that look at one value."""
    for operator, least in {"<": 8, "<=": 8, ">": -8, ">=": -8}.items():
        policy = [[operator, ".a", least]]
        for kind, value in VALUES.items():
            good = kind in NUMBERS
            name = f"policy/{'accepted: ' if good else ''}{operator} of {kind}"
            why = "nothing is there" if value is ABSENT else "is not a number"
            yield Case(name, under(policy, value), accepted() if good else fails("MatchError", why))
    for name, operator, limit, value in (
        ("< its own limit", "<", 7, 7),
        ("< a lower limit", "<", 7, 8),
        ("<= a lower limit", "<=", 7, 8),
        ("<= a limit that is less by a fraction", "<=", 6.999, 7),
        ("> its own limit", ">", 7, 7),
        (">= a higher limit", ">=", 8, 7),
        (">= a limit that a float cannot say", ">=", (1 << 53) + 1, float(1 << 53)),
        ("< of a bignum", "<", 8, 1 << 80),
        ("> of a negative bignum", ">", -8, -(1 << 80)),
        ("< of 0 and of minus 0", "<", 0.0, -0.0),
    ):
        yield Case(f"policy/{name}", under([[operator, ".a", limit]], value), fails("MatchError", f'{PREFIX} ["{operator}"'))
    for kind, value in VALUES.items():
        good = kind == "text"
        why = "nothing is there" if value is ABSENT else "is not a string"
        name = f"policy/{'accepted: ' if good else ''}like of {kind}"
        yield Case(name, under([["like", ".a", "*"]], value), accepted() if good else fails("MatchError", why))
    for kind, different in DIFFERENT.items():
        yield Case(
            f"policy/== of {kind} and what looks like it",
            under([["==", ".a", different]], VALUES[kind]),
            fails("MatchError", "does not equal"),
        )
        yield Case(
            f"policy/!= of {kind} and itself", under([["!=", ".a", VALUES[kind]]], VALUES[kind]), fails("MatchError", "equals")
        )
        yield Case(
            f"policy/accepted: != of {kind} and what looks like it", under([["!=", ".a", different]], VALUES[kind]), accepted()
        )
    for operator in ("==", "!="):
        policy = [[operator, ".a", None]]
        yield Case(f"policy/{operator} of nothing and null", under(policy, ABSENT), fails("MatchError", "nothing is there"))
    for name, pattern, text in (
        ("in another case", "x*", "X"),
        ("of a text that is longer", "x", "xx"),
        ("of a text with the pattern within", "x", "-x-"),
        ("of ends that overlap", "a*a", "a"),
        ("of a question mark", "a?c", "abc"),
        ("of a class", "[ab]", "a"),
        ("of alternatives", "{a,b}", "a"),
        ("of a star that is escaped", "a\\*", "ab"),
        ("of a text with a line break behind", "x", "x\n"),
        ("of another form of the letter", "\u00e9", "e\u0301"),
    ):
        yield Case(f"policy/like {name}", under([["like", ".a", pattern]], text), fails("MatchError", "is not like"))


def compounds() -> Iterator[Case]:
    """Operators that look at other statements."""
    for operator in ("all", "any"):
        for kind, value in VALUES.items():
            good = kind in COLLECTIONS
            why = "nothing is there" if value is ABSENT else "is neither a list nor a map"
            name = f"policy/{'accepted: ' if good else ''}{operator} of {kind}"
            request = under([[operator, ".a", ["==", ".", 7]]], value)
            yield Case(name, request, accepted() if good else fails("MatchError", why))
    seven: list[object] = ["==", ".a", 7]
    for name, policy, value, why in (
        ("all, but for one", [["all", ".a", ["==", ".", 7]]], [7, 8, 7], "member 1:"),
        ("all, but for one of a map", [["all", ".a", ["==", ".", 7]]], {"x": 7, "y": 8}, 'member "y":'),
        ("any, and there are none", [["any", ".a", ["==", ".", 7]]], [], "none of 0 members"),
        ("any, and it is none of them", [["any", ".a", ["==", ".", 7]]], [8, "7"], "none of 2 members"),
        ("not of what holds", [["not", seven]], 7, "the statement in it holds"),
        ("not of not of what does not", [["not", ["not", seven]]], 8, "the statement in it holds"),
        ("not of an and of nothing", [["not", ["and", []]]], 7, "the statement in it holds"),
        ("and, but for the last", [["and", [seven, ["==", ".a", 8]]]], 7, "[0][1][1]"),
        ("or, and it is neither", [["or", [["==", ".a", 1], ["==", ".a", 2]]]], 7, "none of its 2 statements holds"),
        ("the second statement", [seven, ["==", ".a", 8]], 7, '[1] ["=="'),
    ):
        yield Case(f"policy/{name}", under(policy, value), fails("MatchError", why))


def selectors() -> Iterator[Case]:
    """Selectors that lead nowhere, or to less than they seem to."""
    for name, selector, value in (
        ("of a field of text", ".a.b", "x"),
        ("of a field of a list", ".a.b", [{"b": 7}]),
        ("of an index that is out of range", ".a[1]", [7]),
        ("of an index before the first", ".a[-2]", [7]),
        ("of an index of a map", ".a[0]", {"0": 7}),
        ("of an index of a number", ".a[0]", 7),
        ("of a slice of a map", ".a[0:1]", {"0": 7}),
        ("of the members of a number", ".a[]", 7),
        ("of what an optional one did not find", ".a.b?.c", {}),
        ("in another case", ".A", 7),
        ("of another form of the letter", '.["a\u0301"]', 7),
    ):
        yield Case(f"policy/a selector {name}", under([["==", selector, 7]], value), fails("MatchError", "nothing is there"))
    yield Case(
        "policy/an optional selector that finds null", under([["==", ".b?", 7]], 7), fails("MatchError", "null does not")
    )
    yield Case(
        "policy/an optional selector in an order", under([[">", ".b?", -1]], 7), fails("MatchError", "null is not a number")
    )


def chains() -> Iterator[Case]:
    """A policy in each link of a chain: all of them count."""
    last, open_ = chain(3)
    closed = chain(3, pol=[["==", ".text", "y"]])[1]
    for position in range(3):
        links = [*open_[:position], closed[position], *open_[position + 1 :]]
        yield Case(
            f"policy/of proof {position + 1} of 3",
            proven(*links, by=last, sub=str(OWNER.did)),
            fails("MatchError", 'matching ".text": "x" does not equal "y"'),
        )
    wider = dlg(AGENT, aud=str(ROBOT.did), pol=[["like", ".text", "*"]])
    yield Case(
        "policy/a wider one later does not lift it",
        proven(dlg(pol=[["==", ".text", "y"]]), wider, by=ROBOT),
        fails("MatchError", 'matching ".text"'),
    )


def malformed() -> Iterator[Case]:
    """What is no policy, so that the delegation is none."""
    seven: list[object] = ["==", ".a", 7]
    kinds = {kind: value for kind, value in VALUES.items() if value is not ABSENT}
    for operator in ("<", "<=", ">", ">="):
        for kind, value in kinds.items():
            if kind not in NUMBERS:
                why = "pol: policy[0][2]: expected a number"
                yield Case(
                    f"policy/{operator} with a limit that is {kind}", under([[operator, ".a", value]], 7), unavailable(why)
                )
    for kind, value in kinds.items():
        if kind != "text":
            yield Case(
                f"policy/like with a pattern that is {kind}",
                under([["like", ".a", value]], "x"),
                unavailable("pol: policy[0][2]: a pattern is a string"),
            )
            yield Case(
                f"policy/a selector that is {kind}",
                under([["==", value, 7]], 7),
                unavailable("pol: policy[0][1]: a selector is a string"),
            )
        if kind != "a list":
            yield Case(
                f"policy/and of {kind}",
                under([["and", value]], 7),
                unavailable("pol: policy[0][1]: expected a list of statements"),
            )
            yield Case(
                f"policy/not of {kind}", under([["not", value]], 7), unavailable("pol: policy[0][1]: a statement is a list")
            )
            yield Case(
                f"policy/a statement that is {kind}", under([value], 7), unavailable("pol: policy[0]: a statement is a list")
            )
    for name, statement, why in (
        ("an unknown operator", ["~", ".a", 7], "unknown operator"),
        ("an operator in upper case", ["LIKE", ".a", "x"], "unknown operator"),
        ("an operator with a space", ["== ", ".a", 7], "unknown operator"),
        ("an operator that is a number", [1, ".a", 7], "unknown operator"),
        ("the = of other languages", ["=", ".a", 7], "unknown operator"),
        ("an empty statement", [], "a statement is a list"),
        ("== without a value", ["==", ".a"], "takes a selector and a value; 1 operands are given"),
        ("== with two values", ["==", ".a", 7, 8], "3 operands are given"),
        ("an operator alone", ["=="], "0 operands are given"),
        ("not of two statements", ["not", seven, seven], "2 operands are given"),
        ("and of statements without their list", ["and", seven, seven], "2 operands are given"),
        ("all with a list of statements", ["all", ".a", [seven]], "unknown operator"),
        ("a broken statement within", ["or", [seven, ["and", [["~"]]]]], "policy[0][1][1][1][0]: unknown operator"),
        ("a selector without a dot", ["==", "a", 7], 'a selector begins with "."'),
        ("an empty selector", ["==", "", 7], 'a selector begins with "."'),
        ("a selector with two dots", ["==", "..a", 7], "two dots in a row"),
        ("a selector with a space", ["==", ".a b", 7], "not a selector"),
        ("a selector with a digit for a name", ["==", ".1", 7], "a name begins with a letter"),
        ("a selector that is not closed", ["==", ".a[", 7], "not a selector"),
        ("a selector with single quotes", ["==", ".['a']", 7], "not a selector"),
        ("a selector with a quote that does not end", ["==", '.["a', 7], "without its closing quote"),
        ("a selector with an index of 65 bits", ["==", f".a[{1 << 64}]", 7], "an index is an integer of 64 bits"),
        ("a selector of 65 segments", ["==", ".a" * 65, 7], "a selector has at most 64 segments"),
        ("a selector of 2049 characters", ["==", "." + "a" * 2048, 7], "a selector has at most 2048 characters"),
        ("a pattern that ends in a backslash", ["like", ".a", "x\\"], "a pattern does not end in a backslash"),
        ("a pattern of 2049 characters", ["like", ".a", "x" * 2049], "a pattern has at most 2048 characters"),
        ("statements nested 70 deep", nested(70), "nested more than 64 deep"),
    ):
        yield Case(f"policy/{name}", under([statement], 7), unavailable(why))
    yield Case("policy/1025 statements", lambda: under([seven] * 1025, 7), unavailable("a policy has at most 1024 statements"))


def nested(depth: int) -> list[object]:
    statement: list[object] = ["==", ".a", 7]
    for _ in range(depth):
        statement = ["not", statement]
    return statement


def costs() -> Iterator[Case]:
    """Policies that ask for more work than a request is worth: that is a no, whatever stands around it."""
    heavy: list[object] = ["any", ".a", ["any", ".", ["==", ".", 8]]]
    much = [[7] * 1000] * 200
    why = f"the policy asks for too much work (more than {MAX_STEPS} steps)"
    yield Case("policy/too much work", lambda: under([heavy], much), fails("MatchError", why))
    yield Case("policy/not of too much work", lambda: under([["not", heavy]], much), fails("MatchError", why))
    yield Case("policy/or of too much work", lambda: under([["or", [heavy, ["==", ".", 0]]]], much), fails("MatchError", why))
    yield Case(
        "policy/too much work by many statements",
        lambda: under([["!=", ".a", [8] + [[7] * 1000] * 5]] * 25, much[:6]),
        fails("MatchError", why),
    )
