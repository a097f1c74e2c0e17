"""What ends a measurement that is none."""

from __future__ import annotations


class MeasurementError(Exception):
    """A measurement failed: a request was not answered as it had to be, or a process did not start. There is no figure then."""
