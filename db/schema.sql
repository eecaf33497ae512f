-- The schema of the archive, generated from monitor/archive/migrations. Do not edit; write it anew with
--   python -m monitor.archive.migrations > db/schema.sql

CREATE TABLE stories (
  id            INTEGER PRIMARY KEY,        -- the id of its first article
  first_article INTEGER NOT NULL            -- the article it began with
                REFERENCES articles (id) DEFERRABLE INITIALLY DEFERRED,
  articles      INTEGER NOT NULL DEFAULT 1, -- how many articles it joins
  feeds         INTEGER NOT NULL DEFAULT 1, -- how many feeds have carried one of them
  first_seen_at TEXT NOT NULL               -- instant of the first sighting of any of them
                CHECK (first_seen_at GLOB '????-??-??T??:??:??Z'),
  last_seen_at  TEXT NOT NULL               -- instant of the latest sighting or revision of any of them
                CHECK (last_seen_at GLOB '????-??-??T??:??:??Z')
) STRICT;

CREATE TABLE revisions (
  id      INTEGER PRIMARY KEY, -- ascending in the order the versions were replaced
  article INTEGER NOT NULL     -- the article that said this before
          REFERENCES articles (id),
  seen_at TEXT NOT NULL        -- instant this version was first seen
          CHECK (seen_at GLOB '????-??-??T??:??:??Z'),
  title   TEXT NOT NULL,       -- plain text, one line
  text    TEXT NOT NULL        -- plain text, a line a paragraph
) STRICT;

CREATE INDEX revisions_by_article ON revisions (article);

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
) STRICT, WITHOUT ROWID;

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
) STRICT;

CREATE INDEX polls_by_feed ON polls (feed, at);

CREATE INDEX polls_by_time ON polls (at, outcome);

CREATE INDEX polls_with_gap ON polls (at) WHERE gap;

CREATE TABLE feed_moves (
  id       INTEGER PRIMARY KEY, -- ascending in the order of moving
  feed     TEXT NOT NULL        -- the feed that is polled elsewhere since
           REFERENCES feeds (key),
  at       TEXT NOT NULL        -- instant of the poll that decided it
           CHECK (at GLOB '????-??-??T??:??:??Z'),
  from_url TEXT NOT NULL,       -- where it was polled before
  to_url   TEXT NOT NULL,       -- where it is polled since
  why      TEXT NOT NULL        -- what decided it, one line
) STRICT;

CREATE INDEX feed_moves_by_feed ON feed_moves (feed);

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
) STRICT;

CREATE INDEX pages_due ON pages (next_attempt_at, host) WHERE state = 'waiting';

CREATE INDEX pages_by_host ON pages (host, article) WHERE state = 'waiting';

CREATE INDEX pages_failed ON pages (fetched_at) WHERE state = 'failed';

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
) STRICT;

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
) STRICT, WITHOUT ROWID;

CREATE INDEX sightings_by_article ON sightings (article);

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
) STRICT;

CREATE INDEX feeds_due ON feeds (next_poll_at, host) WHERE state NOT IN ('paused', 'removed');

CREATE INDEX feeds_by_host ON feeds (host);

CREATE INDEX feeds_reported ON feeds (key) WHERE failures > 0 OR reported_at IS NOT NULL;

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
) STRICT, WITHOUT ROWID;

CREATE INDEX relations_by_other ON relations (other);

CREATE TABLE bands (
  band    INTEGER NOT NULL, -- a part of a signature; articles that share one may be copies
  article INTEGER NOT NULL, -- a recent article that has it
  PRIMARY KEY (band, article)
) STRICT, WITHOUT ROWID;

CREATE TABLE headline_words (
  word    INTEGER NOT NULL, -- number that stands for a telling word of a headline
  article INTEGER NOT NULL, -- a recent article that has it
  PRIMARY KEY (word, article)
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
  name  TEXT PRIMARY KEY, -- what is remembered: canon (version of the link form, and digest of its rules)
  value TEXT NOT NULL     -- what it was when the archive was last brought in line with it
) STRICT, WITHOUT ROWID;

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
) STRICT, WITHOUT ROWID;

CREATE INDEX matches_by_article ON matches (article);

CREATE INDEX matches_by_time ON matches (matched_at);

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
) STRICT;

CREATE INDEX alerts_waiting ON alerts (digest) WHERE state = 'waiting';

CREATE INDEX alerts_by_article ON alerts (article);

CREATE INDEX alerts_by_story ON alerts (story, rule);

CREATE INDEX alerts_by_time ON alerts (created_at);

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
) STRICT;

CREATE INDEX messages_by_recipient ON messages (channel, recipient, created_at);

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
) STRICT;

CREATE INDEX deliveries_waiting ON deliveries (due_at) WHERE state = 'waiting';

