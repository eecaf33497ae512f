"""What everybody asks, as views; and what people thought of an alert."""

STATEMENTS = (
    """
CREATE TABLE feedback (
  alert   INTEGER PRIMARY KEY -- the alert that was judged
          REFERENCES alerts (id),
  verdict TEXT NOT NULL       -- useful, useless (rightly matched, not worth an alert), wrong (should not have matched)
          CHECK (verdict IN ('useful', 'useless', 'wrong')),
  at      TEXT NOT NULL       -- instant somebody said so last
          CHECK (at GLOB '????-??-??T??:??:??Z'),
  note    TEXT                -- why; null: it was not said
) STRICT
""",
    """
CREATE VIEW v_articles AS -- the articles, with the names of things and without what we only compare by
SELECT articles.id, articles.title, articles.link, articles.language, articles.language_confidence,
       articles.feed, feeds.title AS feed_title, feeds.country,
       (SELECT count(DISTINCT sightings.feed) FROM sightings WHERE sightings.article = articles.id) AS carriers,
       articles.published_at, articles.first_seen_at, articles.updated_at, articles.revisions, articles.authors,
       articles.categories, articles.story, articles.event, articles.text
FROM articles JOIN feeds ON feeds.key = articles.feed
""",
    """
CREATE VIEW v_mentions_by_day AS -- how many articles each rule matched a day, by language, feed and country
SELECT matches.rule, date(articles.first_seen_at) AS day, articles.language, articles.feed, feeds.country,
       count(*) AS articles, count(DISTINCT articles.story) AS stories
FROM matches
JOIN articles ON articles.id = matches.article
JOIN feeds ON feeds.key = articles.feed
GROUP BY matches.rule, day, articles.language, articles.feed
""",
    """
CREATE VIEW v_rule_hits AS -- each rule that ever matched: how much, since when, lately
SELECT matches.rule, count(*) AS articles, count(DISTINCT articles.story) AS stories,
       count(DISTINCT articles.feed) AS feeds, count(DISTINCT articles.language) AS languages,
       min(matches.matched_at) AS first_at, max(matches.matched_at) AS last_at,
       count(*) FILTER (WHERE matches.matched_at >= strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 day')) AS articles_24h,
       count(*) FILTER (WHERE matches.matched_at >= strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-7 days')) AS articles_7d
FROM matches JOIN articles ON articles.id = matches.article
GROUP BY matches.rule
""",
    """
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
GROUP BY feeds.key
""",
    """
CREATE VIEW v_story_carriers AS -- who carried a story, in which order, how long after the first
SELECT articles.story, sightings.feed, feeds.title AS feed_title, feeds.country, min(sightings.seen_at) AS seen_at,
       (unixepoch(min(sightings.seen_at)) - unixepoch(stories.first_seen_at)) / 60.0 AS minutes_behind,
       min(sightings.seen_at) = stories.first_seen_at AS is_first,
       count(DISTINCT articles.id) AS articles, min(articles.id) AS article
FROM stories
JOIN articles ON articles.story = stories.id
JOIN sightings ON sightings.article = articles.id
JOIN feeds ON feeds.key = sightings.feed
GROUP BY articles.story, sightings.feed
""",
    """
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
LEFT JOIN feedback ON feedback.alert = alerts.id
""",
    """
CREATE VIEW v_versions AS -- every version of an article that changed, from when to when it said so; the last one too
SELECT article, number, seen_from, seen_until, title, text FROM (
  SELECT revisions.article, row_number() OVER versions AS number, revisions.seen_at AS seen_from,
         lead(revisions.seen_at, 1, articles.updated_at) OVER versions AS seen_until, revisions.title, revisions.text
  FROM revisions JOIN articles ON articles.id = revisions.article
  WINDOW versions AS (PARTITION BY revisions.article ORDER BY revisions.id)
  UNION ALL
  SELECT id, (SELECT count(*) + 1 FROM revisions WHERE revisions.article = articles.id), updated_at, NULL, title, text
  FROM articles WHERE revisions > 0
)
""",
)
