"""What the model makes of customers, their payers and guests."""

from __future__ import annotations

from typing import Any

from tests.domain.model.book import Ask, Book, Customer, Paying, Refused, Span
from tests.domain.model.shapes import is_account
from tests.domain.model.subscriptions import cancel_now, check_name, transfer_to

Result = dict[str, Any]


def known(book: Book, did: str) -> Customer:
    customer = book.customer(did)
    if customer is None:
        raise Refused("CustomerNotFound")
    return customer


def check_account(ask: Ask) -> None:
    account = ask.arguments.get("externalAccount")
    if account is not None and not is_account(account):
        raise Refused("InvalidExternalAccount")


def register(book: Book, ask: Ask, did: str, product: str, like: Customer | None = None) -> Customer:
    """Make somebody a customer, perhaps with what somebody else has."""
    account, details = (None, {}) if like is None else (like.external_account, like.details)
    customer = Customer(did, product, account, dict(details), inserted_at=ask.at, task=ask.task)
    book.customers[did] = customer
    book.tell(ask, "customer-added", customer=did)
    return customer


def add(book: Book, ask: Ask) -> Result:
    check_account(ask)
    given = ask.arguments
    if given["customer"] in book.customers:
        raise Refused("CustomerExists")
    customer = register(book, ask, given["customer"], given["product"])
    customer.external_account, customer.details = given.get("externalAccount"), dict(given["details"])
    return {}


def state(customer: Customer, at: int) -> str:
    if customer.closed_at is not None:
        return "closed"
    return "suspended" if any(span.covers(at) for span in customer.suspensions) else "active"


def view(book: Book, customer: Customer, at: int) -> Result:
    row = book.paying(customer.did)
    payer = customer if row is None else book.customers[row.payer]
    told = {
        "customer": customer.did,
        "externalAccount": customer.external_account,
        "product": customer.product,
        "details": customer.details,
        "state": state(customer, at),
        "payer": None if row is None else row.payer,
        "billedTo": bare({"customer": payer.did, "externalAccount": payer.external_account}),
        "subscriptions": len(book.held(customer.did)),
        "insertedAt": customer.inserted_at,
        "updatedAt": customer.updated_at,
    }
    return bare(told)


def bare(told: Result) -> Result:
    return {key: value for key, value in told.items() if value is not None}


def get(book: Book, ask: Ask) -> Result:
    return view(book, known(book, ask.arguments["customer"]), ask.at)


def list_(book: Book, ask: Ask) -> Result:
    account, product = ask.arguments.get("externalAccount"), ask.arguments.get("product")
    payer, wanted = ask.arguments.get("payer"), ask.arguments.get("state")
    results = []
    for did in sorted(set(book.customers) - set(book.links)):
        told = view(book, book.customers[did], ask.at)
        if (
            account in (None, told.get("externalAccount"))
            and product in (None, told["product"])
            and (payer is None or book.meant(payer) == told.get("payer"))
            and wanted in (None, told["state"])
        ):
            results.append(told)
    return {"results": results}


def update(book: Book, ask: Ask) -> Result:
    given = ask.arguments
    check_account(ask)
    customer = known(book, given["customer"])
    before = (customer.external_account, customer.product, customer.details)
    if "externalAccount" in given:
        customer.external_account = given["externalAccount"]
    if given.get("product") is not None:
        customer.product = given["product"]
    if given.get("details") is not None:
        customer.details = dict(given["details"])
    if before != (customer.external_account, customer.product, customer.details):
        customer.updated_at = ask.at
        book.tell(ask, "customer-updated", customer=customer.did)
    return {}


def suspend(book: Book, ask: Ask) -> Result:
    customer = known(book, ask.arguments["customer"])
    if not customer.suspensions or customer.suspensions[-1].until is not None:
        customer.suspensions.append(Span(ask.at))
        book.tell(ask, "customer-suspended", customer=customer.did)
    return {}


def resume(book: Book, ask: Ask) -> Result:
    customer = known(book, ask.arguments["customer"])
    if customer.suspensions and customer.suspensions[-1].until is None:
        customer.suspensions[-1].until = ask.at
        book.tell(ask, "customer-resumed", customer=customer.did)
    return {}


