"""What the fuzzer does to inputs, without the fuzzer."""

from __future__ import annotations

from typing import Final

import pytest

from forge.container import Container, decode_token
from forge.delegation import Delegation
from forge.errors import DecodeError
from forge.invocation import Invocation
from forge.verify import verify
from tests.core.values import mutated, random_of
from tests.fuzz import people
from tests.fuzz.laws.chain import outcome
from tests.fuzz.mutate import Mutator
from tests.fuzz.pieces import POOLS
from tests.fuzz.seeds import CHAINS, SEEDS
from tests.fuzz.targets import TARGETS
from tests.fuzz.tree import Branch, Leaf, NotATree, branches, names, parse, relink, render, sign

TIMES: Final = 500


def test_every_target_has_seeds_and_pieces() -> None:
    assert SEEDS.keys() == POOLS.keys() == TARGETS.keys()


@pytest.mark.parametrize("target", SEEDS)
def test_a_tree_is_written_as_it_was_read(target: str) -> None:
    read = 0
    for data in SEEDS[target]:
        try:
            tree = parse(data)
        except NotATree:
            continue
        assert render(tree, ordered=False) == data
        read += 1
    assert read or target in ("document", "selector")


@pytest.mark.parametrize("target", SEEDS)
def test_bending_ends_and_can_be_repeated(target: str) -> None:
    def bend(seed: int) -> bytes:
        random = random_of(seed)
        one, other = random.choice(SEEDS[target]), random.choice(SEEDS[target])
        return Mutator(target, lambda data: mutated(data, random), random, other).mutate(one)

    bent = [bend(seed) for seed in range(TIMES)]
    assert bent == [bend(seed) for seed in range(TIMES)]
    assert len(set(bent)) > TIMES // 2


def test_a_bent_token_is_often_a_token() -> None:
    random = random_of(1)
    tokens = [bytes(token) for container in CHAINS for token in container.tokens]
    mutator = Mutator("token", lambda data: mutated(data, random), random)
    read = 0
    for _ in range(TIMES):
        try:
            decode_token(mutator.mutate(random.choice(tokens)))
        except DecodeError:
            continue
        read += 1
    assert read > TIMES // 10


@pytest.mark.parametrize("container", CHAINS, ids=range(len(CHAINS)))
def test_a_bent_chain_holds_when_it_is_signed_and_linked_anew(container: Container) -> None:
    tree = parse(container.to_cbor())
    before = names(tree)
    for branch in branches(tree):
        branch.items = [Leaf(3, 0, b"/msg") if part == Leaf(3, 0, b"/msg/send") else part for part in branch.items]
    assert isinstance(tree, Branch)
    sign(tree, people.SIGNERS)
    relink(tree, before)
    sign(tree, people.SIGNERS)
    bent = Container.from_cbor(render(tree))
    (asked,) = bent.invocations
    assert isinstance(asked, Invocation)
    issuers = [token.issuer for token in bent.tokens if isinstance(token, Delegation | Invocation)]
    assert outcome(lambda: verify(asked, bent.delegations, people.facts(*issuers)))
    assert asked.command == "/msg"
