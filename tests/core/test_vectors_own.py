"""The project's own vectors, in tests/vectors: what a clone has of the wire by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from forge import dagcbor, dagjson, envelope, errors
from forge.cid import CID
from forge.command import CommandPath
from forge.container import Container, Token, decode_token
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import DIDKeyResolutionError, Failure
from forge.invocation import Invocation
from forge.keys import PublicKey
from forge.method import attested_methods, did_key_methods
from forge.policy import Policy
from forge.receipt import Receipt
from forge.verify import Facts, issuers, verify
from tests.vectors import generate, parts


def load(name: str) -> Any:
    return json.loads((generate.FOLDER / name).read_bytes())


TOKENS: Final = load("tokens.json")["tokens"]
REFUSED: Final = load("refused.json")
CONTAINERS: Final = load("containers.json")
VERIFIED: Final = load("verified.json")
KINDS: Final = {"delegation": Delegation, "invocation": Invocation, "receipt": Receipt}


def by_name(cases: list[dict[str, Any]]) -> pytest.MarkDecorator:
    # The names of refusals are told apart by what they are read as, too.
    return pytest.mark.parametrize(
        "case", [pytest.param(one, id=f"{one.get('as', '')} {one['name']}".strip()) for one in cases]
    )


@pytest.mark.parametrize("name", generate.files())
def test_the_files_are_what_the_generator_makes(name: str) -> None:
    assert (generate.FOLDER / name).read_text() == generate.files()[name], "run `python -m tests.vectors.generate`"


def test_names_are_used_once() -> None:
    for cases in (TOKENS, REFUSED, CONTAINERS, VERIFIED):
        names = [(case["name"], case.get("as")) for case in cases]
        assert len(set(names)) == len(names)
    assert len(REFUSED) >= 60


# -- tokens

SIGNERS: Final = parts.signers()


def optional_map(value: Any) -> Any:
    return None if value is None else dict(value)


def issue(kind: str, payload: dict[str, Any]) -> Token:
    """Make a token of what it means, with the functions that a service and a client use."""
    issuer = SIGNERS[DID(payload["iss"])]
    if kind == "delegation":
        return Delegation.issue(
            issuer,
            audience=DID(payload["aud"]),
            subject=None if payload["sub"] is None else DID(payload["sub"]),
            command=CommandPath(payload["cmd"]),
            policy=Policy.decode(payload["pol"]),
            expiration=payload["exp"],
            not_before=payload.get("nbf"),
            nonce=payload["nonce"],
            meta=payload.get("meta"),
        )
    if kind == "receipt" and "iat" in payload:
        out = payload["args"]["out"]
        failed = out.get("error")
        return Receipt.issue(
            issuer,
            ran=payload["args"]["ran"],
            out=getattr(errors, failed["name"])(failed["message"]) if failed else out["ok"],
            issued_at=payload["iat"],
            expiration=payload["exp"],
            nonce=payload["nonce"],
        )
    invocation = Invocation.issue(
        issuer,
        subject=DID(payload["sub"]),
        command=CommandPath(payload["cmd"]),
        arguments=payload["args"],
        expiration=payload["exp"],
        audience=DID(payload["aud"]) if "aud" in payload else None,
        proofs=payload["prf"],
        nonce=payload["nonce"],
        issued_at=payload.get("iat"),
        cause=payload.get("cause"),
        meta=payload.get("meta"),
    )
    return Receipt.of(invocation) if kind == "receipt" else invocation


def meaning(case: dict[str, Any]) -> dict[str, Any]:
    payload = dagjson.decode(json.dumps(case["means"]))
    assert isinstance(payload, dict)
    return payload


@by_name(TOKENS)
def test_a_token_is_read_as_what_it_means(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    token = decode_token(data)
    assert type(token) is KINDS[case["kind"]]
    assert bytes(token) == data
    assert str(token.cid) == case["cid"]
    opened = token.assertion.envelope if isinstance(token, Receipt) else token.envelope
    assert opened.tag == case["tag"]
    assert dagcbor.encode(opened.payload) == dagcbor.encode(meaning(case))
    (method,) = did_key_methods(DID(meaning(case)["iss"]))
    assert isinstance(method.key, PublicKey)
    assert method.key.verify(opened.signed, opened.signature)


@by_name([case for case in TOKENS if case["tag"].endswith(envelope.VERSIONS[0])])
def test_a_token_is_made_from_what_it_means(case: dict[str, Any]) -> None:
    token = issue(case["kind"], meaning(case))
    assert bytes(token).hex() == case["hex"]


@by_name([case for case in TOKENS if "task" in case])
def test_a_task(case: dict[str, Any]) -> None:
    invocation = Invocation.decode(bytes.fromhex(case["hex"]))
    assert str(invocation.task) == case["task"]
    made = dagcbor.encode(
        {"cmd": invocation.command, "sub": invocation.subject, "args": invocation.arguments, "nonce": invocation.nonce}
    )
    assert str(CID.of(made)) == case["task"]


def test_an_invocation_for_somebody_else_says_so() -> None:
    (case,) = [case for case in TOKENS if case["name"] == "invocation, foreign audience"]
    assert Invocation.decode(bytes.fromhex(case["hex"])).executor == parts.WEB


# -- what is refused

READERS: Final[dict[str, Callable[[bytes], object]]] = {
    "token": decode_token,
    "delegation": Delegation.decode,
    "invocation": Invocation.decode,
    "receipt": Receipt.decode,
    "cbor": Container.from_cbor,
    "text": Container.decode,
}


@by_name(REFUSED)
def test_what_is_refused(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    with pytest.raises(getattr(errors, case["error"])) as caught:
        READERS[case["as"]](data)
    assert type(caught.value).__name__ == case["error"]
    assert str(caught.value).startswith(case["says"])


@by_name([case for case in REFUSED if case["as"] in {"delegation", "invocation", "token"}])
def test_what_is_refused_is_left_aside_in_a_container(case: dict[str, Any]) -> None:
    container = Container.from_cbor(dagcbor.encode({"ctn-v1": [bytes.fromhex(case["hex"])]}))
    assert container.tokens == ()
    (reason,) = container.undecodable
    assert reason.startswith("ctn-v1[0]: ")


# -- containers


@by_name(CONTAINERS)
def test_a_container(case: dict[str, Any]) -> None:
    container = READERS[case["as"]](bytes.fromhex(case["hex"]))
    assert isinstance(container, Container)
    found = [{"cid": str(token.cid), "kind": type(token).__name__.lower()} for token in container.tokens]
    assert found == case["tokens"]
    assert len(container.undecodable) == case["undecodable"]


# -- verification


def outcome(case: dict[str, Any], leeway: int) -> Failure | None:
    container = Container.from_cbor(bytes.fromhex(case["hex"]))
    invocation = container.invocations[0]
    # Where the case names an authority, it attests what a did:mailto signs.
    authority = DID(case["authority"]) if "authority" in case else None
    keys: dict[DID, Any] = {}
    for did in issuers(invocation, container.delegations):
        try:
            if did.method == "mailto" and authority is not None:
                keys[did] = attested_methods(did, authority, did_key_methods(authority))
            else:
                keys[did] = did_key_methods(did)
        except errors.DecodeError as error:
            keys[did] = DIDKeyResolutionError(f'unable to resolve "{did}" key: {error}')
    try:
        verify(invocation, container.delegations, Facts(case["time"], keys), leeway=leeway)
    except Failure as failure:
        return failure
    return None


@by_name(VERIFIED)
def test_a_request(case: dict[str, Any]) -> None:
    failure = outcome(case, case["leeway"])
    assert (failure.name if failure else None) == case["error"]
    if failure:
        assert case["says"]
        assert case["says"] in failure.message


@by_name([case for case in VERIFIED if case["name"].endswith(" now")])
def test_leeway_forgives_what_is_just_now(case: dict[str, Any]) -> None:
    assert outcome(case, 1) is None
