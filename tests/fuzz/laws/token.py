"""Tokens (protocol §4, §5)."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from forge import dagcbor, envelope
from forge.cid import CID
from forge.container import Token, decode_token
from forge.dagcbor import AsWritten
from forge.delegation import Delegation
from forge.envelope import Envelope
from forge.errors import DagCborError, TokenError
from forge.invocation import Invocation
from forge.receipt import Receipt
from forge.verify import verify_delegation, verify_receipt
from tests.core.raw import cbor, key_order
from tests.core.test_dagcbor_properties import check_against_cbrrr, check_against_dag_cbor
from tests.core.values import identical
from tests.fuzz import people
from tests.fuzz.laws.chain import outcome, verified, witnessed
from tests.fuzz.laws.reading import item, refused


def token(data: bytes) -> None:
    """Tokens of whichever kind, as they come and after their signatures."""
    check_against_cbrrr(data)
    check_against_dag_cbor(data)
    opened = refused(envelope.decode, data, TokenError)
    if opened is not None:
        envelope_laws(opened, data)
    found = refused(decode_token, data, TokenError)
    for kind in (Delegation, Invocation, Receipt):
        read = refused(kind.decode, data, TokenError)
        expected = isinstance(found, kind) or (kind is Invocation and isinstance(found, Receipt))
        assert (read is not None) is expected, f"a {kind.__name__}, or not, depending on who reads it"
        assert read is None or read == found, "two readers read two tokens"
    if found is not None:
        assert opened is not None, "a token without an envelope"
        token_laws(found, data)


def envelope_laws(opened: Envelope, data: bytes) -> None:
    """The parts are where they are said to be, and what is signed is what is kept."""
    signature, signed = parts(opened, data)
    assert (opened.data, opened.signature) == (data, signature), "the envelope's bytes are not those that came"
    assert (opened.signed, signed["h"]) == (cbor(signed), opened.algorithm.header), "what is signed is something else"
    assert signed.keys() == {"h", opened.tag}, "what is signed is not a header and a payload"
    assert identical(opened.payload, signed[opened.tag]), "the payload is another one"
    assert {key: opened.raw(key) for key in opened.payload} == {key: cbor(value) for key, value in opened.payload.items()}
    assert bytes(opened.cid) == b"\x01\x71\x12\x20" + sha256(data).digest(), "the envelope's name is not its hash"
    assert CID.parse(str(opened.cid)) == opened.cid, "a name is not read back"


def parts(opened: Envelope, data: bytes) -> Any:
    """Read the envelope by itself; one whose arguments have maps as Go writes them is held to what is allowed of those."""
    within = [one for one in maps(opened.payload.get("args")) if isinstance(one, AsWritten)]
    if not within:
        return item(data)
    assert refused(dagcbor.decode, data, DagCborError) is None, "what is strict is taken for what is not"
    for one in within:
        assert sorted(one) == list(one) != sorted(one, key=key_order), "a map in another order"
    others = {key: value for key, value in opened.payload.items() if key != "args"}
    assert not any(isinstance(one, AsWritten) for one in maps(others)), "a map in that order beside the arguments"
    value = [opened.signature, {"h": opened.algorithm.header, opened.tag: opened.payload}]
    assert cbor(value) == data, "another encoder writes something else"
    return value


def maps(value: object) -> Iterator[dict[str, Any]]:
    """Give a value's maps."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from maps(one)


def token_laws(found: Token, data: bytes) -> None:
    """A token is its bytes, and says what its payload says."""
    assert bytes(found) == data, "a token's bytes are not those that came"
    again = decode_token(bytes(found))
    assert (again, hash(again), again.cid, type(again)) == (found, hash(found), CID.of(data), type(found)), (
        "read twice, two tokens"
    )
    repr(found).encode()
    payload = found.envelope.payload
    if isinstance(found, Delegation):
        said: dict[str, object] = {
            "iss": found.issuer,
            "aud": found.audience,
            "sub": found.subject,
            "cmd": found.command,
            "pol": found.policy.encode(),
            "exp": found.expiration,
            "nbf": found.not_before,
            "nonce": found.nonce,
            "meta": found.meta,
        }
        outcome(lambda: verify_delegation(found, people.facts(found.issuer)))
    else:
        asked = found.assertion if isinstance(found, Receipt) else found
        said = {
            "iss": asked.issuer,
            "aud": asked.audience,
            "sub": asked.subject,
            "cmd": asked.command,
            "args": asked.arguments,
            "prf": list(asked.proofs),
            "exp": asked.expiration,
            "nonce": asked.nonce,
            "iat": asked.issued_at,
            "cause": asked.cause,
            "meta": asked.meta,
        }
        task = {key: payload[key] for key in ("cmd", "sub", "args", "nonce")}
        assert asked.task == CID.of(cbor(task)), "the task has another name"
        assert asked.executor in (asked.audience, asked.subject)
        verified(asked, {})
    assert {key: value for key, value in payload.items() if value is not None} == {
        key: value for key, value in said.items() if value is not None
    }, "a token says something else than its payload"
    if isinstance(found, Receipt):
        assert identical(payload["args"], found.assertion.arguments)
        assert (found.ok is None) is not (found.error is None), "both a result and an error, or neither"
        assert (found.error_name is None) is (found.error_message is None) is (found.error is None)
        if outcome(lambda: verify_receipt(found, people.facts(found.executor))):
            assert found.executor == found.assertion.subject, "a receipt on somebody else's behalf"
            witnessed(found.assertion)
