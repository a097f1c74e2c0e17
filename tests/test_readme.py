"""The README cannot rot: everything in it that can be run is run, in order, in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import unmeasured
from tests.faults.processes import free_port
from tests.generate import README

BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# What `make` does here: the demo and the service for real, but the tests are running already. What serves is in the background.
PRELUDE = """
set -euo pipefail
make() {
  case "$1" in
    demo) forge demo ;;
    serve) forge serve --dev ;;
    test) : ;;
    *) echo "the README names make $1, which this test does not know"; exit 1 ;;
  esac
}
timeout() {  # What follows for some seconds here follows until something came.
  shift
  env "$@" >followed &
  for _ in $(seq 600); do
    if [ -s followed ]; then break; fi
    sleep 0.1
  done
  kill $!
  wait $! || true
  cat followed
}
stop() {
  test -z "${server:-}" || { kill $server; wait $server; server=; }
}
trap stop EXIT
forge() {
  if [ "$1" != serve ]; then command forge "$@"; return; fi
  stop
  command forge "$@" >serve.log 2>&1 &
  server=$!
  for _ in $(seq 600); do
    python -c "import urllib.request as r; r.urlopen('$SERVED/health/ready')" 2>/dev/null && return
    kill -0 $server || { cat serve.log; exit 1; }
    sleep 0.1
  done
  exit 1
}
"""


@pytest.fixture(scope="module")
def script() -> str:
    parts = [PRELUDE]
    for language, text in BLOCK.findall(README.read_text()):
        parts.append(text if language == "sh" else f"python - <<'PYTHON'\n{text}PYTHON\n")
    return "\n".join(parts)


def test_every_command_runs(script: str, tmp_path: Path) -> None:
    port = str(free_port())
    served = f"http://127.0.0.1:{port}"
    here = str(Path(sys.executable).parent)
    environment = {name: value for name, value in unmeasured.environment().items() if not name.startswith("FORGE_")}
    environment |= {"PATH": f"{here}:{os.environ['PATH']}", "FORGE_PORT": port, "SERVED": served}
    done = subprocess.run(
        ["/bin/bash", "-c", script.replace("http://127.0.0.1:8080", served)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hello" in done.stdout
    assert "already exists" in done.stdout, "the Python example ran to where it fails"
    assert done.stdout.count("did:key:") > 3
    assert re.search(r"seq 1  at .*  type customer-added ", done.stdout), "what happened was followed by the command line"
    assert re.search(r"^event 1 \S+$", done.stdout, re.MULTILINE), "and from Python"
    assert "1896134400" in done.stdout, "the test's clock went on by a month"


def test_the_fixture_serves_tests(tmp_path: Path) -> None:
    (text,) = [text for language, text in BLOCK.findall(README.read_text()) if "@pytest.fixture" in text]
    (tmp_path / "test_months.py").write_text(text)
    own = ("FORGE_", "PYTEST_")
    environment = {name: value for name, value in unmeasured.environment().items() if not name.startswith(own)}
    environment |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "pytest", "-p", "no:asyncio", "-W", "error", "--basetemp", str(tmp_path / "temp")]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_every_make_target_exists() -> None:
    makefile = (README.parent / "Makefile").read_text()
    named = set(re.findall(r"\bmake ([a-z]+)\b", README.read_text()))
    assert named >= {"demo", "serve", "test"}
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_link_leads_somewhere() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", README.read_text()):
        assert (README.parent / link).exists(), link
