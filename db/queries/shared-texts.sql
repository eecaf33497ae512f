-- Which feeds carry the very same articles most often?
-- :since  how far back, such as 90d, or a day (default: 30d)
SELECT one.feed, other.feed AS other_feed, count(DISTINCT one.article) AS articles
FROM sightings AS one JOIN sightings AS other ON other.article = one.article AND other.feed > one.feed
WHERE one.seen_at >= coalesce(:since, date(coalesce(:now, 'now'), '-30 days'))
GROUP BY one.feed, other.feed
ORDER BY articles DESC, one.feed, other_feed
LIMIT 100;
