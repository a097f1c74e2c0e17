"""Delegations, invocations and their envelope: made, read, named (protocol §4, §5.1). What is refused is in tests/vectors."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from hashlib import sha256
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge import dagcbor, envelope
from forge.cid import CID
from forge.command import CommandPath
from forge.container import decode_token
from forge.dagcbor import Value
from forge.delegation import Delegation
from forge.did import DID
from forge.envelope import MAX_TIMESTAMP, MAX_TOKEN_BYTES, NONCE_BYTES, VERSIONS, Fields
from forge.errors import DagCborError, TokenError
from forge.invocation import Invocation
from forge.keys import Signer
from forge.policy import Policy
from forge.receipt import Receipt
from forge.varsig import Algorithm
from tests.core.principals import ALICE, BOB, CAROL, MAILTO_DID, NOW, SERVICE, N
from tests.core.raw import Pairs, cbor
from tests.core.tokens import (
    ABSENT,
    DLG,
    INV,
    delegation,
    delegation_payload,
    invocation,
    invocation_payload,
    receipt,
    seal,
)
from tests.core.values import LINKS, VALUES

SEND: Final = CommandPath("/msg/send")
TIMES: Final = st.none() | st.integers(-MAX_TIMESTAMP, MAX_TIMESTAMP)
MAPS: Final = st.dictionaries(st.text(max_size=5), VALUES, max_size=4)
COMMANDS: Final = st.sampled_from(["/", "/a", "/msg/send", "/ü/世界"]).map(CommandPath)
SIGNERS: Final = st.sampled_from([ALICE, BOB, CAROL])
DIDS: Final = st.sampled_from([ALICE.did, BOB.did, DID("did:web:example.com"), DID(MAILTO_DID)])
NONCES: Final = st.binary(max_size=40)


# -- what is issued is read


# Under the names that `issue` gives the parts.
DELEGATIONS: Final = st.fixed_dictionaries(
    {
        "audience": DIDS,
        "subject": st.none() | DIDS,
        "command": COMMANDS,
        "policy": st.sampled_from([Policy.ANY, Policy.decode([["==", ".a", 1]])]),
        "expiration": TIMES,
        "not_before": TIMES,
        "nonce": NONCES,
        "meta": st.none() | MAPS,
    }
)
INVOCATIONS: Final = st.fixed_dictionaries(
    {
        "subject": DIDS,
        "audience": st.none() | DIDS,
        "command": COMMANDS,
        "arguments": MAPS,
        "expiration": TIMES,
        "proofs": st.lists(LINKS.filter(lambda link: link.version == 1), max_size=3).map(tuple),
        "nonce": NONCES,
        "issued_at": TIMES,
        "cause": st.none() | LINKS,
        "meta": st.none() | MAPS,
    }
)
ON_THE_WIRE: Final = {
    "audience": "aud",
    "subject": "sub",
    "command": "cmd",
    "policy": "pol",
    "arguments": "args",
    "proofs": "prf",
    "expiration": "exp",
    "not_before": "nbf",
    "issued_at": "iat",
    "nonce": "nonce",
    "cause": "cause",
    "meta": "meta",
}


def on_the_wire(parts: dict[str, Any], *nullable: str) -> dict[str, Any]:
    """Parts under their names on the wire, as plain values; those that are None left out, but for the nullable ones."""
    fields = {}
    for name, value in parts.items():
        key = ON_THE_WIRE[name]
        plain = value.encode() if isinstance(value, Policy) else value
        plain = str(value) if isinstance(value, str) else list(value) if isinstance(value, tuple) else plain
        if value is not None or key in nullable:
            fields[key] = plain
    return fields


@given(SIGNERS, DELEGATIONS)
def test_a_delegation_is_read_as_it_was_issued(issuer: Signer, parts: dict[str, Any]) -> None:
    issued = Delegation.issue(issuer, **parts)
    read = Delegation.decode(bytes(issued))
    assert read == issued
    assert read.issuer == issuer.did
    assert {name: getattr(read, name) for name in parts} == parts
    assert bytes(issued) == delegation(issuer, **on_the_wire(parts, "sub", "exp"))


@given(SIGNERS, INVOCATIONS)
def test_an_invocation_is_read_as_it_was_issued(issuer: Signer, parts: dict[str, Any]) -> None:
    issued = Invocation.issue(issuer, **parts)
    read = Invocation.decode(bytes(issued))
    assert read == issued
    assert read.issuer == issuer.did
    assert {name: getattr(read, name) for name in parts} == parts
    assert read.executor == (parts["audience"] or parts["subject"])
    assert read.envelope.raw("args") == cbor(parts["arguments"])
    assert bytes(issued) == invocation(issuer, **on_the_wire(parts, "exp"))


def test_defaults_of_what_is_issued() -> None:
    one = Delegation.issue(ALICE, audience=BOB.did, subject=None, command=SEND, expiration=None)
    assert (one.policy, one.not_before, one.meta) == (Policy.ANY, None, None)
    two = Invocation.issue(ALICE, subject=ALICE.did, command=SEND, arguments={}, expiration=None)
    assert (two.audience, two.proofs, two.issued_at, two.cause, two.meta) == (None, (), None, None, None)
    assert two.envelope.payload.keys() == {"iss", "sub", "cmd", "args", "prf", "exp", "nonce"}
    assert one.envelope.payload.keys() == {"iss", "aud", "sub", "cmd", "pol", "exp", "nonce"}


def test_nonces_are_fresh() -> None:
    tokens = [Invocation.issue(ALICE, subject=ALICE.did, command=SEND, arguments={}, expiration=None) for _ in range(20)]
    tokens += [Delegation.issue(ALICE, audience=BOB.did, subject=None, command=SEND, expiration=None) for _ in range(20)]  # type: ignore[misc]
    assert {len(token.nonce) for token in tokens} == {NONCE_BYTES} == {16}
    assert len({token.nonce for token in tokens}) == 40


# -- the envelope


@pytest.mark.parametrize("kind", ["dlg", "inv"])
def test_the_parts_of_an_envelope(kind: str) -> None:
    data = delegation() if kind == "dlg" else invocation()
    opened = envelope.decode(data)
    assert opened.data == data
    assert data == b"\x82\x58\x40" + opened.signature + opened.signed
    assert opened.algorithm is Algorithm.ED25519
    assert opened.tag == f"ucan/{kind}@1.0.0-rc.1"
    assert cbor({"h": Algorithm.ED25519.header, opened.tag: opened.payload}) == opened.signed
    assert bytes(opened.cid) == b"\x01\x71\x12\x20" + sha256(data).digest()
    for key, value in opened.payload.items():
        assert opened.raw(key) == cbor(value)
    with pytest.raises(KeyError):
        opened.raw("other")
    with pytest.raises(FrozenInstanceError):
        opened.tag = "other"  # type: ignore[misc]


@pytest.mark.parametrize("version", ["1.0.0-rc.1", "1.0.0"])
def test_both_versions_are_read(version: str) -> None:
    assert VERSIONS == ("1.0.0-rc.1", "1.0.0")
    one = decode_token(seal(ALICE, f"ucan/dlg@{version}", delegation_payload()))
    two = decode_token(seal(ALICE, f"ucan/inv@{version}", invocation_payload()))
    three = decode_token(seal(SERVICE, f"ucan/inv@{version}", invocation_payload(**RECEIPT)))
    assert [type(token) for token in (one, two, three)] == [Delegation, Invocation, Receipt]


RECEIPT: Final[dict[str, Any]] = {
    "iss": str(SERVICE.did),
    "sub": str(SERVICE.did),
    "cmd": "/ucan/assert/receipt",
    "args": {"out": {"ok": {}}, "ran": CID.of(b"")},
}


def test_the_newer_version_is_not_written() -> None:
    """Go peers read only the one that is."""
    assert Delegation.decode(delegation()).envelope.tag == DLG
    issued = Invocation.issue(ALICE, subject=ALICE.did, command=SEND, arguments={}, expiration=None)
    assert issued.envelope.tag == INV == "ucan/inv@1.0.0-rc.1"


def test_a_tag_is_not_asked_for_by_its_beginning() -> None:
    """`decode_token` looks at the beginning of a tag only to know which of the two readers will refuse it."""
    for tag in ("ucan/dlg@", "ucan/dlg@1.0.0-rc.1 ", "ucan/dlg@1.0.0\0", "ucan/inv@1.0.0-RC.1", "UCAN/inv@1.0.0"):
        for payload in (delegation_payload(), invocation_payload()):
            with pytest.raises(TokenError, match=r"^the tag is"):
                decode_token(seal(ALICE, tag, payload))


def test_a_long_tag_is_cut_in_the_message() -> None:
    with pytest.raises(TokenError) as caught:
        decode_token(seal(ALICE, "x" * 5000, delegation_payload()))
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("make", [delegation, invocation, receipt], ids=["delegation", "invocation", "receipt"])
def test_a_token_truncated_at_every_byte(make: Any) -> None:
    data = make()
    for end in range(len(data)):
        with pytest.raises(TokenError):
            decode_token(data[:end])
    for tail in (b"\0", b"\xf6", data):
        with pytest.raises(TokenError, match="bytes after the end of the envelope"):
            decode_token(data + tail)


def test_a_token_s_size_is_bounded() -> None:
    rest = len(invocation(args={"a": bytes(1 << 16)})) - (1 << 16)
    largest = invocation(args={"a": bytes(MAX_TOKEN_BYTES - rest)})
    assert len(largest) == MAX_TOKEN_BYTES == 2 * 1024 * 1024
    assert isinstance(decode_token(largest), Invocation)
    larger = invocation(args={"a": bytes(MAX_TOKEN_BYTES - rest + 1)})
    with pytest.raises(TokenError, match=f"at most {MAX_TOKEN_BYTES} bytes, this has {MAX_TOKEN_BYTES + 1}"):
        decode_token(larger)
    with pytest.raises(TokenError, match="a token has at most"):
        Invocation.issue(ALICE, subject=ALICE.did, command=SEND, arguments={"a": bytes(MAX_TOKEN_BYTES)}, expiration=None)


@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 255, 1000])
def test_a_signature_of_any_length_is_read(length: int) -> None:
    """Whether it is one is the key's to say."""
    token = Delegation.decode(seal(ALICE, DLG, delegation_payload(), signature=bytes(length)))
    assert token.envelope.signature == bytes(length)


