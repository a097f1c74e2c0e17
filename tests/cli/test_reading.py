from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.cli.exits import UsageError
from forge.cli.files import MAX_FILE
from forge.cli.reading import read_given, read_tokens
from forge.command import CommandPath
from forge.container import Container, Encoding
from forge.delegation import Delegation
from forge.keys import Signer

ISSUER = Signer.generate()
TOKEN = Delegation.issue(ISSUER, audience=ISSUER.did, subject=ISSUER.did, command=CommandPath("/a"), expiration=None)
CONTAINER = Container.of(TOKEN)

BINARY = {
    "token": (bytes(TOKEN), "CBOR"),
    "container": (CONTAINER.to_cbor(), "CBOR"),
    **{
        encoding.name: (CONTAINER.encode(encoding), name)
        for encoding, name in {
            Encoding.RAW: "CBOR (@)",
            Encoding.BASE64: "base64 (B)",
            Encoding.BASE64URL: "base64url (C)",
            Encoding.GZIP: "gzip (D)",
            Encoding.GZIP_BASE64: "gzip, base64 (E)",
            Encoding.GZIP_BASE64URL: "gzip, base64url (F)",
        }.items()
    },
    "go-ucan": (b"O" + CONTAINER.encode(Encoding.GZIP_BASE64)[1:], "gzip, base64 (O)"),
}


@pytest.mark.parametrize("name", BINARY)
def test_every_encoding_is_read(name: str) -> None:
    data, encoding = BINARY[name]
    reading = read_tokens(data)
    assert reading.tokens == (TOKEN,)
    assert (reading.encoding, reading.size, reading.alone) == (encoding, len(data), name == "token")


@pytest.mark.parametrize("name", BINARY)
def test_text_of_every_encoding_is_read(name: str) -> None:
    data, encoding = BINARY[name]
    for text, before in [
        (data.hex(), "hexadecimal of "),
        (data.hex().upper(), "hexadecimal of "),
        (b64encode(data).decode(), "base64 of "),
        (b64encode(data).decode().rstrip("="), "base64 of "),
        (urlsafe_b64encode(data).decode(), "base64 of "),
    ]:
        wrapped = "\n".join(text[at : at + 76] for at in range(0, len(text), 76))
        for written in (text, f" {text}\n", wrapped):
            reading = read_tokens(written.encode())
            assert reading.tokens == (TOKEN,)
            assert reading.encoding == before + encoding


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"\x82", "at byte 0"),
        (b"82", "at byte 0"),
        (b"\xa1\x61a", "not a container"),
        (b"E", "not a container"),
        (b"Enope", "not a container"),
        (b"deadbeef", "it begins with b'deadbeef'"),
        (b"hello world!", "it begins with b'hello world!'"),
        (b"glhA", "a byte string"),
        (b"abcde", "base64"),
        ("\u202eabc".encode(), "it begins with"),
    ],
)
def test_what_is_neither_is_said(data: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=r"^not a token or a container: ") as caught:
        read_tokens(data)
    assert said in str(caught.value)


@given(st.binary(max_size=200) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "replace")))
def test_nothing_but_a_usage_error_comes_out(data: bytes) -> None:
    for prefix in (b"", b"\x82", b"\xa1", b"\xa1fctn-v1", b"B", b"D", b"E", b"82", b"o"):
        with suppress(UsageError):
            read_tokens(prefix + data)


def test_a_file_its_text_or_neither(tmp_path: Path) -> None:
    file = tmp_path / "a.ucan"
    file.write_bytes(CONTAINER.encode())
    assert read_given("--proof", str(file)).tokens == (TOKEN,)
    assert read_given("--proof", CONTAINER.encode().decode()).tokens == (TOKEN,)
    with pytest.raises(UsageError, match=r"^--proof: there is no file 'b\.ucan'; as a text it is not a token or a container: "):
        read_given("--proof", "b.ucan")
    file.write_text("no")
    with pytest.raises(UsageError, match=r"^--proof: not a token or a container: "):
        read_given("--proof", str(file))
    with pytest.raises(UsageError, match=r"^--proof: .*Is a directory"):
        read_given("--proof", str(tmp_path))
    with pytest.raises(UsageError, match=r"^--proof: there is no file"):
        read_given("--proof", "x\0y")


def test_a_file_has_a_limit(tmp_path: Path) -> None:
    file = tmp_path / "large"
    with file.open("wb") as opened:
        opened.truncate(MAX_FILE + 1)
    with pytest.raises(UsageError, match=rf"larger than {MAX_FILE} bytes"):
        read_given("FILE", str(file))
