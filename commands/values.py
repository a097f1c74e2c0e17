"""Values that several commands take, each checked once, where it comes in."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field

from commands.failures import InvalidExternalAccount
from forge.did import DID
from forge.model import UnixTime

CUSTOMER_METHODS: Final = ("key", "mailto", "plc", "web")
"""The DID methods that a customer may have."""


def _of_customer(did: DID) -> DID:
    if did.method not in CUSTOMER_METHODS:
        raise ValueError(f"a customer's DID is a did:{', did:'.join(CUSTOMER_METHODS)}; not a did:{did.method}")
    return did


CustomerDID = Annotated[DID, AfterValidator(_of_customer)]
"""A DID that a customer may have."""


def _plain(text: str) -> str:
    if "\0" in text:
        raise ValueError("expected text without U+0000, which not every store keeps")
    return text


Text = Annotated[str, AfterValidator(_plain)]
"""Text that every store keeps."""

SubscriptionId = Annotated[Text, Field(min_length=1, max_length=512)]
"""A subscription's id: text, unique per provider."""

MAX_TIME: Final = 253_402_300_799
"""Unix seconds: the last second of the year 9999, the last that calendars here know."""

Time = Annotated[int, Field(strict=True, ge=0, le=MAX_TIME), UnixTime()]
"""A point in time, in Unix seconds."""

Reason = Annotated[Text, Field(max_length=1000)]
"""Why something is done, for those who read the history."""

MAX_SEATS: Final = 1_000_000
Seats = Annotated[int, Field(ge=1, le=MAX_SEATS)]
"""How many consumers a subscription may have at a time."""

MAX_CONSUMERS: Final = 1000
"""How many consumers one task may assign."""

MAX_DETAILS: Final = 64


def _few(value: object) -> object:
    # Before the items are looked at: there may be half a million.
    if isinstance(value, dict) and len(value) > MAX_DETAILS:
        raise ValueError(f"at most {MAX_DETAILS} details, these are {len(value)}")
    return value


Details = Annotated[
    dict[Annotated[str, Field(max_length=128)], Annotated[str, Field(max_length=4096)]],
    Field(max_length=MAX_DETAILS),
    BeforeValidator(_few),
]
"""What else a tenant wants to keep with a customer: a few texts."""

_PREFIX: Final = re.compile(r"[a-z][a-z0-9+.-]{0,31}")
_MAX_REST: Final = 255


def check_external_account(text: str | None, prefixes: Collection[str] | None) -> None:
    """See that `text` is an external account with one of `prefixes` (None: any), where there is one.

    Raises:
        InvalidExternalAccount: it is none.
    """
    if text is None:
        return
    if not is_external_account(text):
        raise InvalidExternalAccount(
            "args.externalAccount: expected prefix:rest, with a prefix of at most 32 characters of a-z, 0-9, '+', '.', '-'"
            " that begins with a letter, and 1 to 255 printable characters without spaces",
        )
    if prefixes is not None and text.partition(":")[0] not in prefixes:
        raise InvalidExternalAccount(f"args.externalAccount: expected one of the prefixes {', '.join(prefixes)}")


def is_external_account(text: str) -> bool:
    """Say whether `text` is an external account.

    external account ::= prefix ":" rest
    prefix           ::= [a-z] [a-z0-9+.-]{0,31}
    rest             ::= 1 to 255 printable characters, no spaces
    """
    prefix, colon, rest = text.partition(":")
    return (
        bool(colon)
        and _PREFIX.fullmatch(prefix) is not None
        and 0 < len(rest) <= _MAX_REST
        and rest.isprintable()
        and " " not in rest
    )
