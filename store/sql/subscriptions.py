"""Statements about plans and subscriptions: what was bought, by whom, until when."""

from __future__ import annotations

from typing import Final

_PLAN: Final = """
p.product, p.name, p.kind, p.period, p.exclusive, p.clock, p.assign_within, p.grace, p.consent,
p.seats, p.self_serve, p.inserted_at, p.task, (SELECT r.at FROM retirement r WHERE r.product = p.product)
"""

PLAN: Final = f"""
SELECT {_PLAN} FROM plan p WHERE p.product = ?
"""  # noqa: S608 - constants alone

PLANS: Final = f"""
SELECT {_PLAN} FROM plan p WHERE p.product > ? ORDER BY p.product LIMIT ?
"""  # noqa: S608 - constants alone

ADD_PLAN: Final = """
INSERT INTO plan (product, name, kind, period, exclusive, clock, assign_within, grace, consent, seats, self_serve,
                  inserted_at, task) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

RETIRE: Final = """
INSERT INTO retirement (product, at, task) VALUES (?, ?, ?) ON CONFLICT (product) DO NOTHING RETURNING at
"""

# All from which a subscription's state follows, with the time. What was decided last counts; what was paid is a set.
STANDING: Final = """
s.provider, s.id, s.product, s.plan, s.kind, s.seats, s.starts_at, s.inserted_at, s.task, h.customer, h.since, h.seq,
p.period, p.exclusive, p.clock, p.assign_within, p.grace, p.consent,
(SELECT t.ends_at FROM term t WHERE t.provider = s.provider AND t.subscription = s.id ORDER BY t.seq DESC LIMIT 1),
(SELECT x.at FROM cancellation x WHERE x.provider = s.provider AND x.subscription = s.id AND x.effect = 'now'),
(SELECT x.at FROM cancellation x WHERE x.provider = s.provider AND x.subscription = s.id AND x.effect = 'end'),
(SELECT max(m.ends_at) FROM payment m WHERE m.provider = s.provider AND m.subscription = s.id AND m.event = 'paid'
  AND NOT EXISTS (SELECT 1 FROM payment r WHERE r.provider = m.provider AND r.subscription = m.subscription
                  AND r.event = 'refunded' AND r.reference = m.reference)),
EXISTS (SELECT 1 FROM payment m WHERE m.provider = s.provider AND m.subscription = s.id AND m.event = 'paid'),
(SELECT max(coalesce(m.ends_at, 9223372036854775807)) FROM payment m
  WHERE m.provider = s.provider AND m.subscription = s.id AND m.event = 'failed'
  AND NOT EXISTS (SELECT 1 FROM payment r WHERE r.provider = m.provider AND r.subscription = m.subscription
                  AND r.event = 'paid' AND r.reference = m.reference)),
(EXISTS (SELECT 1 FROM suspension u WHERE u.customer = h.customer AND u.until IS NULL)
 OR EXISTS (SELECT 1 FROM closure x WHERE x.customer = h.customer)
 OR EXISTS (SELECT 1 FROM payer y JOIN suspension u ON u.customer = y.payer AND u.until IS NULL
            WHERE y.customer = h.customer AND y.until IS NULL)
 OR EXISTS (SELECT 1 FROM payer y JOIN closure x ON x.customer = y.payer
            WHERE y.customer = h.customer AND y.until IS NULL))
