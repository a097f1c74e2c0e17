"""Vectors that others made: ucantone's selectors and the specification's policies."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from forge import dagjson
from forge.errors import MatchError
from forge.policy import Policy
from forge.policy.segment import NOTHING
from tests.policy.evaluation import identical, select

VECTORS: Final = Path(__file__).parents[2].parent / "shared" / "vectors"

if not VECTORS.is_dir():
    pytest.skip(f"the shared vectors are not at {VECTORS}", allow_module_level=True)


def _read(name: str) -> Any:
    return dagjson.decode((VECTORS / name).read_bytes())


SELECTORS: Final = [
    pytest.param(expectation, case, id=f"{expectation} {number} {case['name']}")
    for expectation, cases in _read("selector.json").items()
    for number, case in enumerate(cases)
]
POLICIES: Final = [
    pytest.param(expectation, policy, case["args"], id=f"{expectation} {number}.{part}")
    for expectation, cases in _read("ucan-spec/policy.json").items()
    for number, case in enumerate(cases)
    for part, policy in enumerate(case["policies"])
]


def test_no_vector_is_lost() -> None:
    assert len(SELECTORS) == 28
    assert len(POLICIES) == 25


@pytest.mark.parametrize(("expectation", "case"), SELECTORS)
def test_selector(expectation: str, case: dict[str, Any]) -> None:
    found = select(case["selector"], case["input"])
    match expectation:
        case "pass":
            assert found is not NOTHING
            assert identical(found, case["output"])
        case "null":
            assert found is None
        case "fail":
            assert found is NOTHING
        case _:
            pytest.fail(f"unknown expectation {expectation}")


@pytest.mark.parametrize(("expectation", "policy", "args"), POLICIES)
def test_policy(expectation: str, policy: Any, args: Any) -> None:
    decoded = Policy.decode(policy)
    if expectation == "valid":
        decoded.match(args)
    else:
        assert expectation == "invalid"
        with pytest.raises(MatchError, match=r"^invocation arguments do not satisfy capability policy: \[\d"):
            decoded.match(args)
