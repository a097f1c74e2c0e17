from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import quote

import pytest

from forge import notice
from forge.attestation import AttestedSigner
from forge.cli import verify as module
from forge.delegation import Delegation
from forge.did import DID
from forge.document import describe
from forge.invocation import Invocation
from forge.keys import Signer
from forge.ports import Revocation
from forge.resolve.resolver import MAX_STRANGERS
from forge.revocation import MAX_RECORD, REVOKE
from forge.signature import Keys
from tests.cli.conftest import Forge
from tests.cli.lent import ADD, ALICE, BOB, CAROL, LINK, NOW, ROOT, WHOLE, ask, lend, lines, text

# -- whose keys they are


@pytest.fixture
def web() -> Iterator[Signer]:
    """A did:web on this machine, whose key is Alice's."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(describe(did, ALICE.key.public)).encode()
            self.send_response(200 if self.path == "/.well-known/did.json" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    did = DID(f"did:web:127.0.0.1%3A{server.server_port}")
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield Signer(ALICE.key, did)
    server.shutdown()
    server.server_close()


def test_a_did_web_is_asked(forge: Forge, web: Signer) -> None:
    given = text(lend(web, BOB, web))
    assert f"is signed by {web.did} with its method #key-0 (Ed25519)" in forge("verify", given, *NOW).stdout


def test_offline_nobody_is_asked(forge: Forge, web: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "open_resolver", None)
    forge("verify", WHOLE, *NOW, "--offline")
    shown = forge("verify", text(lend(web, BOB, web)), *NOW, "--offline", status=1).stdout
    assert "DIDKeyResolutionError" in shown


def test_whose_key_it_is_is_found_out_where_something_is_wrong(forge: Forge, web: Signer) -> None:
    """The service's key signs as itself: that is seen in the document of the subject, who signed nothing here."""
    root = lend(ALICE, BOB, web)
    shown = forge("verify", text(ask(BOB, root, subject=web), root), *NOW, status=1).stdout
    assert f"{ALICE.did} is a key of {web.did}, who has the authority: sign it again with that key, as {web.did}" in shown


def test_a_host_that_is_not_there_is_not_accepted(forge: Forge) -> None:
    signer = Signer(ALICE.key, DID("did:web:127.0.0.1%3A1"))
    shown = forge("verify", text(lend(signer, BOB, signer)), *NOW, status=1).stdout
    assert "DIDKeyResolutionError" in shown
    assert "See that the DID document of did:web:127.0.0.1%3A1 can be fetched" in shown


def test_an_authority_that_is_not_there_is_not_accepted(forge: Forge) -> None:
    signer = AttestedSigner.of(BOB, DID("did:mailto:example.com:bob"))
    given = [text(lend(signer, ALICE, signer)), "--authority", "did:web:127.0.0.1%3A1"]
    shown = forge("verify", *given, *NOW, status=1).stdout
    assert f"What {signer.did} signs is attested by did:web:127.0.0.1%3A1: see that its own keys can be resolved." in shown


def test_a_directory_that_is_not_there_is_not_accepted(forge: Forge) -> None:
    signer = Signer(ALICE.key, DID("did:plc:ewvi7nxzyoun6zhxrhs64oiz"))
    shown = forge("verify", text(lend(signer, BOB, signer)), *NOW, "--plc", "http://127.0.0.1:1", status=1).stdout
    assert "DIDKeyResolutionError" in shown
    assert "See that the directory that holds did:plc:ewvi7nxzyoun6zhxrhs64oiz can be reached" in shown


async def test_however_many_are_asked_for() -> None:
    """A resolver looks only so many strangers up for one request; a file may name more."""
    asked: list[list[DID]] = []

    class Counting:
        async def resolve(self, dids: Collection[DID]) -> Keys:
            asked.append(list(dids))
            return dict.fromkeys(dids, ())

    dids = {DID(f"did:web:{number}.example.com") for number in range(2 * MAX_STRANGERS + 1)}
    keys = await module._resolve(Counting(), dids)  # type: ignore[arg-type]
    assert keys.keys() == dids
    assert [len(one) for one in asked] == [MAX_STRANGERS, MAX_STRANGERS, 1]


# -- revocations


class Revocations:
    """A service that tells of revocations, or answers whatever else it was given."""

    def __init__(self) -> None:
        self.told: dict[str, bytes] = {}
        self.status = 404
        self.asked: list[str] = []
        self.knows_revokers = True

    def tell(self, of: Delegation, revoker: Signer = ALICE, *path: Delegation, **more: Any) -> None:
        arguments = {"path": [one.cid for one in path], "revoke": more.pop("revoke", of.cid)}
        fields: dict[str, Any] = {"command": REVOKE, "arguments": arguments, "expiration": None, **more}
        cause = Invocation.issue(revoker, subject=revoker.did, **fields)
        tokens = tuple(bytes(one) for one in path or (of,))
        record = notice.record(
            Revocation(
                delegation=of.cid, revoker=revoker.did, cause=cause.cid, invocation=bytes(cause), path=tokens, recorded_at=0
            )
        )
        self.told.setdefault(f"/revocation/{of.cid}", record.encode())
        self.told[f"/revocation/{of.cid}?revoker={quote(revoker.did, safe='')}"] = record.encode()


