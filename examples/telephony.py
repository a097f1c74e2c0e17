"""A telephony provider: one main account pays for several.

It takes an existing trial account in, and gives invitation codes to newcomers: the secret of a fresh key, good for a while. It
sees what its accounts use, they see who pays for them, and nobody else can find out whether an id is a customer's at all.

    python examples/telephony.py
"""

from __future__ import annotations

from typing import Any

from commands.consumer.get import get as consumer_get
from commands.customer.add import add as customer_add
from commands.customer.get import get as customer_get
from commands.customer.payer.add import add as payer_add
from commands.customer.payer.get import get as payer_get
from commands.customer.payer.list import list_ as payer_list
from commands.customer.payer.remove import remove as payer_remove
from commands.customer.resume import resume
from commands.customer.suspend import suspend
from commands.event.list import list_ as event_list
from commands.failures import ConsumerNotFound, CustomerNotFound, PayerNotFound
from commands.plan.add import add as plan_add
from commands.provider.add import add as provider_add
from commands.subscription.add import add as subscription_add
from commands.subscription.assign import assign
from commands.ucan.revoke import revoke
from forge import DID, Command, Signer, private_key
from forge.errors import Expired, InvalidSubject, Revoked
from stage import Authority, Stage, on, play

LINES, TRIAL = DID("did:web:lines.phone.example"), DID("did:web:trial.phone.example")


async def story(stage: Stage) -> None:
    """Play it."""
    phone = stage.service
    main, tess, nora, late, spy = (stage.person(name) for name in ("the main account", "Tess", "Nora", "a latecomer", "a spy"))
    desk, mobile = (stage.person(name) for name in ("Tess's line", "Nora's line"))

    stage.tell("The main account is billed as stripe:cus_1. Tess has tried a line out, on a trial of her own.")
    await stage.ask(plan_add, phone, product=TRIAL, name="Trial", kind="trial", period="P90D", self_serve=True)
    await stage.ask(customer_add, phone, customer=main.did, external_account="stripe:cus_1", product=LINES, details={})
    await stage.ask(customer_add, phone, customer=tess.did, product=TRIAL, details={})
    trial = (await stage.ask(subscription_add, tess, customer=tess.did, provider=phone.did, product=TRIAL)).id
    await stage.ask(assign, tess, subscription=trial, consumers=[desk.did])

    stage.tell("The main account invites Tess by her id, and Tess signs: both wills are there.")
    invited = stage.lend("/customer/payer/add", main, tess, ["==", ".customer", tess.did])
    await stage.ask(payer_add, tess, invited, payer=main.did, customer=tess.did)
    found = await stage.ask(customer_get, tess, customer=tess.did)
    stage.show("Tess is billed to", found.billed_to)
    assert found.billed_to.customer == main.did

    stage.tell("For who has no id yet there is an invitation code: the secret of a fresh key, to which just this is lent.")
    invitation = stage.person("the invitation")
    code = invitation.key.text
    to_code = stage.lend("/customer/payer/add", main, invitation)
    stage.show("the code is", f"{code[:12]}…")

    await stage.wait("P1M")
    stage.tell("Nora got the code. She lends what it may to herself, signs, and is a customer with a line.")

    async def join(who: Signer, code: str, lent: Authority) -> None:
        bearer = Signer(private_key(code))
        to_me = payer_add.delegate(bearer, audience=who.did, subject=main.did, expiration=lent.proofs[0].expiration)
        await stage.ask(payer_add, who, Authority(main.did, (*lent.proofs, to_me)), payer=main.did, customer=who.did)

    await join(nora, code, to_code)
    await stage.ask(provider_add, nora, provider=phone.did, consumer=mobile.did)

    stage.tell("A code is good until it expires, and the main account can take it back before.")
    old = stage.person("an old invitation")
    with stage.refused(Expired):
        await join(late, old.key.text, stage.lend("/customer/payer/add", main, old, hours=-1))
    (delegation,) = to_code.proofs
    arguments = revoke.arguments(path=[], revoke=delegation.cid)
    taking_back = revoke.invoke(main, arguments, subject=main.did, audience=phone.did, expiration=delegation.expiration)
    revoke.unpack(await stage.client.execute(taking_back, to_code.proofs))  # what is revoked comes along
    with stage.refused(Revoked):
        await join(late, code, to_code)

    stage.tell("The main account sees its accounts and what they use; they find who pays.")
    leaves = (await stage.ask(payer_list, main, payer=main.did)).results
    for leaf in leaves:
        stage.show(leaf)
    for who in (tess, nora):
        answer = await stage.ask(payer_get, who, customer=who.did)
        stage.show(who.did, "has the payer", answer.payer)
        assert answer.payer == main.did

    stage.tell("A spy asks about the main account, about Nora and her line, and about nobody: for each the same answer.")
    nobody = stage.person("nobody").did
    asking: dict[Command[Any, Any], str] = {
        customer_get: "customer",
        consumer_get: "consumer",
        payer_get: "customer",
        payer_list: "payer",
        payer_remove: "customer",
    }
    for command, key in asking.items():
        said = []
        for did in (main.did, nora.did, mobile.did, nobody):
            try:
                await stage.ask(command, spy, **{key: did})
            except (CustomerNotFound, ConsumerNotFound, PayerNotFound, InvalidSubject) as failure:
                said.append(f"{failure.name}: {failure.message.replace(did, '…')}")
        stage.show(command.path, said[0])
        assert said == [said[0]] * 4
    stage.tell("Nor do the accounts learn of each other.")
    with stage.refused(CustomerNotFound):
        await stage.ask(customer_get, nora, customer=tess.did)

    stage.tell("The main account does not pay its bill: nothing of what it pays for works, and nothing is lost.")
    await stage.ask(suspend, phone, customer=main.did, reason="bill of January")
    lines = [await stage.ask(consumer_get, line, consumer=line.did) for line in (desk, mobile)]
    stage.show("the lines are", [one.state for one in lines])
    await stage.ask(resume, phone, customer=main.did)

    stage.tell("Nora pays for herself from now on: either side ends it.")
    await stage.wait("P1M")
    await stage.ask(payer_remove, nora, customer=nora.did)
    with stage.refused(PayerNotFound):
        await stage.ask(payer_get, nora, customer=nora.did)

    stage.tell("What the main account did, and who paid for Nora's line:")
    events = (await stage.ask(event_list, main)).results
    stage.history(events)
    then = await stage.ask(consumer_get, phone, consumer=mobile.did, at=on(2027, 3, 10))
    current = await stage.ask(consumer_get, phone, consumer=mobile.did)
    stage.show("10 March:", then.payer, "now:", current.payer or current.customer)

    assert [(one.customer, one.subscriptions, one.consumers) for one in leaves] == [(tess.did, 1, 1), (nora.did, 1, 1)]
    assert [(one.state, one.entitled) for one in lines] == [("suspended", False)] * 2
    assert (current.customer, current.entitled, then.payer, current.payer) == (nora.did, True, main.did, None)
    assert [one.customer for one in (await stage.ask(payer_list, main, payer=main.did)).results] == [tess.did]
    assert [(event.type, event.customer) for event in events] == [
        ("customer-added", main.did),
        ("payer-added", tess.did),
        ("payer-added", nora.did),
        ("customer-suspended", main.did),
        ("customer-resumed", main.did),
        ("payer-removed", nora.did),
    ]


if __name__ == "__main__":
    play(story, begin=on(2027, 1, 31))
