"""`/test/do`: does what a test asks for.

The second paragraph is part of what the command says about itself.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import pytest
from pydantic import Field, ValidationError

from forge import errors
from forge.binding import (
    ANYONE,
    Arguments,
    Command,
    Effect,
    Nothing,
    Result,
    Role,
    Task,
    UndeclaredFailure,
    failure_of,
    to_wire,
)
from forge.binding import (
    SERVICE as THE_SERVICE,
)
from forge.catalog import Catalog
from forge.cid import CID
from forge.command import CommandPath
from forge.did import DID
from forge.errors import CommandError, Failure, InvalidSubject, MalformedArguments, TokenError
from forge.model import MAX_PROBLEM_CHARACTERS, MAX_PROBLEMS
from forge.model import problems as describe_problems
from forge.policy import Policy
from forge.receipt import Receipt
from forge.verify import verify
from tests.core.principals import ALICE, BOB, CAROL, NOW, SERVICE, N
from tests.core.tokens import by_cid, facts, receipt

LINK: Final = CID.of(b"\xf6")


class Inner(Arguments):
    unit_price: int


class DoArguments(Arguments):
    customer: DID
    external_account: str
    amount: int = 1
    ratio: float = 0.5
    ok: bool = True
    data: bytes = b""
    proof: CID = LINK
    tags: list[str] = Field(default_factory=list)
    inner: Inner | None = None


class DoResult(Result):
    done_at: int
    note_text: str | None = None


class NotToday(Failure):
    """A declared failure that makes its message from parts."""

    def __init__(self, day: str, hour: int) -> None:
        super().__init__(f"not on {day} at {hour}")


DO: Final = Command("/test/do", DoArguments, DoResult, effect=Effect.CHANGES, subjects=(THE_SERVICE,), failures=(NotToday,))
GOOD: Final[dict[str, Any]] = {"customer": str(ALICE.did), "externalAccount": "f1:1"}


def problems(arguments: dict[str, Any]) -> list[str]:
    with pytest.raises(MalformedArguments) as caught:
        DO.parse(arguments)
    start, text = "malformed arguments: ", caught.value.message
    assert text.startswith(start)
    return text.removeprefix(start).split("; ")


# -- arguments


def test_arguments_that_are_good() -> None:
    parsed = DO.parse(GOOD)
    assert parsed == DoArguments(customer=ALICE.did, external_account="f1:1")
    assert isinstance(parsed.customer, DID)
    everything = GOOD | {
        "amount": 1 << 70,
        "ratio": 1.5,
        "ok": False,
        "data": b"\xff",
        "proof": CID.of(b""),
        "tags": ["a", ""],
        "inner": {"unitPrice": 3},
    }
    assert to_wire(DO.parse(everything)) == everything


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"external_account": "x"}, ["args.external_account: unknown key"]),
        (
            {"externalAccount": ..., "external_account": "x"},
            ["args.externalAccount: missing", "args.external_account: unknown key"],
        ),
        ({"ExternalAccount": "x"}, ["args.ExternalAccount: unknown key"]),
        ({"inner": {"unit_price": 3}}, ["args.inner.unitPrice: missing", "args.inner.unit_price: unknown key"]),
        ({"inner": {"unitPrice": "3"}}, ["args.inner.unitPrice: Input should be a valid integer, found text"]),
        ({"extra": 1}, ["args.extra: unknown key"]),
        ({"customer": ...}, ["args.customer: missing"]),
        ({"customer": None}, ["args.customer: Input should be a valid string, found null"]),
        ({"customer": "alice"}, ["args.customer: not a DID: 'alice'"]),
        ({"customer": 1}, ["args.customer: Input should be a valid string, found an integer"]),
        ({"externalAccount": None}, ["args.externalAccount: Input should be a valid string, found null"]),
        ({"externalAccount": b"f1"}, ["args.externalAccount: Input should be a valid string, found bytes"]),
        ({"externalAccount": {}}, ["args.externalAccount: Input should be a valid string, found a map"]),
        ({"amount": 1.0}, ["args.amount: Input should be a valid integer, found a float"]),
        ({"amount": True}, ["args.amount: Input should be a valid integer, found a boolean"]),
        ({"amount": "1"}, ["args.amount: Input should be a valid integer, found text"]),
        ({"ok": 1}, ["args.ok: Input should be a valid boolean, found an integer"]),
        ({"data": "x"}, ["args.data: Input should be a valid bytes, found text"]),
        ({"proof": str(LINK)}, ["args.proof: Input should be a link, found text"]),
        ({"tags": "x"}, ["args.tags: Input should be a valid list, found text"]),
        ({"tags": ["a", LINK]}, ["args.tags[1]: Input should be a valid string, found a link"]),
        (
            {"tags": ["a", 1, [], "b"]},
            [
                "args.tags[1]: Input should be a valid string, found an integer",
                "args.tags[2]: Input should be a valid string, found an array",
            ],
        ),
        ({"inner": []}, ["args.inner: Input should be a valid dictionary or instance of Inner, found an array"]),
    ],
    ids=str,
)
def test_arguments_that_are_not(changed: dict[str, Any], expected: list[str]) -> None:
    """Each message names the key as it is on the wire, what was expected, and what was found."""
    assert problems({key: value for key, value in (GOOD | changed).items() if value is not ...}) == expected


class Picky(Arguments):
    state: Literal["on", "off"] = "on"
    amount: Annotated[int, Field(ge=1)] = 1
    name: Annotated[str, Field(max_length=3)] = ""
    pin: Annotated[str, Field(pattern="^[0-9]*$")] = ""


WORDS: Final = "args.state: Input should be 'on' or 'off'"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"state": "an"}, f"{WORDS}, found 'an'"),
        ({"state": ""}, f"{WORDS}, found ''"),
        ({"state": "x" * 40}, f"{WORDS}, found '{'x' * 40}'"),
        # What is long or cannot be printed was not meant as one of the words: it may be anything, a secret too.
        ({"state": "x" * 41}, WORDS),
        ({"state": "a\x1bb"}, WORDS),
        ({"state": 1}, f"{WORDS}, found an integer"),
        ({"state": None}, f"{WORDS}, found null"),
        ({"amount": 0}, "args.amount: Input should be greater than or equal to 1"),
        ({"name": "secret"}, "args.name: String should have at most 3 characters"),
        ({"pin": "secret"}, "args.pin: String should match pattern '^[0-9]*$'"),
    ],
    ids=str,
)
def test_a_value_is_shown_where_a_word_was_expected_and_nowhere_else(given: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Picky.model_validate(given)
    assert describe_problems(caught.value, "args") == expected


def test_an_integer_is_a_good_float() -> None:
    assert DO.parse(GOOD | {"ratio": 2}).ratio == 2.0


def test_no_more_problems_than_the_limit_are_named() -> None:
    found = problems(GOOD | {f"extra{number}": number for number in range(MAX_PROBLEMS + 3)})
    assert MAX_PROBLEMS == 8
    assert len(found) == MAX_PROBLEMS + 1
    assert found[-1] == "and 3 more"
    assert problems(GOOD | {f"extra{number}": number for number in range(MAX_PROBLEMS)})[-1] == "args.extra7: unknown key"


def test_any_of_very_many_unknown_keys_are_named() -> None:
    """A model would describe each of them, and nothing else is looked at."""
    arguments = {f"extra{number}": number for number in range(50_000)}
    found = problems(arguments)
    assert len(found) == MAX_PROBLEMS + 1
    assert found[-1] == f"and {50_000 - MAX_PROBLEMS} more"
    assert {one.removeprefix("args.").removesuffix(": unknown key") for one in found[:-1]} <= arguments.keys()
    (*named, _) = problems({"x" * 5000 + str(number): 1 for number in range(20)})
    assert set(named) == {"args." + "x" * MAX_PROBLEM_CHARACTERS + ": unknown key"}


def test_very_many_wrong_values_are_counted() -> None:
    found = problems(GOOD | {"tags": list(range(1000))})
    assert len(found) == MAX_PROBLEMS + 1
    assert found[-1] == f"and {1000 - MAX_PROBLEMS} more"


def test_a_long_problem_is_cut() -> None:
    (found,) = problems(GOOD | {"x" * 5000: 1})
    assert found == ("args." + "x" * 5000)[:MAX_PROBLEM_CHARACTERS] + ": unknown key"
    (found,) = problems(GOOD | {"inner": {"unitPrice": 1, "x" * 5000: 1}})
    assert found == ("args.inner." + "x" * 5000)[:MAX_PROBLEM_CHARACTERS] + ": unknown key"
    (found,) = problems(GOOD | {"customer": "did:x:" + "\\" * 2000})
    assert len(found) < 2 * MAX_PROBLEM_CHARACTERS + 10


def test_a_value_is_never_told() -> None:
    """But for a DID's, whose own message shows the beginning of what is none."""
    for secret in ("swordfish", b"swordfish", ["swordfish"], {"swordfish": 1}):
        for key in ("amount", "ok", "proof", "inner"):
            with pytest.raises(MalformedArguments) as caught:
                DO.parse(GOOD | {key: secret})
            if not isinstance(secret, dict):
                assert "swordfish" not in caught.value.message
            assert caught.value.__cause__ is None


