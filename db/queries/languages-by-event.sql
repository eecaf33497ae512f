-- Which events were reported in the most languages, and in which?
-- :since  how far back, such as 90d, or a day (default: 7d)
SELECT events.id AS event, count(DISTINCT articles.language) AS languages, events.feeds, events.articles,
       group_concat(DISTINCT articles.language) AS which, events.first_seen_at,
       (SELECT title FROM articles AS first WHERE first.id = events.first_article) AS title
FROM events JOIN articles ON articles.event = events.id
WHERE events.last_seen_at >= coalesce(:since, date(coalesce(:now, 'now'), '-7 days'))
GROUP BY events.id
ORDER BY languages DESC, events.feeds DESC, events.id DESC
LIMIT 50;
