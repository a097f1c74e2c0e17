"""Seats, over HTTP: who is put where, how many there are, and how long each lasts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from forge.did import DID
from forge.keys import Signer
from tests.service.scene import DAY, START, Scene, utc

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASSIGN, UNASSIGN = "/subscription/assign", "/subscription/unassign"


def several(count: int) -> list[Signer]:
    return [Signer.generate() for _ in range(count)]


def names(scene: Scene, count: int) -> list[DID]:
    unique = scene.product()
    return [DID(f"{unique}:{number}") for number in range(count)]


async def used(scene: Scene, subscription: str) -> int:
    return int((await scene.do("/subscription/get", subscription=subscription))["seats"]["used"])


async def seat_of(scene: Scene, consumer: Signer) -> tuple[Any, Any]:
    said = await scene.do("/consumer/get", consumer=consumer)
    return said.get("seat"), said.get("endsAt")


class TestAssign:
    async def test_assigns_and_moves(self, scene: Scene) -> None:
        customer, name = await scene.bought()
        (mine, new), (space, own) = several(2), await scene.provisioned(customer)
        await scene.assign(name, mine)
        asked = {"by": customer, "subscription": name, "consumers": [mine, new, space, new]}
        told = await scene.told(ASSIGN, **asked)
        place = {"customer": customer.did, "subscription": name}
        assert [(kind, {key: said[key] for key in said if key != "data"}) for kind, said in told] == [
            ("consumer-assigned", place | {"consumer": new.did}),
            ("consumer-moved", place | {"consumer": space.did}),
        ]
        assert told[1][1]["data"]["from"] == own
        assert await scene.untold(ASSIGN, **asked) == "ok"
        assert await scene.do(ASSIGN, **asked) == {"assigned": [], "moved": []}
        assert await used(scene, name) == 3
        assert [await scene.of(one) for one in (mine, new, space)] == [name] * 3

    async def test_gives_who_was_assigned_and_who_moved_in_their_order(self, scene: Scene) -> None:
        customer, name = await scene.bought()
        spaces = [(await scene.provisioned(customer))[0] for _ in range(2)]
        first, second = several(2)
        consumers = [second, spaces[1], first, spaces[0], second, spaces[1]]
        assert await scene.do(ASSIGN, subscription=name, consumers=consumers) == {
            "assigned": [second.did, first.did],
            "moved": [spaces[1].did, spaces[0].did],
        }

    @pytest.mark.parametrize("count", [0, 1001])
    async def test_a_list_has_1_to_1000_consumers(self, scene: Scene, count: int) -> None:
        _, name = await scene.bought()
        for command in (ASSIGN, UNASSIGN):
            found, message = await scene.refusal(command, subscription=name, consumers=names(scene, count))
            assert (found, message.startswith("malformed arguments: args.consumers: ")) == ("MalformedArguments", True)

    async def test_a_list_of_1000_consumers(self, scene: Scene) -> None:
        _, name = await scene.bought(seats=1000)
        consumers = names(scene, 1000)
        assert (await scene.do(ASSIGN, subscription=name, consumers=consumers))["assigned"] == consumers
        assert await used(scene, name) == 1000
        assert await scene.refused(ASSIGN, subscription=name, consumers=names(scene, 1)) == "SeatsExhausted"
        listed = await scene.all("/consumer/list", subscription=name, size=1000)
        assert [one["consumer"] for one in listed] == consumers
        await scene.do(UNASSIGN, subscription=name, consumers=consumers)
        assert await used(scene, name) == 0

    async def test_any_did_may_be_billed_for(self, scene: Scene) -> None:
        _, name = await scene.bought()
        consumers = [DID("did:mailto:example.com:seat"), DID("did:example:x"), DID("did:web:example.com:%D7%A9")]
        assert (await scene.do(ASSIGN, subscription=name, consumers=consumers))["assigned"] == consumers

    async def test_is_all_or_nothing(self, scene: Scene) -> None:
        customer, name = await scene.bought(seats=3)
        free, (taken, other) = several(3), await scene.provisioned(await scene.customer())
        (mine, own) = await scene.provisioned(customer)
        for consumers, failure in [
            ([*free[:2], mine, taken], "ConsumerExists"),
            ([taken, *free], "ConsumerExists"),
            ([mine, *free], "SeatsExhausted"),
            ([*free, mine], "SeatsExhausted"),
        ]:
            assert await scene.untold(ASSIGN, subscription=name, consumers=consumers) == failure
            assert await used(scene, name) == 0
        assert [await scene.of(one) for one in (*free, taken, mine)] == [None, None, None, other, own]

    async def test_who_is_in_one_that_has_ended_is_in_none(self, scene: Scene) -> None:
        customer, ended = await scene.bought(period="P1M")
        other = await scene.subscription(await scene.customer())
        same = await scene.subscription(customer)
        first, second = await scene.seated(ended), await scene.seated(ended)
        assert await scene.untold(ASSIGN, subscription=other, consumers=[first]) == "ConsumerExists"
        await scene.advance("P1M")
        assert await scene.do(ASSIGN, subscription=other, consumers=[first]) == {"assigned": [first.did], "moved": []}
        assert await scene.do(ASSIGN, subscription=same, consumers=[second]) == {"assigned": [], "moved": [second.did]}
        assert await used(scene, ended) == 0

    async def test_into_one_that_has_ended_nobody_comes(self, scene: Scene) -> None:
        customer, expired = await scene.bought(period="P1M")
        cancelled = await scene.subscription(customer)
        await scene.do("/subscription/cancel", subscription=cancelled, at="now")
        await scene.advance("P1M")
        for name in (expired, cancelled):
            assert await scene.untold(ASSIGN, subscription=name, consumers=several(1)) == "SubscriptionEnded"

    async def test_into_one_that_has_not_begun_or_is_not_paid_they_do(self, scene: Scene) -> None:
        customer, paid = await scene.bought("paid")
        later = await scene.subscription(customer, await scene.plan("complimentary"), startsAt=START + DAY)
        for name in (paid, later):
            assert await scene.entitled(await scene.seated(name)) is False

    async def test_the_history_is_kept(self, scene: Scene) -> None:
        customer, second = await scene.bought()
        space, first = await scene.provisioned(customer)
        time = await scene.advance("P1D")
        await scene.assign(second, space)
        at = [(await scene.do("/consumer/get", consumer=space, at=day))["subscription"] for day in (time - 1, time)]
        assert at == [first, second]


class TestManager:
    async def test_manages_with_a_delegation_of_assign_and_no_more(self, scene: Scene) -> None:
        customer, name = await scene.bought(consent=True, seats=2)
        manager, space = Signer.generate(), Signer.generate()
        how = {"by": manager, "subject": customer, "proofs": [scene.lend(ASSIGN, of=customer, to=manager)]}
        await scene.do(ASSIGN, **how, subscription=name, consumers=[space])
        # The seat of somebody who left is given on.
        await scene.do(UNASSIGN, by=space, subscription=name, consumers=[space])
        other = Signer.generate()
        await scene.do(ASSIGN, **how, subscription=name, consumers=[other, space])
        others: dict[str, dict[str, Any]] = {
            "/subscription/get": {},
            "/subscription/unassign": {"consumers": [space]},
            "/subscription/cancel": {"at": "now"},
            "/subscription/transfer": {"customer": manager},
            "/subscription/accept": {},
            "/subscription/decline": {},
            "/subscription/assign/more": {},
        }
        for command, arguments in others.items():
            failure = await scene.untold(command, **how, subscription=name, **arguments)
            expected = "HandlerNotFound" if command.endswith("more") else "ImpossibleAttenuation"
            assert failure == expected, command
        assert await scene.entitled(space) is False, "nobody consents for it"
        for about in (customer, space, manager):
            failure = await scene.untold("/subscription/accept", by=manager, subject=about, subscription=name)
            assert failure in {"InvalidClaim", "SubscriptionNotFound"}

    async def test_gives_a_seat_to_another_in_one_step(self, scene: Scene) -> None:
        customer, name = await scene.bought(**TestClock.TERMS)
        first, second = await scene.seated(name), await scene.seated(name)
        manager, third, fourth = several(3)
        how = {"by": manager, "subject": customer, "proofs": [scene.lend(ASSIGN, of=customer, to=manager)]}
        await scene.at(2030, 1, 20)
        asked = {"subscription": name, "consumers": [third], "instead": [first]}
        told = await scene.told(ASSIGN, **how, **asked)
        place = {"customer": customer.did, "subscription": name}
        assert [(kind, {key: said[key] for key in said if key != "data"}) for kind, said in told] == [
            ("consumer-released", place | {"consumer": first.did}),
            ("consumer-assigned", place | {"consumer": third.did}),
        ]
        assert await seat_of(scene, third) == (1, utc(2030, 2, 1)), "it keeps its clock"
        # Both or neither.
        (taken, _) = await scene.provisioned(await scene.customer())
        for consumers, instead, failure in [
            ([fourth, first], [second], "SeatsExhausted"),
            ([taken], [second], "ConsumerExists"),
            ([fourth], [second, first], "ConsumerNotFound"),
            ([fourth], [taken], "ConsumerNotFound"),
        ]:
            asked = {"subscription": name, "consumers": consumers, "instead": instead}
            assert await scene.untold(ASSIGN, **how, **asked) == failure
        assert [await scene.of(one) for one in (second, third, fourth)] == [name, name, None]

    async def test_is_confined_to_one_subscription_by_a_policy(self, scene: Scene) -> None:
        customer, name = await scene.bought()
        other, manager = await scene.subscription(customer), Signer.generate()
        proof = scene.lend(ASSIGN, of=customer, to=manager, policy=[["==", ".subscription", name]])
        how = {"by": manager, "subject": customer, "proofs": [proof]}
        await scene.do(ASSIGN, **how, subscription=name, consumers=several(1))
        assert await scene.untold(ASSIGN, **how, subscription=other, consumers=several(1)) == "MatchError"

    async def test_manages_what_is_the_customers_while_it_is(self, scene: Scene) -> None:
        customer, name = await scene.bought()
        manager, receiver = Signer.generate(), await scene.customer()
        how = {"by": manager, "subject": customer, "proofs": [scene.lend(ASSIGN, of=customer, to=manager)]}
        await scene.do("/subscription/transfer", subscription=name, customer=receiver)
        assert await scene.untold(ASSIGN, **how, subscription=name, consumers=several(1)) == "SubscriptionNotFound"


class TestUnassign:
    async def test_frees_the_seats(self, scene: Scene) -> None:
        customer, name = await scene.bought(seats=2)
        first, second = await scene.seated(name), await scene.seated(name)
        told = await scene.told(UNASSIGN, by=customer, subscription=name, consumers=[second, first, second])
        place = {"customer": customer.did, "subscription": name}
        assert [(kind, {key: said[key] for key in said if key != "data"}) for kind, said in told] == [
            ("consumer-released", place | {"consumer": one.did}) for one in (second, first)
        ]
        assert await used(scene, name) == 0
        assert [await scene.of(one) for one in (first, second)] == [None, None]
        await scene.assign(name, *several(2))

    async def test_who_is_in_it_leaves_by_itself(self, scene: Scene) -> None:
        _, name = await scene.bought()
        first, second = await scene.seated(name), await scene.seated(name)
        for consumers in ([second], [first, second], [second, first]):
            failure, message = await scene.refusal(UNASSIGN, by=first, subscription=name, consumers=consumers)
            assert (failure, message) == ("SubscriptionNotFound", f'subscription "{name}" not found')
        await scene.told(UNASSIGN, by=first, subscription=name, consumers=[first])
        assert [await scene.of(one) for one in (first, second)] == [None, name]
        assert await scene.untold(UNASSIGN, by=first, subscription=name, consumers=[first]) == "SubscriptionNotFound"

    async def test_is_all_or_nothing(self, scene: Scene) -> None:
        customer, name = await scene.bought()
        mine, (elsewhere, _) = await scene.seated(name), await scene.provisioned(customer)
        for other in (Signer.generate(), elsewhere):
            for consumers in ([mine, other], [other, mine]):
                failure, message = await scene.refusal(UNASSIGN, subscription=name, consumers=consumers)
                assert (failure, message) == ("ConsumerNotFound", f'consumer "{other.did}" not found')
        assert await scene.of(mine) == name

    async def test_also_out_of_what_has_ended(self, scene: Scene) -> None:
        _, name = await scene.bought(period="P1M")
        space = await scene.seated(name)
        await scene.advance("P1Y")
        await scene.do(UNASSIGN, subscription=name, consumers=[space])
        assert await scene.of(space) is None


class TestCount:
    async def test_used_seats_never_exceed_the_total(self, scene: Scene) -> None:
        customer, name = await scene.bought(seats=2)
        first, second, third = several(3)
        await scene.assign(name, first, second)
        for by in (scene.service, customer):
            assert await scene.untold(ASSIGN, by=by, subscription=name, consumers=[third]) == "SeatsExhausted"
        # Who is in it already takes no seat.
        assert await scene.untold(ASSIGN, subscription=name, consumers=[first, second]) == "ok"
        await scene.do(UNASSIGN, subscription=name, consumers=[first])
        await scene.assign(name, third)
        assert await used(scene, name) == 2
        assert await scene.untold(ASSIGN, subscription=name, consumers=[first]) == "SeatsExhausted"

    async def test_nor_where_many_come_at_once(self, scene: Scene) -> None:
        _, name = await scene.bought(seats=3)
        asked = [scene.receipt(ASSIGN, subscription=name, consumers=several(1)) for _ in range(10)]
        names = [receipt.error_name or "ok" for receipt in await asyncio.gather(*asked)]
        assert sorted(names) == ["SeatsExhausted"] * 7 + ["ok"] * 3
        assert await used(scene, name) == 3

    async def test_what_a_subscription_says_goes_before_its_plan(self, scene: Scene) -> None:
        customer, product = await scene.customer(), await scene.plan("complimentary", seats=2)
        fewer, more = [await scene.subscription(customer, product, seats=seats) for seats in (1, 3)]
        await scene.assign(more, *several(3))
        assert await scene.refused(ASSIGN, subscription=fewer, consumers=several(2)) == "SeatsExhausted"

    async def test_without_a_total_there_is_no_end_of_them(self, scene: Scene) -> None:
        _, name = await scene.bought()
        await scene.assign(name, *names(scene, 50))
        assert (await scene.do("/subscription/get", subscription=name))["seats"] == {"used": 50}

    async def test_who_moves_away_leaves_a_seat_that_is_free(self, scene: Scene) -> None:
        customer, name = await scene.bought(seats=1)
        other = await scene.subscription(customer)
        space = await scene.seated(name)
        await scene.assign(other, space)
        await scene.seated(name)
        assert await scene.untold(ASSIGN, subscription=name, consumers=[space]) == "SeatsExhausted"
        assert await scene.of(space) == other


class TestClock:
    TERMS: dict[str, Any] = {"clock": "assignment", "period": "P1M", "seats": 2}  # noqa: RUF012 - nobody changes it

    async def test_of_the_purchase_is_the_subscriptions(self, scene: Scene) -> None:
        _, name = await scene.bought(period="P1Y", seats=2)
        await scene.seated(name)
        await scene.advance("P1M")
        space = await scene.seated(name)
        assert await seat_of(scene, space) == (2, utc(2031, 1, 1))

    async def test_of_the_assignment_is_the_seats_own(self, scene: Scene) -> None:
        _, name = await scene.bought("open", **self.TERMS)
        await scene.at(2030, 1, 31)
        first = await scene.seated(name)
        await scene.at(2030, 2, 10)
        second = await scene.seated(name)
        assert await seat_of(scene, first) == (1, utc(2030, 2, 28))
        assert await seat_of(scene, second) == (2, utc(2030, 3, 10))
        await scene.set_time(utc(2030, 2, 28) - 1)
        assert [await scene.entitled(one) for one in (first, second)] == [True, True]
        await scene.advance("PT1S")
        assert [await scene.entitled(one) for one in (first, second)] == [False, True]
        assert await scene.state(name) == "active"

    async def test_it_ends_with_the_subscription_all_the_same(self, scene: Scene) -> None:
        customer, product = await scene.customer(), await scene.plan("complimentary", **self.TERMS)
        name = await scene.subscription(customer, product, endsAt=START + DAY)
        space = await scene.seated(name)
        assert await seat_of(scene, space) == (1, START + DAY)
        await scene.advance("P1D")
        assert await scene.entitled(space) is False

    async def test_a_seat_that_is_given_on_keeps_its_clock(self, scene: Scene) -> None:
        _, name = await scene.bought("open", **self.TERMS)
        first = await scene.seated(name)
        await scene.at(2030, 1, 20)
        await scene.do(UNASSIGN, subscription=name, consumers=[first])
        second = await scene.seated(name)
        assert await seat_of(scene, second) == (1, utc(2030, 2, 1))
        # Leaving and coming back extends nothing either.
        await scene.do(UNASSIGN, by=second, subscription=name, consumers=[second])
        await scene.at(2030, 1, 25)
        await scene.assign(name, second)
        assert await seat_of(scene, second) == (1, utc(2030, 2, 1))

    async def test_of_those_that_are_free_the_one_that_lasts_longest_goes_first(self, scene: Scene) -> None:
        _, name = await scene.bought("open", **self.TERMS)
        first = await scene.seated(name)
        await scene.at(2030, 1, 10)
        second = await scene.seated(name)
        await scene.do(UNASSIGN, subscription=name, consumers=[first, second])
        assert await seat_of(scene, await scene.seated(name)) == (2, utc(2030, 2, 10))
        assert await seat_of(scene, await scene.seated(name)) == (1, utc(2030, 2, 1))

    async def test_a_seat_whose_term_is_over_is_no_seat(self, scene: Scene) -> None:
        _, name = await scene.bought("open", **self.TERMS)
        first = await scene.seated(name)
        await scene.at(2030, 2, 1)
        await scene.do(UNASSIGN, subscription=name, consumers=[first])
        second = await scene.seated(name)
        assert await seat_of(scene, second) == (2, utc(2030, 3, 1))
        assert await scene.untold(ASSIGN, subscription=name, consumers=[first]) == "SeatsExhausted"
        await scene.at(2030, 3, 1)
        await scene.do(UNASSIGN, subscription=name, consumers=[second])
        assert await scene.untold(ASSIGN, subscription=name, consumers=[first]) == "SeatsExhausted"

    async def test_a_seat_that_is_not_assigned_in_time_lapses(self, scene: Scene) -> None:
        _, name = await scene.bought("open", **self.TERMS, assignWithin="P90D")
        await scene.set_time(START + 90 * DAY - 1)
        first = await scene.seated(name)
        await scene.advance("PT1S")
        assert await scene.untold(ASSIGN, subscription=name, consumers=several(1)) == "SeatLapsed"
        # What was begun is given on.
        await scene.do(UNASSIGN, subscription=name, consumers=[first])
        second = await scene.seated(name)
        assert (await seat_of(scene, second))[0] == 1
        assert await scene.untold(ASSIGN, subscription=name, consumers=[first]) == "SeatLapsed"

    async def test_without_a_total_seats_are_numbered_all_the_same(self, scene: Scene) -> None:
        _, name = await scene.bought("open", clock="assignment", period="P1M")
        assert [(await seat_of(scene, await scene.seated(name)))[0] for _ in range(3)] == [1, 2, 3]

    async def test_a_transfer_keeps_the_clocks(self, scene: Scene) -> None:
        _, name = await scene.bought("open", **self.TERMS)
        space, receiver = await scene.seated(name), await scene.customer()
        await scene.at(2030, 1, 20)
        await scene.do("/subscription/transfer", subscription=name, customer=receiver)
        assert await seat_of(scene, space) == (1, utc(2030, 2, 1))
