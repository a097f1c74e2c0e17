"""Fuzzing: `python -m tests.fuzz [TARGET…] [--seconds N]`, or `python -m tests.fuzz TARGET --replay FILE`.

A target begins with what is kept in `corpus/`; what it finds that reaches something new is kept there too. An input that breaks
a law is saved in `findings/`, printed, and kept, so that `make test` fails until the law holds again; the exit status is 1.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.fuzz import corpus
from tests.fuzz.pieces import POOLS
from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS

FINDINGS: Final = Path(__file__).with_name("findings")
MEGABYTES: Final = 2048
"""Of memory, and with the seconds below more than any input may ask for."""
LONGEST: Final = 30
MAX_WORD: Final = 64
"""Bytes of an entry in libFuzzer's dictionary."""

_EXECUTED: Final = re.compile(r"^(?:stat::number_of_executed_units: |#)(\d+)", re.MULTILINE)
_UNCAUGHT: Final = re.compile(r"^ === Uncaught Python exception: ===$(.*?)^(?:==\d+==|MS: )", re.MULTILINE | re.DOTALL)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Look for bytes that break a law of a reader.")
    parser.add_argument(
        "targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all of them, where none is named"
    )
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="run the target once, on this input, and fuzz nothing")
    options = parser.parse_args()
    targets = options.targets or list(TARGETS)
    if unknown := set(targets) - TARGETS.keys():
        parser.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    if options.replay:
        for target in targets:
            TARGETS[target](options.replay.read_bytes())
        return 0
    if importlib.util.find_spec("atheris") is None:
        parser.error("atheris is not installed: it has wheels for Linux on x86-64 and Python 3.11 to 3.13")
    return max([fuzz(target, options.seconds) for target in targets])


def fuzz(target: str, seconds: int) -> int:
    """Fuzz one target; give 1 where something was found, and 0 where nothing was."""
    kept = {*corpus.load(target), *(data for data in seeds(target) if len(data) <= corpus.MAX_LENGTH)}
    print(f"{target}: {len(kept)} inputs, {seconds} s", flush=True)
    with TemporaryDirectory() as folder:
        old, new, found, words = (Path(folder, name) for name in ("old", "new", "found", "words"))
        for place in (old, new, found):
            place.mkdir()
        for data in kept:
            (old / sha256(data).hexdigest()).write_bytes(data)
        words.write_text(dictionary(target))
        ended, log = run(target, found, f"-max_total_time={seconds}", f"-dict={words}", str(new), str(old))
        findings = {path.name: path.read_bytes() for path in sorted(found.iterdir())}
        if ended and not findings:
            raise SystemExit(f"{log[-4000:]}\n{target}: the fuzzer itself failed ({ended})")
        # Of what is new, as little as reaches as much.
        run(target, found, "-merge=1", str(old), str(new))
        everything = {path.read_bytes() for path in old.iterdir()}
    # What does not end is nothing to run in every test.
    everything |= {data for name, data in findings.items() if name.startswith("crash")}
    executed = max(map(int, _EXECUTED.findall(log)), default=0)
    count = corpus.save(target, everything)
    print(f"{target}: {executed} executions, {count - len(kept)} inputs more, {len(findings)} findings", flush=True)
    for name, data in findings.items():
        FINDINGS.mkdir(exist_ok=True)
        path = FINDINGS / f"{target}-{name}"
        path.write_bytes(data)
        print(f"\n{path}\n{data.hex()}\n{''.join(_UNCAUGHT.findall(log)[-1:]).strip()}")
        print(f"again: python -m tests.fuzz {target} --replay {path}", flush=True)
    return 1 if findings else 0


def run(target: str, found: Path, *arguments: str) -> tuple[int, str]:
    """Run libFuzzer on a target, in a process of its own: it ends it. Give its exit status and what it said."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.fuzz.engine", target),
            *(f"-artifact_prefix={found}/", f"-rss_limit_mb={MEGABYTES}", f"-timeout={LONGEST}"),
            *(f"-max_len={corpus.MAX_LENGTH}", "-use_value_profile=1", "-print_final_stats=1"),
            *arguments,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.returncode, done.stdout.decode(errors="replace")


def dictionary(target: str) -> str:
    """Write a target's pieces as libFuzzer's dictionary."""
    pool = POOLS[target]
    words = {word for word in (*pool.texts, *pool.items) if 1 < len(word) <= MAX_WORD}
    return "".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in sorted(words))


if __name__ == "__main__":
    sys.exit(main())
