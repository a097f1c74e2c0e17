"""The client: sends invocations, checks the receipts' signatures (protocol §10.1, §15.4 number 65)."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from io import BytesIO
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import quote

import aiohttp

from forge.binding import Arguments, Command, Result
from forge.cid import CID
from forge.container import MAX_BYTES, Container
from forge.dagcbor import Value
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import ContainerError, Failure, ServiceError
from forge.followable import Followable
from forge.following import Following, Signed
from forge.invocation import Invocation
from forge.keys import Signer
from forge.method import VerificationMethod
from forge.ports import Clock
from forge.receipt import Receipt
from forge.resolve import Reach, Resolution, open_resolver
from forge.verify import Facts, verify_receipt
from forge.wire import CONTENT_TYPE, HEADER, read_answer, read_header, write_header

TIMEOUT: Final = 60.0
"""Seconds for one request in all, with every time that a busy service has it sent again."""
LIFETIME: Final = 300
"""Seconds after which an invocation that the client signs itself expires: long enough to be sent again after a time-out."""
LARGE_BODY: Final = 1024 * 1024
_NOT_FOUND: Final = 404
_BUSY: Final = 503
_SHOWN: Final = 200
_SECONDS: Final = re.compile(r"[0-9]{1,5}")

A = TypeVar("A", bound=Arguments)
R = TypeVar("R", bound=Result)
I = TypeVar("I", bound=Result)  # noqa: E741 - of an item


def now() -> int:
    """Give the time in Unix seconds."""
    return int(time.time())


class Client:
    """Talks to one service.

        async with Client("https://forge.example.com") as client:
            result = await client.invoke(add, signer, AddArguments(...), subject=service, audience=service, proofs=chain)

    Every receipt is checked: signed by the executor that the invocation was addressed to, about the task that was sent. Sending
    the same invocation again after an error of transport is always safe: it runs once, and the receipt is the same. Where a
    service is busy and says when to come again (503, `Retry-After`), the client does so itself, within `TIMEOUT`.
    """

    def __init__(
        self,
        url: str,
        *,
        known: Mapping[DID, Sequence[VerificationMethod]] | None = None,
        clock: Clock = now,
    ) -> None:
        """Make a client; it opens with `async with`.

        Args:
            url: where the service is.
            known: how the signatures of some DIDs are verified, such as a did:web service's whose key is pinned. Others are
                found out: a did:key is its own answer, a did:web is asked for its document.
            clock: now, for the expiration of what the client signs.
        """
        self._url = url.rstrip("/")
        self._known = known
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> Self:
        # No limit of simultaneous connections but the caller's own; cookies of a service are nobody's business.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        # Whose documents are asked for is the caller's own choice: services inside their network are as good as any.
        resolution = Resolution(reach=Reach(private=True, loopback=True))
        self._resolver = await self._opened.enter_async_context(open_resolver(self._known, resolution))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._opened.aclose()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def invoke(  # noqa: PLR0913 - an invocation has these parts
        self,
        command: Command[A, R],
        issuer: Signer,
        arguments: A,
        *,
        subject: DID,
        audience: DID | None = None,
        proofs: Sequence[Delegation] = (),
        expiration: int | None = None,
        nonce: bytes | None = None,
    ) -> R:
        """Sign an invocation of a command, have it executed, and give its result.

        Args:
            command: which.
            issuer: who asks, and signs.
            arguments: with what.
            subject: whose resource it is about.
            audience: the service's DID; the subject's where None.
            proofs: the chain from the subject to the issuer, root first.
            expiration: Unix seconds; five minutes from now where None.
            nonce: 16 random bytes where None.

        Raises:
            Failure: the receipt's error, as the declared class where there is one.
            ServiceError: the service was not reached, or answered something else.
        """
        invocation = command.invoke(
            issuer,
            arguments,
            subject=subject,
            audience=audience,
            proofs=proofs,
            expiration=self._clock() + LIFETIME if expiration is None else expiration,
            nonce=nonce,
        )
        return command.unpack(await self.execute(invocation, proofs))

    async def execute(self, invocation: Invocation, proofs: Iterable[Delegation] = ()) -> Receipt:
        """Have one invocation executed; give its receipt, checked.

        Raises:
            ServiceError: the service was not reached, or answered something that is no receipt of this task by its executor.
        """
        (receipt,) = await self.execute_all([invocation], proofs)
        return receipt

    async def execute_all(self, invocations: Sequence[Invocation], proofs: Iterable[Delegation] = ()) -> list[Receipt]:
        """Have several invocations executed in their order, in one request; give their receipts in the same order, checked.

        Raises:
            ServiceError: as for `execute`.
        """
        answer = await self.send(Container.of(invocations, proofs))
        receipts: list[Receipt] = []
        for invocation in invocations:
            receipt = answer.receipts.get(invocation.task)
            if receipt is None:
                raise ServiceError(
                    f"missing receipt for task: {invocation.task} (the service ignores what is not addressed to it,"
                    f" and this is addressed to {invocation.executor}: is that the service's DID?)",
                )
            await self._check(receipt, invocation.executor)
            receipts.append(receipt)
        return receipts

    async def send(self, request: Container) -> Container:
        """Send a container as it is and give the answer as it is: nothing is checked.

        Raises:
            ServiceError: the service was not reached, or answered no container.
        """
        return read_answer(*await self._request("POST", self._url + "/", request.to_cbor()))

    async def look(self, invocation: Invocation, proofs: Iterable[Delegation] = ()) -> Receipt:
        """Have one invocation of a reading command executed over GET, by a header (§10.4); give its receipt, checked.

        Raises:
            ServiceError: as for `execute`; or the invocation, or its receipt, is too large for a header.
        """
        try:
            headers = {HEADER: write_header(Container.of(invocation, proofs))}
        except ContainerError as error:
            raise ServiceError(f"the invocation cannot be sent like this: {error}; use `execute`") from error
        async with self._response("GET", self._url + invocation.command, None, headers) as response:
            text = (await response.content.read(_SHOWN)).decode(errors="replace").strip()
            value = response.headers.get(HEADER)
        if value is None:
            raise ServiceError(f"the service answered {response.status} without a receipt: {text}")
        try:
            receipt = read_header(value).receipts.get(invocation.task)
        except ContainerError as error:
            raise ServiceError(f"the service answered something that is {error}") from error
        if receipt is None:
            raise ServiceError(f"missing receipt for task: {invocation.task}")
        await self._check(receipt, invocation.executor)
        return receipt

    async def follow(  # noqa: PLR0913 - an invocation has these parts
        self,
        stream: Followable[A, I],
        issuer: Signer,
        arguments: A,
        *,
        subject: DID,
        audience: DID | None = None,
        proofs: Sequence[Delegation] = (),
        since: int = 0,
        lifetime: int = LIFETIME,
    ) -> AsyncGenerator[tuple[int, I], None]:
        """Follow a stream: give each item with its number, once and in order, and wait for more, over any number of cuts.

        What it gives is no receipt's, and is believed because the service said it; the task that an event names has one.
        Whoever leaves the loop before its end closes the generator (`contextlib.aclosing`), or the client.

        Args:
            stream: which.
            issuer: as for `invoke`; signs an invocation for each connection.
            arguments: what filters.
            subject: as for `invoke`.
            audience: as for `invoke`.
            proofs: as for `invoke`.
            since: the number to go on after; 0 for all that there is.
            lifetime: seconds for which an invocation is good; another takes its place before they are over.

        Raises:
            Failure: a refusal, or that the authority has ended, such as `Revoked`.
            ServiceError: the service was never reached, or not for some minutes; or it answered something else.
        """

        def sign() -> Signed:
            expiration = self._clock() + lifetime
            invocation = stream.command.invoke(
                issuer, arguments, subject=subject, audience=audience, proofs=proofs, expiration=expiration
            )
            return invocation, proofs

        failures = stream.command.failures
        async with aclosing(self.tail(stream.path, stream.name, sign, since=since, failures=failures)) as found:
            async for number, value in found:
                yield number, stream.unpack(value)

    async def tail(
        self, path: str, name: str, sign: Callable[[], Signed], *, since: int = 0, failures: Sequence[type[Failure]] = ()
    ) -> AsyncGenerator[tuple[int, Value], None]:
        """Follow a stream as `follow` does, whatever its items are.

        Args:
            path: of the stream, such as `/events`.
            name: of its items on the wire, such as `event`.
            sign: gives an invocation for the next connection, and its chain, root first.
            since: the number to go on after.
            failures: those that are raised as their classes, beside the protocol's.

        Raises:
            Failure: as for `follow`; or whatever `sign` raises.
            ServiceError: as for `follow`.
        """
        following = Following(self._open(), self._url + path, name, sign, since=since, failures=failures, clock=self._clock)
        async with aclosing(following.items()) as found:
            async for item in found:
                yield item

    async def receipt(self, task: CID, *, executor: DID | None = None) -> Receipt | None:
        """Ask for the receipt of a task that ran. None: this service has none.

        Args:
            task: the task's CID.
            executor: whose receipt it must be: the service's own, or one of somebody else's that was delivered to it
                (`/ucan/conclude`). Where None, the service's own, whoever it says that it is.

        Raises:
            ServiceError: as for `execute`.
        """
        asked = "" if executor is None else f"?executor={quote(executor, safe='')}"
        status, content_type, body = await self._request("GET", f"{self._url}/receipt/{task}{asked}")
        if status == _NOT_FOUND:
            return None
        found = [one for one in read_answer(status, content_type, body).tokens if isinstance(one, Receipt) and one.ran == task]
        if not found:
            raise ServiceError(f"the service answered without the receipt of task {task}")
        # Others may have had an executor refuse the same task; what it did is the news.
        receipt = min(found, key=lambda one: one.error is not None)
        if executor is None and receipt.executor.method != "key" and receipt.executor not in (self._known or {}):
            # Whoever answers must not choose whose document is fetched from here.
            raise ServiceError(f"the receipt is by {receipt.executor}: is that whose it must be? Say so (executor, --audience)")
        await self._check(receipt, executor or receipt.executor)
        return receipt

    async def _check(self, receipt: Receipt, executor: DID) -> None:
        if receipt.executor != executor:
            raise ServiceError(f"the receipt is by {receipt.executor}, and {executor} was asked")
        try:
            verify_receipt(receipt, Facts(self._clock(), await self._resolver.resolve([executor])))
        except Failure as failure:
            raise ServiceError(f"the receipt cannot be trusted: {failure.name}: {failure.message}") from failure

    async def _request(self, method: str, url: str, body: bytes | None = None) -> tuple[int, str, bytes]:
        headers = {"Accept": CONTENT_TYPE} | ({"Content-Type": CONTENT_TYPE} if body is not None else {})
        async with self._response(method, url, body, headers) as response:
            parts = bytearray()
            async for part in response.content.iter_any():
                parts += part
                if len(parts) > MAX_BYTES:
                    raise ServiceError(f"the service answered more than {MAX_BYTES} bytes")
            return response.status, response.headers.get("Content-Type", ""), bytes(parts)

    @asynccontextmanager
    async def _response(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask, again where the service is busy, and turn whatever goes wrong on the way into a `ServiceError`."""
        session, clock = self._open(), asyncio.get_running_loop().time
        until = clock() + TIMEOUT
        try:
            while True:
                # aiohttp writes bytes in one piece, and a file in pieces: beyond a megabyte it asks for the second.
                data = BytesIO(body) if body is not None and len(body) > LARGE_BODY else body
                timeout = aiohttp.ClientTimeout(total=until - clock())
                async with session.request(
                    method, url, data=data, headers=headers, timeout=timeout, allow_redirects=False
                ) as response:
                    pause = _pause(response)
                    if pause is None or clock() + pause >= until:
                        yield response
                        return
                    # Read to its end, as far as it is short, so that the connection is kept.
                    await response.content.read(_SHOWN)
                await asyncio.sleep(pause)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise ServiceError(f"{url} was not reached: {str(error) or type(error).__name__}") from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise ServiceError("the client is not open: use it as `async with Client(url) as client`")
        return self._session


def _pause(response: aiohttp.ClientResponse) -> float | None:
    """Say for how many seconds a busy service wants to be left alone. None: this is its answer."""
    after = response.headers.get("Retry-After", "")
    if response.status != _BUSY or not _SECONDS.fullmatch(after):
        return None
    # Of many that were sent away, not all come back at once.
    return int(after) + random.uniform(0, max(int(after), 1))  # noqa: S311 - not a secret
