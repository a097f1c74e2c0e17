from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from forge.cid import CID
from forge.cli.times import now
from forge.container import Container
from forge.keys import Signer
from forge.receipt import Receipt
from tests.cli.conftest import Forge, Party, Service

PRODUCT = "product=did:web:starter.example.com"


def add(customer: str, *more: str) -> list[str]:
    return ["invoke", "/customer/add", f"customer={customer}", PRODUCT, "details={}", *more]


def fresh() -> str:
    return str(Signer.generate().did)


def test_ok(forge: Forge, running: Service) -> None:
    result = forge(*add(fresh(), "externalAccount=f1:7"), *running.at, *running.party.key, "--subject", "self")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[0] == "ok"
    assert lines[1].startswith("task bafyrei")
    assert lines[2].startswith("invocation bafyrei")
    assert lines[3].endswith("(signature checked)")
    assert lines[4] == f"executor {running.party.did}"
    assert lines[5] == "result {}"
    assert result.stderr == ""


def test_json_holds_what_a_script_needs(forge: Forge, running: Service, tmp_path: Path) -> None:
    customer, file = fresh(), tmp_path / "i.ucan"
    result = forge(*add(customer), *running.at, *running.party.key, "--subject", "service", "--json", "-o", file)
    said = json.loads(result.stdout)
    (invocation,) = Container.decode(file.read_text()).invocations
    assert said == {
        "task": str(invocation.task),
        "cid": str(invocation.cid),
        "receipt": said["receipt"],
        "executor": running.party.did,
        "ok": {},
    }
    assert invocation.audience == running.party.did
    assert invocation.expiration is not None
    assert invocation.expiration <= now() + 300
    shown = forge(
        "invoke", "/customer/get", f"customer={customer}", *running.at, *running.party.key, "--subject", "self", "--json"
    )
    assert json.loads(shown.stdout)["ok"]["customer"] == customer


def test_an_error_is_status_1(forge: Forge, running: Service) -> None:
    customer = fresh()
    args = [*add(customer), *running.at, *running.party.key, "--subject", "self"]
    forge(*args)
    for more in ([], ["--json"]):
        result = forge(*args, *more, status=1)
        assert result.stderr == f'forge: CustomerExists: customer "{customer}" already exists\n'
    said = json.loads(result.stdout)
    assert said["error"] == {"name": "CustomerExists", "message": f'customer "{customer}" already exists'}
    assert "ok" not in said
    assert forge(*args, status=1).stdout.startswith("error\n")


def test_everything_from_the_environment(forge: Forge, running: Service) -> None:
    environment = {
        "FORGE_KEY": str(running.party.file),
        "FORGE_URL": running.url,
        "FORGE_AUDIENCE": str(running.party.did),
        "FORGE_SUBJECT": "service",
    }
    forge(*add(fresh()), env=environment)


def test_a_list_and_a_map(forge: Forge, running: Service, alice: Party) -> None:
    service = [*running.at, *running.party.key, "--subject", "self"]
    forge(*add(str(alice.did), "externalAccount=f1:x"), *service)
    own = [*running.at, *alice.key, "--subject", "self", "--json"]
    args = json.dumps({"customer": alice.did, "provider": running.party.did, "product": PRODUCT.partition("=")[2]})
    subscription = json.loads(forge("invoke", "/subscription/add", "--args", args, *own).stdout)["ok"]["id"]
    spaces = [fresh(), fresh()]
    pairs = [f"subscription={subscription}", *(f"consumers={space}" for space in spaces)]
    assert json.loads(forge("invoke", "/subscription/assign", *pairs, *own).stdout)["ok"] == {"assigned": spaces, "moved": []}


def delegation(forge: Forge, running: Service, tenant: Party, file: Path, *flags: str) -> Path:
    args = ["delegate", *running.party.key, "--audience", tenant.did, "--subject", "self", "--command", "/customer"]
    forge(*args, "-o", file, *flags)
    return file


def test_a_chain_is_found_among_the_proofs(forge: Forge, running: Service, alice: Party, tmp_path: Path) -> None:
    """One that is in force and allows the arguments is taken before one that does not."""
    f1 = delegation(forge, running, alice, tmp_path / "f1", "--policy", '["like",".externalAccount","f1:*"]')
    stripe = delegation(forge, running, alice, tmp_path / "stripe", "--policy", '["like",".externalAccount","stripe:*"]')
    past = delegation(forge, running, alice, tmp_path / "past", "--expires", "1000000000")
    early = delegation(forge, running, alice, tmp_path / "early", "--not-before", "1d")
    service = [*running.at, *alice.key, "--subject", "service"]
    proofs = [flag for file in (past, early, f1, stripe) for flag in ("--proof", str(file))]
    forge(*add(fresh(), "externalAccount=stripe:1"), *service, *proofs)
    forge(*add(fresh(), "externalAccount=f1:1"), *service, *proofs)
    refused = forge(*add(fresh(), "externalAccount=gratis:1"), *service, *proofs, status=1)
    assert refused.stderr.startswith("forge: Expired: ")
    refused = forge(*add(fresh(), "externalAccount=gratis:1"), *service, "--proof", f1, status=1)
    assert refused.stderr.startswith("forge: MatchError: ")


