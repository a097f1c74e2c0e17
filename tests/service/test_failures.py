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
    missing, undeclared = declared - ROWS.keys() - UNREACHABLE, (ROWS.keys() | UNREACHABLE) - declared
    assert not missing, f"add a row to tests/service/provoked.py for {sorted(missing)}"
    assert not undeclared, f"tests/service/provoked.py has rows of what no command declares: {sorted(undeclared)}"
    assert not ROWS.keys() & UNREACHABLE, "what has a row in tests/service/provoked.py can be reached"


@pytest.mark.parametrize(("path", "failure"), list(ROWS))
async def test_is_answered_and_changes_nothing(scene: Scene, path: str, failure: str) -> None:
    asked = await ROWS[path, failure](scene)
    assert await scene.untold(path, **asked) == failure
    name, message = await scene.refusal(path, **asked)
    assert (name, bool(message)) == (failure, True)
