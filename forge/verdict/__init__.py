"""Why something would be accepted, step by step, or which link fails and what to do about it. Pure, like `forge.verify`."""

from __future__ import annotations

from forge.verdict.account import Account
from forge.verdict.verdict import Grant, Refusal, Verdict, judge, named, signers

__all__ = ["Account", "Grant", "Refusal", "Verdict", "judge", "named", "signers"]
