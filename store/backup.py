"""The backup of a SQLite file: a copy of it as it was at one moment, while others go on writing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from forge.errors import ConfigurationError, StoreError
from forge.ports import Tell
from store.moving.whole import whole

PAGES: Final = 1024
"""Pages that are copied between two tellings: some megabytes."""


def back_up(source: Path, file: Path, tell: Tell) -> None:
    """Copy the database `source` to a new file, which is there whole or not at all.

    Raises:
        ConfigurationError: there is such a file, or it cannot be made.
        StoreError: the database cannot be read.
    """

    def progress(_: int, left: int, count: int) -> None:
        tell(count - left, (count - left) / max(1, count))

    try:
        with (
            whole(file, like=source) as beside,
            closing(sqlite3.connect(f"{source.as_uri()}?mode=rw", uri=True, isolation_level=None)) as opened,
            closing(sqlite3.connect(beside, isolation_level=None)) as copy,
        ):
            # What breaks off is thrown away; what is whole is synchronised before it gets its name.
            copy.execute("PRAGMA synchronous = OFF")
            copy.execute("PRAGMA journal_mode = OFF")
            # One snapshot for all of it: without, a copy begins anew whenever somebody else has committed, and never ends.
            opened.execute("BEGIN")
            opened.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
            opened.backup(copy, pages=PAGES, progress=progress)
    except FileExistsError as error:
        raise ConfigurationError(f"backup: there is a file {file}, and none is written over. Name another one") from error
    except OSError as error:
        raise ConfigurationError(f"backup: {file} cannot be written: {error.strerror}") from error
    except sqlite3.Error as error:
        raise StoreError(f"backup: {error}") from error
