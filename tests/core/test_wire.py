"""HTTP bodies and their content type (protocol §10.1)."""

from __future__ import annotations

import pytest

from forge.container import Container, decode_token
from forge.errors import ServiceError
from forge.wire import CONTENT_TYPE, is_container, read_answer
from tests.core.principals import SERVICE
from tests.core.tokens import receipt


def test_the_content_type_is_permanent() -> None:
    assert CONTENT_TYPE == "application/vnd.ipld.dag-cbor"


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/vnd.ipld.dag-cbor", True),
        ("application/vnd.ipld.dag-cbor; charset=utf-8", True),
        ("application/vnd.ipld.dag-cbor;charset=utf-8;x=y", True),
        (" Application/VND.ipld.DAG-CBOR ", True),
        ("application/cbor", False),
        ("application/vnd.ipld.dag-cbor+gzip", False),
        ("application/vnd.ipld.dag-cbor, text/plain", False),
        ("application/vnd.ipld.dag-cborx", False),
        ("text/plain; application/vnd.ipld.dag-cbor", False),
        ("", False),
        (";", False),
    ],
)
def test_which_content_type_announces_a_container(content_type: str, expected: bool) -> None:  # noqa: FBT001 - a column
    assert is_container(content_type) is expected


def test_an_answer() -> None:
    container = Container.of(decode_token(receipt(SERVICE)))
    assert read_answer(200, CONTENT_TYPE, container.to_cbor()) == container
    assert read_answer(200, f"{CONTENT_TYPE}; x=y", container.to_cbor()) == container


@pytest.mark.parametrize(
    ("status", "content_type", "body", "message"),
    [
        (500, "text/plain", b" no luck \n", "the service answered 500 (text/plain): no luck"),
        (404, CONTENT_TYPE, b"x", f"the service answered 404 ({CONTENT_TYPE}): x"),
        (201, CONTENT_TYPE, Container().to_cbor(), f"the service answered 201 ({CONTENT_TYPE}): \ufffdfctn-v1\ufffd"),
        (200, "text/html", b"<html>", "the service answered 200 (text/html): <html>"),
        (200, "", b"", "the service answered 200 (no content type): "),
        (502, "text/plain", b"x" * 10_000, "the service answered 502 (text/plain): " + "x" * 200),
        (500, "text/plain", b"\xff\xfe", "the service answered 500 (text/plain): \ufffd\ufffd"),
        (
            200,
            CONTENT_TYPE,
            b"",
            "the service answered something that is not a container: expected a map with the one key 'ctn-v1'",
        ),
        (
            200,
            CONTENT_TYPE,
            b"@" + Container().to_cbor(),
            "the service answered something that is not a container: expected a map with the one key 'ctn-v1'",
        ),
    ],
    ids=range(9),
)
def test_what_is_no_answer(status: int, content_type: str, body: bytes, message: str) -> None:
    with pytest.raises(ServiceError) as caught:
        read_answer(status, content_type, body)
    assert str(caught.value) == message
