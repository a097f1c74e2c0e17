"""Receipts: what makes an invocation one, and how they are issued (protocol §5.2, §9.3, §11)."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given

from forge.cid import CID
from forge.container import decode_token
from forge.dagcbor import MAX_DEPTH
from forge.errors import DagCborError, Expired, Failure, HandlerNotFound, TokenError
from forge.invocation import Invocation
from forge.receipt import COMMAND, MAX_MESSAGE_BYTES, UNNAMED, Receipt
from tests.core.principals import ALICE, NOW, SERVICE, N
from tests.core.raw import cbor
from tests.core.tokens import ABSENT, INV, receipt, receipt_payload, seal
from tests.core.values import VALUES

RAN: Final = CID.of(b"\xa0")
OTHER: Final = CID.of(b"\xa1")


def of(out: object, **more: object) -> bytes:
    return receipt(SERVICE, {"out": out, "ran": RAN} | more)


@pytest.mark.parametrize(
    ("out", "ok", "error"),
    [
        ({"ok": {}}, {}, None),
        ({"ok": False}, False, None),
        ({"ok": 0}, 0, None),
        ({"ok": ""}, "", None),
        ({"ok": []}, [], None),
        ({"error": {}}, None, {}),
        ({"error": False}, None, False),
        ({"error": {"name": "X", "message": "m"}}, None, {"name": "X", "message": "m"}),
        ({"ok": None, "error": "x"}, None, "x"),
        ({"ok": 1, "error": None}, 1, None),
        ({"ok": 1, "error": "x"}, 1, None),
        ({"ok": 1, "more": 2}, 1, None),
    ],
    ids=repr,
)
def test_what_is_a_receipt(out: object, ok: object, error: object) -> None:
    token = decode_token(of(out))
    assert isinstance(token, Receipt)
    assert cbor([token.ok, token.error]) == cbor([ok, error])
    assert (token.ran, token.executor) == (RAN, SERVICE.did)
    assert bytes(token) == of(out)
    assert token.cid == CID.of(of(out))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (of({"ok": None}), "args.out: neither ok nor error"),
        (of({"ok": None, "error": None}), "args.out: neither ok nor error"),
        (of({}), "args.out: neither ok nor error"),
        (of(None), "args.out: expected a map"),
        (of([{"ok": 1}]), "args.out: expected a map"),
        (of({"ok": 1}, ran=None), "args.ran: expected a link"),
        (of({"ok": 1}, ran=bytes(RAN)), "args.ran: expected a link"),
        (of({"ok": 1}, ran={"/": str(RAN)}), "args.ran: expected a link"),
        (receipt(SERVICE, {"out": {"ok": 1}}), "args.ran: expected a link"),
        (receipt(SERVICE, {"ran": RAN}), "args.out: expected a map"),
        (receipt(SERVICE, {}), "args.ran: expected a link"),
        (receipt(SERVICE, aud=str(SERVICE.did)), "aud: a receipt has none"),
        (receipt(SERVICE, aud=str(ALICE.did)), "aud: a receipt has none"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value,
)
def test_what_is_an_invocation_and_no_receipt(data: bytes, reason: str) -> None:
    assert isinstance(decode_token(data), Invocation)
    with pytest.raises(TokenError) as caught:
        Receipt.decode(data)
    assert str(caught.value) == reason


def test_another_command_makes_no_receipt() -> None:
    for command in ("/ucan/assert", "/ucan/assert/receipts", "/ucan/assert/receipt/x", "/"):
        data = receipt(SERVICE)
        assert isinstance(decode_token(data), Receipt)
        other = seal(SERVICE, INV, receipt_payload(SERVICE) | {"cmd": command})
        assert isinstance(decode_token(other), Invocation)
        with pytest.raises(TokenError, match=r"^cmd: a receipt's is /ucan/assert/receipt$"):
            Receipt.decode(other)


def test_more_arguments_and_proofs_do_not_matter() -> None:
    token = decode_token(receipt(SERVICE, {"out": {"ok": 1}, "ran": RAN, "more": [1]}, prf=[OTHER], meta={"a": 1}))
    assert isinstance(token, Receipt)


# -- issuing


@given(VALUES)
def test_a_receipt_is_read_as_it_was_issued(value: Any) -> None:
    if value is None:
        with pytest.raises(TokenError, match="neither ok nor error"):
            Receipt.issue(SERVICE, ran=RAN, out=value, issued_at=NOW)
        return
    issued = Receipt.issue(SERVICE, ran=RAN, out=value, issued_at=NOW, nonce=N)
    assert decode_token(bytes(issued)) == issued
    assert bytes(issued) == receipt(SERVICE, {"out": {"ok": value}, "ran": RAN}, sub=str(SERVICE.did), iat=NOW)
    assert (issued.error, issued.error_name, issued.error_message) == (None, None, None)


def test_what_is_too_deep_to_be_read_is_not_issued() -> None:
    def nested(levels: int) -> Any:
        value: Any = 1
        for _ in range(levels):
            value = [value]
        return value

    # Within the token, what is signed, the payload, the arguments and `out`.
    deepest = MAX_DEPTH - 5
    issued = Receipt.issue(SERVICE, ran=RAN, out=nested(deepest), issued_at=NOW)
    assert Receipt.decode(bytes(issued)).ok == nested(deepest)
    with pytest.raises(DagCborError, match="nested"):
        Receipt.issue(SERVICE, ran=RAN, out=nested(deepest + 1), issued_at=NOW)


def test_a_failure_s_receipt() -> None:
    issued = Receipt.issue(SERVICE, ran=RAN, out=HandlerNotFound("no such"), issued_at=NOW, expiration=NOW + 30, nonce=b"")
    assert issued.ok is None
    assert issued.error == {"name": "HandlerNotFound", "message": "no such"}
    assert (issued.error_name, issued.error_message) == ("HandlerNotFound", "no such")
    assertion = issued.assertion
    assert (assertion.issuer, assertion.subject, assertion.audience) == (SERVICE.did, SERVICE.did, None)
    assert (assertion.command, assertion.proofs, assertion.nonce) == (COMMAND, (), b"")
    assert (assertion.issued_at, assertion.expiration) == (NOW, NOW + 30)


def test_defaults_of_an_issued_receipt() -> None:
    one, two = (Receipt.issue(SERVICE, ran=RAN, out={}, issued_at=NOW) for _ in range(2))
    assert one.assertion.expiration is None
    assert len(one.assertion.nonce) == 16
    assert one.assertion.nonce != two.assertion.nonce


@pytest.mark.parametrize("wrong", [float("inf"), object(), {1: 2}], ids=["inf", "object", "key"])
def test_a_result_that_dag_cbor_cannot_say(wrong: Any) -> None:
    with pytest.raises(DagCborError):
        Receipt.issue(SERVICE, ran=RAN, out=wrong, issued_at=NOW)


# -- errors and their texts


@pytest.mark.parametrize(
    ("error", "name", "message"),
    [
        ({"name": "X", "message": "m"}, "X", "m"),
        ({"name": "X"}, "X", ""),
        ({"message": "m"}, UNNAMED, "m"),
        ({"name": "", "message": "m"}, UNNAMED, "m"),
        ({"name": 1, "message": 2}, UNNAMED, ""),
        ({"name": None, "message": None}, UNNAMED, ""),
        ({}, UNNAMED, ""),
        ("text", UNNAMED, ""),
        (["X", "m"], UNNAMED, ""),
        (False, UNNAMED, ""),
    ],
    ids=repr,
)
def test_the_name_and_message_of_any_error(error: object, name: str, message: str) -> None:
    token = Receipt.decode(of({"error": error}))
    assert (token.error_name, token.error_message) == (name, message)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("", ""),
        ("x" * MAX_MESSAGE_BYTES, "x" * MAX_MESSAGE_BYTES),
        ("x" * (MAX_MESSAGE_BYTES + 1), "x" * MAX_MESSAGE_BYTES),
        ("é" * (MAX_MESSAGE_BYTES // 2), "é" * (MAX_MESSAGE_BYTES // 2)),
        ("x" + "é" * (MAX_MESSAGE_BYTES // 2), "x" + "é" * (MAX_MESSAGE_BYTES // 2 - 1)),
        ("🌍" * 4000, "🌍" * (MAX_MESSAGE_BYTES // 4)),
        ("a\ud800b", "a?b"),
        ("\udfff" * (MAX_MESSAGE_BYTES + 1), "?" * MAX_MESSAGE_BYTES),
    ],
    ids=["empty", "longest", "longer", "longest in é", "between characters", "far longer", "a surrogate", "surrogates"],
)
def test_a_message_is_what_go_peers_read(message: str, expected: str) -> None:
    """At most 8192 bytes, cut between characters; and a failure gives its receipt whatever text it was raised with."""
    assert MAX_MESSAGE_BYTES == 8192
    issued = Receipt.issue(SERVICE, ran=RAN, out=Expired(message), issued_at=NOW)
    assert issued.error_message == expected
    assert issued.error_name == "Expired"


def test_a_failure_is_named_by_its_class() -> None:
    class SomethingOfItsOwn(Failure):
        pass

    issued = Receipt.issue(SERVICE, ran=RAN, out=SomethingOfItsOwn("m"), issued_at=NOW)
    assert issued.error_name == "SomethingOfItsOwn"


def test_absent_and_null_audience() -> None:
    for audience in (ABSENT, None):
        assert isinstance(decode_token(receipt(SERVICE, aud=audience)), Receipt)
