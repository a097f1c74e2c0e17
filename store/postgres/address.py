"""Where a database is: a URL of libpq's, with what connections of ours have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from forge.errors import ConfigurationError
from store.postgres.errors import LostError
from store.postgres.wire import Wire

CONNECT_TIMEOUT: Final = 3
"""Seconds until a host that does not answer counts as down, and the next one is tried."""

# Unless the URL says something else. A primary that has become a standby is not asked; a peer that is gone without a word is
# noticed after some eleven seconds while it is waited for, and as soon as what was sent to it is not acknowledged.
_DEFAULTS: Final = {
    "application_name": "forge",
    "client_encoding": "UTF8",
    "connect_timeout": str(CONNECT_TIMEOUT),
    "keepalives_count": "3",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "target_session_attrs": "read-write",
    "tcp_user_timeout": "11000",
}
_PREPARED: Final = "prepared"
_SAID: Final = {"yes": True, "no": False}


@dataclass(frozen=True)
class Address:
    """A database, and how it is spoken to."""

    conninfo: str
    prepares: bool
    """Whether statements are prepared once for a connection. Not where a pool gives each transaction another one."""

    @classmethod
    def of(cls, url: str) -> Address:
        """Read a URL.

            url ::= "postgresql://" [user [":" password] "@"] [host [":" port] ("," …)*] ["/" database] ["?" parameters]

        The parameters are libpq's, and `prepared`, which is `yes` (where absent), or `no` behind a pool that shares connections
        between transactions.

        Raises:
            ConfigurationError: it is none.
        """
        place, _, query = url.partition("?")
        try:
            parameters = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
            prepared = dict(parameters).get(_PREPARED, "yes")
            if prepared not in _SAID:
                raise ConfigurationError(f"store: {_PREPARED}={prepared}: expected yes or no")
            rest = urlencode([(key, value) for key, value in parameters if key != _PREPARED])
            given = conninfo_to_dict(f"{place}?{rest}")
        except (ValueError, psycopg.Error) as error:
            # Not the URL itself: it may hold a password.
            raise ConfigurationError(f"store: that is no postgresql:// URL: {error}") from None
        return cls(make_conninfo("", **{**_DEFAULTS, **given}), _SAID[prepared])

    def connect(self, **options: Any) -> psycopg.Connection[Any]:  # noqa: ANN401 - psycopg's
        """Open a connection.

        Raises:
            psycopg.Error: no host took it.
        """
        return psycopg.connect(self.conninfo, **options)

    def wire(self) -> Wire:
        """Open a connection for units of work.

        Raises:
            LostError: no host took it.
        """
        try:
            return Wire(self.connect(autocommit=True, prepare_threshold=None), prepares=self.prepares)
        except psycopg.Error as error:
            raise LostError(f"store: {error}") from error
