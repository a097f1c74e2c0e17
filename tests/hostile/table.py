"""The table: all cases, section by section."""

from __future__ import annotations

from collections import Counter
from typing import Final

from tests.hostile import (
    attestation,
    chain,
    command,
    conclude,
    container,
    envelope,
    header,
    http,
    keys,
    payload,
    policy,
    resolution,
    revocation,
    time,
    transport,
    wire,
)
from tests.hostile.case import Case

SECTIONS: Final = (
    wire,
    envelope,
    header,
    keys,
    resolution,
    payload,
    chain,
    time,
    policy,
    command,
    container,
    http,
    transport,
    attestation,
    conclude,
    revocation,
)
CASES: Final[tuple[Case, ...]] = tuple(case for section in SECTIONS for case in section.cases())


def counts() -> dict[str, int]:
    """Say how many cases each section has."""
    return dict(Counter(case.section for case in CASES))
