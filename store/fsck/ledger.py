"""The ledger and its archives: every row is what was signed, and what was told has been done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, Final

from forge.cid import CID
from forge.errors import DecodeError, StoreError
from forge.invocation import Invocation
from forge.receipt import Receipt
from store.archive.file import ArchiveFile, Folder
from store.archive.rows import Filed, to_cells
from store.cells import join
from store.fsck.findings import Findings, place_of, show
from store.fsck.scratch import Scratch
from store.fsck.signatures import Signatures
from store.tables import BY_NAME
from store.transaction import Transaction

LEDGER: Final = BY_NAME["ledger"]
ARCHIVES: Final = BY_NAME["archive"]
REVOKE: Final = "/ucan/revoke"

TELLING: Final = frozenset(
    (
        *("/customer/add", "/customer/link", "/customer/payer/add", "/customer/payer/remove", "/plan/add"),
        *("/provider/add", "/provider/remove", "/subscription/add", "/subscription/decline", "/subscription/unassign"),
    )
)
"""Commands that append an event whenever they succeed: where nothing is to change, they fail."""


class Ledger:
    """The rows of a ledger, as they are looked at one after the other."""

    def __init__(self, tx: Transaction, findings: Findings, scratch: Scratch, signatures: Signatures) -> None:
        self._tx = tx
        self._findings = findings
        self._scratch = scratch
        self._signatures = signatures

    def check(self, folder: Folder, done: Callable[[int], object]) -> None:
        """Look at all rows, those too that were moved to archives."""
        with ExitStack() as opened:
            archives = {filed.number: (filed, self._open(filed, folder, opened)) for filed in self._filed()}
            moved: Counter[int] = Counter()
            for page in self._tx.pages(LEDGER):
                for row in page:
                    seq, task, *cells, archive = row
                    if archive is None:
                        self._check_row(place_of(LEDGER, (seq,)), task, cells)
                    elif isinstance(archive, int):
                        moved[archive] += 1
                        self._check_moved(archives.get(archive), task)
                done(len(page))
        for number, (filed, _) in archives.items():
            if moved[number] != filed.entries:
                said = f"{moved[number]} rows of the ledger say that they are there, and it is to have {filed.entries}"
                self._findings.add("archive-count", place_of(ARCHIVES, (number,)), said)

    # -- archives ------------------------------------------------------------------------------------------------------

    def _filed(self) -> Iterator[Filed]:
        after = 0
        while page := self._tx.archives(after, ARCHIVES.rows):
            yield from page
            after = page[-1].number

    def _open(self, filed: Filed, folder: Folder, opened: ExitStack) -> ArchiveFile | None:
        """Open an archive's file. None: it is not there, which is named."""
        file = folder.file(filed.place)
        try:
            archive = opened.enter_context(ArchiveFile(file))
            count = archive.count()
        except StoreError as error:
            said = str(error)
        else:
            if archive.id == filed.id and count >= filed.entries:
                return archive
            said = f"{file} is another archive, or an older copy of it with {count} rows of {filed.entries}"
        self._findings.add("archive-missing", place_of(ARCHIVES, (filed.number,)), said)
        return None

    def _check_moved(self, archive: tuple[Filed, ArchiveFile | None] | None, task: object) -> None:
        """Look at a row that was moved. Where its archive is not there, that was named."""
        filed, file = archive or (None, None)
        if filed is None or file is None or not isinstance(task, bytes):
            return
        place = f"archive {filed.number}, task {_show(task)}"
        try:
            entry = file.find(CID(task))
        except (StoreError, DecodeError) as error:
            self._findings.add("archived-row-damaged", place, str(error), tasks=(task,))
            return
        if entry is None:
            self._findings.add("archived-row-missing", place, f"{file.file} does not have it", tasks=(task,))
        else:
            self._check_row(place, task, to_cells(entry)[1:])

    # -- rows ----------------------------------------------------------------------------------------------------------

    def _check_row(self, place: str, task: object, cells: Sequence[Any]) -> None:
        command, issuer, subject, data, proofs, told, at = cells
        named = f"task {_show(task)}: "

        def add(name: str, said: str) -> None:
            self._findings.add(name, place, named + said, tasks=(task,))

        try:
            invocation = Invocation.decode(data)
        except DecodeError as error:
            add("invocation-unreadable", str(error))
            return
        try:
            receipt = Receipt.decode(told)
            executor, issued_at = receipt.executor, receipt.assertion.issued_at
        except DecodeError as error:
            add("receipt-unreadable", str(error))
            return
        columns: tuple[tuple[str, Any, str | bytes | int | None], ...] = (
            ("task-differs", task, bytes(invocation.task)),
            ("receipt-of-another", task, bytes(receipt.ran)),
            ("command-differs", command, str(invocation.command)),
            ("issuer-differs", issuer, str(invocation.issuer)),
            ("subject-differs", subject, str(invocation.subject)),
            ("proofs-differ", proofs, join(map(bytes, invocation.proofs))),
            ("time-differs", at, issued_at),
            ("receipt-executor", str(executor), str(invocation.executor)),
        )
        for name, cell, said in columns:
            if cell != said:
                add(name, f"{show(cell)} here, {show(said)} in what was signed")
                return
        if self._signatures.are_false(invocation.envelope, invocation.issuer, of_service=invocation.issuer == executor):
            add("invocation-signature", f"not signed by {invocation.issuer}")
        elif self._signatures.are_false(receipt.envelope, executor, of_service=True):
            add("receipt-signature", f"not signed by {executor}")
        else:
            self._check_effect(add, invocation, receipt)

    def _check_effect(self, add: Callable[[str, str], None], invocation: Invocation, receipt: Receipt) -> None:
        """See that what a task came to is told by events, and that those name it right."""
        said = (str(invocation.command), str(invocation.issuer), str(invocation.subject))
        events = self._scratch.said_of(bytes(invocation.task))
        for *told, seq in events:
            if tuple(told) != said:
                text = f"it says {', '.join(told)}; its task's invocation {', '.join(said)}"
                self._findings.add("event-differs", place_of(BY_NAME["event"], (seq,)), text, tasks=(bytes(invocation.task),))
        if receipt.error is not None or self._findings.concern(bytes(invocation.task)):
            return
        if invocation.command in TELLING and not events:
            add("effect-missing", f"{invocation.command} succeeded, and no event tells of it")
        revoked = invocation.arguments.get("revoke")
        if invocation.command == REVOKE and isinstance(revoked, CID) and not self._tx.revokers([revoked], [invocation.issuer]):
            add("revocation-missing", f"{invocation.issuer} revoked {revoked}, and that is not kept")


def _show(task: object) -> str:
    try:
        return str(CID(task)) if isinstance(task, bytes) else "?"
    except DecodeError:
        return task.hex() if isinstance(task, bytes) else "?"