@pytest.fixture
def revocations() -> Iterator[tuple[Revocations, str]]:
    known = Revocations()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.asked.append(self.path)
            body = known.told.get(self.path if known.knows_revokers else self.path.partition("?")[0])
            self.send_response(known.status if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield known, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_service_is_asked_for_revocations(forge: Forge, revocations: tuple[Revocations, str]) -> None:
    known, url = revocations
    result = forge("verify", WHOLE, *NOW, "--url", url)
    assert lines(result.stdout)[0].endswith(f"Revocations: as {url} tells them.")
    assert sorted(known.asked) == sorted(f"/revocation/{one.cid}" for one in (ROOT, LINK))
    forge("verify", WHOLE, *NOW, "--url", f"{url}/below/")
    assert known.asked[-1].startswith("/below/revocation/")
    known.tell(ROOT)
    shown = forge("verify", WHOLE, *NOW, "--url", f"{url}/", status=1).stdout
    assert f"✗ 4c proof 1 of 2 {ROOT.cid} was revoked by {ALICE.did}" in shown
    assert f"Revoked: Proof {ROOT.cid} has been revoked (proof 1 of 2)" in shown
    assert json.loads(forge("verify", WHOLE, *NOW, "--url", url, "--json", status=1).stdout)["revocations"] == url


def test_a_revocation_by_whoever_stands_before(forge: Forge, revocations: tuple[Revocations, str]) -> None:
    known, url = revocations
    known.tell(LINK, ALICE, ROOT, LINK)
    shown = forge("verify", text(LINK), *NOW, "--proof", text(ROOT), "--url", url, status=1).stdout
    assert f"Revoked: Proof {LINK.cid} has been revoked (proof 2 of 2)" in shown


@pytest.mark.parametrize("by", [ALICE, BOB], ids=["before", "its issuer"])
def test_what_others_revoked_hides_nothing(forge: Forge, revocations: tuple[Revocations, str], by: Signer) -> None:
    """A powerline is revoked by a stranger, for a chain of its own; that is all that a service tells who asks for any."""
    known, url = revocations
    power = lend(BOB, CAROL, None)
    given = [text(power), *NOW, "--proof", text(ROOT), "--url", url]
    stranger = Signer.generate()
    known.tell(power, stranger, lend(stranger, BOB, stranger), power)
    forge("verify", *given)
    assert len([path for path in known.asked if "revoker=" in path]) == 2, "those of the chain alone"
    known.tell(power, by, *([] if by is BOB else [ROOT, power]))
    shown = forge("verify", *given, status=1).stdout
    assert f"Revoked: Proof {power.cid} has been revoked (proof 2 of 2)" in shown
    assert by.did in next(line for line in lines(shown) if " was revoked by " in line)


def test_a_service_that_does_not_know_revokers(forge: Forge, revocations: tuple[Revocations, str]) -> None:
    """It gives the same record, whoever is asked for: whose that is, is in it."""
    known, url = revocations
    known.knows_revokers = False
    stranger = Signer.generate()
    power = lend(BOB, CAROL, None)
    known.tell(power, stranger, lend(stranger, BOB, stranger), power)
    result = forge("verify", text(power), *NOW, "--proof", text(ROOT), "--url", url)
    assert result.stderr == ""
    known.told.clear()
    known.tell(power, ALICE, ROOT, power)
    forge("verify", text(power), *NOW, "--proof", text(ROOT), "--url", url, status=1)


@pytest.mark.parametrize("wrong", ["stranger", "another", "command", "signature", "path", "none", "empty"])
def test_a_revocation_that_does_not_hold_does_not_count(forge: Forge, revocations: tuple[Revocations, str], wrong: str) -> None:
    """A service's word alone is none: a record holds what proves it."""
    known, url = revocations
    if wrong == "stranger":
        known.tell(ROOT, CAROL)
    elif wrong == "another":
        known.tell(ROOT, revoke=LINK.cid)
    elif wrong == "command":
        known.tell(ROOT, command=ADD)
    elif wrong == "signature":
        known.tell(ROOT, Signer(CAROL.key, ALICE.did))
    elif wrong == "path":
        # Alice did not sign what would make Carol somebody who stands before.
        known.tell(ROOT, CAROL, lend(Signer(CAROL.key, ALICE.did), CAROL), lend(CAROL, ALICE), ROOT)
    else:
        known.told[f"/revocation/{ROOT.cid}"] = b"{}" if wrong == "none" else b""
    result = forge("verify", WHOLE, *NOW, "--url", url)
    assert result.stderr.startswith(f"forge: {url} tells of a revocation of {ROOT.cid} that does not hold: ")


def test_a_service_that_is_not_reached(forge: Forge, revocations: tuple[Revocations, str]) -> None:
    known, url = revocations
    assert "was not reached" in forge("verify", WHOLE, *NOW, "--url", "http://127.0.0.1:1", status=3).stderr
    known.status = 503
    assert "answered 503" in forge("verify", WHOLE, *NOW, "--url", url, status=3).stderr
    known.told[f"/revocation/{ROOT.cid}"] = b" " * (3 * MAX_RECORD)
    known.status = 404
    assert "answered more than" in forge("verify", WHOLE, *NOW, "--url", url, status=3).stderr
