-- Which articles do the most feeds carry?
-- :days  how far back (default: 7)   :now  counted from another day (default: today)
SELECT count(DISTINCT sightings.feed) AS feeds, articles.first_seen_at, articles.feed AS first_feed, articles.title,
       group_concat(DISTINCT sightings.feed) AS carried_by
FROM articles JOIN sightings ON sightings.article = articles.id
WHERE articles.first_seen_at >= date(coalesce(:now, 'now'), '-' || coalesce(:days, 7) || ' days')
GROUP BY articles.id HAVING feeds > 1
ORDER BY feeds DESC, articles.first_seen_at DESC
LIMIT 50;
