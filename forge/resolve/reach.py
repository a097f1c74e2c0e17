"""Reach: which addresses may be connected to on a stranger's word, and how.

A did:web names a host, and whoever invokes names the did:web: so strangers choose where this process connects to. Addresses are
looked at where sockets are made. So there is no way around it: not by a name that leads inside, not by one that leads elsewhere
the second time, not by a redirect, not by an address in other spelling.
"""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

# The IANA special-purpose registry, less what is global; multicast and what is reserved for ever.
_NOT_PUBLIC_4: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        "168.63.129.16/32",  # a public address by which machines at Azure reach their host, as others do 169.254.169.254
    )
)
# Of IPv6 only this is given to anybody: unique-local, link-local, multicast, loopback and the rest lie outside.
_GLOBAL_6: Final = IPv6Network("2000::/3")
# What lies within and is not: Teredo, benchmarks, ORCHID and the rest of the protocols' own; documentation; 6to4.
_NOT_PUBLIC_6: Final = tuple(IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
# Through these an IPv6 address is an IPv4 address.
_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_LAST_32_BITS: Final = 0xFFFFFFFF

LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class Reach:
    """Where hosts that strangers name may be, and whether they must be asked over HTTPS."""

    private: bool = False
    """At any address."""
    loopback: bool = False
    """On this machine too, and there, where there is nobody in between, over plain HTTP."""
    http: bool = False
    """Over plain HTTP, whoever it is."""

    def scheme(self, host: str) -> str:
        """Say how a host is asked."""
        return "http" if self.http or (self.loopback and host in LOOPBACK_NAMES) else "https"

    def admits(self, address: str) -> bool:
        """Say whether an address may be connected to."""
        if self.private:
            return True
        found = ip_address(address)
        if isinstance(found, IPv6Address) and (found in _MAPPED or found in _NAT64):
            found = IPv4Address(int(found) & _LAST_32_BITS)
        return is_public(found) or (self.loopback and found.is_loopback)

    def socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Make the socket for one of `getaddrinfo`'s answers.

        Raises:
            PermissionError: that address may not be connected to.
        """
        family, kind, protocol, _, address = info
        if not self.admits(address[0]):
            raise PermissionError(errno.EACCES, f"{address[0]} is not a public address; resolve_private would allow it")
        return socket.socket(family, kind, protocol)


PUBLIC: Final = Reach()


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Say whether an address is one of the public internet, for anybody to use."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    return address in _GLOBAL_6 and not any(address in network for network in _NOT_PUBLIC_6)
