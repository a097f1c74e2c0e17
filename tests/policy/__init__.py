"""Tests of the policy language (protocol §6)."""
