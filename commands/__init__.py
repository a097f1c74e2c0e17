"""The commands that this service serves. One file each, and its folder is its path; here they are put together."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from forge.binding import Catalog

CATALOG: Final = Catalog(
    *(
        import_module(f"{__name__}.{name}").route
        for name in (
            "consumer.get",
            "customer.add",
            "customer.get",
            "debug.echo",
            "provider.add",
            "space.info",
            "subscription.add",
            "subscription.assign",
            "subscription.get",
            "ucan.conclude",
            "ucan.revoke",
        )
    )
)
