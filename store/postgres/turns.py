"""Groups that do not give up at once: what fell out with another transaction, or lost its connection, is run again."""

from __future__ import annotations

import random
import time
from typing import Final

from store.groups import Group, Groups, Session, Unit
from store.postgres.errors import AgainError, LostError

QUARRELS: Final = 8
"""How often a unit is run that quarrels even alone. The others of its group are long done by then."""
PATIENCE: Final = 5.0
"""Seconds for which a lost connection is made anew before the units that wait for it fail."""
PAUSE: Final = (0.002, 0.02)
"""Seconds before the same again, drawn anew each time, so that two do not meet again; longer each time."""
_LONGEST: Final = 16


class Turns(Groups):
    """A queue of units whose groups are run until they are done, and for as long as that makes sense."""

    def _serve(self, session: Session, units: list[Unit]) -> None:
        """Run a group; where it quarrels, once more; then its halves, so that a quarrelsome unit holds up no others.

        A group takes what has queued by the time at which it is its turn: who came while it waited shares its commit.
        """
        until = time.monotonic() + PATIENCE
        group = Group(session, units)
        group.begin()
        self._gather(units)
        tries = 0
        # In the order in which they came, the first of them last.
        parts = [units]
        while True:
            failure = _finished(group)
            tries = tries + 1 if isinstance(failure, AgainError) else 0
            again = _again(parts.pop(), failure, tries, until)
            parts += again
            if not parts:
                return
            if len(again) > 1:
                # Each of the halves is new.
                tries = 1
            if again:
                time.sleep(random.uniform(*PAUSE) * min(tries, _LONGEST))  # noqa: S311 - not a secret
            group = Group(session, parts[-1])
            group.begin()


def _finished(group: Group) -> BaseException | None:
    """Run a group that has begun, or not; give why nothing of it was kept."""
    if group.failure is not None:
        # For those, too, who came after it had failed.
        group.fail(group.failure)
    while not group.failed and group.run_one():
        pass
    group.commit()
    return group.failure


def _again(part: list[Unit], failure: BaseException | None, tries: int, until: float) -> list[list[Unit]]:
    """Say what is run again of a part of a group, the first of it last."""
    if isinstance(failure, LostError):
        return [part] if time.monotonic() < until else []
    half = len(part) // 2
    if isinstance(failure, AgainError) and half and tries > 1:
        return [part[half:], part[:half]]
    return [part] if isinstance(failure, AgainError) and tries < QUARRELS else []