def test_without_a_chain_nothing_is_sent_unless_unchecked(
    forge: Forge, running: Service, alice: Party, bob: Party, tmp_path: Path
) -> None:
    args = [*add(fresh()), *running.at, *bob.key, "--subject", "service"]
    refused = forge(*args, status=2)
    assert refused.stderr.startswith(f"forge: {bob.did} may not invoke /customer/add on {running.party.did}: ")
    assert refused.stdout == ""
    assert forge(*args, "--unchecked", status=1).stderr.startswith("forge: InvalidClaim: ")
    proof = delegation(forge, running, alice, tmp_path / "d")
    assert forge(*args, "--unchecked", "--proof", proof, status=1).stderr.startswith("forge: InvalidAudience: ")


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        (["customer=alice"], "args.customer: "),
        (["details={}"], "args.customer: missing; args.product: missing"),
        (["customers=x"], "customers: the command takes no such argument"),
        (["details=x"], "details: not JSON"),
        (["nope"], "nope: expected key=value"),
    ],
)
def test_wrong_arguments_are_named_before_anything_is_sent(forge: Forge, alice: Party, pairs: list[str], said: str) -> None:
    # Nothing listens there: what was sent would be status 3.
    args = [
        "invoke",
        "/customer/add",
        *pairs,
        *alice.key,
        "--subject",
        "self",
        "--audience",
        "did:web:x",
        "--url",
        "http://127.0.0.1:9",
    ]
    result = forge(*args, status=2)
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_unchecked_arguments_are_sent_as_they_are(forge: Forge, running: Service) -> None:
    service = [*running.at, *running.party.key, "--subject", "self", "--unchecked"]
    result = forge("invoke", "/customer/add", "customer=alice", "other=3", *service, status=1)
    assert "MalformedArguments" in result.stderr
    assert "args.other: unknown key" in result.stderr


def test_an_unknown_command_is_sent_as_it_is(forge: Forge, running: Service, tmp_path: Path) -> None:
    file = tmp_path / "i"
    service = [*running.at, *running.party.key, "--subject", "self", "-o", file]
    result = forge("invoke", "/no/such", "a=1", "b=x", 'c={"d":[]}', *service, status=1)
    assert "/no/such is not known here" in result.stderr
    assert "forge: HandlerNotFound: " in result.stderr
    assert Container.decode(file.read_text()).invocations[0].arguments == {"a": 1, "b": "x", "c": {"d": []}}


def test_the_same_nonce_is_the_same_task(forge: Forge, running: Service) -> None:
    args = ["invoke", "/debug/echo", "message=m", *running.at, *running.party.key, "--subject", "self", "--json", "--nonce"]
    tasks = {nonce: json.loads(forge(*args, nonce).stdout)["task"] for nonce in ("empty", "", "00", "00ff")}
    assert tasks["empty"] == tasks[""]
    assert len(set(tasks.values())) == 3
    assert tasks["00"] == json.loads(forge(*args, "00").stdout)["task"]


def test_expiration(forge: Forge, running: Service) -> None:
    args = ["invoke", "/debug/echo", "message=m", *running.at, *running.party.key, "--subject", "self", "--expires"]
    assert forge(*args, "1000000000", status=1).stderr.startswith("forge: Expired: ")
    forge(*args, "never")


def test_sign_now_and_send_later_as_often_as_one_likes(forge: Forge, running: Service, tmp_path: Path) -> None:
    file = tmp_path / "i.ucan"
    args = [*add(fresh()), "--audience", running.party.did, *running.party.key, "--subject", "self", "-o", file]
    signed = forge(*args, "--json")
    assert signed.stderr == f"signed, not sent: {file}\n"
    task = json.loads(signed.stdout)["task"]
    forge("receipt", task, *running.at, status=3)
    sent = [json.loads(forge("send", file, "--url", running.url, "--json").stdout) for _ in range(2)]
    assert sent[0] == sent[1]
    assert sent[0]["task"] == task
    kept = tmp_path / "r.ucan"
    asked = json.loads(forge("receipt", task, *running.at, "--json", "-o", kept).stdout)
    assert asked == {name: value for name, value in sent[0].items() if name != "cid"}
    assert str(Container.decode(kept.read_text()).receipts[CID.parse(task)].cid) == asked["receipt"]
    assert forge(*args).stdout == ""


def test_send_wants_one_invocation(forge: Forge) -> None:
    result = forge("send", Container().encode().decode(), "--url", "http://127.0.0.1:9", status=2)
    assert result.stderr == "forge: FILE: expected one invocation, found 0\n"