def test_arguments_are_frozen_and_made_by_either_name() -> None:
    made = DoArguments(customer=ALICE.did, external_account="x")
    assert made == DoArguments.model_validate({"customer": ALICE.did, "externalAccount": "x"})
    with pytest.raises(ValidationError):
        made.amount = 2  # type: ignore[misc]
    with pytest.raises(ValidationError):
        DoArguments.model_validate({"customer": ALICE.did, "external_account": "x", "other": 1})


def test_what_goes_on_the_wire() -> None:
    assert to_wire(DoArguments(customer=ALICE.did, external_account="x")) == {
        "customer": str(ALICE.did),
        "externalAccount": "x",
        "amount": 1,
        "ratio": 0.5,
        "ok": True,
        "data": b"",
        "proof": LINK,
        "tags": [],
    }
    assert to_wire(DoResult(done_at=1)) == {"doneAt": 1}
    assert to_wire(DoResult(done_at=1, note_text="")) == {"doneAt": 1, "noteText": ""}
    assert to_wire(Nothing()) == {}


# -- invoking and delegating


def test_a_command_is_invoked_and_delegated() -> None:
    arguments = DoArguments(customer=ALICE.did, external_account="x", amount=3)
    root = DO.delegate(
        SERVICE,
        audience=BOB.did,
        subject=SERVICE.did,
        expiration=NOW + 1,
        policy=Policy.decode([["<", ".amount", 5]]),
        not_before=NOW - 1,
        nonce=N,
    )
    assert (root.command, root.issuer, root.audience, root.subject) == ("/test/do", SERVICE.did, BOB.did, SERVICE.did)
    assert (root.expiration, root.not_before, root.nonce) == (NOW + 1, NOW - 1, N)
    onward = DO.delegate(BOB, audience=CAROL.did, subject=None, expiration=None)
    assert onward.subject is None
    assert onward.policy == Policy.ANY
    asked = DO.invoke(
        CAROL,
        arguments,
        subject=SERVICE.did,
        expiration=NOW + 1,
        audience=SERVICE.did,
        proofs=[root, onward],
        nonce=b"",
    )
    assert asked.arguments == to_wire(arguments)
    assert (asked.command, asked.nonce, asked.audience) == ("/test/do", b"", SERVICE.did)
    assert asked.proofs == (root.cid, onward.cid)
    assert verify(asked, by_cid(root, onward), facts()).chain == (root, onward)
    assert DO.parse(asked.arguments) == arguments
    alone = DO.invoke(SERVICE, arguments, subject=SERVICE.did, expiration=None)
    assert (alone.proofs, alone.audience, len(alone.nonce)) == ((), None, 16)


