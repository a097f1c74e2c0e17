"""Reading tokens and containers in whatever encoding somebody hands over.

    given   ::= binary | lettered | hexadecimal text of either | base64 or base64url text of either
    binary  ::= token (begins with 82) | container's CBOR (begins with a1)
    lettered::= a container behind the letter of its encoding

What begins each of these begins none of the others, so there is nothing to guess.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from forge.cli.exits import UsageError
from forge.cli.files import STANDARD_INPUT, exists, read_source
from forge.container import Container, Encoding, Token, decode_token
from forge.errors import DecodeError

_SHOWN: Final = 60  # characters of what was given, in a message
_TOKEN: Final = b"\x82"
_CBOR: Final = b"\xa1"
_HEX: Final = re.compile(rb"(?:[0-9a-fA-F]{2})+")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]+={0,2}")
_NAMES: Final = {
    b"@": "CBOR",
    b"B": "base64",
    b"C": "base64url",
    b"D": "gzip",
    b"E": "gzip, base64",
    b"F": "gzip, base64url",
    b"M": "gzip",
    b"O": "gzip, base64",
    b"P": "gzip, base64url",
}


@dataclass(frozen=True)
class Reading:
    """What was read, and how it was written."""

    container: Container
    encoding: str
    """For people, such as `gzip, base64 (E)`."""
    size: int
    """Bytes of what was given."""
    alone: bool
    """Whether it was a token by itself."""

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens, in the order in which they came."""
        return self.container.tokens


def read_tokens(data: bytes) -> Reading:
    """Read a token or a container.

    Raises:
        UsageError: it is neither.
    """
    try:
        found = _read(data, len(data), "")
        if found is None:
            text = b"".join(data.split())
            if _HEX.fullmatch(text):
                found = _read(bytes.fromhex(text.decode()), len(data), "hexadecimal of ")
            elif _BASE64.fullmatch(text):
                found = _read(_from_base64(text), len(data), "base64 of ")
    except (DecodeError, Base64Error) as error:
        raise UsageError(f"not a token or a container: {error}") from error
    if found is None:
        raise UsageError(
            f"not a token or a container: it begins with {data[:16]!r}; expected CBOR, a letter of"
            f" {''.join(encoding.value for encoding in Encoding)}MOP, hexadecimal, or base64"
            if data.strip()
            else "not a token or a container: it is empty"
        )
    return found


def read_given(name: str, given: str) -> Reading:
    """Read what somebody gave as `name`: a file, `-` for standard input, or the text of a token or a container itself.

    Raises:
        UsageError: it cannot be read, or is neither.
    """
    try:
        return read_tokens(read_source(given))
    except UsageError as error:
        hint = (
            "" if given == STANDARD_INPUT or exists(Path(given)) else f"there is no file {given[:_SHOWN]!r}; as a text it is "
        )
        raise UsageError(f"{name}: {hint}{error}") from error


def _read(data: bytes, size: int, before: str) -> Reading | None:
    if data.startswith(_TOKEN):
        return Reading(Container((decode_token(data),)), f"{before}CBOR", size, alone=True)
    if data.startswith(_CBOR):
        return Reading(Container.from_cbor(data), f"{before}CBOR", size, alone=False)
    letter = data.lstrip()[:1]
    if letter in _NAMES:
        return Reading(Container.decode(data), f"{before}{_NAMES[letter]} ({letter.decode()})", size, alone=False)
    return None


def _from_base64(text: bytes) -> bytes:
    body = text.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    return b64decode(body + b"=" * (-len(body) % 4))
