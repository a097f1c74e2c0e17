"""Receipts that were moved to an archive, over HTTP: while it is moved, afterwards, and where the file is not there."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from commands.customer import add as customer_add
from forge.client import Client
from forge.container import Container
from forge.did import DID
from forge.invocation import Invocation
from forge.keys import Signer
from tests.faults.processes import ROOT, Place, Server

PRODUCT = DID("did:web:starter.example.com")
LONG_AGO = 100 * 86_400
CLIENTS = 4


def registration(place: Place) -> Invocation:
    arguments = customer_add.AddArguments(customer=Signer.generate().did, product=PRODUCT, details={})
    return customer_add.add.invoke(place.service, arguments, subject=place.service.did, expiration=None)


async def send(client: Client, one: Invocation) -> Any:
    return (await client.send(Container.of(one))).receipts[one.task]


async def registered(place: Place, url: str, count: int) -> dict[Invocation, bytes]:
    """Have customers registered, long ago; give what was answered."""
    held: dict[Invocation, bytes] = {}
    async with Client(url) as client:
        for one in [registration(place) for _ in range(count)]:
            receipt = await send(client, one)
            assert receipt.ok is not None
            held[one] = bytes(receipt)
    place.query(f"UPDATE ledger SET at = at - {LONG_AGO} WHERE archive IS NULL RETURNING 1")  # noqa: S608 - a number
    return held


def archive(place: Place, *args: object, status: int = 0) -> subprocess.CompletedProcess[str]:
    """Run `forge archive` on the place's store."""
    command = [sys.executable, "-m", "forge", "archive", *map(str, args), "--store", place.store]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FORGE_")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    return done


async def repeated(server: Server, held: dict[Invocation, bytes]) -> None:
    """Send everything again, and ask for every receipt: all have the same bytes."""
    async with Client(server.url) as client:
        for one, receipt in held.items():
            assert bytes(await send(client, one)) == receipt
            found = await client.receipt(one.task)
            assert found is not None
            assert bytes(found) == receipt


async def test_while_two_workers_serve(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    with place.server("--workers", "2") as server:
        await server.ready()
        held = await registered(place, server.url, 60)
        moving = asyncio.create_task(asyncio.to_thread(archive, place, file, "--before", "-90d", "--json"))
        later: dict[Invocation, bytes] = {}

        async def client() -> None:
            async with Client(server.url) as client:
                while not moving.done():
                    one = registration(place)
                    later[one] = bytes(await send(client, one))
                    for asked in (one, *list(held)[::7]):
                        assert bytes(await send(client, asked)) == (held | later)[asked]

        await asyncio.gather(*(client() for _ in range(CLIENTS)))
        said = json.loads((await moving).stdout)
        # The last row of all stays: if nothing came before the first page was read, that is one of those.
        assert said["rows"] >= 59
        assert place.query("SELECT count(*) FROM ledger WHERE archive IS NOT NULL") == [(said["rows"],)]
        await repeated(server, held | later)
        assert server.stop() == 0
    assert place.query("SELECT count(*), count(DISTINCT did) FROM customer") == [(len(held | later),) * 2]
    assert place.query("SELECT count(*) FROM event") == [(len(held | later),)], "nothing ran twice"
    assert place.halves() == {}


async def test_without_its_archive_a_task_is_not_run_and_all_others_are(tmp_path: Path) -> None:
    place = Place(tmp_path)
    file = tmp_path / "archive.db"
    with place.server() as server:
        await server.ready()
        held = await registered(place, server.url, 8)
        archive(place, file, "--before", "-90d")
        (tmp_path / "away").mkdir()
        away = file.rename(tmp_path / "away" / "archive.db")
        old, *_, last = held
        async with Client(server.url) as client, aiohttp.ClientSession() as session:
            receipt = await send(client, old)
            assert receipt.error_name == "HandlerExecutionError"
            reference = receipt.error_message.rpartition(" ")[2]
            async with session.get(f"{server.url}/receipt/{old.task}") as answer:
                assert (answer.status, await answer.text()) == (503, "the store does not answer; try again\n")
            async with session.get(f"{server.url}/health/ready") as answer:
                assert answer.status == 200
            assert bytes(await send(client, last)) == held[last]
            new = registration(place)
            # In one container, and so in one group.
            both = await client.send(Container.of(new, old, last))
            assert both.receipts[new.task].ok is not None
            assert both.receipts[old.task].error_name == "HandlerExecutionError"
            assert bytes(both.receipts[last.task]) == held[last]
        assert place.query("SELECT count(*) FROM customer") == [(9,)]
        lines = [line for line in server.log.read_text().splitlines() if reference in line]
        assert len(lines) == 1
        assert str(file) in lines[0], "the operator is told which file"
        archive(place, away)
        await repeated(server, held)
        assert server.stop() == 0


@pytest.mark.parametrize("content", [b"Dear Sir or Madam", b""])
async def test_a_damaged_archive_is_like_one_that_is_not_there(tmp_path: Path, content: bytes) -> None:
    place = Place(tmp_path)
    file = tmp_path / "archive.db"
    with place.server() as server:
        await server.ready()
        held = await registered(place, server.url, 3)
        archive(place, file, "--before", "-90d")
        whole = file.read_bytes()
        file.write_bytes(content)
        async with Client(server.url) as client:
            receipt = await send(client, next(iter(held)))
            assert receipt.error_name == "HandlerExecutionError"
        assert str(file) in server.log.read_text()
        file.write_bytes(whole)
        await repeated(server, held)
        assert server.stop() == 0
