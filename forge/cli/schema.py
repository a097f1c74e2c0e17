"""`forge schema`: writes commands' arguments and results as JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic.json_schema import GenerateJsonSchema

from forge.binding import Arguments, Command
from forge.catalog import Catalog
from forge.cli.exits import UsageError
from forge.cli.terminal import emit
from forge.command import CommandPath
from forge.config import find, load
from forge.errors import CommandError

FOLDER: Final = "commands"

app = typer.Typer(add_completion=False)


@app.command()
def schema(
    *,
    command: Annotated[str | None, typer.Argument(metavar="CMD", help="Such as /customer/add; all of them without.")] = None,
    write: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help=f"Write a file a command below DIR/{FOLDER}, and remove those of commands that are gone."
        ),
    ] = None,
) -> None:
    """Write commands' arguments and results as JSON Schema."""
    catalog: Catalog = find(load().catalog)
    if write is not None:
        if command is not None:
            raise UsageError("--write: writes all commands; leave CMD out")
        write_all(catalog, write)
    elif command is None:
        emit(_text([describe(route.command) for route in catalog]))
    else:
        try:
            route = catalog.get(CommandPath(command))
        except CommandError as error:
            raise UsageError(f"CMD: {error}") from error
        if route is None:
            raise UsageError(f"{command} is not known here; `forge commands` lists what is")
        emit(_text(describe(route.command)))


def describe(command: Command[Any, Any]) -> dict[str, object]:
    """Describe a command: what it takes, what it gives, and how it fails."""
    return {
        "command": command.path,
        "summary": command.summary,
        "description": command.documentation,
        "effect": command.effect.value,
        "subjects": [role.name for role in command.subjects],
        "failures": {failure.__name__: (failure.__doc__ or "").strip() for failure in command.failures},
        "arguments": _schema(command.arguments),
        "result": _schema(command.result),
    }


def files(catalog: Catalog) -> Iterator[tuple[Path, str]]:
    """Give each command's file, relative to the folder of all schemas, and what belongs in it."""
    for route in catalog:
        path = Path(FOLDER, *route.command.path.segments)
        yield path.with_name(f"{path.name}.json"), _text(describe(route.command)) + "\n"


def write_all(catalog: Catalog, folder: Path) -> None:
    """Write all files, and remove those of commands that are gone.

    Raises:
        UsageError: the folder cannot be written.
    """
    wanted = {folder / path: text for path, text in files(catalog)}
    try:
        for path, text in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for path in sorted((folder / FOLDER).rglob("*.json")):
            if path not in wanted:
                path.unlink()
                if not any(path.parent.iterdir()):
                    path.parent.rmdir()
    except OSError as error:
        raise UsageError(f"--write: {error.filename}: {error.strerror}") from error


class _Titleless(GenerateJsonSchema):
    """Leaves titles out that only say the field's name again."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401 - pydantic's signature
        del schema
        return False


def _schema(model: type[Arguments]) -> dict[str, Any]:
    return model.model_json_schema(schema_generator=_Titleless)


def _text(value: object) -> str:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
