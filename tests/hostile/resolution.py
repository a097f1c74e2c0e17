"""Section `resolution`: DIDs whose documents are nowhere, or where a service must not look (protocol §2.6, §2.7).

None of them has anybody asked: what a service connects to is tested where its resolver is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tests.core.tokens import DLG, seal
from tests.hostile.case import Case, accepted, fails
from tests.hostile.parties import OWNER, SERVER, delegated, inv, proven, send

DIDS: Final = {
    "of a method that nobody knows": "did:example:somebody",
    "of a method that is nearly known": "did:keys:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
    "of peers": "did:peer:0z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
    "of a blockchain": "did:ethr:0xb9c5714089478a327f09197987f16f9e5d936e8a",
    "on this machine": "did:web:127.0.0.1",
    "on this machine, on a port": "did:web:127.0.0.1%3A8080",
    "on this machine, by another of its addresses": "did:web:127.8.9.10",
    "on no machine": "did:web:0.0.0.0",
    "in a private network": "did:web:10.0.0.1",
    "in another private network": "did:web:172.16.0.1:users:alice",
    "in a private network of a home": "did:web:192.168.1.1",
    "in a carrier's network": "did:web:100.64.0.1",
    "where clouds keep their secrets": "did:web:169.254.169.254:latest",
    "of everybody at once": "did:web:255.255.255.255",
    "of a group": "did:web:224.0.0.1",
    "of an address in disguise": "did:web:0x7f000001",
    "of an address in one number": "did:web:2130706433",
    "of an address in two parts": "did:web:127.1",
    "of an address in octal": "did:web:0177.0.0.1",
    "of an address of version 6": "did:web:%5B%3A%3A1%5D",
    "with a user": "did:web:user%40example.com",
    "with a port that is none": "did:web:example.com%3A0",
    "with a port too high": "did:web:example.com%3A65536",
    "with a port in letters": "did:web:example.com%3Ahttp",
    "with an escaped slash in its host": "did:web:example.com%2Fx",
    "with an escaped slash in its path": "did:web:example.com:a%2Fb",
    "with a path that leads up": "did:web:example.com:..:x",
    "with a path that leads up, escaped": "did:web:example.com:%2e%2e:x",
    "with an empty segment": "did:web:example.com::x",
    "with a question": "did:web:example.com:x%3Fy",
    "with a dot before": "did:web:.example.com",
    "with two dots": "did:web:example..com",
    "with a label too long": f"did:web:{'x' * 64}.com",
    "with a name too long": f"did:web:{'x.' * 130}com",
    "in a directory, too short": "did:plc:ewvi7nxzyoun6zhxrhs64oi",
    "in a directory, too long": "did:plc:ewvi7nxzyoun6zhxrhs64oizz",
    "in a directory, in other letters": "did:plc:ewvi7nxzyoun6zhxrhs64oi0",
    "in a directory, leading up": "did:plc:..",
}


def cases() -> Iterator[Case]:
    yield Case("resolution/accepted: whose key the service has", send(inv(SERVER, sub=str(SERVER.did))), accepted())
    for name, did in DIDS.items():
        why = fails("DIDKeyResolutionError", f'unable to resolve "{did[:80]}')
        yield Case(f"resolution/somebody {name}", send(inv(iss=did, sub=did)), why)
    for name in ("of a method that nobody knows", "where clouds keep their secrets", "in a directory, leading up"):
        did = DIDS[name]
        proof = seal(OWNER, DLG, delegated(iss=did, sub=did))
        why = fails("DIDKeyResolutionError", f'unable to resolve "{did}" key')
        yield Case(f"resolution/a proof of somebody {name}", proven(proof, sub=did), why)
