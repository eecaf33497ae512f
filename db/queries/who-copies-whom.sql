-- Who carries whose texts: how often was a feed's article a copy, or another version, of another feed's?
-- :since  how far back, such as 90d, or a day (default: 90d)
SELECT later.feed AS carries, earlier.feed AS after, count(*) AS articles,
       count(*) FILTER (WHERE relations.relation = 'copy') AS word_by_word,
       round(avg(unixepoch(later.first_seen_at) - unixepoch(earlier.first_seen_at)) / 60) AS mean_minutes_behind
FROM relations
JOIN articles AS later ON later.id = relations.article
JOIN articles AS earlier ON earlier.id = relations.other
WHERE relations.kind = 'story' AND later.feed <> earlier.feed
  AND relations.joined_at >= coalesce(:since, date(coalesce(:now, 'now'), '-90 days'))
GROUP BY later.feed, earlier.feed
ORDER BY articles DESC, carries, after;
