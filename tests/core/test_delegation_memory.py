"""The memory of delegations that were read: it changes what reading costs, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge import container
from forge.allowance import Allowance
from forge.container import Container, DelegationMemory, Token, decode_token
from forge.dagcbor import Value
from forge.delegation import Delegation
from forge.errors import TokenError
from forge.invocation import Invocation
from forge.receipt import Receipt
from tests.core.principals import ALICE, BOB, SERVICE
from tests.core.raw import cbor
from tests.core.tokens import delegation, invocation, receipt
from tests.core.values import mutated, random_of

POLICY: Final[list[Value]] = [["==", ".a", 1], ["like", ".b", "x*"]]
DELEGATIONS: Final = [delegation(nonce=bytes((number,)), pol=POLICY * (number % 3)) for number in range(6)]
OTHERS: Final = [
    *(invocation(nonce=bytes((number,))) for number in range(2)),
    *(receipt(SERVICE, nonce=bytes((number,))) for number in range(2)),
    delegation(extra=1),
    delegation(BOB)[:-1],
    b"",
    b"\xa0",
]
BYTES, ITEMS = container._FAMILIAR_BYTES, container._FAMILIAR_ITEMS


@contextmanager
def reads() -> Iterator[list[bytes]]:
    """Note what is really read."""
    with pytest.MonkeyPatch.context() as patch:
        found: list[bytes] = []

        def spy(data: bytes, allowance: Allowance | None = None) -> Token:
            found.append(data)
            return decode_token(data, allowance)

        patch.setattr(container, "decode_token", spy)
        yield found


def cost_of(data: bytes) -> int:
    allowance = Allowance()
    before = allowance.left
    decode_token(data, allowance)
    return before - allowance.left


def bodies(entries: list[bytes]) -> bytes:
    return cbor({"ctn-v1": entries})


# -- what is remembered ----------------------------------------------------------------------------------------------


def test_a_delegation_is_read_once() -> None:
    memory = DelegationMemory()
    data = delegation()
    with reads() as found:
        first = memory.decode_token(data, Allowance())
        # Whatever holds the bytes: another object that is equal.
        for _ in range(3):
            assert memory.decode_token(bytes(bytearray(data)), Allowance()) is first
    assert found == [data]
    assert isinstance(first, Delegation)
    assert bytes(first) == data


@pytest.mark.parametrize("data", [invocation(), receipt()], ids=["invocation", "receipt"])
def test_what_comes_once_is_never_kept(data: bytes) -> None:
    memory = DelegationMemory()
    with reads() as found:
        first, second = (memory.decode_token(data, Allowance()) for _ in range(2))
    assert found == [data, data]
    assert first is not second
    assert isinstance(first, Invocation | Receipt)
    assert not memory._young
    assert not memory._old


@pytest.mark.parametrize("data", OTHERS[4:], ids=["unknown field", "cut", "nothing", "a map"])
def test_what_is_no_token_is_never_kept(data: bytes) -> None:
    memory = DelegationMemory()
    with reads() as found:
        for _ in range(2):
            with pytest.raises(TokenError) as caught:
                memory.decode_token(data, Allowance())
            with pytest.raises(TokenError) as plain:
                decode_token(data)
            assert str(caught.value) == str(plain.value)
    assert found == [data, data]
    assert not memory._young


def test_one_byte_makes_another_token() -> None:
    """Its signature too: nothing is known of what was not read."""
    memory = DelegationMemory()
    data = delegation()
    memory.decode_token(data, Allowance())
    forged = bytearray(data)
    forged[10] ^= 1
    token = memory.decode_token(bytes(forged), Allowance())
    assert isinstance(token, Delegation)
    assert bytes(token) == bytes(forged)
    assert token.envelope.signature != Delegation.decode(data).envelope.signature


@given(st.integers(0, (1 << 64) - 1))
def test_bytes_near_one_that_is_known(seed: int) -> None:
    memory, chance = DelegationMemory(), random_of(seed)
    for data in DELEGATIONS:
        memory.decode_token(data, Allowance())
    for _ in range(20):
        data = mutated(chance.choice(DELEGATIONS), chance)
        assert told(memory, data) == told(None, data)


def told(memory: DelegationMemory | None, data: bytes) -> tuple[object, int]:
    """What reading comes to, and what it used up."""
    allowance = Allowance()
    before = allowance.left
    try:
        token = decode_token(data, allowance) if memory is None else memory.decode_token(data, allowance)
    except TokenError as error:
        return str(error), before - allowance.left
    return (type(token), bytes(token), token.cid), before - allowance.left


# -- what it uses up -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", DELEGATIONS[:3], ids=["no policy", "a policy", "a longer one"])
def test_it_uses_up_what_reading_did(data: bytes) -> None:
    memory = DelegationMemory()
    cost = cost_of(data)
    assert cost > 7, "its fields, and its policy's bytes"
    allowance = Allowance(3 * cost + 1)
    for left in (2 * cost + 1, cost + 1, 1):
        memory.decode_token(data, allowance)
        assert allowance.left == left
    with pytest.raises(TokenError, match="more items than are read together"):
        memory.decode_token(data, allowance)


@pytest.mark.parametrize("data", DELEGATIONS[:3], ids=["no policy", "a policy", "a longer one"])
def test_exactly_what_is_left_is_enough(data: bytes) -> None:
    memory = DelegationMemory()
    memory.decode_token(data, Allowance())
    cost = cost_of(data)
    for read in (memory.decode_token, decode_token):
        allowance = Allowance(cost)
        read(data, allowance)
        assert allowance.left == 0
        for few in (0, 1, cost - 1):
            with pytest.raises(TokenError, match="more items than are read together") as caught:
                read(data, Allowance(few))
            assert type(caught.value) is TokenError


def test_what_is_used_up_stays_used_up() -> None:
    memory = DelegationMemory()
    known, small = delegation(pol=POLICY), delegation()
    memory.decode_token(known, Allowance())
    memory.decode_token(small, Allowance())
    allowance = Allowance(cost_of(known) - 1)
    with pytest.raises(TokenError):
        memory.decode_token(known, allowance)
    with pytest.raises(TokenError):
        memory.decode_token(small, allowance)
    with pytest.raises(TokenError):
        memory.decode_token(invocation(), allowance)


def test_what_was_refused_for_want_of_items_is_not_kept() -> None:
    memory, data = DelegationMemory(), delegation()
    with pytest.raises(TokenError):
        memory.decode_token(data, Allowance(3))
    assert not memory._young
    memory.decode_token(data, Allowance())
    assert memory._young


# -- how much it keeps -----------------------------------------------------------------------------------------------


def numbered(number: int) -> bytes:
    return delegation(nonce=number.to_bytes(2, "big"))


MANY: Final = [numbered(number) for number in range(40)]


def known(memory: DelegationMemory) -> set[bytes]:
    return memory._young.keys() | memory._old.keys()


@pytest.mark.parametrize("size", [1, 2, 5])
def test_it_never_grows_beyond_twice_its_size(size: int) -> None:
    memory = DelegationMemory(size)
    for number, data in enumerate(MANY * 2):
        memory.decode_token(data, Allowance())
        assert min(size, number + 1) <= len(known(memory)) <= 2 * size
        assert known(memory).issuperset((MANY * 2)[max(0, number + 1 - size) : number + 1]), "the last ones are there"


def test_what_is_asked_for_stays() -> None:
    memory = DelegationMemory(4)
    loved, *others = MANY
    with reads() as found:
        for data in others:
            memory.decode_token(loved, Allowance())
            memory.decode_token(data, Allowance())
    assert found.count(loved) == 1


def test_what_is_asked_for_again_in_time_stays() -> None:
    """It is looked for in the old generation too, and is young again then."""
    memory = DelegationMemory(4)
    loved, *others = MANY
    with reads() as found:
        for turn in range(8):
            memory.decode_token(loved, Allowance())
            for data in others[turn * 4 : turn * 4 + 4]:
                memory.decode_token(data, Allowance())
    assert found.count(loved) == 1


def test_what_nobody_asks_for_goes() -> None:
    memory = DelegationMemory(4)
    with reads() as found:
        for data in MANY[:9]:
            memory.decode_token(data, Allowance())
        assert MANY[0] not in known(memory)
        memory.decode_token(MANY[0], Allowance())
    assert found.count(MANY[0]) == 2


def test_its_usual_size() -> None:
    assert DelegationMemory()._size == 4096


def sized(size: int) -> bytes:
    """A delegation of so many bytes."""
    data = delegation(nonce=bytes(1500))
    return delegation(nonce=bytes(1500 + size - len(data)))


def costing(items: int) -> bytes:
    """A delegation of so many items."""
    return delegation(meta={"a": [1] * (items - cost_of(delegation(meta={"a": []})))})


def test_large_tokens_are_not_kept() -> None:
    memory = DelegationMemory()
    assert [len(sized(size)) for size in (BYTES, BYTES + 1)] == [BYTES, BYTES + 1]
    memory.decode_token(sized(BYTES), Allowance())
    memory.decode_token(sized(BYTES + 1), Allowance())
    assert known(memory) == {sized(BYTES)}


def test_tokens_of_many_items_are_not_kept() -> None:
    memory = DelegationMemory()
    assert [cost_of(costing(items)) for items in (ITEMS, ITEMS + 1)] == [ITEMS, ITEMS + 1]
    assert len(costing(ITEMS + 1)) < BYTES
    memory.decode_token(costing(ITEMS), Allowance())
    memory.decode_token(costing(ITEMS + 1), Allowance())
    assert known(memory) == {costing(ITEMS)}


# -- containers ------------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.sampled_from([*DELEGATIONS, *OTHERS]), max_size=8), max_size=5), st.integers(1, 4))
def test_a_container_is_the_same_with_it(requests: list[list[bytes]], size: int) -> None:
    memory = DelegationMemory(size)
    for entries in requests:
        body = bodies(entries)
        found, expected = Container.from_cbor(body, memory), Container.from_cbor(body)
        assert found == expected
        assert [type(token) for token in found.tokens] == [type(token) for token in expected.tokens]
        assert found.undecodable == expected.undecodable
        assert found.delegations == expected.delegations


def test_a_container_that_holds_too_much_together_does_so_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many of its tokens are read, whether they are known or not."""
    memory = DelegationMemory()
    cost = cost_of(DELEGATIONS[1])
    monkeypatch.setattr(container, "Allowance", lambda: Allowance(3 * cost))
    for _ in range(2):
        found = Container.from_cbor(bodies([DELEGATIONS[1]] * 5), memory)
        assert len(found.tokens) == 3
        assert len(found.undecodable) == 2
    expected = Container.from_cbor(bodies([DELEGATIONS[1]] * 5))
    assert (len(expected.tokens), len(expected.undecodable)) == (3, 2)


def test_several_threads() -> None:
    """Whoever asks gets what its bytes say, and it stays as small as it is to be."""
    memory, threads = DelegationMemory(8), 4
    together = threading.Barrier(threads)

    def work(start: int) -> None:
        together.wait(30)
        for turn in range(20):
            for number in range(len(MANY)):
                data = MANY[(start * 7 + number * (turn + 1)) % len(MANY)]
                allowance = Allowance(1000)
                token = memory.decode_token(data, allowance)
                assert bytes(token) == data
                assert 1000 - allowance.left == cost

    cost = cost_of(MANY[0])
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, number) for number in range(threads)]:
            done.result(60)
    # Each may have found room for one before another put its own there.
    assert len(known(memory)) <= 2 * (8 + threads)
    assert memory.decode_token(delegation(ALICE), Allowance()) == Delegation.decode(delegation(ALICE))
