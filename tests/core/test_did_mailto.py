"""did:mailto: e-mail addresses as DIDs, letter for letter as the Go peers write them (protocol §2.8)."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.did import DID, MAX_ADDRESS, address_of, mailto
from forge.errors import DIDError
from tests.core.principals import MAILTO_DID


@pytest.mark.parametrize(
    ("address", "did"),
    [
        ("alice+x@example.com", MAILTO_DID),
        ("alice@example.com", "did:mailto:example.com:alice"),
        ("Alice@Example.COM", "did:mailto:Example.COM:Alice"),
        ("a.b-c_d~e@example.com", "did:mailto:example.com:a.b-c_d~e"),
        # Of url.QueryEscape: a space is "+", a "[" is "%5B", in capitals.
        ('"a b"@example.com', "did:mailto:example.com:%22a+b%22"),
        ("a[b@example.com", "did:mailto:example.com:a%5Bb"),
        ("!#$%&'*/=?^`{|}@example.com", "did:mailto:example.com:%21%23%24%25%26%27%2A%2F%3D%3F%5E%60%7B%7C%7D"),
        ("a:b@example.com", "did:mailto:example.com:a%3Ab"),
        # The last "@" is the one: whoever quotes may have others.
        ('"a@b"@example.com', "did:mailto:example.com:%22a%40b%22"),
        ("a@[127.0.0.1]", "did:mailto:%5B127.0.0.1%5D:a"),
        ("jörg@müller.example", "did:mailto:m%C3%BCller.example:j%C3%B6rg"),
        ("世界@example.com", "did:mailto:example.com:%E4%B8%96%E7%95%8C"),
        ("😀@example.com", "did:mailto:example.com:%F0%9F%98%80"),
        ("a@b", "did:mailto:b:a"),
    ],
    ids=str,
)
def test_an_address_and_its_did(address: str, did: str) -> None:
    assert mailto(address) == did
    assert isinstance(mailto(address), DID)
    assert address_of(DID(did)) == address


@pytest.mark.parametrize(
    ("did", "address"),
    [
        # Others escape less, or in small letters; what they mean is clear, and the DID is another one all the same.
        ("did:mailto:example.com:alice%2bx", "alice+x@example.com"),
        ("did:mailto:example.com:o'neil(x)*!", "o'neil(x)*!@example.com"),
        ("did:mailto:example%2Ecom:%61lice", "alice@example.com"),
        ("did:mailto:example.com:a%20b", "a b@example.com"),
    ],
)
def test_a_did_that_others_wrote(did: str, address: str) -> None:
    assert address_of(DID(did)) == address
    assert mailto(address) != did


LETTERS: Final = st.characters(exclude_categories=["C", "Z"])


@given(
    st.text(LETTERS, min_size=1, max_size=40), st.text(LETTERS, min_size=1, max_size=20).filter(lambda text: "@" not in text)
)
def test_any_address_reads_back(local: str, domain: str) -> None:
    address = f"{local}@{domain}"
    did = mailto(address)
    assert did.isascii()
    assert did.method == "mailto"
    assert address_of(did) == address


@given(st.text(LETTERS, min_size=1, max_size=40), st.text(LETTERS, min_size=1, max_size=40))
def test_two_addresses_have_two_dids(one: str, other: str) -> None:
    assert (mailto(f"{one}@x") == mailto(f"{other}@x")) is (one == other)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        *((text, "not an e-mail address") for text in ("", "@", "alice", "alice@", "@example.com", "example.com")),
        *(
            (text, "an e-mail address has no such characters")
            for text in (
                "a\n@example.com",
                "a@example.com\n",
                "a\0@example.com",
                "a@\x1b[2Jx",
                " a@example.com",
                "a@example.com ",
                "a@exam ple.com",
                "a\u00a0b@example.com",
                # Marks that turn what follows around would make one address look like another.
                "a\u202eb@example.com",
                "\ud800@example.com",
            )
        ),
        ("a" * MAX_ADDRESS + "@x", f"an e-mail address has at most {MAX_ADDRESS} bytes"),
        ("ü" * (MAX_ADDRESS // 2) + "@x", f"an e-mail address has at most {MAX_ADDRESS} bytes"),
    ],
    ids=range(18),
)
def test_what_is_no_address(address: str, reason: str) -> None:
    with pytest.raises(DIDError, match=f"^{reason}: ") as caught:
        mailto(address)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


def test_the_longest_address() -> None:
    assert MAX_ADDRESS == 320
    for address in ("a" * (MAX_ADDRESS - 2) + "@x", "ü" * ((MAX_ADDRESS - 2) // 2) + "@x"):
        assert address_of(mailto(address)) == address


@pytest.mark.parametrize(
    "did",
    [
        "did:web:example.com:alice",
        "did:mailto:example.com",
        "did:mailto::alice",
        "did:mailto:example.com:",
        "did:mailto:example.com:alice:bob",
        "did:mailto:example.com:alice#key",
        "did:mailto:example.com:alice%",
        "did:mailto:example.com:alice%2",
        "did:mailto:example.com:alice%zz",
        "did:mailto:example.com:%FF",
        "did:mailto:example.com:%ED%A0%80",
        "did:mailto:example.com:%00",
        "did:mailto:example.com:a%0A",
        "did:mailto:exam+ple.com:alice",
        # Whose domain is it?
        "did:mailto:b.example%40example.com:alice",
        "did:mailto:%40:alice",
        "did:mailto:example.com:" + "a" * MAX_ADDRESS,
    ],
)
def test_what_is_no_did_mailto_of_an_address(did: str) -> None:
    with pytest.raises(DIDError, match=r"^not the did:mailto of an e-mail address: did:") as caught:
        address_of(DID(did))
    assert str(caught.value).isprintable()
