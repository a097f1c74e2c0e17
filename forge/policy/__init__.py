"""The policy language of delegations (protocol §6)."""