@pytest.mark.parametrize("algorithm", Algorithm, ids=lambda algorithm: algorithm.name)
def test_every_known_header_is_read(algorithm: Algorithm) -> None:
    token = decode_token(seal(ALICE, DLG, delegation_payload(), header=algorithm.header))
    assert isinstance(token, Delegation)
    assert token.envelope.algorithm is algorithm


# -- fields that may be left out


@pytest.mark.parametrize(
    ("make", "field", "attribute"),
    [
        (delegation, "sub", "subject"),
        (delegation, "nbf", "not_before"),
        (delegation, "meta", "meta"),
        (invocation, "aud", "audience"),
        (invocation, "iat", "issued_at"),
        (invocation, "cause", "cause"),
        (invocation, "meta", "meta"),
    ],
    ids=lambda value: value if isinstance(value, str) else getattr(value, "__name__", None),
)
def test_null_counts_as_absent(make: Any, field: str, attribute: str) -> None:
    for value in (None, ABSENT):
        token = decode_token(make(**{field: value}))
        assert getattr(token, attribute) is None


@pytest.mark.parametrize("make", [delegation, invocation], ids=["delegation", "invocation"])
def test_a_nonce_of_any_length(make: Any) -> None:
    for length in (0, 1, 11, 12, 16, 300):
        token = decode_token(make(nonce=bytes(length)))
        assert not isinstance(token, Receipt)
        assert token.nonce == bytes(length)


