"""A ticketing and community site: passes for one, seats in bulk, and lists that people follow.

Passes run for a month or a year, and nobody buys the same one twice. Whoever buys seats in bulk lets a manager assign them,
who can do nothing else: not even consent for those who get one. A seat's clock starts with the purchase, or when it is first
assigned, and a seat that nobody gets in time is lost.
Who is on a list, who follows, and who subscribes are three states of one record.

    python examples/ticketing.py
"""

from __future__ import annotations

from commands.consumer.get import get as consumer_get
from commands.consumer.list import list_ as consumer_list
from commands.customer.add import add as customer_add
from commands.event.list import list_ as event_list
from commands.failures import SeatLapsed, SeatsExhausted, SubscriptionActive, SubscriptionNotFound
from commands.payment.record import record
from commands.plan.add import add as plan_add
from commands.subscription.accept import accept
from commands.subscription.add import add as subscription_add
from commands.subscription.assign import assign
from commands.subscription.decline import decline
from commands.subscription.get import get as subscription_get
from commands.subscription.unassign import unassign
from forge import DID, Signer
from forge.errors import ImpossibleAttenuation, InvalidClaim
from stage import Authority, Stage, on, play

MONTH, YEAR = DID("did:web:month.tickets.example"), DID("did:web:year.tickets.example")
TEAM, NEWS = DID("did:web:team.tickets.example"), DID("did:web:news.tickets.example")


