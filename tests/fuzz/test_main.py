"""What is done with what the fuzzer finds, without the fuzzer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import pytest

from tests.fuzz import __main__ as program
from tests.fuzz import corpus
from tests.fuzz.pieces import POOLS
from tests.fuzz.targets import TARGETS

FOUND: Final = b"\xa1\x00"
SEEDS: Final = [b"\x80", b"\x81\x80"]
LOG: Final = """#1024\tpulse  corp: 4/96b lim: 4096 exec/s: 512
 === Uncaught Python exception: ===
AssertionError: decoding accepted what encoding does not write
==7== ERROR: libFuzzer: fuzz target exited
stat::number_of_executed_units: 1500
"""


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(corpus, "FOLDER", tmp_path / "corpus")
    monkeypatch.setattr(program, "FINDINGS", tmp_path / "findings")
    monkeypatch.setattr(program, "seeds", lambda target: SEEDS)  # noqa: ARG005
    return tmp_path


def fuzzer(monkeypatch: pytest.MonkeyPatch, status: int, log: str, **files: bytes) -> list[tuple[str, ...]]:
    """A fuzzer that ends like this, and leaves these files: in its first folder, or as an artifact."""
    ran: list[tuple[str, ...]] = []

    def run(target: str, found: Path, *arguments: str) -> tuple[int, str]:
        assert target == "policy"
        ran.append(arguments)
        for name, data in files.items():
            (found if name in ("crash", "timeout") else Path(arguments[-2])).joinpath(name).write_bytes(data)
        return status, log

    monkeypatch.setattr(program, "run", run)
    return ran


def test_what_is_new_is_kept(kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    ran = fuzzer(monkeypatch, 0, "Done 99 runs\nstat::number_of_executed_units: 99\n", new=b"\x80\x80")
    assert program.fuzz("policy", 5) == 0
    assert "-max_total_time=5" in ran[0]
    assert ran[1][0] == "-merge=1"
    assert set(corpus.load("policy")) == {*SEEDS, b"\x80\x80"}
    assert capsys.readouterr().out.splitlines()[-1] == "policy: 99 executions, 1 inputs more, 0 findings"
    assert not (kept / "findings").exists()


def test_a_finding_is_printed_and_kept(kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    fuzzer(monkeypatch, 77, LOG, crash=FOUND)
    assert program.fuzz("policy", 5) == 1
    said = capsys.readouterr().out
    assert "policy: 1500 executions, 1 inputs more, 1 findings" in said
    assert FOUND.hex() in said
    assert "AssertionError: decoding accepted what encoding does not write" in said
    assert str(kept / "findings" / "policy-crash") in said
    assert FOUND in corpus.load("policy")
    assert program.fuzz("policy", 5) == 1, "found again"


def test_an_endless_input_is_a_finding_that_no_test_waits_for(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fuzzer(monkeypatch, 70, "#2\n", timeout=FOUND)
    assert program.fuzz("policy", 5) == 1
    assert FOUND not in corpus.load("policy")
    assert (kept / "findings" / "policy-timeout").read_bytes() == FOUND


@pytest.mark.usefixtures("kept")
def test_a_fuzzer_that_does_not_start_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    fuzzer(monkeypatch, 1, "ModuleNotFoundError: No module named 'forge'")
    with pytest.raises(SystemExit, match="policy: the fuzzer itself failed"):
        program.fuzz("policy", 5)


def test_replay_runs_the_target_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "finding"
    file.write_bytes(FOUND)
    seen: list[bytes] = []
    monkeypatch.setitem(TARGETS, "policy", seen.append)
    monkeypatch.setattr(sys, "argv", ["fuzz", "policy", "--replay", str(file)])
    assert program.main() == 0
    assert seen == [FOUND]


def test_an_unknown_target_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["fuzz", "tokens"])
    with pytest.raises(SystemExit):
        program.main()
    assert "no target tokens; there are container, document, policy, selector, token" in capsys.readouterr().err


@pytest.mark.parametrize("target", POOLS)
def test_a_dictionary_has_every_short_piece(target: str) -> None:
    lines = program.dictionary(target).splitlines()
    words = {bytes.fromhex(line.strip('"').replace("\\x", "")) for line in lines}
    assert words == {word for word in (*POOLS[target].texts, *POOLS[target].items) if 1 < len(word) <= program.MAX_WORD}
