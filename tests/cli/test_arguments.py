from __future__ import annotations

from typing import Annotated, Literal, Optional

import pytest
from pydantic import Field

from forge.binding import Arguments
from forge.cid import CID
from forge.cli.arguments import read_arguments
from forge.cli.exits import UsageError
from forge.dagcbor import Value
from forge.did import DID
from forge.model import Implied, UnixTime

TASK = CID.of(b"x")
AT = 1_800_000_000
Time = Annotated[int, Field(ge=0), UnixTime()]


class Example(Arguments):
    """Every kind of field."""

    who: DID
    note: str | None = None
    old_style: Optional[str] = None  # noqa: UP045 - both ways of writing it
    state: Literal["on", "off"] = "on"
    count: int = 0
    share: float | None = None
    active: bool = False
    data: bytes = b""
    link: CID | None = None
    either: int | str = 0
    details: dict[str, str] = Field(default_factory=dict)
    people: Annotated[list[DID], Field(max_length=9, default_factory=list)]
    links: list[CID] | None = None
    short: list[Annotated[str, Field(max_length=3)]] = Field(default_factory=list)
    numbers: list[int] = Field(default_factory=list)
    anything: list = Field(default_factory=list)  # type: ignore[type-arg]
    begins: Time = 0
    ends: Annotated[Time | None, Field(alias="endsAt")] = None
    times: list[Time] | None = None


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (["who=did:web:x"], {"who": "did:web:x"}),
        (["note=3"], {"note": "3"}),
        (["note="], {"note": ""}),
        (["note=a=b"], {"note": "a=b"}),
        (['note={"a":1}'], {"note": '{"a":1}'}),
        (["note=null"], {"note": None}),
        (["note=Null"], {"note": "Null"}),
        (["who=null"], {"who": "null"}),
        (["share=null"], {"share": None}),
        (["link=null"], {"link": None}),
        (["links=null"], {"links": None}),
        (["people=null"], {"people": ["null"]}),
        (["oldStyle=true"], {"oldStyle": "true"}),
        (["state=on"], {"state": "on"}),
        (["count=3"], {"count": 3}),
        (["share=0.5"], {"share": 0.5}),
        (["active=true"], {"active": True}),
        (['data={"/":{"bytes":"eHk"}}'], {"data": b"xy"}),
        ([f"link={TASK}"], {"link": TASK}),
        ([f'link={{"/":"{TASK}"}}'], {"link": TASK}),
        (["either=3"], {"either": 3}),
        (["either=three"], {"either": "three"}),
        (['details={"a":"b"}'], {"details": {"a": "b"}}),
        (["people=did:web:x"], {"people": ["did:web:x"]}),
        (["people=did:web:x", "people=did:web:y"], {"people": ["did:web:x", "did:web:y"]}),
        (['people=["did:web:x"]'], {"people": ["did:web:x"]}),
        (["people=[]"], {"people": []}),
        ([f"links={TASK}"], {"links": [TASK]}),
        (["numbers=1", "numbers=2"], {"numbers": [1, 2]}),
        (["short=1", "short=2"], {"short": ["1", "2"]}),
        (["anything=1"], {"anything": ["1"]}),
        (["begins=30d"], {"begins": AT + 2_592_000}),
        (["begins=1700000000"], {"begins": 1_700_000_000}),
        (["begins=2027-01-15T08:00:00Z"], {"begins": AT}),
        (["endsAt=1h"], {"endsAt": AT + 3600}),
        (["endsAt=null"], {"endsAt": None}),
        (["endsAt=never"], {"endsAt": None}),
        (["times=1h", "times=7"], {"times": [AT + 3600, 7]}),
        (["note=a", "count=1"], {"note": "a", "count": 1}),
    ],
)
def test_the_model_decides(pairs: list[str], expected: dict[str, Value]) -> None:
    assert read_arguments(pairs, None, Example, at=AT) == expected


