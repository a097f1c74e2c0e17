"""Checking: the part of a store that looks at all of it. It is the same for every engine, but for the engine's own check."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final, TypeVar

from forge.errors import StoreError
from forge.keys import PublicKey
from forge.ports import Examined, Finding, Tell
from store.archive.file import Folder
from store.fsck.domain import compare_rows, tell_events
from store.fsck.findings import STORE, Fault, Findings
from store.fsck.laws import check_laws
from store.fsck.ledger import Ledger
from store.fsck.scratch import TOLD, Scratch
from store.fsck.signatures import Signatures
from store.fsck.words import check_delegations, check_revocations, check_statements
from store.tables import BY_NAME
from store.transaction import Transaction

T = TypeVar("T")

_LOOKED_AT: Final = (*TOLD, *(BY_NAME[name] for name in ("event", "delegation", "revocation", "statement", "ledger")))


class Checking(ABC):
    """The part of a store, `forge.ports.Store`, that looks for damage."""

    _folder: Folder
    """Where the files of archives are: the engine's to set."""

    @abstractmethod
    def read(self, work: Callable[[Transaction], T]) -> Awaitable[T]:
        """Run a unit that reads."""

    def _faults(self, tx: Transaction, scratch: Scratch) -> Iterator[Fault]:
        """Give what the engine itself finds wrong, with its files, its indexes, and what refers to what.

        `scratch` is an empty store on SQLite, for whoever wants to compare.
        """
        del tx, scratch
        yield from ()

    async def examine(self, keys: Sequence[PublicKey], *, find: Callable[[Finding], object], tell: Tell) -> Examined:
        """Look at everything, as it is at one moment.

        Raises:
            StoreError: the store did not answer.
        """
        findings = Findings(find)
        signatures = Signatures(keys)

        def work(tx: Transaction) -> int:
            with Scratch() as scratch:
                for fault in self._faults(tx, scratch):
                    # Of the store as a whole there may be several.
                    key = fault.said if fault.place == STORE else None
                    findings.add(fault.name, fault.place, fault.said, key=key)
                rows = _Rows(tx, tell)
                examine_domain(tx, findings, scratch, rows.done)
                check_delegations(tx, findings, rows.done)
                check_revocations(tx, findings, signatures, rows.done)
                check_statements(tx, findings, signatures, rows.done)
                Ledger(tx, findings, scratch, signatures).check(self._folder, rows.done)
                return rows.count

        try:
            rows = await self.read(work)
        except StoreError as error:
            if not findings.count:
                raise
            # It was damaged, which was named; and this is how far it can be read.
            findings.add("unreadable", STORE, str(error), key="")
            rows = 0
        return Examined(rows=rows, findings=findings.count, unchecked=signatures.unchecked)


def examine_domain(tx: Transaction, findings: Findings, scratch: Scratch, done: Callable[[int], object]) -> None:
    """Look at the rows of the domain: their events, their causes, their laws."""
    tell_events(tx, findings, scratch, done)
    check_laws(tx, findings, scratch)
    for table in TOLD:
        compare_rows(tx, findings, scratch, table, done)


class _Rows:
    """How many rows were looked at."""

    def __init__(self, tx: Transaction, tell: Tell) -> None:
        self._all = max(1, sum(map(tx.total, _LOOKED_AT)))
        self._tell = tell
        self.count = 0

    def done(self, count: int) -> None:
        """Take note of so many more."""
        self.count += count
        self._tell(self.count, min(1.0, self.count / self._all))