CREATE INDEX deliveries_due ON deliveries (next_attempt_at) WHERE state = 'queued';

CREATE INDEX deliveries_dead ON deliveries (id) WHERE state = 'dead';

CREATE INDEX deliveries_by_message ON deliveries (message);

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
) STRICT, WITHOUT ROWID;

CREATE TABLE digests (
  digest  TEXT PRIMARY KEY,  -- the digest's name in feeds.yaml
  cron    TEXT NOT NULL,     -- when it is sent, as next_at was worked out by: five fields and the time zone
  next_at TEXT NOT NULL      -- instant it is sent next
          CHECK (next_at GLOB '????-??-??T??:??:??Z'),
  last_at TEXT               -- instant it was last due; null: not yet
          CHECK (last_at GLOB '????-??-??T??:??:??Z')
) STRICT, WITHOUT ROWID;

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
) STRICT;

CREATE TABLE rule_failures (
  rule      TEXT NOT NULL,   -- the rule's name in feeds.yaml at the time
  article   INTEGER NOT NULL -- the article that it could not be held against
            REFERENCES articles (id),
  failed_at TEXT NOT NULL    -- instant it first failed
            CHECK (failed_at GLOB '????-??-??T??:??:??Z'),
  error     TEXT NOT NULL,   -- what it failed with last, one line
  PRIMARY KEY (rule, article)
) STRICT, WITHOUT ROWID;

CREATE TABLE heartbeat (
  id      INTEGER PRIMARY KEY -- 1: there is one
          CHECK (id = 1),
  cron    TEXT NOT NULL,      -- when it is sent, as next_at was worked out by: five fields and the time zone
  next_at TEXT NOT NULL       -- instant it is sent next
          CHECK (next_at GLOB '????-??-??T??:??:??Z'),
  last_at TEXT                -- instant it was last sent; null: not yet
          CHECK (last_at GLOB '????-??-??T??:??:??Z')
) STRICT;

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
) STRICT;

CREATE INDEX articles_by_link_key ON articles (link_key) WHERE link_key IS NOT NULL;

CREATE INDEX articles_by_fingerprint ON articles (fingerprint) WHERE fingerprint IS NOT NULL;

CREATE INDEX articles_by_first_seen ON articles (first_seen_at);

CREATE INDEX articles_by_feed ON articles (feed, first_seen_at);

CREATE INDEX articles_by_story ON articles (story);

CREATE INDEX articles_by_event ON articles (event) WHERE event IS NOT NULL;

CREATE VIEW articles_words AS -- what articles_fts indexes
SELECT id, coalesce(title_words, title) AS title, coalesce(text_words, text) AS text FROM articles;

CREATE VIRTUAL TABLE articles_fts USING fts5 (
  title, -- articles.title, or articles.title_words
  text,  -- articles.text, or articles.text_words
  content = 'articles_words', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TRIGGER articles_fts_insert AFTER INSERT ON articles BEGIN
  INSERT INTO articles_fts (rowid, title, text)
  VALUES (new.id, coalesce(new.title_words, new.title), coalesce(new.text_words, new.text));
END;

CREATE TRIGGER articles_fts_delete AFTER DELETE ON articles BEGIN
  INSERT INTO articles_fts (articles_fts, rowid, title, text)
  VALUES ('delete', old.id, coalesce(old.title_words, old.title), coalesce(old.text_words, old.text));
END;

CREATE TRIGGER articles_fts_update AFTER UPDATE OF title, text, title_words, text_words ON articles BEGIN
  INSERT INTO articles_fts (articles_fts, rowid, title, text)
  VALUES ('delete', old.id, coalesce(old.title_words, old.title), coalesce(old.text_words, old.text));
  INSERT INTO articles_fts (rowid, title, text)
  VALUES (new.id, coalesce(new.title_words, new.title), coalesce(new.text_words, new.text));
END;

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
) STRICT, WITHOUT ROWID;

CREATE TABLE feedback (
  alert   INTEGER PRIMARY KEY -- the alert that was judged
          REFERENCES alerts (id),
  verdict TEXT NOT NULL       -- useful, useless (rightly matched, not worth an alert), wrong (should not have matched)
          CHECK (verdict IN ('useful', 'useless', 'wrong')),
  at      TEXT NOT NULL       -- instant somebody said so last
          CHECK (at GLOB '????-??-??T??:??:??Z'),
  note    TEXT                -- why; null: it was not said
) STRICT;

CREATE VIEW v_articles AS -- the articles, with the names of things and without what we only compare by
SELECT articles.id, articles.title, articles.link, articles.language, articles.language_confidence,
       articles.feed, feeds.title AS feed_title, feeds.country,
       (SELECT count(DISTINCT sightings.feed) FROM sightings WHERE sightings.article = articles.id) AS carriers,
       articles.published_at, articles.first_seen_at, articles.updated_at, articles.revisions, articles.authors,
       articles.categories, articles.story, articles.event, articles.text
