"""Judging a chain: by our library alone, by our service over HTTP, and by iso-ucan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from forge.client import now
from forge.container import Container
from forge.did import DID
from forge.errors import DecodeError, DIDKeyResolutionError, Failure
from forge.method import did_key_methods
from forge.verify import LEEWAY, Facts, issuers, verify
from tests.core.raw import cbor
from tests.interop.js_driver import Driver, texts, value
from tests.interop.js_made import Made, shown
from tests.interop.stage import Service


@dataclass(frozen=True)
class Bench:
    """Who judges."""

    service: Service
    driver: Driver

    def by_us(self, made: Made) -> str:
        """Give what our service answered and our library says by itself: one word where they are of one mind."""
        library, service = self.by_library(made), self.by_service(made)
        return service if library == service else f"library {library}, service {service}"

    def by_library(self, made: Made) -> str:
        """Verify an invocation without any server."""
        container = Container.from_cbor(cbor({"ctn-v1": list(made.tokens)}))
        mine = [one for one in container.invocations if one.executor == self.service.did]
        if not mine:
            return "no receipt"
        (invocation,) = mine
        keys = {did: _methods(did) for did in issuers(invocation, container.delegations)}
        try:
            verify(invocation, container.delegations, Facts(now(), keys), leeway=LEEWAY)
        except Failure as failure:
            return failure.name
        return "ok"

    def answer(self, made: Made) -> dict[str, Any]:
        """Have the driver send it to our service."""
        answer: dict[str, Any] = self.driver.ask("post", url=self.service.url, tokens=texts(made.tokens))
        return answer

    def by_service(self, made: Made) -> str:
        return outcome(self.answer(made))

    def by_them(self, made: Made, **how: Any) -> str:
        """Have it verified by iso-ucan, as the service would have it."""
        return self.driver.said("verify", audience=self.service.did, **shown(made), **how)


def outcome(answer: dict[str, Any]) -> str:
    """Say what an answer holds: the name of the one receipt's error, `ok`, or that there is none."""
    if answer["status"] != 200:
        return str(answer["status"])
    if not answer["receipts"]:
        return "no receipt"
    (receipt,) = answer["receipts"]
    out = value(receipt["out"])
    return "ok" if "ok" in out else str(out["error"]["name"])


def _methods(did: DID) -> Any:
    try:
        return did_key_methods(did)
    except DecodeError as error:
        return DIDKeyResolutionError(f'unable to resolve "{did}" key: {error}')
