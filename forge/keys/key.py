"""What every kind of key is: something that verifies, and something that signs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from base64 import b64encode
from typing import ClassVar, Self

from multiformats import multibase
from propcache.api import cached_property

from forge.did import DID
from forge.varsig import Algorithm


class PublicKey(ABC):
    """What verifies. Equal exactly when kind and bytes are."""

    code: ClassVar[bytes]
    """The varint of the key's multicodec."""
    algorithm: ClassVar[Algorithm]
    """The one algorithm whose signatures this kind of key verifies."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.tagged = self.code + raw
        """The key behind its multicodec."""
        self._hash = hash(self.tagged)

    @cached_property
    def text(self) -> str:
        """Multibase base58btc of the tagged key: what follows `did:key:`, and a `publicKeyMultibase`."""
        return str(multibase.encode(self.tagged, "base58btc"))

    @cached_property
    def did(self) -> DID:
        """The did:key that this key is."""
        return DID(f"did:key:{self.text}")

    @abstractmethod
    def verify(self, message: bytes, signature: bytes) -> bool:
        """Say whether this key made `signature` over `message`. Never raises."""

    def __eq__(self, other: object) -> bool:
        return self is other or self.tagged == other.tagged if isinstance(other, PublicKey) else NotImplemented

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"


class PrivateKey(ABC):
    """What signs. It never shows itself in text that a log or a traceback could hold."""

    code: ClassVar[bytes]
    """The varint of the private key's multicodec."""

    @abstractmethod
    def __init__(self, secret: bytes) -> None:
        """Check the bytes: 32 for every kind.

        Raises:
            KeyFormatError: they are no private key of this kind.
        """

    @classmethod
    @abstractmethod
    def generate(cls) -> Self:
        """Make a fresh key from the operating system's randomness."""

    @property
    @abstractmethod
    def public(self) -> PublicKey:
        """The key that verifies what this one signs."""

    @property
    @abstractmethod
    def secret(self) -> bytes:
        """The private key's bytes, without their tag."""

    @abstractmethod
    def sign(self, message: bytes) -> bytes:
        """Sign `message`: 64 bytes, the algorithm's raw form, always the same ones."""

    @abstractmethod
    def pem(self) -> bytes:
        """PKCS #8 PEM, not encrypted."""

    @property
    def text(self) -> str:
        """The text form: `M` and padded base64 of the tagged private key."""
        return "M" + b64encode(self.code + self.secret).decode()

    @property
    def did(self) -> DID:
        """The did:key of this key."""
        return self.public.did

    def __repr__(self) -> str:
        return f"{type(self).__name__}(of {self.did})"
