"""Which engine serves which URL. An engine's module, and the driver it brings, is imported when somebody connects to it."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Final, cast

from forge.errors import ConfigurationError
from forge.ports import Store
from store.transaction import Transaction

_SCHEME: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://")

# A plain path is a SQLite file.
_DEFAULT: Final = "sqlite"

ENGINES: Final = {"sqlite": "store.sqlite", "postgresql": "store.postgres"}
"""Scheme → module. The module has `connect(url)`, and may need a driver that is an extra."""

_SUPPORTED: Final = "sqlite:///path, postgresql://host/database, or a plain path to a SQLite file"


async def connect(url: str) -> Store[Transaction]:
    """Open the store at `url`, and bring its schema up to date.

        url   ::= "sqlite:///" path | path           a SQLite file; a fourth slash begins an absolute path
                | "postgresql://" …                  a database, as `store.postgres.address` reads it

    Raises:
        ConfigurationError: no engine serves this URL, or there is no usable store there and none can be made.
    """
    found = _SCHEME.match(url)
    scheme = found["scheme"].lower() if found else _DEFAULT
    if scheme not in ENGINES:
        raise ConfigurationError(f"store: no engine serves {scheme}://. Supported: {_SUPPORTED}")
    try:
        engine = import_module(ENGINES[scheme])
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"store: {scheme}:// needs {error.name}: pip install 'forge-ucan[postgres]'") from error
    return cast("Store[Transaction]", await engine.connect(url))
