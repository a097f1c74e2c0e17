"""Tokens in great number: one is issued, the others are printed from it and signed.

Issuing reads what it has written; a load of many thousand a second has no time for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from forge.delegation import Delegation
from forge.invocation import Invocation
from forge.keys import Signer

# [ signature: 64 bytes, SigPayload ]: an array of two, the head of 64 bytes, the signature.
_BEFORE_SIGNATURE: Final = b"\x82\x58\x40"
_SIGNATURE_BYTES: Final = 64


class Stencil:
    """A token with other values in the place of some of its own, which are as long."""

    def __init__(self, token: Delegation | Invocation, signer: Signer, values: Sequence[bytes]) -> None:
        """Find where the `values` stand that are to be replaced.

        Raises:
            ValueError: one does not stand there, or more than once; or the token is laid out in another way than is known here.
        """
        data = bytes(token)
        if not data.startswith(_BEFORE_SIGNATURE):
            raise ValueError("a token begins with an Ed25519 signature")
        signed = data[len(_BEFORE_SIGNATURE) + _SIGNATURE_BYTES :]
        if any(signed.count(value) != 1 for value in values):
            raise ValueError("what is replaced stands in the token once")
        places = sorted((signed.index(value), number) for number, value in enumerate(values))
        self._order = [number for _, number in places]
        self._lengths = [len(value) for value in values]
        ends = [0, *(place + self._lengths[number] for place, number in places)]
        starts = [*(place for place, _ in places), len(signed)]
        self._parts = [signed[end:start] for end, start in zip(ends, starts, strict=True)]
        self._signer = signer

    def print(self, *values: bytes) -> bytes:
        """Give the bytes of a token with these values, in the order in which the others were named."""
        if [len(value) for value in values] != self._lengths:
            raise ValueError("what replaces something is as long")
        pieces = [self._parts[0]]
        for part, number in zip(self._parts[1:], self._order, strict=True):
            pieces += (values[number], part)
        signed = b"".join(pieces)
        return _BEFORE_SIGNATURE + self._signer.sign(signed) + signed
