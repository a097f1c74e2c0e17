"""The policy language of delegations (protocol §6).

A policy is decoded once, cannot be invalid from then on, and is matched against the arguments of an invocation:

    >>> from forge.policy import Policy
    >>> policy = Policy.decode([["like", ".to", "*@example.com"], ["<", ".size", 1000]])
    >>> policy.match({"to": "bob@example.com", "size": 12})
    >>> policy.match({"to": "bob@example.com", "size": 5000})
    Traceback (most recent call last):
    forge.errors.MatchError: invocation arguments do not satisfy capability policy: \
[1] ["<",".size",1000]: matching ".size": 5000 is not less than 1000
"""

from __future__ import annotations

from forge.policy.budget import Budget
from forge.policy.policy import Policy

__all__ = ["Budget", "Policy"]
