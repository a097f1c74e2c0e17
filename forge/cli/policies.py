"""Policies on the command line: DAG-JSON, a list of statements or a single one."""

from __future__ import annotations

from forge import dagjson
from forge.cli.exits import UsageError
from forge.errors import DagJsonError, PolicyError
from forge.policy import Policy


def read_policy(text: str | None) -> Policy:
    """Read a policy; without one, anything is allowed.

    Raises:
        UsageError: it is none; the message says where.
    """
    if text is None:
        return Policy.ANY
    try:
        value = dagjson.decode(text)
        # A statement begins with its operator, a policy with a statement.
        single = isinstance(value, list) and bool(value) and isinstance(value[0], str)
        return Policy.decode([value] if single else value)
    except (DagJsonError, PolicyError) as error:
        raise UsageError(f"--policy: {error}") from error
