"""A membership site: members pay monthly, or are given complimentary access.

When a paid membership ends follows from what the billing system says was paid; when a complimentary one ends was assigned, by
somebody, for a reason. Nobody has the same membership twice. Nothing runs at night: how a membership stands follows from what
is known and the time.

    python examples/membership.py
"""

from __future__ import annotations

from commands.consumer.get import get as consumer_get
from commands.customer.add import add as customer_add
from commands.event.list import list_ as event_list
from commands.failures import SubscriptionActive
from commands.payment.record import record
from commands.plan.add import add as plan_add
from commands.subscription.add import add as subscription_add
from commands.subscription.assign import assign
from commands.subscription.extend import extend
from commands.subscription.get import get as subscription_get
from forge import DID
from stage import Stage, day, on, play

MONTHLY, FRIENDS = DID("did:web:monthly.club.example"), DID("did:web:friends.club.example")


async def story(stage: Stage) -> None:
    """Play it."""
    service = stage.service
    ada, billing, mia, carl = (stage.person(name) for name in ("Ada, the administrator", "the billing system", "Mia", "Carl"))

    stage.tell("Two plans: one is paid by the month, with a week of grace; one is given. Each member has at most one of each.")
    await stage.ask(
        plan_add,
        service,
        product=MONTHLY,
        name="Monthly",
        kind="paid",
        period="P1M",
        grace="P7D",
        exclusive=True,
        self_serve=True,
    )
    await stage.ask(plan_add, service, product=FRIENDS, name="Friends", kind="complimentary", exclusive=True)
    for who, product in ((mia, MONTHLY), (carl, FRIENDS)):
        await stage.ask(customer_add, service, customer=who.did, product=product, details={})
    tells = stage.lend("/payment/record", service, billing)
    grants = stage.lend("/subscription/add", service, ada, ["==", ".product", FRIENDS])
    extends = stage.lend("/subscription/extend", service, ada)

    async def payment(event: str, reference: str, **period: int) -> None:
        known = await stage.ask(record, billing, tells, subscription=mias, event=event, reference=reference, **period)
        stage.show(f"{event} {reference}:", known)

    async def standing(state: str, *, entitled: bool) -> None:
        known = await stage.ask(consumer_get, mia, consumer=mia.did)
        stage.show(f"Mia: {known.state}, entitled {stage.readable(known.entitled)}, until {day(known.ends_at)}")
        assert (known.state, known.entitled) == (state, entitled)

    stage.tell("Mia subscribes by herself. She uses what she pays for: she is the customer and the consumer.")
    buying = {"customer": mia.did, "provider": service.did, "product": MONTHLY}
    mias = (await stage.ask(subscription_add, mia, **buying)).id
    stage.call(mias, "«Mia's membership»")
    await stage.ask(assign, mia, subscription=mias, consumers=[mia.did])
    await standing("pending", entitled=False)
    await payment("paid", "inv-1", until=on(2027, 2, 28))
    await standing("active", entitled=True)
    stage.tell("She clicks once more.")
    with stage.refused(SubscriptionActive):
        await stage.ask(subscription_add, mia, **buying)

    stage.tell("Ada gives Carl complimentary access for two months, and says why.")
    giving = {"customer": carl.did, "provider": service.did, "product": FRIENDS, "reason": "spoke at the winter meeting"}
    carls = (await stage.ask(subscription_add, ada, grants, **giving, ends_at=on(2027, 3, 31))).id
    stage.call(carls, "«Carl's membership»")
    await stage.ask(assign, carl, subscription=carls, consumers=[carl.did])
    granted = await stage.ask(subscription_get, carl, subscription=carls)
    stage.show(granted.state, "until", granted.ends_at, "granted by", granted.granted_by, "because he", granted.reason)
    assert (granted.granted_by, granted.ends_at) == (ada.did, on(2027, 3, 31))

    await stage.date(on(2027, 2, 28))
    stage.tell("The second month's payment fails. Within the grace she stays; what is paid late counts from when it was due.")
    await payment("failed", "inv-2", until=on(2027, 3, 31))
    await standing("past_due", entitled=True)
    await stage.date(on(2027, 3, 3))
    await payment("paid", "inv-2", until=on(2027, 3, 31))
    await standing("active", entitled=True)

    stage.tell("Ada extends Carl's access.")
    await stage.ask(extend, ada, extends, subscription=carls, ends_at=on(2027, 6, 30))

    await stage.date(on(2027, 4, 1))
    await payment("failed", "inv-3", until=on(2027, 4, 30))
    await standing("past_due", entitled=True)
    await stage.date(on(2027, 4, 8))
    stage.tell("Nobody paid, and the grace is over. Nothing had to run for that.")
    await standing("expired", entitled=False)

    stage.tell("She joins again, pays, and gets the money back.")
    mias = (await stage.ask(subscription_add, mia, **buying)).id
    stage.call(mias, "«Mia's second membership»")
    stage.show(await stage.ask(assign, mia, subscription=mias, consumers=[mia.did]))
    await payment("paid", "inv-4", until=on(2027, 5, 8))
    await standing("active", entitled=True)
    await payment("refunded", "inv-4")
    await standing("expired", entitled=False)

    await stage.date(on(2027, 7, 1))
    stage.tell("Who was a member on which day?")
    for who, date, was in (
        (mia, on(2027, 3, 15), True),
        (mia, on(2027, 6, 1), False),
        (carl, on(2027, 5, 1), True),
        (carl, stage.today, False),
    ):
        then = await stage.ask(consumer_get, service, consumer=who.did, at=date)
        stage.show(date, who.did, then.state, "member:", then.entitled)
        assert then.entitled is was

    stage.tell("Why did Carl have access, and who let him?")
    events = (await stage.ask(event_list, service, subscription=carls)).results
    stage.history(events)

    ended = await stage.ask(subscription_get, carl, subscription=carls)
    assert (ended.state, ended.ends_at, ended.reason) == ("expired", on(2027, 6, 30), giving["reason"])
    assert [(event.type, event.issuer) for event in events] == [
        ("subscription-added", ada.did),
        ("consumer-assigned", carl.did),
        ("subscription-extended", ada.did),
    ]
    paid = (await stage.ask(event_list, mia, type="payment-recorded")).results
    assert [(event.data["event"], event.data["reference"]) for event in paid] == [
        ("paid", "inv-1"),
        ("failed", "inv-2"),
        ("paid", "inv-2"),
        ("failed", "inv-3"),
        ("paid", "inv-4"),
        ("refunded", "inv-4"),
    ]


if __name__ == "__main__":
    play(story, begin=on(2027, 1, 31))
