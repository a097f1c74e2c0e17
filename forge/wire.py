"""The wire: containers as HTTP bodies, and in a header (protocol §10.1, §10.4)."""

from __future__ import annotations

from typing import Final

from forge.container import Container
from forge.errors import ContainerError, ServiceError

CONTENT_TYPE: Final = "application/vnd.ipld.dag-cbor"
"""Of requests and responses. Go peers compare the whole header value, so nothing is ever added to it."""

HEADER: Final = "X-UCAN-Container"
"""Of requests, and of their responses, whose bodies are something else."""
MAX_HEADER: Final = 8000
"""Characters of that header: what proxies and clients let through, together with the other headers."""

MAX_UNZIPPED: Final = 64 * 1024
"""Bytes of a container in a header: a header is read at once, and whoever sends one has nothing to lose."""

_TEXT_LETTERS: Final = frozenset("BCEFOP")
_SHOWN: Final = 200
_OK: Final = 200


def is_container(content_type: str) -> bool:
    """Say whether a request's `Content-Type` announces a container; parameters are passed over."""
    return content_type.partition(";")[0].strip().lower() == CONTENT_TYPE


def read_header(value: str) -> Container:
    """Read a container that came in a header: one of the text encodings.

    Raises:
        ContainerError: it is none, or longer than a header may be.
    """
    if len(value) > MAX_HEADER:
        raise ContainerError(f"a container in a header has at most {MAX_HEADER} characters, this has {len(value)}")
    if value.strip()[:1] not in _TEXT_LETTERS:
        raise ContainerError("a container in a header begins with the letter of a text encoding: B, C, E or F")
    return Container.decode(value, MAX_UNZIPPED)


def write_header(container: Container) -> str:
    """Write a container for a header: gzip, base64.

    Raises:
        ContainerError: it is longer than a header may be.
    """
    value = container.encode().decode()
    if len(value) > MAX_HEADER:
        raise ContainerError(f"a container in a header has at most {MAX_HEADER} characters, this would have {len(value)}")
    return value


def read_answer(status: int, content_type: str, body: bytes) -> Container:
    """Read a service's response.

    Raises:
        ServiceError: it is no container of receipts.
    """
    if status != _OK or not is_container(content_type):
        text = body[:_SHOWN].decode(errors="replace").strip()
        raise ServiceError(f"the service answered {status} ({content_type or 'no content type'}): {text}")
    try:
        return Container.from_cbor(body)
    except ContainerError as error:
        raise ServiceError(f"the service answered something that is {error}") from error
