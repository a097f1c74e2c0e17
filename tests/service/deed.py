"""A deed: one good invocation of a command, as `deeds.py` has them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from forge.keys import Signer
from tests.service.scene import Scene

How = dict[str, Any]
"""Who asks, about whom, with what proofs: as `Scene.receipt` takes it."""


@dataclass(frozen=True, kw_only=True)
class Deed:
    """A command that would succeed now."""

    arguments: dict[str, Any]
    by: dict[str, How]
    """Each role that the command serves, and who has it."""
    missing: Callable[[], dict[str, Any]] = dict
    """The arguments that name something else, which is not there."""
    receiver: str | None = None
    """The argument that names who receives, and signs: a stranger names itself there."""
    appends: tuple[str, ...] = ()
    """The events of it."""
    again: str = "ok"
    """What a new task for the same comes to."""


Build = Callable[[Scene], Awaitable[Deed]]


class _Deeds(dict[str, Build]):
    """The rows, by the commands' paths."""

    def __missing__(self, path: str) -> Build:
        raise AssertionError(f"{path} has no row yet: add one to tests/service/deeds.py")


DEEDS: Final = _Deeds()


def deed(path: str) -> Callable[[Build], Build]:
    """Enter a row."""

    def enter(build: Build) -> Build:
        assert path not in DEEDS
        DEEDS[path] = build
        return build

    return enter


def about(name: str) -> Callable[[], dict[str, Any]]:
    """Name somebody whom nobody knows in the argument `name`."""
    return lambda: {name: Signer.generate()}


def nowhere() -> dict[str, Any]:
    """Name a subscription that is not there."""
    return {"subscription": "bafyreinothing"}


def service(scene: Scene) -> dict[str, How]:
    """Give the service its role."""
    return {"service": {"by": scene.service}}
