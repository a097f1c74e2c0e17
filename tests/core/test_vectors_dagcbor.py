"""IPLD's blocks (ipld/codec-fixtures): the valid ones read and written, the invalid one refused."""

from __future__ import annotations

import json
from typing import Final

import pytest

from forge import dagcbor, dagjson
from forge.cid import CID
from forge.errors import DagCborError
from tests.core import shared
from tests.core.raw import cbor
from tests.core.values import identical

shared.require_vectors()

VALID: Final[dict[str, dict[str, str]]] = shared.read("dag-cbor/valid.json")["valid"]
INVALID: Final[list[dict[str, str]]] = shared.read("dag-cbor/invalid.json")["invalid"]


def test_no_block_is_lost() -> None:
    assert len(VALID) == 111
    assert len(INVALID) >= 1


@pytest.mark.parametrize("name", VALID)
def test_a_valid_block(name: str) -> None:
    case = VALID[name]
    data = bytes.fromhex(case["hex"])
    value = dagcbor.decode(data)
    assert dagcbor.encode(value) == data
    assert cbor(value) == data
    assert str(CID.of(data)) == case["cid"]

    spoken = dagjson.decode(case["dag_json"])
    assert identical(dagcbor.decode(dagcbor.encode(spoken)), value)
    assert dagcbor.encode(spoken) == data
    # Written as JSON it says the same, in the same order; how a float is spelled is each language's own.
    ours = dagjson.encode(value)
    assert json.loads(ours, object_pairs_hook=list) == json.loads(case["dag_json"], object_pairs_hook=list)
    assert dagcbor.encode(dagjson.decode(ours)) == data
    if "float" not in name:
        assert ours == case["dag_json"]


@pytest.mark.parametrize("case", INVALID, ids=lambda case: str(case["name"]))
def test_an_invalid_block(case: dict[str, str]) -> None:
    with pytest.raises(DagCborError, match=case["error"].replace('map key "foo"', "the key b'foo' occurs twice")):
        dagcbor.decode(bytes.fromhex(case["hex"]))
