"""What an archive is known by, so that another one in its place is noticed; and two more things the operator is told:
a backup that failed, a log that grows because somebody reads for hours.
"""

STATEMENTS = (
    "INSERT INTO settings (name, value) VALUES ('archive', lower(hex(randomblob(16))))",
    "CREATE TEMP TABLE kept AS SELECT * FROM conditions",
    "DROP TABLE conditions",
    """
CREATE TABLE conditions (
  kind     TEXT NOT NULL    -- feed_silent, rule_silent, rule_spike (far more than usual), rule_fails, channel_down,
           CHECK (kind IN ( -- backup_fails, log_grows (a reader keeps the write-ahead log from being cut)
               'feed_silent', 'rule_silent', 'rule_spike', 'rule_fails', 'channel_down', 'backup_fails', 'log_grows'
           )),
  subject  TEXT NOT NULL,   -- the feed, rule or channel; the archive's or the backups' folder
  since    TEXT NOT NULL    -- instant it began: the last that came, the first failure; of a spike when it was found
           CHECK (since GLOB '????-??-??T??:??:??Z'),
  count    INTEGER          -- of a spike what came in 24 hours, of a failing rule articles, of a log megabytes; null:
           CHECK (count >= 0), -- another kind
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
    "INSERT INTO conditions SELECT * FROM kept",
    "DROP TABLE kept",
)
