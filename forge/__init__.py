"""UCAN 1.0: signed capability invocations in, signed receipts out.

Tokens (`Delegation`, `Invocation`, `Receipt`) travel in a `Container`; `verify` says whether an invocation's authority holds;
a `Command` binds a path to typed arguments, result and failures; a `Client` has invocations executed; an `Executor` executes
them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from forge.binding import Arguments, Command, Effect, Nothing, Result, Role, Route, Task
from forge.catalog import Catalog
from forge.chain import find_chain
from forge.cid import CID
from forge.command import CommandPath
from forge.container import Container, Encoding
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import DecodeError, Failure, ForgeError, ServiceError
from forge.invocation import Invocation
from forge.keys import Ed25519PrivateKey, Ed25519PublicKey, Signer, private_key, private_key_from_pem
from forge.policy import Policy
from forge.receipt import Receipt
from forge.verify import Facts, Verified, issuers, verify, verify_receipt

if TYPE_CHECKING:
    from forge.client import Client
    from forge.execute import Executor

__all__ = [
    "CID",
    "DID",
    "Arguments",
    "Catalog",
    "Client",
    "Command",
    "CommandPath",
    "Container",
    "DecodeError",
    "Delegation",
    "Ed25519PrivateKey",
    "Ed25519PublicKey",
    "Effect",
    "Encoding",
    "Executor",
    "Facts",
    "Failure",
    "ForgeError",
    "Invocation",
    "Nothing",
    "Policy",
    "Receipt",
    "Result",
    "Role",
    "Route",
    "ServiceError",
    "Signer",
    "Task",
    "Verified",
    "find_chain",
    "issuers",
    "private_key",
    "private_key_from_pem",
    "verify",
    "verify_receipt",
]

# These bring an HTTP client along, which who only makes or verifies tokens need not wait for.
_WHEN_ASKED = {"Client": "forge.client", "Executor": "forge.execute"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever has the name
    """Import what is imported when it is asked for."""
    if name in _WHEN_ASKED:
        return getattr(import_module(_WHEN_ASKED[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
