"""Look-ups that are no part of a transaction: on a connection of their own, asynchronously, each alone."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import psycopg

from forge.errors import StoreError
from store.postgres.address import Address
from store.postgres.wire import marked

LOOKUP_TIMEOUT: Final = 5.0
"""Seconds after which a look-up is given up, with opening a connection for it."""

# As in `store.postgres.session`; alone, a look-up has no transaction in which it could say so.
_PREPARE_AFTER: Final = 0


class Lookups:
    """A connection, and whose turn it is. It is opened when it is needed, and again where it was lost."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._lock = asyncio.Lock()
        self._closed = False

    async def fetch(self, statement: str, *values: str | bytes | int) -> list[tuple[Any, ...]]:
        """Give the rows that a statement finds.

        Raises:
            StoreError: the server did not answer.
        """
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT), self._lock:
                if self._closed:
                    raise StoreError("store: it is closed")
                fresh = self._connection is None
                try:
                    return await self._fetch(statement, values)
                except psycopg.OperationalError:
                    # It may have been lost while nobody used it.
                    await self._let_go()
                    if fresh:
                        raise
                return await self._fetch(statement, values)
        except TimeoutError as error:
            await self._let_go()
            raise StoreError(f"store: no answer within {LOOKUP_TIMEOUT} s") from error
        except psycopg.Error as error:
            raise StoreError(f"store: {error}") from error

    async def close(self) -> None:
        """Let go of the connection, and open none any more."""
        self._closed = True
        async with self._lock:
            await self._let_go()

    async def _fetch(self, statement: str, values: tuple[str | bytes | int, ...]) -> list[tuple[Any, ...]]:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(
                self._address.conninfo,
                autocommit=True,
                prepare_threshold=_PREPARE_AFTER if self._address.prepares else None,
            )
        cursor = psycopg.AsyncRawCursor(self._connection)
        await cursor.execute(marked(statement), values, binary=True)
        return await cursor.fetchall()

    async def _let_go(self) -> None:
        opened, self._connection = self._connection, None
        if opened is not None:
            await opened.close()
