"""Times in results: people see the date beside the number, scripts the number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from forge.cid import CID
from forge.cli.outcome import report
from forge.cli.times import date_beside
from forge.keys import Signer
from forge.model import Result
from forge.receipt import Receipt
from tests.cli.conftest import Forge, Party, Service
from tests.cli.listed import Time

PRODUCT = "did:web:starter.example.com"
AT = 1_798_434_520
SHOWN = "1798434520 (2026-12-28T05:08:40Z)"


class Inner(Result):
    """With a time."""

    since: Time
    count: int


class Outer(Result):
    """With times in every place."""

    ends_at: Time | None = None
    count: int = 0
    times: list[Time] = Field(default_factory=list)
    inner: Inner | None = None
    several: list[Inner] = Field(default_factory=list)
    by_name: dict[str, int] = Field(default_factory=dict)


class Page(Result):
    """A page."""

    results: list[Inner]
    cursor: str | None = None


def shown(capsys: pytest.CaptureFixture[str], ok: Any, model: type[Result] | None) -> str:
    """Give what is printed, from the result on."""
    report(Receipt.issue(Signer.generate(), ran=CID.of(b"x"), out=ok, issued_at=AT), as_json=False, model=model)
    out = capsys.readouterr().out
    return out[out.index("result") :]


def test_what_the_model_calls_a_time_has_its_date(capsys: pytest.CaptureFixture[str]) -> None:
    inner = {"since": AT, "count": AT}
    ok = {"endsAt": AT, "count": AT, "times": [AT], "inner": inner, "several": [inner], "byName": {"since": AT}, "other": AT}
    text = shown(capsys, ok, Outer)
    dated = {"since": SHOWN, "count": AT}
    assert json.loads(text[text.index("{") :]) == {
        "endsAt": SHOWN,
        "count": AT,
        "times": [SHOWN],
        "inner": dated,
        "several": [dated],
        "byName": {"since": AT},
        "other": AT,
    }


def test_a_page_has_its_dates(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, {"results": [{"since": AT, "count": AT}]}, Page)
    assert f"  since  {SHOWN}\n" in text
    assert f"  count  {AT}\n" in text


@pytest.mark.parametrize(
    "ok", [{"endsAt": "soon", "inner": [3], "several": {"since": "x"}}, {"endsAt": True}, [AT], AT, {"results": [AT]}], ids=str
)
@pytest.mark.parametrize("model", [Outer, Page])
def test_what_does_not_fit_stays_as_it_is(capsys: pytest.CaptureFixture[str], ok: Any, model: type[Result]) -> None:
    assert shown(capsys, ok, model) == shown(capsys, ok, None)


def test_from_a_service(forge: Forge, running: Service, alice: Party, tmp_path: Path) -> None:
    ours = [*running.at, *running.party.key]
    forge("customer", "add", "--customer", alice.did, "--product", PRODUCT, *ours)
    get = ["customer", "get", "--customer", "self", *running.at, *alice.key]
    number = json.loads(forge(*get, "--json").stdout)["ok"]["insertedAt"]
    dated = f'"insertedAt": "{date_beside(number)}"'
    assert isinstance(number, int)
    assert dated in forge(*get, "-o", tmp_path / "i").stdout
    assert dated in forge("send", tmp_path / "i", "--url", running.url).stdout
    assert dated in forge("invoke", "/customer/get", "customer=self", "--subject", "self", *running.at, *alice.key).stdout
    assert f" {date_beside(number)}\n" in forge("customer", "list", "--all", *ours).stdout
