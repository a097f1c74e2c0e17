"""The commands that this service serves. One file each, and its folder is its path; here they are put together."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from commands.options import CommandOptions
from forge.catalog import Catalog

CATALOG: Final = Catalog(
    *(
        import_module(f"{__name__}.{name}").route
        for name in (
            "consumer.get",
            "consumer.list",
            "customer.add",
            "customer.close",
            "customer.get",
            "customer.link",
            "customer.list",
            "customer.payer.add",
            "customer.payer.get",
            "customer.payer.list",
            "customer.payer.remove",
            "customer.resume",
            "customer.suspend",
            "customer.update",
            "debug.clock",
            "debug.echo",
            "event.list",
            "payment.record",
            "plan.add",
            "plan.get",
            "plan.list",
            "plan.retire",
            "provider.add",
            "provider.list",
            "provider.remove",
            "space.info",
            "subscription.accept",
            "subscription.add",
            "subscription.assign",
            "subscription.cancel",
            "subscription.decline",
            "subscription.extend",
            "subscription.get",
            "subscription.list",
            "subscription.transfer",
            "subscription.unassign",
            "ucan.conclude",
            "ucan.revoke",
        )
    ),
    options=CommandOptions,
)
