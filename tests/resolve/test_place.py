"""Where a did:web's document is, and what is no did:web."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from forge.did import DID
from forge.errors import DIDError, DIDKeyResolutionError
from forge.resolve import Reach, web_url

LABEL = "a" * 63


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("example.com", "https://example.com/.well-known/did.json"),
        ("EXAMPLE.Com", "https://example.com/.well-known/did.json"),
        ("example.com%3A8443", "https://example.com:8443/.well-known/did.json"),
        ("example.com%3a8443", "https://example.com:8443/.well-known/did.json"),
        ("example.com%3A1", "https://example.com:1/.well-known/did.json"),
        ("example.com%3A65535", "https://example.com:65535/.well-known/did.json"),
        ("example.com:a", "https://example.com/a/did.json"),
        ("example.com%3A1:a:b", "https://example.com:1/a/b/did.json"),
        ("example.com:A:b.c:..d:...e", "https://example.com/A/b.c/..d/...e/did.json"),
        ("example.com:a%20b", "https://example.com/a%20b/did.json"),
        ("example.com:%E2%82%ac", "https://example.com/%E2%82%ac/did.json"),
        ("example.com:~'()!*+-_", "https://example.com/~'()!*+-_/did.json"),
        ("example.com:did.json", "https://example.com/did.json/did.json"),
        ("xn--mnchen-3ya.de", "https://xn--mnchen-3ya.de/.well-known/did.json"),
        ("1.2.a3", "https://1.2.a3/.well-known/did.json"),
        ("a", "https://a/.well-known/did.json"),
        ("localhost", "https://localhost/.well-known/did.json"),
        ("127.0.0.1%3A8080:a", "https://127.0.0.1:8080/a/did.json"),
        ("192.168.0.1", "https://192.168.0.1/.well-known/did.json"),
        (f"{LABEL}.{LABEL}.{LABEL}.{'a' * 61}", f"https://{LABEL}.{LABEL}.{LABEL}.{'a' * 61}/.well-known/did.json"),
    ],
)
def test_the_url(text: str, url: str) -> None:
    assert web_url(DID(f"did:web:{text}")) == url


def test_on_this_machine_it_may_be_plain_http() -> None:
    assert web_url(DID("did:web:localhost%3A80"), Reach(loopback=True)) == "http://localhost:80/.well-known/did.json"
    assert web_url(DID("did:web:localhost.com"), Reach(loopback=True)) == "https://localhost.com/.well-known/did.json"


NONE = [
    # no host, no segment
    ":",
    ":a",
    "example.com:",
    "example.com::a",
    "example.com:a:",
    # up, down and out of the path
    "example.com:..",
    "example.com:.",
    "example.com:...",
    "example.com:a:..:b",
    "example.com:%2e%2E",
    "example.com:.%2e",
    "example.com:%2F",
    "example.com:a%2fb",
    "example.com:a%5Cb",
    "example.com:a%3Fb",
    "example.com:a%23b",
    "example.com:a%3Bb",
    "example.com:%2e%2e%2f",
    "example.com:%252e%252e",
    "example.com:a%00",
    "example.com:a%0Ab",
    "example.com:a%7f",
    # halves of an escape
    "example.com:%",
    "example.com:%4",
    "example.com:%zz",
    "example.com:a%2",
    # a host with more in it than a host
    "example.com#a",
    "example.com:a#b",
    "example.com%2Fa",
    "example.com%23a",
    "example.com%3Fa",
    "example.com%5Ca",
    "user%40example.com",
    "user%3Apassword%40example.com",
    "example.com%00",
    "example.com%20",
    "%65xample.com",
    "example%2Ecom",
    "example.com%",
    "%E2%82%AC.example",
    "exa(mple).com",
    "exa*mple.com",
    "exa+mple.com",
    "exa_mple.com",
    "~example.com",
    # labels
    ".example.com",
    "example.com.",
    "example..com",
    ".",
    "-a.example.com",
    "a-.example.com",
    "example.-com",
    f"{LABEL}a.com",
    f"{LABEL}.{LABEL}.{LABEL}.{'a' * 62}",
    # ports
    "example.com%3A",
    "example.com%3A0",
    "example.com%3A080",
    "example.com%3A65536",
    "example.com%3A99999",
    "example.com%3A123456",
    "example.com%3A-1",
    "example.com%3Ahttp",
    "example.com%3A80%3A80",
    "%3A80",
    # addresses in disguise
    "127.1",
    "127.0.1",
    "0177.0.0.1",
    "127.0.0.01",
    "0x7f.0.0.1",
    "0x7f000001",
    "2130706433",
    "127.0.0.1.",
    "256.0.0.1",
    "1.2.3.4.5",
    "127.0.0.0x1",
    "example.1",
    "example.0x7f",
    "%5B%3A%3A1%5D",
    "%5B%3A%3A1%5D%3A80",
    "%3A%3A1",
]


@pytest.mark.parametrize("text", NONE)
def test_a_did_web_that_names_no_host_and_path(text: str) -> None:
    with pytest.raises(DIDKeyResolutionError, match=r"it names no host and path$"):
        web_url(DID(f"did:web:{text}"))


def test_another_method_is_none() -> None:
    with pytest.raises(DIDKeyResolutionError):
        web_url(DID("did:plc:example.com"))


@given(st.text("ab.:%-_3A2F5C\\@0x1~#", min_size=1, max_size=40))
def test_a_url_says_what_the_did_says(text: str) -> None:
    """Whatever is taken for a URL, others read as the same host, and as nothing but host and path."""
    try:
        did = DID(f"did:web:{text}")
        url = URL(web_url(did), encoded=True)
    except (DIDError, DIDKeyResolutionError):
        return
    assert url.raw_host == text.partition(":")[0].lower().partition("%3a")[0]
    assert url.user is None
    assert url.raw_query_string == url.raw_fragment == ""
    assert "/../" not in url.path
    assert url.path.endswith("/did.json")
