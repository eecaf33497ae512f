"""Words of every script in the full-text index: where FTS5 does not see the words that rules see (it takes a Chinese
sentence for one), it is given them, folded, with spaces between. And room for noting that a text was pruned.

`fts_text` is `monitor.rules.fts_text`, see `migrate`.
"""

STATEMENTS = (
    "DROP TABLE articles_fts",
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
  authors             TEXT NOT NULL DEFAULT '[]' -- JSON array of names
                      CHECK (json_type(authors) = 'array'),
  categories          TEXT NOT NULL DEFAULT '[]' -- JSON array of texts, as the feed gives them
                      CHECK (json_type(categories) = 'array'),
  pruned_at           TEXT                       -- instant its text was dropped to save room; null: it is all there
                      CHECK (pruned_at GLOB '????-??-??T??:??:??Z'),
  text_source         TEXT NOT NULL DEFAULT 'feed' -- where text is from: feed, page (on the web)
                      CHECK (text_source IN ('feed', 'page')),
  title               TEXT NOT NULL,             -- plain text, one line; empty: the entry had none
  text                TEXT NOT NULL,             -- plain text, a line a paragraph; empty: the entry had none
  title_words         TEXT,                      -- what articles_fts holds of title; null: title itself
  text_words          TEXT                       -- what articles_fts holds of text; null: text itself
) STRICT
""",
    """
INSERT INTO articles (
    id, feed, story, event, first_seen_at, published_at, published_source, updated_at, revisions, language,
    language_confidence, language_source, guid, link, link_key, canon_version, content_digest, fingerprint, signature,
    authors, categories, text_source, title, text,
    title_words, text_words
)
SELECT
    id, feed, story, event, first_seen_at, published_at, published_source, updated_at, revisions, language,
    language_confidence, language_source, guid, link, link_key, canon_version, content_digest, fingerprint, signature,
    authors, categories, text_source, title, text,
    fts_text(title), fts_text(text)
FROM kept ORDER BY id
""",
    "DROP TABLE kept",
    "CREATE INDEX articles_by_link_key ON articles (link_key) WHERE link_key IS NOT NULL",
    "CREATE INDEX articles_by_fingerprint ON articles (fingerprint) WHERE fingerprint IS NOT NULL",
    "CREATE INDEX articles_by_first_seen ON articles (first_seen_at)",
    "CREATE INDEX articles_by_feed ON articles (feed, first_seen_at)",
    "CREATE INDEX articles_by_story ON articles (story)",
    "CREATE INDEX articles_by_event ON articles (event) WHERE event IS NOT NULL",
    """
CREATE VIEW articles_words AS -- what articles_fts indexes
SELECT id, coalesce(title_words, title) AS title, coalesce(text_words, text) AS text FROM articles
""",
    """
CREATE VIRTUAL TABLE articles_fts USING fts5 (
  title, -- articles.title, or articles.title_words
  text,  -- articles.text, or articles.text_words
  content = 'articles_words', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
)
""",
    "INSERT INTO articles_fts (articles_fts) VALUES ('rebuild')",
    """
CREATE TRIGGER articles_fts_insert AFTER INSERT ON articles BEGIN
  INSERT INTO articles_fts (rowid, title, text)
  VALUES (new.id, coalesce(new.title_words, new.title), coalesce(new.text_words, new.text));
END
""",
    """
CREATE TRIGGER articles_fts_delete AFTER DELETE ON articles BEGIN
  INSERT INTO articles_fts (articles_fts, rowid, title, text)
  VALUES ('delete', old.id, coalesce(old.title_words, old.title), coalesce(old.text_words, old.text));
END
""",
    """
CREATE TRIGGER articles_fts_update AFTER UPDATE OF title, text, title_words, text_words ON articles BEGIN
  INSERT INTO articles_fts (articles_fts, rowid, title, text)
  VALUES ('delete', old.id, coalesce(old.title_words, old.title), coalesce(old.text_words, old.text));
  INSERT INTO articles_fts (rowid, title, text)
  VALUES (new.id, coalesce(new.title_words, new.title), coalesce(new.text_words, new.text));
END
""",
)