def test_receipt_for_people(forge: Forge, running: Service) -> None:
    said = json.loads(forge(*add(fresh()), *running.at, *running.party.key, "--subject", "self", "--json").stdout)
    shown = forge("receipt", said["task"], "--url", running.url).stdout
    assert shown.startswith("ok\n")
    assert "(its own word: no --audience was given to compare)" in shown
    assert "its own word" not in forge("receipt", said["task"], *running.at).stdout
    other = forge("receipt", said["task"], "--url", running.url, env={"FORGE_AUDIENCE": fresh()}, status=3)
    assert f"has no receipt of task {said['task']} by did:" in other.stderr


def test_receipt_of_an_error(forge: Forge, running: Service) -> None:
    customer = fresh()
    args = [*add(customer), *running.at, *running.party.key, "--subject", "self", "--json"]
    forge(*args)
    task = json.loads(forge(*args, status=1).stdout)["task"]
    assert forge("receipt", task, *running.at, status=1).stderr.startswith("forge: CustomerExists: ")


def test_receipt_that_is_not_there(forge: Forge, running: Service) -> None:
    missing = CID.of(b"nothing")
    result = forge("receipt", missing, *running.at, status=3)
    assert result.stderr == f"forge: {running.url} has no receipt of task {missing} by {running.party.did}\n"
    assert forge("receipt", "nothing", *running.at, status=2).stderr.startswith("forge: not a CID")


@pytest.mark.parametrize("url", ["", "nothing", "ftp://x", "http://", "http://[", "http:///x"])
def test_what_is_no_url(forge: Forge, url: str) -> None:
    assert forge("receipt", CID.of(b"x"), "--url", url, status=2).stderr.startswith("forge: --url: expected http://")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--audience", "x"], "forge: --audience: not a DID"),
        (["--subject", "x"], "forge: --subject: not a DID"),
        (["--nonce", "xyz"], "forge: --nonce: expected hexadecimal, or 'empty', not 'xyz'"),
        (["--expires", "x"], "forge: --expires: "),
        (["--url", "x"], "forge: --url: "),
        (["--proof", "x"], "forge: --proof: "),
        (["--args", "x"], "forge: --args: "),
        (["--nonce", "00" * 3_000_000], "forge: this cannot be signed: "),
    ],
)
def test_what_is_wrong_is_named(forge: Forge, alice: Party, flags: list[str], said: str, tmp_path: Path) -> None:
    args = [
        "invoke",
        "/debug/echo",
        "message=m",
        *alice.key,
        "--subject",
        "self",
        "--audience",
        "did:web:x",
        "-o",
        tmp_path / "o",
    ]
    assert said in forge(*args, *flags, status=2).stderr


def test_a_path_that_is_no_command(forge: Forge, alice: Party, tmp_path: Path) -> None:
    args = ["invoke", "debug", *alice.key, "--subject", "self", "--audience", "did:web:x", "-o", tmp_path / "o"]
    assert forge(*args, status=2).stderr.startswith("forge: CMD: a command begins with '/'")


def test_neither_url_nor_file(forge: Forge, alice: Party) -> None:
    args = ["invoke", "/debug/echo", "message=m", *alice.key, "--subject", "self", "--audience", "did:web:x"]
    assert forge(*args, status=2).stderr.startswith("forge: --url: where is the service?")


def test_nobody_there(forge: Forge, alice: Party) -> None:
    args = ["invoke", "/debug/echo", "message=m", *alice.key, "--subject", "self", "--audience", alice.did]
    assert "was not reached" in forge(*args, "--url", "http://127.0.0.1:9", status=3).stderr


class Hostile(BaseHTTPRequestHandler):
    """Answers whatever it is told to."""

    answer: ClassVar[tuple[int, str, bytes]]

    def do_GET(self) -> None:
        status, kind, body = self.answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def hostile() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Hostile)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


CBOR = "application/vnd.ipld.dag-cbor"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((500, "text/plain", b"\x1b[2J\xc2\x9b31m\nsorry"), "answered 500"),
        ((200, "text/html", b"<html>"), "answered 200 (text/html)"),
        ((200, CBOR, b"\x1b[2J"), "not a container"),
        ((200, CBOR, Container().to_cbor()), "missing receipt"),
    ],
)
def test_an_answer_that_is_none_is_status_3(
    forge: Forge, alice: Party, hostile: str, answer: tuple[int, str, bytes], said: str
) -> None:
    Hostile.answer = answer
    args = ["invoke", "/debug/echo", "message=m", *alice.key, "--subject", "self", "--audience", alice.did, "--url", hostile]
    result = forge(*args, status=3)
    assert said in result.stderr
    assert result.stdout == ""
    assert result.stderr[:-1].isprintable()


def test_a_receipt_may_hold_anything(forge: Forge, alice: Party, hostile: str) -> None:
    task = CID.of(b"task")
    receipt = Receipt.issue(alice.signer, ran=task, out={"\x1b[2J": "\x9b31m", "/": "/"}, issued_at=0)
    Hostile.answer = (200, CBOR, Container.of(receipt).to_cbor())
    for more in ([], ["--json"]):
        result = forge("receipt", task, "--url", hostile, *more)
        assert all(one.isprintable() or one == "\n" for one in result.output)