def test_pairs_count_more_than_the_map() -> None:
    assert read_arguments(["count=1"], '{"count":2,"note":"n"}', Example, at=AT) == {"count": 1, "note": "n"}


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [(["a=1"], {"a": 1}), (["a=x"], {"a": "x"}), (["a=did:web:x"], {"a": "did:web:x"}), (['a="1"'], {"a": "1"})],
)
def test_without_a_model_a_value_is_json_or_else_text(pairs: list[str], expected: dict[str, Value]) -> None:
    assert read_arguments(pairs, None, None, at=AT) == expected
    assert read_arguments(pairs, None, Example, at=AT, unchecked=True) == expected


@pytest.mark.parametrize(
    ("pairs", "text", "said"),
    [
        (["nope"], None, "^nope: expected key=value"),
        (["=x"], None, "^=x: expected key=value"),
        (["other=1"], None, "^other: the command takes no such argument; it takes: who, note, oldStyle"),
        (["old_style=1"], None, "^old_style: "),
        (["note=a", "note=b"], None, "^note: given 2 times, and it is not a list"),
        (["count=three"], None, "^count: expected a whole number, not 'three'$"),
        (["count="], None, "^count: expected a whole number, not ''$"),
        ([f"count={'x' * 99}"], None, f"^count: expected a whole number, not '{'x' * 40}'$"),
        (["share=half"], None, "^share: not JSON"),
        (["who=@example.com"], None, "^who: not an e-mail address: '@example.com'"),
        (["people=did:web:x", "people=a@"], None, "^people: not an e-mail address"),
        (["details=x"], None, "^details: not JSON"),
        (["people=[1"], None, "^people: not JSON"),
        (["numbers=x"], None, "^numbers: expected a whole number, not 'x'"),
        (["count=30d"], None, "^count: expected a whole number, not '30d'"),
        (["begins=soon"], None, "^begins: 'soon' is not a time: expected RFC 3339"),
        (["begins=never"], None, "^begins: 'never' is not a time"),
        (["begins=null"], None, "^begins: 'null' is not a time"),
        (["times=never", "times=1h"], None, "^times: 'never' is not a time"),
        (["link=x"], None, "^link: not a CID"),
        ([], "{", "^--args: not JSON"),
        ([], "[]", "^--args: expected a map"),
    ],
)
def test_what_cannot_be_read_is_named(pairs: list[str], text: str | None, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_arguments(pairs, text, Example, at=AT)


PARTIES = {"self": DID("did:web:me"), "service": DID("did:web:it")}


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (["who=gina@example.com"], {"who": "did:mailto:example.com:gina"}),
        (["who=self"], {"who": "did:web:me"}),
        (["who=service"], {"who": "did:web:it"}),
        (["who=did:web:x"], {"who": "did:web:x"}),
        (["who=did:web:a@b"], {"who": "did:web:a@b"}),
        (["who=gina"], {"who": "gina"}),
        (["people=self", "people=a@b", "people=did:web:x"], {"people": ["did:web:me", "did:mailto:b:a", "did:web:x"]}),
        (["note=self"], {"note": "self"}),
        (["note=gina@example.com"], {"note": "gina@example.com"}),
        (["either=service"], {"either": "service"}),
    ],
)
def test_a_did_may_be_an_address_or_a_party(pairs: list[str], expected: dict[str, Value]) -> None:
    assert read_arguments(pairs, None, Example, at=AT, parties=PARTIES) == expected


class Requiring(Arguments):
    """What the wire requires, and a person need not say."""

    details: Annotated[dict[str, str], Implied({})]
    note: str


def test_what_is_implied_is_said_unless_it_is_to_be_as_it_was_said() -> None:
    assert read_arguments(["note=n"], None, Requiring, at=AT) == {"details": {}, "note": "n"}
    assert read_arguments(['details={"a":"b"}'], None, Requiring, at=AT) == {"details": {"a": "b"}}
    assert read_arguments([], '{"details":{"a":"b"}}', Requiring, at=AT) == {"details": {"a": "b"}}
    assert read_arguments(["note=n"], None, Requiring, at=AT, unchecked=True) == {"note": "n"}


def test_a_command_without_arguments_says_so() -> None:
    with pytest.raises(UsageError, match="it takes: none"):
        read_arguments(["a=1"], None, Arguments, at=AT)
