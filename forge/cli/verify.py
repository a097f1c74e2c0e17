"""`forge verify`: says why a token or a container would be accepted, step by step, or which link fails and what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer

from forge.cid import CID
from forge.cli.exits import REFUSED, UsageError
from forge.cli.files import STANDARD_INPUT
from forge.cli.options import Json
from forge.cli.parties import read_did
from forge.cli.proofs import read_proofs
from forge.cli.reading import Reading, read_given
from forge.cli.revocations import revokers
from forge.cli.terminal import emit_json, json_text, show, show_field
from forge.cli.times import now, read_time, show_time
from forge.cli.urls import read_url
from forge.delegation import Delegation
from forge.did import DID
from forge.method import VerificationMethod
from forge.resolve import Reach, Resolution, Resolver, open_resolver
from forge.resolve.plc import PLC_DIRECTORY
from forge.resolve.resolver import MAX_STRANGERS
from forge.signature import Keys
from forge.verdict import Account, Grant, Verdict, judge, named, signers
from forge.verify import LEEWAY, Facts
from forge.wording import show_date

MAX_OTHERS: Final = 256
"""DIDs whose keys are found out for the advice alone: a file may name thousands of hosts."""
_INDENT: Final = 3

app = typer.Typer(add_completion=False)


@dataclass(frozen=True)
class Question:
    """What is to be judged, and how."""

    reading: Reading
    proofs: Sequence[Delegation]
    at: int
    leeway: int
    audience: DID | None
    resolution: Resolution
    offline: bool
    url: str | None
    """Of the service that knows revocations."""

    def judge(self, keys: Keys, revoked: Mapping[CID, Collection[DID]]) -> tuple[Verdict, ...]:
        """Judge with what was found out."""
        return judge(
            self.reading.container,
            Facts(self.at, keys, revoked),
            proofs=self.proofs,
            leeway=self.leeway,
            audience=self.audience,
            authority=self.resolution.authority,
        )


@app.command()
def verify(  # noqa: PLR0913 - what is asked, and the circumstances
    *,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file, `-` for standard input, or the text itself.")] = (
        STANDARD_INPUT
    ),
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="When it arrives: RFC 3339, a date, Unix seconds, a duration from now or back (-30d). Now without.",
        ),
    ] = None,
    leeway: Annotated[int, typer.Option(metavar="SECONDS", min=0, help="By how much clocks may differ.")] = LEEWAY,
    audience: Annotated[
        str | None,
        typer.Option(
            envvar="FORGE_AUDIENCE", metavar="DID", help="Whose service invocations are sent to; whoever they name without."
        ),
    ] = None,
    authority: Annotated[
        str | None,
        typer.Option(envvar="FORGE_AUTHORITY", metavar="DID", help="Who is trusted to attest what a did:mailto signs."),
    ] = None,
    proof: Annotated[
        list[str],
        typer.Option("--proof", metavar="P", help="Delegations that are sent along: a file or the text of a container."),
    ] = [],  # noqa: B006 - typer never changes it
    plc: Annotated[str, typer.Option(metavar="URL", help="The directory of did:plc.")] = PLC_DIRECTORY,
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="A service that is asked whether the delegations are revoked.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nobody: only a did:key's keys are known then.")] = False,
    as_json: Json = False,
) -> None:
    """Say why something would be accepted, or which link fails and what to do.

    A token or a container is verified, step by step. It is what a service does before it looks at its own state: whether a
    proof is revoked (without --url), whether the command is served and takes these arguments, and whether the task has run,
    only the service knows. Delegations alone are judged as a chain: would it authorise its last audience?

    Exit status: 0 all of it would be accepted; 1 not; 3 the service that --url names was not reached.
    """
    if offline and url is not None:
        raise UsageError("--url: --offline asks nobody")
    moment = now() if at is None else read_time("--at", at, at=now())
    question = Question(
        reading=read_given("FILE", file),
        # FORGE_PROOF does not count here: the question is what would come of this, as it is.
        proofs=read_proofs(proof) if proof else (),
        at=moment,
        leeway=leeway,
        audience=None if audience is None else read_did("--audience", audience),
        resolution=Resolution(
            directory=_directory(plc),
            authority=None if authority is None else _authority(authority),
            reach=Reach(private=True, loopback=True),
        ),
        offline=offline,
        url=None if url is None else read_url(url),
    )
    verdicts = asyncio.run(_judge(question))
    if not verdicts:
        raise UsageError("FILE: a container with nothing in it")
    if as_json:
        emit_json(_described(verdicts, question))
    else:
        _show(verdicts, question)
    if not all(verdict.accepted for verdict in verdicts):
        raise typer.Exit(REFUSED)


async def _judge(question: Question) -> tuple[Verdict, ...]:
    container, proofs = question.reading.container, question.proofs
    async with _resolver(question) as resolver:
        keys = await _resolve(resolver, signers(container, proofs))
        revoked = await _revoked(question, resolver)
        verdicts = question.judge(keys, revoked)
        if all(verdict.accepted for verdict in verdicts):
            return verdicts
        # What is wrong may show only in the keys of somebody who did not sign: whose key was used in whose name.
        others = sorted(named(container, proofs) - keys.keys(), key=lambda did: did.method != "key")
        more = await _resolve(resolver, others[:MAX_OTHERS])
    return question.judge({**more, **keys}, revoked)


async def _revoked(question: Question, resolver: Resolver) -> Mapping[CID, Collection[DID]]:
    if question.url is None:
        return {}
    asked = dict(question.reading.container.delegations) | {one.cid: one for one in question.proofs}
    return await revokers(question.url, asked.values(), resolver.resolve, question.at)


def _resolver(question: Question) -> AbstractAsyncContextManager[Resolver]:
    if question.offline:
        return nullcontext(Resolver(authority=question.resolution.authority))
    return open_resolver(resolution=question.resolution)


async def _resolve(resolver: Resolver, dids: Collection[DID]) -> Keys:
    """Resolve all of them, however many: a resolver looks only so many up for one request."""
    keys: dict[DID, Sequence[VerificationMethod] | Any] = {}
    asked = sorted(dids)
    for begin in range(0, len(asked), MAX_STRANGERS):
        keys.update(await resolver.resolve(asked[begin : begin + MAX_STRANGERS]))
    return keys


def _authority(text: str) -> DID:
    did = read_did("--authority", text)
    if did.method == "mailto":
        raise UsageError("--authority: a did:mailto has no key, and attests nothing")
    return did


def _directory(text: str) -> str:
    try:
        return read_url(text)
    except UsageError as error:
        raise UsageError(f"--plc: expected http://… or https://…, not {text!r}") from error


def _described(verdicts: Sequence[Verdict], question: Question) -> dict[str, object]:
    """Describe the whole, for a script: the first error is its error, and the steps are those of all."""
    first = next((verdict for verdict in verdicts if not verdict.accepted), None)
    return {
        "accepted": first is None,
        **(_refusal(first) if first else {}),
        "steps": [_step(account, verdict) for verdict in verdicts for account in verdict.steps],
        "verdicts": [
            {
                "type": verdict.kind,
                "token": None if verdict.token is None else str(verdict.token),
                "accepted": verdict.accepted,
                **_refusal(verdict),
                **({"grants": _grants(verdict.grant)} if verdict.grant else {}),
            }
            for verdict in verdicts
        ],
        "at": show_date(question.at),
        "leeway": question.leeway,
        "revocations": question.url,
    }


def _refusal(verdict: Verdict) -> dict[str, object]:
    if verdict.error is None:
        return {}
    return {"error": verdict.error._asdict(), "advice": verdict.advice}


def _step(account: Account, verdict: Verdict) -> dict[str, object]:
    return {
        "step": account.step,
        "what": account.what,
        "token": str(account.token),
        "passed": account.passed,
        "of": str(verdict.token),
        **account.details,
    }


def _grants(grant: Grant) -> Mapping[str, object]:
    return {
        "audience": grant.audience,
        "subject": grant.subject,
        "command": grant.command,
        "notBefore": grant.not_before,
        "expiration": grant.expiration,
        "policy": grant.policy,
    }


def _show(verdicts: Sequence[Verdict], question: Question) -> None:
    told = "not asked for" if question.url is None else f"as {question.url} tells them"
    show(f"It is {show_date(question.at)}, and {question.leeway} s of leeway are allowed. Revocations: {told}.")
    for verdict in verdicts:
        show()
        said = ("would be accepted", "bold green") if verdict.accepted else ("would not be accepted", "bold red")
        show((verdict.kind, "bold"), f" {verdict.token or 'entry'} ", said)
        for account in verdict.steps:
            mark = ("✓", "green") if account.passed else ("✗", "bold red")
            show(mark, f" {account.step.ljust(2)} {account.what}", indent=_INDENT)
        if verdict.grant is not None:
            _show_grant(verdict.grant, question.at)
        if verdict.error is not None:
            first, *rest = verdict.error.message.split("\n")
            show((verdict.error.name, "bold red"), f": {first}", indent=_INDENT)
            for line in rest:
                show(line, indent=_INDENT)
        if verdict.advice is not None:
            show(("What to do: ", "bold"), verdict.advice, indent=_INDENT)


def _show_grant(grant: Grant, at: int) -> None:
    show_field("lets", grant.audience, indent=_INDENT)
    show_field("invoke", f"{grant.command}, and all that is below it", indent=_INDENT)
    show_field("on", grant.subject, indent=_INDENT)
    if grant.not_before is not None:
        show_field("not before", show_time(grant.not_before, at=at), indent=_INDENT)
    show_field("expires", "never" if grant.expiration is None else show_time(grant.expiration, at=at), indent=_INDENT)
    for statement in grant.policy:
        show_field("where", json_text(statement), indent=_INDENT)
