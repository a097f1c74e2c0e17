"""libFuzzer on one target: `python -m tests.fuzz.engine TARGET [libFuzzer's arguments]`. It ends the process itself."""

from __future__ import annotations

import shlex
import sys
from random import Random

import atheris

# Only what is imported in here can be seen into.
with atheris.instrument_imports(include=["forge"]):
    from tests.fuzz.mutate import Mutator, crossed
    from tests.fuzz.targets import TARGETS


def main() -> None:
    name, *arguments = sys.argv[1:]

    def mutate(data: bytes, size: int, seed: int) -> bytes:
        bent = Mutator(name, lambda part: atheris.Mutate(part, size), Random(seed)).mutate(data)  # noqa: S311 - no secret
        return bent if len(bent) <= size else atheris.Mutate(data, size)

    def cross(data: bytes, other: bytes, size: int, seed: int) -> bytes:
        random = Random(seed)  # noqa: S311 - no secret
        bent = Mutator(name, lambda part: crossed(part, other, random), random, other).mutate(data)
        return bent[:size]

    # libFuzzer starts itself anew to merge, by the first argument, and leaves the quoting to that.
    itself = shlex.join([sys.executable, "-m", "tests.fuzz.engine", name])
    atheris.Setup([itself, *arguments], TARGETS[name], custom_mutator=mutate, custom_crossover=cross)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
