"""Interoperation: what other implementations see of ours, and ours of them, as a table of cases (`make interop`)."""
