"""ucantone's golden tokens, judged (protocol §14.3)."""

from __future__ import annotations

from typing import Any, Final

import pytest

from forge.container import Container, decode_token
from forge.did import DID
from forge.errors import DIDKeyResolutionError
from forge.method import attested_methods, did_key_methods
from forge.verdict import Verdict, judge, signers
from forge.verify import Facts, Keys
from tests.core import shared
from tests.core.judged import check
from tests.core.principals import ALICE, BOB, CAROL, MAILTO_DID, NOW, SERVICE

shared.require_vectors()

GOLDEN: Final[dict[str, dict[str, Any]]] = shared.read("golden-tokens.json")
MAILTO: Final = DID(MAILTO_DID)
ATTESTED: Final = attested_methods(MAILTO, SERVICE.did, did_key_methods(SERVICE.did))


def judge_golden(*names: str, mailto: Any = ATTESTED, now: int = NOW) -> list[Verdict]:
    container = Container.of([decode_token(bytes.fromhex(GOLDEN[name]["hex"])) for name in names])
    keys: Keys = {did: mailto if did == MAILTO else did_key_methods(did) for did in signers(container)}
    verdicts = list(judge(container, Facts(now, keys), authority=SERVICE.did))
    for verdict in verdicts:
        check(verdict)
    return verdicts


def test_the_chain_and_its_invocation() -> None:
    (verdict,) = judge_golden("I2", "D3", "D2", "D1")
    assert verdict.accepted
    assert str(verdict.token) == GOLDEN["I2"]["cid"]
    proofs = [str(account.token) for account in verdict.steps if account.step == "4f"]
    assert proofs == [GOLDEN[name]["cid"] for name in ("D1", "D3")]


def test_the_invocation_by_the_subject() -> None:
    (verdict,) = judge_golden("I1")
    assert [account.step for account in verdict.steps] == ["1", "2", "3", "5"]
    assert verdict.accepted


def test_the_invocation_without_its_proofs() -> None:
    (verdict,) = judge_golden("I2", "D1")
    assert verdict.error
    assert verdict.error.name == "UnavailableProof"
    assert verdict.advice == f"Add the delegation {GOLDEN['D3']['cid']}, to what is sent or here with --proof FILE."


def test_the_delegations_alone() -> None:
    verdicts = judge_golden("D1", "D3")
    assert [(one.accepted, one.grant and (one.grant.audience, one.grant.subject)) for one in verdicts] == [
        (True, (CAROL.did, ALICE.did))
    ]
    (verdict,) = judge_golden("D1")
    assert verdict.grant
    assert (verdict.grant.audience, verdict.grant.command) == (BOB.did, "/msg/send")


def test_the_attested_delegation() -> None:
    (verdict,) = judge_golden("D4")
    assert verdict.accepted
    assert verdict.steps[0].what.endswith(f"is signed by {MAILTO} whose authority {SERVICE.did} attests it")
    (verdict,) = judge_golden("D4", mailto=attested_methods(MAILTO, ALICE.did, did_key_methods(ALICE.did)))
    assert str(verdict.advice).startswith(f"It is attested by {SERVICE.did}, and whoever is trusted here is {ALICE.did}:")
    (verdict,) = judge_golden("D4", mailto=DIDKeyResolutionError("no resolver found for method: mailto"))
    assert verdict.error
    assert verdict.error.name == "DIDKeyResolutionError"


def test_the_secp256k1_delegation() -> None:
    (verdict,) = judge_golden("D5")
    assert verdict.accepted
    assert verdict.steps[0].details["algorithm"] == "secp256k1"


def test_the_absentee_delegation() -> None:
    (verdict,) = judge_golden("D6")
    assert verdict.error
    assert verdict.error.name == "UnverifiableSignature"
    assert str(verdict.advice).startswith("Nobody has signed it yet:")


@pytest.mark.parametrize("name", ["R1", "R2"])
def test_the_receipts(name: str) -> None:
    (verdict,) = judge_golden(name)
    assert (verdict.kind, verdict.accepted) == ("receipt", True)
