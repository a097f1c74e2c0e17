"""The wire: containers as HTTP bodies (protocol §10.1)."""

from __future__ import annotations

from typing import Final

from forge.container import Container
from forge.errors import ContainerError, ServiceError

CONTENT_TYPE: Final = "application/vnd.ipld.dag-cbor"
"""Of requests and responses. Go peers compare the whole header value, so nothing is ever added to it."""

_SHOWN: Final = 200
_OK: Final = 200


def is_container(content_type: str) -> bool:
    """Say whether a request's `Content-Type` announces a container; parameters are passed over."""
    return content_type.partition(";")[0].strip().lower() == CONTENT_TYPE


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
