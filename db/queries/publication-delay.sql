-- How long after its own date do we see a feed's article?
-- :since  how far back, such as 90d, or a day (default: 30d)
SELECT feed, count(*) AS articles,
       round(avg(unixepoch(first_seen_at) - unixepoch(published_at)) / 60) AS mean_minutes,
       round(min(unixepoch(first_seen_at) - unixepoch(published_at)) / 60) AS shortest,
       round(max(unixepoch(first_seen_at) - unixepoch(published_at)) / 60) AS longest
FROM articles
WHERE published_source = 'published' AND first_seen_at >= coalesce(:since, date(coalesce(:now, 'now'), '-30 days'))
GROUP BY feed
ORDER BY mean_minutes DESC, feed;
