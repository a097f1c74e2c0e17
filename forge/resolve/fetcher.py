"""What asks for the document of a DID, once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final, Protocol

from forge.did import DID
from forge.document import methods_of
from forge.errors import DecodeError
from forge.method import VerificationMethod
from forge.resolve.failure import Fault, Unfetched
from forge.resolve.http import NOT_MODIFIED, OK, Answer

_GONE: Final = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Document:
    """What a DID document said."""

    methods: tuple[VerificationMethod, ...]
    etag: str | None


class Fetcher(Protocol):
    """Asks for the documents of one DID method. It is asked from many sides at once."""

    def host(self, did: DID) -> str:
        """Say which host would be asked.

        Raises:
            Unfetched: the DID names none.
        """

    async def fetch(self, did: DID, etag: str | None) -> Document | None:
        """Ask for a document. None: it is still the one with this ETag.

        Raises:
            Unfetched: it was not had.
        """


def read(answer: Answer, did: DID, etag: str | None, name: str) -> Document | None:
    """Read the document in an answer. None: it is still the one with this ETag.

    Raises:
        Unfetched: there is none of that DID in it.
    """
    if answer.status == NOT_MODIFIED and etag is not None:
        return None
    if answer.status != OK:
        raise Unfetched(f"{name} answered {answer.status}", fault=Fault.GONE if answer.status in _GONE else Fault.HOST)
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise Unfetched(f"{name} is not JSON") from None
    try:
        return Document(methods_of(value, did), answer.etag)
    except (DecodeError, RecursionError) as error:
        raise Unfetched(f"{name}: {error}") from error
