"""Who and what appears in random sequences."""

from __future__ import annotations

from typing import Final

from forge.keys import Ed25519PrivateKey, Signer


def _key(number: int) -> str:
    return str(Signer(Ed25519PrivateKey(bytes([number]) * 32)).did)


SERVICE: Final = "did:web:service.example.com"
ELSEWHERE: Final = "did:web:elsewhere.example.com"
"""Another provider."""

GUESTS: Final = ("did:mailto:example.com:ann", "did:mailto:example.com:ben")
CUSTOMERS: Final = (
    *GUESTS,
    _key(1),
    _key(2),
    "did:web:dora.example.com",
    "did:plc:ewvi7nxzyoun6zhxrhs64oiz",
    "did:web:payer.example.com",
    "did:mailto:example.com:boss",
)
"""Who may become a customer. Payers and guests are some of them."""
STRANGER: Final = _key(9)
ODD: Final = "did:example:odd"
"""Of a method that no customer has."""
CONSUMERS: Final = (
    *map(_key, range(11, 17)),
    "did:web:shop.example.com",
    # Somebody who pays may be a consumer too.
    "did:web:dora.example.com",
)

PLANS: Final = tuple(f"did:web:plan{number}.example.com" for number in range(1, 6))
"""Products that come into the catalogue, sooner or later."""
PRODUCTS: Final = ("did:web:starter.example.com", "did:web:basic.example.com")
"""Products that mostly stay outside of it."""
