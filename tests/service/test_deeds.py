"""Every command, over HTTP: who may ask, what strangers learn, what it appends, and what a repeat comes to."""

from __future__ import annotations

from typing import Any

import pytest

from commands import CATALOG
from forge.binding import Effect, Route, Task
from forge.command import CommandPath
from forge.keys import Signer
from store.transaction import Transaction
from tests.service.deed import Deed
from tests.service.deeds import DEEDS
from tests.service.scene import Scene, wire

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Commands about tokens are nobody's but the issuer's, and those for tests are the tests'.
DOMAIN = {str(route.command.path): route for route in CATALOG.without(CommandPath("/ucan")).without(CommandPath("/debug"))}
CHANGING = [path for path, route in DOMAIN.items() if route.command.effect is Effect.CHANGES]
ROLES = [(path, role) for path, route in DOMAIN.items() for role in sorted({role.name for role in route.command.subjects})]
# Whoever asks is told the same, or about itself.
OPEN = {"/plan/get", "/plan/list", "/space/info"}
# Every customer may, about itself: `test_spaces.py` has what it is told.
OF_CUSTOMERS = {"/provider/add", "/provider/list"}
REPEATED = [one for one in ROLES if one[0] in CHANGING]


class TestTable:
    async def test_has_every_command(self) -> None:
        missing, unserved = DOMAIN.keys() - DEEDS.keys(), DEEDS.keys() - DOMAIN.keys()
        assert not missing, f"add a row to tests/service/deeds.py for {sorted(missing)}"
        assert not unserved, (
            f"tests/service/deeds.py has rows of commands that are not in commands/__init__.py: {sorted(unserved)}"
        )

    async def test_has_every_role(self, scene: Scene) -> None:
        for path, route in DOMAIN.items():
            by = (await DEEDS[path](scene)).by.keys()
            roles = {role.name for role in route.command.subjects}
            assert by == roles, f"{path} in tests/service/deeds.py: its `by` names each of its roles, and no others"


class TestWhoMay:
    @pytest.mark.parametrize(("path", "role"), ROLES)
    async def test_each_role_and_every_change_has_its_events(self, scene: Scene, path: str, role: str) -> None:
        deed = await DEEDS[path](scene)
        told = await scene.told(path, **deed.by[role], **deed.arguments)
        appended = tuple(kind for kind, _ in told)
        assert appended == deed.appends, f"{path} in tests/service/deeds.py: its `appends` names the events, in their order"
        assert bool(deed.appends) == (path in CHANGING), "what changes something says so, and nothing else does"

    @pytest.mark.parametrize("path", [path for path in DOMAIN if path not in OPEN])
    async def test_strangers_cannot_tell_what_is_there(self, scene: Scene, path: str) -> None:
        deed, other = await DEEDS[path](scene), await scene.customer()
        for stranger in [Signer.generate()] if path in OF_CUSTOMERS else [Signer.generate(), other]:
            there, not_there = _asked(deed, stranger)
            refusal = await _refusal(scene, path, stranger, there)
            assert await _refusal(scene, path, stranger, not_there) == refusal
            if "service" in deed.by and refusal[0] not in {"InvalidSubject", "InvalidCustomerSubject"}:
                assert await _refusal(scene, path, scene.service, not_there) == refusal, "nor what it looks like if it is not"

    @pytest.mark.parametrize("path", [path for path in DOMAIN if path not in OPEN])
    async def test_nor_from_the_work_that_is_done(self, scene: Scene, path: str) -> None:
        deed, stranger = await DEEDS[path](scene), await scene.customer()
        there, not_there = [await _work(scene, DOMAIN[path], stranger, one) for one in _asked(deed, stranger)]
        assert there == not_there

    @pytest.mark.parametrize("path", list(DOMAIN))
    async def test_nobody_without_the_subjects_leave(self, scene: Scene, path: str) -> None:
        deed = await DEEDS[path](scene)
        for how in deed.by.values():
            subject = how.get("subject") or how["by"]
            about = {**deed.arguments, **({deed.receiver: (thief := Signer.generate())} if deed.receiver else {})}
            by = thief if deed.receiver else Signer.generate()
            assert await scene.untold(path, by=by, subject=subject, **about) == "InvalidClaim"


class TestRepeat:
    @pytest.mark.parametrize(("path", "role"), REPEATED)
    async def test_of_the_same_task_is_the_same_receipt(self, scene: Scene, path: str, role: str) -> None:
        deed = await DEEDS[path](scene)
        how = deed.by[role]
        by, proofs = how["by"], how.get("proofs", [])
        subject = (how.get("subject") or by).did
        links = [proof.cid for proof in proofs]
        asked = scene.world.invocation(path, wire(deed.arguments), by=by, subject=subject, proofs=links)
        (first,) = await scene.world.send(asked, *proofs)
        assert first.error is None
        count = await scene.last_event()
        await scene.advance("P1Y")
        for _ in range(2):
            (again,) = await scene.world.send(asked, *proofs)
            assert bytes(again) == bytes(first)
        assert await scene.last_event() == count

    @pytest.mark.parametrize("path", [path for path in CHANGING if path != "/subscription/add"])
    async def test_of_the_same_in_a_new_task_changes_nothing(self, scene: Scene, path: str) -> None:
        deed = await DEEDS[path](scene)
        how = {"by": scene.service} if "service" in deed.by else next(iter(deed.by.values()))
        await scene.do(path, **how, **deed.arguments)
        came_to = await scene.untold(path, **how, **deed.arguments)
        assert came_to == deed.again, (
            f"{path} in tests/service/deeds.py: its `again` is ok, or the failure that the same comes to"
        )


def _asked(deed: Deed, stranger: Signer) -> tuple[dict[str, Any], dict[str, Any]]:
    receiving = {deed.receiver: stranger} if deed.receiver else {}
    return {**deed.arguments, **receiving}, {**deed.arguments, **deed.missing(), **receiving}


async def _refusal(scene: Scene, path: str, by: Signer, arguments: dict[str, Any]) -> tuple[str, str]:
    """Give the failure, without the names that were sent along."""
    receipt = await scene.receipt(path, by=by, **arguments)
    assert receipt.error is not None
    name, message = str(receipt.error_name), str(receipt.error_message)
    kept = await scene.world.client.receipt(receipt.ran) is not None
    assert kept == (by is scene.service and path in CHANGING), "what is refused leaves no trace"
    for key, value in wire(arguments).items():
        if isinstance(value, str):
            message = message.replace(f'"{value}"', key)
    return name, message


async def _work(scene: Scene, route: Route[Any, Any], by: Signer, arguments: dict[str, Any]) -> list[str]:
    """Give the statements that run until a subject is refused."""
    invocation = scene.world.invocation(route.command.path, wire(arguments), by=by)
    task = Task(
        cid=invocation.task,
        command=invocation.command,
        arguments=route.command.parse(invocation.arguments),
        subject=invocation.subject,
        issuer=invocation.issuer,
        executor=scene.service.did,
        at=0,
        invocation=invocation,
    )
    statements: list[str] = []

    def look(tx: Transaction) -> None:
        def execute(statement: str, values: Any = ()) -> Any:
            statements.append(statement)
            return tx._execute(statement, values)

        try:
            route.check_subject(task, Transaction(execute))
        except Exception as failure:  # noqa: BLE001 - which one it is, the tests above look at
            statements.append(type(failure).__name__)

    await scene.world.app.state.host.store.read(look)
    return statements
