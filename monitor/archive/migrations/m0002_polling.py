"""What the polling policy keeps: a feed's rhythm and moves, a host's wish to be left alone, notices to the operator.

Tables are made anew where a constraint changes, because SQLite cannot change one in place: the rows wait in a temporary
table meanwhile.
"""

HOSTS = """
CREATE TABLE hosts (
  host            TEXT PRIMARY KEY,            -- host name, with the port where a feed's URL names one
  lease_token     INTEGER NOT NULL DEFAULT 0,  -- goes up with every lease; a holder with an older number has lost it
  lease_until     TEXT                         -- instant it lapses by itself; null: nobody polls this host now
                  CHECK (lease_until GLOB '????-??-??T??:??:??Z'),
  last_request_at TEXT                         -- instant of our last request there; null: none yet
                  CHECK (last_request_at GLOB '????-??-??T??:??:??Z'),
  hold_until      TEXT                         -- instant until which it wants no requests; null: it never said so
                  CHECK (hold_until GLOB '????-??-??T??:??:??Z'),
  limited_feed    TEXT                         -- the feed that last heard so; null: the host has answered one since
) STRICT, WITHOUT ROWID
"""

FEEDS = """
CREATE TABLE feeds (
  key            TEXT PRIMARY KEY,          -- the feed's name in feeds.yaml, commands and tables
  url            TEXT NOT NULL,             -- where it is polled: given_url, or where that has moved for good
  given_url      TEXT NOT NULL,             -- as feeds.yaml says
  host           TEXT NOT NULL              -- the host of url
                 REFERENCES hosts (host),
  title          TEXT,                      -- given_title, else own_title; null: neither is known
  given_title    TEXT,                      -- as feeds.yaml says; null: it does not
  own_title      TEXT,                      -- as the feed calls itself; null: it does not, or was never read
  language       TEXT,                      -- BCP 47; given_language, else own_language; null: neither is known
  given_language TEXT,                      -- BCP 47 as feeds.yaml says; null: it does not
  own_language   TEXT,                      -- BCP 47 as the feed declares; null: it does not, or was never read
  country        TEXT,                      -- ISO 3166-1 alpha-2, as feeds.yaml says; null: it does not
  tags           TEXT NOT NULL DEFAULT '[]' -- JSON array of texts, as feeds.yaml says
                 CHECK (json_type(tags) = 'array'),
  state          TEXT NOT NULL              -- new (never polled), ok, failing, blocked, gone, paused, removed
                 CHECK (state IN ('new', 'ok', 'failing', 'blocked', 'gone', 'paused', 'removed')),
  first_seen_at  TEXT NOT NULL              -- instant the feed was first in feeds.yaml
                 CHECK (first_seen_at GLOB '????-??-??T??:??:??Z'),
  next_poll_at   TEXT NOT NULL              -- instant it is due
                 CHECK (next_poll_at GLOB '????-??-??T??:??:??Z'),
  polled_at      TEXT                       -- instant of the last poll, failed or not; null: never polled
                 CHECK (polled_at GLOB '????-??-??T??:??:??Z'),
  changed_at     TEXT                       -- instant of the last poll with a new or revised article; null: none yet
                 CHECK (changed_at GLOB '????-??-??T??:??:??Z'),
  whole_at       TEXT                       -- instant the last whole document came (no 304); null: none yet
                 CHECK (whole_at GLOB '????-??-??T??:??:??Z'),
  failures       INTEGER NOT NULL DEFAULT 0 -- failed polls in a row; 0 after a success
                 CHECK (failures >= 0),
  failing_since  TEXT                       -- instant of the first of them; null: the last poll succeeded
                 CHECK (failing_since GLOB '????-??-??T??:??:??Z'),
  reported_at    TEXT                       -- instant the operator was told that it fails; null: was not told, or has
                                            -- been told since that it works again
                 CHECK (reported_at GLOB '????-??-??T??:??:??Z'),
  last_outcome   TEXT,                      -- polls.outcome of the last poll; null: never polled
  last_error     TEXT,                      -- what the last poll failed with, one line; null: it succeeded
  problems       TEXT NOT NULL DEFAULT '[]' -- JSON array: what was wrong with the last document and got mended or cut
                 CHECK (json_type(problems) = 'array'),
  moved_to       TEXT,                      -- where the server says it has moved for good; null: it does not say so
  moved_polls    INTEGER NOT NULL DEFAULT 0 -- how many good polls in a row came from there
                 CHECK (moved_polls >= 0),
  lied_at        TEXT                       -- instant a 304 was last found to be untrue; null: never
                 CHECK (lied_at GLOB '????-??-??T??:??:??Z'),
  ttl_seconds    INTEGER,                   -- how long the feed asks to be left alone, in seconds; null: it does not
  period_seconds INTEGER,                   -- how often it says it is updated, in seconds; null: it does not
  rhythm         TEXT,                      -- JSON: when it publishes, as far as polls have seen; null: not seen yet
  etag           BLOB,                      -- validator for the next request, byte for byte; null: the server gave none
  last_modified  BLOB,                      -- validator for the next request, byte for byte; null: the server gave none
  primed         INTEGER NOT NULL DEFAULT 0 -- 1: its first whole document is stored, so what is new now is news
                 CHECK (primed IN (0, 1)),
  body_digest    BLOB,                      -- digest of the last whole body; null: none yet
  entry_digests  BLOB NOT NULL DEFAULT x''  -- digests of the last whole document's entries, 8 bytes each
                 CHECK (length(entry_digests) % 8 = 0),
  CHECK ((failures > 0) = (last_error IS NOT NULL)),
  CHECK ((failures > 0) = (failing_since IS NOT NULL))
) STRICT
"""

