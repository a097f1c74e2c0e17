"""Statements about customers: what they are, who pays for them, what became of them."""

from __future__ import annotations

from typing import Final

# A guest that was linked is named by its old DID, and the customer that it became is meant.
_MEANT: Final = "coalesce((SELECT customer FROM link WHERE guest = ?), ?)"

MEANT: Final = f"""
SELECT c.did FROM customer c WHERE c.did = {_MEANT}
"""  # noqa: S608 - marks alone

LINKED: Final = """
SELECT customer FROM link WHERE guest = ?
"""

GUESTS: Final = """
SELECT guest FROM link WHERE customer = ? ORDER BY guest
"""

_COLUMNS: Final = """
c.did, c.product, c.task, c.inserted_at, c.details, c.external_account, c.updated_at,
EXISTS (SELECT 1 FROM suspension u WHERE u.customer = c.did AND u.until IS NULL),
(SELECT x.at FROM closure x WHERE x.customer = c.did), p.payer,
(SELECT q.external_account FROM customer q WHERE q.did = p.payer),
(EXISTS (SELECT 1 FROM suspension u WHERE u.customer = p.payer AND u.until IS NULL)
 OR EXISTS (SELECT 1 FROM closure x WHERE x.customer = p.payer))
"""

_FROM: Final = "FROM customer c LEFT JOIN payer p ON p.customer = c.did AND p.until IS NULL"

CUSTOMER: Final = f"""
SELECT {_COLUMNS} {_FROM} WHERE c.did = {_MEANT}
"""

_NO_GUEST: Final = "NOT EXISTS (SELECT 1 FROM link l WHERE l.guest = c.did)"
_LISTED: Final = f"c.did > ? AND {_NO_GUEST} ORDER BY c.did LIMIT ?"

CUSTOMERS: Final = f"""
SELECT {_COLUMNS} {_FROM} WHERE {_LISTED}
"""

CUSTOMERS_OF_ACCOUNT: Final = f"""
SELECT {_COLUMNS} {_FROM} WHERE c.external_account = ? AND {_LISTED}
"""

CUSTOMERS_OF_PAYER: Final = f"""
SELECT {_COLUMNS} FROM payer p JOIN customer c ON c.did = p.customer
WHERE p.payer = ? AND p.until IS NULL AND p.customer > ? AND {_NO_GUEST} ORDER BY p.customer LIMIT ?
"""  # noqa: S608 - constants alone

ADD_CUSTOMER: Final = """
INSERT INTO customer (did, product, task, inserted_at, details, external_account, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)
"""

# Clocks of two processes differ and commits do not follow them: a row never ends before it began.
KEEP_PROFILE: Final = """
INSERT INTO profile (customer, external_account, product, details, since, task, until, ended_by)
SELECT did, external_account, product, details, coalesce(updated_at, inserted_at), task,
       CASE WHEN coalesce(updated_at, inserted_at) > ? THEN coalesce(updated_at, inserted_at) ELSE ? END, ?
FROM customer WHERE did = ?
"""

UPDATE_CUSTOMER: Final = """
UPDATE customer SET product = ?, details = ?, external_account = ?, task = ?,
       updated_at = CASE WHEN coalesce(updated_at, inserted_at) > ? THEN coalesce(updated_at, inserted_at) ELSE ? END
WHERE did = ?
"""

PROFILES: Final = """
SELECT customer, external_account, product, details, since, task, until, ended_by FROM profile WHERE customer = ? ORDER BY seq
"""

SUSPEND: Final = """
INSERT INTO suspension (customer, reason, since, task) VALUES (?, ?, ?, ?)
"""

RESUME: Final = """
UPDATE suspension SET until = CASE WHEN since > ? THEN since ELSE ? END, ended_by = ?
WHERE customer = ? AND until IS NULL RETURNING since, until
"""

# In two halves, because the current rows and the ended ones have an index each.
WAS_SUSPENDED: Final = """
SELECT 1 FROM suspension WHERE customer = ? AND until IS NULL AND since <= ?
UNION ALL
SELECT 1 FROM suspension WHERE customer = ? AND until IS NOT NULL AND since <= ? AND until > ?
LIMIT 1
"""

CLOSE: Final = """
INSERT INTO closure (customer, at, task) VALUES (?, ?, ?) ON CONFLICT (customer) DO NOTHING RETURNING at
"""

CLOSED: Final = """
SELECT at FROM closure WHERE customer = ?
"""

LINK: Final = """
INSERT INTO link (guest, customer, at, task) VALUES (?, ?, ?, ?)
"""

ADD_PAYER: Final = """
INSERT INTO payer (customer, payer, since, task) VALUES (?, ?, ?, ?)
"""

END_PAYER: Final = """
UPDATE payer SET until = CASE WHEN since > ? THEN since ELSE ? END, ended_by = ?
WHERE customer = ? AND until IS NULL RETURNING payer, until
"""

PAYER: Final = """
SELECT payer FROM payer WHERE customer = ? AND until IS NULL
"""

# In two halves, because the current rows and the ended ones have an index each: of each the last that had begun.
PAYER_AT: Final = """
SELECT * FROM (SELECT payer, since, until, seq FROM payer WHERE customer = ? AND until IS NOT NULL AND since <= ?
               ORDER BY since DESC, seq DESC LIMIT 1) AS ended
UNION ALL
SELECT payer, since, until, seq FROM payer WHERE customer = ? AND until IS NULL AND since <= ?
"""

PAYS: Final = """
SELECT 1 FROM payer WHERE payer = ? AND until IS NULL LIMIT 1
"""

LEAVES: Final = """
SELECT p.customer, p.since, p.seq,
       (SELECT count(*) FROM holding h WHERE h.customer = p.customer AND h.until IS NULL),
       (SELECT count(*) FROM holding h
        JOIN assignment a ON a.provider = h.provider AND a.subscription = h.subscription AND a.until IS NULL
        WHERE h.customer = p.customer AND h.until IS NULL)
FROM payer p WHERE p.payer = ? AND p.until IS NULL AND p.seq > ? ORDER BY p.seq LIMIT ?
"""
