"""`forge commands`: lists the commands that are known here."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from forge.binding import Command
from forge.catalog import Catalog
from forge.cli.options import Json
from forge.cli.terminal import emit, emit_json, show
from forge.config import find, load

_HEAD: Final = ("command", "what it does", "effect", "subject", "takes", "fails with")

app = typer.Typer(add_completion=False)


@app.command()
def commands(
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="As a Markdown table.")] = False,
    as_json: Json = False,
) -> None:
    """List the commands that are known here: what they do, whose they are, what they take."""
    catalog: Catalog = find(load().catalog)
    if as_json:
        emit_json([dict(zip(_HEAD, _row(route.command), strict=True)) for route in catalog])
    elif markdown:
        emit(table(catalog))
    else:
        width = max((len(route.command.path) for route in catalog), default=0)
        for route in catalog:
            path, summary, effect, subjects, _, _ = _row(route.command)
            show((path.ljust(width), "bold"), f"  {effect.ljust(7)}  {summary} ", (f"({subjects})", "dim"))


def table(catalog: Catalog) -> str:
    """Write the table of commands in Markdown, as the README has it."""
    rows = [_HEAD, tuple("---" for _ in _HEAD)]
    for route in catalog:
        path, summary, effect, subjects, takes, fails = _row(route.command)
        rows.append((f"`{path}`", summary.replace("|", r"\|"), effect, subjects, _code(takes), _code(fails)))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(command: Command[Any, Any]) -> tuple[str, ...]:
    takes = ", ".join(
        f"{field.alias or name}{'' if field.is_required() else '?'}" for name, field in command.arguments.model_fields.items()
    )
    return (
        command.path,
        command.summary,
        command.effect.value,
        ", ".join(dict.fromkeys(role.name for role in command.subjects)),
        takes,
        ", ".join(failure.__name__ for failure in command.failures),
    )


def _code(names: str) -> str:
    return ", ".join(f"`{name}`" for name in names.split(", ")) if names else ""
