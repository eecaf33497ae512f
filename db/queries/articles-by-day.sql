-- How many articles a day is each feed the first to carry?
-- :days  how far back (default: 14)   :now  counted from another day (default: today)
SELECT feed, date(first_seen_at) AS day, count(*) AS articles
FROM articles
WHERE first_seen_at >= date(coalesce(:now, 'now'), '-' || coalesce(:days, 14) || ' days')
GROUP BY feed, day
ORDER BY feed, day DESC;