def close(book: Book, ask: Ask) -> Result:
    customer = known(book, ask.arguments["customer"])
    if customer.closed_at is None:
        for sub in book.held(customer.did):
            cancel_now(book, ask, sub)
        customer.closed_at = ask.at
        book.tell(ask, "customer-closed", customer=customer.did)
    return {}


# -- guests


def link(book: Book, ask: Ask) -> Result:
    given = ask.arguments
    guest, customer = given["guest"], book.meant(given["customer"])
    if guest not in book.customers:
        raise Refused("CustomerNotFound")
    check_name(book, ask)
    if guest in book.links or guest == customer or guest in book.links.values():
        raise Refused("CustomerLinked")
    if any(did in book.customers and book.blocked(did, ask.at) for did in (guest, customer)):
        raise Refused("AccountBlocked")
    payers = _payers_after(book, guest, customer)
    was = book.customers[guest]
    if customer not in book.customers:
        register(book, ask, customer, was.product, was)
    for leaf, payer in payers:
        if payer is None:
            end_paying(book, ask, leaf)
        else:
            begin_paying(book, ask, leaf, payer)
    held = book.held(guest)
    for sub in held:
        transfer_to(book, ask, sub, customer)
    book.links[guest] = customer
    book.tell(ask, "customer-linked", customer=customer, giver=guest)
    return {"moved": len(held)}


def _payers_after(book: Book, guest: str, customer: str) -> list[tuple[str, str | None]]:
    """What becomes of who pays: a leaf, and its payer from now on, or None where nobody does any more."""
    own, theirs = book.paying(guest), book.paying(customer)
    if own is not None:
        # Nobody has agreed to pay for what another customer has already.
        return [(guest, None)] if customer in book.customers else [(guest, None), (customer, own.payer)]
    leaves = [row.leaf for row in book.leaves(guest)]
    changes: list[tuple[str, str | None]] = []
    if customer in leaves:
        changes.append((customer, None))
    elif leaves and theirs is not None:
        raise Refused("PayerCycle")
    for leaf in leaves:
        if leaf != customer:
            changes += [(leaf, None), (leaf, customer)]
    return changes


# -- payers


def begin_paying(book: Book, ask: Ask, leaf: str, payer: str) -> None:
    book.payings.append(Paying(ask.at, leaf=leaf, payer=payer))
    book.tell(ask, "payer-added", customer=leaf, giver=payer)


def end_paying(book: Book, ask: Ask, leaf: str) -> None:
    row = book.paying(leaf)
    assert row is not None
    row.until = ask.at
    book.tell(ask, "payer-removed", customer=leaf, giver=row.payer)


def payer_add(book: Book, ask: Ask) -> Result:
    payer = known(book, ask.arguments["payer"])
    if payer.closed_at is not None:
        raise Refused("CustomerNotFound")
    if ask.subject != book.service and book.blocked(payer.did, ask.at):
        raise Refused("AccountBlocked")
    check_name(book, ask)
    leaf = book.meant(ask.arguments["customer"])
    if leaf == payer.did or book.paying(payer.did) is not None or book.leaves(leaf):
        raise Refused("PayerCycle")
    if book.paying(leaf) is not None:
        raise Refused("PayerExists")
    if leaf not in book.customers:
        register(book, ask, leaf, payer.product)
    begin_paying(book, ask, leaf, payer.did)
    return {}


def payer_remove(book: Book, ask: Ask) -> Result:
    leaf = book.meant(ask.arguments["customer"])
    row = book.paying(leaf)
    if row is None:
        raise Refused("PayerNotFound")
    if ask.subject != book.service and book.stopped(row.payer, ask.at):
        raise Refused("AccountBlocked")
    end_paying(book, ask, leaf)
    return {}


def payer_get(book: Book, ask: Ask) -> Result:
    row = book.paying(book.meant(ask.arguments["customer"]))
    if row is None:
        raise Refused("PayerNotFound")
    return {"payer": row.payer}


def payer_list(book: Book, ask: Ask) -> Result:
    results = []
    for row in book.leaves(book.meant(ask.arguments["payer"])):
        held = book.held(row.leaf)
        consumers = sum(len(book.inside(sub)) for sub in held)
        results.append({"customer": row.leaf, "subscriptions": len(held), "consumers": consumers, "since": row.since})
    return {"results": results}
