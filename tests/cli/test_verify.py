from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from forge import dagcbor
from forge.attestation import AttestedSigner
from forge.command import CommandPath
from forge.container import Container
from forge.delegation import Delegation
from forge.did import DID
from forge.policy import Policy
from forge.receipt import Receipt
from tests.cli.conftest import Forge, Party, Service
from tests.cli.lent import ALICE, ASKED, AT, BOB, CAROL, LINK, NOW, ROOT, SERVICE, WHOLE, ask, lend, lines, text

ESCAPES: Final = "\x1b]0;owned\x07\x9b2m\u202e"


# -- for people


def test_an_invocation_that_is_accepted(forge: Forge) -> None:
    shown = lines(forge("verify", WHOLE, *NOW).stdout)
    assert shown[0] == "It is 2026-01-01T00:00:00Z, and 60 s of leeway are allowed. Revocations: not asked for."
    assert shown[2] == f"invocation {ASKED.cid} would be accepted"
    steps = [line.split()[:2] for line in shown[3:]]
    told = ["1", "2", "3", "4a", "4b", "4c", "4d", "4e", "4f", "4g", "4a", "4b", "4c", "4e", "4f", "4g", "5", "6", "6"]
    assert steps == [["✓", number] for number in told]
    assert f"✓ 4a proof 2 of 2 {LINK.cid} is signed by {BOB.did} with its key (P-256)" in shown
    assert f"✓ 4f proof 2 of 2 {LINK.cid} is issued by {BOB.did}, the audience of the proof before it" in shown
    assert not any(line.startswith("What to do") for line in shown)


def test_an_invocation_that_is_not(forge: Forge) -> None:
    asked = ask(CAROL, LINK, ROOT)
    shown = lines(forge("verify", text(asked, ROOT, LINK), *NOW, status=1).stdout)
    assert shown[2] == f"invocation {asked.cid} would not be accepted"
    step, error, advice = shown[-3:]
    assert step == f"✗ 4f proof 1 of 2 {LINK.cid} is issued by {BOB.did}, not by {ALICE.did}, the subject"
    assert error.startswith(f'InvalidAudience: delegation "{LINK.cid}" issuer is "{ALICE.did}" not "{BOB.did}" (proof 1 of 2):')
    assert advice.startswith("What to do: The proofs are listed in reverse, and it would be accepted the other way round: ")


def test_a_delegation_that_was_just_made(forge: Forge, alice: Party, bob: Party, tmp_path: Path) -> None:
    file = tmp_path / "bob.ucan"
    policy = '["like", ".externalAccount", "f1:*"]'
    made = ["--subject", "self", "--audience", bob.did, "--command", "/customer", "--policy", policy, "--expires", "30d"]
    forge("delegate", *alice.key, *made, "-o", file)
    shown = lines(forge("verify", file).stdout)
    assert shown[2].startswith("delegation ")
    assert shown[2].endswith(" would be accepted")
    assert shown[-5:-2] == [f"lets {bob.did}", "invoke /customer, and all that is below it", f"on {alice.did}"]
    assert shown[-2].startswith("expires 20")
    assert shown[-2].endswith("(in 30 days)")
    assert shown[-1] == 'where ["like",".externalAccount","f1:*"]'


def test_a_message_of_several_lines(forge: Forge) -> None:
    forged = Delegation.decode(bytes(ROOT)[:10] + bytes((bytes(ROOT)[10] ^ 1,)) + bytes(ROOT)[11:])
    shown = lines(forge("verify", text(forged), *NOW, status=1).stdout)
    assert f'InvalidSignature: proof "{forged.cid}" does not have a valid signature from "{ALICE.did}"' in shown
    assert f"- {ALICE.did}#{ALICE.did.identifier}: signature mismatch" in shown
    assert shown[-1].startswith("What to do: Its bytes were changed on the way,")


