"""What fuzzing has found so far, every time; and that its targets can fail."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from typing import Any, Final

import pytest

from forge import container, dagcbor, document, material
from forge.container import Encoding
from forge.dagcbor import Value
from forge.errors import ContainerError, MatchError
from forge.policy import Budget, compound, segment, statement
from tests.core.principals import ALICE
from tests.fuzz import corpus
from tests.fuzz.laws import document as document_laws
from tests.fuzz.targets import TARGETS

AT_LEAST: Final = {"container": 1000, "document": 1000, "policy": 1000, "selector": 1000, "token": 1000}
ALL: Final = 6000
MAX_BYTES: Final = 2 * 1024 * 1024


def test_no_target_is_forgotten() -> None:
    assert AT_LEAST.keys() == TARGETS.keys()
    assert {path.stem for path in corpus.FOLDER.glob("*.cbor")} == TARGETS.keys()


@pytest.mark.parametrize("target", TARGETS)
def test_everything_found_so_far(target: str) -> None:
    inputs = corpus.load(target)
    assert len(inputs) >= AT_LEAST[target]
    for data in inputs:
        try:
            TARGETS[target](data)
        except Exception as finding:
            finding.add_note(f"{target}: {data.hex()}")
            raise


def test_nothing_found_is_lost() -> None:
    assert sum(len(corpus.load(target)) for target in TARGETS) >= ALL


@pytest.mark.parametrize("target", TARGETS)
def test_a_corpus_has_one_form(target: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, inputs = corpus.path(target).read_bytes(), corpus.load(target)
    assert len(kept) <= MAX_BYTES
    assert max(map(len, inputs)) <= corpus.MAX_LENGTH
    monkeypatch.setattr(corpus, "FOLDER", tmp_path)
    assert corpus.save(target, [*reversed(inputs), inputs[0]]) == len(inputs)
    assert corpus.path(target).read_bytes() == kept


# -- readers that are broken on purpose

Patch = Callable[[pytest.MonkeyPatch], None]


def long_heads(patch: pytest.MonkeyPatch) -> None:
    """Numbers in more bytes than they need."""
    patch.setattr(dagcbor, "_ARGUMENT", {code: (width, 0) for code, (width, _) in dagcbor._ARGUMENT.items()})


def another_error(patch: pytest.MonkeyPatch) -> None:
    """A refusal that is not the declared one."""

    def read(data: bytes, start: int, information: int) -> tuple[Value, int]:
        del data, information
        raise KeyError(start)

    patch.setattr(dagcbor, "_simple", read)


def more_behind_the_end(patch: pytest.MonkeyPatch) -> None:
    """A container with bytes after its end."""
    entries = container._entries

    def lenient(data: bytes) -> list[bytes]:
        try:
            return entries(data)
        except ContainerError as error:
            if "after its end" not in str(error):
                raise
            return []

    patch.setattr(container, "_entries", lenient)


def each_entry_twice(patch: pytest.MonkeyPatch) -> None:
    entries = container._entries
    patch.setattr(container, "_entries", lambda data: entries(data) * 2)


def stray_bits(patch: pytest.MonkeyPatch) -> None:
    """Base64 as Python reads it."""

    def lenient(encoding: Encoding, body: bytes) -> bytes:
        del encoding
        return b64decode(body + b"=" * (-len(body) % 4), altchars=b"-_")

    patch.setattr(container, "_base64", lenient)


def any_signature(patch: pytest.MonkeyPatch) -> None:
    """Signatures that are believed."""
    patch.setattr("forge.keys.Ed25519PublicKey.verify", lambda self, message, signature: True)  # noqa: ARG005


def any_proof(patch: pytest.MonkeyPatch) -> None:
    """Proofs for whatever command."""
    patch.setattr("forge.command.CommandPath.covers", lambda self, other: True)  # noqa: ARG005


def unknown_fields(patch: pytest.MonkeyPatch) -> None:
    """Fields that are not understood."""
    patch.setattr("forge.envelope.Fields.finish", lambda self: None)  # noqa: ARG005


def another_name(patch: pytest.MonkeyPatch) -> None:
    """Arguments as Go writes them, hashed as we would write them."""
    patch.setattr(dagcbor, "encode_as_read", dagcbor.encode)


def neither_order(patch: pytest.MonkeyPatch) -> None:
    """Maps that stay as they came, in a dict like any other."""
    patch.setattr(dagcbor, "AsWritten", dict)


def true_is_one(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("forge.policy.value._same", lambda left, right: left == right)


def not_of_an_empty_budget(patch: pytest.MonkeyPatch) -> None:
    """A `not` that makes a success of a budget that is used up."""
    check = compound.Not.check

    def lenient(self: compound.Not, value: Value, budget: Budget) -> statement.Mismatch | None:
        try:
            return check(self, value, budget)
        except MatchError:
            return None

    patch.setattr(compound.Not, "check", lenient)


def unpaid(patch: pytest.MonkeyPatch) -> None:
    """Work beyond the budget."""

    def spend(self: Budget, steps: int = 1) -> None:
        self._left -= steps

    patch.setattr(Budget, "spend", spend)


def off_by_one(patch: pytest.MonkeyPatch) -> None:
    """An index that wraps around."""

    def find(self: segment.Index, value: Value, budget: Budget) -> Value | segment.Nothing:
        del budget
        return value[self.at % len(value)] if isinstance(value, list) and value else segment.NOTHING

    patch.setattr(segment.Index, "find", find)


def any_order(patch: pytest.MonkeyPatch) -> None:
    """The values of a map in the order of their keys' characters."""
    patch.setattr(segment, "_order", lambda key: (0, key.encode()))


