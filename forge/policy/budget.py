"""The work that one request may ask of its policies (protocol §15.6, 4), counted in steps rather than in seconds.

One step is one statement evaluated, one value visited, selected or compared, or one stretch of a string or list that is
copied, compared or searched. Steps are paid before the work is done, but for a search, whose length only its end shows.
"""

from __future__ import annotations

from typing import Final

from forge.errors import MatchError

REFUSAL: Final = "invocation arguments do not satisfy capability policy: "

# Steps. A hundred statements on arguments of a thousand values each, and a tenth of a second of one processor at worst: nobody
# else is served meanwhile.
MAX_STEPS: Final = 100_000

# Characters (or bytes) that are copied, compared or searched in the time of one step.
CHARACTERS_PER_STEP: Final = 512
# List elements that are copied in the time of one step: a reference each, and an object whose count of them is written.
ELEMENTS_PER_STEP: Final = 32


class Budget:
    """What is left to spend. One budget may serve all policies of a request; it is used up for all of them at once."""

    __slots__ = ("_left", "_steps")

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self._steps = steps
        self._left = steps

    @property
    def spent(self) -> int:
        """The steps asked for so far."""
        return self._steps - self._left

    def spend(self, steps: int = 1) -> None:
        """Pay for work.

        Raises:
            MatchError: there is not enough left. No statement catches this, so that no `not` turns it into success.
        """
        self._left -= steps
        if self._left < 0:
            raise MatchError(f"{REFUSAL}the policy asks for too much work (more than {self._steps} steps)")