ALERTS = """
CREATE TABLE alerts (
  id           INTEGER PRIMARY KEY AUTOINCREMENT, -- ascending in the order of raising
  key          TEXT NOT NULL UNIQUE, -- what it is about, so that raising it twice is one alert
  kind         TEXT NOT NULL         -- article (a rule on an article), digest (one sending of a digest), notice (to the
               CHECK (kind IN ('article', 'digest', 'notice')), -- operator, about feeds)
  rule         TEXT,                 -- the rule's name; null: a digest or a notice
  story        INTEGER               -- the article's story; null: a digest or a notice
               REFERENCES stories (id),
  article      INTEGER               -- the article; null: a digest or a notice
               REFERENCES articles (id),
  digest       TEXT,                 -- the digest's name; null: sent at once, by itself
  digest_alert INTEGER               -- the digest that carried it; null: not yet carried, or not meant for one
               REFERENCES alerts (id),
  subject      TEXT,                 -- what a notice says, one line; null: an article or a digest
  created_at   TEXT NOT NULL         -- instant it was raised
               CHECK (created_at GLOB '????-??-??T??:??:??Z'),
  state        TEXT NOT NULL         -- waiting (for its digest), queued, sent (to all), dead (given up for a recipient)
               CHECK (state IN ('waiting', 'queued', 'sent', 'dead')),
  UNIQUE (rule, article),
  CHECK ((kind = 'article') = (rule IS NOT NULL)),
  CHECK ((kind = 'article') = (story IS NOT NULL)),
  CHECK ((kind = 'article') = (article IS NOT NULL)),
  CHECK ((kind = 'notice') = (subject IS NOT NULL)),
  CHECK (kind <> 'digest' OR digest IS NOT NULL),
  CHECK (state <> 'waiting' OR digest IS NOT NULL)
) STRICT
"""

