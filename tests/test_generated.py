"""What is generated is what would be generated now."""

from __future__ import annotations

import json

import pytest

import forge
from commands import CATALOG
from forge.cli.schema import FOLDER, files
from tests.generate import BEGIN, END, README, SCHEMAS, readme


@pytest.mark.parametrize(
    ("path", "text"), list(files(CATALOG)), ids=lambda value: str(value) if not isinstance(value, str) else ""
)
def test_schema_of_each_command(path: object, text: str) -> None:
    assert (SCHEMAS / str(path)).read_text() == text, "run `make schemas`"


def test_no_schema_of_what_is_gone() -> None:
    wanted = {SCHEMAS / path for path, _ in files(CATALOG)}
    assert set((SCHEMAS / FOLDER).rglob("*.json")) == wanted, "run `make schemas`"


def test_table_of_the_readme() -> None:
    text = README.read_text()
    assert text.count(BEGIN) == text.count(END) == 1
    assert readme(text) == text, "run `make schemas`"
    assert "`/customer/add`" in text.partition(BEGIN)[2].partition(END)[0]


def test_schemas_describe_what_is_on_the_wire() -> None:
    schema = json.loads((SCHEMAS / FOLDER / "customer" / "add.json").read_text())
    assert schema["arguments"]["required"] == ["customer", "product", "details"]
    assert "externalAccount" in schema["arguments"]["properties"]
    assert schema["arguments"]["additionalProperties"] is False


def test_the_front_door_opens() -> None:
    assert forge.__all__ == sorted(forge.__all__, key=lambda name: (not name.isupper(), name))
    for name in forge.__all__:
        assert getattr(forge, name) is not None
    with pytest.raises(AttributeError):
        _ = forge.nothing_of_this_name
