"""The stories of `examples/`, each as a person plays it: a process that starts a service, and checks what comes of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import unmeasured
from tests.generate import ROOT
from tests.store.conftest import ENGINES

EXAMPLES = ROOT / "examples"
STAGE = "stage"

# What a person wants to see of each, in this order.
SAID = {
    "forge_network": [
        'refused: MatchError: invocation arguments do not satisfy capability policy: [0] ["like",".externalAccount","f1:*"]',
        "f1:7f3c is customer Acme, externalAccount f1:7f3c",
        "assigned space mail; space backups, moved space photos",
        "refused: InvalidClaim: invocation bafyrei",
        'refused: ReceiverDidNotSign: "/subscription/transfer" takes both wills',
        "Bolt holds «the project» with 2 spaces",
        "2027-02-01 Acme through «the project»",
        "2027-03-15 Bolt through «the project»",
        'refused: ConsumerNotFound: consumer "space photos" not found',
        "2027-02-28  subscription-transferred «the project»  (signed by Bolt)",
    ],
    "marketplace": [
        "the basket is paid for by gina@example.com and entitled: yes until 2027-03-07",
        'refused: InvalidAudience: invocation "bafyrei',
        "moved 1",
        'refused: CustomerLinked: customer "gina@example.com" cannot be linked',
        "the basket is paid for by Gina and entitled: yes until 2027-03-07",
        "her browser sees «the box» of Gina",
        "state active, endsAt 2027-04-07",
        "2027-02-10 gina@example.com entitled yes",
        "2027-03-15 Gina entitled yes",
        "2027-02-20  customer-linked          Gina  (signed by Gina)",
    ],
    "membership": [
        "Mia: pending, entitled no, until never",
        "paid inv-1: state active, endsAt 2027-03-07",
        "refused: SubscriptionActive: ",
        "active until 2027-03-31 granted by Ada, the administrator because he spoke at the winter meeting",
        "Mia: past_due, entitled yes, until 2027-03-07",
        "Mia: active, entitled yes, until 2027-04-07",
        "Mia: expired, entitled no, until 2027-04-07",
        "refunded inv-4: state expired",
        "2027-05-01 Carl active member: yes",
        "2027-07-01 Carl expired member: no",
        "2027-03-03  subscription-extended    «Carl's membership»  (signed by Ada, the administrator)",
    ],
    "telephony": [
        "Tess is billed to customer the main account, externalAccount stripe:cus_1",
        "refused: Expired: proof ",
        "refused: Revoked: Proof ",
        "customer Tess, subscriptions 1, consumers 1, since 2027-01-31",
        "customer Nora, subscriptions 1, consumers 1, since 2027-02-28",
        "Nora has the payer the main account",
        '/customer/get CustomerNotFound: customer "…" not found',
        '/consumer/get ConsumerNotFound: consumer "…" not found',
        "the lines are suspended; suspended",
        "2027-03-28  payer-removed            Nora  (signed by Nora)",
        "10 March: the main account now: Nora",
    ],
    "ticketing": [
        "refused: SubscriptionActive: ",
        "assigned Ann; Ben, moved nothing",
        'refused: SubscriptionNotFound: subscription "«three seats»" not found',
        "refused: InvalidClaim: ",
        "refused: ImpossibleAttenuation: cannot attenuate capability from command /subscription/assign",
        "Ann seat 1 until 2028-01-31 entitled yes",
        "Ben seat 2 until 2028-01-31 entitled no",
        "Cleo in «three seats» until 2028-01-31",
        "Dora in «three seats» until 2028-03-31",
        "refused: SeatsExhausted: ",
        "refused: SeatLapsed: ",
        "on the list: accepted no state pending entitled no",
        "a follower: accepted 2027-05-31 state pending entitled no",
        "a subscriber: accepted 2027-05-31 state active entitled yes",
        "2027-01-31  consumer-accepted        Ann  (signed by Ann)",
    ],
}


def play(path: Path, folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in unmeasured.environment().items() if not name.startswith("FORGE_")}
    environment |= variables
    command = [sys.executable, str(path), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", SAID)
def test_a_story(name: str, engine: str, tmp_path: Path) -> None:
    # Without anything said, a story makes its own.
    where = {} if engine == "sqlite" else {"STORE": ENGINES[engine](tmp_path)}
    done = play(EXAMPLES / f"{name}.py", tmp_path, **where)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    place = 0
    for said in SAID[name]:
        place = done.stdout.find(said, place)
        assert place >= 0, f"not there, or not in its place: {said}\n{done.stdout}"
    assert done.stdout.endswith("\nEverything came out as it had to.\n")
    assert "did:key:" not in done.stdout, "everybody has a name"
    assert not list(tmp_path.iterdir()), "it leaves nothing behind"


# What was expected to be refused and was not, what was refused otherwise, and what came out wrong.
WRONG = """
import sys
sys.path.insert(0, sys.argv[1])
from commands.debug.clock import clock
from forge import Failure
from forge.errors import Expired, InvalidSubject
from stage import play

async def story(stage):
    try:
        with stage.refused(Failure):
            await stage.ask(clock, stage.service)
    except AssertionError as error:
        print("noticed:", error)
    try:
        with stage.refused(Expired):
            await stage.ask(clock, stage.person("Eve"))
    except InvalidSubject as failure:
        print("noticed:", failure.name)
    assert stage.today == 1, "the end"

play(story, begin=0)
"""


def test_a_story_that_goes_wrong_fails(tmp_path: Path) -> None:
    story = tmp_path / "wrong.py"
    story.write_text(WRONG)
    done = play(story, tmp_path, str(EXAMPLES))
    assert done.returncode == 1
    assert "noticed: this was not refused: expected Failure" in done.stdout
    assert "noticed: InvalidSubject" in done.stdout
    assert done.stderr.endswith("AssertionError: the end\n")
    assert "Everything came out" not in done.stdout


def test_every_story_is_played_and_linked() -> None:
    stories = {path.stem for path in EXAMPLES.glob("*.py")} - {STAGE}
    assert stories == SAID.keys()
    readme = (ROOT / "README.md").read_text()
    for name in stories:
        assert f"](examples/{name}.py)" in readme, name
