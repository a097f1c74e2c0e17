"""Questions that tests ask of policies, and the values they ask with."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from forge.cid import CID
from forge.dagcbor import Value
from forge.errors import MatchError
from forge.policy import Budget, Policy
from forge.policy.segment import Nothing
from forge.policy.selector import Selector

LINK: Final = CID.of(b"\xf6")
OTHER_LINK: Final = CID.of(b"\xf5")
PREFIX: Final = "invocation arguments do not satisfy capability policy: "

# A law holds however long a machine takes to try it.
LAW: Final = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

KEYS: Final = st.sampled_from(["a", "b", "c", "", "é"])
NUMBERS: Final = st.one_of(
    st.integers(-3, 3),
    st.integers(),
    st.integers(-4, 4).map(lambda number: number / 2),
    st.floats(allow_nan=False, allow_infinity=False),
)
SCALARS: Final = st.one_of(
    st.none(),
    st.booleans(),
    NUMBERS,
    st.text("ab*\\", max_size=5),
    st.text(max_size=5),
    st.binary(max_size=3),
    st.sampled_from([LINK, OTHER_LINK]),
)
VALUES: Final[st.SearchStrategy[Value]] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
ARGUMENTS: Final[st.SearchStrategy[dict[str, Value]]] = st.dictionaries(KEYS, VALUES, max_size=4)

SEGMENTS: Final = st.sampled_from(
    [".a", ".b", '["c"]', '[""]', '["é"]', "[]", "[0]", "[-1]", "[1:]", "[:-1]", "[0:2]", "[:]", "[-9:9]"]
)
SELECTORS: Final = st.lists(st.tuples(SEGMENTS, st.sampled_from(["", "", "?", "??"])).map("".join), max_size=4).map(
    lambda segments: "." + "".join(segments).removeprefix(".")
)
PATTERNS: Final = st.lists(st.sampled_from(["a", "b", "*", "\\*", "\\\\", "?"]), max_size=6).map("".join)
LEAVES: Final[st.SearchStrategy[list[Value]]] = st.one_of(
    st.tuples(st.sampled_from(["==", "!="]), SELECTORS, VALUES).map(list),
    st.tuples(st.sampled_from(["<", "<=", ">", ">="]), SELECTORS, NUMBERS).map(list),
    st.tuples(st.just("like"), SELECTORS, PATTERNS).map(list),
)
STATEMENTS: Final[st.SearchStrategy[list[Value]]] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner).map(list),
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, max_size=3)).map(list),
        st.tuples(st.sampled_from(["all", "any"]), SELECTORS, inner).map(list),
    ),
    max_leaves=6,
)
POLICIES: Final[st.SearchStrategy[list[Value]]] = st.lists(STATEMENTS, max_size=3).map(list)


def refusal(policy: Value, args: Any, budget: Budget | None = None) -> str | None:
    """Decode and match; give the message of a refusal."""
    decoded = Policy.decode(policy)
    try:
        decoded.match(args, budget)
    except MatchError as error:
        return error.message
    return None


def holds(statement: Value, args: dict[str, Value]) -> bool:
    """Say whether one statement holds. A refusal has to be one of this statement, not of its work."""
    message = refusal([statement], args)
    assert message is None or message.startswith(f"{PREFIX}[0]")
    return message is None


def select(source: str, value: Value) -> Value | Nothing:
    """Parse and resolve."""
    return Selector(source).resolve(value, Budget())


def identical(one: object, other: object) -> bool:
    """Compare more finely than `==`: `1`, `1.0` and `true` are three."""
    return repr(one) == repr(other)
