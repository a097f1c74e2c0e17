"""What others' words back: revocations and the delegations of their paths, and statements about tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from forge.cid import CID
from forge.errors import DecodeError, Failure
from forge.notice import Record
from forge.receipt import Receipt
from forge.revocation import Claim, claim
from store import sql
from store.cells import split, to_did
from store.fsck.findings import Findings, place_of, show
from store.fsck.laws import check_causes
from store.fsck.signatures import Signatures
from store.revocations import REVOKERS_BATCH
from store.tables import BY_NAME, Row
from store.transaction import Transaction

_DELEGATIONS: Final = BY_NAME["delegation"]
_REVOCATIONS: Final = BY_NAME["revocation"]
_STATEMENTS: Final = BY_NAME["statement"]

Done = Callable[[int], object]


def check_delegations(tx: Transaction, findings: Findings, done: Done) -> None:
    """See that each delegation is the one that its name names."""
    for page in tx.pages(_DELEGATIONS):
        for cid, data in page:
            found = bytes(CID.of(data)) if isinstance(data, bytes) else b""
            if cid != found:
                findings.add("delegation-differs", place_of(_DELEGATIONS, (cid,)), f"its bytes are {show(found)}")
        done(len(page))


def check_revocations(tx: Transaction, findings: Findings, signatures: Signatures, done: Done) -> None:
    """See that each revocation is what its tokens say, and that they are signed."""
    for page in tx.pages(_REVOCATIONS):
        for row in page:
            _check_revocation(tx, row, findings, signatures)
        done(len(page))


def _check_revocation(tx: Transaction, row: Row, findings: Findings, signatures: Signatures) -> None:
    place = place_of(_REVOCATIONS, _REVOCATIONS.key_of(row))
    _, delegation, revoker, cause, links, invocation = row
    path = list(split(links)) if isinstance(links, bytes) else []
    found = _delegations(tx, path)
    missing = [link for link in path if link not in found]
    if missing:
        findings.add("delegation-missing", place, f"its path leads over {show(missing[0])}, which is not kept")
        return
    if any(findings.knows(place_of(_DELEGATIONS, (link,))) for link in path):
        # Named there: what it comes to here is no other damage.
        return
    token = invocation if isinstance(invocation, bytes) else b""
    try:
        said = claim(Record(token, tuple(found[link] for link in path)))
    except (DecodeError, Failure) as error:
        findings.add("revocation-unbacked", place, str(error))
        return
    differing = [
        name
        for name, cell, told in (
            ("delegation", delegation, bytes(said.delegation)),
            ("revoker", revoker, str(said.cause.issuer)),
            ("cause", cause, bytes(said.cause.cid)),
            ("links", path, [bytes(one.cid) for one in said.path]),
        )
        if cell != told
    ]
    tasks = (bytes(said.cause.task),)
    if differing:
        findings.add("revocation-unbacked", place, f"{', '.join(differing)}: not what its invocation says", tasks=tasks)
    elif _is_forged(said, signatures):
        findings.add(
            "revocation-signature", place, f"not all of its tokens are signed by {show(revoker)} and the others", tasks=tasks
        )


def _is_forged(said: Claim, signatures: Signatures) -> bool:
    return any(signatures.are_false(token.envelope, token.issuer) for token in said.tokens)


def _delegations(tx: Transaction, links: list[bytes]) -> Mapping[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for begin in range(0, len(links), REVOKERS_BATCH):
        batch = links[begin : begin + REVOKERS_BATCH]
        found.update(tx.ask(sql.delegations(len(batch)), batch).fetchall())
    return found


def check_statements(tx: Transaction, findings: Findings, signatures: Signatures, done: Done) -> None:
    """See that what others said is what their receipts say, and that those are signed."""
    for page in tx.pages(_STATEMENTS):
        check_causes(tx, findings, _STATEMENTS, page)
        for row in page:
            _check_statement(row, findings, signatures)
        done(len(page))


def _check_statement(row: Row, findings: Findings, signatures: Signatures) -> None:
    place = place_of(_STATEMENTS, _STATEMENTS.key_of(row))
    _, cid, task, executor, failed, data, _, _ = row
    try:
        receipt = Receipt.decode(data if isinstance(data, bytes) else b"")
        told = (bytes(receipt.cid), bytes(receipt.ran), str(receipt.executor), int(receipt.error is not None))
    except DecodeError as error:
        findings.add("statement-differs", place, str(error))
        return
    if told != (cid, task, executor, failed):
        findings.add("statement-differs", place, "not what its receipt says")
    elif signatures.are_false(receipt.envelope, to_did(str(executor))):
        findings.add("statement-signature", place, f"its receipt is not signed by {show(executor)}")
