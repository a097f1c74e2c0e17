"""Policies, as data: each lent on a command that takes the arguments, with some that fit and some that do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.interop.js_chains import HOUR, Chain, Link, refused

PRODUCT: Final = "did:web:starter.example.com"
UNSATISFIED: Final = "invalid arguments"
LIST, ADD, ECHO, ASSIGN = "/customer/list", "/customer/add", "/debug/echo", "/subscription/assign"


@dataclass(frozen=True)
class Operator:
    """A policy, and arguments on both sides of it."""

    name: str
    command: str
    policy: tuple[object, ...]
    fits: dict[str, object]
    fails: dict[str, object]


def said(message: str) -> dict[str, object]:
    return {"message": message}


def size(number: int) -> dict[str, object]:
    return {"size": number}


def detailed(**details: str) -> dict[str, object]:
    return {"details": details}


OPERATORS: Final = (
    Operator("==", ECHO, ("==", ".message", "a"), said("a"), said("b")),
    Operator("!=", ECHO, ("!=", ".message", "a"), said("b"), said("a")),
    Operator("<", LIST, ("<", ".size", 5), size(4), size(5)),
    Operator("<=", LIST, ("<=", ".size", 5), size(5), size(6)),
    Operator(">", LIST, (">", ".size", 5), size(6), size(5)),
    Operator(">=", LIST, (">=", ".size", 5), size(5), size(4)),
    Operator("like", ECHO, ("like", ".message", "f*:*"), said("f1:x"), said("g1:x")),
    Operator("like, with an escaped star", ECHO, ("like", ".message", "a\\*b"), said("a*b"), said("axb")),
    Operator("not", ECHO, ("not", ("==", ".message", "a")), said("b"), said("a")),
    Operator("and", ECHO, ("and", [("like", ".message", "a*"), ("like", ".message", "*b")]), said("ab"), said("ac")),
    Operator("and, of nothing", ECHO, ("not", ("and", [])), {}, said("a")),
    Operator("or", ECHO, ("or", [("==", ".message", "a"), ("==", ".message", "b")]), said("b"), said("c")),
    Operator(
        "all", ADD, ("all", ".details", ("like", ".", "eu-*")), detailed(a="eu-1", b="eu-2"), detailed(a="eu-1", b="us-1")
    ),
    Operator("any", ADD, ("any", ".details", ("==", ".", "eu-2")), detailed(a="eu-1", b="eu-2"), detailed(a="eu-1", b="us-1")),
    Operator("a nested field", ADD, ("==", ".details.region", "eu"), detailed(region="eu"), detailed(region="us")),
)


def operators() -> Iterator[Chain]:
    """Give two chains for each operator: one that its policy lets through, and one that it does not."""
    for number, one in enumerate(OPERATORS):
        if one.fits:
            yield lent(f"a policy of {one.name}", one.command, one.policy, full(one.command, one.fits, f"f{number}"))
        yield refused(
            f"a policy of {one.name}, not satisfied",
            (link(one.command, one.policy),),
            "MatchError",
            UNSATISFIED,
            subject="service",
            command=one.command,
            arguments=full(one.command, one.fails, f"n{number}"),
        )


def link(command: str, *policy: object) -> Link:
    return Link("service", "agent", subject="service", command=command, policy=policy, expires=HOUR)


def lent(case: str, command: str, policy: object, arguments: dict[str, object], **how: object) -> Chain:
    """Have the service lend the command, within the policy."""
    links = (link(command, policy),)
    return Chain(case, links, subject="service", command=command, arguments=arguments, **how)  # type: ignore[arg-type]  # fields of a Chain


def full(command: str, arguments: dict[str, object], name: str) -> dict[str, object]:
    """Add what else the command needs; each customer is another."""
    if command != ADD:
        return arguments
    return {"customer": f"did:web:{name}.example.com", "product": PRODUCT, **arguments}


def _apart(case: str, policy: tuple[object, ...], name: str, ours: str, theirs: str, **details: str) -> Chain:
    """Give a policy of which the two sides think differently."""
    return lent(case, ADD, policy, full(ADD, detailed(**details), name), ours=ours, theirs=theirs, honest=False)


def selectors() -> Iterator[Chain]:
    """Give those on which iso-ucan and we differ: each says what the other side does, so that a change is noticed."""
    # It has no quoted fields, and takes the whole arguments instead; `!=` holds of them.
    yield _apart("a quoted field", ("==", '.details["region"]', "eu"), "s1", "ok", UNSATISFIED, region="eu")
    yield _apart("a quoted field that is to differ", ("!=", '.details["region"]', "eu"), "s2", "MatchError", "ok", region="eu")
    # It reads `?` as a segment of its own, after the one that has failed.
    yield _apart("an optional field that is not there", ("==", ".externalAccount?", None), "s3", "ok", UNSATISFIED)
    # Any of nothing: ours is nobody, theirs everybody.
    yield _apart("any of nothing", ("any", ".details", ("==", ".", "eu")), "s4", "MatchError", "ok")
    yield _apart("all of nothing", ("all", ".details", ("==", ".", "eu")), "s5", "ok", "ok")
    yield _apart("a field that is not there", ("==", ".externalAccount", None), "s6", "MatchError", UNSATISFIED)
    yield _apart("not a field that is not there", ("not", ("==", ".externalAccount", None)), "s7", "ok", "ok")
    yield _apart("a field that is not there, to differ", ("!=", ".externalAccount", "f1:x"), "s8", "MatchError", UNSATISFIED)
    yield _apart("like, with a new line", ("like", ".details.text", "a*b"), "s9", "ok", UNSATISFIED, text="a\nb")
    yield _apart("like, with two backslashes", ("like", ".details.text", "a\\\\b"), "s10", "ok", UNSATISFIED, text="a\\b")
    yield _apart("like, with a question mark", ("like", ".details.text", "a?b"), "s11", "MatchError", UNSATISFIED, text="axb")


POLICIES: Final = (*operators(), *selectors())
