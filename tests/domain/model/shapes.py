"""What arguments each command takes, as the model has it: a name, whether it must be there, and what it must be.

A check gives False for a value that is `MalformedArguments`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from commands.events import Type
from commands.period import Period

Check = Callable[[Any], bool]

MAX_TIME: Final = 253_402_300_799
_DID: Final = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]+")
_ACCOUNT: Final = re.compile(r"[a-z][a-z0-9+.-]{0,31}:[!-~]{1,255}")


def is_account(text: str) -> bool:
    return _ACCOUNT.fullmatch(text) is not None


def did(value: Any) -> bool:
    return isinstance(value, str) and _DID.fullmatch(value) is not None


def customer(value: Any) -> bool:
    return did(value) and value.split(":")[1] in ("key", "mailto", "plc", "web")


def text(most: int, least: int = 0) -> Check:
    return lambda value: isinstance(value, str) and least <= len(value) <= most


def whole(least: int, most: int) -> Check:
    return lambda value: type(value) is int and least <= value <= most


def one_of(*names: str) -> Check:
    return lambda value: value in names


def dids(value: Any) -> bool:
    return isinstance(value, list) and 1 <= len(value) <= 1000 and all(map(did, value))


def few_dids(value: Any) -> bool:
    return value == [] or dids(value)


def flag(value: Any) -> bool:
    return isinstance(value, bool)


def details(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(part, str) for pair in value.items() for part in pair)


def period(value: Any) -> bool:
    try:
        Period(value)
    except (TypeError, ValueError):
        return False
    return True


def made_up(value: Any) -> bool:
    """A cursor that no list gave. The others are not the model's: it knows of no pages."""
    del value
    return False


TIME: Final = whole(0, MAX_TIME)
ID: Final = text(512, 1)
REASON: Final = text(1000)
ANY_TEXT: Final = text(10**9)
KIND: Final = one_of("open", "complimentary", "trial", "paid")
STATE: Final = one_of("pending", "active", "past_due", "expired", "cancelled", "suspended")
PAGE: Final = {"cursor?": made_up, "size+": whole(1, 1000)}
SUBSCRIPTION: Final[dict[str, Check]] = {"subscription": ID}
CONSUMERS: Final[dict[str, Check]] = {"subscription": ID, "consumers": dids}
PROVISION: Final[dict[str, Check]] = {"provider": did, "consumer": did}

# "?": may be left out, or null. "+": may be left out. "=": may be null.
SHAPES: Final[dict[str, dict[str, Check]]] = {
    "/customer/add": {"customer": customer, "externalAccount?": ANY_TEXT, "product": did, "details": details},
    "/customer/get": {"customer": did},
    "/customer/list": {
        "externalAccount?": ANY_TEXT,
        "product?": did,
        "payer?": did,
        "state?": one_of("active", "suspended", "closed"),
        **PAGE,
    },
    "/customer/update": {"customer": did, "externalAccount?": ANY_TEXT, "product?": did, "details?": details},
    "/customer/suspend": {"customer": did, "reason?": REASON},
    "/customer/resume": {"customer": did, "reason?": REASON},
    "/customer/close": {"customer": did},
    "/customer/link": {"guest": did, "customer": customer},
    "/customer/payer/add": {"payer": did, "customer": customer},
    "/customer/payer/remove": {"customer": did},
    "/customer/payer/get": {"customer": did},
    "/customer/payer/list": {"payer": did, **PAGE},
    "/plan/add": {
        "product": did,
        "name": text(200, 1),
        "kind": KIND,
        "period?": period,
        "seats?": whole(1, 10**6),
        "exclusive+": flag,
        "clock+": one_of("purchase", "assignment"),
        "assignWithin?": period,
        "grace?": period,
        "consent+": flag,
        "selfServe+": flag,
    },
    "/plan/get": {"product": did},
    "/plan/list": PAGE,
    "/plan/retire": {"product": did},
    "/provider/add": PROVISION,
    "/provider/remove": PROVISION,
    "/provider/list": {"consumer?": did, **PAGE},
    "/space/info": {},
    "/subscription/add": {
        "customer": customer,
        "provider": did,
        "product": did,
        "seats?": whole(1, 10**6),
        "startsAt?": TIME,
        "endsAt?": TIME,
        "reason?": REASON,
    },
    "/subscription/get": SUBSCRIPTION,
    "/subscription/list": {"customer?": did, "product?": did, "state?": STATE, **PAGE},
    "/subscription/assign": {**CONSUMERS, "instead?": few_dids},
    "/subscription/unassign": CONSUMERS,
    "/subscription/accept": SUBSCRIPTION,
    "/subscription/decline": SUBSCRIPTION,
    "/subscription/transfer": {"subscription": ID, "customer": did},
    "/subscription/extend": {"subscription": ID, "endsAt=": TIME},
    "/subscription/cancel": {"subscription": ID, "at": one_of("now", "end")},
    "/payment/record": {
        "subscription": ID,
        "event": one_of("paid", "failed", "refunded"),
        "reference": text(256, 1),
        "from?": TIME,
        "until?": TIME,
    },
    "/consumer/get": {"consumer": did, "provider?": did, "at?": TIME},
    "/consumer/list": {"customer?": did, "subscription?": ID, "state?": STATE, **PAGE},
    "/event/list": {
        "since?": whole(0, 2**63 - 1),
        "customer?": did,
        "subscription?": ID,
        "consumer?": did,
        "type?": one_of(*(kind.value for kind in Type)),
        **PAGE,
    },
}


def is_malformed(command: str, arguments: dict[str, Any]) -> bool:
    """Whether arguments are not of the command's shape, as far as that shows without any row."""
    left = set(arguments)
    for key, check in SHAPES[command].items():
        name = key.rstrip("?+=")
        left.discard(name)
        value = arguments.get(name)
        if name not in arguments:
            if key[-1] not in "?+":
                return True
        elif value is None:
            if key[-1] not in "?=":
                return True
        elif not check(value):
            return True
    return bool(left) or _contradicts(command, arguments)


def _contradicts(command: str, given: dict[str, Any]) -> bool:
    begin, end = given.get("from"), given.get("until")
    if command == "/payment/record":
        nothing = given["event"] == "paid" and begin is None and end is None
        return nothing or (begin is not None and end is not None and end <= begin)
    if command == "/plan/add":
        kind, timed, by_seat = given["kind"], given.get("period") is not None, given.get("clock") == "assignment"
        return (
            (not timed and (kind in ("trial", "paid") or by_seat))
            or (given.get("assignWithin") is not None and not by_seat)
            or (given.get("grace") is not None and kind != "paid")
            or (kind == "open" and timed and not by_seat)
        )
    return False
