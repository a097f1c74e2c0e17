"""UCAN 1.0: signed capability invocations in, signed receipts out."""
