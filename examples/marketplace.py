"""A food marketplace: a guest buys with an e-mail address, registers later, and nothing breaks.

A guest has no key: the marketplace has seen that the address is hers, and attests what she signs. Her subscription is hers from
the first day. When she registers with a key of her own, it goes on under the new DID: the same one, not a copy. Her old DID
means her from then on.

    python examples/marketplace.py
"""

from __future__ import annotations

from commands.consumer.get import get as consumer_get
from commands.customer.add import add as customer_add
from commands.customer.get import get as customer_get
from commands.customer.link import CustomerLinked, link
from commands.customer.list import list_ as customer_list
from commands.event.list import list_ as event_list
from commands.payment.record import record
from commands.plan.add import add as plan_add
from commands.subscription.add import add as subscription_add
from commands.subscription.assign import assign
from commands.subscription.get import get as subscription_get
from commands.subscription.list import list_ as subscription_list
from forge import DID
from forge.attestation import AttestedSigner
from forge.did import mailto
from forge.errors import InvalidAudience
from stage import Stage, on, play

BOX = DID("did:web:vegetables.market.example")


async def story(stage: Stage) -> None:
    """Play it."""
    market = stage.service
    guest = AttestedSigner.of(market, mailto("gina@example.com"))
    stage.call(guest.did, "gina@example.com")
    browser, gina, mallory = (stage.person(name) for name in ("her browser", "Gina", "Mallory"))
    basket = stage.person("the basket")

    stage.tell("A box of vegetables, by the month. Gina orders one as a guest: all that is known of her is an address.")
    await stage.ask(
        plan_add, market, product=BOX, name="Box", kind="paid", period="P1M", grace="P7D", exclusive=True, self_serve=True
    )
    await stage.ask(customer_add, market, customer=guest.did, product=BOX, details={"from": "checkout"})

    stage.tell("She clicked the link in a mail, so the marketplace attests that she lets her browser act for her, for an hour.")
    as_guest = stage.lend("/subscription", guest, browser)
    order = {"customer": guest.did, "provider": market.did, "product": BOX}
    box = (await stage.ask(subscription_add, browser, as_guest, **order)).id
    stage.call(box, "«the box»")
    stage.show(await stage.ask(assign, browser, as_guest, subscription=box, consumers=[basket.did]))
    paying = {"subscription": box, "event": "paid"}
    await stage.ask(record, market, **paying, reference="order-1", until=on(2027, 2, 28))
    before = await stage.ask(consumer_get, basket, consumer=basket.did)
    stage.show("the basket is paid for by", before.customer, "and entitled:", before.entitled, "until", before.ends_at)

    await stage.date(on(2027, 2, 20))
    stage.tell("Gina registers, with a key of her own. The guest gives, so it is the subject; Gina takes, so she signs.")
    given = stage.lend("/customer/link", guest, gina, ["==", ".customer", gina.did])
    with stage.refused(InvalidAudience):
        await stage.ask(link, mallory, given, guest=guest.did, customer=mallory.did)
    stage.show(await stage.ask(link, gina, given, guest=guest.did, customer=gina.did))
    with stage.refused(CustomerLinked):
        await stage.ask(link, gina, given, guest=guest.did, customer=gina.did)

    stage.tell("The basket does not notice.")
    after = await stage.ask(consumer_get, basket, consumer=basket.did)
    stage.show("the basket is paid for by", after.customer, "and entitled:", after.entitled, "until", after.ends_at)
    stage.tell("What was under way goes on: the browser that is still open, and next month's payment for the same order.")
    seen = await stage.ask(subscription_get, browser, as_guest, subscription=box)
    stage.show("her browser sees", seen.subscription, "of", seen.customer)
    stage.show(await stage.ask(record, market, **paying, reference="order-2", until=on(2027, 3, 31)))

    await stage.date(on(2027, 3, 15))
    stage.tell("There is one customer, with one subscription, whichever name one asks for.")
    customers = (await stage.ask(customer_list, market)).results
    stage.show(customers)
    asked = [await stage.ask(customer_get, market, customer=did) for did in (guest.did, gina.did)]
    held = (await stage.ask(subscription_list, gina)).results

    stage.tell("Who paid for the basket on which day?")
    for date, payer in ((on(2027, 2, 10), guest), (stage.today, gina)):
        then = await stage.ask(consumer_get, gina, consumer=basket.did, at=date)
        stage.show(date, then.customer, "entitled", then.entitled)
        assert (then.customer, then.subscription, then.entitled) == (payer.did, box, True)

    stage.tell("All that happened to her, before and after:")
    events = (await stage.ask(event_list, gina)).results
    stage.history(events)

    assert (after.subscription, after.since, after.ends_at) == (before.subscription, before.since, before.ends_at)
    assert (before.customer, after.customer) == (guest.did, gina.did)
    assert [one.customer for one in customers] == [gina.did]
    assert asked == [*customers, *customers]
    assert [(one.subscription, one.customer, one.state) for one in held] == [(box, gina.did, "active")]
    assert [(event.type, event.customer) for event in events] == [
        ("customer-added", guest.did),
        ("subscription-added", guest.did),
        ("consumer-assigned", guest.did),
        ("payment-recorded", guest.did),
        ("customer-added", gina.did),
        ("subscription-transferred", gina.did),
        ("customer-linked", gina.did),
        ("payment-recorded", gina.did),
    ]


if __name__ == "__main__":
    play(story, begin=on(2027, 1, 31))
