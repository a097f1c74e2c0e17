"""How a test says that a request is refused."""

from __future__ import annotations

from typing import Any

import pytest

from forge.errors import Failure
from tests.core.chains import Request


def failure_of(asked: Request, **more: Any) -> Failure:
    with pytest.raises(Failure) as caught:
        asked.verify(**more)
    return caught.value


def fails(asked: Request, kind: type[Failure], message: str, **more: Any) -> None:
    failure = failure_of(asked, **more)
    assert (type(failure), failure.message) == (kind, message)
    assert str(failure) == message
