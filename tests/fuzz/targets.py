"""What is fuzzed: functions of bytes that return, or raise where a law of the reader is broken.

A refusal has to be of the class that the reader declares; what is accepted has to keep the laws that are in `tests.fuzz.laws`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from tests.fuzz.laws.container import container
from tests.fuzz.laws.document import document
from tests.fuzz.laws.policy import policy
from tests.fuzz.laws.selector import selector
from tests.fuzz.laws.token import token

Target: TypeAlias = Callable[[bytes], None]

TARGETS: Final[dict[str, Target]] = {
    "container": container,
    "document": document,
    "policy": policy,
    "selector": selector,
    "token": token,
}
