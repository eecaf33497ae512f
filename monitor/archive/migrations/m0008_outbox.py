"""The outbox in two: who is to be told of what from when on, and the messages that tell it.

Until now an alert's message was composed with it, so that nothing could be put together, held back or joined to its
story afterwards. Now every alert has a delivery for each recipient from the transaction that raised it, which waits
until its time comes and is then put into a message, by itself or with others.

Of a digest's one alert, which stood for all that it carried, its messages go to the alerts it carried; whom each of
its mails told of which rule was not kept, so that every recipient of the digest counts as told of all.
"""

_ALERTS = "id, key, kind, rule, story, article, digest, subject, created_at, state"

STATEMENTS = (
    "CREATE TEMP TABLE kept_alerts AS SELECT * FROM main.alerts",
    "CREATE TEMP TABLE kept_deliveries AS SELECT * FROM main.deliveries",
    "CREATE TEMP TABLE kept_matches AS SELECT * FROM main.matches",
    "DROP TABLE main.deliveries",
    "DROP TABLE main.alerts",
    "DROP TABLE main.matches",
    """
CREATE TABLE matches (
  rule       TEXT NOT NULL,   -- the rule's name in feeds.yaml at the time
  article    INTEGER NOT NULL -- the article it matched
             REFERENCES articles (id),
  matched_at TEXT NOT NULL    -- instant of the poll that brought the match
             CHECK (matched_at GLOB '????-??-??T??:??:??Z'),
  score      REAL NOT NULL,   -- how strongly, as the rule counts; 1 for a plain match
  excerpt    TEXT NOT NULL,   -- the passage with the first matched words; empty: a rule of NOTs only
  marks      TEXT NOT NULL    -- JSON array of [start, end] in excerpt: the matched words, in characters, end exclusive
             CHECK (json_type(marks) = 'array'),
  words      TEXT NOT NULL    -- JSON array of the matched words as the article writes them; empty: none were kept
             CHECK (json_type(words) = 'array'),
  PRIMARY KEY (rule, article)
) STRICT, WITHOUT ROWID
""",
    """
    INSERT INTO main.matches (rule, article, matched_at, score, excerpt, marks, words)
    SELECT rule, article, matched_at, score, excerpt, marks, '[]' FROM kept_matches
    """,
    "CREATE INDEX matches_by_article ON matches (article)",
    "CREATE INDEX matches_by_time ON matches (matched_at)",
    """
CREATE TABLE alerts (
  id         INTEGER PRIMARY KEY AUTOINCREMENT, -- ascending in the order of raising
  key        TEXT NOT NULL UNIQUE, -- what it is about, so that raising it twice is one alert
  kind       TEXT NOT NULL         -- article (a rule on an article), revision (its text changed), carrier (another feed
             CHECK (kind IN ('article', 'revision', 'carrier', 'digest', 'notice')), -- has it), digest (an empty one),
                                   -- notice (to the operator)
  rule       TEXT,                 -- the rule's name; null: a digest or a notice
  story      INTEGER               -- the article's story; null: a digest or a notice
             REFERENCES stories (id),
  article    INTEGER               -- the article; null: a digest or a notice
             REFERENCES articles (id),
  feed       TEXT                  -- the feed that carries it now; null: not of kind carrier
             REFERENCES feeds (key),
  digest     TEXT,                 -- the digest it is meant for; null: to be sent soon, without one
  subject    TEXT,                 -- what a notice or an empty digest says, one line; null: another kind
  created_at TEXT NOT NULL         -- instant it was raised
             CHECK (created_at GLOB '????-??-??T??:??:??Z'),
  state      TEXT NOT NULL         -- waiting (for its time), queued, sent (to all), dead (given up for a recipient),
             CHECK (state IN ('waiting', 'queued', 'sent', 'dead', 'joined')), -- joined (its story had been told, so
                                   -- nobody was told of this)
  CHECK ((kind IN ('article', 'revision', 'carrier')) = (rule IS NOT NULL)),
  CHECK ((rule IS NULL) = (story IS NULL)),
  CHECK ((rule IS NULL) = (article IS NULL)),
  CHECK ((kind = 'carrier') = (feed IS NOT NULL)),
  CHECK ((rule IS NULL) = (subject IS NOT NULL)),
  CHECK (kind <> 'digest' OR digest IS NOT NULL)
) STRICT
""",
    f"""
    INSERT INTO main.alerts ({_ALERTS}) SELECT {_ALERTS} FROM kept_alerts WHERE kind <> 'digest'
    """,
    # Of the digests' own alerts, which are gone, none may lend its number to a new one.
    """
    UPDATE sqlite_sequence SET seq = (SELECT max(id) FROM kept_alerts)
    WHERE name = 'alerts' AND seq < (SELECT max(id) FROM kept_alerts)
    """,
    "CREATE INDEX alerts_waiting ON alerts (digest) WHERE state = 'waiting'",
    "CREATE INDEX alerts_by_article ON alerts (article)",
    "CREATE INDEX alerts_by_story ON alerts (story, rule)",
    "CREATE INDEX alerts_by_time ON alerts (created_at)",
    """
CREATE TABLE messages (
  id         INTEGER PRIMARY KEY AUTOINCREMENT, -- ascending in the order of composing
  message_id TEXT NOT NULL UNIQUE, -- the mail's Message-ID; the same whenever it is sent again
  kind       TEXT NOT NULL         -- story, group (of stories), followup (to a story told), summary (of a burst),
             CHECK (kind IN ('story', 'group', 'followup', 'summary', 'overflow', 'digest', 'notice')), -- overflow (of
                                   -- what was held back), digest, notice
  channel    TEXT NOT NULL,        -- the channel's name in feeds.yaml
  recipient  TEXT NOT NULL,        -- the address on that channel
  rule       TEXT,                 -- the rule it is about; null: not one alone
  digest     TEXT,                 -- the digest it is; null: another kind
  stories    INTEGER NOT NULL DEFAULT 0 -- how many stories it tells of
             CHECK (stories >= 0),
  created_at TEXT NOT NULL         -- instant it was composed
             CHECK (created_at GLOB '????-??-??T??:??:??Z'),
  is_stub    INTEGER NOT NULL DEFAULT 0 -- 1: it was refused as it was, and bytes is a plainer one
             CHECK (is_stub IN (0, 1)),
  bytes      BLOB NOT NULL         -- the whole message, byte for byte
) STRICT
""",
    "CREATE INDEX messages_by_recipient ON messages (channel, recipient, created_at)",
    """
    INSERT INTO main.messages (id, message_id, kind, channel, recipient, rule, digest, stories, created_at, is_stub,
                               bytes)
    SELECT kept_deliveries.id, message_id, iif(kind = 'article', 'story', kind), channel, recipient, rule, digest,
           iif(kind = 'article', 1, (SELECT count(DISTINCT story) FROM kept_alerts AS carried
                                     WHERE carried.digest_alert = kept_alerts.id)),
           kept_deliveries.created_at, is_stub, message
    FROM kept_deliveries JOIN kept_alerts ON kept_alerts.id = kept_deliveries.alert
    """,
    """
CREATE TABLE deliveries (
  id              INTEGER PRIMARY KEY AUTOINCREMENT, -- ascending in the order of raising
  alert           INTEGER NOT NULL           -- the alert it tells of
                  REFERENCES alerts (id),
  channel         TEXT NOT NULL,             -- the channel's name in feeds.yaml
  recipient       TEXT NOT NULL,             -- the address on that channel
  state           TEXT NOT NULL              -- waiting (for its time), queued (in a message that is to be sent), sent,
                  CHECK (state IN ('waiting', 'queued', 'sent', 'dead')), -- dead (given up; kept, shown, not tried
                                             -- again by itself)
  why             TEXT                       -- what it waits for: group, followup (others to go with), digest, quiet,
                  CHECK (why IN ('group', 'followup', 'digest', 'quiet', 'cap', 'mute', 'burst', 'storm', 'backlog')),
                                             -- cap, mute, burst, storm, backlog (held back); null: it never waited
  due_at          TEXT                       -- instant until which it waits; null: for its digest, or it never waited
                  CHECK (due_at GLOB '????-??-??T??:??:??Z'),
  message         INTEGER                    -- the message that tells of it; null: not composed yet
                  REFERENCES messages (id),
  message_id      TEXT,                      -- that one's Message-ID; null: not composed yet
  attempts        INTEGER NOT NULL DEFAULT 0 -- how often it was tried since it was queued, while its channel was up
                  CHECK (attempts >= 0),
  refusals        INTEGER NOT NULL DEFAULT 0 -- how often the server refused the recipient since then
                  CHECK (refusals BETWEEN 0 AND attempts),
  created_at      TEXT NOT NULL              -- instant it was raised, or queued anew after it was given up
                  CHECK (created_at GLOB '????-??-??T??:??:??Z'),
  next_attempt_at TEXT                       -- instant of the next try; null: waiting, sent or dead
                  CHECK (next_attempt_at GLOB '????-??-??T??:??:??Z'),
  leased_until    TEXT                       -- instant until which an attempt may be under way; null: none is
                  CHECK (leased_until GLOB '????-??-??T??:??:??Z'),
  sent_at         TEXT                       -- instant the channel took it; null: not yet, or never
                  CHECK (sent_at GLOB '????-??-??T??:??:??Z'),
  reply           TEXT,                      -- what the channel said when it took it; null: not taken
  phase           TEXT,                      -- how far the last failed try came; null: none failed, or sent since
  last_error      TEXT,                      -- what it failed with, one line; null: none did, or sent since
  UNIQUE (alert, channel, recipient),
  CHECK ((state = 'waiting') = (message IS NULL)),
  CHECK ((message IS NULL) = (message_id IS NULL)),
  CHECK (state <> 'waiting' OR why IS NOT NULL),
  CHECK ((state = 'queued') = (next_attempt_at IS NOT NULL)),
  CHECK (state = 'queued' OR leased_until IS NULL),
  CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
  CHECK (state <> 'dead' OR last_error IS NOT NULL)
) STRICT
""",
    """
    INSERT INTO main.deliveries (alert, channel, recipient, state, why, message, message_id, attempts, refusals,
                                 created_at, next_attempt_at, sent_at, reply, last_error)
    SELECT told.id, channel, recipient, kept_deliveries.state, iif(told.digest IS NULL, NULL, 'digest'),
           kept_deliveries.id, message_id, attempts, refusals, kept_deliveries.created_at, next_attempt_at, sent_at,
           reply, last_error
    FROM kept_alerts AS told
    JOIN kept_deliveries ON kept_deliveries.alert = coalesce(told.digest_alert, told.id)
    WHERE told.kind <> 'digest' ORDER BY told.id, kept_deliveries.id
    """,
    "DROP TABLE temp.kept_matches",
    "DROP TABLE temp.kept_deliveries",
    "DROP TABLE temp.kept_alerts",
    "CREATE INDEX deliveries_waiting ON deliveries (due_at) WHERE state = 'waiting'",
    "CREATE INDEX deliveries_due ON deliveries (next_attempt_at) WHERE state = 'queued'",
    "CREATE INDEX deliveries_dead ON deliveries (id) WHERE state = 'dead'",
    "CREATE INDEX deliveries_by_message ON deliveries (message)",
    """
CREATE TABLE channels (
  channel    TEXT PRIMARY KEY,           -- the channel's name in feeds.yaml
  down_since TEXT                        -- instant it was first found down; null: it works
             CHECK (down_since GLOB '????-??-??T??:??:??Z'),
  failures   INTEGER NOT NULL DEFAULT 0  -- how often in a row it was found so
             CHECK (failures >= 0),
  next_at    TEXT                        -- instant it is tried again, with one message; null: it works
             CHECK (next_at GLOB '????-??-??T??:??:??Z'),
  last_error TEXT,                       -- what it failed with last, one line; null: it works
  recovering INTEGER NOT NULL DEFAULT 0  -- 1: it works again, and what has waited is sent at a limited rate
             CHECK (recovering IN (0, 1)),
  CHECK ((failures > 0) = (down_since IS NOT NULL)),
  CHECK ((failures > 0) = (next_at IS NOT NULL)),
  CHECK ((failures > 0) = (last_error IS NOT NULL))
) STRICT, WITHOUT ROWID
""",
    """
CREATE TABLE digests (
  digest  TEXT PRIMARY KEY,  -- the digest's name in feeds.yaml
  cron    TEXT NOT NULL,     -- when it is sent, as next_at was worked out by: five fields and the time zone
  next_at TEXT NOT NULL      -- instant it is sent next
          CHECK (next_at GLOB '????-??-??T??:??:??Z'),
  last_at TEXT               -- instant it was last due; null: not yet
          CHECK (last_at GLOB '????-??-??T??:??:??Z')
) STRICT, WITHOUT ROWID
""",
    """
CREATE TABLE mutes (
  id         INTEGER PRIMARY KEY, -- to name it by
  rule       TEXT,                -- the rule that is muted; null: a story is
  story      INTEGER              -- the story that is muted; null: a rule is
             REFERENCES stories (id),
  created_at TEXT NOT NULL        -- instant somebody said so
             CHECK (created_at GLOB '????-??-??T??:??:??Z'),
  until      TEXT NOT NULL        -- instant it ends: what came meanwhile is told then
             CHECK (until GLOB '????-??-??T??:??:??Z'),
  CHECK ((rule IS NULL) <> (story IS NULL))
) STRICT
""",
)
