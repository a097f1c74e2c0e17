"""Reach: which addresses are anybody's, in every spelling."""

from __future__ import annotations

import socket

import pytest

from forge.resolve.reach import Reach

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2000::1",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80e::200e",
    "2001:200::1",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
]
LOOPBACK = ["127.0.0.1", "127.0.0.0", "127.255.255.254", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1"]
PRIVATE = [
    # this network; private; shared; link-local with the metadata of clouds; protocols; documentation; 6to4 relays; benchmarks
    "0.0.0.0",  # noqa: S104 - refused, not bound
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.0.0",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    # multicast; reserved; broadcast
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    # unspecified; IPv4-compatible; discard; unique-local with the metadata of clouds; link-local; site-local; multicast
    "::",
    "::2",
    "::127.0.0.1",
    "::8.8.8.8",
    "100::1",
    "fc00::1",
    "fd00:ec2::254",
    "fdff::1",
    "fe80::1",
    "fe80::1%lo",
    "fe80::1%25eth0",
    "fec0::1",
    "ff02::1",
    "4000::1",
    "5f00::1",
    # Teredo, ORCHID, benchmarks; documentation; 6to4
    "2001::1",
    "2001:0:7f00:1::",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "3fff::1",
    "2002::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:808:808::1",
    # IPv4 in IPv6
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
    "::ffff:a00:1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::8.8.8.8",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_admitted(address: str) -> None:
    assert Reach().admits(address)


@pytest.mark.parametrize("address", PRIVATE + LOOPBACK)
def test_what_is_not_is_refused(address: str) -> None:
    assert not Reach().admits(address)
    assert not Reach(http=True).admits(address)
    assert Reach(private=True).admits(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_on_this_machine_is_refused_where_that_is_allowed(address: str) -> None:
    assert not Reach(loopback=True).admits(address)


@pytest.mark.parametrize("address", LOOPBACK)
def test_what_is_on_this_machine_is_admitted_where_that_is_allowed(address: str) -> None:
    assert Reach(loopback=True).admits(address)


def test_a_socket_is_made_only_for_what_is_admitted() -> None:
    info = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))
    with pytest.raises(PermissionError, match=r"127\.0\.0\.1 is not a public address"):
        Reach().socket(info)
    with Reach(loopback=True).socket(info) as made:
        assert (made.family, made.type) == (socket.AF_INET, socket.SOCK_STREAM)
    link_local = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1", 80, 0, 2))
    with pytest.raises(PermissionError):
        Reach(loopback=True).socket(link_local)


def test_how_a_host_is_asked() -> None:
    assert Reach().scheme("localhost") == "https"
    assert Reach(private=True).scheme("10.0.0.1") == "https"
    assert Reach(http=True).scheme("example.com") == "http"
    on_this_machine = Reach(loopback=True)
    assert [on_this_machine.scheme(host) for host in ("localhost", "127.0.0.1", "example.com")] == ["http", "http", "https"]
