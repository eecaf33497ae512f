"""Full text: which articles' pages are wanted, what came of them, and where an article's text is from."""

STATEMENTS = (
    # The comment comes before the constraint: SQLite puts the closing bracket of the table right behind it.
    """
ALTER TABLE articles ADD COLUMN text_source TEXT NOT NULL DEFAULT 'feed' -- where text is from: feed, page (on the web)
                      CHECK (text_source IN ('feed', 'page'))
""",
    """
CREATE TABLE pages (
  article         INTEGER PRIMARY KEY        -- the article whose page it is
                  REFERENCES articles (id),
  feed            TEXT NOT NULL              -- the feed that asked for it with fulltext: true
                  REFERENCES feeds (key),
  host            TEXT NOT NULL              -- the host of url
                  REFERENCES hosts (host),
  url             TEXT NOT NULL,             -- the page's address, as the feed gives it
  state           TEXT NOT NULL              -- waiting (to be read), read, failed (given up)
                  CHECK (state IN ('waiting', 'read', 'failed')),
  news            INTEGER NOT NULL           -- 1: what the page adds alerts, since the article came as news; 0: backlog
                  CHECK (news IN (0, 1)),
  attempts        INTEGER NOT NULL DEFAULT 0 -- how often it was tried since it was last wanted
                  CHECK (attempts >= 0),
  next_attempt_at TEXT                       -- instant of the next try; null: read or failed
                  CHECK (next_attempt_at GLOB '????-??-??T??:??:??Z'),
  fetched_at      TEXT                       -- instant of the last try; null: none yet
                  CHECK (fetched_at GLOB '????-??-??T??:??:??Z'),
  status          INTEGER,                   -- HTTP status of the last try; null: none yet, or no HTTP answer came
  chars           INTEGER                    -- characters that the page's text has more than the feed's; null: not read
                  CHECK (chars > 0),
  error           TEXT,                      -- why the page's text was not taken, one line; null: read, or no try yet
  feed_text       TEXT NOT NULL,             -- the text in the feed itself, as it was when the page was last wanted
  CHECK ((state = 'waiting') = (next_attempt_at IS NOT NULL)),
  CHECK (state <> 'failed' OR error IS NOT NULL),
  CHECK (state <> 'read' OR (error IS NULL AND chars IS NOT NULL))
) STRICT
""",
    "CREATE INDEX pages_due ON pages (next_attempt_at, host) WHERE state = 'waiting'",
    "CREATE INDEX pages_by_host ON pages (host, article) WHERE state = 'waiting'",
    "CREATE INDEX pages_failed ON pages (fetched_at) WHERE state = 'failed'",
)
