"""The resolver: what it knows, what it computes, who attests, and whom it asks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from forge.did import DID
from forge.errors import DIDKeyResolutionError
from forge.method import Authority, VerificationMethod, attested_methods, did_key_methods
from forge.resolve import Resolver
from forge.resolve.failure import unresolved
from forge.resolve.resolver import MAX_KNOWN, MAX_STRANGERS, Finder
from forge.resolve.source import Found
from tests.core.principals import ALICE, BOB, MAILTO_DID, SECP_DID
from tests.resolve.fakes import FakeClock, FakeHost, did, methods, reason, settled, source

MAILTO = DID(MAILTO_DID)


class Never:
    """A source that must not be asked."""

    def knows(self, did: DID) -> bool:
        raise AssertionError(did)

    def at_once(self, did: DID) -> Found | None:
        raise AssertionError(did)

    async def find(self, did: DID) -> Found:
        raise AssertionError(did)


class Slow:
    """A source that has to ask, and answers when it is let."""

    def __init__(self, *bad: DID) -> None:
        self.bad = bad
        self.go = asyncio.Event()
        self.asked: list[DID] = []
        self.known: set[DID] = set()

    def knows(self, did: DID) -> bool:
        return did in self.known

    def at_once(self, did: DID) -> Found | None:
        del did
        return None

    async def find(self, did: DID) -> Found:
        self.asked.append(did)
        await self.go.wait()
        return unresolved(did, "nobody there") if did in self.bad else methods(did)


def told(found: object) -> str:
    assert isinstance(found, DIDKeyResolutionError)
    return found.message


async def only(resolver: Resolver, one: DID) -> Sequence[VerificationMethod] | DIDKeyResolutionError:
    (found,) = (await resolver.resolve([one])).values()
    return found


class TestWithoutANetwork:
    async def test_a_did_key_is_computed(self) -> None:
        assert await Resolver().resolve([ALICE.did, DID(SECP_DID)]) == {
            ALICE.did: did_key_methods(ALICE.did),
            DID(SECP_DID): did_key_methods(DID(SECP_DID)),
        }
        assert await Resolver().resolve([]) == {}

    async def test_a_did_key_of_a_kind_not_known_here(self) -> None:
        x25519 = DID("did:key:z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F")
        assert told(await only(Resolver(), x25519)) == (
            f'unable to resolve "{x25519}" key: not resolvable by any resolver:'
            " not a public key of a kind known here: ec012fe5…"
        )

    async def test_our_own_is_never_asked_for_elsewhere(self) -> None:
        own = DID("did:web:example.com")
        resolver = Resolver({own: methods(own)}, {"web": Never()})
        assert await resolver.resolve([own]) == {own: methods(own)}
        # It may be a did:key too, and then its methods are still the configuration's.
        assert await Resolver({ALICE.did: methods(own)}).resolve([ALICE.did]) == {ALICE.did: methods(own)}

    @pytest.mark.parametrize("text", ["did:web:example.com", MAILTO_DID, "did:plc:ewvi7nxzyoun6zhxrhs64oiz", "did:x:y"])
    async def test_a_method_that_is_not_known_here(self, text: str) -> None:
        one = DID(text)
        hint = " (nobody is set to attest for it: authority)" if one.method == "mailto" else ""
        assert told(await only(Resolver(sources={"other": Never()}), one)) == (
            f'unable to resolve "{one}" key: not resolvable by any resolver: no resolver found for method: {one.method}{hint}'
        )

    async def test_a_long_did_is_shown_by_its_ends(self) -> None:
        one = DID(f"did:x:{'a' * 2_000}z")
        assert len(told(await only(Resolver(), one))) < 300


class TestAttested:
    async def test_by_an_authority_that_is_computed(self) -> None:
        found = await only(Resolver(authority=BOB.did), MAILTO)
        assert not isinstance(found, DIDKeyResolutionError)
        assert [method.key for method in found] == [Authority(BOB.did, did_key_methods(BOB.did))]

    async def test_by_ourselves(self) -> None:
        own = DID("did:web:example.com")
        resolver = Resolver({own: methods(own)}, {"web": Never()}, own)
        assert await only(resolver, MAILTO) == attested_methods(MAILTO, own, methods(own))

    async def test_by_an_authority_that_must_be_asked_for_once(self) -> None:
        host = FakeHost()
        resolver = Resolver(sources={"fake": source(host, FakeClock())}, authority=did("a"))
        mails = [DID(f"did:mailto:example.com:{number}") for number in range(3 * MAX_STRANGERS)]
        for _ in range(2):
            assert await resolver.resolve(mails) == {one: attested_methods(one, did("a"), methods(did("a"))) for one in mails}
        assert len(host.asked) == 1

    async def test_its_failure_is_theirs(self) -> None:
        host = FakeHost()
        host.fails()
        resolver = Resolver(sources={"fake": source(host, FakeClock())}, authority=did("a"))
        for _ in range(2):
            assert told(await only(resolver, MAILTO)) == (
                f'unable to resolve "{MAILTO}" key: not resolvable by any resolver: its authority did:fake:a:'
                ' unable to resolve "did:fake:a" key: not resolvable by any resolver: the host is down'
            )

    async def test_never_by_one_of_them(self) -> None:
        with pytest.raises(ValueError, match="has no key, and attests nothing"):
            Resolver(authority=MAILTO)


class TestAsking:
    async def test_all_are_asked_for_at_once(self) -> None:
        slow = Slow(did("bad"))
        asked = [did("a"), ALICE.did, did("bad"), DID("did:x:y")]
        resolving = asyncio.create_task(Resolver(sources={"fake": slow}).resolve(asked))
        await settled()
        assert slow.asked == [did("a"), did("bad")]
        slow.go.set()
        found = await resolving
        assert found[did("a")] == methods(did("a"))
        assert found[ALICE.did] == did_key_methods(ALICE.did)
        assert reason(found[did("bad")]) == "nobody there"
        assert reason(found[DID("did:x:y")]) == "no resolver found for method: x"
        assert len(found) == 4

    async def test_one_request_has_so_many_strangers_looked_up(self) -> None:
        slow = Slow()
        slow.go.set()
        strangers = [did(number) for number in range(MAX_STRANGERS + 5)]
        slow.known = {did(f"known{number}") for number in range(50)}
        found = await Resolver(sources={"fake": slow}).resolve([*strangers, *slow.known])
        failures = [one for one in strangers if isinstance(found[one], DIDKeyResolutionError)]
        assert failures == strangers[MAX_STRANGERS:]
        assert reason(found[failures[0]]).startswith("the request names more than 16 DIDs that must be looked up")
        assert all(found[one] == methods(one) for one in slow.known)
        assert len(slow.asked) == MAX_STRANGERS + 50

    async def test_and_so_many_of_the_known_asked_for_again(self) -> None:
        """Strangers that were found once are known: without a bound, one request would take all turns with them."""
        slow = Slow()
        slow.go.set()
        known = [did(f"known{number}") for number in range(MAX_KNOWN + 5)]
        slow.known = set(known)
        strangers = [did(number) for number in range(MAX_STRANGERS)]
        found = await Resolver(sources={"fake": slow}).resolve([*known, *strangers])
        failures = [one for one in found if isinstance(found[one], DIDKeyResolutionError)]
        assert failures == known[MAX_KNOWN:]
        assert reason(found[failures[0]]) == (
            "the request names more than 64 DIDs that must be looked up again; send some of it later"
        )
        assert slow.asked == [*known[:MAX_KNOWN], *strangers]

    async def test_what_is_known_at_once_makes_nobody_wait(self) -> None:
        host = FakeHost()
        made = source(host, FakeClock())
        await made.find(did("a"))
        resolving = Resolver(sources={"fake": made}).resolve([did("a"), ALICE.did])
        with pytest.raises(StopIteration) as done:
            resolving.send(None)
        assert done.value.value[did("a")] == methods(did("a"))

    async def test_a_request_that_is_given_up_ends_nobody_elses(self) -> None:
        host, go = FakeHost(), asyncio.Event()
        host.before = lambda _: go.wait()
        resolver = Resolver(sources={"fake": source(host, FakeClock())})
        first, second = (asyncio.create_task(resolver.resolve([did("a"), did("b")])) for _ in range(2))
        await settled()
        first.cancel()
        await settled()
        assert first.cancelled()
        go.set()
        assert await second == {one: methods(one) for one in (did("a"), did("b"))}
        assert len(host.asked) == 2


def finder(made: Finder) -> Finder:
    """The type checker's word that a source is one."""
    return made


FINDER = finder(source(FakeHost(), FakeClock()))
