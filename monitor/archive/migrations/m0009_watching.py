"""What the watchman knows: conditions that the operator was told of, or is to be told of, and the heartbeat."""

STATEMENTS = (
    """
CREATE TABLE conditions (
  kind     TEXT NOT NULL    -- feed_silent, rule_silent, rule_spike (far more than usual), rule_fails, channel_down
           CHECK (kind IN ('feed_silent', 'rule_silent', 'rule_spike', 'rule_fails', 'channel_down')),
  subject  TEXT NOT NULL,   -- the feed, rule or channel
  since    TEXT NOT NULL    -- instant it began: the last that came, the first failure; of a spike when it was found
           CHECK (since GLOB '????-??-??T??:??:??Z'),
  count    INTEGER          -- of a spike what came in 24 hours, of a failing rule articles; null: another kind
           CHECK (count >= 0),
  usual    REAL             -- what usually comes in 24 hours; null: of what fails
           CHECK (usual >= 0),
  error    TEXT,            -- what it fails with, one line; null: another kind
  told_at  TEXT             -- instant the operator was told; null: not yet
           CHECK (told_at GLOB '????-??-??T??:??:??Z'),
  ended_at TEXT             -- instant it was found over, of which the operator is to be told; null: it goes on
           CHECK (ended_at GLOB '????-??-??T??:??:??Z'),
  PRIMARY KEY (kind, subject),
  CHECK (ended_at IS NULL OR told_at IS NOT NULL)
) STRICT, WITHOUT ROWID
""",
    """
CREATE TABLE rule_failures (
  rule      TEXT NOT NULL,   -- the rule's name in feeds.yaml at the time
  article   INTEGER NOT NULL -- the article that it could not be held against
            REFERENCES articles (id),
  failed_at TEXT NOT NULL    -- instant it first failed
            CHECK (failed_at GLOB '????-??-??T??:??:??Z'),
  error     TEXT NOT NULL,   -- what it failed with last, one line
  PRIMARY KEY (rule, article)
) STRICT, WITHOUT ROWID
""",
    """
CREATE TABLE heartbeat (
  id      INTEGER PRIMARY KEY -- 1: there is one
          CHECK (id = 1),
  cron    TEXT NOT NULL,      -- when it is sent, as next_at was worked out by: five fields and the time zone
  next_at TEXT NOT NULL       -- instant it is sent next
          CHECK (next_at GLOB '????-??-??T??:??:??Z'),
  last_at TEXT                -- instant it was last sent; null: not yet
          CHECK (last_at GLOB '????-??-??T??:??:??Z')
) STRICT
""",
)
