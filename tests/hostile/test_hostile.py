"""Every case of the table, over real HTTP and against the library: it answers, it lives, and nothing is written."""

from __future__ import annotations

from collections import Counter
from typing import Final

import pytest

from tests.hostile import library
from tests.hostile.case import OK, Case, Service
from tests.hostile.conftest import Target
from tests.hostile.exchange import exchange, named
from tests.hostile.parties import SERVER, inv, send
from tests.hostile.table import CASES

LEAST: Final = 300
HANDFUL: Final = 20
SECTIONS: Final = (
    *("wire", "envelope", "header", "keys", "resolution", "payload", "chain", "time", "policy", "command"),
    *("container", "http", "transport", "attestation", "conclude", "revocation"),
)
HOSTILE: Final = [case for case in CASES if case.expect.receipt != OK]
ALIVE: Final = send(inv(cmd="/file/read"))
"""Good, and leaves no row."""


def by_name(cases: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases])


@by_name(list(CASES))
@pytest.mark.asyncio(loop_scope="module")
async def test_over_http(case: Case, targets: dict[Service, Target]) -> None:
    target, expect = targets[case.service], case.expect
    for earlier in case.before:
        assert [named(receipt) for receipt in (await exchange(target.world.url, earlier)).receipts] == [OK]
    before = target.rows()
    answer = await exchange(target.world.url, case.request)
    receipts = answer.receipts
    assert (answer.status, [named(receipt) for receipt in receipts]) == (
        expect.status,
        [] if expect.receipt is None else [expect.receipt],
    ), [receipt.error for receipt in receipts] or answer.text
    assert expect.says in "".join([*(receipt.error_message or "" for receipt in receipts), answer.text])
    assert len(answer.text.splitlines()) == (expect.status != 200)
    assert {receipt.executor for receipt in receipts} <= {SERVER.did}
    if expect.receipt == OK and case.request.method == "POST":
        (receipt,) = receipts
        assert target.recorded(receipt.ran) == bytes(receipt)
    else:
        assert target.rows() == before
    alive = await exchange(target.world.url, ALIVE)
    assert [named(receipt) for receipt in alive.receipts] == [OK]


@by_name([case for case in CASES if case.library])
def test_against_the_library(case: Case) -> None:
    seen, expect = library.seen(case.request, case.service), case.expect
    assert (seen.status, seen.receipt) == (expect.status, expect.receipt), seen
    assert expect.says in seen.says
    # Why something was left aside is said exactly where something is to be.
    assert expect.aside in seen.aside
    assert bool(expect.aside) == bool(seen.aside)


def test_names_are_used_once() -> None:
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []


def test_there_are_enough() -> None:
    assert len(HOSTILE) >= LEAST


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section(section: str) -> None:
    of_section = [case for case in CASES if case.section == section]
    assert len([case for case in of_section if case in HOSTILE]) >= HANDFUL
    # What is refused is so for the one thing that differs from what is not.
    assert [case for case in of_section if case.expect.receipt == OK]


def test_no_section_is_forgotten() -> None:
    assert {case.section for case in CASES} == set(SECTIONS)


def test_cases_name_the_place() -> None:
    """Nothing is refused for whatever reason: every refusal is known by its words."""
    assert [case.name for case in HOSTILE if case.expect.receipt or case.expect.status != 200 if not case.expect.says] == []