POLLS = """
CREATE TABLE polls (
  id          INTEGER PRIMARY KEY, -- ascending in the order of recording
  feed        TEXT NOT NULL        -- the feed that was polled
              REFERENCES feeds (key),
  at          TEXT NOT NULL        -- instant it began
              CHECK (at GLOB '????-??-??T??:??:??Z'),
  status      INTEGER,             -- HTTP status; null: no HTTP answer came
  outcome     TEXT NOT NULL,       -- new, nothing_new, unchanged, not_modified, or the kind of failure
  duration_ms INTEGER NOT NULL     -- milliseconds from request to body
              CHECK (duration_ms >= 0),
  bytes       INTEGER,             -- bytes received, still compressed; null: no body came
  entries     INTEGER,             -- entries in the document; null: nothing was parsed
  new         INTEGER NOT NULL     -- articles it added to the archive
              CHECK (new >= 0),
  gap         INTEGER              -- 1: no overlap with the poll before, items may be missing; null: cannot tell
              CHECK (gap IN (0, 1)),
  error       TEXT,                -- what failed, one line; null: the poll succeeded
  problems    TEXT NOT NULL DEFAULT '[]' -- JSON array: what was wrong with the document and got mended or cut
              CHECK (json_type(problems) = 'array'),
  CHECK ((error IS NULL) = (outcome IN ('new', 'nothing_new', 'unchanged', 'not_modified')))
) STRICT
"""

FEED_MOVES = """
CREATE TABLE feed_moves (
  id       INTEGER PRIMARY KEY, -- ascending in the order of moving
  feed     TEXT NOT NULL        -- the feed that is polled elsewhere since
           REFERENCES feeds (key),
  at       TEXT NOT NULL        -- instant of the poll that decided it
           CHECK (at GLOB '????-??-??T??:??:??Z'),
  from_url TEXT NOT NULL,       -- where it was polled before
  to_url   TEXT NOT NULL,       -- where it is polled since
  why      TEXT NOT NULL        -- what decided it, one line
) STRICT
"""


def _anew(table: str, create: str, columns: str, values: str = "") -> tuple[str, ...]:
    """The statements that give a table another definition; `values` are what the new `columns` get, if not the old."""
    return (
        f"CREATE TEMP TABLE kept AS SELECT {values or columns} FROM main.{table}",
        f"DROP TABLE main.{table}",
        create,
        f"INSERT INTO main.{table} ({columns}) SELECT * FROM kept",
        "DROP TABLE temp.kept",
    )


_FEED_COLUMNS = """
    key, url, host, title, given_title, own_title, language, given_language, own_language, country, tags, state,
    first_seen_at, next_poll_at, polled_at, changed_at, failures, failing_since, last_outcome, last_error, moved_to,
    etag, last_modified, primed, body_digest, entry_digests
"""

STATEMENTS = (
    *_anew("hosts", HOSTS, "host, lease_token, lease_until, last_request_at"),
    *_anew("feeds", FEEDS, f"{_FEED_COLUMNS}, given_url", f"{_FEED_COLUMNS}, url AS given_url"),
    """
UPDATE feeds SET state = CASE last_outcome WHEN 'blocked' THEN 'blocked' WHEN 'gone' THEN 'gone' ELSE 'failing' END
WHERE state = 'failing'
""",
    "CREATE INDEX feeds_due ON feeds (next_poll_at, host) WHERE state NOT IN ('paused', 'removed')",
    "CREATE INDEX feeds_by_host ON feeds (host)",
    "CREATE INDEX feeds_reported ON feeds (key) WHERE failures > 0 OR reported_at IS NOT NULL",
    *_anew("alerts", ALERTS, "id, key, kind, rule, story, article, digest, digest_alert, created_at, state"),
    "CREATE INDEX alerts_waiting ON alerts (digest) WHERE state = 'waiting'",
    "CREATE INDEX alerts_by_article ON alerts (article)",
    "CREATE INDEX alerts_by_story ON alerts (story)",
    "CREATE INDEX alerts_by_digest_alert ON alerts (digest_alert) WHERE digest_alert IS NOT NULL",
    "CREATE INDEX alerts_by_time ON alerts (created_at)",
    "CREATE INDEX alerts_notices ON alerts (created_at) WHERE kind = 'notice'",
    *_anew("polls", POLLS, "id, feed, at, status, outcome, duration_ms, bytes, entries, new, gap, error"),
    "CREATE INDEX polls_by_feed ON polls (feed, at)",
    "CREATE INDEX polls_by_time ON polls (at, outcome)",
    "CREATE INDEX polls_with_gap ON polls (at) WHERE gap",
    FEED_MOVES,
    "CREATE INDEX feed_moves_by_feed ON feed_moves (feed)",
)
