"""Which steps of the schema this version of the code can work with."""

from __future__ import annotations

from forge.errors import StoreError
from store import sql


def is_usable(step: str, oldest: str) -> bool:
    """Say whether the schema at `step` can be worked with: it is ours, or a newer one that still serves code of our step.

    Args:
        step: where the schema is. Steps are numbered, and their names sort by that.
        oldest: the oldest step whose code can work with it.
    """
    return step == sql.STEP or (step > sql.STEP >= oldest)


def check(step: str, oldest: str) -> None:
    """See that the schema is one that can be worked with.

    Raises:
        StoreError: it was taken to another step in the meantime.
    """
    if not is_usable(step, oldest):
        raise StoreError(
            f"store: its schema is at step {step} now, and this version of forge is for {sql.STEP}: run the newer one"
        )
