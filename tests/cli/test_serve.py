from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest
import structlog

from commands import CATALOG
from forge.cli import child, logs, serving
from forge.cli.exits import Unexpected
from forge.command import CommandPath
from forge.container import Container
from forge.wire import CONTENT_TYPE
from tests.cli import faulty
from tests.cli.conftest import Forge, Party, Service, make_party
from tests.faults.processes import free_port


def get(url: str, data: bytes | None = None, **headers: str) -> bytes:
    request = urllib.request.Request(url, data, headers)  # noqa: S310 - our own
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - our own
        body: bytes = response.read()
        assert "Server" not in response.headers
        return body


def events(text: str) -> dict[str, dict[str, object]]:
    return {one["event"]: one for one in map(json.loads, text.splitlines())}


@contextmanager
def signal_when_up(url: str, number: int) -> Iterator[list[bytes]]:
    """Run what is in the block, and signal this process once a service at `url` has answered."""
    answers: list[bytes] = []
    over = Event()

    def wait() -> None:
        while not answers and not over.wait(0.01):
            with suppress(OSError):
                answers.append(get(f"{url}/health/ready"))
        if answers:
            os.kill(os.getpid(), number)

    thread = Thread(target=wait)
    thread.start()
    try:
        yield answers
    finally:
        over.set()
        thread.join()


@pytest.fixture
def store(tmp_path: Path) -> list[str]:
    return ["--store", f"sqlite:///{tmp_path / 'forge.db'}"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(forge: Forge, alice: Party, store: list[str], number: int) -> None:
    handlers = [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)]
    port = free_port()
    with signal_when_up(f"http://127.0.0.1:{port}", number) as answers:
        result = forge("serve", *alice.key, *store, "--port", str(port))
    assert answers == [b"ok\n"]
    assert result.stdout == ""
    said = events(result.stderr)
    assert said["serving"]["did"] == alice.did
    assert said["serving"]["url"] == f"http://127.0.0.1:{port}"
    assert said["started"]["did"] == said["stopped"]["did"] == alice.did
    assert [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)] == handlers


