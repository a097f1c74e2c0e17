"""Names: looked up once at a time, on threads that hold nobody else up."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from typing import Any

import pytest

from forge.resolve.failure import Fault, Unfetched
from forge.resolve.names import Names
from tests.resolve.fakes import until

SAFETY = 60.0


def info(address: str) -> tuple[Any, ...]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return (family, socket.SOCK_STREAM, 6, "", (address, 0))


class FakeServer:
    """A name server that answers when it is let."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = {name: threading.Event() for name in ("slow", "fails", "b")}

    def __call__(self, host: str, port: object, **how: Any) -> list[Any]:
        del port, how
        self.asked.append(host)
        assert self.go[host].wait(SAFETY)
        if host == "fails":
            raise socket.gaierror(-2, "Name or service not known")
        return [info("10.0.0.1"), info("2001:db8::1")]


async def test_a_name_is_looked_up_once_for_all_who_ask_at_once_and_again_for_the_next() -> None:
    server = FakeServer()
    names = Names(server)
    asking = [asyncio.create_task(names.resolve("b", 443)) for _ in range(5)]
    await asyncio.sleep(0)
    server.go["b"].set()
    for found in await asyncio.gather(*asking):
        assert [(one["hostname"], one["host"], one["port"], one["family"]) for one in found] == [
            ("b", "10.0.0.1", 443, socket.AF_INET),
            ("b", "2001:db8::1", 443, socket.AF_INET6),
        ]
    assert server.asked == ["b"]
    await names.resolve("b", 80)
    assert server.asked == ["b", "b"], "nothing is kept: it may lead elsewhere by now"
    assert names._under_way == {}


async def test_a_name_that_has_no_address() -> None:
    server = FakeServer()
    server.go["fails"].set()
    names = Names(server)
    for _ in range(2):
        with pytest.raises(socket.gaierror):
            await names.resolve("fails")


async def test_one_that_is_not_answered_holds_no_other_up() -> None:
    server = FakeServer()
    names = Names(server)
    slow = asyncio.create_task(names.resolve("slow"))
    await asyncio.sleep(0)
    server.go["b"].set()
    assert await names.resolve("b")
    slow.cancel()
    await asyncio.sleep(0)
    # It is still under way, and whoever asks now waits for the same answer.
    again = asyncio.create_task(names.resolve("slow"))
    await asyncio.sleep(0)
    server.go["slow"].set()
    assert await again
    assert server.asked.count("slow") == 1


async def test_an_answer_that_nobody_waits_for_is_let_go() -> None:
    server = FakeServer()
    names = Names(server)
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, complaint: complaints.append(complaint))
    asking = asyncio.create_task(names.resolve("fails"))
    await asyncio.sleep(0)
    asking.cancel()
    server.go["fails"].set()
    await until(lambda: not names._under_way)
    del asking
    gc.collect()
    assert complaints == []


async def test_so_many_at_once() -> None:
    server = FakeServer()
    names = Names(server, at_once=1)
    slow = asyncio.create_task(names.resolve("slow"))
    await asyncio.sleep(0)
    with pytest.raises(Unfetched) as caught:
        await names.resolve("b")
    assert (caught.value.fault, caught.value.detail) == (Fault.BUSY, "1 names are being looked up already")
    server.go["slow"].set()
    await slow
    server.go["b"].set()
    assert await names.resolve("b")


async def test_a_system_that_has_no_thread_to_give(monkeypatch: pytest.MonkeyPatch) -> None:
    server = FakeServer()
    server.go["b"].set()
    names = Names(server)

    def none(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", none)
        with pytest.raises(Unfetched, match="too many others") as caught:
            await names.resolve("b")
    assert caught.value.fault is Fault.BUSY
    assert await names.resolve("b")


def test_a_loop_that_ended_before_the_answer() -> None:
    server = FakeServer()
    names = Names(server)
    before = set(threading.enumerate())

    async def ask() -> None:
        asking = asyncio.create_task(names.resolve("slow"))
        await asyncio.sleep(0)
        asking.cancel()

    asyncio.run(ask())
    (thread,) = set(threading.enumerate()) - before
    assert thread.daemon, "the process does not wait for it"
    server.go["slow"].set()
    thread.join(SAFETY)
    assert not thread.is_alive()