"""
STANDING_COLUMNS: Final = 25
"""How many columns that is."""

_HELD: Final = """
FROM holding h JOIN subscription s ON s.provider = h.provider AND s.id = h.subscription LEFT JOIN plan p ON p.product = s.plan
"""

SUBSCRIPTION: Final = f"""
SELECT {STANDING} {_HELD} WHERE h.provider = ? AND h.subscription = ? AND h.until IS NULL
"""

SUBSCRIPTIONS: Final = f"""
SELECT {STANDING} {_HELD} WHERE h.until IS NULL AND h.seq > ? ORDER BY h.seq LIMIT ?
"""

SUBSCRIPTIONS_OF: Final = f"""
SELECT {STANDING} {_HELD} WHERE h.customer = ? AND h.until IS NULL AND h.seq > ? ORDER BY h.seq LIMIT ?
"""

# To one plan, where a customer may have many others: oldest first, a few at a time.
SUBSCRIPTIONS_TO: Final = f"""
SELECT {STANDING} {_HELD}
WHERE h.customer = ? AND h.provider = ? AND h.plan = ? AND h.until IS NULL AND (h.starts_at, h.seq) > (?, ?)
ORDER BY h.starts_at, h.seq LIMIT ?
"""

LATEST_TO: Final = f"""
SELECT {STANDING} {_HELD}
WHERE h.customer = ? AND h.provider = ? AND h.plan = ? AND h.until IS NULL
ORDER BY h.starts_at DESC, h.seq DESC LIMIT ?
"""

HOLDER: Final = """
SELECT customer FROM holding WHERE provider = ? AND subscription = ? AND until IS NULL
"""

IS_TAKEN: Final = """
SELECT 1 FROM subscription WHERE provider = ? AND id = ?
"""

COUNT: Final = """
SELECT count(*) FROM holding WHERE customer = ? AND until IS NULL
"""

ADD_SUBSCRIPTION: Final = """
INSERT INTO subscription (provider, id, product, plan, kind, seats, starts_at, inserted_at, task)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

HOLD: Final = """
INSERT INTO holding (provider, subscription, customer, plan, starts_at, since, task) VALUES (?, ?, ?, ?, ?, ?, ?)
"""

# Clocks of two processes differ and commits do not follow them: a row never ends before it began.
END_HOLDING: Final = """
UPDATE holding SET until = CASE WHEN since > ? THEN since ELSE ? END, ended_by = ?
WHERE provider = ? AND subscription = ? AND until IS NULL RETURNING customer, plan, starts_at, until
"""

# In two halves, because the current rows and the ended ones have an index each: of each the last that had begun.
HOLDER_AT: Final = """
SELECT * FROM (SELECT customer, since, until, seq FROM holding
               WHERE provider = ? AND subscription = ? AND until IS NOT NULL AND since <= ?
               ORDER BY since DESC, seq DESC LIMIT 1) AS ended
UNION ALL
SELECT customer, since, until, seq FROM holding WHERE provider = ? AND subscription = ? AND until IS NULL AND since <= ?
"""

GRANT: Final = """
INSERT INTO complimentary (provider, subscription, granted_by, reason) VALUES (?, ?, ?, ?)
"""

GRANTED: Final = """
SELECT granted_by, reason FROM complimentary WHERE provider = ? AND subscription = ?
"""

TRY_OUT: Final = """
INSERT INTO trial (provider, subscription, customer, product) VALUES (?, ?, ?, ?)
"""

# Whoever was given one has had it, as a guest too, and whoever holds or held one that another was given has had it too.
TRIED_OUT: Final = """
SELECT 1 FROM trial WHERE provider = ? AND customer = ? AND product = ?
UNION ALL
SELECT 1 FROM link l JOIN trial t ON t.customer = l.guest WHERE l.customer = ? AND t.provider = ? AND t.product = ?
UNION ALL
SELECT 1 FROM holding h JOIN trial t ON t.provider = h.provider AND t.subscription = h.subscription
WHERE h.customer = ? AND h.until IS NULL AND t.provider = ? AND t.product = ?
UNION ALL
SELECT 1 FROM holding h JOIN trial t ON t.provider = h.provider AND t.subscription = h.subscription
WHERE h.customer = ? AND h.until IS NOT NULL AND t.provider = ? AND t.product = ?
LIMIT 1
"""

ADD_TERM: Final = """
INSERT INTO term (provider, subscription, ends_at, at, task) VALUES (?, ?, ?, ?, ?)
"""

TERM_AT: Final = """
SELECT ends_at FROM term WHERE provider = ? AND subscription = ? AND at <= ? ORDER BY seq DESC LIMIT 1
"""

CANCEL: Final = """
INSERT INTO cancellation (provider, subscription, effect, at, task) VALUES (?, ?, ?, ?, ?)
"""

PAYMENT: Final = """
SELECT begins_at, ends_at FROM payment WHERE provider = ? AND subscription = ? AND event = ? AND reference = ?
"""

ADD_PAYMENT: Final = """
INSERT INTO payment (provider, subscription, event, reference, begins_at, ends_at, at, task) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
