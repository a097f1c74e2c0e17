"""Hostile requests: a table of what strangers may send, and what each of them meets.

`python -m tests.hostile` lists the table.
"""