@pytest.mark.parametrize("value", [-MAX_TIMESTAMP, -1, 0, 1, NOW, MAX_TIMESTAMP])
def test_every_time_within_the_limits(value: int) -> None:
    one = Delegation.decode(delegation(exp=value, nbf=value))
    assert (one.expiration, one.not_before) == (value, value)
    two = Invocation.decode(invocation(exp=value, iat=value))
    assert (two.expiration, two.issued_at) == (value, value)


@pytest.mark.parametrize("value", [MAX_TIMESTAMP + 1, -MAX_TIMESTAMP - 1, 1 << 64])
def test_a_time_beyond_the_limits_is_not_issued(value: int) -> None:
    assert MAX_TIMESTAMP == (1 << 53) - 1
    with pytest.raises(TokenError, match=r"^exp: outside of"):
        Delegation.issue(ALICE, audience=BOB.did, subject=None, command=SEND, expiration=value)
    with pytest.raises(TokenError, match=r"^nbf: outside of"):
        Delegation.issue(ALICE, audience=BOB.did, subject=None, command=SEND, expiration=None, not_before=value)
    with pytest.raises(TokenError, match=r"^iat: outside of"):
        Invocation.issue(ALICE, subject=ALICE.did, command=SEND, arguments={}, expiration=None, issued_at=value)


