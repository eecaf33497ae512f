"""What the outbox remembers of refusals: how often a server would not have a recipient, and mails made plainer.

The table is made anew, because a column that is added later stands behind the last one's comment in what people see as
the schema. Its rows wait in a temporary table meanwhile.
"""

_COLUMNS = """
    id, alert, channel, recipient, message_id, state, attempts, created_at, next_attempt_at, sent_at, reply, last_error,
    message
"""

STATEMENTS = (
    f"CREATE TEMP TABLE kept AS SELECT {_COLUMNS} FROM main.deliveries",
    "DROP TABLE main.deliveries",
    """
CREATE TABLE deliveries (
  id              INTEGER PRIMARY KEY AUTOINCREMENT, -- ascending in the order of queueing
  alert           INTEGER NOT NULL           -- the alert it tells of
                  REFERENCES alerts (id),
  channel         TEXT NOT NULL,             -- the channel's name in feeds.yaml
  recipient       TEXT NOT NULL,             -- the address on that channel
  message_id      TEXT NOT NULL UNIQUE,      -- the mail's Message-ID; the same whenever it is sent again
  state           TEXT NOT NULL              -- queued, sent, dead (given up or refused; kept, shown, not tried again)
                  CHECK (state IN ('queued', 'sent', 'dead')),
  attempts        INTEGER NOT NULL DEFAULT 0 -- how often it was tried since it was queued
                  CHECK (attempts >= 0),
  refusals        INTEGER NOT NULL DEFAULT 0 -- how often the server refused the recipient since then
                  CHECK (refusals BETWEEN 0 AND attempts),
  created_at      TEXT NOT NULL              -- instant it was queued, or queued anew after it was given up
                  CHECK (created_at GLOB '????-??-??T??:??:??Z'),
  next_attempt_at TEXT                       -- instant of the next try; null: sent or dead
                  CHECK (next_attempt_at GLOB '????-??-??T??:??:??Z'),
  sent_at         TEXT                       -- instant the channel took it; null: not yet, or never
                  CHECK (sent_at GLOB '????-??-??T??:??:??Z'),
  reply           TEXT,                      -- what the channel said when it took it; null: not taken
  last_error      TEXT,                      -- what the last try failed with, one line; null: none did, or sent since
  is_stub         INTEGER NOT NULL DEFAULT 0 -- 1: the mail was refused as it was, message is a plainer one
                  CHECK (is_stub IN (0, 1)),
  message         BLOB NOT NULL,             -- the whole message, byte for byte
  CHECK ((state = 'queued') = (next_attempt_at IS NOT NULL)),
  CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
  CHECK (state <> 'dead' OR last_error IS NOT NULL)
) STRICT
""",
    f"INSERT INTO main.deliveries ({_COLUMNS}) SELECT {_COLUMNS} FROM kept ORDER BY id",
    "DROP TABLE temp.kept",
    "CREATE INDEX deliveries_due ON deliveries (next_attempt_at) WHERE state = 'queued'",
    "CREATE INDEX deliveries_dead ON deliveries (id) WHERE state = 'dead'",
    "CREATE INDEX deliveries_by_alert ON deliveries (alert)",
)
