"""The peer in Go reads what ucantone itself has signed: the golden tokens, which lie beside a checkout and not in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.core import shared
from tests.core.principals import ALICE, MAILTO_DID, SECP, SERVICE, N
from tests.interop.peer import Peer, party, peer

shared.require_vectors()

GOLDEN: Final = shared.read("golden-tokens.json")
TOKENS: Final = {"D1": "delegation", "D2": "delegation", "D3": "delegation", "D4": "delegation", "D5": "delegation"} | {
    "I1": "invocation",
    "I2": "invocation",
    "R1": "receipt",
    "R2": "receipt",
}


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with peer(tmp_path_factory.mktemp("go")) as made:
        yield made


@pytest.mark.parametrize("name", TOKENS)
def test_a_golden_token_is_read_and_verified(go: Peer, name: str) -> None:
    data = GOLDEN[name]["hex"]
    found = go.do("read", container=packed(data), wrapped=False)
    assert found["same"]
    (token,) = found["tokens"]
    assert (token["kind"], token["cid"], token["token"]) == (TOKENS[name], GOLDEN[name]["cid"], data)
    if name in ("I1", "I2"):
        assert token["task"] == GOLDEN[f"{name}task"]["cid"]
    assert go.do("verify", token=data, keys={"authority": SERVICE.did})["verdict"] == "ok"


def packed(token: str) -> str:
    """Put a token into a container by hand."""
    data = bytes.fromhex(token)
    head = b"\x58" + bytes((len(data),)) if len(data) < 256 else b"\x59" + len(data).to_bytes(2, "big")
    return (b"\xa1\x66ctn-v1\x81" + head + data).hex()


@pytest.mark.parametrize(
    ("name", "by", "command", "subject"),
    [("D1", party(ALICE), "/msg/send", ALICE.did), ("D5", party(SECP), "/msg/send", SECP.did)],
)
def test_the_peer_signs_the_same(go: Peer, name: str, by: dict[str, Any], command: str, subject: str) -> None:
    audience = "did:key:z6MkffDZCkCTWreg8868fG1FGFogcJj5X6PY93pPcWDn9bob"
    how: dict[str, Any] = {"policy": [], "expires": None, "nonce": N.hex()}
    made = go.do("delegate", by=by, audience=audience, subject=subject, command=command, **how)
    assert made["token"] == GOLDEN[name]["hex"]


def test_the_peer_attests_the_same(go: Peer) -> None:
    by = {"did": MAILTO_DID, "authority": party(SERVICE)}
    how: dict[str, Any] = {"policy": [], "expires": None, "nonce": N.hex()}
    made = go.do("delegate", by=by, audience=ALICE.did, subject=MAILTO_DID, command="/", **how)
    assert made["token"] == GOLDEN["D4"]["hex"]
