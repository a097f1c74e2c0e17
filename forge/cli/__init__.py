"""The command line: `forge`, and `python -m forge`."""

from __future__ import annotations

from forge.cli.program import app, main

__all__ = ["app", "main"]
