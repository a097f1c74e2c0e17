"""A catalogue that cannot be imported."""

from __future__ import annotations

CATALOG = 1 / 0
