-- What do the most newsrooms report?
-- :since  how far back, such as 90d, or a day (default: 2d)
SELECT events.id AS event, events.feeds, events.articles, events.stories, events.first_seen_at, articles.title
FROM events JOIN articles ON articles.id = events.first_article
WHERE events.last_seen_at >= coalesce(:since, date(coalesce(:now, 'now'), '-2 days'))
ORDER BY events.feeds DESC, events.articles DESC, events.id DESC
LIMIT 50;
