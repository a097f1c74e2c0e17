from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from commands import CATALOG
from forge.catalog import Catalog
from forge.cli.cast import ROLES, Cast
from forge.cli.exits import Unexpected
from forge.cli.keyfiles import read_key
from forge.cli.story import Story
from forge.client import Client
from forge.container import Container
from forge.dagcbor import Value
from forge.did import DID
from forge.errors import Failure, MatchError, Revoked
from forge.invocation import Invocation
from forge.receipt import Receipt
from tests.cli.conftest import Forge


def test_the_whole_story(forge: Forge) -> None:
    result = forge("demo")
    assert result.stderr == ""
    for said in [
        "1. The service lets the tenant add customers",
        "error       MatchError: ",
        'ok          {"assigned":[],"moved":["‹space 1›","‹space 2›"]}',
        'ok          {"providers":["‹service›"]}',
        "error       InvalidClaim: ",
        'error       CustomerNotFound: customer "‹customer›" not found',
        'error       CustomerNotFound: customer "‹tenant›" not found',
        "The service has ended. Everything came out as it had to.",
    ]:
        assert said in result.stdout
    assert "\x1b" not in result.stdout


def test_what_is_kept_can_be_played_with(forge: Forge, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    result = forge("demo", "--keep", folder)
    assert f"All of it is in {folder}." in result.stdout
    assert {path.name for path in folder.iterdir()} >= {"tenant.ucan", "service.log", "forge.db"}
    for role in ROLES:
        read_key(folder / f"{role.replace(' ', '-')}.pem")
    assert "1. delegation" in forge("inspect", folder / "tenant.ucan").stdout
    assert "keys are never overwritten" in forge("demo", "--keep", folder, status=2).stderr
    assert "--keep" in forge("demo", "--keep", "/dev/null/x", status=2).stderr


def test_as_a_process() -> None:
    done = subprocess.run([sys.executable, "-m", "forge", "demo"], check=False, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


class Liar(Client):
    """Gives receipts as it is told to, without a service."""

    def __init__(self, cast: Cast, results: Sequence[Value | Failure], repeat: Value = None, later: Value = None) -> None:
        super().__init__("http://127.0.0.1:9")
        self._cast = cast
        self._results = list(results)
        self._given: dict[str, Receipt] = {}
        self._repeat = repeat
        self._later = later

    def _receipt(self, invocation: Invocation, out: Value | Failure) -> Receipt:
        return Receipt.issue(self._cast["service"], ran=invocation.task, out=out, issued_at=0)

    async def execute(self, invocation: Invocation, proofs: object = ()) -> Receipt:
        del proofs
        known = self._given.get(str(invocation.task))
        if known is None:
            known = self._given[str(invocation.task)] = self._receipt(invocation, self._results.pop(0))
        return known

    async def send(self, request: Container) -> Container:
        (invocation,) = request.invocations
        known = self._given[str(invocation.task)]
        return Container.of(self._receipt(invocation, self._repeat) if self._repeat else known)

    async def receipt(self, task: object, *, executor: object = None) -> Receipt | None:
        del executor
        return None if self._later == "none" else self._given[str(task)]


class NotFound(Failure):
    """Somebody is not there."""


class CustomerNotFound(Failure):
    """A customer is not there."""


class InvalidClaim(Failure):
    """No authority."""


def right(cast: Cast) -> list[Value | Failure]:
    spaces: list[Value] = [cast.did("space 1"), cast.did("space 2")]
    return [
        {},
        MatchError("no"),
        {"id": "a"},
        {"id": "b"},
        {"id": "s"},
        {"assigned": [], "moved": spaces},
        {"customer": cast.did("customer"), "subscription": "s"},
        {"providers": [cast.did("service")]},
        InvalidClaim("no"),
        CustomerNotFound("nobody"),
        CustomerNotFound("nobody"),
        {},
        Revoked("no"),
    ]


async def play(cast: Cast, client: Client, catalog: Catalog = CATALOG) -> None:
    story = Story(client, catalog, cast)
    await story.play(story.delegation())


async def test_right_answers_are_right() -> None:
    cast = Cast()
    await play(cast, Liar(cast, right(cast)))


@pytest.mark.parametrize(
    ("position", "answer", "said"),
    [
        (0, {"more": 1}, "/customer/add: expected {}, and"),
        (0, MatchError("no"), "/customer/add: expected {}, and"),
        (1, {}, "/customer/add: expected MatchError, and"),
        (2, MatchError("no"), "/provider/add: expected a result, and"),
        (4, {}, "the result has no id"),
        (4, ["x"], "the result has no id"),
        (6, {"customer": "did:web:x", "subscription": "s"}, "/consumer/get does not name"),
        (6, {"customer": "", "subscription": "x"}, "/consumer/get does not name"),
        (8, NotFound("x"), "expected InvalidClaim"),
        (10, CustomerNotFound("suspended"), "the stranger can tell"),
        (11, NotFound("x"), "/ucan/revoke: expected {}, and"),
        (12, {}, "/customer/add: expected Revoked, and"),
    ],
)
async def test_wrong_answers_are_noticed(position: int, answer: Value | Failure, said: str) -> None:
    cast = Cast()
    results = right(cast)
    results[position] = answer
    with pytest.raises(Unexpected) as caught:
        await play(cast, Liar(cast, results))
    assert said in str(caught.value)


async def test_other_receipts_of_a_repeat_are_noticed() -> None:
    cast = Cast()
    for client in (Liar(cast, right(cast), repeat={"other": 1}), Liar(cast, right(cast), later="none")):
        with pytest.raises(Unexpected, match="byte for byte"):
            await play(cast, client)


async def test_a_catalogue_without_the_commands_is_noticed() -> None:
    cast = Cast()
    with pytest.raises(Unexpected, match="/customer/add is not in the catalogue"):
        await play(cast, Liar(cast, []), Catalog())


def test_names_stand_where_dids_are() -> None:
    cast = Cast()
    assert cast.readable({"a": [cast.did("tenant"), "did:web:x"]}) == '{"a":["‹tenant›","did:web:x"]}'
    assert json.loads(cast.readable({})) == {}
    assert isinstance(cast.did("space 1"), DID)
