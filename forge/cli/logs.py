"""Logs: JSON lines where a machine reads them, a line for people where standard error is a terminal.

Ours by structlog; uvicorn's through the same renderer. Tracebacks hold no local variables: those may be keys or tokens.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog
from structlog.typing import Processor

from forge.cli.terminal import printable


def configure() -> None:
    """Set structlog up. Each worker process does so itself."""
    structlog.configure(
        processors=[*_before(), *_rendering()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Lossy())),
        cache_logger_on_first_use=False,
    )


def uvicorn_settings() -> dict[str, Any]:
    """Give uvicorn's logging configuration: one handler, which renders as ours do."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"forge": {"()": formatter}},
        "handlers": {"forge": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "forge"}},
        # Its warnings are about requests, one for each that is odd: a log that strangers could fill.
        "loggers": {
            "uvicorn": {"handlers": ["forge"], "level": "INFO", "propagate": False},
            "uvicorn.error": {"level": "ERROR"},
        },
        "root": {"handlers": ["forge"], "level": "WARNING"},
    }


class _Lossy:
    """Standard error, which takes what it can: where the log's disk is full, requests are answered all the same."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


def formatter() -> logging.Formatter:
    """Make the formatter of the standard library's loggers."""
    return structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering()],
        foreign_pre_chain=[*_before(), structlog.stdlib.add_logger_name],
    )


def _before() -> list[Processor]:
    return [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]


def _rendering() -> list[Processor]:
    if sys.stderr.isatty():
        pretty = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        return [_harmless, pretty]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]


def _harmless(logger: object, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep what strangers sent from being an escape sequence on a terminal."""
    del logger, name
    return {key: printable(value) if isinstance(value, str) else value for key, value in event.items()}