def endless(patch: pytest.MonkeyPatch) -> None:
    """Methods that serve for good."""
    patch.setattr(document, "_time", lambda method, name: None)  # noqa: ARG005


def endorsed_for_all(patch: pytest.MonkeyPatch) -> None:
    """Relationships that are not looked at."""
    patch.setattr(document, "_endorsed", lambda document, relationship, did: None)  # noqa: ARG005


def another_key(patch: pytest.MonkeyPatch) -> None:
    """A key that is not the one that stands there."""
    coordinate = material._coordinate
    patch.setattr(material, "_coordinate", lambda value, name: coordinate(value, "x"))  # noqa: ARG005
    patch.setattr(material, "public_key", lambda tagged: ALICE.key.public)  # noqa: ARG005


def whose_document_it_is(patch: pytest.MonkeyPatch) -> None:
    """Documents of anybody."""
    read = document.methods_of
    patch.setattr(
        document_laws, "methods_of", lambda value, did: read(value | {"id": did} if isinstance(value, dict) else value, did)
    )


BROKEN: Final[list[tuple[str, Patch]]] = [
    ("container", more_behind_the_end),
    ("container", each_entry_twice),
    ("container", stray_bits),
    ("container", any_signature),
    ("container", any_proof),
    ("container", another_error),
    ("document", another_key),
    ("document", endless),
    ("document", endorsed_for_all),
    ("document", whose_document_it_is),
    ("policy", long_heads),
    ("policy", true_is_one),
    ("policy", not_of_an_empty_budget),
    ("selector", unpaid),
    ("selector", off_by_one),
    ("selector", any_order),
    ("token", long_heads),
    ("token", another_name),
    ("token", neither_order),
    ("token", any_signature),
    ("token", unknown_fields),
    ("token", another_error),
]


def test_every_target_is_seen_to_fail() -> None:
    assert {target for target, _ in BROKEN} == TARGETS.keys()


@pytest.mark.parametrize(
    ("target", "broken"), [pytest.param(target, broken, id=f"{target} {broken.__name__}") for target, broken in BROKEN]
)
def test_a_broken_reader_is_found(target: str, broken: Patch, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = corpus.load(target)
    broken(monkeypatch)
    # The longest heads begin with the highest bytes, and are last.
    assert any(fails(target, data) for data in reversed(inputs))


def fails(target: str, data: bytes) -> bool:
    try:
        TARGETS[target](data)
    except Exception:  # noqa: BLE001 - whatever it raises is a finding
        return True
    return False
