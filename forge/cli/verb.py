"""A command of the catalogue as a command of the program: its arguments are options, all else is as for `forge invoke`."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from inspect import Parameter as Slot
from inspect import Signature, signature
from pathlib import Path
from typing import Annotated, Any, Final, get_args

import typer
from rich.markup import escape
from typer.main import get_command

from forge.binding import SERVICE as THE_SERVICE
from forge.binding import Command, Effect, Route
from forge.cli.executing import CURSOR, execute, execute_all
from forge.cli.exits import UsageError
from forge.cli.following import follow
from forge.cli.invoke import app as invoke_app
from forge.cli.invoke import invoke
from forge.cli.keyfiles import read_signer
from forge.cli.parameter import WORD, Parameter, form_of, name_of, parameters
from forge.cli.parties import SELF, SERVICE
from forge.cli.signing import Draft, Request
from forge.cli.terminal import json_text
from forge.cli.times import FORMS
from forge.cli.verbs import sentence
from forge.did import DID
from forge.model import UnixTime

PANEL: Final = "Signing and sending, as for forge invoke"
_TIME: Final = f"A TIME is {FORMS}. Now is what this machine's clock says, whatever a service's test clock does."
_DID: Final = f"A DID may be an e-mail address (its did:mailto), `{SELF}` for whoever signs, or `{SERVICE}` for the audience."
_ALL: Final = Annotated[bool, typer.Option("--all", help="Follow the cursor to the end of the list: an invocation a page.")]
_FOLLOW: Final = Annotated[
    bool, typer.Option("--follow", help="Give what is there and wait for more, until Ctrl+C: exit status 0.")
]
_WHOSE: Final = f"whom the proofs lead from, if that is one; or else {SELF}"
_PAGE: Final = {"results", CURSOR}
_PAGING: Final = {"size", CURSOR}
_HELP: Final = ("-h", "--help")
_WORD: Final = re.compile("(?<=[a-z0-9])(?=[A-Z])")
_OPTION: Final = re.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*")


def verb(route: Route[Any, Any]) -> Any:  # noqa: ANN401 - typer's base of all commands has no name in public
    """Make the command of the program that has a route's command executed, and follows its stream."""
    command, stream = route.command, route.stream
    known = parameters(command.arguments)
    paged = CURSOR in known and set(parameters(command.result)) >= _PAGE
    options = _options(known, {*_shared_options(), *_HELP, *(["--all"] if paged else []), *(["--follow"] if stream else [])})
    only_service = all(role is THE_SERVICE for role in command.subjects)
    # The option's name in Python → its argument's on the wire.
    keys = {f"argument_{number}": key for number, key in enumerate(sorted(options, key=lambda key: _rank(known[key])))}

    def run(  # noqa: PLR0913 - what an invocation has beside what it says
        *,
        pairs: list[str],
        key: Path,
        as_did: str | None,
        url: str | None,
        output: Path | None,
        as_json: bool,
        every: bool = False,
        lasting: bool = False,
        **given: Any,  # noqa: ANN401 - values of every type
    ) -> None:
        said = [pair for name in keys for pair in _pairs(keys[name], given.pop(name))]
        draft = Draft.read(read_signer(key, as_did), Request(command.path, [*said, *pairs], **given))
        missing = [_spelled(one, options) for one in known.values() if one.required and one.key not in draft.arguments]
        if missing and not draft.said.unchecked:
            raise UsageError(f"missing: {', '.join(missing)}. See: forge {' '.join(command.path.segments)} --help")
        if lasting and stream is not None:
            if every or output is not None:
                raise UsageError("--follow: it has no pages, and signs again for each connection; leave --all and -o out")
            follow(draft, stream, url=url, as_json=as_json)
        elif not every:
            execute(draft, url=url, output=output, as_json=as_json)
        elif output is None:
            execute_all(draft, url=url, as_json=as_json)
        else:
            raise UsageError("--all: every page is an invocation of its own, and -o keeps one; leave one of the two out")

    slots = [_slot(name, known[key], options[key]) for name, key in keys.items()]
    if paged:
        slots.append(Slot("every", Slot.KEYWORD_ONLY, default=False, annotation=_ALL))
    if stream is not None:
        slots.append(Slot("lasting", Slot.KEYWORD_ONLY, default=False, annotation=_FOLLOW))
    hidden = [one for one in known.values() if one.key not in options]
    # typer makes of a signature what it makes of a function that is written out.
    run.__signature__ = Signature([*slots, *_shared(hidden, only_service=only_service)])  # type: ignore[attr-defined]
    app = typer.Typer(add_completion=False)
    app.command(help=_help(command), epilog=_epilog(command, known))(run)
    return get_command(app)


def _rank(one: Parameter) -> tuple[bool, bool]:
    """Say where an argument stands in help: first what must be said, last what has to do with pages."""
    return not one.required, one.key in _PAGING


