"""The table, for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.figures import FIGURES, Figures
from benchmarks.targets import Target


def show(figures: Figures, aims: Sequence[Target], console: Console) -> None:
    """Print all figures, and each target beside what was measured."""
    for table in (_figures(figures), _scale(figures), _targets(aims)):
        if table.row_count:
            console.print(table)
    if figures.memory:
        parts = ", ".join(f"{when} {value:.1f}" for when, value in figures.memory.items())
        console.print(f"Resident memory of the server, MiB: {parts}")
    year = figures.year()
    console.print(
        "A year of 100 invocations a second on the disk, GB:"
        f" {year['everything']:,.0f}, of which the ledger has {year['ledger']:,.0f}"
    )


def _figures(figures: Figures) -> Table:
    table = Table("figure", "what", "unit", title="Figures")
    for heading in ("min", "median", "max"):
        table.add_column(heading, justify="right")
    for figure in FIGURES:
        values = figures.values[figure.key]
        shown = map(_number, (min(values), figures.median(figure.key), max(values)))
        table.add_row(figure.key, figure.says, figure.unit, *shown)
    return table


def _scale(figures: Figures) -> Table:
    table = Table("customers", title="Scale (median, and min to max)")
    for rows, values in sorted(figures.scale.items()):
        if not table.row_count:
            for key in values:
                table.add_column(key, justify="right")
        cells = (
            f"{_number(figures.at_scale(rows, key))} ({_number(min(taken))} to {_number(max(taken))})"
            for key, taken in values.items()
        )
        table.add_row(f"{rows:,}", *cells)
    return table


def _targets(aims: Sequence[Target]) -> Table:
    table = Table("target", "figure", title="Targets")
    for heading in ("wanted", "stretch", "measured"):
        table.add_column(heading, justify="right")
    table.add_column("holds")
    for target in aims:
        stretch = "" if target.stretch is None else f"{target.sign} {target.stretch:g}"
        holds = "no" if not target.holds else "yes, and the stretch" if target.stretched else "yes"
        wanted = f"{target.sign} {target.wanted:g}"
        table.add_row(target.says, target.key, wanted, stretch, _number(target.measured), holds)
    return table


def _number(value: float) -> str:
    """Show three digits that count, or a whole number."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"  # noqa: PLR2004 - where three digits end