# -- receipts


def receipt_of(out: object) -> Receipt:
    return Receipt.decode(receipt(SERVICE, {"out": out, "ran": LINK}))


def test_a_result_is_unpacked() -> None:
    assert DO.unpack(receipt_of({"ok": {"doneAt": 5}})) == DoResult(done_at=5)
    assert DO.unpack(receipt_of({"ok": {"doneAt": 5, "noteText": None}})) == DoResult(done_at=5)


@pytest.mark.parametrize(
    ("ok", "message"),
    [
        ({"done_at": 5}, "ok.doneAt: missing; ok.done_at: unknown key"),
        ({"doneAt": "5"}, "ok.doneAt: Input should be a valid integer, found text"),
        ({"doneAt": 5, "more": 1}, "ok.more: unknown key"),
        ({}, "ok.doneAt: missing"),
        ([], "ok: Input should be a valid dictionary or instance of DoResult, found an array"),
        (True, "ok: Input should be a valid dictionary or instance of DoResult, found a boolean"),
    ],
    ids=str,
)
def test_a_result_of_another_shape(ok: object, message: str) -> None:
    with pytest.raises(TokenError) as caught:
        DO.unpack(receipt_of({"ok": ok}))
    assert str(caught.value) == f"the result is not one of /test/do: {message}"


