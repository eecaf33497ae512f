"""Stories and events: what finds copies and other reports of an article, and why it was put with them. And why an entry
was taken for an article that was known, and what a feed's entries are known by.

Three tables are made anew, because a column that is added later stands behind the last one's comment in what people see
as the schema. Their rows wait in a temporary table meanwhile.
"""

STATEMENTS = (
    """
CREATE TABLE events (
  id            INTEGER PRIMARY KEY, -- that of a story it was first noticed in
  first_article INTEGER NOT NULL     -- the article it began with
                REFERENCES articles (id),
  articles      INTEGER NOT NULL,    -- how many articles report it
  stories       INTEGER NOT NULL,    -- how many different texts those are
  feeds         INTEGER NOT NULL,    -- how many feeds have carried one of them
  first_seen_at TEXT NOT NULL        -- instant of the first sighting of any of them
                CHECK (first_seen_at GLOB '????-??-??T??:??:??Z'),
  last_seen_at  TEXT NOT NULL        -- instant of the latest sighting or revision of any of them
                CHECK (last_seen_at GLOB '????-??-??T??:??:??Z')
) STRICT
""",
    "CREATE TEMP TABLE kept AS SELECT * FROM articles",
    "DROP TABLE articles",
    """
CREATE TABLE articles (
  id                  INTEGER PRIMARY KEY AUTOINCREMENT, -- ascending in the order of archiving, never used again
  feed                TEXT NOT NULL              -- the first feed that carried it
                      REFERENCES feeds (key),
  story               INTEGER NOT NULL           -- copies and versions of one text share a story
                      REFERENCES stories (id),
  event               INTEGER                    -- different newsrooms' reports of one event share it; null: no other
                      REFERENCES events (id),    -- report of it is known
  first_seen_at       TEXT NOT NULL              -- instant we first saw it
                      CHECK (first_seen_at GLOB '????-??-??T??:??:??Z'),
  published_at        TEXT                       -- instant the feed says it was published; null: no believable date
                      CHECK (published_at GLOB '????-??-??T??:??:??Z'),
  published_source    TEXT NOT NULL,             -- where it is from: published, updated, clamped (was too late), none
  updated_at          TEXT                       -- instant we last saw its title or text changed; null: never
                      CHECK (updated_at GLOB '????-??-??T??:??:??Z'),
  revisions           INTEGER NOT NULL DEFAULT 0 -- how often its title or text has changed since
                      CHECK (revisions >= 0),
  language            TEXT NOT NULL,             -- BCP 47 tag, or und (undetermined)
  language_confidence REAL NOT NULL              -- 0 to 1; 0 for und
                      CHECK (language_confidence BETWEEN 0 AND 1),
  language_source     TEXT NOT NULL,             -- what the tag rests on: script, detected, feed, declared, none
  guid                TEXT,                      -- the entry's identity as its first feed gives it; null: it gives none
  link                TEXT,                      -- the publisher's own address, for people; null: the feed gives none
  link_key            TEXT,                      -- that address in the form we compare by; null: it identifies nothing
  canon_version       INTEGER NOT NULL,          -- version of the rules that made link_key
  content_digest      INTEGER NOT NULL,          -- 63 bits over title and text; another one is a revision
  fingerprint         INTEGER,                   -- 63 bits over the folded words; null: too few words to tell
  signature           BLOB,                      -- what its words come to, for finding copies; null: too few words
  fts_alike           INTEGER NOT NULL           -- 1: the full-text index splits it into the words rules see; 0: not
                      CHECK (fts_alike IN (0, 1)), -- quite, so a search reads it whatever the index says
  authors             TEXT NOT NULL DEFAULT '[]' -- JSON array of names
                      CHECK (json_type(authors) = 'array'),
  categories          TEXT NOT NULL DEFAULT '[]' -- JSON array of texts, as the feed gives them
                      CHECK (json_type(categories) = 'array'),
  text_source         TEXT NOT NULL DEFAULT 'feed' -- where text is from: feed, page (on the web)
                      CHECK (text_source IN ('feed', 'page')),
  title               TEXT NOT NULL,             -- plain text, one line; empty: the entry had none
  text                TEXT NOT NULL              -- plain text, a line a paragraph; empty: the entry had none
) STRICT
""",
    """
INSERT INTO articles (
    id, feed, story, first_seen_at, published_at, published_source, updated_at, revisions, language,
    language_confidence, language_source, guid, link, link_key, canon_version, content_digest, fingerprint,
    fts_alike, authors, categories, text_source, title, text
)
SELECT
    id, feed, story, first_seen_at, published_at, published_source, updated_at, revisions, language,
    language_confidence, language_source, guid, link, link_key, canon_version, content_digest, fingerprint,
    fts_alike, authors, categories, text_source, title, text
FROM kept
""",
    "DROP TABLE kept",
    "CREATE INDEX articles_by_link_key ON articles (link_key) WHERE link_key IS NOT NULL",
    "CREATE INDEX articles_by_fingerprint ON articles (fingerprint) WHERE fingerprint IS NOT NULL",
    "CREATE INDEX articles_not_alike ON articles (id) WHERE fts_alike = 0",
    "CREATE INDEX articles_by_first_seen ON articles (first_seen_at)",
    "CREATE INDEX articles_by_feed ON articles (feed, first_seen_at)",
    "CREATE INDEX articles_by_story ON articles (story)",
    """
CREATE TRIGGER articles_fts_insert AFTER INSERT ON articles BEGIN
  INSERT INTO articles_fts (rowid, title, text) VALUES (new.id, new.title, new.text);
END
""",
    """
CREATE TRIGGER articles_fts_delete AFTER DELETE ON articles BEGIN
  INSERT INTO articles_fts (articles_fts, rowid, title, text) VALUES ('delete', old.id, old.title, old.text);
END
""",
    """
CREATE TRIGGER articles_fts_update AFTER UPDATE OF title, text ON articles BEGIN
  INSERT INTO articles_fts (articles_fts, rowid, title, text) VALUES ('delete', old.id, old.title, old.text);
  INSERT INTO articles_fts (rowid, title, text) VALUES (new.id, new.title, new.text);
END
""",
    "CREATE INDEX articles_by_event ON articles (event) WHERE event IS NOT NULL",
    "CREATE TEMP TABLE kept AS SELECT * FROM sightings",
    "DROP TABLE sightings",
    """
CREATE TABLE sightings (
  feed      TEXT NOT NULL    -- the feed that carried the article
            REFERENCES feeds (key),
  entry_key TEXT NOT NULL,   -- the entry's identity within that feed
  article   INTEGER NOT NULL -- the article it carried
            REFERENCES articles (id),
  seen_at   TEXT NOT NULL    -- instant we first saw that entry
            CHECK (seen_at GLOB '????-??-??T??:??:??Z'),
  guid      TEXT,            -- as this feed gives it; null: it gives none
  link      TEXT,            -- as this feed gives it; null: it gives none
  why       TEXT             -- what told its article: new, or known by link, words, content, date, title; null: not
            CHECK (why IN ('new', 'link', 'words', 'content', 'date', 'title')), -- kept at the time
  content_digest INTEGER,    -- 63 bits over title and text as this feed gave them last; null: they were not kept then
  PRIMARY KEY (feed, entry_key)
) STRICT, WITHOUT ROWID
""",
    """
INSERT INTO sightings (
    feed, entry_key, article, seen_at, guid, link
)
SELECT
    feed, entry_key, article, seen_at, guid, link
FROM kept
""",
    "DROP TABLE kept",
    "CREATE INDEX sightings_by_article ON sightings (article)",
    "CREATE TEMP TABLE kept AS SELECT * FROM feeds",
    "DROP TABLE feeds",
    """
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
  identity       TEXT NOT NULL DEFAULT 'guid' -- what its entries are known by: guid; link or title where guids change
                 CHECK (identity IN ('guid', 'link', 'title')),
  identity_seen  TEXT NOT NULL DEFAULT '[0, 0, 0, 0]' -- JSON: entries that kept, changed guids; polls that did
                 CHECK (json_array_length(identity_seen) = 4),
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
""",
    """
INSERT INTO feeds (
    key, url, given_url, host, title, given_title, own_title, language, given_language, own_language, country,
    tags, state, first_seen_at, next_poll_at, polled_at, changed_at, whole_at, failures, failing_since,
    reported_at, last_outcome, last_error, problems, moved_to, moved_polls, lied_at, ttl_seconds, period_seconds,
    rhythm, etag, last_modified, primed, body_digest, entry_digests
)
SELECT
    key, url, given_url, host, title, given_title, own_title, language, given_language, own_language, country,
    tags, state, first_seen_at, next_poll_at, polled_at, changed_at, whole_at, failures, failing_since,
    reported_at, last_outcome, last_error, problems, moved_to, moved_polls, lied_at, ttl_seconds, period_seconds,
    rhythm, etag, last_modified, primed, body_digest, entry_digests
FROM kept
""",
    "DROP TABLE kept",
    "CREATE INDEX feeds_due ON feeds (next_poll_at, host) WHERE state NOT IN ('paused', 'removed')",
    "CREATE INDEX feeds_by_host ON feeds (host)",
    "CREATE INDEX feeds_reported ON feeds (key) WHERE failures > 0 OR reported_at IS NOT NULL",
    """
CREATE TABLE relations (
  article   INTEGER NOT NULL -- the article that was put with another one
            REFERENCES articles (id),
  kind      TEXT NOT NULL    -- what they share: story, event
            CHECK (kind IN ('story', 'event')),
  other     INTEGER NOT NULL -- that other one
            REFERENCES articles (id),
  relation  TEXT NOT NULL    -- in a story: copy, cut, retitled, update; in an event: report
            CHECK (relation IN ('copy', 'cut', 'retitled', 'update', 'report')),
  score     REAL NOT NULL    -- how much the two have in common, 0 to 1, as the relation counts it
            CHECK (score BETWEEN 0 AND 1),
  joined_at TEXT NOT NULL    -- instant of the poll, or of the reading of its page, that found it
            CHECK (joined_at GLOB '????-??-??T??:??:??Z'),
  PRIMARY KEY (article, kind)
) STRICT, WITHOUT ROWID
""",
    "CREATE INDEX relations_by_other ON relations (other)",
    """
CREATE TABLE bands (
  band    INTEGER NOT NULL, -- a part of a signature; articles that share one may be copies
  article INTEGER NOT NULL, -- a recent article that has it
  PRIMARY KEY (band, article)
) STRICT, WITHOUT ROWID
""",
    """
CREATE TABLE headline_words (
  word    INTEGER NOT NULL, -- number that stands for a telling word of a headline
  article INTEGER NOT NULL, -- a recent article that has it
  PRIMARY KEY (word, article)
) STRICT, WITHOUT ROWID
""",
)