@pytest.mark.parametrize("wrong", [float("nan"), object(), "\ud800", {1: 1}], ids=["nan", "object", "surrogate", "key"])
def test_what_dag_cbor_cannot_say_is_not_issued(wrong: Any) -> None:
    with pytest.raises(DagCborError):
        Invocation.issue(ALICE, subject=ALICE.did, command=SEND, arguments={"a": wrong}, expiration=None)
    with pytest.raises(DagCborError):
        Delegation.issue(ALICE, audience=BOB.did, subject=None, command=SEND, expiration=None, meta={"a": wrong})


def test_a_proof_of_version_0_is_not_issued() -> None:
    with pytest.raises(TokenError, match=r"^prf\[0\]: a version 0 CID"):
        Invocation.issue(
            ALICE,
            subject=ALICE.did,
            command=SEND,
            arguments={},
            expiration=None,
            proofs=[CID(b"\x12\x20" + bytes(32))],
        )


def test_a_field_that_nobody_asked_for() -> None:
    """The first of them by name is in the message, cut."""
    with pytest.raises(TokenError, match=r"^aaa: unknown field$"):
        decode_token(invocation(zzz=1, aaa=2))
    with pytest.raises(TokenError) as caught:
        decode_token(seal(ALICE, INV, invocation_payload() | {"y" * 3000: 1}))
    assert str(caught.value) == "y" * 64 + ": unknown field"


def test_a_link_is_checked_where_it_is() -> None:
    link = CID.of(b"")
    assert Fields.link("prf[0]", link) is link
    wrong: Value
    for wrong in ("x", None, b"", {}, 1):
        with pytest.raises(TokenError, match=r"^prf\[3\]: expected a link$"):
            Fields.link("prf[3]", wrong)


# -- what else a token is


def test_tokens_are_equal_when_their_bytes_are() -> None:
    one, same, other = (Delegation.decode(delegation(nonce=nonce)) for nonce in (b"a", b"a", b"b"))
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert len({one, same, other}) == 2
    assert one != bytes(one)
    assert one != Invocation.decode(invocation(nonce=b"a"))
    # The same said with another signature is another token.
    assert one != Delegation.decode(seal(BOB, DLG, delegation_payload(nonce=b"a")))
    assert one.cid == one.envelope.cid == CID.of(bytes(one))


@pytest.mark.parametrize(
    ("make", "secret"), [(delegation, {"nonce": b"secret!"}), (invocation, {"args": {"k": "secret!"}})], ids=["dlg", "inv"]
)
def test_a_token_s_repr_is_for_logs(make: Any, secret: dict[str, Any]) -> None:
    """It names who and what; bytes, arguments and nonces stay out."""
    token = decode_token(make(**secret))
    assert "secret!" not in repr(token)
    assert str(ALICE.did) in repr(token)
    assert "/msg/send" in repr(token)


# -- the task


@given(COMMANDS, DIDS, MAPS, NONCES)
def test_a_task_is_named_by_four_things(command: CommandPath, subject: DID, args: Any, nonce: bytes) -> None:
    issued = Invocation.issue(ALICE, subject=subject, command=command, arguments=args, expiration=None, nonce=nonce)
    block = b"\xa4\x63cmd" + cbor(str(command)) + b"\x63sub" + cbor(str(subject)) + b"\x64args" + cbor(args)
    block += b"\x65nonce" + cbor(nonce)
    assert bytes(issued.task) == b"\x01\x71\x12\x20" + sha256(block).digest()
    assert dagcbor.encode({"cmd": command, "sub": subject, "args": args, "nonce": nonce}) == block


def test_arguments_as_go_generates_them() -> None:
    """libforge's `details` are in the order of the alphabet; what they are hashed and signed as is what was sent."""
    details = Pairs(("external_id", "org-1"), ("region", "eu-west-1"))
    data = invocation(args={"details": details, "product": None})
    token = Invocation.decode(data)
    assert bytes(token) == data
    assert token.arguments["details"] == {"region": "eu-west-1", "external_id": "org-1"}
    assert token.envelope.raw("args") == cbor({"details": details, "product": None})
    block = {
        "cmd": str(token.command),
        "sub": token.subject,
        "args": {"details": details, "product": None},
        "nonce": token.nonce,
    }
    assert token.task == CID.of(cbor(block))
    # A receipt of it says the same in the one order.
    said = Receipt.issue(SERVICE, ran=token.task, out=token.arguments, issued_at=NOW)
    assert cbor({"region": "eu-west-1", "external_id": "org-1"}) in bytes(said)
    assert Receipt.decode(bytes(said)) == said


