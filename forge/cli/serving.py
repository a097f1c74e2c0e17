"""Serving: from settings that were checked to processes that answer, and back to nothing when told to stop."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Final

import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from forge.catalog import Catalog
from forge.cli import logs
from forge.cli.files import readable_by_others
from forge.cli.protocol import BoundedProtocol
from forge.config import Settings, find, prepare_dev, signer_of, store_of
from forge.errors import ConfigurationError
from forge.keys import Signer
from forge.metrics import SHARED_FOLDER
from forge.ports import Store

APP: Final = "forge.cli.worker:create_app"
BACKLOG: Final = 2048
"""Connections that may wait to be taken."""
KEEP_ALIVE: Final = 75
"""Seconds that an idle connection is kept: longer than clients keep theirs, so that none sends into one just closed."""

log = structlog.get_logger("forge")


def prepare(settings: Settings) -> Signer:
    """Check all that can be wrong before anything starts: identity, commands, store.

    Raises:
        ConfigurationError: something is; the message names the setting.
        StoreError: the store does not answer.
    """
    made = settings.dev and prepare_dev(settings)
    signer = signer_of(settings)
    path = settings.key or settings.data / "service.pem"
    if made:
        log.info("an identity was made for this service; it is kept, and used again", did=signer.did, key=str(path))
    if readable_by_others(path):
        log.warning("the key can be read by others; chmod 600 would end that", key=str(path))
    catalog = find(settings.catalog)
    if not isinstance(catalog, Catalog):
        raise ConfigurationError(f"catalog: {settings.catalog} is not a catalog of commands")
    catalog.configure(settings.options)
    asyncio.run(_check_store(settings))
    return signer


def serve(settings: Settings, signer: Signer) -> None:
    """Serve until SIGTERM or SIGINT, then finish what was taken.

    Raises:
        ConfigurationError: it cannot listen there, or did not start.
    """
    _raise_file_limit()
    with _listen(settings) as listener, _stopping_well():
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        url = f"http://{host}:{listener.getsockname()[1]}"
        log.info("serving", did=signer.did, url=url, workers=settings.workers)
        config = uvicorn.Config(
            APP,
            factory=True,
            loop="uvloop",
            http=BoundedProtocol,
            ws="none",
            lifespan="on",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            workers=settings.workers,
            timeout_graceful_shutdown=settings.grace,
            timeout_keep_alive=KEEP_ALIVE,
            backlog=BACKLOG,
            log_config=logs.uvicorn_settings(),
        )
        started = _run_workers(config, listener) if settings.workers > 1 else _run(config, listener)
    if not started:
        raise ConfigurationError("the server did not start; the log says why")


async def _check_store(settings: Settings) -> None:
    """Open the store, which brings its schema up to date, and touch it."""
    store: Store[Any] = await find(settings.connect)(store_of(settings))
    try:
        await store.ready()
    finally:
        await store.close()


def _raise_file_limit() -> None:
    """Let the process have as many connections as the system allows it: what it begins with is for interactive programs."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Some systems refuse what they announce; then what there is has to do.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConfigurationError(f"host, port: cannot listen on {settings.host}:{settings.port}: {error.strerror}") from error
    # Connections inherit it. asyncio sets it for sockets of a protocol that these do not tell: each answer waited for 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _run(config: uvicorn.Config, listener: socket.socket) -> bool:
    server = uvicorn.Server(config)
    try:
        server.run(sockets=[listener])
    except SystemExit as end:
        # Ours, after a signal, has no status; uvicorn's has one when the start fails.
        if end.code:
            return False
    return True


def _run_workers(config: uvicorn.Config, listener: socket.socket) -> bool:
    with _shared_metrics():
        supervisor = Multiprocess(config, sockets=[listener])
        supervisor.run()
    return all(process.exitcode != STARTUP_FAILURE for process in supervisor.processes)


@contextmanager
def _stopping_well() -> Iterator[None]:
    """Make signals that stop the server an ordinary end: uvicorn raises them once more when it has finished."""

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        sys.exit()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _shared_metrics() -> Iterator[None]:
    """Give worker processes a folder in which their counters add up."""
    if os.environ.get(SHARED_FOLDER):
        yield
        return
    with tempfile.TemporaryDirectory(prefix="forge-metrics-") as folder:
        os.environ[SHARED_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[SHARED_FOLDER]
