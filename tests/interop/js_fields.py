"""What else may stand in a token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from forge.cid import CID
from forge.client import now
from forge.command import CommandPath
from forge.delegation import Delegation
from forge.invocation import Invocation
from tests.core.tokens import seal
from tests.interop.js_chains import ECHO, HELLO, HOUR, OURS, THEIRS, Chain
from tests.interop.js_driver import data, given, text
from tests.interop.js_judged import Bench
from tests.interop.js_made import Made, forced, ours
from tests.interop.js_people import People
from tests.interop.table import Row

INVALID_ARGS: Final = "Invalid args"
VALUES: Final[dict[str, tuple[object, str]]] = {
    "text that is not ASCII": ("é→🔑", "ok"),
    "bytes": (b"\x00\xff", "ok"),
    "null": (None, "ok"),
    "a fraction": (0.5, "ok"),
    "a list of maps": ([{"a": [1, -1]}], "ok"),
    # It keeps a token's values and encodes them again to verify it: what it cannot tell apart comes out otherwise.
    "a float that is whole": (1.0, "signature verification failed"),
    "an integer beyond 2^53": (2**53 + 1, "ok"),
    "a link": (CID.of(b"x"), INVALID_ARGS),
}
"""Arguments, and what iso-ucan says of an invocation with them."""


def rows(bench: Bench, people: People) -> Iterator[Row]:
    """Play them."""
    yield from _invocations(bench, people)
    yield from _versions(bench, people)
    yield from _delegations(bench, people)
    for case, (value, expected) in VALUES.items():
        made = ours(people, Chain(case, (), by="owner", arguments={"value": value}))
        yield Row(f"arguments with {case}", OURS, expected, bench.by_them(made))


def _invocations(bench: Bench, people: People) -> Iterator[Row]:
    parts: dict[str, Any] = {"aud": people.did("service"), "sub": people.did("owner"), "cmd": ECHO, "args": given(HELLO)}

    def theirs(**more: object) -> str:
        made = bench.driver.ask("invoke", issuer="owner", prf=[], **parts, **more)
        return bench.by_us(Made(data(made["token"])))

    yield Row("an empty nonce", THEIRS, "ok", theirs(nonce=""))
    yield Row("meta", THEIRS, "ok", theirs(meta=given({"note": "x", "list": [1]})))
    yield Row("a time of issue", THEIRS, "ok", theirs(iat=now()))
    # It lets an invocation have a beginning. The specification does not, and we take no field that we do not know.
    yield Row("an invocation that begins", THEIRS, "no receipt", theirs(nbf=now() - HOUR))
    cause = {
        "sub": people.did("owner"),
        "aud": people.did("service"),
        "cmd": ECHO,
        "args": HELLO,
        "prf": [],
        "cause": CID.of(b"x"),
    }
    yield Row("a cause", THEIRS, "ok", bench.by_us(Made(forced(bench.driver, people, "owner", {**cause, "exp": now() + HOUR}))))

    def issued(by: str = "owner", **more: Any) -> str:
        usual: dict[str, Any] = {"subject": people.did(by), "audience": people.did("service"), "expiration": now() + HOUR}
        made = Invocation.issue(people[by], **{**usual, "command": CommandPath(ECHO), "arguments": HELLO, **more})
        return bench.by_them(Made(bytes(made)))

    yield Row("an empty nonce", OURS, "ok", issued(nonce=b""))
    yield Row("meta", OURS, "ok", issued(meta={"note": "x", "list": [1]}))
    yield Row("a time of issue", OURS, "ok", issued(issued_at=now()))
    yield Row("a cause", OURS, "ok", issued(cause=CID.of(b"x")))
    yield Row("for whom it is about", OURS, "ok", issued("service", audience=None))


def _versions(bench: Bench, people: People) -> Iterator[Row]:
    parts: dict[str, Any] = {"aud": people.did("service"), "sub": people.did("owner"), "cmd": ECHO, "args": HELLO, "prf": []}
    parts |= {"exp": now() + HOUR, "iss": people.did("owner"), "nonce": b"x"}
    final, older = "1.0.0", "0.9.1"
    yield Row(
        f"the tag says {final}", THEIRS, "ok", bench.by_us(Made(forced(bench.driver, people, "owner", parts, version=final)))
    )
    yield Row(f"the tag says {final}", OURS, "ok", bench.by_them(Made(seal(people["owner"], f"ucan/inv@{final}", parts))))
    made = Made(forced(bench.driver, people, "owner", parts, version=older))
    yield Row(f"the tag says {older}", THEIRS, "no receipt", bench.by_us(made))


def _delegations(bench: Bench, people: People) -> Iterator[Row]:
    made = bench.driver.ask(
        "delegate",
        issuer="owner",
        aud=people.did("agent"),
        sub=None,
        cmd="/",
        pol=given([["==", ".a", {"b": [1, b"x", None]}]]),
        exp=None,
        nbf=1,
        nonce="",
        meta=given({"note": "x"}),
    )
    read = Delegation.decode(data(made["token"]))
    same = read.nonce == b"" and read.subject is None and read.not_before == 1 and read.meta == {"note": "x"}
    yield Row(
        "a delegation with all of its fields", THEIRS, f"ok {made['cid']}", f"{'ok' if same else 'other fields'} {read.cid}"
    )
    again = bench.driver.ask("accept", token=text(bytes(read)))
    yield Row(
        "a delegation with all of its fields", OURS, f"{read.cid} / None", f"{again['cid']} {again['cmd']} {again['sub']}"
    )
