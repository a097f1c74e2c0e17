"""Opening a resolver: its settings, and what it consists of."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol, Self

from forge.did import DID
from forge.method import VerificationMethod
from forge.resolve.fetcher import Fetcher
from forge.resolve.http import Http
from forge.resolve.names import LookUp
from forge.resolve.plc import PLC_DIRECTORY, PlcFetcher
from forge.resolve.reach import PUBLIC, Reach
from forge.resolve.resolver import Resolver
from forge.resolve.slots import Slots
from forge.resolve.source import Lane, Source
from forge.resolve.web import WebFetcher

WEB_AT_ONCE: Final = 128
"""Questions to hosts of did:web at once, and as many about known DIDs: each holds a connection, and at most a document."""
WEB_AT_ONCE_HOST: Final = 4
WEB_WAITING_HOST: Final = 64
PLC_AT_ONCE: Final = 32
"""Questions to the did:plc directory at once; the same."""
PLC_WAITING: Final = 2_048


class Configured(Protocol):
    """What a resolver wants to know of a service's settings."""

    @property
    def plc_directory(self) -> str:
        """The directory's URL."""

    @property
    def authority(self) -> DID | None:
        """Who attests for did:mailto."""

    @property
    def resolve_timeout(self) -> float:
        """Seconds."""

    @property
    def resolve_ttl(self) -> float:
        """Seconds."""

    @property
    def resolve_stale(self) -> float:
        """Seconds."""

    @property
    def resolve_private(self) -> bool:
        """Whether addresses may be private."""

    @property
    def resolve_http(self) -> bool:
        """Whether plain HTTP will do."""

    @property
    def dev(self) -> bool:
        """Whether both are so on this machine."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """How DIDs are resolved."""

    directory: str = PLC_DIRECTORY
    """Of did:plc. It is asked as it stands: over whatever, wherever."""
    authority: DID | None = None
    """Who attests for did:mailto."""
    timeout: float = 4.0
    """Seconds that finding a DID may take in all."""
    ttl: float = 300.0
    """Seconds after which a document is asked for again."""
    stale: float = 86_400.0
    """Seconds beyond those for which the last document serves while its host gives none."""
    reach: Reach = PUBLIC
    """Where the hosts of did:web may be."""

    @classmethod
    def of(cls, settings: Configured) -> Self:
        """Read them from a service's settings."""
        return cls(
            directory=settings.plc_directory,
            authority=settings.authority,
            timeout=settings.resolve_timeout,
            ttl=settings.resolve_ttl,
            stale=settings.resolve_stale,
            reach=Reach(private=settings.resolve_private, loopback=settings.dev, http=settings.resolve_http),
        )


@asynccontextmanager
async def open_resolver(
    own: Mapping[DID, Sequence[VerificationMethod]] | None = None,
    resolution: Resolution | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
    observe: Callable[[str, str], None] = lambda _method, _outcome: None,
    look_up: LookUp = socket.getaddrinfo,
) -> AsyncIterator[Resolver]:
    """Open a resolver, and close its connections in the end. Nothing is asked before somebody must be resolved.

    Args:
        own: DIDs whose methods are known, such as a service's own.
        resolution: the settings.
        clock: now, in seconds since whenever; for the time that documents are kept.
        observe: told of each question: the DID method, and what came of it.
        look_up: what finds the addresses of a host.
    """
    resolution = resolution or Resolution()
    async with AsyncExitStack() as stack:

        async def lane(fetcher: Callable[[Http], Fetcher], reach: Reach | None, slots: Slots) -> Lane:
            http = Http.open(reach, look_up)
            stack.push_async_callback(http.close)
            return Lane(fetcher(http), slots)

        async def source(
            fetcher: Callable[[Http], Fetcher], reach: Reach | None, slots: Callable[[], Slots], *, one_host: bool
        ) -> Source:
            made = Source(
                # Connections and look-ups of names are apart too, or strangers could hold up who is known by those.
                await lane(fetcher, reach, slots()),
                await lane(fetcher, reach, slots()),
                timeout=resolution.timeout,
                ttl=resolution.ttl,
                stale=resolution.stale,
                clock=clock,
                one_host=one_host,
                observe=observe,
            )
            stack.push_async_callback(made.close)
            return made

        web = await source(
            lambda http: WebFetcher(http, resolution.reach),
            resolution.reach,
            lambda: Slots(WEB_AT_ONCE, WEB_AT_ONCE_HOST, WEB_WAITING_HOST),
            one_host=False,
        )
        plc = await source(
            lambda http: PlcFetcher(http, resolution.directory),
            None,
            lambda: Slots(PLC_AT_ONCE, PLC_AT_ONCE, PLC_WAITING),
            one_host=True,
        )
        yield Resolver(own, {"web": web, "plc": plc}, resolution.authority)