def test_a_receipt(forge: Forge) -> None:
    token = Receipt.issue(SERVICE, ran=ASKED.task, out={"done": True}, issued_at=AT)
    assert f"receipt {token.cid} would be accepted" in lines(forge("verify", text(token), *NOW).stdout)


# -- what it is given


@pytest.mark.parametrize("args", [["verify"], ["verify", "-"]])
@pytest.mark.parametrize("data", [Container.of(ASKED, ROOT, LINK).to_cbor(), WHOLE.encode(), WHOLE.encode().hex().encode()])
def test_from_standard_input(forge: Forge, args: list[str], data: bytes) -> None:
    assert f"invocation {ASKED.cid} would be accepted" in forge(*args, *NOW, input=data).stdout


def test_a_token_by_itself_and_proofs_besides(forge: Forge, tmp_path: Path) -> None:
    file, proofs = tmp_path / "asked.ucan", tmp_path / "proofs.ucan"
    file.write_bytes(bytes(ASKED))
    proofs.write_text(text(ROOT))
    assert "UnavailableProof" in forge("verify", file, *NOW, status=1).stdout
    forge("verify", file, *NOW, "--proof", proofs, "--proof", bytes(LINK).hex())
    # What is in the surroundings is not sent along.
    forge("verify", file, *NOW, status=1, env={"FORGE_PROOF": text(ROOT, LINK)})


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["nonsense"], "FILE: there is no file 'nonsense'"),
        ([text()], "FILE: a container with nothing in it"),
        ([WHOLE, "--at", "yesterday"], "--at: 'yesterday' is not a time"),
        ([WHOLE, "--leeway", "-1"], "--leeway"),
        ([WHOLE, "--audience", "bob"], "--audience: not a DID"),
        ([WHOLE, "--authority", "bob"], "--authority: not a DID"),
        ([WHOLE, "--authority", "did:mailto:example.com:bob"], "--authority: a did:mailto has no key"),
        ([WHOLE, "--url", "ftp://example.com"], "--url: expected http"),
        ([WHOLE, "--url", "http://127.0.0.1:1", "--offline"], "--url: --offline asks nobody"),
        ([WHOLE, "--plc", "plc.directory"], "--plc: expected http"),
        ([WHOLE, "--proof", text(ASKED)], "holds no delegation"),
    ],
)
def test_usage(forge: Forge, args: list[str], said: str) -> None:
    result = forge("verify", *args, status=2)
    assert result.stdout == ""
    assert said in result.stderr


def test_nothing_that_a_terminal_obeys_comes_out(forge: Forge) -> None:
    policy = Policy([["==", ".a", ESCAPES]])
    hostile = lend(command=CommandPath(f"/a{ESCAPES}"), policy=policy)
    asked = ask(BOB, hostile, command=CommandPath(f"/a{ESCAPES}/b"), arguments={"a": f"x{ESCAPES}"})
    broken = dagcbor.encode({"ctn-v1": [bytes(hostile), ESCAPES.encode()]})
    for given, status in ((text(asked, hostile), 1), (text(hostile), 0), (broken.hex(), 1)):
        for more in ([], ["--json"]):
            result = forge("verify", given, *NOW, *more, status=status)
            assert all(one.isprintable() or one == "\n" for one in result.output)


def test_a_flipped_bit_is_never_a_traceback(forge: Forge) -> None:
    data = Container.of(ASKED, ROOT, LINK).to_cbor()
    for position in range(20, len(data), 61):
        flipped = bytearray(data)
        flipped[position] ^= 1
        with suppress(AssertionError):
            forge("verify", flipped.hex(), *NOW, "--offline", status=1)
            continue
        forge("verify", flipped.hex(), *NOW, "--offline", status=2)


# -- the circumstances


