"""The schema, as steps that lead forward only, by Alembic.

A step is written in Alembic's operations, which each engine's dialect spells, and runs inside the one transaction that is also
the lock: of two processes that start at once, the second waits and then finds nothing left to do.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

from forge.errors import ConfigurationError

VERSION_TABLE: Final = "forge_schema"
"""Where the store says which step it is at. Not Alembic's usual name, by which anybody's database would look like ours."""


def migrate(dialect: str, connect: Callable[[], Any], begin: str) -> None:
    """Take the store to the newest step.

    `connect` gives a DBAPI connection that opens no transaction by itself; `begin` opens one that keeps every other writer out.

    Raises:
        ConfigurationError: what is there was not made by the steps that are known here, or a step failed. It is left as it was.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    engine = create_engine(f"{dialect}://", creator=connect, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(begin)
            config.attributes["connection"] = connection
            _check(connection, config)
            command.upgrade(config, "head")
            connection.commit()
    except DBAPIError as error:
        raise ConfigurationError(f"store: its schema cannot be brought up to date: {error.orig}") from error


def _check(connection: Connection, config: Config) -> None:
    """Refuse a schema that is not ours, or that a newer version of the code made.

    Raises:
        ConfigurationError: that.
    """
    tables = inspect(connection).get_table_names()
    if VERSION_TABLE not in tables:
        if tables:
            names = ", ".join(sorted(tables)[:3])
            raise ConfigurationError(
                f"store: this database is somebody else's: it has tables ({names}) and no {VERSION_TABLE}. Name another one"
            )
        return
    known = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
    for (revision,) in connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")):  # noqa: S608 - our constant
        if revision not in known:
            raise ConfigurationError(
                f"store: it is at step {revision}, which this version of forge does not know."
                " It was taken there by a newer version, with which this one cannot share it: run that one"
            )