FROM articles JOIN feeds ON feeds.key = articles.feed;

CREATE VIEW v_mentions_by_day AS -- how many articles each rule matched a day, by language, feed and country
SELECT matches.rule, date(articles.first_seen_at) AS day, articles.language, articles.feed, feeds.country,
       count(*) AS articles, count(DISTINCT articles.story) AS stories
FROM matches
JOIN articles ON articles.id = matches.article
JOIN feeds ON feeds.key = articles.feed
GROUP BY matches.rule, day, articles.language, articles.feed;

CREATE VIEW v_rule_hits AS -- each rule that ever matched: how much, since when, lately
SELECT matches.rule, count(*) AS articles, count(DISTINCT articles.story) AS stories,
       count(DISTINCT articles.feed) AS feeds, count(DISTINCT articles.language) AS languages,
       min(matches.matched_at) AS first_at, max(matches.matched_at) AS last_at,
       count(*) FILTER (WHERE matches.matched_at >= strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 day')) AS articles_24h,
       count(*) FILTER (WHERE matches.matched_at >= strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-7 days')) AS articles_7d
FROM matches JOIN articles ON articles.id = matches.article
GROUP BY matches.rule;

CREATE VIEW v_feed_health AS -- each feed: how it does, what it brings, what may be missing
SELECT feeds.key AS feed, feeds.title, feeds.country, feeds.language, feeds.state, feeds.polled_at, feeds.changed_at,
       feeds.failures, feeds.failing_since, feeds.last_error,
       (SELECT count(*) FROM articles WHERE articles.feed = feeds.key
        AND articles.first_seen_at >= strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-7 days')) AS articles_7d,
       count(polls.id) AS polls_7d,
       count(polls.error) AS failed_7d,
       coalesce(sum(polls.gap), 0) AS gaps_7d,
       1 - coalesce(sum(polls.gap), 0) * 1.0 / nullif(count(polls.gap), 0) AS coverage_7d,
       round(avg(polls.duration_ms)) AS mean_ms_7d
FROM feeds
LEFT JOIN polls ON polls.feed = feeds.key AND polls.at >= strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-7 days')
WHERE feeds.state <> 'removed'
GROUP BY feeds.key;

CREATE VIEW v_story_carriers AS -- who carried a story, in which order, how long after the first
SELECT articles.story, sightings.feed, feeds.title AS feed_title, feeds.country, min(sightings.seen_at) AS seen_at,
       (unixepoch(min(sightings.seen_at)) - unixepoch(stories.first_seen_at)) / 60.0 AS minutes_behind,
       min(sightings.seen_at) = stories.first_seen_at AS is_first,
       count(DISTINCT articles.id) AS articles, min(articles.id) AS article
FROM stories
JOIN articles ON articles.story = stories.id
JOIN sightings ON sightings.article = articles.id
JOIN feeds ON feeds.key = sightings.feed
GROUP BY articles.story, sightings.feed;

CREATE VIEW v_alerts AS -- each alert and each who is told of it: what it is about, what became of it
SELECT alerts.id AS alert, alerts.created_at, alerts.kind, coalesce(alerts.rule, alerts.subject) AS what,
       alerts.story, alerts.article, articles.title, articles.link, articles.feed, articles.language,
       deliveries.channel, deliveries.recipient, coalesce(deliveries.state, alerts.state) AS state, deliveries.why,
       deliveries.due_at, deliveries.sent_at, deliveries.attempts, deliveries.last_error,
       unixepoch(deliveries.sent_at) - unixepoch(articles.first_seen_at) AS seconds_from_sighting,
       feedback.verdict
FROM alerts
LEFT JOIN articles ON articles.id = alerts.article
LEFT JOIN deliveries ON deliveries.alert = alerts.id
LEFT JOIN feedback ON feedback.alert = alerts.id;

CREATE VIEW v_versions AS -- every version of an article that changed, from when to when it said so; the last one too
SELECT article, number, seen_from, seen_until, title, text FROM (
  SELECT revisions.article, row_number() OVER versions AS number, revisions.seen_at AS seen_from,
         lead(revisions.seen_at, 1, articles.updated_at) OVER versions AS seen_until, revisions.title, revisions.text
  FROM revisions JOIN articles ON articles.id = revisions.article
  WINDOW versions AS (PARTITION BY revisions.article ORDER BY revisions.id)
  UNION ALL
  SELECT id, (SELECT count(*) + 1 FROM revisions WHERE revisions.article = articles.id), updated_at, NULL, title, text
  FROM articles WHERE revisions > 0
);

CREATE INDEX articles_unpruned ON articles (first_seen_at, id) WHERE pruned_at IS NULL;
