-- What share of each feed's articles names a news agency as its author?
-- :since  how far back, such as 90d, or a day (default: 30d)
SELECT feed, count(*) AS articles,
       count(*) FILTER (WHERE authors LIKE '%AFP%') AS afp, count(*) FILTER (WHERE authors LIKE '%Reuters%') AS reuters,
       count(*) FILTER (WHERE authors LIKE '%"AP"%' OR authors LIKE '%Associated Press%') AS ap,
       count(*) FILTER (WHERE authors LIKE '%dpa%') AS dpa, count(*) FILTER (WHERE authors = '[]') AS no_author
FROM articles
WHERE first_seen_at >= coalesce(:since, date(coalesce(:now, 'now'), '-30 days'))
GROUP BY feed
ORDER BY articles DESC, feed;