def test_a_declared_failure_is_raised_as_itself() -> None:
    """With the message that came, since its parts did not."""
    with pytest.raises(NotToday) as caught:
        DO.unpack(receipt_of({"error": {"name": "NotToday", "message": "not on Monday at 9"}}))
    assert type(caught.value) is NotToday
    assert caught.value.message == str(caught.value) == "not on Monday at 9"
    assert caught.value.name == "NotToday"


PROTOCOL: Final = [
    "InvalidSignature",
    "UnverifiableSignature",
    "Expired",
    "TooEarly",
    "UnavailableProof",
    "InvalidAudience",
    "InvalidSubject",
    "InvalidClaim",
    "ImpossibleAttenuation",
    "MatchError",
    "Revoked",
    "DIDKeyResolutionError",
    "HandlerNotFound",
    "MalformedArguments",
    "HandlerExecutionError",
]


@pytest.mark.parametrize("name", PROTOCOL)
def test_the_protocol_s_failures_are_raised_as_themselves(name: str) -> None:
    """Their names are permanent."""
    with pytest.raises(getattr(errors, name)) as caught:
        DO.unpack(receipt_of({"error": {"name": name, "message": "m"}}))
    assert type(caught.value).__name__ == caught.value.name == name
    assert caught.value.message == "m"


@pytest.mark.parametrize(
    ("error", "name", "message"),
    [
        ({"name": "SomethingElse", "message": "m"}, "SomethingElse", "m"),
        ({"name": "Failure", "message": "m"}, "Failure", "m"),
        ({"name": "TokenError", "message": "m"}, "TokenError", "m"),
        ({"name": "UndeclaredFailure", "message": "m"}, "UndeclaredFailure", "m"),
        ({"name": "notToday", "message": "m"}, "notToday", "m"),
        ({"message": "m"}, "UnknownError", "m"),
        ("text", "UnknownError", ""),
    ],
    ids=str,
)
def test_an_undeclared_failure_has_its_name(error: object, name: str, message: str) -> None:
    with pytest.raises(UndeclaredFailure) as caught:
        DO.unpack(receipt_of({"error": error}))
    assert (caught.value.name, caught.value.message, str(caught.value)) == (name, message, message)


def test_what_one_command_declares_is_undeclared_for_another() -> None:
    failed = receipt_of({"error": {"name": "NotToday", "message": "m"}})
    assert type(failure_of(failed)) is UndeclaredFailure
    assert failure_of(failed).name == "NotToday"
    assert type(failure_of(failed, [NotToday])) is NotToday


def test_a_declared_failure_goes_before_the_protocol_s_of_the_same_name() -> None:
    class Expired(Failure):
        pass

    failed = receipt_of({"error": {"name": "Expired", "message": "m"}})
    assert type(failure_of(failed, [Expired])) is Expired
    assert type(failure_of(failed)) is errors.Expired


# -- serving


def task(subject: DID = SERVICE.did, issuer: DID = ALICE.did) -> Task[DoArguments]:
    invocation = DO.invoke(ALICE, DO.parse(GOOD), subject=ALICE.did, expiration=None)
    return Task(LINK, DO.path, DO.parse(GOOD), subject, issuer, SERVICE.did, NOW, invocation)


def do(task: Task[DoArguments], tx: Any) -> DoResult:
    del tx
    return DoResult(done_at=task.at)


