"""did:plc: the documents are in a directory, which the operator names (protocol §2.7)."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from forge.did import DID
from forge.resolve.failure import Unfetched
from forge.resolve.fetcher import Document, read
from forge.resolve.http import Http

PLC_DIRECTORY: Final = "https://plc.directory"

_PLC: Final = re.compile(r"[a-z2-7]{24}")
# Its address is nobody's business but the operator's.
_NAME: Final = "the did:plc directory"


class PlcFetcher:
    """Fetches did:plc documents."""

    def __init__(self, http: Http, directory: str = PLC_DIRECTORY) -> None:
        """Make a fetcher.

        Args:
            http: over which.
            directory: the directory's URL, with a path if it has one.
        """
        self._http = http
        self._directory = directory.rstrip("/")
        self._host = urlsplit(directory).hostname or ""

    def host(self, did: DID) -> str:
        """Give the directory's host, once the DID may be in it.

        Raises:
            Unfetched: it is no did:plc.
        """
        if not _PLC.fullmatch(did.identifier):
            raise Unfetched("a did:plc continues with 24 characters of a-z and 2-7")
        return self._host

    async def fetch(self, did: DID, etag: str | None) -> Document | None:
        """Ask the directory for the document.

        Raises:
            Unfetched: it was not had.
        """
        self.host(did)
        return read(await self._http.get(f"{self._directory}/{did}", etag, _NAME), did, etag, _NAME)
