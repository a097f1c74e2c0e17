"""Who signs in these tests: the principals of protocol §14.3."""

from __future__ import annotations

from typing import Final

from forge.keys import P256PrivateKey, Signer, private_key

ALICE: Final = Signer(private_key("MgCZT5vOnYZoVAeyjnzuJIVY9J4LNtJ+f8Js0cTPuKUpFnQ=="))
BOB: Final = Signer(private_key("MgCYbj5AJfVvdrjkjNCxB3iAUwx7RQHVQ7H1sKyHy46IosQ=="))
CAROL: Final = Signer(private_key("MgCa5pEVgZbqGILBFD3/TAd1a1OOJMuPsVz/uxS9ceU5jeg=="))
MALLORY: Final = Signer(private_key("MgCYtH0AvYxiQwBG6+ZXcwlXywq9tI50G2mCAUJbwrrahkA=="))
SERVICE: Final = Signer(private_key("MgCZyxtpD6SFBcXCXUKPTkLrc2+RlmaBjL/tMgWCT3+MUlw=="))

EVERYBODY: Final = {"alice": ALICE, "bob": BOB, "carol": CAROL, "mallory": MALLORY, "service": SERVICE}
DIDS: Final = {
    "alice": "did:key:z6Mkk89bC3JrVqKie71YEcc5M1SMVxuCgNx6zLZ8SYJsxALi",
    "bob": "did:key:z6MkffDZCkCTWreg8868fG1FGFogcJj5X6PY93pPcWDn9bob",
    "carol": "did:key:z6MkwYkD48SUrPhQ5Sf8qk5L8FW2L32Ze4guLnZXY4DrDCAR",
    "mallory": "did:key:z6MktafZTREjJkvV5mfJxcLpNBoVPwDLhTuMg9ng7dY4zMAL",
    "service": "did:key:z6Mkk3mDiu74xxyYEff5X1p568fVqEMczj5keYPT8qVMNsVC",
}
SEEDS: Final = {
    "alice": "53e6f3a7619a1501eca39f3b8921563d2782cdb49f9ff09b347133ee294a459d",
    "bob": "1b8f90097d5bddae3923342c41de2014c31ed1407550ec7d6c2b21f2e3a228b1",
    "carol": "b9a4456065ba8620b0450f7fd301dd5ad4e38932e3ec573feec52f5c794e637a",
    "mallory": "2d1f402f631890c011baf995dcc255f2c2af6d239d06da60805096f0aeb6a190",
    "service": "72c6da43e9214171709750a3d390badcdbe46599a0632ffb4c816093dfe31497",
}

SECP_DID: Final = "did:key:zQ3shjyJXUaRJC2GC43mX8aPrUhoTdoiongXhZjsdTzPKYZUM"
SECP: Final = Signer(private_key("MgSYREREREREREREREREREREREREREREREREREREREREREQ=="))
P256: Final = Signer(P256PrivateKey(b"\x11" * 32))
"""Not of the protocol's table: the same scalar on the other curve."""
KINDS: Final = {"ed25519": ALICE, "secp256k1": SECP, "p256": P256}
"""Somebody of each kind of key."""
MAILTO_DID: Final = "did:mailto:example.com:alice%2Bx"

N: Final = bytes(range(1, 13))
"""The fixed nonce of the golden vectors."""
NOW: Final = 1_767_225_600
