"""The vectors that a program in Go made: read byte for byte, and made again where there is Go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from forge.attestation import AttestedSigner
from forge.container import Container, Encoding
from forge.did import DID
from forge.document import describe, methods_of
from forge.keys import Signer, private_key
from tests.interop.peer import SOURCE, go
from tests.interop.reading import differences

VECTORS: Final = SOURCE.parents[1] / "vectors" / "go"


def vectors(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_bytes())
    assert found
    return found


def signer_of(told: dict[str, Any]) -> Signer:
    signer = Signer(private_key(told["key"]), DID(told["did"]) if told["did"] else None)
    return AttestedSigner.of(Signer(signer.key), signer.did) if told["attests"] else signer


TOKENS: Final = vectors("tokens")
CONTAINERS: Final = vectors("containers")
DOCUMENTS: Final = vectors("documents")


@pytest.mark.parametrize("told", TOKENS, ids=lambda told: told["name"])
def test_a_token(told: dict[str, Any]) -> None:
    assert list(differences(told, signer_of(told["by"]))) == []


@pytest.mark.parametrize("wrong", ["kind", "cid", "task", "means", "token", "by"])
@pytest.mark.parametrize("kind", ["invocation", "receipt"])
def test_a_difference_is_seen(kind: str, wrong: str) -> None:
    told, *_ = [one for one in TOKENS if one["kind"] == kind]
    other, *_ = [one for one in TOKENS if one["by"] != told["by"] and one["kind"] not in (kind, "delegation")]
    changed = told | {wrong: other[wrong]}
    assert list(differences(changed, signer_of(changed["by"])))


@pytest.mark.parametrize("told", CONTAINERS, ids=lambda told: f"{told['name']} {told['letter']}")
def test_a_container(told: dict[str, Any]) -> None:
    data = bytes.fromhex(told["hex"])
    found = Container.decode(data) if told["letter"] else Container.from_cbor(data)
    assert not found.undecodable
    assert [str(one.cid) for one in found.tokens] == told["tokens"]
    assert written(found, told["letter"]) == plain(data, told["letter"])


def written(container: Container, letter: str) -> bytes:
    return plain(container.encode(Encoding(letter)), letter) if letter else container.to_cbor()


def plain(data: bytes, letter: str) -> bytes:
    """Give the bytes; where they are zipped, which each library does in its own way, those that were."""
    return Container.decode(data).to_cbor() if letter in ("D", "E", "F") else data


@pytest.mark.parametrize("told", DOCUMENTS, ids=lambda told: told["document"]["id"])
def test_a_document(told: dict[str, Any]) -> None:
    signer = signer_of(told["by"])
    assert told["document"]["id"] == signer.did
    (method,) = methods_of(told["document"], signer.did)
    assert method.key == signer.key.public
    assert signer.key.public.text == told["key"]
    assert json.loads(json.dumps(describe(signer.did, signer.key.public))) == told["document"]


def test_they_are_made_again(tmp_path: Path) -> None:
    go("run", "./cmd/vectors", str(tmp_path))
    assert {one.name for one in tmp_path.iterdir()} == {one.name for one in VECTORS.iterdir()}
    for name in ("tokens", "documents"):
        assert json.loads((tmp_path / f"{name}.json").read_bytes()) == vectors(name)
    again = json.loads((tmp_path / "containers.json").read_bytes())
    assert [one | {"hex": ""} for one in again] == [one | {"hex": ""} for one in CONTAINERS]
    for one, other in zip(again, CONTAINERS, strict=True):
        assert plain(bytes.fromhex(one["hex"]), one["letter"]) == plain(bytes.fromhex(other["hex"]), other["letter"])
