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
        # In the order in which they came, the first of them last.
        left = [units]
        gathered = False
        tries = 0
        while left:
            part = left.pop()
            group = Group(session, part)
            group.begin()
            if not gathered:
                gathered = True
                self._gather(part)
                if group.failure is not None:
                    group.fail(group.failure)
            while not group.failed and group.run_one():
                pass
            group.commit()
            tries += 1
            if not isinstance(group.failure, AgainError):
                tries = 0
            elif isinstance(group.failure, LostError):
                if time.monotonic() < until:
                    left.append(part)
            elif len(part) > 1 and tries > 1:
                half = len(part) // 2
                left += [part[half:], part[:half]]
            elif tries < QUARRELS:
                left.append(part)
            if group.failed and left:
                time.sleep(random.uniform(*PAUSE) * min(tries, _LONGEST))  # noqa: S311 - not a secret