@pytest.mark.parametrize(
    ("at", "leeway", "status"),
    [(AT + 9, 0, 0), (AT + 10, 0, 1), (AT + 69, 60, 0), (AT + 70, 60, 1), (AT + 70, 61, 0)],
)
def test_the_bound_to_the_second(forge: Forge, at: int, leeway: int, status: int) -> None:
    assert ("Expired" in forge("verify", text(ROOT), "--at", at, "--leeway", leeway, status=status).stdout) is bool(status)


def test_the_usual_leeway_is_the_server_s(forge: Forge) -> None:
    forge("verify", text(ROOT), "--at", AT + 69)
    shown = forge("verify", text(ROOT), "--at", "2026-01-01T00:01:10Z", status=1).stdout
    assert "Only the clock is off: it would be accepted until 2026-01-01T00:00:09Z" in shown
    assert "61 s too late; set the clock that is wrong (--leeway 61 would do here)" in shown


def test_now_is_now(forge: Forge, alice: Party, bob: Party) -> None:
    made = forge("delegate", *alice.key, "--subject", "self", "--audience", bob.did, "--command", "/a", "--expires", "1h")
    given = made.stdout.strip()
    forge("verify", given)
    forge("verify", given, "--at", "30m")
    assert "Expired" in forge("verify", given, "--at", "2h", status=1).stdout


@pytest.mark.parametrize("how", ["option", "variable"])
def test_whose_service_it_is_sent_to(forge: Forge, how: str) -> None:
    def run(audience: DID, status: int) -> str:
        args = ["--audience", audience] if how == "option" else []
        return str(forge("verify", WHOLE, *NOW, *args, status=status, env={"FORGE_AUDIENCE": audience}).stdout)

    assert f"✓ 0  invocation {ASKED.cid} is addressed to {SERVICE.did}, whose service it is sent to" in run(SERVICE.did, 0)
    shown = run(ALICE.did, 1)
    assert f'InvalidAudience: invalid audience: expected "{ALICE.did}", got "{SERVICE.did}"' in shown
    assert "another service than" in shown


@pytest.mark.parametrize("how", ["option", "variable"])
def test_a_did_mailto_needs_an_authority(forge: Forge, how: str) -> None:
    alice = AttestedSigner.of(SERVICE, DID("did:mailto:example.com:alice"))
    given = text(lend(alice, BOB, alice))
    shown = forge("verify", given, *NOW, status=1).stdout
    assert "DIDKeyResolutionError" in shown
    assert f"What to do: {alice.did} has no key, and what it signs is attested by {SERVICE.did}: give --authority" in shown
    args = ["--authority", SERVICE.did] if how == "option" else []
    shown = forge("verify", given, *NOW, *args, env={"FORGE_AUTHORITY": SERVICE.did}).stdout
    assert f"is signed by {alice.did} whose authority {SERVICE.did} attests it" in shown
    assert f"whoever is trusted here is {BOB.did}" in forge("verify", given, *NOW, "--authority", BOB.did, status=1).stdout


# -- for scripts


def test_json_of_what_is_accepted(forge: Forge) -> None:
    result = forge("verify", WHOLE, *NOW, "--json")
    assert result.stderr == ""
    said = json.loads(result.stdout)
    assert said.keys() == {"accepted", "steps", "verdicts", "at", "leeway", "revocations"}
    assert (said["accepted"], said["at"], said["leeway"]) == (True, "2026-01-01T00:00:00Z", 60)
    assert said["verdicts"] == [{"type": "invocation", "token": str(ASKED.cid), "accepted": True}]
    assert said["steps"][8] == {
        "step": "4f",
        "what": f"proof 1 of 2 {ROOT.cid} is issued by {ALICE.did}, the subject",
        "token": str(ROOT.cid),
        "of": str(ASKED.cid),
        "passed": True,
        "proof": 1,
        "expected": ALICE.did,
        "found": ALICE.did,
    }