def _pairs(key: str, given: object) -> Iterator[str]:
    """Write what an option was given as `key=value`."""
    if isinstance(given, list):
        yield from (f"{key}={value}" for value in given)
    elif given is not None:
        yield f"{key}={json_text(given)}"


def _options(known: Mapping[str, Parameter], taken: set[str]) -> dict[str, tuple[str, ...]]:
    """Give each argument's options. One whose name is taken, or that can be none, has no entry."""
    found: dict[str, tuple[str, ...]] = {}
    for one in known.values():
        name = _WORD.sub("-", one.key).lower()
        wanted = (f"--{name}", f"--no-{name}") if one.is_flag else (f"--{name}",)
        if _OPTION.fullmatch(name) and taken.isdisjoint(wanted):
            found[one.key] = wanted
            taken.update(wanted)
    for key, names in found.items():
        # `--consumers A --consumers B` is `--consumer A --consumer B` too.
        single = names[0].removesuffix("s")
        if known[key].repeated and single not in (names[0], *taken):
            found[key] = (*names, single)
            taken.add(single)
    return found


def _spelled(one: Parameter, options: Mapping[str, tuple[str, ...]]) -> str:
    return options[one.key][0] if one.key in options else f"{one.key}={one.metavar}"


def _slot(name: str, one: Parameter, options: tuple[str, ...]) -> Slot:
    if one.is_flag:
        flag = typer.Option("/".join(options), help=_describe(one))
        return Slot(name, Slot.KEYWORD_ONLY, default=None, annotation=Annotated[bool | None, flag])

    def complete(incomplete: str) -> list[str]:
        return [choice for choice in one.choices if choice.startswith(incomplete)]

    # Each as a list: what is given once too often is refused, and not dropped.
    option = typer.Option(*options, metavar=one.metavar, help=_describe(one), autocompletion=complete)
    return Slot(name, Slot.KEYWORD_ONLY, default=[], annotation=Annotated[list[str], option])


def _describe(one: Parameter) -> str:
    marks = [mark for mark, fits in (("may be repeated", one.repeated), ("required", one.required)) if fits]
    if WORD in one.metavar:
        marks.append(f"one of: {', '.join(one.choices)}")
    if one.implied is not None:
        marks.append(f"default: {json_text(one.implied)}")
    if isinstance(one.default, str | int | float) and one.default is not False and one.default != "":
        marks.append(f"default: {one.default}")
    return escape(" ".join([one.description, *(f"[{mark}]" for mark in marks)]).strip())


def _shared_options() -> Iterator[str]:
    for param in get_command(invoke_app).params:
        yield from (*param.opts, *param.secondary_opts)


def _shared(hidden: list[Parameter], *, only_service: bool) -> Iterator[Slot]:
    """Give what all verbs have: the options of `forge invoke`, and `KEY=VALUE`."""
    for slot in signature(invoke, eval_str=True).parameters.values():
        kind, info = get_args(slot.annotation)
        info = copy.copy(info)
        if slot.name == "command":
            continue
        if slot.name == "pairs":
            lines = ["Arguments by their names on the wire, instead of options.", *map(_only_so, hidden)]
            info.help = "\n\n".join(lines)
        else:
            info.rich_help_panel = PANEL
        if slot.name != "subject":
            yield slot.replace(annotation=Annotated[kind, info])
        elif only_service:
            yield slot.replace(default=SERVICE, annotation=Annotated[kind, info])
        else:
            info.show_default = _WHOSE
            yield slot.replace(default=None, annotation=Annotated[kind | None, info])


def _only_so(one: Parameter) -> str:
    return f"Only like this, not as an option: {one.key}={one.metavar} {_describe(one)}".strip()


def _help(command: Command[Any, Any]) -> str:
    first, _, rest = command.documentation.partition("\n")
    del first
    subjects = ", ".join(dict.fromkeys(role.name for role in command.subjects))
    effect = "It reads." if command.effect is Effect.READS else "It changes something, and runs once."
    paragraphs = [sentence(command.summary), *rest.strip().split("\n\n"), f"{command.path}, subject: {subjects}. {effect}"]
    return escape("\n\n".join(filter(None, map(_reflow, paragraphs))))


def _reflow(paragraph: str) -> str:
    """Let lines end where the terminal does, unless they are a list or a table."""
    lines = paragraph.split("\n")
    return paragraph if any(line[:1] in (" ", "-", "|") for line in lines) else " ".join(lines)


def _epilog(command: Command[Any, Any], known: Mapping[str, Parameter]) -> str:
    failures = [f"Fails with {one.__name__}: {' '.join((one.__doc__ or '').split())}" for one in command.failures]
    kinds = [kind for one in known.values() for kind in one.kinds]
    texts = dict.fromkeys(f"A {name_of(kind)} is {form}." for kind in kinds if (form := form_of(kind)))
    forms = [*([_DID] if DID in kinds else []), *texts, *([_TIME] if UnixTime in kinds else [])]
    more = f"`forge schema {command.path}` tells the types of arguments and result in full."
    return escape("\n\n".join(["\n".join(failures), *forms, more]).strip())
