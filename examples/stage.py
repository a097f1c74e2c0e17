"""The stage that the stories play on: a service of its own, people with fresh keys, a calendar, and what is said, printed.

A story is a function of a `Stage`. It goes over HTTP, to a real `forge serve` in a process of its own, which ends with
the story and leaves nothing, but rows in `STORE` where that is set. With `--test-clock` months pass when the story says so.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from commands.debug.clock import clock
from forge import (
    DID,
    Arguments,
    Client,
    Command,
    CommandPath,
    Delegation,
    Failure,
    Policy,
    Result,
    Signer,
    private_key_from_pem,
)
from forge.cli.child import service
from forge.client import now

A = TypeVar("A", bound=Arguments)
R = TypeVar("R", bound=Result)

_HOUR: Final = 3600
_LONG_AGO: Final = 1_000_000_000  # a number from here on is a time, when it is printed

_LONG: Final = re.compile(r"\b((?:did:key:z6Mk|bafyrei)\w{4})\w+")  # keys and tokens that nobody named


def on(year: int, month: int, day: int) -> int:
    """Give the beginning of a day, in Unix seconds."""
    return int(datetime(year, month, day, tzinfo=UTC).timestamp())


def day(time: int | None) -> str:
    """Write a time, in Unix seconds, as its day."""
    return "never" if time is None else datetime.fromtimestamp(time, UTC).date().isoformat()


@dataclass(frozen=True)
class Authority:
    """Whom something is about, and what was lent to whoever asks for it: the chain of delegations, root first."""

    subject: DID
    proofs: tuple[Delegation, ...] = ()


class Stage:
    """A service, a client of it, and the names of those who take part."""

    def __init__(self, client: Client, service: Signer) -> None:
        self.client = client
        self.service = service
        self.today = 0
        """The service's time, in Unix seconds."""
        self._names: dict[str, str] = {service.did: "the service"}

    # -- who

    def person(self, name: str) -> Signer:
        """Make somebody, or something, with a key of its own."""
        signer = Signer.generate()
        self.call(signer.did, name)
        return signer

    def call(self, text: str, name: str) -> None:
        """Print `name` from now on where `text` stands: a DID, the id of a subscription."""
        self._names[text] = name

    # -- what

    async def ask(
        self,
        command: Command[A, R],
        by: Signer,
        authority: Authority | None = None,
        /,
        **arguments: Any,  # noqa: ANN401 - the command's own types check them
    ) -> R:
        """Have something done: `by` signs, about itself where no other authority is given.

        Raises:
            Failure: it was refused.
        """
        authority = authority or Authority(by.did)
        return await self.client.invoke(
            command,
            by,
            command.arguments(**arguments),
            subject=authority.subject,
            audience=self.service.did,
            proofs=authority.proofs,
        )

    def lend(self, command: str, lender: Signer, to: Signer, *policy: list[Any], hours: int = 1) -> Authority:
        """Let somebody do what the lender may do about itself, within a policy. What is signed keeps the real clock."""
        delegation = Delegation.issue(
            lender,
            audience=to.did,
            subject=lender.did,
            command=CommandPath(command),
            policy=Policy(policy),
            expiration=now() + hours * _HOUR,
        )
        return Authority(lender.did, (delegation,))

    @contextmanager
    def refused(self, *kinds: type[Failure]) -> Iterator[None]:
        """See that what is asked within is refused like this, and print how."""
        try:
            yield
        except kinds as failure:
            self.show(f"refused: {failure.name}: {failure.message}")
        else:
            raise AssertionError(f"this was not refused: expected {kinds[0].__name__}")

    # -- when

    async def date(self, time: int) -> None:
        """Let it be that time, in Unix seconds."""
        self.today = (await self.ask(clock, self.service, now=time)).now
        print(f"\n== {day(self.today)}")

    async def wait(self, period: str) -> None:
        """Let time pass: an ISO 8601 duration, such as `P1M`."""
        self.today = (await self.ask(clock, self.service, advance=period)).now
        print(f"\n== {period} later: {day(self.today)}")

    # -- what a person sees

    def tell(self, sentence: str) -> None:
        """Say what happens next."""
        print(f"\n{sentence}")

    def show(self, *parts: object) -> None:
        """Print what came of it, with names where DIDs and ids are, and days where times are."""
        print("   ", *(self.readable(part) for part in parts))

    def history(self, events: Sequence[Any]) -> None:
        """Print events, a line each."""
        for event in events:
            about = event.consumer or event.subscription or event.customer
            self.show(f"{day(event.at)}  {event.type:24} {about}  (signed by {event.issuer})")

    def readable(self, value: object) -> str:
        """Write a value for people."""
        if isinstance(value, Arguments):
            value = value.model_dump(exclude_none=True)
        if isinstance(value, Mapping):
            return ", ".join(f"{key} {self.readable(item)}" for key, item in value.items()) or "nothing"
        if isinstance(value, list | tuple):
            return "; ".join(self.readable(item) for item in value) or "nothing"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, int) and value > _LONG_AGO:
            return day(value)
        text = str(value)
        for known, name in self._names.items():
            text = text.replace(known, name)
        return _LONG.sub(r"\1…", text)


def play(story: Callable[[Stage], Awaitable[None]], *, begin: int) -> None:
    """Start a service whose time is `begin`, in Unix seconds, play the story against it, and end it.

    Raises:
        AssertionError: something came out otherwise than it had to.
    """
    with tempfile.TemporaryDirectory(prefix="forge-story-") as name:
        data, config = Path(name) / "data", Path(name) / "forge.toml"
        config.write_text(f"data = {json.dumps(str(data))}\nstore = {json.dumps(os.environ.get('STORE', ''))}\n")
        with service(["--dev", "--test-clock", "--config", str(config)], Path(name) / "service.log") as url:
            signer = Signer(private_key_from_pem((data / "service.pem").read_bytes()))
            asyncio.run(_play(story, url, signer, begin))
    print("\nEverything came out as it had to.")


async def _play(story: Callable[[Stage], Awaitable[None]], url: str, signer: Signer, begin: int) -> None:
    async with Client(url) as client:
        stage = Stage(client, signer)
        print(f"A service runs at {url}; every key is fresh.")
        await stage.date(begin)
        await story(stage)