def test_json_of_what_is_not(forge: Forge) -> None:
    said = json.loads(forge("verify", WHOLE, "--at", AT + 70, "--json", status=1).stdout)
    assert said["accepted"] is False
    assert said["error"] == {
        "name": "Expired",
        "message": f'proof "{ROOT.cid}" has expired on 2026-01-01T00:00:10Z (proof 1 of 2); it is 2026-01-01T00:01:10Z here,'
        " and 60 s of leeway are allowed",
    }
    assert said["advice"].startswith("Only the clock is off:")
    assert [step["passed"] for step in said["steps"]] == [True, True, True, True, False]
    last = said["steps"][-1]
    assert (last["step"], last["expiration"], last["now"], last["leeway"]) == (
        "4b",
        "2026-01-01T00:00:10Z",
        "2026-01-01T00:01:10Z",
        60,
    )


def test_json_of_delegations(forge: Forge) -> None:
    said = json.loads(forge("verify", text(ROOT, LINK), *NOW, "--json").stdout)
    assert said["verdicts"] == [
        {
            "type": "delegation",
            "token": str(LINK.cid),
            "accepted": True,
            "grants": {
                "audience": CAROL.did,
                "subject": ALICE.did,
                "command": "/customer/add",
                "notBefore": None,
                "expiration": AT + 10,
                "policy": [],
            },
        }
    ]


def test_json_of_several(forge: Forge) -> None:
    """At the top stands the whole: accepted if all are, the first error, everybody's steps."""
    bad, worse = ask(BOB, ROOT, expiration=AT - 100), ask(CAROL)
    data = dagcbor.encode({"ctn-v1": [bytes(one) for one in (ASKED, bad, worse, ROOT, LINK)] + [b"nothing"]})
    said = json.loads(forge("verify", data.hex(), *NOW, "--json", status=1).stdout)
    assert [(one["accepted"], one.get("error", {}).get("name")) for one in said["verdicts"]] == [
        (True, None),
        (False, "Expired"),
        (False, "InvalidClaim"),
        (False, "TokenError"),
    ]
    assert said["accepted"] is False
    assert said["error"] == said["verdicts"][1]["error"]
    assert said["advice"] == said["verdicts"][1]["advice"]
    of = list(dict.fromkeys(step["of"] for step in said["steps"]))
    assert of == [str(one.cid) for one in (ASKED, bad, worse)]
    assert said["verdicts"][-1]["error"]["message"].startswith("ctn-v1[5]: ")
    assert (said["verdicts"][-1]["type"], said["verdicts"][-1]["token"]) == ("unreadable", None)
    shown = lines(forge("verify", data.hex(), *NOW, status=1).stdout)
    assert [line.rpartition(" would ")[2] for line in shown if line.startswith("invocation ")] == [
        "be accepted",
        "not be accepted",
        "not be accepted",
    ]
    assert shown[-3] == "unreadable entry would not be accepted"
    assert shown[-2].startswith("TokenError: ctn-v1[5]: ")


# -- and a service says the same


def test_a_service_says_the_same(forge: Forge, running: Service, alice: Party, bob: Party, tmp_path: Path) -> None:
    proof, file = tmp_path / "proof.ucan", tmp_path / "asked.ucan"
    service = running.party
    lending = ["--subject", "self", "--audience", alice.did, "--command", "/customer/add", "-o", proof]
    forge("delegate", *service.key, *lending, "--policy", '["==", ".product", "did:web:a"]')
    given = ["customer=did:web:c", "product=did:web:b", "details={}", "--subject", "service", "--proof", proof, "--unchecked"]
    for party, name in ((alice, "MatchError"), (bob, "InvalidAudience")):
        forge("invoke", "/customer/add", *given, *party.key, "--audience", service.did, "-o", file)
        sent = json.loads(forge("send", file, "--url", running.url, "--json", status=1).stdout)
        said = json.loads(forge("verify", file, "--json", status=1).stdout)
        assert said["error"]["name"] == name
        assert json.dumps(said["error"]) in json.dumps(sent)