async def story(stage: Stage) -> None:
    """Play it."""
    service = stage.service
    finn, harbor, max_ = (stage.person(name) for name in ("Finn", "Harbor Ltd", "Max, its manager"))
    ann, ben, cleo, dora, emil = (stage.person(name) for name in ("Ann", "Ben", "Cleo", "Dora", "Emil"))

    stage.tell("Four plans: passes for a month and a year, seats for teams, and news that one has to agree to.")
    individual = {"kind": "paid", "exclusive": True, "self_serve": True}
    await stage.ask(plan_add, service, product=MONTH, name="Month", period="P1M", **individual)
    await stage.ask(plan_add, service, product=YEAR, name="Year", period="P1Y", **individual)
    clock = {"clock": "assignment", "period": "P1Y", "assign_within": "P90D"}
    await stage.ask(plan_add, service, product=TEAM, name="Team", kind="open", consent=True, **clock)
    await stage.ask(plan_add, service, product=NEWS, name="News", kind="paid", period="P1Y", consent=True)
    for who in (finn, harbor):
        await stage.ask(customer_add, service, customer=who.did, product=YEAR, details={})

    async def buy(by: Signer, who: Signer, product: DID, name: str, **more: int) -> str:
        bought = await stage.ask(subscription_add, by, customer=who.did, provider=service.did, product=product, **more)
        stage.call(bought.id, name)
        return bought.id

    async def paid(subscription: str, reference: str, until: int) -> None:
        payment = {"subscription": subscription, "event": "paid", "reference": reference, "until": until}
        stage.show(subscription, "is paid:", await stage.ask(record, service, **payment))

    stage.tell(
        "Finn buys a pass for a year, at once and by himself. A second one is refused, one for a month is another thing."
    )
    passes = await buy(finn, finn, YEAR, "«Finn's pass»")
    await paid(passes, "card-1", on(2028, 1, 31))
    with stage.refused(SubscriptionActive):
        await buy(finn, finn, YEAR, "")
    await buy(finn, finn, MONTH, "«Finn's month»")

    stage.tell("Harbor buys three seats, and two more. Its manager may assign them, and nothing else.")
    blue = await buy(service, harbor, TEAM, "«three seats»", seats=3)
    red = await buy(service, harbor, TEAM, "«two seats»", seats=2)
    may = stage.lend("/subscription/assign", harbor, max_)
    stage.show(await stage.ask(assign, max_, may, subscription=blue, consumers=[ann.did, ben.did]))

    stage.tell("They have to agree, and Max cannot do that for them.")
    with stage.refused(SubscriptionNotFound):
        await stage.ask(accept, max_, subscription=blue)
    with stage.refused(InvalidClaim):
        await stage.ask(accept, max_, Authority(ann.did), subscription=blue)
    with stage.refused(ImpossibleAttenuation):
        await stage.ask(unassign, max_, may, subscription=blue, consumers=[ben.did])
    await stage.ask(accept, ann, subscription=blue)
    seats = (await stage.ask(consumer_list, harbor, subscription=blue)).results
    for one in seats:
        stage.show(one.consumer, "seat", one.seat, "until", one.ends_at, "entitled", one.entitled)
    assert [(one.consumer, one.entitled) for one in seats] == [(ann.did, True), (ben.did, False)]

    await stage.wait("P2M")
    stage.tell("Max re-assigns Ann's seat to Cleo: it keeps its clock. Dora's starts now.")
    stage.show(await stage.ask(assign, max_, may, subscription=blue, consumers=[cleo.did], instead=[ann.did]))
    stage.show(await stage.ask(assign, max_, may, subscription=blue, consumers=[dora.did]))
    stage.tell("Finn's pass has run since the purchase, though he uses it for the first time today.")
    await stage.ask(assign, finn, subscription=passes, consumers=[finn.did])
    for who, seat, end in ((cleo, 1, on(2028, 1, 31)), (dora, 3, on(2028, 3, 31)), (finn, None, on(2028, 1, 31))):
        one = await stage.ask(consumer_get, who, consumer=who.did)
        stage.show(one.consumer, "in", one.subscription, "until", one.ends_at)
        assert (one.seat, one.ends_at) == (seat, end)
    with stage.refused(SeatsExhausted):
        await stage.ask(assign, max_, may, subscription=blue, consumers=[emil.did])

    await stage.wait("P2M")
    stage.tell("Ben declines, and leaves his seat to Emil. But what was never assigned within 90 days is lost.")
    await stage.ask(decline, ben, subscription=blue)
    stage.show(await stage.ask(assign, max_, may, subscription=blue, consumers=[emil.did]))
    with stage.refused(SeatLapsed):
        await stage.ask(assign, max_, may, subscription=red, consumers=[ben.did])

    stage.tell(
        "Harbor's news. Max keeps the list, Ben follows, and once Harbor has paid he subscribes: one record, three states."
    )
    news = await buy(service, harbor, NEWS, "«news»")
    await stage.ask(assign, max_, may, subscription=news, consumers=[ben.did])
    states = [await stage.ask(consumer_get, ben, consumer=ben.did)]
    await stage.ask(accept, ben, subscription=news)
    states.append(await stage.ask(consumer_get, ben, consumer=ben.did))
    await paid(news, "transfer-1", on(2028, 5, 31))
    states.append(await stage.ask(consumer_get, ben, consumer=ben.did))
    for name, one in zip(("on the list:", "a follower:", "a subscriber:"), states, strict=True):
        stage.show(name, "accepted", one.accepted_at or False, "state", one.state, "entitled", one.entitled)

    stage.tell("Whose was the first of the three seats?")
    for who, date in ((ann, on(2027, 2, 15)), (cleo, on(2027, 4, 15))):
        then = await stage.ask(consumer_get, harbor, consumer=who.did, at=date)
        stage.show(date, who.did, "seat", then.seat, "in", then.subscription)
        assert (then.seat, then.subscription) == (1, blue)
    events = (await stage.ask(event_list, harbor, subscription=blue)).results
    stage.history(events)

    counted = (await stage.ask(subscription_get, harbor, subscription=blue)).seats
    assert (counted.total, counted.used) == (3, 3)
    assert [(one.accepted_at is not None, one.entitled) for one in states] == [(False, False), (True, False), (True, True)]
    assert [(event.type.removeprefix("consumer-"), event.consumer) for event in events[1:]] == [
        ("assigned", ann.did),
        ("assigned", ben.did),
        ("accepted", ann.did),
        ("released", ann.did),
        ("assigned", cleo.did),
        ("assigned", dora.did),
        ("declined", ben.did),
        ("assigned", emil.did),
    ]
    assert {event.issuer for event in events if event.type == "consumer-assigned"} == {max_.did}


if __name__ == "__main__":
    play(story, begin=on(2027, 1, 31))
