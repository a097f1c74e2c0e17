"""Forge: a tenant registers customers, and spaces move between subscriptions and between customers.

A tenant that the service trusts registers the customers that it bills. One subscription pays for one space or for many; spaces
move between the subscriptions of a customer, and a subscription moves to another customer with all that is in it. Who paid
on which day stays known.

    python examples/forge_network.py
"""

from __future__ import annotations

from commands.consumer.get import get as consumer_get
from commands.customer.add import add as customer_add
from commands.customer.list import list_ as customer_list
from commands.event.list import list_ as event_list
from commands.failures import ConsumerNotFound
from commands.provider.add import add as provider_add
from commands.roles import ReceiverDidNotSign
from commands.subscription.add import add as subscription_add
from commands.subscription.assign import assign
from commands.subscription.get import get as subscription_get
from commands.subscription.transfer import transfer
from forge import DID
from forge.errors import InvalidClaim, MatchError
from stage import Authority, Stage, on, play

STARTER = DID("did:web:starter.example.com")


async def story(stage: Stage) -> None:
    """Play it."""
    service = stage.service
    tenant, acme, bolt, broker = (stage.person(name) for name in ("the tenant", "Acme", "Bolt", "a broker"))
    photos, mail, backups = (stage.person(name) for name in ("space photos", "space mail", "space backups"))

    stage.tell('The service lets the tenant register customers, but only those that it bills itself, as "f1:…".')
    lent = stage.lend("/customer/add", service, tenant, ["like", ".externalAccount", "f1:*"])
    record = {"product": STARTER, "details": {}}
    for who, account in ((acme, "f1:7f3c"), (bolt, "f1:b017")):
        await stage.ask(customer_add, tenant, lent, customer=who.did, external_account=account, **record)
    with stage.refused(MatchError):
        stripe = {"customer": broker.did, "external_account": "stripe:cus_9s6XKzkNRiz8i3"}
        await stage.ask(customer_add, tenant, lent, **stripe, **record)
    found = (await stage.ask(customer_list, service, external_account="f1:7f3c")).results
    stage.show("f1:7f3c is", found)
    assert [one.customer for one in found] == [acme.did]

    stage.tell("Acme provisions a space. It acts for itself and needs nobody's leave; the space has a subscription of its own.")
    own = (await stage.ask(provider_add, acme, provider=service.did, consumer=photos.did)).id
    stage.call(own, "«photos only»")

    stage.tell("Acme makes one subscription for several spaces. Two are new to it, one moves there from its own.")
    buying = {"customer": acme.did, "provider": service.did, "product": STARTER}
    project = (await stage.ask(subscription_add, acme, **buying, reason="the project with Bolt")).id
    stage.call(project, "«the project»")
    put = await stage.ask(assign, acme, subscription=project, consumers=[photos.did, mail.did, backups.did])
    stage.show(put)
    assert (put.assigned, put.moved) == ([mail.did, backups.did], [photos.did])

    await stage.wait("P1M")
    stage.tell("Acme keeps its mail: back into another of its subscriptions. To move a group is one line as well.")
    private = (await stage.ask(subscription_add, acme, **buying)).id
    stage.call(private, "«private»")
    stage.show(await stage.ask(assign, acme, subscription=private, consumers=[mail.did]))

    stage.tell("The project goes to Bolt, with all that is in it. Acme gives, so it is the subject; Bolt takes, so it signs.")
    handing = {"subscription": project, "customer": bolt.did}
    with stage.refused(InvalidClaim):
        await stage.ask(transfer, bolt, Authority(acme.did), **handing)
    given = stage.lend("/subscription/transfer", acme, broker, ["==", ".subscription", project])
    with stage.refused(ReceiverDidNotSign):
        await stage.ask(transfer, broker, given, **handing)
    given = stage.lend("/subscription/transfer", acme, bolt, ["==", ".subscription", project])
    await stage.ask(transfer, bolt, given, **handing)
    held = await stage.ask(subscription_get, bolt, subscription=project)
    stage.show("Bolt holds", held.subscription, "with", held.seats.used, "spaces")

    await stage.wait("P1M")
    stage.tell("Who pays for the photos, and who did on which day?")
    for date, payer in ((on(2027, 2, 1), acme), (on(2027, 3, 15), bolt)):
        then = await stage.ask(consumer_get, service, consumer=photos.did, at=date)
        stage.show(date, then.customer, "through", then.subscription)
        assert then.customer == payer.did
    current = await stage.ask(consumer_get, photos, consumer=photos.did)
    stage.show("today", current.customer, "entitled", current.entitled)
    stage.tell("Acme may ask about its own days, and not about Bolt's.")
    assert (await stage.ask(consumer_get, acme, consumer=photos.did, at=on(2027, 2, 1))).customer == acme.did
    with stage.refused(ConsumerNotFound):
        await stage.ask(consumer_get, acme, consumer=photos.did)

    stage.tell("All that ever happened to the project. Each of the two reads its own part, the service all of it.")
    events = (await stage.ask(event_list, service, subscription=project)).results
    stage.history(events)

    assert (current.customer, current.subscription, current.entitled) == (bolt.did, project, True)
    assert (held.customer, held.seats.used) == (bolt.did, 2)
    assert (await stage.ask(consumer_get, acme, consumer=mail.did)).subscription == private
    assert [event.type for event in events] == [
        "subscription-added",
        "consumer-moved",
        "consumer-assigned",
        "consumer-assigned",
        "subscription-transferred",
    ]
    assert (await stage.ask(event_list, acme, subscription=project)).results == events
    assert (await stage.ask(event_list, bolt, subscription=project)).results == events[-1:]
    assert (events[-1].customer, events[-1].issuer, events[-1].subject) == (bolt.did, bolt.did, acme.did)


if __name__ == "__main__":
    play(story, begin=on(2027, 1, 31))
