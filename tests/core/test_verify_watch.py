"""Who watches a verification: what is told, and that nobody who does not watch pays for it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib import import_module
from types import FrameType
from typing import Any, Final

import pytest

from forge.errors import Failure
from forge.receipt import Receipt
from forge.verify import Facts, SignatureMemory, Step, verify, verify_receipt
from tests.core.chains import EVERYBODY_S_KEYS, PEOPLE, STRANGER, Request, request
from tests.core.principals import NOW
from tests.core.tokens import receipt

A, B, C, D, *_ = PEOPLE
MODULES: Final = {name: import_module(f"forge.{name}") for name in ("verify", "signature")}


def told(asked: Request) -> list[tuple[str, int]]:
    steps: list[Step] = []
    with suppress(Failure):
        asked.verify(watch=steps.append)
    chain = asked.proofs
    for step in steps:
        assert step.token == (chain[step.position] if step.position >= 0 else asked.invocation())
    return [(step.number, step.position) for step in steps]


def link(asked: Request, position: int, **fields: Any) -> Request:
    return asked.with_link(position, asked.links[position].but(**fields))


def test_every_step_of_the_table_in_its_order() -> None:
    assert told(request([A])) == [("1", -1), ("2", -1), ("3", -1), ("5", -1)]
    assert told(request([A, B, C])) == [
        ("1", -1),
        ("2", -1),
        ("3", -1),
        *((f"4{letter}", 0) for letter in "abcdefg"),
        *((f"4{letter}", 1) for letter in "abcefg"),
        ("5", -1),
        ("6", 0),
        ("6", 1),
    ]


def test_the_table_is_what_the_module_says() -> None:
    said = [line.split()[0] for line in (MODULES["verify"].__doc__ or "").splitlines() if line.startswith("    ")]
    assert said == ["1", "2", "3", "4", "4a", "4b", "4c", "4d", "4e", "4f", "4g", "5", "6"]


THREE: Final = request([A, B, C, D])
BROKEN: Final[dict[str, tuple[Request, tuple[str, int]]]] = {
    "signature": (replace(THREE, signer=STRANGER), ("1", -1)),
    "time": (THREE.but(exp=NOW), ("2", -1)),
    "missing": (replace(THREE, left_out=frozenset({2})), ("3", -1)),
    "proof's signature": (THREE.with_link(1, replace(THREE.links[1], signer=STRANGER)), ("4a", 1)),
    "proof expired": (link(THREE, 2, exp=NOW), ("4b", 2)),
    "proof too early": (link(THREE, 0, nbf=NOW), ("4b", 0)),
    "revoked": (replace(THREE, revoked={THREE.proofs[1].cid: {A.did}}), ("4c", 1)),
    "powerline root": (link(THREE, 0, sub=None), ("4d", 0)),
    "subject": (link(THREE, 1, sub=str(STRANGER.did)), ("4e", 1)),
    "alignment": (THREE.with_link(2, replace(THREE.links[2], issuer=STRANGER)), ("4f", 2)),
    "command": (link(THREE, 0, cmd="/other"), ("4g", 0)),
    "not arrived": (replace(THREE, invoker=STRANGER), ("5", -1)),
    "no proofs": (replace(request([A]), invoker=B), ("5", -1)),
    "policy": (link(THREE, 1, pol=[["==", ".n", 1]]), ("6", 1)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_last_that_is_told_is_the_one_that_failed(name: str) -> None:
    asked, last = BROKEN[name]
    with pytest.raises(Failure):
        asked.verify()
    assert told(asked)[-1] == last


def test_a_receipt_s_steps() -> None:
    steps: list[Step] = []
    token = Receipt.decode(receipt(A, sub=str(A.did)))
    verify_receipt(token, Facts(NOW, EVERYBODY_S_KEYS), watch=steps.append)
    assert steps == [Step("1", token.assertion), Step("5", token.assertion)]


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count the calls of the modules' functions."""
    calls: Counter[str] = Counter()
    files = {one.__file__ for one in MODULES.values()}

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename in files:
            calls[frame.f_code.co_name] += 1

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield calls
    finally:
        sys.setprofile(before)


@pytest.mark.parametrize("length", [0, 1, 3])
def test_whoever_does_not_watch_pays_nothing(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a call more than verification itself takes, and not one step is made."""
    asked = request(PEOPLE[: length + 1])
    invocation, proofs = asked.invocation(), {proof.cid: proof for proof in asked.proofs}
    facts = Facts(NOW, EVERYBODY_S_KEYS)
    memory = SignatureMemory()
    monkeypatch.setattr(MODULES["verify"], "Step", None)
    with counted() as calls:
        verify(invocation, proofs, facts, memory=memory)
    assert calls == Counter(
        {
            "verify": 2 + length,  # the verification, and the memory of each signature
            "__init__": 1,  # of a memory that the invocation's passes by
            "once": 1,
            "verify_chain": 1,
            "verify_signature": 1 + length,
            "relationship_of": 1 + length,
            "refuses": 1 + length,
            "_not_expired": 1 + length,
            "_resolve": 1 + length,  # a generator, each time that it goes on
            "_not_early": length,
            "_not_revoked": length,
        }
    )
