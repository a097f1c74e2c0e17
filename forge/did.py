"""DIDs: who somebody is (protocol §2.1, W3C DID Core §3.1).

    did       ::= "did:" method ":" id
    method    ::= [a-z0-9]+
    id        ::= idchar+                  idchar as DID Core has it, and the marks that did:mailto leaves unescaped
    did:key   ::= "did:key:" multibase base58btc text, no fragment
    did:mailto ::= "did:mailto:" domain ":" local          of an e-mail address, both escaped as in a URL's query (§2.8)

Two DIDs are the same exactly when their texts are.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote_plus, unquote_plus

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from forge.errors import DIDError

# ucantone's limit, and room enough for any did:mailto.
MAX_DID_LENGTH: Final = 2048

# DID Core's idchar and ":" and "%"; then "~+!*'()", which URL escaping leaves alone in the local part of a did:mailto. A
# fragment is kept and compared like the rest (protocol §15.1, 15): a DID with one is simply another DID.
_DID: Final = re.compile(r"did:(?P<method>[a-z0-9]+):[A-Za-z0-9._:%~+!*'()-]+(?P<fragment>#[A-Za-z0-9._:%~+!*'()-]*)?")

# Of a did:key's multibase. Reading base58 costs the square of its length; keys of the three kinds in use have 48 to 50.
MAX_MULTIBASE: Final = 128

# What is base58btc has no mark that a DID does not have. Which key it is, is found out once somebody signs with it: whoever is
# only named, such as a new customer, need not be decoded.
_DID_KEY: Final = re.compile(r"did:key:z[1-9A-HJ-NP-Za-km-z]*")
_MULTIKEY_AT: Final = len("did:key:")

MAX_ADDRESS: Final = 320
"""Bytes of an e-mail address: 64 of its local part, "@", 255 of its domain (RFC 5321 §4.5.3.1)."""

# One part of a did:mailto, or both. Peers escape more or less than `mailto` does.
_ESCAPED: Final = re.compile(r"([A-Za-z0-9._~+!*'()-]|%[0-9A-Fa-f]{2})*")

_CACHE_SIZE: Final = 16_384
# Characters up to which a DID that was checked is remembered.
_SHORT: Final = 256


_BASE58: Final = {mark: digit for digit, mark in enumerate("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")}


def _base58(text: str) -> bytes:
    """Decode base58btc. Here and not by a library: each new customer has a key, and multiformats takes 25 µs for it, this 4.

    Raises:
        KeyError: it is not base58btc.
    """
    number = 0
    for mark in text:
        number = number * 58 + _BASE58[mark]
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8)


@lru_cache(_CACHE_SIZE)
def _multikey(text: str) -> bytes:
    """Decode what follows `did:key:`.

    Raises:
        DIDError: it is not base58btc.
    """
    if len(text) > MAX_MULTIBASE:
        raise DIDError(f"a did:key has at most {MAX_MULTIBASE} characters of multibase, this has {len(text)}")
    if not text.startswith("z"):
        raise DIDError(f"a did:key continues with 'z' (base58btc), not {text[:1]!r}")
    try:
        return _base58(text[1:])
    except KeyError as error:
        raise DIDError(f"did:key:{text[:80]} is not base58btc") from error


class DID(str):
    """A decentralized identifier, checked. It is its own text."""

    __slots__ = ()

    def __new__(cls, text: str) -> DID:  # noqa: PYI034 - there are no subclasses
        """Check `text`.

        Raises:
            DIDError: it is not a DID.
        """
        if type(text) is cls:
            return text
        if len(text) <= _SHORT:
            return _checked(text)
        if len(text) > MAX_DID_LENGTH:
            raise DIDError(f"a DID has at most {MAX_DID_LENGTH} characters, this has {len(text)}")
        return _check(text)

    @property
    def method(self) -> str:
        """The part after `did:`, such as `key`, `web` or `mailto`."""
        return self.split(":", 2)[1]

    @property
    def identifier(self) -> str:
        """The part after the method."""
        return self.split(":", 2)[2]

    @property
    def multikey(self) -> bytes:
        """The tagged public key of a did:key: varint(multicodec) and the key.

        Raises:
            DIDError: this is not a did:key.
        """
        if self.method != "key":
            raise DIDError(f"{self} is not a did:key")
        return _multikey(self.identifier)

    def __repr__(self) -> str:
        return f"DID({str(self)!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - pydantic's signature
        """Let pydantic check and describe DIDs."""
        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.str_schema(strict=True),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: Any) -> dict[str, Any]:  # noqa: ANN401 - pydantic's signature
        """Describe DIDs in JSON Schema."""
        del schema, handler
        return {"type": "string", "format": "did", "pattern": r"^did:[a-z0-9]+:.+$", "maxLength": MAX_DID_LENGTH}


def _check(text: str) -> DID:
    if len(text) <= _MULTIKEY_AT + MAX_MULTIBASE and _DID_KEY.fullmatch(text):
        return str.__new__(DID, text)
    found = _DID.fullmatch(text)
    if found is None:
        raise DIDError(f"not a DID: {text[:80]!r}")
    if found["method"] == "key":
        if found["fragment"] is not None:
            raise DIDError(f"a did:key has no fragment: {text[:120]!r}")
        _multikey(text[_MULTIKEY_AT:])
    return str.__new__(DID, text)


# The same few come with every invocation: issuer, subject, service.
_checked: Final = lru_cache(_CACHE_SIZE)(_check)


def mailto(address: str) -> DID:
    """Give the did:mailto of an e-mail address, letter for letter: capitals make another DID.

    Raises:
        DIDError: it is no address.
    """
    local, at, domain = address.rpartition("@")
    if not (at and local and domain):
        raise DIDError(f"not an e-mail address: {address[:80]!r}")
    # Space is printable, and has its place in a quoted local part alone; surrogates are not.
    if not address.isprintable() or " " in domain or address != address.strip():
        raise DIDError(f"an e-mail address has no such characters: {address[:80]!r}")
    if len(address.encode()) > MAX_ADDRESS:
        raise DIDError(f"an e-mail address has at most {MAX_ADDRESS} bytes: {address[:80]!r}")
    return DID(f"did:mailto:{quote_plus(domain)}:{quote_plus(local)}")


def address_of(did: DID) -> str:
    """Give the e-mail address of a did:mailto.

    Raises:
        DIDError: it is not one of an address.
    """
    domain, _, local = did.identifier.partition(":")
    try:
        if did.method != "mailto" or not _ESCAPED.fullmatch(domain + local):
            raise DIDError("it is not a domain and a local part")
        domain, local = (unquote_plus(part, errors="strict") for part in (domain, local))
        if "@" in domain:
            raise DIDError("its domain has an '@'")
        mailto(f"{local}@{domain}")
    except (DIDError, UnicodeDecodeError) as error:
        raise DIDError(f"not the did:mailto of an e-mail address: {did[:120]}: {error}") from error
    return f"{local}@{domain}"