def test_a_result_as_go_generates_it() -> None:
    data = receipt(args={"out": {"ok": Pairs(("external_id", "org-1"), ("region", "eu"))}, "ran": CID.of(b"")})
    assert Receipt.decode(data).ok == {"external_id": "org-1", "region": "eu"}
    assert bytes(Receipt.decode(data)) == data


@pytest.mark.parametrize("place", ["meta", "args"])
def test_only_arguments_may_be_as_go_generates_them(place: str) -> None:
    turned = Pairs(("external_id", "org-1"), ("region", "eu"))
    with pytest.raises(TokenError, match="out of order"):
        Delegation.decode(delegation(meta=turned) if place == "meta" else delegation(pol=[["==", ".a", turned]]))
    if place == "meta":
        with pytest.raises(TokenError, match="out of order"):
            Invocation.decode(invocation(meta=turned))


USUAL: Final[dict[str, Any]] = {"sub": str(BOB.did), "cmd": "/a/b", "args": {"n": 1, "l": [CID.of(b"")]}, "nonce": N}


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": str(SERVICE.did)},
        {"prf": [CID.of(b"a")]},
        {"exp": NOW},
        {"meta": {"a": 1}},
        {"cause": CID.of(b"a")},
        {"iat": NOW},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_task_does_not_depend_on_the_rest(changed: dict[str, Any]) -> None:
    task = Invocation.decode(invocation(**USUAL)).task
    assert Invocation.decode(invocation(**USUAL, **changed)).task == task


def test_a_task_does_not_depend_on_who_asks_and_in_which_version() -> None:
    task = Invocation.decode(invocation(**USUAL)).task
    assert Invocation.decode(invocation(CAROL, **USUAL)).task == task
    other = seal(CAROL, "ucan/inv@1.0.0", invocation_payload(CAROL, **USUAL))
    assert Invocation.decode(other).task == task
    assert Invocation.decode(other).cid != Invocation.decode(invocation(**USUAL)).cid


@pytest.mark.parametrize(
    "changed",
    [
        {"sub": str(ALICE.did)},
        {"cmd": "/a"},
        {"args": {}},
        {"args": {"n": 1.0, "l": [CID.of(b"")]}},
        {"args": {"n": True, "l": [CID.of(b"")]}},
        {"nonce": b""},
        {"nonce": N + b"\0"},
    ],
    ids=repr,
)
def test_a_task_depends_on_each_of_the_four(changed: dict[str, Any]) -> None:
    assert Invocation.decode(invocation(**(USUAL | changed))).task != Invocation.decode(invocation(**USUAL)).task


def test_a_task_is_named_by_the_bytes_that_came() -> None:
    """Not by a second encoding: what was received is what is spliced in, wherever it stood."""
    token = Invocation.decode(invocation(**USUAL, aud=str(SERVICE.did), meta={"args": {}, "nonce": b"x", "cmd": "/x"}))
    spliced = b"\xa4" + b"".join(cbor(key) + token.envelope.raw(key) for key in ("cmd", "sub", "args", "nonce"))
    assert token.task == CID.of(spliced)
    assert spliced == cbor(Pairs(*((key, USUAL[key]) for key in ("cmd", "sub", "args", "nonce"))))


def test_what_is_read_is_never_deeper_than_what_can_be_written() -> None:
    def nested(levels: int) -> Any:
        value: Any = 1
        for _ in range(levels):
            value = [value]
        return {"a": value}

    deepest = next(levels for levels in range(64, 0, -1) if _written(nested(levels)) is not None)
    token = _written(nested(deepest))
    assert token is not None
    assert Invocation.decode(bytes(token)) == token
    # One level more, put into the bytes by hand: neither is it read.
    inner = b"\x81" * deepest + b"\x01"
    deeper = bytes(token).replace(inner, b"\x81" + inner)
    with pytest.raises(TokenError, match="nested"):
        Invocation.decode(deeper)


def _written(arguments: dict[str, Any]) -> Invocation | None:
    try:
        return Invocation.issue(
            ALICE, subject=ALICE.did, command=CommandPath("/a"), arguments=arguments, expiration=None, nonce=b""
        )
    except (DagCborError, TokenError):
        return None
