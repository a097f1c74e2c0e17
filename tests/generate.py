"""Writes what is generated from the commands: schemas/commands, and the table of the README. `make schemas` runs it."""

from __future__ import annotations

from pathlib import Path

from commands import CATALOG
from forge.cli.catalogue import table
from forge.cli.schema import write_all
from forge.command import CommandPath

ROOT = Path(__file__).parents[1]
SCHEMAS = ROOT / "schemas"
README = ROOT / "README.md"
BEGIN = "<!-- commands: made by `make schemas` -->\n"
END = "<!-- /commands -->\n"


def readme(text: str) -> str:
    """Put the table of commands between its marks: those that every service has."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(CATALOG.without(CommandPath('/debug')))}\n\n{END}{after}"


def main() -> None:
    """Write them."""
    write_all(CATALOG, SCHEMAS)
    README.write_text(readme(README.read_text()))


if __name__ == "__main__":
    main()