CUSTOMER: Final = Role("customer", lambda task, _: task.arguments.customer)
NOBODY: Final = Role("nobody", lambda *_: None)
OWNER: Final = Role("owner", lambda _, tx: tx.get("owner"))


@pytest.mark.parametrize(
    ("roles", "subject", "good"),
    [
        ((THE_SERVICE,), SERVICE.did, True),
        ((THE_SERVICE,), ALICE.did, False),
        ((CUSTOMER,), ALICE.did, True),
        ((CUSTOMER,), BOB.did, False),
        ((THE_SERVICE, CUSTOMER), ALICE.did, True),
        ((THE_SERVICE, CUSTOMER), SERVICE.did, True),
        ((THE_SERVICE, CUSTOMER), BOB.did, False),
        ((OWNER,), BOB.did, True),
        ((OWNER,), SERVICE.did, False),
        ((ANYONE,), CAROL.did, True),
        ((NOBODY,), SERVICE.did, False),
        ((), SERVICE.did, False),
    ],
    ids=lambda one: "+".join(role.name for role in one) if isinstance(one, tuple) else str(one)[-4:],
)
def test_whom_a_command_serves(roles: tuple[Role, ...], subject: DID, good: bool) -> None:  # noqa: FBT001 - a column
    command = Command("/test/do", DoArguments, DoResult, effect=Effect.READS, subjects=roles)
    route = command.route(do)
    if good:
        route.check_subject(task(subject), {"owner": BOB.did})
        return
    with pytest.raises(InvalidSubject) as caught:
        route.check_subject(task(subject), {"owner": BOB.did})
    names = " or ".join(role.name for role in roles)
    assert caught.value.message == f'"/test/do" does not serve the subject "{subject}": expected the {names}'


def test_a_refusal_of_the_command_s_own() -> None:
    """So that "not yours" and "not there" are the same words."""
    refused = Command(
        "/test/do",
        DoArguments,
        DoResult,
        effect=Effect.READS,
        subjects=(THE_SERVICE,),
        refusal=lambda task: NotToday(task.command, task.at),
    )
    with pytest.raises(NotToday, match=f"^not on /test/do at {NOW}$"):
        refused.route(do).check_subject(task(ALICE.did), None)
    refused.route(do).check_subject(task(), None)


def test_a_route_is_a_command_and_what_does_it() -> None:
    route = DO.route(do)
    assert (route.command, route.handle) == (DO, do)
    assert route.handle(task(), None) == DoResult(done_at=NOW)


def test_what_a_command_says_about_itself() -> None:
    assert repr(DO) == "Command('/test/do')"
    assert DO.summary == "does what a test asks for"
    assert DO.documentation == (__doc__ or "").strip()
    assert DO.documentation.endswith("says about itself.")


@pytest.mark.parametrize("path", ["test/do", "/Test", "/test/", "", "/a//b"])
def test_a_command_under_no_command_s_path(path: str) -> None:
    with pytest.raises(CommandError):
        Command(path, DoArguments, DoResult, effect=Effect.READS, subjects=())


# -- the catalog


def catalog(*paths: str) -> Catalog:
    return Catalog(*(Command(path, DoArguments, DoResult, effect=Effect.READS, subjects=()).route(do) for path in paths))


def paths(found: Catalog) -> list[str]:
    return [route.command.path for route in found]


def test_a_catalog_finds_exactly() -> None:
    found = catalog("/b", "/a/b", "/a")
    assert paths(found) == ["/a", "/a/b", "/b"]
    assert len(found) == 3
    route = found.get(CommandPath("/a"))
    assert route is not None
    assert route.command.path == "/a"
    assert CommandPath("/a/b") in found
    for path in ("/", "/a/b/c", "/c", "/ab"):
        assert found.get(CommandPath(path)) is None
        assert CommandPath(path) not in found


def test_without() -> None:
    found = catalog("/a", "/a/b", "/ab", "/b/a")
    assert paths(found.without(CommandPath("/a"))) == ["/ab", "/b/a"]
    assert paths(found.without(CommandPath("/"))) == []
    assert paths(found.without(CommandPath("/c"))) == paths(found)


def test_two_routes_for_one_command() -> None:
    with pytest.raises(ValueError, match=r"^two routes serve one command$"):
        catalog("/a", "/b", "/a")
