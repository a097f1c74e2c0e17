"""The stages of one invocation, and the functions that they are: adapt this where one is moved or renamed.

A function is named where it is looked up: `forge.verify:verify_signature` is what `forge.verify` calls by that name.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any, Final

from benchmarks.failure import MeasurementError

STAGES: Final = (
    ("container entries", "forge.container:_entries"),
    ("tokens decoded", "forge.container:decode_token"),
    ("keys resolved", "forge.admission:Admission.signers"),
    ("keys resolved", "forge.resolve:Resolver.resolve"),
    ("admission, and what is not below", "forge.admission:Admission.prepare"),
    ("chain and policy", "forge.admission:verify"),
    ("signatures: around them", "forge.verify:verify_signature"),
    ("signatures: verified", "forge.keys:Ed25519PublicKey.verify"),
    ("arguments", "forge.binding:Command.parse"),
    ("transaction: begin", "store.session:Writer.begin"),
    ("transaction: begin", "store.session:Writer.begin_now"),
    ("transaction: savepoint of a unit", "store.session:Writer.run"),
    ("transaction: what is not below", "forge.execute:Executor._change"),
    ("transaction: look-ups", "store.transaction:Transaction.revokers"),
    ("transaction: look-ups", "store.transaction:Transaction.recorded"),
    ("transaction: look-ups", "forge.binding:Route.check_subject"),
    ("transaction: handler and its rows", "forge.execute:Executor._handle"),
    ("transaction: ledger row", "store.transaction:Transaction.record"),
    ("transaction: share of the commit", "store.session:Writer.commit"),
    ("receipt: encoding", "forge.receipt:Receipt.issue"),
    ("receipt: signature", "forge.keys:Ed25519PrivateKey.sign"),
    ("answer encoded", "forge.container:Container.to_cbor"),
)
"""Label → function. What a function calls that is named here too is counted there. Several may share a label."""
REST: Final = "event loop, threads, and the rest"


def resolve(path: str) -> tuple[Any, str, Any]:
    """Find what `module:name.attribute` names: its owner, its name there, and the function as it is kept there.

    Raises:
        MeasurementError: there is nothing of that name, or nothing that can be called.
    """
    module, _, names = path.partition(":")
    *within, name = names.split(".")
    try:
        owner = import_module(module)
        for part in within:
            owner = getattr(owner, part)
        kept = inspect.getattr_static(owner, name)
    except (ImportError, AttributeError) as error:
        raise MeasurementError(f"{path} is not there any more ({error}): adapt benchmarks/stages.py") from None
    if not callable(getattr(owner, name)):
        raise MeasurementError(f"{path} cannot be called: adapt benchmarks/stages.py")
    return owner, name, kept
