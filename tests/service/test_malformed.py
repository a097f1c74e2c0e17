"""Arguments that do not fit, over HTTP: those of every command are bent, one at a time, as its model says they must not be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from commands import CATALOG
from forge.binding import Route
from forge.cid import CID
from forge.container import Container
from forge.keys import Signer
from forge.model import MAX_PROBLEMS
from tests.service.deeds import DEEDS
from tests.service.scene import Scene, wire

pytestmark = pytest.mark.asyncio(loop_scope="module")

LINK = CID.of(b"\xf6")
# Those that the table of deeds has not.
OTHERS: dict[str, dict[str, Any]] = {
    "/debug/clock": {"now": 0},
    "/debug/echo": {"message": ""},
    "/ucan/conclude": {"receipt": LINK},
    "/ucan/revoke": {"path": [LINK], "revoke": LINK},
}
# A value of every type that goes on the wire, under the name that JSON Schema has for it.
TYPES: list[tuple[str, object]] = [
    ("null", None),
    ("boolean", True),
    ("number", 1.0),
    ("number", float(2**53)),
    ("string", "somebody"),
    ("bytes", b"did:web:example.com"),
    ("object", {}),
    ("array", [[]]),
    ("link", LINK),
]
# Text that is a column of its own: not every database takes a NUL there.
PLAIN = {"name", "reason", "reference", "subscription"}
NO_DIDS = [
    "",
    "did:",
    "did:web:",
    "DID:web:example.com",
    "did:Web:x",
    " did:web:x",
    "did:key:z0OIl",
    "did:key:z6Mk#z6Mk",
    "did:web:" + "x" * 2048,
]


def malformed(schema: dict[str, Any]) -> Iterator[object]:
    """Give values that do not fit what a schema says of one key."""
    choices = schema.get("anyOf", [schema])
    types = {"link" if "/" in one.get("properties", {}) else one["type"] for one in choices}
    yield from (value for kind, value in TYPES if kind not in types)
    for one in choices:
        yield from _scalars(one)
        if one["type"] == "array":
            yield from _arrays(one)
        if "propertyNames" in one:
            yield from ({"key": bad} for bad in malformed(one["additionalProperties"]))
            yield {"k" * (one["propertyNames"]["maxLength"] + 1): ""}
            yield {str(number): "" for number in range(one["maxProperties"] + 1)}


def _scalars(one: dict[str, Any]) -> Iterator[object]:
    if one.get("format") == "did":
        yield from NO_DIDS
    if "pattern" in one or "enum" in one:
        yield "somebody"
    if "minLength" in one:
        yield ""
    if "maxLength" in one:
        yield "x" * (one["maxLength"] + 1)
    if one["type"] == "integer":
        yield from (one["minimum"] - 1, -(2**63))
        yield from (one.get("maximum", 2**63 - 1) + 1, 2**64 - 1)


def _arrays(one: dict[str, Any]) -> Iterator[object]:
    yield from ([bad] for bad in malformed(one["items"]))
    if "minItems" in one:
        yield []
    if "format" in one["items"]:
        yield [f"did:web:{number}.example.com" for number in range(one["maxItems"] + 1)]


def bent(route: Route[Any, Any], arguments: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Bend one thing in the arguments of a command; say what the message must say then."""
    schema = route.command.arguments.model_json_schema(by_alias=True)
    for key in schema.get("required", []):
        yield {one: value for one, value in arguments.items() if one != key}, f"args.{key}: missing"
    names = set(route.command.arguments.model_fields) - schema["properties"].keys()
    for key in ("extra", "", "Customer", "args", "שלום", *names):
        yield {**arguments, key: None}, f"args.{key}: unknown key"
    for key, one in schema["properties"].items():
        yield from (({**arguments, key: value}, f"args.{key}") for value in malformed(one))
        if key in PLAIN:
            yield {**arguments, key: "a\0b"}, f"args.{key}: expected text without U+0000"


async def well_formed(scene: Scene, path: str) -> dict[str, Any]:
    if path in OTHERS:
        return OTHERS[path]
    assert path in DEEDS, f"add a row to tests/service/deeds.py for {path}; below /debug and /ucan, to OTHERS here"
    return dict(wire((await DEEDS[path](scene)).arguments))


@pytest.mark.parametrize("route", list(CATALOG), ids=lambda route: route.command.path)
async def test_the_message_names_the_key(scene: Scene, route: Route[Any, Any]) -> None:
    path, by = str(route.command.path), Signer.generate()
    arguments = await well_formed(scene, path)
    (straight,) = await scene.world.send(scene.world.invocation(path, arguments, by=by))
    assert straight.error_name != "MalformedArguments", straight.error_message
    asked = [(scene.world.invocation(path, wrong, by=by), wrong, said) for wrong, said in bent(route, arguments)]
    count = await scene.last_event()
    answer = await scene.world.client.send(Container.of([invocation for invocation, _, _ in asked]))
    for invocation, wrong, said in asked:
        receipt = answer.receipts[invocation.task]
        assert receipt.error_name == "MalformedArguments", (wrong, receipt.ok, receipt.error)
        assert str(receipt.error_message).startswith(f"malformed arguments: {said}"), (wrong, receipt.error_message)
    assert await scene.last_event() == count


@pytest.mark.parametrize("count", [MAX_PROBLEMS, MAX_PROBLEMS + 1, 10_000])
async def test_of_many_the_first_few_are_named(scene: Scene, count: int) -> None:
    arguments = {f"key{number}": None for number in range(count)}
    name, message = await scene.refusal("/plan/list", by=Signer.generate(), **arguments)
    assert name == "MalformedArguments"
    assert message.count(": unknown key") == MAX_PROBLEMS
    assert message.endswith(f"and {count - MAX_PROBLEMS} more") == (count > MAX_PROBLEMS)
