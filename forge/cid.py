"""CIDs: the names of blocks by their content (protocol §1.3).

A `CID` is immutable and cannot be invalid. Its value is its binary form: two CIDs are equal exactly when their bytes are.
What forge makes is always CIDv1, DAG-CBOR, SHA-256; what it reads in links may be any CID.
"""

from __future__ import annotations

from base64 import b32decode, b32encode
from binascii import Error as Base32Error
from hashlib import sha256
from typing import Any, Final

from multiformats import multibase
from propcache.api import cached_property
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from forge.errors import CIDError

DAG_CBOR: Final = 0x71
RAW: Final = 0x55
SHA2_256: Final = 0x12

# A link longer than this names nothing that anybody uses; ucantone refuses it too.
MAX_CID_BYTES: Final = 512
MAX_CID_TEXT: Final = 1024

_DAG_CBOR_SHA256: Final = bytes((1, DAG_CBOR, SHA2_256, 32))
_RAW_SHA256: Final = bytes((1, RAW, SHA2_256, 32))
_MAX_VARINT: Final = 9
_MORE: Final = 0x80
_V0_LENGTH: Final = 34
_V1_LENGTH: Final = 36


class CID:
    """A content identifier. `bytes(cid)` is its binary form, `str(cid)` multibase base32 in lower case."""

    def __init__(self, data: bytes) -> None:
        """Check the binary form of a CID, version 0 or 1.

        Raises:
            CIDError: `data` is not exactly one CID.
        """
        if not (len(data) == _V1_LENGTH and data.startswith((_DAG_CBOR_SHA256, _RAW_SHA256))):
            _check(data)
        self._data = data
        self._hash = hash(data)

    @classmethod
    def of(cls, block: bytes) -> CID:
        """Name a DAG-CBOR block: CIDv1, dag-cbor, sha2-256."""
        return cls(_DAG_CBOR_SHA256 + sha256(block).digest())

    @classmethod
    def of_raw(cls, data: bytes) -> CID:
        """Name bytes as such: CIDv1, raw, sha2-256."""
        return cls(_RAW_SHA256 + sha256(data).digest())

    @classmethod
    def parse(cls, text: str) -> CID:
        """Read a CID's text in any multibase, or a version 0 CID's bare base58btc.

        Raises:
            CIDError: `text` is not a CID.
        """
        if len(text) > MAX_CID_TEXT:
            raise CIDError(f"a CID's text is at most {MAX_CID_TEXT} characters, this has {len(text)}")
        try:
            if text.startswith("b"):
                # The usual form; base64.b32decode reads it ten times faster than a multibase library.
                body = text[1:]
                if body != body.lower():
                    raise CIDError(f"not a CID: {text!r} mixes cases in base32")
                data = b32decode(body.upper() + "=" * (-len(body) % 8))
                cid = cls(data)
                if str(cid) != text:
                    raise CIDError(f"not a CID: {text!r} has stray bits at its end")
                return cid
            if text.startswith("Qm"):
                return cls(multibase.decode("z" + text))
            return cls(multibase.decode(text))
        except CIDError:
            raise
        except (ValueError, KeyError, Base32Error) as error:
            raise CIDError(f"not a CID: {text[:80]!r}") from error

    @property
    def version(self) -> int:
        """0 or 1."""
        return 1 if self._data[0] == 1 else 0

    @cached_property
    def _text(self) -> str:
        if self.version == 0:
            return multibase.encode(self._data, "base58btc")[1:]
        return "b" + b32encode(self._data).decode().rstrip("=").lower()

    def __bytes__(self) -> bytes:
        return self._data

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"CID({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return self._data == other._data if isinstance(other, CID) else NotImplemented

    def __hash__(self) -> int:
        return self._hash

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - pydantic's signature
        """Let pydantic take links: the text of a CID is none."""
        del source, handler
        return core_schema.custom_error_schema(
            core_schema.is_instance_schema(cls), custom_error_type="link", custom_error_message="Input should be a link"
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: Any) -> dict[str, Any]:  # noqa: ANN401 - pydantic's signature
        """Describe links in JSON Schema, in their DAG-JSON form."""
        del schema, handler
        link = {"type": "string", "pattern": "^[a-zA-Z0-9]+$", "maxLength": MAX_CID_TEXT}
        return {"type": "object", "properties": {"/": link}, "required": ["/"], "additionalProperties": False}


def _check(data: bytes) -> None:
    """Refuse whatever is not the binary form of one CID.

        CIDv0 ::= 0x12 0x20 digest(32)
        CIDv1 ::= varint(1) varint(codec) varint(hash) varint(length) digest(length)

    Raises:
        CIDError: that.
    """
    if len(data) > MAX_CID_BYTES:
        raise CIDError(f"a CID has at most {MAX_CID_BYTES} bytes, this has {len(data)}")
    if data[:2] == b"\x12\x20":
        if len(data) != _V0_LENGTH:
            raise CIDError(f"a version 0 CID has {_V0_LENGTH} bytes, this has {len(data)}")
        return
    version, at = _varint(data, 0)
    if version != 1:
        raise CIDError(f"a CID's version is 0 or 1, not {version}")
    _, at = _varint(data, at)
    _, at = _varint(data, at)
    length, at = _varint(data, at)
    if length != len(data) - at:
        raise CIDError(f"a CID announces a digest of {length} bytes and has {len(data) - at}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Read an unsigned varint in its shortest form, of nine bytes at most; give it and the offset behind it.

    Here and not by a library: a container may hold half a million links, and a library takes 30 µs for each.
    """
    value = shift = 0
    for position in range(at, min(at + _MAX_VARINT, len(data))):
        byte = data[position]
        value |= (byte & 0x7F) << shift
        if byte < _MORE:
            if byte == 0 and position > at:
                raise CIDError("not a CID: a varint that is not in its shortest form")
            return value, position + 1
        shift += 7
    raise CIDError("not a CID: it ends within a varint, or has one of more than nine bytes")
