"""Every failure that a command declares, provoked over HTTP."""

from __future__ import annotations

import pytest

from commands import CATALOG
from forge.command import CommandPath
from tests.service.provoked import ROWS, UNREACHABLE
from tests.service.scene import Scene

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_table_has_every_one() -> None:
    served = CATALOG.without(CommandPath("/ucan")).without(CommandPath("/debug"))
    declared = {(str(route.command.path), failure.__name__) for route in served for failure in route.command.failures}
    assert ROWS.keys() | UNREACHABLE == declared
    assert not ROWS.keys() & UNREACHABLE


@pytest.mark.parametrize(("path", "failure"), list(ROWS))
async def test_is_answered_and_changes_nothing(scene: Scene, path: str, failure: str) -> None:
    asked = await ROWS[path, failure](scene)
    assert await scene.untold(path, **asked) == failure
    name, message = await scene.refusal(path, **asked)
    assert (name, bool(message)) == (failure, True)