def test_dev_makes_an_identity_says_so_and_keeps_it(forge: Forge, tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        port = free_port()
        with signal_when_up(f"http://127.0.0.1:{port}", signal.SIGTERM):
            result = forge("serve", "--dev", env={"FORGE_DATA": str(tmp_path / "data"), "FORGE_PORT": str(port)})
        seen.append(events(result.stderr))
    made = "an identity was made for this service; it is kept, and used again"
    assert seen[0][made]["key"] == str(tmp_path / "data" / "service.pem")
    assert made not in seen[1]
    assert seen[0]["serving"]["did"] == seen[1]["serving"]["did"]
    assert (tmp_path / "data" / "forge.db").exists()


def test_a_key_that_others_can_read_is_warned_of(forge: Forge, alice: Party, store: list[str]) -> None:
    alice.file.chmod(0o644)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = forge("serve", *alice.key, *store, "--port", str(taken.getsockname()[1]), status=2)
    warned = json.loads(result.stderr.splitlines()[0])
    assert (warned["level"], warned["key"]) == ("warning", str(alice.file))


def test_settings_come_from_flags_before_variables_before_the_file(
    forge: Forge, alice: Party, store: list[str], tmp_path: Path
) -> None:
    port, file = free_port(), tmp_path / "forge.toml"
    file.write_text(f'key = "{alice.file}"\nhost = "nowhere.invalid"\nport = 1\ndid = "did:web:s.example.com"\ndebug = true\n')
    environment = {"FORGE_HOST": "127.0.0.1", "FORGE_PORT": "2", "FORGE_STORE": store[1]}
    with signal_when_up(f"http://127.0.0.1:{port}", signal.SIGTERM):
        result = forge("serve", "--config", file, "--port", str(port), "--no-debug", env=environment)
    said = events(result.stderr)
    assert said["serving"]["did"] == "did:web:s.example.com"
    assert said["started"]["commands"] == len(CATALOG.without(CommandPath("/debug")))


@pytest.mark.parametrize(
    "case",
    [
        ([], {}, "forge: key: a service needs one: make it with `forge key new -o FILE`"),
        (["--key", "no.pem"], {}, "forge: key: no.pem: No such file or directory\n"),
        (["--key", "{key}"], {}, "forge: store: where should rows live?"),
        (["--key", "{key}", "--store", "nope://x"], {}, "forge: store: no engine serves nope://"),
        (["--key", "{key}", "--store", "sqlite:////nothing/there/x.db"], {}, "forge: store: "),
        (["--key", "{key}", "--store", "{db}", "--did", "x"], {}, "forge: did: not a DID"),
        (["--key", "{key}", "--store", "{db}", "--did", "did:plc:x"], {}, "forge: did: a service is a did:web"),
        (["--key", "{key}", "--store", "{db}", "--port", "70000"], {}, "forge: port: "),
        (["--key", "{key}", "--store", "{db}", "--workers", "0"], {}, "forge: workers: "),
        (
            ["--key", "{key}", "--store", "{db}", "--host", "nowhere.invalid"],
            {},
            "forge: host, port: cannot listen on nowhere.invalid",
        ),
        (["--key", "{key}", "--store", "{db}"], {"FORGE_CATALOG": "nothing:X"}, "forge: nothing:X cannot be imported"),
        (["--key", "{key}", "--store", "{db}"], {"FORGE_CATALOG": "os:path"}, "forge: catalog: os:path is not a catalog"),
        (["--key", "{key}", "--store", "{db}"], {"FORGE_CONNECT": "os:nothing"}, "forge: os:nothing cannot be imported"),
        (
            ["--key", "{key}", "--store", "{db}"],
            {"FORGE_CONNECT": "tests.cli.faulty:unready"},
            "forge: store: it does not answer\n",
        ),
        # Where nobody can listen, so that it ends even if it is not refused.
        (["--key", "{key}", "--store", "{db}", "--test-clock", "--host", "nowhere.invalid"], {}, "forge: test_clock: "),
        (
            ["--key", "{key}", "--store", "{db}", "--test-clock", "--no-dev", "--host", "nowhere.invalid"],
            {"FORGE_DEV": "1"},
            "forge: test_clock: a test's time is no time to serve others by: it needs --dev as well\n",
        ),
        (["--config", "no.toml"], {}, "forge: config: there is no file no.toml\n"),
        (["--config", "{key}"], {}, "forge: config: "),
    ],
)
def test_a_wrong_configuration_is_one_clear_line(
    forge: Forge, alice: Party, tmp_path: Path, case: tuple[list[str], dict[str, str], str]
) -> None:
    flags, environment, said = case
    names = {"{key}": str(alice.file), "{db}": f"sqlite:///{tmp_path / 'forge.db'}"}
    result = forge("serve", *(names.get(flag, flag) for flag in flags), env=environment, status=2)
    assert result.stderr.startswith(said)
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_a_server_that_does_not_start_is_status_2(
    forge: Forge, alice: Party, store: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faulty, "calls", 0)
    result = forge("serve", *alice.key, *store, "--port", "0", env={"FORGE_CONNECT": "tests.cli.faulty:once"}, status=2)
    assert result.stderr.endswith("forge: the server did not start; the log says why\n")
    assert "no second time" in result.stderr


def run(*flags: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "forge", "serve", *map(str, flags)]
    return subprocess.run(command, env={**os.environ, **environment}, check=False, capture_output=True, text=True, timeout=120)


def test_workers_that_do_not_start_are_status_2(alice: Party, store: list[str]) -> None:
    done = run(*alice.key, *store, "--port", "0", "--workers", "2", FORGE_CONNECT="tests.cli.faulty:parent_only")
    assert done.returncode == 2
    assert done.stderr.endswith("forge: the server did not start; the log says why\n")
    assert "not in a worker" in done.stderr


def test_several_workers_share_a_port_a_store_and_counters(tmp_path: Path) -> None:
    party = make_party(tmp_path, "service")
    flags = [*party.key, "--store", f"sqlite:///{tmp_path / 'forge.db'}", "--workers", "2"]
    with child.service(flags, tmp_path / "log") as url:
        assert json.loads(get(url, Accept="application/json"))["did"] == party.did
        assert get(f"{url}/health/ready") == b"ok\n"
        for _ in range(20):
            get(url, data=Container().to_cbor(), **{"Content-Type": CONTENT_TYPE})
        assert b"forge_request_seconds_count 20.0" in get(f"{url}/metrics")
    said = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [one["workers"] for one in said if one["event"] == "serving"] == [2]
    assert sum(one["event"] == "stopped" for one in said) == 2


def test_a_test_sets_the_time(forge: Forge, tmp_path: Path) -> None:
    config = tmp_path / "forge.toml"
    config.write_text(f'data = "{tmp_path / "data"}"\n')
    with child.service(["--config", str(config), "--dev", "--test-clock"], tmp_path / "log") as url:
        said = json.loads(get(url, Accept="application/json"))
        assert said["testClock"] is True
        at = ["--url", url, "--audience", said["did"], "--key", tmp_path / "data" / "service.pem", "--subject", "self"]
        for argument, now in (("now=1893456000", 1893456000), ("advance=P1M", 1896134400)):
            assert json.loads(forge("invoke", "/debug/clock", argument, *at, "--json").stdout)["ok"] == {"now": now}
    logged = events((tmp_path / "log").read_text())
    assert logged["the time of this service is a test's: a command sets it"]["level"] == "warning"


def test_ipv6(tmp_path: Path) -> None:
    party = make_party(tmp_path, "service")
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 loopback here")
    flags = [*party.key, "--store", f"sqlite:///{tmp_path / 'forge.db'}", "--host", "::1"]
    with child.service(flags, tmp_path / "log") as url:
        assert url.startswith("http://[::1]:")
        assert get(f"{url}/health/live") == b"ok\n"


def test_an_end_to_end_answer_has_no_server_header(running: Service) -> None:
    assert get(f"{running.url}/health/live") == b"ok\n"


def test_logs_are_for_people_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    logs.configure()
    secret = "a private key"
    try:
        raise ValueError(f"oops{len(secret)}")
    except ValueError:
        structlog.get_logger("forge").exception("fault\x1b[2J", text="\x9b31m", number=3)
    record = logging.LogRecord("uvicorn.error", logging.INFO, "", 0, "hello %s", ("there",), None)
    shown = capsys.readouterr().err + logs.formatter().format(record)
    assert "fault\\x1b[2J" in shown
    assert "\\x9b31m" in shown
    assert "ValueError: oops13" in shown
    assert secret not in shown
    assert "hello there" in shown


def test_a_log_that_cannot_be_written_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the log is on a disk that is full, requests failed whose failure was to be logged."""
    full = os.open("/dev/full", os.O_WRONLY)
    with suppress(OSError), open(full, "w", buffering=1, encoding="utf-8") as stream:  # noqa: PTH123 - it is no file
        monkeypatch.setattr("sys.stderr", stream)
        with pytest.raises(OSError, match="No space left"):
            sys.stderr.write("this is such a disk\n")
        logs.configure()
        structlog.get_logger("forge").error("fault", reference="x")
        monkeypatch.undo()


def test_a_folder_of_counters_that_is_given_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    with serving._shared_metrics():
        assert os.environ["PROMETHEUS_MULTIPROC_DIR"] == str(tmp_path)
    assert tmp_path.exists()
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR")
    with serving._shared_metrics():
        made = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
        assert made.is_dir()
    assert not made.exists()
    assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ


class TestChild:
    def test_what_does_not_start_shows_what_it_wrote(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(Unexpected, match="did not start, and ended with status 2"), child.service([], tmp_path / "log"):
            pass
        assert "forge: key: a service needs one" in capsys.readouterr().err

    def test_what_does_not_start_in_time(
        self, alice: Party, store: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(child, "START_TIMEOUT", 0.0)
        with pytest.raises(Unexpected, match="did not start within 0 s"), child.service([*alice.key, *store], tmp_path / "log"):
            pass

    def test_what_does_not_end_is_killed(
        self, alice: Party, store: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        flags = [*alice.key, *store]
        with pytest.raises(Unexpected, match="ended with status -9"), child.service(flags, tmp_path / "log"):
            monkeypatch.setattr(child, "STOP_TIMEOUT", 0.0)

    def test_only_its_own_events_are_read(self, tmp_path: Path) -> None:
        (tmp_path / "log").write_text('plain\n[1]\n{"event":"serving"}\n')
        assert list(child._events(tmp_path / "log")) == [{"event": "serving"}]
