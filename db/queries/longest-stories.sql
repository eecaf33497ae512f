-- Which stories were told for longest?
-- :since  how far back, such as 90d, or a day (default: 30d)
SELECT stories.id AS story, round((unixepoch(last_seen_at) - unixepoch(stories.first_seen_at)) / 3600.0, 1) AS hours,
       stories.articles, stories.feeds, stories.first_seen_at, articles.title
FROM stories JOIN articles ON articles.id = stories.first_article
WHERE stories.last_seen_at >= coalesce(:since, date(coalesce(:now, 'now'), '-30 days'))
ORDER BY hours DESC, stories.id DESC
LIMIT 50;
