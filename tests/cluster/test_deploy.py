"""What `deploy/` leaves open is what `node.env` asks for, and what a cluster of ours fills in."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from tests.cluster.layout import DEPLOY, Layout

ASKED = re.findall(r"^(\w+)=", (DEPLOY / "node.env").read_text(), re.MULTILINE)
TEMPLATES = ("etcd.yml", "patroni.yml", "haproxy.cfg", "pgbouncer.ini")
ELSEWHERE = {"FORGE_PASSWORD"}
"""What `forge.sql` is given."""


def test_nothing_is_open_that_nobody_asks_for_and_nothing_asked_for_in_vain() -> None:
    left_open = {name for file in TEMPLATES for name in Template((DEPLOY / file).read_text()).get_identifiers()}
    assert left_open | ELSEWHERE == set(ASKED)


def test_a_cluster_of_ours_fills_it_in() -> None:
    made = Layout(Path("/nowhere"), "127.0.77.", etcd_api="etcd", pg_bin="/bin")
    assert set(made._values("db1", made.folder)) == set(ASKED) - ELSEWHERE


def test_a_primary_waits_for_a_standby() -> None:
    text = (DEPLOY / "patroni.yml").read_text()
    for law in (
        "synchronous_mode: true",
        "synchronous_mode_strict: true",
        'fsync: "on"',
        'synchronous_commit: "on"',
        "- data-checksums",
    ):
        assert law in text, law
