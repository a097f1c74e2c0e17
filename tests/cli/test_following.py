"""`forge event list --follow`: what happens, as it happens, until it is interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forge.keys import Signer
from tests.cli.conftest import Forge, Party, Service

PRODUCT = "did:web:starter.example.com"
FOLLOW = ("event", "list", "--follow")
LONG = 60.0
"""Seconds after which a process that ends has failed to."""


def add_customer(forge: Forge, running: Service) -> str:
    customer = str(Signer.generate().did)
    forge("customer", "add", "--customer", customer, "--product", PRODUCT, *running.party.key, *running.at)
    return customer


@contextmanager
def following(running: Service, *flags: str) -> Iterator[subprocess.Popen[str]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FORGE_")}
    command = [sys.executable, "-m", "forge", *FOLLOW, *running.party.key, *running.at, *flags]
    # Whoever runs the tests in the background has this process, and so that one, ignore interrupts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1)
    signal.signal(signal.SIGINT, before)
    with process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_it_follows_until_it_is_interrupted(forge: Forge, running: Service) -> None:
    first = add_customer(forge, running)
    with following(running, "--customer", first, "--json") as one, following(running, "--type", "customer-added") as other:
        event = json.loads(line(one))
        assert (event["type"], event["customer"]) == ("customer-added", first)
        while first not in (shown := line(other)):
            assert shown
        assert shown.startswith(f"seq {event['seq']}  at {event['at']} (20")
        assert f"  type customer-added  customer {first}  " in shown
        second = add_customer(forge, running)
        assert second in line(other)
        with following(running, "--since", str(event["seq"])) as later:
            assert second in line(later)
            for process in (one, other, later):
                process.send_signal(signal.SIGINT)
                rest, complaint = process.communicate(timeout=LONG)
                assert (process.returncode, rest, complaint) == (0, "", "")


def test_it_ends_with_whoever_reads_it(forge: Forge, running: Service) -> None:
    add_customer(forge, running)
    with following(running, "--json") as process:
        assert json.loads(line(process))
        assert process.stdout is not None
        process.stdout.close()
        add_customer(forge, running)
        assert process.wait(LONG) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_who_has_no_authority_is_told(forge: Forge, running: Service, alice: Party) -> None:
    result = forge(*FOLLOW, *alice.key, *running.at, status=1)
    assert result.stdout == ""
    assert result.stderr.startswith("forge: InvalidSubject: ")


def test_it_needs_a_service_and_nothing_else(forge: Forge, alice: Party, tmp_path: Path) -> None:
    args = [*FOLLOW, *alice.key, "--audience", alice.did]
    assert forge(*args, status=2).stderr.startswith("forge: --url: where is the service?")
    for other in (["--all"], ["-o", tmp_path / "i"]):
        assert forge(*args, *other, status=2).stderr.startswith("forge: --follow: it has no pages")
    assert not (tmp_path / "i").exists()
    result = forge(*args, "--url", "http://127.0.0.1:9", status=3)
    assert result.stderr.startswith("forge: http://127.0.0.1:9/events was not reached")
    assert forge("plan", "list", "--follow", *alice.key, "--audience", alice.did, status=2).stderr.startswith(
        "forge: No such option"
    )
